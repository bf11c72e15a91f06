//go:build !race

package conformance

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/worker"
	"github.com/rulebox/rulebox/transaction"
)

func TestMain(m *testing.M) {
	confine.Init()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		worker.Main()
	}
	os.Exit(m.Run())
}

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
	return o.client.Invoke(ctx, &rulebox.Invocation{Tenant: o.tenant, Trigger: rulebox.TriggerLogin, ID: inv.ID, Args: inv.Args})
}

// Scripts and callers cannot tell how far apart they are: the same cases over
// NATS, through the pipeline, in jailed workers.
func TestOverNATS(t *testing.T) {
	pool, err := sandbox.New(sandbox.Options{MaxWorkers: 32, MaxPerTenant: 1, Warm: 4})
	require.NoError(t, err)
	run(t, pool.Run)
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	conn, err := server.Conn()
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	tenants := &bound{}
	ready := make(chan struct{})
	run(t, func(ctx context.Context) error {
		return bus.Serve(ctx, bus.ServeOptions{Conn: conn, Handler: &transaction.Pipeline{Tenants: tenants, Next: pool}, Ready: func() { close(ready) }})
	})
	<-ready
	client, err := bus.Connect(context.Background(), bus.ConnectOptions{DataDir: server.DataDir(), URL: server.URL()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	n := 0
	Run(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		for _, s := range chain.Scripts {
			if s.Kind != rulebox.KindRule {
				t.Skip("the bus carries logins")
			}
		}
		n++
		chain.Tenant, chain.Trigger = fmt.Sprintf("case-%d", n), rulebox.TriggerLogin
		tenants.Store(chain.Tenant, &transaction.Tenant{Name: chain.Tenant, Chains: map[string]*rulebox.Chain{rulebox.TriggerLogin: chain}})
		return overNATS{t, client, chain.Tenant}
	})
}

// run runs a part until the test ends.
func run(t *testing.T, part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}
