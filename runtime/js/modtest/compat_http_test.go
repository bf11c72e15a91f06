package modtest

import (
	"testing"

	"github.com/rulebox/rulebox/modules"
	"github.com/stretchr/testify/require"
)

// TestCompatHTTP runs the packages that make requests against real servers.
func TestCompatHTTP(t *testing.T) {
	_, opt := webOptions(t)
	Cases(t, "testdata/compat_http_*.txtar", opt)
}

// TestCompat runs the packages that make none.
func TestCompat(t *testing.T) { Cases(t, "testdata/compat_plain_*.txtar") }

// TestEveryGenerationLoads evaluates each generation of each package, by its
// version.
func TestEveryGenerationLoads(t *testing.T) {
	n := 0
	for _, m := range modules.Table() {
		if m.Version == "" || m.Retired != "" {
			continue
		}
		n++
		_, err := New(t).Require(m.ID())
		require.NoError(t, err, m.ID())
		found, ok := modules.Lookup(m.ID())
		require.True(t, ok, m.ID())
		require.Equal(t, m.ID(), found.ID())
	}
	require.Greater(t, n, 20)
}
