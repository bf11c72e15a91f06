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

// What a run requires is made ready for every next run, not for every other one,
// with the parts that modules load late; what a run did not use is not.
func TestPreparesWhatRunsUse(t *testing.T) {
	r := NewRunner(Options{})
	defer r.Close()
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "hash", `function (user, context, callback) {
		if (user.hash) require('crypto').createHash('sha256').update('a').digest('hex');
		callback(null, user, context);
	}`)}}
	for _, c := range []struct {
		user string
		want []string
	}{
		{`{"hash":true}`, []string{"require", "require:crypto", "require:internal/crypto/hash"}},
		{`{"hash":true}`, []string{"require", "require:crypto", "require:internal/crypto/hash"}},
		{`{"hash":true}`, []string{"require", "require:crypto", "require:internal/crypto/hash"}},
		{`{}`, []string{"require"}},
		{`{"hash":true}`, []string{"require", "require:crypto", "require:internal/crypto/hash"}},
	} {
		_, err := r.Invoke(context.Background(), &rulebox.Invocation{Chain: chain, ID: "1", Args: []json.RawMessage{[]byte(c.user), []byte(`{}`)}})
		require.NoError(t, err)
		state, ok := r.chains.Get(chain)
		require.True(t, ok)
		require.Equal(t, c.want, state.lastTouched(0))
		r.Prepare(chain)
	}
}
