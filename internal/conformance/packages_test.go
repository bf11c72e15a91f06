//go:build !race

package conformance

import (
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/stretchr/testify/require"
)

func TestPackagesInProcess(t *testing.T) {
	RunPackages(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{Host: directHost{}})
		t.Cleanup(r.Close)
		return r
	})
}

// The jailed worker has the memory of a tenant with the default limits.
func TestPackagesInThePool(t *testing.T) {
	pool, err := sandbox.New(sandbox.Options{MaxWorkers: 8, MaxPerTenant: 1, Warm: 2})
	require.NoError(t, err)
	run(t, pool.Run)
	RunPackages(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		chain.Session = t.Name()
		return pool
	})
}
