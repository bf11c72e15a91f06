package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
)

// versionOf is a tenant whose two rules and configuration all tell the version.
func versionOf(v string) string {
	return strings.ReplaceAll(`
-- acme/rules/a.js --
function (user, context, callback) { context.a = '@V'; context.c = configuration.V; callback(null, user, context); }
-- acme/rules/b.js --
function (user, context, callback) { context.b = '@V'; callback(null, user, context); }
-- acme/rules-configs/v.json --
{"key": "V", "value": "@V"}
`, "@V", v)
}

func TestReload(t *testing.T) {
	t.Parallel()
	n := serveNode(t, versionOf("one"))
	version := func() string { return n.login("acme", someLogin).at(".context.a") }
	becomes := func(want string) {
		t.Helper()
		require.Eventually(t, func() bool { return version() == want }, safety, 2e6)
	}
	require.Equal(t, "one", version())
	writeFiles(t, n.tenants, versionOf("two"))
	becomes("two")

	// A new tenant, and one that goes.
	require.Equal(t, 400, n.login("beta", someLogin).status)
	writeFiles(t, n.tenants, strings.ReplaceAll(versionOf("fresh"), "acme/", "beta/"))
	require.Eventually(t, func() bool { return n.login("beta", someLogin).at(".context.b") == "fresh" }, safety, 2e6)
	require.NoError(t, os.RemoveAll(filepath.Join(n.tenants, "beta")))
	require.Eventually(t, func() bool { return n.login("beta", someLogin).status == 400 }, safety, 2e6)

	// A broken file keeps the last good version and says so; so do others.
	for _, broken := range []struct{ archive, says string }{
		{"-- acme/rules/b.js --\nfunction (user, context, callback) { a b }\n", `rules/b.js: .*does not compile: b:1:40`},
		{"-- acme/rules/b.js --\nfunction (user, context, callback) { callback(); }\n-- acme/rules/b.json --\n{\"ordr\": 1}\n", `rules/b.json: .*unknown field "ordr"`},
		{"-- acme/rulebox.json --\n{\"limits\": {\"wall\": \"soon\"}}\n", `rulebox.json: limits.wall is "soon"`},
		{"-- acme/rulebox.json --\n{\"egress\": [\"10.0.0.0/8\", \"a b\"]}\n", `rulebox.json: egress: "a b": not a CIDR prefix`},
	} {
		writeFiles(t, n.tenants, broken.archive)
		require.Eventually(t, func() bool { return logged(n, `its last good version goes on.*"tenant":"acme".*`+broken.says) }, safety, 2e6, "%s", n.stderr)
		a := n.login("acme", someLogin)
		require.Equal(t, "two two two", a.at(".context.a")+" "+a.at(".context.b")+" "+a.at(".context.c"))
	}
	require.NoError(t, os.Remove(filepath.Join(n.tenants, "acme/rules/b.json")))
	require.NoError(t, os.Remove(filepath.Join(n.tenants, "acme/rulebox.json")))
	writeFiles(t, n.tenants, versionOf("three"))
	becomes("three")
}

// logged says whether a line of the server's log matches: its parts as they are,
// with anything between, for .* in the pattern.
func logged(n *node, parts string) bool {
	for _, line := range strings.Split(n.stderr.String(), "\n") {
		rest, ok := strings.ReplaceAll(line, `\"`, `"`), true
		for _, part := range strings.Split(parts, ".*") {
			if _, rest, ok = strings.Cut(rest, part); !ok {
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

// While a tenant's folder changes from one version to the next, again and again,
// no login sees half of one and half of the other.
func TestReloadIsAtomic(t *testing.T) {
	t.Parallel()
	n := serveNode(t, versionOf("even"))
	other := newNode(t, versionOf("odd"))
	client := n.connect()
	ctx := testContext(t)
	seen := map[string]int{}
	logins := func(until string) {
		for {
			res, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
			require.NoError(t, err)
			require.Equal(t, rulebox.Allow, res.Decision)
			var c struct{ A, B, C string }
			require.NoError(t, json.Unmarshal(res.Values[1], &c))
			require.True(t, c.A == c.B && c.B == c.C, "%+v", c)
			seen[c.A]++
			if c.A == until {
				return
			}
		}
	}
	for i := range 6 {
		from, to := filepath.Join(n.tenants, "acme"), filepath.Join(other.tenants, "acme")
		require.NoError(t, unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE))
		logins([]string{"odd", "even"}[i%2])
	}
	require.Len(t, seen, 2, fmt.Sprint(seen))
}
