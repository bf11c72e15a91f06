package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/store"
)

func TestDeclaredVersions(t *testing.T) {
	packages := store.OpenPackages(t.TempDir())
	require.NoError(t, packages.Load())
	check := declared(packages)
	for request, want := range map[string]string{
		"auth0@99.1.0":     "auth0@99.1.0 is declared; 7.",
		"axios@^99":        "axios@^99 is declared; 1.",
		"axios@0.1.0":      "axios@0.1.0 is declared; 0.27",
		"uuid@5.0.0":       "uuid@5.0.0 is declared; 3.4.0 runs: add the other with `rulebox modules add uuid@5.0.0`, or declare one of 3.4.0, ",
		"auth0@latest":     "",
		"auth0@5.0.0":      "",
		"auth0@^4.1.2":     "",
		"auth0@v3":         "",
		"axios@0.27.1":     "",
		"crypto@1.0.1":     "",
		"axios@not.a.one!": "",
	} {
		name, version, ok := strings.Cut(request, "@")
		require.True(t, ok)
		warning, err := check(name, version)
		require.NoError(t, err, request)
		if want == "" {
			assert.Empty(t, warning, request)
		} else {
			assert.Contains(t, warning, want, request)
		}
	}
	require.NoError(t, packages.Put(store.PackageLock{Name: "auth0", Version: "99.4.0"}, "module.exports = 1"))
	warning, err := check("auth0", "99.1.0")
	require.NoError(t, err)
	assert.Empty(t, warning, "the operator has added it")
	_, err = check("loadsh", "4.17.21")
	assert.ErrorContains(t, err, `did you mean "lodash"?`)
}
