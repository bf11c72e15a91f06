package modules

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// maxSockets bounds the sockets that one realm has open: its worker has 512
	// descriptors for all of its realms.
	maxSockets = 64
	// A read begins with little memory and takes more while data keeps coming.
	minSocketRead, maxSocketRead = 4 << 10, 64 << 10
	// maxSocketWrite bounds one write, in bytes. Streams write as much at a time
	// as scripts gave them.
	maxSocketWrite = 16 << 20
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

// netNatives are behind net and tls:
//
//	open() → handle
//	dial(handle, host, port) → Promise of addresses
//	read(handle) → Promise of a Uint8Array, null at the end, undefined if the
//	connection was given to another use
//	write(handle, bytes) → Promise of the queue's end, or, while there is one
//	already, the bytes in the queue
//	shutdown(handle) → Promise; no more will be written
//	close(handle)
//	option(handle, name, value…)
//	isIP(text) → 0, 4 or 6
var netNatives = map[string]Native{
	"open":     netOpen,
	"dial":     netDial,
	"read":     netRead,
	"write":    netWrite,
	"shutdown": netShutdown,
	"close":    netClose,
	"option":   netOption,
	"isIP":     netIsIP,
}

func netOpen(c *Call, args []any) (any, error) {
	if err := c.room(); err != nil {
		return nil, err
	}
	return c.Realm.Keep(&socket{size: minSocketRead, bounded: slices.Contains(c.Realm.handles, any(answered{}))}), nil
}

// room fails if the realm has as many sockets as it may have.
func (c *Call) room() error {
	n := 0
	for _, v := range c.Realm.handles {
		if _, ok := v.(*socket); ok {
			n++
		}
	}
	if n >= maxSockets {
		return &Throw{Message: "connect EMFILE: a script has at most 64 sockets open at a time; close those that are done", Props: Object{
			{"code", "EMFILE"}, {"errno", -int(syscall.EMFILE)}, {"syscall", "connect"}}}
	}
	return nil
}

func socketArg(c *Call, args []any) (*socket, error) {
	s, ok := c.Realm.Handle(webArg(args, 0)).(*socket)
	if !ok {
		return nil, Coded("ERR_SOCKET_CLOSED", "Socket is closed")
	}
	return s, nil
}

func netDial(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	host, _ := webString(args, 1)
	port, ok := webInt(args, 2, 1, 65535)
	if !ok || host == "" {
		return nil, Coded("ERR_SOCKET_BAD_PORT", "Port should be > 0 and < 65536.")
	}
	if c.Host == nil {
		return nil, errNoNetwork
	}
	address, out := net.JoinHostPort(host, atoa(port)), c.Host
	return Task(func(ctx context.Context) (any, error) {
		conn, err := dialHost(ctx, out, address)
		if err != nil {
			return nil, socketError("connect", err)
		}
		if !s.attach(ctx, conn) {
			conn.Close()
			return nil, Coded("ERR_SOCKET_CLOSED_BEFORE_CONNECTION", "Socket closed before the connection was established")
		}
		return addressesOf(conn), nil
	}), nil
}

// dialHost dials; when connections that no request uses have taken all
// descriptors, they are closed first.
func dialHost(ctx context.Context, host Host, address string) (net.Conn, error) {
	conn, err := host.Dial(ctx, "tcp", address)
	if errors.Is(err, syscall.EMFILE) {
		transports.closeIdle()
		conn, err = host.Dial(ctx, "tcp", address)
	}
	if err != nil {
		return nil, &dialError{address: address, err: err}
	}
	return conn, nil
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

func netRead(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	turn := s.turn
	s.mu.Unlock()
	return Task(func(context.Context) (any, error) {
		b, err := s.read(turn)
		switch {
		case err == io.EOF:
			return Null{}, nil
		case err != nil:
			return nil, socketError("read", err)
		case b == nil:
			return nil, nil
		}
		return b, nil
	}), nil
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

// netWrite queues bytes. Node.js writes what the kernel takes before write
// returns, and calls back before any answer can come: packages rely on that
// order. Here a Task writes the queue, and a script hears of it at once while the
// queue is short.
func netWrite(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	b, ok := webBytes(args, 1)
	if !ok {
		return nil, &Throw{Class: "TypeError", Message: "the chunk is no bytes", Props: Object{{"code", "ERR_INVALID_ARG_TYPE"}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue)+len(b) > maxSocketWrite {
		return nil, Coded("ERR_REQUEST_TOO_LARGE", "a script may write 16 MiB at a time")
	}
	s.queue = append(s.queue, b...)
	s.extend()
	if s.flushing != nil {
		return len(s.queue), nil
	}
	s.flushing = make(chan struct{})
	return Task(func(context.Context) (any, error) { return nil, socketError("write", s.flush()) }), nil
}

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

func netShutdown(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	return Task(func(context.Context) (any, error) {
		conn, err := s.current()
		if err != nil {
			return nil, nil // closed: there is nothing to end
		}
		err = closeWrite(conn)
		if errors.Is(err, syscall.ENOTCONN) {
			err = nil // the other side was quicker
		}
		return nil, socketError("shutdown", err)
	}), nil
}

func closeWrite(conn net.Conn) error {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

func netClose(c *Call, args []any) (any, error) {
	if s, ok := c.Realm.Handle(webArg(args, 0)).(*socket); ok {
		s.Close()
		c.Realm.Drop(args[0])
	}
	return nil, nil
}

// netOption(handle, "noDelay", on), (handle, "keepAlive", on, milliseconds)
func netOption(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	tcp, ok := s.raw.(*net.TCPConn)
	s.mu.Unlock()
	if !ok {
		return nil, nil
	}
	name, _ := webString(args, 1)
	on, _ := webArg(args, 2).(bool)
	switch name {
	case "noDelay":
		tcp.SetNoDelay(on)
	case "keepAlive":
		tcp.SetKeepAlive(on)
		if ms, ok := webInt(args, 3, 1000, 1<<30); ok && on {
			tcp.SetKeepAlivePeriod(time.Duration(ms) * time.Millisecond)
		}
	}
	return nil, nil
}

func netIsIP(c *Call, args []any) (any, error) {
	text, _ := webString(args, 0)
	return ipVersion(text), nil
}

func ipVersion(text string) int {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return 0
	case a.Is4():
		return 4
	}
	return 6
}

func addressesOf(conn net.Conn) Object {
	var o Object
	for _, side := range []struct {
		name string
		addr net.Addr
	}{{"local", conn.LocalAddr()}, {"remote", conn.RemoteAddr()}} {
		tcp, ok := side.addr.(*net.TCPAddr)
		if !ok {
			continue
		}
		o = append(o, Field{side.name + "Address", tcp.IP.String()}, Field{side.name + "Port", tcp.Port})
		if side.name == "remote" {
			family := "IPv6"
			if tcp.IP.To4() != nil {
				family = "IPv4"
			}
			o = append(o, Field{"remoteFamily", family})
		}
	}
	return o
}

// socketError is err as a socket's script sees it, nil for nil.
func socketError(call string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, net.ErrClosed):
		return Coded("ERR_STREAM_DESTROYED", call+" on a socket that was closed")
	}
	t := *netThrow(err)
	if call != "connect" && t.Props.Get("syscall") == "read" {
		name, _ := t.Props.Get("code").(string)
		t.Message, t.Props = call+" "+name, Object{{"errno", t.Props.Get("errno")}, {"code", name}, {"syscall", call}}
	}
	return &t
}
