//go:build !race

package conformance

import (
	"fmt"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/transaction"
)

func TestModulesInProcess(t *testing.T) {
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{Host: &dialer{}})
		t.Cleanup(r.Close)
		return r
	}, "broker")
}

func TestModulesInThePool(t *testing.T) {
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 32, MaxPerTenant: 1, Warm: 4})
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		chain.Session = t.Name()
		return pool
	})
}

func TestModulesOverNATS(t *testing.T) {
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 32, MaxPerTenant: 1, Warm: 4})
	tenants := &bound{}
	client := overBus(t, &transaction.Pipeline{Tenants: tenants, Next: pool})
	n := 0
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		n++
		chain.Tenant, chain.Trigger = fmt.Sprintf("module-%d", n), rulebox.TriggerLogin
		tenants.Store(chain.Tenant, &transaction.Tenant{Name: chain.Tenant, Chains: map[string]*rulebox.Chain{rulebox.TriggerLogin: chain}})
		return overNATS{t, client, chain.Tenant}
	})
}
