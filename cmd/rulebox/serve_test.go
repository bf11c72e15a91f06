package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/store"
)

func TestFirstStartPrintsTheTokenOnce(t *testing.T) {
	t.Parallel()
	n := serveNode(t, "-- acme/rules/a.js --\nfunction (user, context, callback) { callback(); }\n")
	require.Len(t, tokenLine.FindAllString(n.stdout.String(), -1), 1)
	token := n.token
	require.Equal(t, 200, n.login("acme", someLogin).status)
	require.Zero(t, n.stop())
	require.NotContains(t, n.stderr.String(), token, "the token is in no log")
	require.NoError(t, filepath.WalkDir(n.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(text), token, "%s holds the token itself", path)
		info, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s is others' to read", path)
		return nil
	}))

	n.token = ""
	n.start()
	require.Empty(t, n.token)
	require.NotContains(t, n.stdout.String(), "operator token")
	require.Equal(t, 200, n.send("POST", "/v1/tenants/acme/triggers/login", token, someLogin).status, "it holds after a restart")

	code, made, _ := runCommand(t, "token", "create", "--data", n.data)
	require.Zero(t, code)
	require.Equal(t, 200, n.send("POST", "/v1/tenants/acme/triggers/login", strings.TrimSpace(made), someLogin).status, "a new one holds at once")
}

// decisions is a tenant whose rule does what the user's member `do` says.
const decisions = `
-- acme/rules/a.js --
function (user, context, callback) {
  console.log('doing', user.do);
  switch (user.do) {
    case 'deny': return callback(new UnauthorizedError('Not today.'));
    case 'redirect': context.redirect = { url: 'https://example.com/mfa' }; break;
    case 'throw': throw new RangeError('thrown');
    case 'loop': for (;;) {}
    case 'wait': return setTimeout(() => callback(null, user, context), user.ms);
    case 'fill': context.filler = 'x'.repeat(user.size);
  }
  context.idToken.by = configuration.NAME;
  callback(null, user, context);
}
-- acme/rules-configs/name.json --
{"key": "NAME", "value": "acme's rule"}
-- acme/rulebox.json --
{"limits": {"wall": "700ms"}}
`

func TestTriggerOverHTTP(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions+strings.ReplaceAll(decisions, "acme/", "lenient/")+`
-- lenient/rulebox.json --
{"limits": {"wall": "700ms"}, "on_fault": "continue", "unauthorized_error": "access_denied"}
-- off/rules/a.js --
function (user, context, callback) { callback(new Error('never runs')); }
-- off/rulebox.json --
{"custom_code": false}
-- empty/config.json --
{}
`)
	for _, tc := range []struct {
		tenant, do     string
		status         int
		decision, code string
		has            map[string]string
	}{
		{"acme", "allow", 200, "allow", "", map[string]string{".context.idToken.by": "acme's rule", ".user.do": "allow", ".id": "tx-1", ".logs.0.text": "doing allow", ".scripts.0.name": "a"}},
		{"acme", "deny", 200, "deny", "denied", map[string]string{".error.message": "Not today.", ".error.oauth_error": "unauthorized", ".user": "", ".error.script": "a"}},
		{"acme", "redirect", 200, "redirect", "", map[string]string{".redirect.url": "https://example.com/mfa", ".context.redirect.url": "https://example.com/mfa"}},
		{"acme", "throw", 422, "fault", "threw", map[string]string{".error.name": "RangeError", ".user": "", ".logs.0.text": "doing throw"}},
		{"acme", "loop", 504, "fault", "timeout", map[string]string{".error.script": "a"}},
		{"lenient", "deny", 200, "deny", "denied", map[string]string{".error.oauth_error": "access_denied"}},
		{"lenient", "throw", 200, "allow", "threw", map[string]string{".error.name": "RangeError", ".user.do": "throw", ".context.idToken.by": ""}},
		{"lenient", "loop", 200, "allow", "timeout", map[string]string{".error.script": "a", ".user.do": "loop"}},
		{"off", "anything", 200, "allow", "", map[string]string{".user.do": "anything"}},
		{"empty", "anything", 200, "allow", "", map[string]string{".user.do": "anything"}},
	} {
		a := n.login(tc.tenant, `{"id":"tx-1","user":{"do":"`+tc.do+`"},"context":{"idToken":{}}}`)
		name := tc.tenant + " " + tc.do + " " + a.body
		assert.Equal(t, tc.status, a.status, name)
		assert.Equal(t, "application/json", a.header.Get("Content-Type"), name)
		assert.Equal(t, tc.decision, a.at(".decision"), name)
		assert.Equal(t, tc.code, a.at(".error.code"), name)
		assert.Equal(t, tc.code, a.header.Get("Rulebox-Code"), name)
		for path, want := range tc.has {
			assert.Equal(t, want, a.at(path), "%s: %s", path, name)
		}
	}
	require.Equal(t, 401, n.send("POST", "/v1/tenants/acme/triggers/login", "", someLogin).status)
	require.Equal(t, 401, n.send("POST", "/v1/tenants/acme/triggers/login", "", someLogin, "Authorization", "Basic "+n.token).status)
	require.Equal(t, 200, n.send("POST", "/v1/tenants/acme/triggers/login", "", someLogin, "Authorization", "bearer "+n.token).status)
	require.Equal(t, 401, n.send("POST", "/v1/tenants/acme/triggers/login", "rbx_nonsense", someLogin).status)

	code, scoped, _ := runCommand(t, "token", "create", "--data", n.data, "--tenant", "off")
	require.Zero(t, code)
	scoped = strings.TrimSpace(scoped)
	require.Equal(t, 200, n.send("POST", "/v1/tenants/off/triggers/login", scoped, someLogin).status)
	require.Equal(t, 403, n.send("POST", "/v1/tenants/acme/triggers/login", scoped, someLogin).status)
	require.Equal(t, 403, n.send("POST", "/v1/tenants/off/try", scoped, `{}`).status)
}

// The tenant of the synthetic rule stands in nobody's way.
func TestHealthIsNobodysName(t *testing.T) {
	t.Parallel()
	require.False(t, store.TenantName().MatchString(healthTenant), "a folder could have this name, and its logins would run the synthetic rule")
	require.True(t, bus.ValidName(healthTenant))
	deny := "rules/a.js --\nfunction (user, context, callback) { callback('its own rule'); }\n"
	n := serveNode(t, "-- rulebox-health/"+deny+"-- health/"+deny)
	for _, tenant := range []string{"rulebox-health", "health"} {
		a := n.login(tenant, someLogin)
		require.Equal(t, "its own rule", a.at(".error.message"), a.body)
	}
	require.Equal(t, 200, n.send("GET", "/readyz", "", "").status)
}

func TestBreakGlass(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions, "--bypass-custom-code")
	a := n.login("acme", `{"user":{"do":"deny"},"context":{"idToken":{}}}`)
	require.Equal(t, "allow", a.at(".decision"), a.body)
	require.Equal(t, "", a.at(".context.idToken.by"))
	ready := n.send("GET", "/readyz", "", "")
	require.Equal(t, 200, ready.status, "a node that lets logins pass is asked: %s", ready.body)
}

// What is tried shares nothing with production, and with other tries only under
// the same session.
func TestTry(t *testing.T) {
	t.Parallel()
	n := serveNode(t, `
-- acme/rules/count.js --
function (user, context, callback) {
  global.count = (global.count || 0) + 1;
  context.idToken.count = global.count;
  context.idToken.tried = typeof global.tried;
  callback(null, user, context);
}
`, "--max-workers-per-tenant", "1")
	input := map[string]any{"user": map[string]any{"user_id": "u1"}, "context": map[string]any{"idToken": map[string]any{}}}
	counting := `function (user, context, callback) {
		global.tried = (global.tried || 0) + 1;
		context.idToken = { tried: global.tried, count: typeof global.count };
		callback(null, user, context); }`
	tried := func(session string) string {
		body := map[string]any{"kind": "rule", "code": counting, "input": input}
		if session != "" {
			body["session"] = session
		}
		a := n.try("acme", body)
		require.Equal(t, 200, a.status, a.body)
		require.Equal(t, "allow", a.at(".decision"), a.body)
		require.Equal(t, "undefined", a.at(".context.idToken.count"), "production's global is not a try's")
		return a.at(".context.idToken.tried")
	}
	count := func(want string) {
		t.Helper()
		a := n.login("acme", someLogin)
		require.Equal(t, want, a.at(".context.idToken.count"), a.body)
		require.Equal(t, "undefined", a.at(".context.idToken.tried"), "a try's global is not production's")
	}
	count("1")
	require.Equal(t, "1", tried("one"))
	require.Equal(t, "2", tried("one"))
	require.Equal(t, "1", tried("two"))
	require.Equal(t, "1", tried(""))
	require.Equal(t, "1", tried(""))
	require.Equal(t, "3", tried("one"))
	count("2")

	// The clock stands where it was set, for as long as the code runs.
	const now = 1700000000123
	a := n.try("acme", map[string]any{"code": `function (user, context, callback) {
		setTimeout(() => callback(null, user, { first: first, now: Date.now(), date: new Date().toISOString() }), 30);
		const first = Date.now(); }`, "input": input, "now": now})
	require.Equal(t, fmt.Sprint(now), a.at(".context.first"), a.body)
	require.Equal(t, "2023-11-14T22:13:20.123Z", a.at(".context.date"), "a fixed clock does not go on")

	a = n.try("acme", map[string]any{"code": `function (user, context, callback) { callback(null, user, {now: Date.now()}); }`, "input": input, "now": 0})
	require.Equal(t, "0", a.at(".context.now"), "the beginning of time is a time too: %s", a.body)

	// Configuration, limits, auth0 and errors are those of the request.
	a = n.try("acme", map[string]any{"input": input, "configuration": map[string]string{"A": "b"},
		"auth0": map[string]string{"domain": "d.example", "baseUrl": "https://d.example/api/v2", "accessToken": secretMark},
		"code":  `function (user, context, callback) { callback(null, user, {a: configuration.A, d: auth0.domain, t: auth0.accessToken}); }`})
	require.Equal(t, "b", a.at(".context.a"), a.body)
	require.Equal(t, "d.example", a.at(".context.d"))
	require.Equal(t, secretMark, a.at(".context.t"))
	a = n.try("acme", map[string]any{"input": input, "code": "function (u, c, cb) { for (;;) {} }", "limits": map[string]int{"wall_ms": 300}})
	require.Equal(t, 200, a.status, "the code's fault is what was asked for")
	require.Equal(t, "timeout", a.at(".error.code"))
	require.Contains(t, a.at(".error.message")+a.at(".error.hint"), "300ms")
	a = n.try("acme", map[string]any{"input": input, "code": "function (u, c, cb) { a b }"})
	require.Equal(t, "invalid", a.at(".error.code"), a.body)
	require.Contains(t, a.at(".error.message"), "try:1:")
	// A tenant that is not there yet can be tried for; nothing was stored.
	a = n.try("newcomer", map[string]any{"input": input, "code": "function (u, c, cb) { cb(); }"})
	require.Equal(t, "allow", a.at(".decision"), a.body)
	require.Equal(t, 400, n.login("newcomer", someLogin).status)
}

func TestHealthAndMetrics(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	live := n.send("GET", "/livez", "", "")
	require.Equal(t, 200, live.status)
	ready := n.send("GET", "/readyz", "", "")
	require.Equal(t, 200, ready.status, ready.body)
	require.Contains(t, ready.body, "a login went the whole way")
	for _, do := range []string{"allow", "allow", "deny", "throw"} {
		n.login("acme", `{"user":{"do":"`+do+`"},"context":{"idToken":{}}}`)
	}
	n.send("POST", "/v1/tenants/acme/triggers/nonsense", n.token, someLogin) // it gets no further than the door
	n.send("POST", "/v1/tenants/acme/triggers/db.nobodys.get_user", n.token, `{"args":["x"]}`)
	text := n.send("GET", "/metrics", "", "").body
	for _, line := range []string{
		`rulebox_invocations_total{code="denied",decision="deny",trigger="login"} 1`,
		`rulebox_invocations_total{code="threw",decision="fault",trigger="login"} 1`,
		`rulebox_invocations_total{code="invalid",decision="fault",trigger="db.get_user"} 1`,
		`rulebox_invocations_total{code="",decision="allow",trigger="login"} 3`, // the probe's too
		`rulebox_running 0`,
		`rulebox_workers{state="leased"} `,
		`rulebox_worker_starts_total `,
		`rulebox_invocation_seconds_count 6`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		require.Contains(t, text, line)
	}
	require.NotContains(t, text, "acme", "tenants are no label")
	require.NotContains(t, text, "nobodys", "nor are connections")
	require.NotContains(t, text, "nonsense")
	require.Equal(t, 404, n.send("GET", "/nowhere", "", "").status)
}

func TestNATSDoor(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions+strings.ReplaceAll(decisions, "acme/", "beta/"))
	code, path, errs := runCommand(t, "creds", "create", "--data", n.data, "--tenant", "acme")
	require.Zero(t, code, errs)
	path = strings.TrimSpace(path)
	url, err := os.ReadFile(filepath.Join(n.data, "nats", "url"))
	require.NoError(t, err)
	ctx := testContext(t)
	client, err := bus.Connect(ctx, bus.ConnectOptions{URL: strings.TrimSpace(string(url)), Creds: path})
	require.NoError(t, err)
	defer client.Close()
	login := func(c *bus.Client, tenant, do string) (*rulebox.Result, error) {
		return c.Login(ctx, tenant, map[string]string{"do": do}, json.RawMessage(`{"idToken":{}}`))
	}

	res, err := login(client, "acme", "allow")
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	require.Contains(t, string(res.Values[1]), "acme's rule")
	res, err = login(client, "acme", "redirect")
	require.NoError(t, err)
	require.Equal(t, "https://example.com/mfa", res.RedirectURL)
	_, err = login(client, "acme", "deny")
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	_, err = login(client, "acme", "throw")
	require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err))

	_, err = login(client, "beta", "allow")
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%v", err)
	_, err = login(n.connect(), "beta", "allow")
	require.NoError(t, err, "the operator's credentials are for all")
	_, err = bus.Connect(ctx, bus.ConnectOptions{URL: strings.TrimSpace(string(url)), DataDir: t.TempDir()})
	require.ErrorContains(t, err, "credentials")

	code, _, errs = runCommand(t, "creds", "revoke", "--data", n.data, "--name", "acme")
	require.Zero(t, code, errs)
	require.Eventually(t, func() bool {
		_, err := login(client, "acme", "allow")
		return err != nil
	}, safety, 10*time.Millisecond, "revoked credentials end")
}
