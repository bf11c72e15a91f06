package modtest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

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
