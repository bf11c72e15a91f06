// Package wiretest is the peer of the tests of databases' clients: a server that
// says what it was given.
package wiretest

import (
	"io"
	"net"
	"runtime"
	"time"
)

// Server is a connection to a server that says text, whatever it hears, and then
// closes.
func Server[T string | []byte](text T) net.Conn { return &server{text: []byte(text)} }

type server struct{ text []byte }

func (s *server) Read(b []byte) (int, error) {
	if len(s.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.text)
	s.text = s.text[n:]
	return n, nil
}

func (*server) Write(b []byte) (int, error)      { return len(b), nil }
func (*server) Close() error                     { return nil }
func (*server) LocalAddr() net.Addr              { return nil }
func (*server) RemoteAddr() net.Addr             { return nil }
func (*server) SetDeadline(time.Time) error      { return nil }
func (*server) SetReadDeadline(time.Time) error  { return nil }
func (*server) SetWriteDeadline(time.Time) error { return nil }

// Allocated returns how many bytes were allocated while f ran, those that are free
// again included.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
