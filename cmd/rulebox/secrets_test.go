package main

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Neither the log, at its most talkative, nor a file of the data folder tells
// what a rule's configuration, a user, or a token is. Every value below holds
// secretMark.
func TestSecretsStayIn(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "answer "+secretMark, http.StatusTeapot)
	}))
	defer api.Close()
	address := strings.TrimPrefix(api.URL, "http://")
	n := serveNode(t, strings.NewReplacer("MARK", secretMark, "API", address).Replace(`
-- acme/rules/a.js --
async function (user, context, callback) {
  console.log('log', user.email, configuration.KEY, auth0.accessToken);
  console.error({ user, configuration });
  process.stdout && process.stdout.write && process.stdout.write(user.email);
  switch (user.do) {
    case 'deny': return callback(new UnauthorizedError('denied ' + user.email + configuration.KEY));
    case 'throw': throw new Error('thrown ' + user.email + configuration.KEY);
    case 'name': { const e = new Error(user.email); e.name = configuration.KEY; throw e; }
    case 'reject': return Promise.reject(user.email);
    case 'late': setTimeout(() => { throw new Error(user.email); }, 1); return callback(null, user, context);
    case 'loop': for (;;) {}
    case 'eat': { const all = []; for (;;) all.push(user.email + all.length); }
    case 'big': context.big = user.email.repeat(1e6); break;
    case 'fetch': await fetch('http://API/' + user.email, { headers: { authorization: auth0.accessToken } }); break;
    case 'refused': await fetch('http://' + user.email + '@127.0.0.1:1/' + configuration.KEY); break;
    case 'require': require(user.email); break;
    case 'patch': await auth0.users.updateAppMetadata(user.user_id, { secret: user.email }); break;
    case 'redirect': context.redirect = { url: 'https://x.example/?' + user.email }; break;
  }
  callback(null, user, context);
}
-- acme/rules-configs/key.json --
{"key": "KEY", "value": "key-MARK"}
-- acme/rulebox.json --
{"limits": {"wall": "600ms", "memory": "32MiB"}, "egress": ["API"],
 "management": {"domain": "d.example", "baseUrl": "http://API/api/v2", "accessToken": "token-MARK"}}
-- broken/rules/a.js --
function (user, context, callback) { const a = ##KEY##; }
-- broken/config.json --
{"AUTH0_KEYWORD_REPLACE_MAPPINGS": {"KEY": "mapping MARK"}}
`))
	client := n.connect()
	ctx := testContext(t)
	answered := ""
	for _, do := range []string{"", "deny", "throw", "name", "reject", "late", "loop", "eat", "big", "fetch", "refused", "require", "patch", "redirect"} {
		user := `{"do":"` + do + `","user_id":"id-` + secretMark + `","email":"mail-` + secretMark + `@x.example"}`
		context := `{"idToken":{},"secret":"context-` + secretMark + `"}`
		a := n.login("acme", `{"user":`+user+`,"context":`+context+`}`)
		answered += a.body
		_, _ = client.Login(ctx, "acme", json.RawMessage(user), json.RawMessage(context)) // its outcome is not what is tested
	}
	require.Contains(t, answered, "key-"+secretMark, "the rule's author sees what the rule logged")
	for _, body := range []string{`{"user":"` + secretMark + `"}`, `{"` + secretMark + `":1}`, `{"user":{` + secretMark, secretMark,
		`{"id":"` + secretMark + ` ` + `","user":{},"context":{}}`} {
		require.Equal(t, 400, n.login("acme", body).status)
	}
	broken := n.login("broken", someLogin)
	require.Contains(t, broken.body, "a:1:")
	require.NotContains(t, broken.body, secretMark, "nor does a caller see what a placeholder became")
	n.try("acme", map[string]any{"code": "function (u, c, cb) { console.log('" + secretMark + "'); oops('" + secretMark + "'); }",
		"configuration": map[string]string{"K": secretMark}, "auth0": map[string]string{"accessToken": secretMark},
		"input": map[string]any{"user": map[string]any{}, "context": map[string]any{}}})
	n.try("acme", map[string]any{"code": "function " + secretMark + " oops"})
	n.send("POST", "/v1/tenants/acme/triggers/login", "rbx_"+secretMark, someLogin)
	n.send("POST", "/v1/tenants/acme/triggers/login?token="+secretMark, n.token, someLogin)

	writeFiles(t, n.tenants, "-- acme/rules-configs/key.json --\n{\"key\": \"KEY\", \"value\": \"key-"+secretMark+"\", \"oops\": \""+secretMark+"\"}\n")
	require.Eventually(t, func() bool { return logged(n, "last good version goes on") }, safety, 5e6)
	require.Zero(t, n.stop())
	require.Contains(t, n.stderr.String(), `"code":"threw"`, "the log has a line for each login")
	for _, line := range strings.Split(n.stderr.String(), "\n") {
		require.NotContains(t, line, secretMark)
	}
	require.NotContains(t, n.stdout.String(), secretMark)
	require.NoError(t, filepath.WalkDir(n.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(text), secretMark, path)
		return nil
	}))
}
