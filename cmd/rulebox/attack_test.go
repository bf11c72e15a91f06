package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// The proxy's password need not stand on the command line, and --help does not
// show it.
func TestProxyOfTheEnvironment(t *testing.T) {
	t.Setenv(proxyVariable, "http://node:hush@proxy.example:3128")
	opt, err := (&jailFlags{level: "none"}).options(zap.NewNop())
	require.NoError(t, err)
	require.Equal(t, "http://node:hush@proxy.example:3128", opt.Egress.Proxy)
	opt, err = (&jailFlags{level: "none", proxy: "http://other.example:80"}).options(zap.NewNop())
	require.NoError(t, err)
	require.Equal(t, "http://other.example:80", opt.Egress.Proxy)
	_, out, errs := runCommand(t, "serve", "--help")
	require.Contains(t, out+errs, proxyVariable)
	require.NotContains(t, out+errs, "hush")
}
