package modules

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// streamed is what a request of http has that fetch's have not: a body that is
// sent while it is written, answers before the answer, a connection that the
// script made or keeps. Such requests share no connections.
type streamed struct {
	over     *socket // whose connection is used; nil: one of the pool's, or a new one
	rest     []byte  // what was read of it before
	raw      bool    // CONNECT, or a request to upgrade: the connection may stay the script's
	target   string  // of CONNECT
	length   int64   // of the body; -1 is unknown
	body     *io.PipeReader
	writer   *io.PipeWriter // nil: no body is streamed
	written  int            // bytes; the writer's
	trailer  http.Header    // set before the body ends
	informed chan any       // []any{status, text, headers}; nil: nobody asked

	mu   sync.Mutex // guards conn
	conn net.Conn   // of an upgraded exchange
}

// informational bounds the answers before the answer that wait for the script.
const informational = 16

// readStream reads what http asks for beyond what fetch can.
func (r *exchangeRequest) readStream(c *Call, x *exchange, v any) error {
	all, _ := v.(Object)
	opt, ok := all.Get("stream").(Object)
	if !ok {
		return nil
	}
	s := &streamed{length: -1}
	if h := opt.Get("over"); h != nil {
		if s.over, ok = c.Realm.Handle(h).(*socket); !ok {
			return Coded("ERR_SOCKET_CLOSED", "Socket is closed")
		}
		c.Realm.Drop(h)
		if rest, ok := opt.Get("rest").([]byte); ok {
			s.rest = bytes.Clone(rest)
		}
		context.AfterFunc(x.ctx, func() { s.over.Close() })
	}
	s.raw, _ = opt.Get("raw").(bool)
	s.target, _ = opt.Get("target").(string)
	if on, _ := opt.Get("body").(bool); on {
		s.body, s.writer = io.Pipe()
		if n, err := strconv.ParseInt(r.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
			s.length = n
		}
	}
	if on, _ := opt.Get("informed").(bool); on {
		s.informed = make(chan any, informational)
	}
	for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
		r.header.Del(name)
	}
	if names := r.header.Values("Trailer"); len(names) > 0 {
		s.trailer = http.Header{}
		for name := range strings.SplitSeq(strings.Join(names, ","), ",") {
			s.trailer[http.CanonicalHeaderKey(strings.TrimSpace(name))] = nil
		}
		r.header.Del("Trailer")
	}
	r.stream, x.stream = s, s
	return nil
}

// close ends what waits for the script. It may be called on nil.
func (s *streamed) close() {
	if s == nil {
		return
	}
	if s.writer != nil {
		s.writer.CloseWithError(errAborted)
	}
	s.mu.Lock()
	conn := s.conn
	s.conn = nil
	s.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}

// sendStream does the request.
func (x *exchange) sendStream(host Host, r *exchangeRequest) (*exchangeResponse, error) {
	s := r.stream
	if s.informed != nil {
		defer close(s.informed)
	}
	stop := context.AfterFunc(x.ctx, s.close)
	defer stop()
	res, err := x.tripStream(host, r)
	if err != nil {
		if x.ctx.Err() != nil {
			err = context.Cause(x.ctx)
		}
		return nil, err
	}
	if err := x.accept(res, r); err != nil {
		return nil, err
	}
	return &exchangeResponse{Response: res, url: r.url}, nil
}

func (x *exchange) tripStream(host Host, r *exchangeRequest) (*http.Response, error) {
	s := r.stream
	ctx := x.ctx
	if s.informed != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			select {
			case s.informed <- []any{code, http.StatusText(code), flatHeader(http.Header(header), false)}:
			default: // the script does not listen any more
			}
			return nil
		}})
	}
	req, err := r.request(ctx)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	if s.over != nil {
		if conn, err = s.over.take(); err != nil {
			return nil, errAborted
		}
		if len(s.rest) > 0 {
			conn = &preread{Conn: conn, left: s.rest}
		}
	}
	if s.raw {
		return x.tripRaw(host, r, req, conn)
	}
	t, err := transportFor(x.ctx, host, r.tls)
	if err != nil {
		return nil, err
	}
	if conn != nil {
		t = overTransport(conn)
		req.URL.Scheme, req.Close = "http", true // it is encrypted already, if it is
	}
	return t.RoundTrip(req)
}

func (r *exchangeRequest) request(ctx context.Context) (*http.Request, error) {
	s := r.stream
	var body io.Reader
	switch {
	case s.body != nil:
		body = s.body
	case r.body != nil:
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", body)
	if err != nil {
		return nil, &Throw{Class: "TypeError", Message: "'" + r.method + "' is not a valid HTTP method.", Props: Object{{"code", "ERR_INVALID_HTTP_TOKEN"}}}
	}
	req.URL, req.Host, req.Header, req.Trailer = netURL(r.url), r.host, r.header, s.trailer
	if s.body != nil {
		if req.ContentLength = s.length; s.length == 0 {
			req.Body = http.NoBody
		}
	}
	req.Close = strings.EqualFold(r.header.Get("Connection"), "close")
	return req, nil
}

// overTransport does one request over the connection, which it then closes.
func overTransport(conn net.Conn) *http.Transport {
	free := make(chan net.Conn, 1)
	free <- conn
	return &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-free:
				return c, nil
			default:
				return nil, io.EOF // it serves once
			}
		},
		DisableCompression: true, DisableKeepAlives: true, MaxResponseHeaderBytes: httpMaxHeader, ExpectContinueTimeout: httpDialLimit,
	}
}

// tripRaw does a request after which the connection may be the script's.
func (x *exchange) tripRaw(host Host, r *exchangeRequest, req *http.Request, conn net.Conn) (*http.Response, error) {
	if conn == nil {
		var err error
		if conn, err = x.dialRaw(host, r); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(x.ctx, func() { conn.Close() })
	if r.method == http.MethodConnect {
		req.URL = &url.URL{Opaque: r.stream.target}
		if req.Host == "" {
			req.Host = r.stream.target
		}
	}
	in := bufio.NewReader(conn)
	err := req.Write(conn)
	var res *http.Response
	for err == nil {
		res, err = http.ReadResponse(in, req)
		if err != nil || res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols && (r.method != http.MethodConnect || res.StatusCode >= 300) {
		res.Body = &lastBody{res.Body, conn}
		return res, nil
	}
	stop() // the exchange's end is not the connection's
	head, _ := in.Peek(in.Buffered())
	if len(head) > 0 {
		conn = &preread{Conn: conn, left: bytes.Clone(head)}
	}
	r.stream.mu.Lock()
	r.stream.conn = conn
	r.stream.mu.Unlock()
	res.Body = http.NoBody
	return res, nil
}

// lastBody closes the connection with the body.
type lastBody struct {
	io.ReadCloser
	conn net.Conn
}

func (b *lastBody) Close() error { return errors.Join(b.ReadCloser.Close(), b.conn.Close()) }

func (x *exchange) dialRaw(host Host, r *exchangeRequest) (net.Conn, error) {
	address := r.url.hostPort()
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), map[string]string{"http": "80", "https": "443"}[r.url.scheme])
	}
	conn, err := dialHost(x.ctx, host, address)
	if err != nil || r.url.scheme != "https" {
		return conn, err
	}
	t, err := transportFor(x.ctx, host, r.tls)
	if err != nil {
		conn.Close()
		return nil, err
	}
	conf := t.TLSClientConfig.Clone()
	if conf.ServerName == "" {
		conf.ServerName, _, _ = net.SplitHostPort(address)
	}
	secure := tls.Client(conn, conf)
	if err := secure.HandshakeContext(x.ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// streamOf is the streamed part of the exchange of the first argument.
func streamOf(c *Call, args []any) *streamed {
	if x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange); ok {
		return x.stream
	}
	return nil
}

func httpWrite(c *Call, args []any) (any, error) {
	s := streamOf(c, args)
	b, ok := webBytes(args, 1)
	if s == nil || s.writer == nil || !ok {
		return nil, errBadHandle
	}
	if s.written += len(b); s.written > httpMaxRequest {
		return nil, Coded("ERR_REQUEST_TOO_LARGE", "the request's body is larger than 10 MiB, the most that a script may send")
	}
	b = bytes.Clone(b)
	return Task(func(context.Context) (any, error) {
		_, err := s.writer.Write(b)
		if errors.Is(err, io.ErrClosedPipe) || errors.Is(err, errAborted) {
			err = nil // the server did not want all of it; its answer says why
		}
		return nil, httpError(err)
	}), nil
}

func httpFinish(c *Call, args []any) (any, error) {
	s := streamOf(c, args)
	if s == nil || s.writer == nil {
		return nil, errBadHandle
	}
	list, _ := webArg(args, 1).([]any)
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		value, _ := list[i+1].(string)
		name = http.CanonicalHeaderKey(name)
		if _, announced := s.trailer[name]; announced {
			s.trailer[name] = append(s.trailer[name], latin1Bytes(value))
		}
	}
	return nil, s.writer.Close()
}

func httpInformed(c *Call, args []any) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok || x.stream == nil || x.stream.informed == nil {
		return nil, errBadHandle
	}
	return Task(func(ctx context.Context) (any, error) {
		select {
		case v, ok := <-x.stream.informed:
			if ok {
				return v, nil
			}
		case <-x.ctx.Done():
		}
		return Null{}, nil
	}), nil
}

func httpTrailers(c *Call, args []any) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok || x.answer == nil {
		return []string{}, nil
	}
	return flatHeader(x.answer.Trailer, false), nil
}

func httpDetach(c *Call, args []any) (any, error) {
	s := streamOf(c, args)
	if s == nil {
		return nil, errBadHandle
	}
	s.mu.Lock()
	conn := s.conn
	s.conn = nil
	s.mu.Unlock()
	if conn == nil {
		return nil, errBadHandle
	}
	k := &socket{size: minSocketRead}
	if !k.attach(c.Ctx, conn) {
		conn.Close()
		return nil, errBadHandle
	}
	return append(Object{{"handle", c.Realm.Keep(k)}}, addressesOf(conn)...), nil
}

func httpPeer(c *Call, args []any) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok || x.answer == nil || x.answer.TLS == nil {
		return nil, nil
	}
	chain := []any{}
	for _, cert := range x.answer.TLS.PeerCertificates {
		chain = append(chain, certificateObject(cert))
	}
	return Object{{"chain", chain}, {"protocol", versionName(x.answer.TLS.Version)}}, nil
}
