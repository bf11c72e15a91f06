package modtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestCompatInRules runs the same cases as rules, in the realm that customers
// get: its loader and its event loop.
func TestCompatInRules(t *testing.T) {
	host, opt := webOptions(t)
	r := New(t, opt) // knows the servers' names
	var names strings.Builder
	for _, n := range []string{"BASE", "SECURE", "SELFSIGNED", "SELFSIGNED_PEM", "PORT", "CLOSED"} {
		b, err := json.Marshal(r.VM.Get(n).Export())
		require.NoError(t, err)
		fmt.Fprintf(&names, "globalThis.%s = %s;", n, b)
	}
	runner := runtime.NewRunner(runtime.Options{Host: host})
	defer runner.Close()
	for _, pattern := range []string{"testdata/compat_plain_*.txtar", "testdata/compat_http_*.txtar"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			ar, err := txtar.ParseFile(file)
			require.NoError(t, err)
			for _, f := range ar.Files {
				name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + strings.TrimSuffix(f.Name, ".js")
				t.Run(name, func(t *testing.T) { runAsRule(t, runner, f.Name, names.String()+string(f.Data)) })
			}
		}
	}
}

// TestFireAndForget sends a request that nothing waits for: the login does not
// wait either, the request is made all the same, and its failure harms nothing.
func TestFireAndForget(t *testing.T) {
	got := make(chan string, 4)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.URL.Path
	}))
	defer s.Close()
	runner := runtime.NewRunner(runtime.Options{Host: &dialHost{}})
	defer runner.Close()
	run := func(body string) (*rulebox.Result, error) {
		chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Configuration: map[string]string{"BASE": s.URL},
			Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", "function (user, context, callback) {"+body+"}")}}
		return runner.Invoke(t.Context(), &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}})
	}
	_, err := run(`
		require('request').post({ url: configuration.BASE + '/request', json: { a: 1 } });
		require('slack-notify')(configuration.BASE + '/slack').alert('x');
		require('request-promise').post(configuration.BASE + '/promise');
		callback(null, user, context);`)
	require.NoError(t, err)
	var paths []string
	for range 3 {
		select {
		case p := <-got:
			paths = append(paths, p)
		case <-time.After(10 * time.Second):
			t.Fatalf("only %v arrived", paths)
		}
	}
	require.ElementsMatch(t, []string{"/request", "/slack", "/promise"}, paths)

	_, err = run(`require('request-promise')('http://10.9.8.7/'); setTimeout(() => callback(null, user, context), 50);`)
	require.NoError(t, err, "a promise that nobody took")

	// As in Node.js, an error event that nobody listens to is an uncaught error.
	_, err = run(`require('request')('http://10.9.8.7/'); setTimeout(() => callback(null, user, context), 1000);`)
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%v", err)

	_, err = run(`require('request')(configuration.BASE, () => { null.x; });`)
	require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err), "%v", err)
}

func TestWhatIsNoVersion(t *testing.T) {
	runner := runtime.NewRunner(runtime.Options{Host: closedHost{}})
	defer runner.Close()
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{
		rulebox.NewScript(rulebox.KindRule, "r", "function (user, context, callback) { require('axios@latest'); }")}}
	_, err := runner.Invoke(t.Context(), &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}})
	require.ErrorContains(t, err, "Cannot find module 'axios@latest': write a version such as 0.27.2; there are the generations 0.27.2 and 1.7.9")
}

// BenchmarkCompat measures what a fresh realm pays for a package.
func BenchmarkCompat(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"nothing", `1`},
		{"request", `require('request')`},
		{"request-promise", `require('request-promise')`},
		{"axios", `require('axios')`},
		{"axios@1", `require('axios@1.7.9')`},
		{"node-fetch", `require('node-fetch')`},
		{"jsonwebtoken", `require('jsonwebtoken')`},
		{"jwt.sign", `require('jsonwebtoken').sign({a: 1}, 'secret', {expiresIn: '1h'})`},
		{"auth0", `require('auth0')`},
		{"auth0.ManagementClient", `new (require('auth0').ManagementClient)({token: 't', domain: 'd'})`},
		{"qs.stringify", `require('qs').stringify({a: {b: [1, 2]}})`},
		{"uuid", `require('uuid')()`},
		{"bcrypt", `require('bcrypt')`},
	} {
		b.Run(c.name, func(b *testing.B) { evaluating(b, c.body) })
	}
}
