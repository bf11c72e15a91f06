package modules

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	stdpbkdf2 "crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
)

type testHost struct{}

func (testHost) Dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no network")
}
func (testHost) Rand() io.Reader { return rand.Reader }

func testCall(t testing.TB) *Call {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	c := &Call{Ctx: ctx, Host: testHost{}, Realm: &Realm{Now: time.Now}}
	t.Cleanup(func() { c.Realm.Close(); cancel() })
	return c
}

// Every native takes any arguments: it returns or fails, and never panics.
func TestWebNativesTakeAnything(t *testing.T) {
	rng := mrand.New(mrand.NewPCG(1, 2))
	hostile := []any{
		nil, true, false, 0.0, 1.0, -1.0, 2.0, 3.0, 16.0, 1e300, math.NaN(), math.Inf(1), 0.5, float64(1 << 31), "", "a", "sha256", "hex", "pem", "der", "pkcs8", "spki",
		"private", "public", "secret", "aes-128-cbc", "aes-128-gcm", "rsa", "ec", "P-256", "ed25519", "GET", "http://x/", "\x00", "privateDecrypt", "x", "multipart/form-data; boundary=x",
		[]byte{}, []byte{0}, make([]byte, 12), make([]byte, 16), make([]byte, 32), make([]byte, 65), []byte("--x\r\n\r\n--x--"), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
		big.NewInt(-5), []any{}, []any{"a"}, []any{"a", "b"}, []any{nil, 1.0}, []any{[]any{"n", []byte("v"), "f", "t"}},
		Object{}, Object{{"kty", "RSA"}, {"n", "AA"}, {"e", "AQAB"}, {"d", "AA"}, {"p", "AA"}, {"q", "AA"}}, Object{{"kty", "EC"}, {"crv", "P-256"}, {"x", ""}, {"y", "AA"}},
		Object{{"kty", "OKP"}, {"crv", "X25519"}, {"x", "AA"}}, Object{{"redirects", -5.0}, {"ca", "x"}}, time.Unix(0, 0),
	}
	seen := map[string]bool{}
	for _, m := range webModules() {
		for name, native := range m.Natives {
			if seen[m.Name+name] {
				continue
			}
			seen[m.Name+name] = true
			t.Run(m.Name+"."+name, func(t *testing.T) {
				c := testCall(t)
				// Handles of every kind, so that small numbers are sometimes the wrong one.
				secret := &keyMaterial{kind: keySecret, secret: make([]byte, 16)}
				c.Realm.Keep(secret)
				x, err := newCipherer(cipherByName("aes-128-gcm"), make([]byte, 16), make([]byte, 12), true, 16)
				require.NoError(t, err)
				c.Realm.Keep(x)
				d, err := newDigester(digestByName("sha256"), -1)
				require.NoError(t, err)
				c.Realm.Keep(d)
				c.Realm.Keep(newExchange(c.Ctx))
				for range 2000 {
					args := make([]any, rng.IntN(9))
					for i := range args {
						args[i] = hostile[rng.IntN(len(hostile))]
					}
					if name == "pbkdf2" && len(args) > 2 && args[2] == float64(1<<31) {
						args[2] = 3.0 // that is a valid request for a lot of time
					}
					v, _ := native(c, args)
					if task, ok := v.(Task); ok && rng.IntN(20) == 0 {
						ctx, cancel := context.WithTimeout(c.Ctx, 50*time.Millisecond)
						task(ctx)
						cancel()
					}
				}
			})
		}
	}
	require.Greater(t, len(seen), 40)
}

// The stream inside GCM counts in 32 bits: compared with Go's GCM where the
// counter wraps at once, which an IV that is not 96 bits can bring about.
func TestGCMStreamWraps(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	require.NoError(t, err)
	var start [16]byte
	for i := range start {
		start[i] = 0xff
	}
	start[15] = 0xfd // three blocks to the wrap
	g := &gcmStream{block: block, ctr: start}
	g.count(1)
	got := make([]byte, 100)
	for i := 0; i < len(got); i += 7 {
		end := min(i+7, len(got))
		g.XORKeyStream(got[i:end], got[i:end])
	}
	var want []byte
	for _, low := range []byte{0xfe, 0xff} {
		ctr := start
		ctr[15] = low
		b := make([]byte, 16)
		block.Encrypt(b, ctr[:])
		want = append(want, b...)
	}
	ctr := start
	ctr[12], ctr[13], ctr[14], ctr[15] = 0, 0, 0, 0
	rest := make([]byte, 100-32)
	cipher.NewCTR(block, ctr[:]).XORKeyStream(rest, rest)
	require.Equal(t, append(want, rest...), got)
}

func TestPBKDF2(t *testing.T) {
	for _, n := range []int{1, 2, 1000, 1025} {
		for _, size := range []int{1, 31, 32, 33, 100} {
			want, err := stdpbkdf2.Key(sha256.New, "password", []byte("salt"), n, size)
			require.NoError(t, err)
			got, err := pbkdf2(context.Background(), sha256.New, []byte("password"), []byte("salt"), n, size)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := pbkdf2(ctx, sha256.New, nil, nil, math.MaxInt32, 32)
	require.ErrorIs(t, err, context.Canceled)
}

func TestGlobalsAndModulesResolve(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Table() {
		require.False(t, names[m.ID()], "module %s is there twice", m.Name)
		names[m.ID()] = true
	}
	globals := map[string]bool{}
	for _, g := range Globals() {
		require.False(t, globals[g.Name], "global %s is there twice", g.Name)
		globals[g.Name] = true
		_, ok := Lookup(g.Module)
		require.True(t, ok, "global %s comes from %s, which is not there", g.Name, g.Module)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("pem", "", []byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"), []byte("p"))
	f.Add("pem", "", []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), []byte("p"))
	der, err := encryptPKCS8(rand.Reader, []byte("not a key"), []byte("p"), "aes-128-cbc")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("der", "pkcs8", der, []byte("p"))
	for _, typ := range []string{"pkcs1", "pkcs8", "spki", "sec1"} {
		f.Add("der", typ, []byte{0x30, 3, 2, 1, 0}, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, format, typ string, data, pass []byte) {
		for _, kind := range []string{keyPrivate, keyPublic} {
			k, err := parseKey(kind, format, typ, data, pass)
			if err != nil {
				continue
			}
			if k.kind != kind {
				t.Fatalf("asked for a %s key, got a %s key", kind, k.kind)
			}
			enc := map[string]string{keyPrivate: "pkcs8", keyPublic: "spki"}[kind]
			out, _, err := k.encode("der", enc)
			if err != nil {
				continue
			}
			again, err := parseKey(kind, "der", enc, out, nil)
			if err != nil || !again.equal(k) {
				t.Fatalf("a key does not survive its own encoding: %v", err)
			}
		}
	})
}

func FuzzFormBody(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b--\r\n"), "multipart/form-data; boundary=b")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		v, err := bodyParse(&Call{}, []any{body, contentType})
		if err != nil {
			return
		}
		for _, row := range v.([]any) {
			if n := len(row.([]any)); n != 2 && n != 4 {
				t.Fatalf("a part of %d fields", n)
			}
		}
	})
}

func FuzzRequestURL(f *testing.F) {
	for _, s := range []string{"http://x/%zz?%", "https://[::1]:80//a/../b", "http://a@b:99999/", "http://x/|^`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseHTTPURL(s)
		if err != nil {
			return
		}
		n := netURL(u)
		if n.Host != u.hostPort() {
			t.Fatalf("%q goes to %q instead of %q", s, n.Host, u.hostPort())
		}
		if uri := n.RequestURI(); uri == "" || bytes.ContainsAny([]byte(uri), " \r\n") {
			t.Fatalf("%q makes the request line %q", s, uri)
		}
	})
}

// A script's error has the code that Node.js gives, whatever way the dial failed.
func TestNetThrow(t *testing.T) {
	dial := func(err error) error { return &dialError{address: "h.test:443", err: err} }
	forbidden := rulebox.Errorf(rulebox.CodeForbidden, "connecting to h.test is not allowed: it is private").WithHint("add it to `egress`")
	for _, c := range []struct {
		err           error
		code, message string
	}{
		{dial(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}), "ECONNREFUSED", "connect ECONNREFUSED h.test:443"},
		{dial(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}), "ENETUNREACH", "connect ENETUNREACH h.test:443"},
		{dial(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}), "ETIMEDOUT", "connect ETIMEDOUT h.test:443"},
		{dial(errors.New("lookup h.test: no such host")), "ENOTFOUND", "getaddrinfo ENOTFOUND h.test"},
		{dial(&net.DNSError{Err: "x", IsTemporary: true}), "EAI_AGAIN", "getaddrinfo EAI_AGAIN h.test"},
		{dial(errors.New("the egress proxy could not connect (502)")), "EHOSTUNREACH", "connect failed: dial h.test:443: the egress proxy could not connect (502)"},
		{&dialError{address: "h.test:443", err: context.DeadlineExceeded, late: true}, "ETIMEDOUT", "connect ETIMEDOUT h.test:443"},
		{dial(forbidden), "EFORBIDDEN", "connecting to h.test:443 is not allowed"},
		{dial(rulebox.Errorf(rulebox.CodeForbidden, "no")), "EFORBIDDEN", "connecting to h.test:443 is not allowed"},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "ECONNRESET", "read ECONNRESET"},
		{io.ErrUnexpectedEOF, "ECONNRESET", "socket hang up"},
		{context.DeadlineExceeded, "ETIMEDOUT", "the invocation's time limit passed while the request was under way"},
		{errAborted, "ABORT_ERR", "The operation was aborted"},
	} {
		got := netThrow(c.err)
		require.Equal(t, c.code, got.Props.Get("code"), "%v", c.err)
		require.Equal(t, c.message, got.Message)
	}
	require.Equal(t, "connecting to h.test is not allowed: it is private; add it to `egress`", netThrow(dial(forbidden)).Props.Get("hint"))
}

type scopedHost struct {
	testHost
	scope *uint64
}

func (h scopedHost) Scope(context.Context) uint64 { return *h.scope }

func TestScopesShareNoConnections(t *testing.T) {
	scope := uint64(1)
	h := &scopedHost{scope: &scope}
	a, err := transportFor(context.Background(), h, tlsChoice{})
	require.NoError(t, err)
	b, err := transportFor(context.Background(), h, tlsChoice{})
	require.NoError(t, err)
	require.Same(t, a, b)
	scope = 2
	c, err := transportFor(context.Background(), h, tlsChoice{})
	require.NoError(t, err)
	require.NotSame(t, a, c)
	d, err := transportFor(context.Background(), h, tlsChoice{Insecure: true})
	require.NoError(t, err)
	require.NotSame(t, c, d)
	for i := range uint64(3 * httpTransports) {
		scope = i
		_, err := transportFor(context.Background(), h, tlsChoice{})
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(transports.m), httpTransports)
	require.Len(t, transports.used, len(transports.m))
}

// fullHost has room for one connection only.
type fullHost struct {
	testHost
	open, refused atomic.Int32
}

type countedConn struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func (h *fullHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if h.open.Add(1) > 1 {
		h.open.Add(-1)
		h.refused.Add(1)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EMFILE)}
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: c, open: &h.open}, nil
}

// Idle connections give way when there is no room for another.
func TestIdleConnectionsGiveWay(t *testing.T) {
	h := &fullHost{}
	for range 3 { // each server needs a connection of its own
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
		defer s.Close()
		u, err := parseHTTPURL(s.URL)
		require.NoError(t, err)
		// A connection is idle only a moment after its response was read.
		require.Eventually(t, func() bool {
			x := newExchange(context.Background())
			defer x.Close()
			if _, err := x.send(x.ctx, h, &exchangeRequest{method: "GET", url: u, header: plainHeader}); err != nil {
				return false
			}
			b, err := x.all(x.ctx)
			return err == nil && string(b) == "ok"
		}, 20*time.Second, time.Millisecond)
	}
	require.Positive(t, h.refused.Load(), "the connections were not in each other's way")
	require.Len(t, plainHeader, 5, "a request wrote to what all share")
}
