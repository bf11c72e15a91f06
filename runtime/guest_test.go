package runtime_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/wasmtest"
	"github.com/rulebox/rulebox/runtime"
)

// dialer is a Host that reaches everything, and whose random bytes are known.
type dialer struct{ net.Dialer }

func (d *dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return d.DialContext(ctx, network, address)
}
func (d *dialer) Rand() io.Reader { return sevens{} }

type sevens struct{}

func (sevens) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 7
	}
	return len(b), nil
}

// invokeGuest runs scripts as one chain: those that begin with "function" are rules
// in JavaScript, those with "exports" actions, all others bodies of rules in C.
func invokeGuest(t *testing.T, inv *rulebox.Invocation, scripts ...string) (*rulebox.Result, error) {
	t.Helper()
	r := runtime.NewRunner(runtime.Options{Host: &dialer{}})
	t.Cleanup(r.Close)
	c := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Configuration: map[string]string{"KEY": "value"}}
	for i, s := range scripts {
		kind := rulebox.KindRule
		switch {
		case strings.HasPrefix(s, "function"):
		case strings.HasPrefix(s, "exports"):
			kind = rulebox.KindAction
		case strings.HasPrefix(s, "action:"):
			kind, s = rulebox.KindAction, wasmtest.C(t, strings.TrimPrefix(s, "action:"))
		default:
			s = wasmtest.C(t, "handler(rule) i32 rule(void) { "+s+" return 0; }")
		}
		c.Scripts = append(c.Scripts, rulebox.NewScript(kind, string(rune('a'+i)), s))
	}
	inv.Chain, inv.ID = c, "tx-1"
	if inv.Args == nil {
		inv.Args = []json.RawMessage{json.RawMessage(`{"user_id":"u"}`), json.RawMessage(`{"idToken":{},"protocol":"oidc-basic-profile"}`)}
	}
	return r.Invoke(context.Background(), inv)
}

func TestGuestsBetweenRules(t *testing.T) {
	res, err := invokeGuest(t, &rulebox.Invocation{},
		`function (user, context, callback) { context.when = new Date(0); context.f = () => 7; context.same = user; user.n = 1; callback(null, user, context); }`,
		`output("{\"user\":{\"n\":2}}");`, // the context stays as it was
		`function (user, context, callback) { callback(null, user, Object.assign(context, { saw: [user.n, context.f(), context.when instanceof Date, context.same.n] })); }`,
		``, // nothing changes
		`output("{\"context\":{\"replaced\":true}}");`,
		`function (user, context, callback) { context.then = [typeof context.f, user.n]; callback(null, user, context); }`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"n":2}`, string(res.Values[0]))
	assert.JSONEq(t, `{"replaced":true,"then":["undefined",2]}`, string(res.Values[1]))
	assert.Len(t, res.Scripts, 6)

	res, err = invokeGuest(t, &rulebox.Invocation{},
		`function (user, context, callback) { context.f = () => 7; callback(null, user, context); }`,
		`output("{\"user\":{\"n\":2}}");`,
		`function (user, context, callback) { context.saw = context.f() + user.n; callback(null, user, context); }`)
	require.NoError(t, err)
	assert.Contains(t, string(res.Values[1]), `"saw":9`, "what is not replaced is the same object")

	// A redirect is what a rule leaves in context.
	res, err = invokeGuest(t, &rulebox.Invocation{}, `output("{\"context\":{\"redirect\":{\"url\":\"https://site.example/\"}}}");`)
	require.NoError(t, err)
	assert.Equal(t, "https://site.example/", res.RedirectURL)
}

func TestGuestCommands(t *testing.T) {
	res, err := invokeGuest(t, &rulebox.Invocation{},
		`output("{\"commands\":[[\"idToken.setCustomClaim\",\"a\",{\"b\":[1]}],[\"transaction.setMetadata\",\"k\",\"v\"],[\"idToken.setCustomClaim\",\"sub\",\"x\"]]}");`,
		`function (user, context, callback) { context.js = true; callback(null, user, context); }`,
		`exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('seen', event.transaction.metadata.k); }`,
		`action: handler(onExecutePostLogin) i32 onExecutePostLogin(void) { output("{\"commands\":[[\"redirect.sendUserTo\",\"https://site.example/\"]]}"); return 0; }`,
		`exports.onExecutePostLogin = async (event, api) => { throw new Error('not reached') }`)
	require.NoError(t, err)
	var commands []string
	for _, c := range res.Commands {
		commands = append(commands, string(c))
	}
	assert.Equal(t, []string{`["idToken.setCustomClaim","a",{"b":[1]}]`, `["transaction.setMetadata","k","v"]`, `["idToken.setCustomClaim","seen","v"]`,
		`["redirect.sendUserTo","https://site.example/"]`}, commands)
	assert.Equal(t, 4, res.Suspended)
	assert.Contains(t, res.Logs[0].Text, "reserved")

	// Coming back, onContinue… is called.
	again := `action: handler(onExecutePostLogin) i32 e(void) { return 1; } handler(onContinuePostLogin) i32 c(void) { output("{\"commands\":[[\"idToken.setCustomClaim\",\"back\",true]]}"); return 0; }`
	res, err = invokeGuest(t, &rulebox.Invocation{Resume: &rulebox.Resume{Script: 0}}, again)
	require.NoError(t, err)
	assert.Equal(t, `["idToken.setCustomClaim","back",true]`, string(res.Commands[0]))

	// A denial keeps what came before it, and ends the chain.
	res, err = invokeGuest(t, &rulebox.Invocation{}, `output("{\"commands\":[[\"idToken.setCustomClaim\",\"a\",1],[\"access.deny\",\"not today\"]]}");`,
		`function (user, context, callback) { throw new Error('not reached'); }`)
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	assert.ErrorContains(t, err, "not today")
	assert.Len(t, res.Commands, 2)
}

func TestGuestFailures(t *testing.T) {
	for source, c := range map[string]struct {
		code rulebox.Code
		name string
		text string
		hint string
	}{
		`fail("no plan"); return 1;`: {rulebox.CodeThrew, "Error", "no plan", "set this error"},
		`return 3;`:                  {rulebox.CodeThrew, "Error", "it exited with code 3", "returned 3"},
		`__builtin_trap();`:          {rulebox.CodeThrew, "Trap", "unreachable", "trap"},
		`output("{\"user\":1}");`:    {rulebox.CodeThrew, "Error", "user is a number", "one JSON object"},
		`output("{\"commands\":[[\"idToken.setCustomClaim\",1]]}");`:          {rulebox.CodeThrew, "TypeError", "the name of the claim must be a string", "commands[0]"},
		`output("{\"commands\":[[\"idToken.setCustomClaims\",\"a\",1]]}");`:   {rulebox.CodeThrew, "Error", "no command", "did you mean idToken.setCustomClaim"},
		`output("{\"commands\":[[\"prompt.render\",\"f\"]]}");`:               {rulebox.CodeThrew, "Error", "a rule cannot ask for prompt.render", "context.redirect"},
		`u64 at = alloc(3 << 20); output_set(at, 3 << 20);`:                   {rulebox.CodeMemory, "", "output", "limits.output"},
		`if (__builtin_wasm_memory_grow(0, 60000) == -1ul) __builtin_trap();`: {rulebox.CodeMemory, "", "128 MiB", "limits.memory"},
		`http_request(text("{\"url\":\"http://127.0.0.1:1/\"}"), 0);`:         {rulebox.CodeThrew, "Error", "connection refused", "network"},
	} {
		_, err := invokeGuest(t, &rulebox.Invocation{}, source)
		require.Equal(t, c.code, rulebox.CodeOf(err), "%s: %v", source, err)
		e := err.(*rulebox.Error)
		assert.Equal(t, c.name, e.Name, source)
		assert.Contains(t, e.Message, c.text, source)
		assert.Contains(t, e.Hint, c.hint, source)
		assert.Equal(t, "a", e.Script, source)
	}
}

func TestGuestHost(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.Header.Get("X-Key") + " " + string(body)
		w.WriteHeader(418)
		io.WriteString(w, `{"context":{"from":"the web"}}`)
	}))
	defer server.Close()
	res, err := invokeGuest(t, &rulebox.Invocation{},
		`u64 at = http_request(text("{\"url\":\"`+server.URL+`\",\"method\":\"post\",\"headers\":{\"X-Key\":\"k\"}}"), text("body")); if (http_status_code() != 418) return 1; output_set(at, length(at));`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"from":"the web"}`, string(res.Values[1]))
	assert.Equal(t, "POST k body", asked)

	// The cache: what the invocation brings, and changes as commands.
	now := time.UnixMilli(1_700_000_000_000)
	stored := []rulebox.CacheEntry{{Key: "k", Value: "old", ExpiresAt: now.UnixMilli() + 1000}}
	res, err = invokeGuest(t, &rulebox.Invocation{Now: now, Cache: stored},
		`u64 k = text("k"), old = cache_get(k); if (length(old) != 3) return 1; if (cache_set(k, text("new"), 5000)) return 2; if (length(cache_get(k)) != 3) return 3; if (cache_delete(k)) return 4; if (!cache_delete(k)) return 5; if (!cache_set(text(""), k, 0)) return 6;`)
	require.NoError(t, err)
	require.Len(t, res.Commands, 2)
	assert.Equal(t, `["cache.set","k","new",1700000005000]`, string(res.Commands[0]))
	assert.Equal(t, `["cache.delete","k"]`, string(res.Commands[1]))

	// Configuration.
	_, err = invokeGuest(t, &rulebox.Invocation{}, `if (length(config_get(text("KEY"))) != 5 || config_get(text("NONE"))) return 1;`)
	require.NoError(t, err)
}

// A rule that waits for the network keeps no other login off the processor, and
// ends with its time.
func TestGuestWaits(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	r := runtime.NewRunner(runtime.Options{Host: &dialer{}})
	t.Cleanup(r.Close)
	wait := rulebox.NewScript(rulebox.KindRule, "waits", wasmtest.C(t, `handler(rule) i32 rule(void) { http_request(text("{\"url\":\"`+server.URL+`\"}"), 0); return 0; }`))
	quick := rulebox.NewScript(rulebox.KindRule, "quick", `function (user, context, callback) { callback(null, user, context); }`)
	invoke := func(s *rulebox.Script, wall time.Duration) error {
		_, err := r.Invoke(context.Background(), &rulebox.Invocation{Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)},
			Chain: &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{s}, Limits: rulebox.Limits{Wall: wall}}})
		return err
	}
	err := invoke(wait, 50*time.Millisecond)
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
	done := make(chan error, 1)
	go func() { done <- invoke(wait, 20*time.Second) }()
	for range 50 {
		require.NoError(t, invoke(quick, 10*time.Second))
		time.Sleep(time.Millisecond)
	}
	close(release)
	require.NoError(t, <-done)
}
