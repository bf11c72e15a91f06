package sandbox

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// quantiles runs the login n times at an even pace and returns p50 and p99.
func quantiles(t testing.TB, p *Pool, c *rulebox.Chain, n int) (p50, p99 time.Duration) {
	args := payload(t)
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		_, err := p.Invoke(bg(t), &rulebox.Invocation{Chain: c, ID: "tx", Args: args})
		took[i] = time.Since(start)
		require.NoError(t, err)
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(took)
	return took[n/2], took[n*99/100]
}

// While one tenant loops on every processor that it may have, the others go on.
func TestLoopingTenantLeavesOthersAlone(t *testing.T) {
	p := open(t, Options{})
	good := chainOf("good", planRule)
	quiet50, quiet99 := quantiles(t, p, good, 500)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	evil := chainOf("evil", spinRule)
	evil.Limits.Wall = 500 * time.Millisecond
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				login(ctx, p, evil)
			}
		}()
	}
	time.Sleep(300 * time.Millisecond)
	loud50, loud99 := quantiles(t, p, good, 500)
	cancel()
	wg.Wait()
	t.Logf("quiet p50 %s p99 %s, beside loops p50 %s p99 %s", quiet50, quiet99, loud50, loud99)
	require.Less(t, loud99, max(50*time.Millisecond, 20*quiet99))
}

// A chain that computed for long gives way from the start the next time, until an
// invocation of it was short.
func TestHeavyChainGivesWayFromTheStart(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1})
	c := chainOf("acme", `function (user, context, callback) { const end = Date.now() + (user.email ? context.ms : 0); while (Date.now() < end); callback(null, user, context); }`)
	run := func(ms string) {
		_, err := p.Invoke(bg(t), &rulebox.Invocation{Chain: c, ID: "tx", Args: []json.RawMessage{json.RawMessage(`{"email":"a@b.example"}`), json.RawMessage(`{"ms":` + ms + `}`)}})
		require.NoError(t, err)
	}
	heavy := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, ok := p.heavy[c]
		return ok
	}
	run("0")
	require.False(t, heavy())
	run("300")
	require.True(t, heavy())
	before := p.Stats().Demoted
	run("300")
	require.Equal(t, before, p.Stats().Demoted, "it gave way already")
	for range 10 { // the machine may be busy
		if run("0"); !heavy() {
			break
		}
	}
	require.False(t, heavy())
}
