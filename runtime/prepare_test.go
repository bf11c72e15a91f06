package runtime

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// What goes on after the answer keeps the processor when a worker would prepare:
// it prepares when it has ended.
func TestPreparesAfterLateWork(t *testing.T) {
	late := make(chan struct{}, 64)
	r := NewRunner(Options{OnCPU: func(number uint64, _ int) {
		select {
		case late <- struct{}{}:
		default:
		}
	}})
	defer r.Close()
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "late", `function (user, context, callback) {
		setImmediate(function () { const end = Date.now() + 200; while (Date.now() < end); });
		callback(null, user, context);
	}`)}}
	_, err := r.Invoke(context.Background(), &rulebox.Invocation{Chain: chain, ID: "1", Args: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}})
	require.NoError(t, err)
	for len(late) > 0 {
		<-late
	}
	if r.Late() > 0 {
		select {
		case <-late: // it is on the processor again
		case <-time.After(20 * time.Second):
			t.Fatal("what was left in flight does not go on")
		}
	}
	r.Prepare(chain)
	state, ok := r.chains.Get(chain)
	require.True(t, ok)
	require.Eventually(t, func() bool { return state.has(0) }, 20*time.Second, time.Millisecond, "the next realm is not ready")
}
