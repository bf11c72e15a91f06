//go:build !race

package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/transaction"
)

// directHost dials itself: in process there is no broker.
type directHost struct{}

func (directHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}
func (directHost) Rand() io.Reader { return rand.Reader }

func TestModulesInProcess(t *testing.T) {
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{Host: directHost{}})
		t.Cleanup(r.Close)
		return r
	}, "broker")
}

func TestModulesInThePool(t *testing.T) {
	pool, err := sandbox.New(sandbox.Options{MaxWorkers: 32, MaxPerTenant: 1, Warm: 4})
	require.NoError(t, err)
	run(t, pool.Run)
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		chain.Session = t.Name()
		return pool
	})
}

func TestModulesOverNATS(t *testing.T) {
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
	RunModules(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		n++
		chain.Tenant, chain.Trigger = fmt.Sprintf("module-%d", n), rulebox.TriggerLogin
		tenants.Store(chain.Tenant, &transaction.Tenant{Name: chain.Tenant, Chains: map[string]*rulebox.Chain{rulebox.TriggerLogin: chain}})
		return overNATS{t, client, chain.Tenant}
	})
}
