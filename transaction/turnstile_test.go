package transaction

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// A tenant whose users are all imported at once does not hold up another's: the
// hashes are made on the node's own processors, which no worker's priority is about.
func TestImportsTakeTurns(t *testing.T) {
	all := tenants{}
	for _, name := range []string{"flood", "other"} {
		all[name] = &Tenant{Name: name, Connections: map[string]*Connection{"legacy": {Name: "legacy", Enabled: true, Import: true}}, Chains: map[string]*rulebox.Chain{
			"db.legacy.login": {Tenant: name, Trigger: "db.legacy.login", Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", "x")}},
		}}
	}
	d := &Directory{Tenants: all, Pad: time.Millisecond, Next: &Pipeline{Tenants: all, Next: invokerFunc(func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Values: []json.RawMessage{json.RawMessage(ada)}}, nil
	})}}
	login := func(ctx context.Context, tenant string) error {
		_, err := d.Login(ctx, event.Query{Tenant: tenant, Connection: "legacy"}, "ada@x.example", "right")
		return err
	}
	const flood = 40
	var done atomic.Int32
	var wait sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan struct{}, flood)
	for range flood {
		wait.Go(func() {
			if login(ctx, "flood") == nil {
				done.Add(1)
			}
			first <- struct{}{}
		})
	}
	<-first
	before := done.Load()
	require.NoError(t, login(context.Background(), "other"))
	during := done.Load() - before
	// Who gives up leaves the queue at once, and what is left goes on.
	cancel()
	wait.Wait()
	require.Less(t, during, int32(flood/4), "so many of the flood were before the one of the other tenant")
	require.NoError(t, login(context.Background(), "flood"))
	require.Empty(t, hashes.tenants, "nothing is kept of who has gone")
	err := login(ctx, "flood")
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
}
