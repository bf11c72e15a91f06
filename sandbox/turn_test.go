package sandbox

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// occupy keeps every processor in use until the test ends.
func occupy(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	for range runtime.NumCPU() {
		cmd := exec.Command(exe, "spin")
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
	}
}

// A login that computes for a moment ends although something else never rests, and
// so do several at once, beside a loop.
func TestThoseWhoGiveWayHaveTheirTurn(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 2})
	occupy(t)
	work := func(tenant string) *rulebox.Chain {
		c := chainOf(tenant, `function (user, context, callback) { let n = 0; for (let i = 0; i < context.n; i++) n += i % 7; user.n = n; callback(null, user, context); }`)
		c.Limits.Wall = 30 * time.Second
		return c
	}
	run := func(c *rulebox.Chain, n string) (*rulebox.Result, error) {
		return p.Invoke(bg(t), &rulebox.Invocation{Chain: c, ID: "tx", Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{"n":` + n + `}`)}})
	}
	const n, want = "300000", `{"n":899997}`
	loop := chainOf("evil", spinRule)
	loop.Limits.Wall = 30 * time.Second
	var wg, loops sync.WaitGroup
	ctx, cancel := context.WithCancel(bg(t))
	loops.Go(func() {
		_, err := login(ctx, p, loop)
		assert.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "it loops until the others are done")
	})
	begin := time.Now()
	for _, tenant := range []string{"a", "b", "c"} {
		c := work(tenant)
		wg.Go(func() {
			for range 2 { // the second gives way from the start
				res, err := run(c, n)
				if assert.NoError(t, err) {
					assert.JSONEq(t, want, string(res.Values[0]))
				}
			}
			t.Logf("tenant %s was done after %s", tenant, time.Since(begin).Round(time.Millisecond))
		})
	}
	wg.Wait()
	cancel()
	loops.Wait()
	s := p.Stats()
	assert.Positive(t, s.Demoted)
	assert.Positive(t, s.Turns)
}

// What a machine's other work keeps from the processor has not computed.
func TestWaitingForAProcessorIsNotComputing(t *testing.T) {
	p := open(t, Options{})
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	w := theWorker(t, p)
	require.Zero(t, w.computed(7))
	time.Sleep(3 * demoteAfter)
	require.Less(t, w.computed(7), demoteAfter, "an idle worker")
	require.Zero(t, w.computed(8), "another invocation starts anew")
}
