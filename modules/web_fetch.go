package modules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/encoding/unicode"
)

const (
	httpChunk     = 64 << 10
	maxRequestURL = 64 << 10
)

// httpNatives serve fetch, http and https. The life of an exchange:
//
//	open() → handle
//	send(handle, method, url, headers, body, options) → Promise of an Object
//	get(url) → Promise of handle*1000 + status, of a plain fetch(url); negative if
//	the response has no body
//	fetch(handle, …) → like send, with the result of get
//	head(handle) → the Object of a response that get or fetch gave
//	read(handle) → Promise of a Uint8Array, or null at the end
//	bytes(handle), text(handle), json(handle) → Promise of the rest of the body
//	abort(handle)
//	write(handle, bytes), finish(handle, trailers) → Promise, of a streamed request
//	informed(handle) → Promise of [status, text, headers], null when there are no more
//	trailers(handle) → the response's, at its end
//	detach(handle) → the connection of an upgraded exchange: a socket of net
//	peer(handle) → the server's certificates
//
// headers, in and out, is a flat array: name, value, name, value…
var httpNatives = map[string]Native{
	"open":  httpOpen,
	"send":  httpSend,
	"fetch": httpFetch,
	"get":   httpGet,
	"head":  httpHead,
	"abort": httpAbort,

	"write":    httpWrite,
	"finish":   httpFinish,
	"informed": httpInformed,
	"trailers": httpTrailers,
	"detach":   httpDetach,
	"peer":     httpPeer,
	"read": exchangeTask(func(ctx context.Context, x *exchange) (any, error) {
		b, err := x.read(ctx, httpChunk)
		if err == io.EOF {
			return Null{}, nil
		}
		return b, httpError(err)
	}),
	"bytes": exchangeTask(func(ctx context.Context, x *exchange) (any, error) {
		b, err := x.all(ctx)
		return b, httpError(err)
	}),
	"text": exchangeTask(func(ctx context.Context, x *exchange) (any, error) {
		b, err := x.all(ctx)
		return utf8Text(b), httpError(err)
	}),
	"json": exchangeTask(func(ctx context.Context, x *exchange) (any, error) {
		b, err := x.all(ctx)
		return JSON(utf8Text(b)), httpError(err)
	}),
	"decodeText": func(c *Call, args []any) (any, error) {
		b, _ := webBytes(args, 0)
		return utf8Text(b), nil
	},
}

// sendNatives and receiveNatives are the same in two parts: a realm pays for each
// native of a module that it loads.
var (
	sendNatives    = pickNatives(httpNatives, "open", "fetch", "abort")
	receiveNatives = pickNatives(httpNatives, "get", "head", "read", "bytes", "text", "json", "decodeText", "abort")
)

func pickNatives(from map[string]Native, names ...string) map[string]Native {
	m := make(map[string]Native, len(names))
	for _, n := range names {
		m[n] = from[n]
	}
	return m
}

func httpOpen(c *Call, args []any) (any, error) {
	return c.Realm.Keep(newExchange(c.Ctx)), nil
}

func httpAbort(c *Call, args []any) (any, error) {
	if x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange); ok {
		x.Close()
		c.Realm.Drop(args[0])
	}
	return nil, nil
}

func httpSend(c *Call, args []any) (any, error) {
	x, r, err := sending(c, args)
	if err != nil {
		return nil, err
	}
	host := c.Host
	return Task(func(ctx context.Context) (any, error) {
		res, err := x.send(ctx, host, r)
		if err != nil {
			return nil, httpError(err)
		}
		x.answer = res
		return headOf(res, false), nil
	}), nil
}

func httpFetch(c *Call, args []any) (any, error) {
	x, r, err := sending(c, args)
	if err != nil {
		return nil, err
	}
	h, _ := args[0].(float64)
	return fetching(c.Host, x, r, int(h)), nil
}

// sending is what the arguments of send and fetch mean.
func sending(c *Call, args []any) (*exchange, *exchangeRequest, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok {
		return nil, nil, errBadHandle
	}
	r, err := readRequest(args[1:])
	if err == nil {
		err = r.readStream(c, x, webArg(args, 5))
	}
	if err != nil {
		return nil, nil, err
	}
	if c.Host == nil {
		return nil, nil, errNoNetwork
	}
	return x, r, nil
}

var errNoNetwork = Coded("EFORBIDDEN", "this realm has no network")

// plainHeader is what a fetch without options sends. It is not written to.
var plainHeader = http.Header{
	"Accept": {"*/*"}, "Accept-Language": {"*"}, "Sec-Fetch-Mode": {"cors"}, "User-Agent": {"node"}, "Accept-Encoding": {"gzip, deflate"},
}

func httpGet(c *Call, args []any) (any, error) {
	text, _ := webString(args, 0)
	u, err := parseHTTPURL(text)
	if err != nil {
		return nil, err
	}
	if u.username != "" || u.password != "" {
		return nil, &Throw{Class: "TypeError", Message: "the URL includes credentials"}
	}
	if c.Host == nil {
		return nil, errNoNetwork
	}
	x := newExchange(c.Ctx)
	r := &exchangeRequest{method: http.MethodGet, url: u, header: plainHeader, redirects: maxRedirects, decode: true}
	return fetching(c.Host, x, r, c.Realm.Keep(x)), nil
}

// maxRedirects is how many redirects a fetch follows at most.
const maxRedirects = 20

// fetching sends and gives the handle and the status in one number.
func fetching(host Host, x *exchange, r *exchangeRequest, handle int) Task {
	return func(ctx context.Context) (any, error) {
		res, err := x.send(ctx, host, r)
		if err != nil {
			return nil, httpError(err)
		}
		x.answer = res
		n := int64(handle)*1000 + int64(min(res.StatusCode, 999))
		if res.Body == http.NoBody {
			n = -n
		}
		return n, nil
	}
}

func httpHead(c *Call, args []any) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok || x.answer == nil {
		return nil, errBadHandle
	}
	return headOf(x.answer, true), nil // fetch's names are lower case
}

func headOf(res *exchangeResponse, lower bool) Object {
	_, text, _ := strings.Cut(res.Status, " ")
	return Object{
		{"status", res.StatusCode},
		{"statusText", text},
		{"url", res.url.href()},
		{"redirected", res.redirected},
		{"headers", flatHeader(res.Header, lower)},
		{"version", fmt.Sprintf("%d.%d", res.ProtoMajor, res.ProtoMinor)},
		{"empty", res.Body == http.NoBody},
	}
}

var errBadHandle = &Throw{Class: "TypeError", Message: "the object is not usable any more"}

// exchangeTask is a native that works on the exchange of its first argument.
func exchangeTask(do func(context.Context, *exchange) (any, error)) Native {
	return func(c *Call, args []any) (any, error) {
		x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
		if !ok {
			return nil, errBadHandle
		}
		return Task(func(ctx context.Context) (any, error) { return do(ctx, x) }), nil
	}
}

// httpError is err as a script sees it, nil for nil.
func httpError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errRedirectRefused):
		return &Throw{Message: "unexpected redirect"}
	case errors.Is(err, errRedirectCount):
		return &Throw{Message: "redirect count exceeded"}
	}
	return netThrow(err)
}

// readRequest reads method, url, headers, body and options.
func readRequest(args []any) (*exchangeRequest, error) {
	r := &exchangeRequest{header: http.Header{}}
	opt, _ := webArg(args, 4).(Object)
	r.method, _ = webString(args, 0)
	if !httpguts.ValidHeaderFieldName(r.method) {
		return nil, &Throw{Class: "TypeError", Message: "'" + r.method + "' is not a valid HTTP method.", Props: Object{{"code", "ERR_INVALID_HTTP_TOKEN"}}}
	}
	text, _ := webString(args, 1)
	u, err := parseHTTPURL(text)
	if err != nil {
		return nil, err
	}
	r.url = u
	if err := r.readHeaders(webArg(args, 2), opt.Get("stream") != nil); err != nil {
		return nil, err
	}
	switch b := webArg(args, 3).(type) {
	case string:
		r.body = []byte(b)
	case []byte:
		r.body = bytes.Clone(b)
		if b != nil && r.body == nil {
			r.body = []byte{}
		}
	}
	if len(r.body) > httpMaxRequest {
		return nil, Coded("ERR_REQUEST_TOO_LARGE", fmt.Sprintf("the request's body is larger than %d MiB, the most that a script may send", httpMaxRequest>>20))
	}
	if n, ok := opt.Get("redirects").(float64); ok {
		r.redirects = min(int(n), maxRedirects)
	}
	r.refuse, _ = opt.Get("refuse").(bool)
	r.decode, _ = opt.Get("decode").(bool)
	if r.decode && (u.username != "" || u.password != "") {
		return nil, &Throw{Class: "TypeError", Message: "Request cannot be constructed from a URL that includes credentials: " + text}
	}
	r.tls.Insecure, _ = opt.Get("insecure").(bool)
	r.tls.ServerName, _ = opt.Get("servername").(string)
	r.tls.CA, _ = opt.Get("ca").(string)
	r.tls.Cert, _ = opt.Get("cert").(string)
	r.tls.Key, _ = opt.Get("key").(string)
	return r, nil
}

// readHeaders reads the flat array. All says that the request is one of which the
// script says itself how its body goes over the wire.
func (r *exchangeRequest) readHeaders(v any, all bool) error {
	list, _ := v.([]any)
	agent := false
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		value, _ := list[i+1].(string)
		if !httpguts.ValidHeaderFieldName(name) {
			return &Throw{Class: "TypeError", Message: "Header name must be a valid HTTP token [\"" + name + "\"]", Props: Object{{"code", "ERR_INVALID_HTTP_TOKEN"}}}
		}
		value = latin1Bytes(value)
		if !httpguts.ValidHeaderFieldValue(value) {
			return &Throw{Class: "TypeError", Message: "Invalid character in header content [\"" + name + "\"]", Props: Object{{"code", "ERR_INVALID_CHAR"}}}
		}
		switch name = http.CanonicalHeaderKey(name); name {
		case "Host":
			r.host = value
			continue
		case "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Expect":
			if !all {
				continue // the body is complete: its length is known
			}
		case "User-Agent":
			agent = true
		}
		r.header.Add(name, value)
	}
	if !agent {
		r.header["User-Agent"] = []string{""} // none, instead of Go's
	}
	return nil
}

// latin1Bytes returns the header value as it goes over the wire: one byte a
// character, as HTTP has it; text beyond Latin-1 stays UTF-8.
func latin1Bytes(s string) string {
	ascii := true
	for _, c := range s {
		if c > 0xff {
			return s
		}
		ascii = ascii && c < 0x80
	}
	if ascii {
		return s
	}
	b := make([]byte, 0, len(s))
	for _, c := range s {
		b = append(b, byte(c))
	}
	return string(b)
}

// headerText is the way back.
func headerText(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			r := make([]rune, len(s))
			for i := range len(s) {
				r[i] = rune(s[i])
			}
			return string(r)
		}
	}
	return s
}

// flatHeader returns name, value, name, value… in the order of the names, which
// is not the order on the wire: net/http does not keep that.
func flatHeader(h http.Header, lower bool) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	flat := make([]string, 0, 2*len(h))
	for _, name := range names {
		values := h[name]
		if lower {
			name = strings.ToLower(name)
		}
		for _, v := range values {
			flat = append(flat, name, headerText(v))
		}
	}
	return flat
}

// parseHTTPURL parses an absolute http or https URL.
func parseHTTPURL(text string) (*webURL, error) {
	if len(text) > maxRequestURL {
		return nil, &Throw{Class: "TypeError", Message: fmt.Sprintf("the URL is longer than %d KiB", maxRequestURL>>10), Props: Object{{"code", "ERR_INVALID_URL"}}}
	}
	u, ok := parseWebURL(text, nil)
	if !ok {
		return nil, &Throw{Class: "TypeError", Message: "Invalid URL", Props: Object{{"code", "ERR_INVALID_URL"}, {"input", text}}}
	}
	if u.scheme != "http" && u.scheme != "https" {
		return nil, &Throw{Class: "TypeError", Message: "unknown scheme " + u.scheme + ": only http and https URLs can be requested", Props: Object{{"code", "ERR_INVALID_PROTOCOL"}}}
	}
	return u, nil
}

// netURL is the URL as net/http takes it: with the path as it is, which net/url
// would otherwise escape in its own way.
func netURL(u *webURL) *url.URL {
	n := &url.URL{Scheme: u.scheme, Host: u.hostPort(), RawQuery: u.query}
	path := u.pathname()
	if p, err := url.PathUnescape(path); err == nil {
		n.Path, n.RawPath = p, path
	} else {
		n.Path = path
	}
	if n.EscapedPath() != path && !strings.HasPrefix(path, "//") {
		n.Opaque = path
	}
	return n
}

// utf8Text decodes as the Encoding standard's "UTF-8 decode": a byte order mark
// goes, what is malformed becomes U+FFFD.
func utf8Text(b []byte) string {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if utf8.Valid(b) {
		return string(b)
	}
	if d, err := unicode.UTF8.NewDecoder().Bytes(b); err == nil {
		return string(d)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}
