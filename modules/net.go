package modules

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
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
