package sandbox

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
)

const (
	// maxHead bounds the head of an HTTP message that the node reads, in bytes.
	maxHead = 256 << 10
	// relayIdle ends a relayed connection that nothing is sent on.
	relayIdle = 2 * time.Minute
)

// errNoTunnel means that the proxy does not do CONNECT for this target.
var errNoTunnel = errors.New("the proxy refused CONNECT")

// dialProxy connects to the target through the proxy: by CONNECT, so that the
// worker gets a socket that leads to its target. Proxies that refuse CONNECT for
// plain HTTP get requests in absolute form, which the node relays.
func (s *session) dialProxy(ctx context.Context, t *target) (net.Conn, error) {
	conn, err := s.broker.tunnel(ctx, t)
	if errors.Is(err, errNoTunnel) && t.port == 80 {
		return s.relay(t)
	}
	return conn, err
}

func (t *target) address() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

func (b *broker) dialProxyHost(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", b.proxy.Host)
	if err != nil {
		return nil, fmt.Errorf("the egress proxy cannot be reached: %w", err)
	}
	return conn, nil
}

func (b *broker) tunnel(ctx context.Context, t *target) (net.Conn, error) {
	conn, err := b.dialProxyHost(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	head := "CONNECT " + t.address() + " HTTP/1.1\r\nHost: " + t.address() + "\r\n"
	if auth := b.proxyAuthorization(); auth != "" {
		head += "Proxy-Authorization: " + auth + "\r\n"
	}
	if _, err = io.WriteString(conn, head+"\r\n"); err == nil {
		err = readTunnelReply(conn, t)
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return conn, nil
}

func (b *broker) proxyAuthorization() string {
	u := b.proxy.User
	if u == nil {
		return ""
	}
	password, _ := u.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password))
}

// readTunnelReply reads the answer to CONNECT byte by byte: what follows it is
// the worker's.
func readTunnelReply(conn net.Conn, t *target) error {
	head := make([]byte, 0, 512)
	var one [1]byte
	for !strings.HasSuffix(string(head[max(0, len(head)-4):]), "\r\n\r\n") {
		if len(head) >= 16<<10 {
			return errors.New("the egress proxy's answer is too long")
		}
		if _, err := io.ReadFull(conn, one[:]); err != nil {
			return fmt.Errorf("the egress proxy gave no answer: %w", err)
		}
		head = append(head, one[0])
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(head))), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("the egress proxy's answer makes no sense: %w", err)
	}
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return nil
	case t.port == 80:
		return errNoTunnel
	case code == http.StatusForbidden, code == http.StatusProxyAuthRequired, code == http.StatusMethodNotAllowed:
		return rulebox.Errorf(rulebox.CodeForbidden, "the egress proxy refused the connection to %s (%d)", t.address(), code).
			WithHint("the network's proxy decides on this; ask its operator, or see --egress-proxy")
	default:
		return fmt.Errorf("the egress proxy could not connect (%d)", code)
	}
}

// relay returns a socket whose other end the node serves: it passes requests on
// to the proxy in absolute form. It ends with either side, or with the worker.
func (s *session) relay(t *target) (net.Conn, error) {
	mine, file, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	theirs, err := net.FileConn(file)
	file.Close()
	if err != nil {
		mine.Close()
		return nil, err
	}
	select {
	case s.relays <- struct{}{}:
	default:
		mine.Close()
		theirs.Close()
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "too many connections through the egress proxy (%d)", cap(s.relays)).
			WithHint("close connections, or read responses to their end so that they can be used again")
	}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		defer func() { <-s.relays }()
		defer mine.Close()
		stop := context.AfterFunc(s.ctx, func() { mine.SetDeadline(time.Now()) })
		defer stop()
		s.broker.relayRequests(s.ctx, mine, t)
	}()
	return theirs, nil
}

// relayRequests serves one worker's connection, request by request. Errors end
// it: the worker sees the connection close.
func (b *broker) relayRequests(ctx context.Context, worker net.Conn, t *target) {
	proxy, err := b.dialProxyHost(ctx)
	if err != nil {
		return
	}
	defer proxy.Close()
	stop := context.AfterFunc(ctx, func() { proxy.SetDeadline(time.Now()) })
	defer stop()
	down := &headLimit{r: worker}
	up := &headLimit{r: proxy}
	fromWorker, fromProxy := bufio.NewReader(down), bufio.NewReader(up)
	for ctx.Err() == nil {
		worker.SetReadDeadline(time.Now().Add(relayIdle))
		down.left = maxHead
		req, err := http.ReadRequest(fromWorker)
		if err != nil {
			return
		}
		down.left = math.MaxInt64
		if req.Method == http.MethodTrace || req.Method == http.MethodConnect {
			return // a proxy answers TRACE with what it got: its password too
		}
		b.rewrite(req, t)
		proxy.SetDeadline(time.Now().Add(relayIdle))
		if err := req.WriteProxy(proxy); err != nil {
			return
		}
		up.left = maxHead
		resp, err := http.ReadResponse(fromProxy, req)
		if err != nil || resp.StatusCode < 200 {
			return
		}
		up.left = math.MaxInt64
		worker.SetWriteDeadline(time.Now().Add(relayIdle))
		err = resp.Write(worker)
		resp.Body.Close()
		if err != nil || resp.Close || req.Close {
			return
		}
	}
}

// rewrite makes the request one to the proxy, for the host that was decided on,
// whatever the request itself says.
func (b *broker) rewrite(req *http.Request, t *target) {
	req.Host = t.host
	if t.port != 80 {
		req.Host = t.address()
	}
	req.URL = &url.URL{Scheme: "http", Host: req.Host, Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery, ForceQuery: req.URL.ForceQuery}
	for name := range req.Header {
		if strings.HasPrefix(name, "Proxy-") {
			req.Header.Del(name)
		}
	}
	if auth := b.proxyAuthorization(); auth != "" {
		req.Header.Set("Proxy-Authorization", auth)
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header.Set("User-Agent", "") // not Go's
	}
}

// headLimit bounds what is read until left is set anew.
type headLimit struct {
	r    io.Reader
	left int64
}

func (l *headLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("the head of a message is too long")
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}
