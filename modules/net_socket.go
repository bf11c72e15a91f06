package modules

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A socket is a connection that a script holds. Its Tasks are one reader, one
// writer and one of the others (dial, handshake) at most: the streams over it see
// to that, and mu to the rest.
type socket struct {
	mu      sync.Mutex // guards what follows
	conn    net.Conn   // what is read and written; nil before dial and after Close
	raw     net.Conn   // the connection itself, below TLS
	closed  bool
	turn    int  // counts takes: a reader that began before one reads nothing after it
	bounded bool // closed when it is idle: see Answered
	size    int  // of the next read

	queue    []byte        // to be written
	flushing chan struct{} // not nil while a Task writes the queue; closed when it ends

	reading sync.Mutex // held by the reader; taken before mu
	unread  []byte     // was read by a reader that had to give up; guarded by reading

	stop func() bool // stops the watch of the realm's context
}

// answeredIdle is how long a socket stays open after the answer of its run
// without anything coming or going. What scripts still send then is sent, and what
// they forgot to close does not keep their realms in memory to the time limit.
const answeredIdle = 5 * time.Second

// answered marks a realm whose run has its answer.
type answered struct{}

// Answered says that the run has its answer: what is still open serves what the
// script began, and is closed when that seems to be over.
func (r *Realm) Answered() {
	for _, v := range r.handles {
		if s, ok := v.(*socket); ok {
			s.bound()
		}
	}
	r.Keep(answered{})
}

// bound closes the socket when nothing comes or goes for a while.
func (s *socket) bound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounded = true
	s.extend()
}

// extend begins the while anew. The caller holds mu.
func (s *socket) extend() {
	if s.bounded && s.raw != nil {
		s.raw.SetReadDeadline(time.Now().Add(answeredIdle))
	}
}

// attach makes conn the socket's, which is then closed with the realm's context.
func (s *socket) attach(ctx context.Context, conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.conn != nil {
		return false
	}
	s.conn, s.raw = conn, conn
	s.stop = context.AfterFunc(ctx, func() { s.Close() })
	return true
}

// Close ends the socket at once, and its Tasks with it. It does not say goodbye:
// that could wait.
func (s *socket) Close() error {
	s.mu.Lock()
	raw, stop := s.raw, s.stop
	s.closed, s.conn, s.raw, s.stop = true, nil, nil, nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	if raw != nil {
		return raw.Close()
	}
	return nil
}

func (s *socket) current() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, net.ErrClosed
	}
	return s.conn, nil
}

// read returns what there is, as soon as there is something. It returns nil
// without an error when the connection was taken away.
func (s *socket) read(turn int) ([]byte, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.mu.Lock()
	conn, size, late := s.conn, s.size, s.turn != turn
	s.mu.Unlock()
	switch {
	case late:
		return nil, nil
	case conn == nil:
		return nil, net.ErrClosed
	}
	buf := make([]byte, size)
	n, err := conn.Read(buf)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extend()
	if n == size {
		s.size = min(2*size, maxSocketRead)
	}
	switch {
	case s.turn != turn:
		s.unread = append(s.unread, buf[:n]...)
		return nil, nil
	case n > 0:
		return buf[:n:n], nil // what came with it comes again at the next read
	case s.closed:
		return nil, net.ErrClosed
	case s.bounded && isTimeout(err):
		return nil, io.EOF
	}
	return nil, err
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// take ends the reader, if there is one, and returns the connection for another
// use, with what was read and not delivered. The socket reads nothing until
// give.
func (s *socket) take() (net.Conn, error) {
	s.mu.Lock()
	conn, raw := s.conn, s.raw
	if conn == nil {
		s.mu.Unlock()
		return nil, net.ErrClosed
	}
	flushing := s.flushing
	s.turn++
	raw.SetReadDeadline(time.Unix(1, 0))
	s.mu.Unlock()
	if flushing != nil {
		<-flushing // what was written before goes before
	}
	s.reading.Lock() // the reader has ended
	defer s.reading.Unlock()
	raw.SetReadDeadline(time.Time{})
	if len(s.unread) > 0 {
		conn, s.unread = &preread{Conn: conn, left: s.unread}, nil
	}
	return conn, nil
}

// give makes conn what the socket reads and writes from now on.
func (s *socket) give(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conn = conn
	return true
}

// preread is a connection of which the first bytes were read already.
type preread struct {
	net.Conn
	left []byte
}

func (p *preread) Read(b []byte) (int, error) {
	if len(p.left) > 0 {
		n := copy(b, p.left)
		p.left = p.left[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// CloseWrite passes on what net.Conn does not have.
func (p *preread) CloseWrite() error { return closeWrite(p.Conn) }

// flush writes the queue until it is empty.
func (s *socket) flush() error {
	for {
		s.mu.Lock()
		conn, b := s.conn, s.queue
		s.queue = nil
		if len(b) == 0 || conn == nil {
			s.flushed()
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if _, err := conn.Write(b); err != nil {
			s.mu.Lock()
			s.flushed()
			closed := s.closed
			s.mu.Unlock()
			if closed {
				return nil
			}
			return err
		}
	}
}

// flushed says that nobody writes the queue any more. The caller holds mu.
func (s *socket) flushed() {
	close(s.flushing)
	s.flushing = nil
}

func closeWrite(conn net.Conn) error {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
