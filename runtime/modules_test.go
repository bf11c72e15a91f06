package runtime_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// directHost dials itself: there is no broker in a test of this package.
type directHost struct{}

func (directHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address == "forbidden.example:80" {
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "forbidden.example is not allowed").WithHint("--egress-allow")
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (directHost) Rand() io.Reader { return rand.Reader }

// server answers with what it was asked, after a while for /slow.
func server(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/slow" {
			time.Sleep(5 * time.Millisecond)
		}
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"method": req.Method, "path": req.URL.Path, "body": string(body), "auth": req.Header.Get("Authorization")})
	}))
	t.Cleanup(s.Close)
	return s
}

// The modules of the table, through the realm that scripts get.
func TestModulesInARealm(t *testing.T) {
	s := server(t)
	r := newRunner(t, runtime.Options{Host: directHost{}})
	for _, tt := range []struct{ name, body, want string }{
		{"Buffer", `out(Buffer.from('héllo').toString('base64') + Buffer.isBuffer(Buffer.alloc(1)))`, `"aMOpbGxvtrue"`},
		{"require buffer is the global", `out(require('buffer').Buffer === Buffer && require('node:buffer') === require('buffer'))`, `true`},
		{"URL", `out(new URL('/a?b=1', 'https://x.example').searchParams.get('b'))`, `"1"`},
		{"util", `out(require('util').format('%s %j', 'a', {b: 1}))`, `"a {\"b\":1}"`},
		{"versioned", `out(require('querystring@1.2.3').stringify({a: 'b c'}))`, `"a=b%20c"`},
		{"crypto", `out(require('crypto').createHash('sha256').update('abc').digest('hex').slice(0, 8))`, `"ba7816bf"`},
		{"global crypto", `out(crypto.randomUUID().length)`, `36`},
		{"TextEncoder", `out(new TextDecoder().decode(new TextEncoder().encode('é')))`, `"é"`},
		{"structuredClone", `const a = {d: new Date(1), l: [1]}; const b = structuredClone(a); out(b.d.getTime() + b.l.length + (b !== a))`, `3`},
		{"structuredClone of the user", `const b = structuredClone(user); b.email = 'x'; out([user.email, b.email, b.nested.list[1].k])`, `["a@b","x","v"]`},
		{"util.inspect of the user", `out(require('util').inspect(user.nested))`, `"{ list: [ 1, { k: 'v' }, 2 ] }"`},
		{"atob", `out(atob(btoa('x')))`, `"x"`},
		{"AbortController", `const c = new AbortController(); c.abort(); out(c.signal.aborted)`, `true`},
		{"polyfills", `out([Object.groupBy([1, 2, 3], n => n % 2 ? 'odd' : 'even').odd, (1234.5).toLocaleString('en-US')])`, `[[1,3],"1,234.5"]`},
		{"unicode classes", `out(/^\p{L}+$/u.test('é'))`, `true`},
		{"fetch", `const res = await fetch('BASE/x', {method: 'POST', body: 'hi', headers: {authorization: 'Bearer t'}}); const b = await res.json(); out([res.status, b.method, b.body, b.auth])`, `[200,"POST","hi","Bearer t"]`},
		{"two at once", `const l = await Promise.all([1, 2, 3].map(i => fetch('BASE/slow').then(r => r.json()))); out(l.map(b => b.path))`, `["/slow","/slow","/slow"]`},
		{"refused", `try { await fetch('http://forbidden.example/') } catch (e) { out([e.name, /forbidden\.example/.test(e.message + e.cause)]) }`, `["TypeError",true]`},
		{"process", `out([typeof process.version, Object.keys(process.env).length, typeof process.hrtime()[0]])`, `["string",0,"number"]`},
		{"nextTick", `await new Promise(r => process.nextTick((a, b) => { out(a + b); r(); }, 1, 2))`, `3`},
		{"http", `const http = require('http'); out(await new Promise((ok, no) => http.get('BASE/g', res => { let s = ''; res.on('data', d => s += d); res.on('end', () => ok(JSON.parse(s).path)); }).on('error', no)))`, `"/g"`},
		{"events", `const E = require('events'); const e = new E(); e.once('x', v => out(v)); e.emit('x', 5)`, `5`},
		{"lazy WeakRef", `out(new WeakRef(user).deref() === user)`, `true`},
		{"Intl", `out(new Intl.NumberFormat('en-US').format(1e6))`, `"1,000,000"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := chain(fmt.Sprintf("async function (user, context, callback) { const out = v => { context.idToken.v = v; }; %s; callback(null, user, context) }",
				strings.ReplaceAll(tt.body, "BASE", s.URL)))
			for range 2 { // fresh, then prepared with what the first run touched
				inv := invocation(c)
				inv.Args = args(`{"email":"a@b","nested":{"list":[1,{"k":"v"},2]}}`, `{"idToken":{}}`)
				res, err := r.Invoke(context.Background(), inv)
				require.NoError(t, err)
				assert.JSONEq(t, `{"idToken":{"v":`+tt.want+`}}`, string(res.Values[1]))
				r.Prepare(c)
			}
		})
	}
}

// A request that nobody waits for is made nevertheless.
func TestFireAndForget(t *testing.T) {
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		time.Sleep(20 * time.Millisecond)
		body, _ := io.ReadAll(req.Body)
		got <- string(body)
	}))
	defer s.Close()
	r := newRunner(t, runtime.Options{Host: directHost{}})
	ctx, cancel := context.WithCancel(context.Background())
	_, err := r.Invoke(ctx, invocation(chain(fmt.Sprintf(
		`function (u, c, cb) { fetch('%s', {method: 'POST', body: 'ping'}).then(r => r.text()); cb(null) }`, s.URL))))
	cancel() // the caller has its answer and is gone
	require.NoError(t, err)
	select {
	case body := <-got:
		assert.Equal(t, "ping", body)
	case <-time.After(20 * time.Second):
		t.Fatal("the request was not made")
	}
	require.Eventually(t, func() bool { return r.Late() == 0 }, 20*time.Second, 5*time.Millisecond)
}

// The auth0 object does real requests to the tenant's management API.
func TestManagement(t *testing.T) {
	s := server(t)
	r := newRunner(t, runtime.Options{Host: directHost{}})
	c := chain(`async function (user, context, callback) {
		const got = await auth0.users.updateAppMetadata(user.user_id, { plan: 'gold' });
		context.idToken.v = [got.method, got.path, got.body, got.auth, auth0.domain, auth0.accessToken, auth0.baseUrl];
		callback(null, user, context) }`)
	c.Management = &rulebox.Management{Domain: "login.example", BaseURL: s.URL + "/api/v2", AccessToken: "secret"}
	for range 2 {
		inv := invocation(c)
		inv.Args = args(`{"user_id":"auth0|1"}`, `{"idToken":{}}`)
		res, err := r.Invoke(context.Background(), inv)
		require.NoError(t, err)
		var out struct{ IDToken struct{ V []string } }
		require.NoError(t, json.Unmarshal(res.Values[1], &out))
		assert.Equal(t, []string{"PATCH", "/api/v2/users/auth0|1", `{"app_metadata":{"plan":"gold"}}`, "Bearer secret", "login.example", "secret", s.URL + "/api/v2"}, out.IDToken.V)
		r.Prepare(c)
	}

	c.Management = nil
	bare := *c
	_, err := r.Invoke(context.Background(), invocation(&bare))
	e := fault(t, err)
	assert.Contains(t, e.Message, "management")
	assert.Contains(t, e.Hint, "rulebox.json")
	assert.NotContains(t, e.Message, "rulebox.json")
}

// An address that was not granted is the fault's code, when the script lets the
// error pass.
func TestForbiddenAddress(t *testing.T) {
	r := newRunner(t, runtime.Options{Host: directHost{}})
	_, err := r.Invoke(context.Background(), invocation(chain(`async function (u, c, cb) { await fetch('http://forbidden.example/'); cb(null) }`)))
	e := fault(t, err)
	assert.Equal(t, rulebox.CodeForbidden, e.Code)
	assert.Equal(t, "rule1", e.Script)
	assert.Equal(t, "fetch failed: connecting to forbidden.example:80 is not allowed", e.Message)
	assert.Equal(t, "forbidden.example is not allowed; --egress-allow", e.Hint)
	assert.NotContains(t, e.Trace, "connecting to", "what the message says is not repeated")

	_, err = r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { fetch('http://forbidden.example/').catch(cb) }`)))
	e = fault(t, err)
	assert.Equal(t, rulebox.CodeDenied, e.Code, "the rule made it its verdict")
	assert.NotContains(t, e.Message, "egress", "the message is for the user who signs in")
	assert.Contains(t, e.Hint, "--egress-allow")
}

// The author is told why a request failed: Node.js' message says only that it did.
func TestFailedFetchTellsItsCause(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close() // nobody listens there any more
	r := newRunner(t, runtime.Options{Host: directHost{}})
	for _, src := range []string{
		`async function (u, c, cb) { await fetch('` + s.URL + `') }`,
		`function (u, c, cb) { fetch('` + s.URL + `').catch(cb) }`,
	} {
		_, err := r.Invoke(context.Background(), invocation(chain(src)))
		e := fault(t, err)
		assert.Equal(t, "fetch failed", e.Message)
		assert.Contains(t, e.Hint, "the cause: connect ECONNREFUSED 127.0.0.1:")
	}
}

// Close returns when nothing of the runner runs any more, also what a script
// left waiting for a server that never answers.
func TestCloseJoinsTasks(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { <-hang }))
	defer s.Close()
	defer close(hang)
	r := runtime.NewRunner(runtime.Options{Host: directHost{}})
	_, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { fetch('`+s.URL+`').catch(() => {}); cb(null) }`)))
	require.NoError(t, err)
	c := chain(`async function (u, c, cb) { await fetch('` + s.URL + `'); cb(null) }`)
	c.Limits.Wall = 200 * time.Millisecond
	_, err = r.Invoke(context.Background(), invocation(c))
	e := fault(t, err)
	assert.Equal(t, rulebox.CodeTimeout, e.Code)
	assert.Contains(t, e.Message, "it waited for one request or other operation")
	done := make(chan struct{})
	go func() {
		r.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("Close does not return")
	}
}
