package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/wasmtest"
)

const aroundWASM = `
-- acme/rules/1-first.js --
function (user, context, callback) {
  user.app_metadata = { plan: 'gold' };
  context.marks = ['first'];
  callback(null, user, context);
}
-- acme/rules/9-last.js --
function (user, context, callback) {
  context.idToken['https://acme.example/last'] = context.marks.join() + user.app_metadata.plan;
  callback(null, user, context);
}
-- acme/rules-configs/DEFAULT_PLAN.json --
{"key": "DEFAULT_PLAN", "value": "free"}
`

// withExamples writes the examples between the two rules.
func withExamples(n *node) {
	n.t.Helper()
	for _, name := range wasmtest.Examples {
		require.NoError(n.t, os.WriteFile(filepath.Join(n.tenants, "acme", "rules", "5-"+name+".wasm"), []byte(wasmtest.Example(n.t, name)), 0o644))
	}
}

func (n *node) wasmLogin() *rulebox.Result {
	n.t.Helper()
	res, err := n.connect().Invoke(testContext(n.t), &rulebox.Invocation{Tenant: "acme", Trigger: rulebox.TriggerLogin, Args: []json.RawMessage{
		json.RawMessage(`{"user_id":"auth0|1"}`), json.RawMessage(`{"idToken":{},"accessToken":{}}`)}})
	require.NoError(n.t, err)
	require.Equal(n.t, rulebox.Allow, res.Decision)
	require.Len(n.t, res.Scripts, 2+len(wasmtest.Examples))
	var context struct{ IDToken map[string]string }
	require.NoError(n.t, json.Unmarshal(res.Values[1], &context))
	assert.Equal(n.t, map[string]string{"https://acme.example/plan": "gold", "https://acme.example/last": "firstgold"}, context.IDToken)
	return res
}

const (
	made    = `"msg":"native code was made"`
	fetched = `"msg":"native code came from another node"`
)

// logs waits until the log, which is written a little late, has the text so often.
func (n *node) logs(text string, times int) {
	n.t.Helper()
	assert.Eventually(n.t, func() bool { return strings.Count(n.stderr.String(), text) >= times }, safety, 10*time.Millisecond)
	assert.Equal(n.t, times, strings.Count(n.stderr.String(), text), "%s", text)
}

// WASI programs in C and Go and Extism plug-ins by the Go and AssemblyScript PDKs
// run between JavaScript rules, over NATS, on a node that has never seen them; it
// compiles each once, and other nodes and other lives of the node do not.
func TestWASMOverNATS(t *testing.T) {
	one := newNode(t, aroundWASM)
	withExamples(one)
	one.start()
	one.wasmLogin()
	one.logs(made, len(wasmtest.Examples))

	// A second node of the same installation gets it from the first.
	url, err := os.ReadFile(filepath.Join(one.data, "nats", "url"))
	require.NoError(t, err)
	two := newNode(t, aroundWASM)
	withExamples(two)
	join := []string{"--nats", strings.TrimSpace(string(url)), "--nats-creds", filepath.Join(one.data, "nats", "node.creds")}
	two.start(append(join, "--state-key", filepath.Join(one.data, "state.key"))...)
	two.logs(fetched, len(wasmtest.Examples))
	assert.NotContains(t, two.stderr.String(), made)

	// One with another key takes none of it.
	two.stop()
	require.NoError(t, os.RemoveAll(filepath.Join(two.data, "code")))
	two.start(join...)
	two.logs(made, len(wasmtest.Examples))
	assert.Contains(t, two.stderr.String(), "no node wrote under this key")
	two.stop()

	// A restart loads from disk; what was tampered with there is made anew.
	one.stop()
	files, err := filepath.Glob(filepath.Join(one.data, "code", "*", "*"))
	require.NoError(t, err)
	require.Len(t, files, len(wasmtest.Examples))
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(files[0], text, 0o600))
	require.NoError(t, os.RemoveAll(filepath.Join(one.data, "nats", "jetstream"))) // else it comes from there
	one.start()
	one.wasmLogin()
	one.logs(made, 1)
	assert.Contains(t, one.stderr.String(), "not what a node wrote")

	// Cleared code is no worse than a try later.
	code, out, _ := runCommand(t, "code", "clear", "--data", one.data)
	assert.Zero(t, code)
	assert.Contains(t, out, "bytes of native code")
	files, err = filepath.Glob(filepath.Join(one.data, "code", "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, files)
	one.wasmLogin()
}

func TestWASMActionsOfTenants(t *testing.T) {
	n := newNode(t, `
-- acme/actions/deny.json --
{"name": "deny", "supported_triggers": [{"id": "post-login", "version": "v3"}], "deployed": true, "secrets": [{"name": "WHY", "value": "the plan is over"}]}
-- acme/actions/claim.json --
{"name": "claim", "supported_triggers": [{"id": "post-login", "version": "v3"}], "deployed": true}
-- acme/actions/claim/code.js --
exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('js', event.user.user_id) }
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "claim", "display_name": "claim"}, {"action_name": "deny", "display_name": "deny"}]}
`)
	require.NoError(t, os.MkdirAll(filepath.Join(n.tenants, "acme", "actions", "deny"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(n.tenants, "acme", "actions", "deny", "code.wasm"), []byte(wasmtest.C(t, `
		handler(onExecutePostLogin) i32 onExecutePostLogin(void) {
			u64 why = config_get(text("WHY")), n = length(why), at = alloc(n + 100), i = 0;
			const char *head = "{\"commands\":[[\"access.deny\",\"", *tail = "\"]]}";
			while (head[i]) { store_u8(at + i, head[i]); i++; }
			for (u64 k = 0; k < n; k++) store_u8(at + i++, load_u8(why + k));
			while (*tail) store_u8(at + i++, *tail++);
			output_set(at, i);
			return 0;
		}`)), 0o644))
	n.start()
	a := n.login("acme", `{"user":{"user_id":"u"},"context":{}}`)
	assert.Equal(t, "deny", a.at(".decision"))
	assert.Equal(t, "the plan is over", a.at(".error.message"))
	assert.Equal(t, "deny", a.at(".error.script"))
	assert.Contains(t, a.body, `["idToken.setCustomClaim","js","u"]`)
}

func TestTryWASM(t *testing.T) {
	n := serveNode(t, "")
	rule := wasmtest.C(t, `handler(rule) i32 rule(void) { output("{\"context\":{\"tried\":true}}"); return 0; }`)
	input := map[string]any{"user": map[string]any{}, "context": map[string]any{}}
	a := n.try("acme", map[string]any{"wasm": base64.StdEncoding.EncodeToString([]byte(rule)), "input": input})
	assert.Equal(t, "true", a.at(".context.tried"), a.body)
	a = n.try("acme", map[string]any{"wasm": base64.StdEncoding.EncodeToString([]byte(rule[:40])), "input": input})
	assert.Equal(t, "invalid", a.at(".error.code"), a.body)
	a = n.try("acme", map[string]any{"wasm": "aGVsbG8=", "input": input})
	assert.Equal(t, 400, a.status)
	assert.Contains(t, a.body, "does not begin with")
	a = n.try("acme", map[string]any{"wasm": "aGVsbG8=", "code": "x", "input": input})
	assert.Contains(t, a.body, "give one")
}

func TestRunWASM(t *testing.T) {
	dir := t.TempDir()
	write := func(name, source string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(source), 0o644))
		return path
	}
	good := write("good.wasm", wasmtest.C(t, `handler(rule) i32 rule(void) { log_info(text("hello")); output("{\"commands\":[[\"idToken.setCustomClaim\",\"k\",1]]}"); return 0; }`))
	js := write("js.js", `function (user, context, callback) { callback(null, user, context); }`)
	code, out, _ := runCommand(t, "run", js, good, js)
	assert.Equal(t, exitOK, code, out)
	assert.Contains(t, out, `"idToken":{"k":1}`)
	assert.Contains(t, out, `{"level":"info","text":"hello","script":"good"}`)
	for what, c := range map[string]struct {
		source, want string
		code         int
	}{
		"trap":     {`handler(rule) i32 rule(void) { __builtin_trap(); }`, `"name":"Trap","message":"unreachable"`, exitFault},
		"error":    {`handler(rule) i32 rule(void) { fail("no plan"); return 1; }`, `"code":"threw","name":"Error","message":"no plan"`, exitFault},
		"member":   {`handler(rule) i32 rule(void) { output("{\"usr\":{}}"); return 0; }`, `unknown member \"usr\"`, exitFault},
		"not JSON": {`handler(rule) i32 rule(void) { output("hello"); return 0; }`, `not JSON`, exitFault},
		"command":  {`handler(rule) i32 rule(void) { output("{\"commands\":[[\"idToken.setClaim\",\"k\",1]]}"); return 0; }`, `there is no command`, exitFault},
		"invalid":  {`handler(one) i32 one(void) { return 0; } handler(two) i32 two(void) { return 0; }`, `"code":"invalid"`, exitUsage},
		"denies":   {`handler(rule) i32 rule(void) { output("{\"commands\":[[\"access.deny\",\"not today\"]]}"); return 0; }`, `"message":"not today"`, exitDeny},
	} {
		code, out, _ := runCommand(t, "run", write("bad.wasm", wasmtest.C(t, c.source)))
		assert.Equal(t, c.code, code, "%s: %s", what, out)
		assert.Contains(t, out, c.want, what)
	}
}
