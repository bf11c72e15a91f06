package store

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMisspelledHandlerIsRefused(t *testing.T) {
	const good = "-- acme/actions/a.json --\n{}\n-- acme/actions/a/code.js --\nexports.onExecutePostLogin = () => {};\n-- acme/triggers/triggers.json --\n{\"post-login\": [{\"action_name\": \"a\"}]}\n"
	f, dir := open(t, good)
	require.Empty(t, f.Broken())
	before := f.Tenant("acme")
	write(t, dir, "-- acme/actions/a/code.js --\nexports.onExecutePostlogin = () => {};\n")
	require.NoError(t, f.Load(context.Background()))
	assert.ErrorContains(t, f.Broken()["acme"], "actions/a/code.js: it exports onExecutePostlogin, but not onExecutePostLogin, which post-login calls; did you mean onExecutePostLogin where")
	assert.Same(t, before, f.Tenant("acme"), "the last good version goes on")
}
