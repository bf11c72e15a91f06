package transaction

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// A worker that was taken over names commands as it likes. The error's cause is what
// the node logs: nothing that a guest knows may get there.
func TestCommandsOfAWorkerAreNotLogged(t *testing.T) {
	c := newCluster(t)
	c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Values: inv.Args, Commands: rawCommands(`["hunter2","hunter2"]`)}, nil
	}
	_, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "command 1 of 1")
	require.NotContains(t, err.Error(), "hunter2")
	c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Values: inv.Args, Commands: rawCommands(`["idToken.setCustomClaim",{"hunter2":1}]`)}, nil
	}
	_, err = c.node[0].Invoke(context.Background(), login("acme", ""))
	require.ErrorContains(t, err, "idToken.setCustomClaim", "one that there is may be named")
	require.NotContains(t, err.Error(), "hunter2")
}

// A worker that was taken over changes the cache as often as an engine lets scripts,
// and no more: caches of all tenants have one lock.
func TestCacheChangesOfAWorkerAreBounded(t *testing.T) {
	c := newCluster(t)
	caches := NewMemoryCaches()
	c.node[0].Caches = caches
	c.tenants["acme"].Chains["login"].Cache = MaxCache
	var texts []string
	for i := range rulebox.MaxCommands {
		texts = append(texts, fmt.Sprintf(`["cache.set","k%d","v",4e15]`, i))
	}
	c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Values: inv.Args, Commands: rawCommands(texts...)}, nil
	}
	_, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	require.Len(t, caches.Entries("acme", CacheTrigger("login")), maxCacheChanges)
}
