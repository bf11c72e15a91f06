// Package dbwire is what the clients of databases have in common below their
// protocols: a connection whose waiting ends with a context, whose reads take no
// more memory than what comes, and which knows when it is good for nothing more.
package dbwire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// ErrLost means that the server closed the connection in the middle of something.
var ErrLost = errors.New("connection lost: the server closed the connection")

// ErrEarly means that bytes came where the server had to wait for TLS.
var ErrEarly = errors.New("the server spoke before TLS began")

const readChunk = 64 << 10

// A Line is an open connection. It is used by one goroutine at a time.
type Line struct {
	Net    net.Conn
	R      *bufio.Reader
	broken bool
}

// New takes c over.
func New(c net.Conn) *Line { return &Line{Net: c, R: bufio.NewReader(c)} }

// Broken reports whether nothing but Close is left to do.
func (l *Line) Broken() bool { return l.broken }

// Break makes the line good for Close only.
func (l *Line) Break() { l.broken = true }

// Do runs f, whose waiting ends with ctx: the line is broken then, and the error
// is the context's cause.
func (l *Line) Do(ctx context.Context, f func() error) error {
	if l.broken {
		return ErrLost
	}
	stop := Watch(ctx, l.Net)
	cut, err := stop(f())
	l.broken = l.broken || cut
	return err
}

// Watch ends the waiting on c when ctx does. What it returns stops that: it takes
// the error of what was done meanwhile and returns it, or ctx's cause in its place,
// and reports whether c is good for nothing more.
func Watch(ctx context.Context, c net.Conn) (stop func(error) (cut bool, err error)) {
	off := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	return func(err error) (bool, error) {
		if off() {
			return false, err
		}
		// c's deadline is set, or will be at any moment.
		if err != nil {
			err = context.Cause(ctx)
		}
		return true, err
	}
}

// Lost names the end of a connection, and breaks the line.
func (l *Line) Lost(err error) error {
	l.broken = true
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrLost
	}
	return err
}

// Read returns the next n bytes, which are the caller's. Memory grows with what
// comes, not with what is announced.
func (l *Line) Read(n int) ([]byte, error) {
	out := make([]byte, 0, min(n, readChunk))
	for len(out) < n {
		at := len(out)
		out = append(out, make([]byte, min(n-at, readChunk))...)
		if _, err := io.ReadFull(l.R, out[at:]); err != nil {
			return nil, l.Lost(err)
		}
	}
	return out, nil
}

// Write sends b.
func (l *Line) Write(b []byte) error {
	if _, err := l.Net.Write(b); err != nil {
		return l.Lost(err)
	}
	return nil
}

// StartTLS goes on over TLS.
func (l *Line) StartTLS(ctx context.Context, conf *tls.Config) error {
	if l.R.Buffered() > 0 {
		l.broken = true
		return ErrEarly
	}
	t := tls.Client(l.Net, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		l.broken = true
		return err
	}
	l.Over(t)
	return nil
}

// Over goes on over c, which stands on the connection before it.
func (l *Line) Over(c net.Conn) { l.Net, l.R = c, bufio.NewReader(c) }

// Farewell sends b, if the line is whole, without waiting for long, and closes.
func (l *Line) Farewell(b []byte) error {
	if !l.broken {
		l.broken = true
		l.Net.SetDeadline(time.Now().Add(time.Second))
		if len(b) > 0 {
			l.Net.Write(b)
		}
	}
	return l.Net.Close()
}
