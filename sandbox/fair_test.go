package sandbox

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

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

// Calls that come and go beside the look-out leave the worker scheduled as the
// last of them had it: one left behind as idle work would make light logins slow
// on a busy machine.
func TestLastChangeOfScheduleStands(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1})
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	w := theWorker(t, p)
	p.rota.mu.Lock()
	p.rota.denied = true // a turn on a busy machine would be one change more
	p.rota.mu.Unlock()
	policy := func() uint32 {
		attr, err := unix.SchedGetAttr(w.cmd.Process.Pid, 0)
		require.NoError(t, err)
		return attr.Policy
	}
	for i := range 300 {
		var wg sync.WaitGroup
		for _, idle := range []bool{true, false, i%2 == 0} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				p.mu.Lock()
				w.demoted.Store(idle)
				p.mu.Unlock()
				p.settle(w)
			}()
		}
		wg.Wait()
		want := uint32(unix.SCHED_NORMAL)
		if w.demoted.Load() {
			want = unix.SCHED_IDLE
		}
		require.Equal(t, want, policy(), "round %d", i)
	}
}

// A caller has its answer before its place is free, so that the next call can be
// there already: it gives way on, if it is to.
func TestReleaseLeavesTheNextCallItsSchedule(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1})
	light, heavy := chainOf("acme", okRule), chainOf("acme", okRule)
	p.mu.Lock()
	p.remember(heavy)
	p.mu.Unlock()
	take := func(c *rulebox.Chain) (*worker, *call) {
		call, err := newCall(bg(t), &rulebox.Invocation{Chain: c})
		require.NoError(t, err)
		w, err := p.acquire(bg(t), call)
		require.NoError(t, err)
		return w, call
	}
	w, first := take(light)
	require.False(t, w.demoted.Load())
	same, next := take(heavy)
	require.Same(t, w, same)
	p.release(w, first)
	require.True(t, w.demoted.Load(), "the first one's end")
	p.release(w, next)
	require.False(t, w.demoted.Load(), "the heavy one's end")
}
