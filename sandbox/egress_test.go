package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rulebox/rulebox"
)

// fakeDNS answers from a list; each look-up of a name takes the next answer.
type fakeDNS struct {
	mu      sync.Mutex
	answers map[string][][]netip.Addr
	asked   []string
}

func (f *fakeDNS) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, host)
	list := f.answers[strings.TrimSuffix(host, ".")]
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(list) > 1 {
		f.answers[strings.TrimSuffix(host, ".")] = list[1:]
	}
	return list[0], nil
}

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// Every class of address that is not public is refused, in every way to write it.
func TestEgressClasses(t *testing.T) {
	dns := &fakeDNS{answers: map[string][][]netip.Addr{
		"private.example":  {addrs("10.1.2.3")},
		"mapped.example":   {addrs("::ffff:127.0.0.1")},
		"metadata.example": {addrs("169.254.169.254")},
		"mixed.example":    {addrs("192.168.0.1", "8.8.8.8")},
		"public.example":   {addrs("8.8.8.8", "2606:4700::1111")},
	}}
	b, err := newBroker(Egress{Resolver: dns})
	require.NoError(t, err)
	for _, host := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "169.254.1.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1",
		"198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::1",
		"2002:7f00:1::", "2002:0a00:0001::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "3fff::1", "5f00::1",
		"fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:a00:1",
		"localhost", "LOCALHOST", "localhost.", "foo.localhost", "ip6-localhost", "localhost.localdomain",
		"0x7f000001", "2130706433", "0177.0.0.1", "127.1", "0x7f.1", "1.2.3.4.5", "127.0.0.1.", "[::1]", "::1]", "",
		"private.example", "PRIVATE.example.", "mapped.example", "metadata.example", "a b.example", "exa\x00mple", "ex/ample", "☃.example", "user@example",
	} {
		t.Run(host, func(t *testing.T) {
			_, err := b.decide(context.Background(), nil, net.JoinHostPort(host, "80"))
			require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%v", err)
		})
	}
	for _, address := range []string{"8.8.8.8", "8.8.8.8:", "8.8.8.8:0", "8.8.8.8:65536", "8.8.8.8:http", "8.8.8.8:-1", ":80", "", "8.8.8.8:80:80"} {
		_, err := b.decide(context.Background(), nil, address)
		require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%q: %v", address, err)
	}
	for host, want := range map[string][]netip.Addr{
		"8.8.8.8": addrs("8.8.8.8"), "2606:4700::1111": addrs("2606:4700::1111"), "public.example": addrs("8.8.8.8", "2606:4700::1111"),
		"mixed.example": addrs("8.8.8.8"),
	} {
		got, err := b.decide(context.Background(), nil, net.JoinHostPort(host, "443"))
		require.NoError(t, err, host)
		require.Equal(t, want, got.addrs)
	}
	for _, asked := range dns.asked {
		require.True(t, strings.HasSuffix(asked, "."), "search domains must not be tried: %q", asked)
	}
}

func TestEgressLists(t *testing.T) {
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"db.corp.example": {addrs("10.0.0.5")}, "x.corp.example": {addrs("10.0.0.6")}, "evilcorp.example": {addrs("10.0.0.7")}, "corp.example": {addrs("10.0.0.8")}}}
	b, err := newBroker(Egress{Resolver: dns, Allow: []string{"192.168.7.0/24", "localhost:3000", "[fd00::5]:443", "172.16.0.9"}})
	require.NoError(t, err)
	own, err := parseEgress([]string{"db.corp.example:5432", "*.corp.example:443", "10.9.0.0/16", "10.8.0.1:*"})
	require.NoError(t, err)
	for address, allowed := range map[string]bool{
		"192.168.7.9:22": true, "192.168.8.9:22": false, "localhost:3000": true, "localhost:3001": false, "127.0.0.1:3000": false,
		"[fd00::5]:443": true, "[fd00::5]:80": false, "[fd00::6]:443": false, "172.16.0.9:1": true, "172.16.0.8:1": false,
		"db.corp.example:5432": true, "db.corp.example:5433": false, "x.corp.example:443": true, "x.corp.example:80": false,
		"evilcorp.example:443": false, "corp.example:443": false, "10.9.255.1:1": true, "10.8.0.1:77": true, "10.8.0.2:77": false,
		"[::ffff:10.9.0.1]:80": false,
	} {
		_, err := b.decide(context.Background(), own, address)
		require.Equal(t, allowed, err == nil, "%s: %v", address, err)
	}
	// Another tenant's list is not this one's.
	_, err = b.decide(context.Background(), nil, "10.9.0.1:80")
	require.Error(t, err)
	for _, bad := range []string{"", "10.0.0.0/33", "example", "example:", "example:0", "example:70000", "*:80", "a b:80", "*.:80", "::ffff:10.0.0.0/104", "0x7f000001:80"} {
		require.Error(t, ValidateEgress([]string{bad}), "%q", bad)
	}
}

// A name that answers differently the second time is looked up once, and what
// is connected to is what was decided on.
func TestEgressRebinding(t *testing.T) {
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"rebind.example": {addrs("8.8.8.8"), addrs("127.0.0.1")}}}
	b, err := newBroker(Egress{Resolver: dns})
	require.NoError(t, err)
	first, err := b.decide(context.Background(), nil, "rebind.example:80")
	require.NoError(t, err)
	require.Equal(t, addrs("8.8.8.8"), first.addrs)
	_, err = b.decide(context.Background(), nil, "rebind.example:80")
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err))
	require.Len(t, dns.asked, 2)
	// Even a decision that was wrong does not connect.
	l := listen(t)
	port := l.Addr().(*net.TCPAddr).Port
	_, err = b.connect(context.Background(), nil, &target{host: "rebind.example", port: uint16(port)}, netip.MustParseAddr("127.0.0.1"))
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%v", err)
}

func listen(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// An address that does not answer does not keep the next one from being tried.
func TestDialTriesEveryAddress(t *testing.T) {
	l := listen(t)
	port := l.Addr().(*net.TCPAddr).Port
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"two.example": {addrs("127.0.0.2", "127.0.0.1")}}}
	b, err := newBroker(Egress{Resolver: dns, Allow: []string{"127.0.0.0/8"}})
	require.NoError(t, err)
	s := &session{broker: b, ctx: context.Background()}
	conn, err := s.dial(bg(t), nil, fmt.Sprintf("two.example:%d", port))
	require.NoError(t, err)
	require.Equal(t, l.Addr().String(), conn.RemoteAddr().String())
	conn.Close()
}

// fetchRule fetches the URL and reports what came of it in the ID token.
const fetchRule = `async function (user, context, callback) {
  try {
    const res = await fetch(context.url);
    context.idToken.body = await res.text();
  } catch (err) {
    context.idToken.error = String(err.message) + " | " + String(err.cause && err.cause.message) + " | " + String(err.cause && err.cause.hint) + " | " + String(err.code || (err.cause && err.cause.code));
  }
  callback(null, user, context);
}`

// fetch runs a rule that fetches the URL, and returns the body or the error.
func fetch(t testing.TB, p *Pool, url string, egress ...string) (body, fail string) {
	t.Helper()
	c := chainOf("acme", fetchRule)
	c.Egress = egress
	return fetchWith(t, p, c, url)
}

func fetchWith(t testing.TB, p *Pool, c *rulebox.Chain, url string) (body, fail string) {
	t.Helper()
	b, _ := json.Marshal(map[string]any{"url": url, "idToken": map[string]any{}})
	res, err := p.Invoke(bg(t), &rulebox.Invocation{Chain: c, ID: "tx", Args: []json.RawMessage{json.RawMessage(`{}`), b}})
	require.NoError(t, err)
	var v struct{ IDToken struct{ Body, Error string } }
	require.NoError(t, json.Unmarshal(res.Values[1], &v))
	return v.IDToken.Body, v.IDToken.Error
}

func TestEgressFromARule(t *testing.T) {
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") }))
	defer secret.Close()
	open1 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, secret.URL, http.StatusFound)
		default:
			io.WriteString(w, "hello")
		}
	}))
	defer open1.Close()
	tls := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "over TLS") }))
	defer tls.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
	core, logs := observer.New(zapcore.InfoLevel)
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"internal.example": {addrs("10.1.2.3")}}}
	p := open(t, Options{Egress: Egress{Allow: []string{hostOf(open1)}, CA: ca, Resolver: dns}, Logger: zap.New(core)})

	body, fail := fetch(t, p, open1.URL)
	require.Equal(t, "hello", body, fail)
	_, fail = fetch(t, p, secret.URL)
	require.Contains(t, fail, "loopback")
	_, fail = fetch(t, p, open1.URL+"/redirect")
	require.Contains(t, fail, "loopback")
	_, fail = fetch(t, p, "http://internal.example/")
	require.Contains(t, fail, "10.1.2.3")
	require.Contains(t, fail, "private")
	_, fail = fetch(t, p, "http://169.254.169.254/latest/meta-data/")
	require.Contains(t, fail, "metadata")
	_, fail = fetch(t, p, "http://localhost:1/")
	require.Contains(t, fail, "not allowed")
	_, fail = fetch(t, p, "http://nowhere.example/")
	require.NotEmpty(t, fail)
	require.NotContains(t, fail, "not allowed")
	// The tenant's own list opens it for the tenant.
	body, fail = fetch(t, p, secret.URL, hostOf(secret))
	require.Equal(t, "secret", body, fail)
	body, fail = fetch(t, p, tls.URL, hostOf(tls))
	require.Equal(t, "over TLS", body, fail)

	lines := logs.FilterMessage("the egress policy refused a connection").All()
	require.NotEmpty(t, lines)
	require.Equal(t, "acme", lines[0].ContextMap()["tenant"])
	require.Equal(t, hostOf(secret), lines[0].ContextMap()["address"])
	require.Positive(t, p.Stats().DialsRefused)
	require.Zero(t, p.Stats().Deaths["syscall"])
}

// A connection that one chain was granted stays open between logins; another
// chain of the tenant, in the same worker, must not be able to use it.
func TestKeptConnectionIsNotAnothersGrant(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	var opened atomic.Int32
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "inside") }))
	inside.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	inside.Start()
	defer inside.Close()
	p := open(t, Options{MaxPerTenant: 1})
	granted, bare := chainOf("acme", fetchRule), chainOf("acme", fetchRule)
	granted.Egress = []string{hostOf(inside)}
	for range 2 {
		body, fail := fetchWith(t, p, granted, inside.URL)
		require.Equal(t, "inside", body, fail)
		_, fail = fetchWith(t, p, bare, inside.URL)
		require.Contains(t, fail, "loopback")
	}
	require.EqualValues(t, 1, opened.Load(), "the chain that was granted it keeps its connection")
	require.EqualValues(t, 1, p.Stats().Leased, "one worker for both")
}

func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

// Without --egress-ca the same server is not trusted.
func TestUnknownRootIsRefused(t *testing.T) {
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	tls.Config.ErrorLog = nil
	defer tls.Close()
	p := open(t, Options{Egress: Egress{Allow: []string{hostOf(tls)}}})
	body, fail := fetch(t, p, tls.URL)
	require.Empty(t, body)
	require.Contains(t, fail, "certificate")
	_, err := New(Options{Egress: Egress{CA: []byte("no pem")}})
	require.ErrorContains(t, err, "--egress-ca")
}

// proxyFor is an HTTP proxy that sends everything to one server and notes what
// it was asked for.
type proxyFor struct {
	server  string
	connect bool // does CONNECT
	mu      sync.Mutex
	asked   []string
}

func (p *proxyFor) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go p.one(c)
	}
}

func (p *proxyFor) one(c net.Conn) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.asked = append(p.asked, req.Method+" "+req.RequestURI+" "+req.Host+" "+req.Header.Get("Proxy-Authorization"))
		p.mu.Unlock()
		if req.Method == http.MethodConnect && !p.connect {
			io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
			return
		}
		up, err := net.Dial("tcp", p.server)
		if err != nil {
			return
		}
		defer up.Close()
		if req.Method == http.MethodConnect {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			go io.Copy(up, br)
			io.Copy(c, up)
			return
		}
		req.Write(up)
		resp, err := http.ReadResponse(bufio.NewReader(up), req)
		if err != nil {
			return
		}
		resp.Write(c)
	}
}

func TestEgressProxy(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s auth=%q", r.Host, r.URL, r.Header.Get("Proxy-Authorization"))
	}))
	defer origin.Close()
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") }))
	defer direct.Close()
	for _, connect := range []bool{true, false} {
		t.Run(fmt.Sprintf("connect=%t", connect), func(t *testing.T) {
			proxy := &proxyFor{server: hostOf(origin), connect: connect}
			l := listen(t)
			go proxy.serve(l)
			dns := &fakeDNS{}
			p := open(t, Options{Egress: Egress{Proxy: "http://u:pw@" + l.Addr().String(), Resolver: dns, Allow: []string{hostOf(direct)}}})
			body, fail := fetch(t, p, "http://api.example/x?y=1")
			require.Empty(t, fail)
			require.Contains(t, body, "api.example /x?y=1")
			require.Empty(t, dns.asked, "names go to the proxy as they are")
			proxy.mu.Lock()
			asked := strings.Join(proxy.asked, "\n")
			proxy.mu.Unlock()
			if connect {
				require.Contains(t, asked, "CONNECT api.example:80 api.example:80 Basic dTpwdw==")
			} else {
				require.Contains(t, asked, "GET http://api.example/x?y=1 api.example Basic dTpwdw==")
			}
			for _, url := range []string{"http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "http://10.0.0.1/"} {
				_, fail := fetch(t, p, url)
				assert.Contains(t, fail, "not allowed", url)
			}
			body, fail = fetch(t, p, direct.URL)
			require.Equal(t, "direct", body, fail)
			if !connect {
				_, fail = fetch(t, p, "https://api.example/")
				require.Contains(t, fail, "egress proxy refused")
			}
		})
	}
	_, err := New(Options{Egress: Egress{Proxy: "socks5://u:secret@h:1"}})
	require.ErrorContains(t, err, "--egress-proxy")
	require.NotContains(t, err.Error(), "secret")
}

// A request cannot be relayed to another host than the one that was decided on.
func TestRelayKeepsItsHost(t *testing.T) {
	b, err := newBroker(Egress{Proxy: "http://proxy.example:8080"})
	require.NoError(t, err)
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: internal\r\n\r\n", "GET http://internal/ HTTP/1.1\r\nHost: internal\r\n\r\n", "GET //internal/x HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		require.NoError(t, err)
		b.rewrite(req, &target{host: "api.example", port: 80})
		var out bytes.Buffer
		require.NoError(t, req.WriteProxy(&out))
		line, _, _ := strings.Cut(out.String(), "\r\n")
		require.True(t, strings.HasPrefix(line, "GET http://api.example/"), line)
		require.Contains(t, out.String(), "\r\nHost: api.example\r\n")
	}
}

// The matcher never crashes, never lets a local address through unnamed, and an
// address that it decides on passes the second check.
func FuzzEgress(f *testing.F) {
	for _, s := range [][2]string{{"8.8.8.8:80", ""}, {"[::1]:80", "::1/128"}, {"a.b:1", "*.b:1"}, {"127.0.0.1:3", "127.0.0.1:3"}, {"0x7f.1:80", ""}, {"[fe80::1%1]:1", "fe80::/10"}} {
		f.Add(s[0], s[1])
	}
	dns := &fakeDNS{}
	b, err := newBroker(Egress{Resolver: dns})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, address, entry string) {
		own, err := parseEgress([]string{entry})
		if err != nil {
			own = nil
		}
		d, err := b.decide(context.Background(), own, address)
		dns.asked = dns.asked[:0]
		if err != nil {
			return
		}
		for _, a := range d.addrs {
			if own == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.Is4In6() || a.IsMulticast() || a.IsUnspecified()) {
				t.Fatalf("%q leads to %s", address, a)
			}
			if err := b.recheck(own, d, netip.AddrPortFrom(a, d.port).String()); err != nil {
				t.Fatalf("%q was decided on as %s and refused later: %v", address, a, err)
			}
		}
	})
}
