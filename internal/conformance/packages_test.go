//go:build !race

package conformance

import (
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
)

func TestPackagesInProcess(t *testing.T) {
	RunPackages(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{Host: &dialer{}})
		t.Cleanup(r.Close)
		return r
	})
}

// The jailed worker has the memory of a tenant with the default limits.
func TestPackagesInThePool(t *testing.T) {
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 8, MaxPerTenant: 1, Warm: 2})
	RunPackages(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		chain.Session = t.Name()
		return pool
	})
}
