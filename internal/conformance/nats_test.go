//go:build !race

package conformance

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/transaction"
)

func TestMain(m *testing.M) { pooltest.Main(m) }

// bound holds one tenant for each case.
type bound struct{ sync.Map }

func (b *bound) Tenant(name string) *transaction.Tenant {
	t, _ := b.Load(name)
	found, _ := t.(*transaction.Tenant)
	return found
}

// overNATS asks for what is bound to the case's tenant.
type overNATS struct {
	t      *testing.T
	client *bus.Client
	tenant string
}

func (o overNATS) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	if !inv.Now.IsZero() {
		o.t.Skip("a fixed clock is for tries")
	}
	return o.client.Invoke(ctx, &rulebox.Invocation{Tenant: o.tenant, Trigger: inv.Trigger, ID: inv.ID, Args: inv.Args})
}

// overBus serves the handler over NATS and returns a client that asks it.
func overBus(t *testing.T, handler rulebox.Invoker) *bus.Client {
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	conn, err := server.Conn()
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	ready := make(chan struct{})
	pooltest.Run(t, func(ctx context.Context) error {
		return bus.Serve(ctx, bus.ServeOptions{Conn: conn, Handler: handler, Ready: func() { close(ready) }})
	})
	<-ready
	client, err := bus.Connect(context.Background(), bus.ConnectOptions{DataDir: server.DataDir(), URL: server.URL()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// Scripts and callers cannot tell how far apart they are: the same cases over
// NATS, through the pipeline, in jailed workers.
func TestOverNATS(t *testing.T) {
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 32, MaxPerTenant: 1, Warm: 4})
	tenants := &bound{}
	client := overBus(t, &transaction.Pipeline{Tenants: tenants, Next: pool})
	n := 0
	RunAdjusted(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		if chain.Scripts == nil || chain.Scripts[0].Kind == rulebox.KindDBScript {
			t.Skip("which arguments a database script has is known by its trigger")
		}
		n++
		chain.Tenant = fmt.Sprintf("case-%d", n)
		tenants.Store(chain.Tenant, &transaction.Tenant{Name: chain.Tenant, Chains: map[string]*rulebox.Chain{chain.Trigger: chain}})
		return overNATS{t, client, chain.Tenant}
	}, piped, "resume", "stored", "engine")
}

// piped is what a case wants when the pipeline stands between: what happens to the
// cache is no news for the caller, and what a suspended chain waits for is in the
// decision.
func piped(c *Case) {
	if c.Want.Commands != nil {
		kept := slices.DeleteFunc(slices.Clone(*c.Want.Commands), func(command []any) bool {
			return command[0] == "cache.set" || command[0] == "cache.delete"
		})
		c.Want.Commands = &kept
	}
	c.Want.Suspended = nil
}
