package modules

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// An exchange is one HTTP request and its response. A realm keeps it from open
// to the end of the response; Close ends it at any time.
type exchange struct {
	parent context.Context // what ctx derives from
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu   sync.Mutex // held while a Task reads; guards body, left and late
	body io.Reader  // decoded response; nil before the response and after its end
	left int64      // bytes that may still be read
	late error      // came with the last bytes; for the next read

	raw    io.Closer         // the response body as it came, set once before any read
	answer *exchangeResponse // for httpHead; set before its Task ends
	stream *streamed         // what only some requests of http need; nil otherwise
}

// exchangeRequest is a request as a module describes it.
type exchangeRequest struct {
	method    string
	url       *webURL
	header    http.Header
	host      string // Host header, if the script chose one
	body      []byte
	redirects int  // how many are followed
	refuse    bool // a redirect is an error
	decode    bool // undo Content-Encoding
	tls       tlsChoice
	stream    *streamed // nil: the body is complete
}

type exchangeResponse struct {
	*http.Response
	url        *webURL
	redirected bool
}

var (
	errRedirectRefused = errors.New("unexpected redirect")
	errRedirectCount   = errors.New("redirect count exceeded")
)

// maxCodings bounds how many content codings of one response are undone.
const maxCodings = 5

func newExchange(ctx context.Context) *exchange {
	x := &exchange{parent: ctx}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	return x
}

// Close ends the exchange: a Task that waits for it gets errAborted.
func (x *exchange) Close() error {
	x.cancel(errAborted)
	x.stream.close()
	return nil
}

// endWith ends the exchange when ctx, a Task's, ends. What it returns stops that.
func (x *exchange) endWith(ctx context.Context) (stop func() bool) {
	if ctx == x.parent {
		return func() bool { return true } // it does already
	}
	return context.AfterFunc(ctx, func() { x.cancel(context.Cause(ctx)) })
}

// send does the request and follows redirects. ctx is the Task's.
func (x *exchange) send(ctx context.Context, host Host, r *exchangeRequest) (*exchangeResponse, error) {
	defer x.endWith(ctx)()
	if r.stream != nil {
		return x.sendStream(host, r)
	}
	transport, err := transportFor(x.ctx, host, r.tls)
	if err != nil {
		return nil, err
	}
	for hops := 0; ; hops++ {
		res, err := x.roundTrip(transport, r)
		if err != nil {
			return nil, err
		}
		next, err := r.follow(res, hops)
		if err != nil {
			res.Body.Close()
			return nil, err
		}
		if next == nil {
			if err := x.accept(res, r); err != nil {
				return nil, err
			}
			return &exchangeResponse{Response: res, url: r.url, redirected: hops > 0}, nil
		}
		// What little a redirect says is read so that the connection can serve again.
		if res.ContentLength >= 0 && res.ContentLength <= 4<<10 {
			io.Copy(io.Discard, res.Body)
		}
		res.Body.Close()
		r = next
	}
}

func (x *exchange) roundTrip(t *http.Transport, r *exchangeRequest) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(x.ctx, r.method, "", body)
	if err != nil {
		return nil, &Throw{Class: "TypeError", Message: "'" + r.method + "' is not a valid HTTP method.", Props: Object{{"code", "ERR_INVALID_HTTP_TOKEN"}}}
	}
	req.URL, req.Host, req.Header = netURL(r.url), r.host, r.header
	if strings.EqualFold(r.header.Get("Connection"), "close") {
		req.Close = true
	}
	res, err := t.RoundTrip(req)
	if err != nil && x.ctx.Err() != nil {
		return nil, context.Cause(x.ctx)
	}
	return res, err
}

// follow returns the request that the redirect asks for, nil if res is the
// answer, following the Fetch standard's "HTTP-redirect fetch".
func (r *exchangeRequest) follow(res *http.Response, hops int) (*exchangeRequest, error) {
	switch res.StatusCode {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := res.Header.Get("Location")
	if r.refuse {
		return nil, errRedirectRefused
	}
	if location == "" || r.redirects == 0 {
		return nil, nil
	}
	if hops >= r.redirects {
		return nil, errRedirectCount
	}
	target, ok := parseWebURL(location, r.url)
	if !ok || len(location) > maxRequestURL || target.scheme != "http" && target.scheme != "https" {
		return nil, Coded("ERR_INVALID_URL", "the server redirects to "+location+", which is not an http or https URL")
	}
	next := *r
	next.header, next.host = r.header.Clone(), ""
	if c := res.StatusCode; (c == 301 || c == 302) && r.method == http.MethodPost || c == 303 && r.method != http.MethodGet && r.method != http.MethodHead {
		next.method, next.body = http.MethodGet, nil
		for _, h := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location"} {
			next.header.Del(h)
		}
	}
	if target.scheme != r.url.scheme || target.hostPort() != r.url.hostPort() {
		for _, h := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
			next.header.Del(h)
		}
	}
	if !target.hasFragment {
		target.fragment, target.hasFragment = r.url.fragment, r.url.hasFragment
	}
	next.url = target
	return &next, nil
}

// accept makes the response's body ready for reading.
func (x *exchange) accept(res *http.Response, r *exchangeRequest) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.raw, x.left, x.body = res.Body, httpMaxBody, res.Body
	if res.Body == http.NoBody || !r.decode || r.method == http.MethodHead {
		return nil
	}
	codings := strings.Split(strings.ToLower(res.Header.Get("Content-Encoding")), ",")
	if len(codings) > maxCodings {
		res.Body.Close()
		return Coded("UND_ERR_INVALID_ARG", "the response has too many content codings")
	}
	for i := len(codings) - 1; i >= 0; i-- {
		x.body = decoded(strings.TrimSpace(codings[i]), x.body)
	}
	return nil
}

// decoded undoes one content coding; unknown ones are left as they are.
func decoded(coding string, r io.Reader) io.Reader {
	switch coding {
	case "gzip", "x-gzip":
		return &lateReader{open: func() (io.Reader, error) { return gzip.NewReader(r) }}
	case "deflate":
		// With a zlib header, or, from some servers, without.
		return &lateReader{open: func() (io.Reader, error) {
			b := bufio.NewReader(r)
			head, err := b.Peek(2)
			if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
				return zlib.NewReader(b)
			}
			return flate.NewReader(b), nil
		}}
	}
	return r
}

// A lateReader opens its source at the first read, because opening waits. An
// empty body stays empty.
type lateReader struct {
	open func() (io.Reader, error)
	r    io.Reader
	err  error
}

func (l *lateReader) Read(p []byte) (int, error) {
	if l.r == nil && l.err == nil {
		l.r, l.err = l.open()
	}
	if l.err != nil {
		return 0, l.err
	}
	return l.r.Read(p)
}

// read returns the next part of the body, at most size bytes, and io.EOF after
// its end.
func (x *exchange) read(ctx context.Context, size int) ([]byte, error) {
	defer x.endWith(ctx)()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body == nil {
		return nil, io.EOF
	}
	if x.late != nil {
		return nil, x.end(x.late)
	}
	buf := make([]byte, size)
	for {
		n, err := x.body.Read(buf)
		if x.left -= int64(n); x.left < 0 {
			return nil, x.end(errBodyTooLarge)
		}
		if n > 0 {
			x.late = err
			return buf[:n], nil
		}
		if err != nil {
			return nil, x.end(err)
		}
	}
}

// all returns what is left of the body.
func (x *exchange) all(ctx context.Context) ([]byte, error) {
	defer x.endWith(ctx)()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(x.body, x.left+1))
	if err == nil && int64(len(b)) > x.left {
		err = errBodyTooLarge
	}
	if err != nil {
		return nil, x.end(err)
	}
	x.end(io.EOF)
	return b, nil
}

// end closes the body. It returns the error as the script should see it.
func (x *exchange) end(err error) error {
	err = x.failure(err)
	x.body, x.late = nil, nil
	if x.raw != nil {
		x.raw.Close()
	}
	return err
}

// failure is err, or why the exchange was ended if it was.
func (x *exchange) failure(err error) error {
	if err != io.EOF && x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	return err
}
