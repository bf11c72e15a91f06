package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

func TestLogin(t *testing.T) {
	p := open(t, Options{})
	res, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	require.Len(t, res.Values, 2)
	require.JSONEq(t, `{"idToken":{"seen":true},"accessToken":{}}`, string(res.Values[1]))
	require.Equal(t, "tx-1", res.ID)
	require.Positive(t, res.Usage.Run)
}

// hang cannot be interrupted: it loops in the engine, not in the script.
const hangRule = `function (user, context, callback) { Array.prototype.indexOf.call({length: 2**53-1}, 1); callback(null, user, context); }`

// What breaks a limit gets the limit's code, in time, naming the script; the node
// and everybody else go on.
func TestHostile(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	p := open(t, Options{})
	for _, tc := range []struct {
		name, body string
		code       rulebox.Code
		blame      bool
		says       string
	}{
		{"endless loop", `for (;;) {}`, rulebox.CodeTimeout, true, ""},
		{"loop in the engine", `Array.prototype.indexOf.call({length: 2**53-1}, 1)`, rulebox.CodeTimeout, true, "limit of 400ms"},
		{"sparse join", `var a = []; a[4294967294] = 1; a.join()`, "", true, ""},
		{"giant string", `"x".repeat(2**40)`, "", false, ""},
		{"doubling string", `var s = "xxxxxxxx"; for (;;) { s += s; }`, rulebox.CodeMemory, true, ""},
		{"growing array", `var a = []; for (;;) { a.push(new Array(1000).fill(7)); }`, rulebox.CodeMemory, true, "memory"},
		{"deep nesting", `eval("[".repeat(5e6))`, rulebox.CodeMemory, true, ""},
		{"generator recursion", `function* g() { yield* g(); } for (var x of g()) {}`, "", true, ""},
		{"apply length", `Function.prototype.apply.call(function () {}, null, {length: 4e9})`, rulebox.CodeMemory, true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := chainOf("evil", okRule, "function (user, context, callback) { "+tc.body+"; callback(null, user, context); }")
			c.Limits = rulebox.Limits{Wall: 400 * time.Millisecond, Memory: 64 << 20}
			if tc.code == rulebox.CodeMemory {
				c.Limits.Wall = 5 * time.Second // time to get there on a busy machine
			}
			start := time.Now()
			_, err := login(bg(t), p, c)
			took := time.Since(start)
			t.Logf("%s after %s", err, took.Round(time.Millisecond))
			require.Error(t, err)
			assert.Less(t, took, c.Limits.Wall+250*time.Millisecond)
			var e *rulebox.Error
			require.ErrorAs(t, err, &e)
			if tc.code != "" {
				assert.Equal(t, tc.code, e.Code)
			} else {
				assert.Contains(t, []rulebox.Code{rulebox.CodeTimeout, rulebox.CodeMemory, rulebox.CodeThrew}, e.Code)
			}
			if tc.blame {
				assert.Equal(t, "b", e.Script)
			}
			assert.Contains(t, e.Message, tc.says)
			_, err = login(bg(t), p, chainOf("evil", okRule))
			assert.NoError(t, err, "the same tenant's next login")
			_, err = login(bg(t), p, chainOf("good", okRule))
			assert.NoError(t, err, "another tenant's login")
		})
	}
	t.Log(p.Stats().Deaths)
}

// Two tenants, and two sessions of one, never share a process.
func TestTenantsShareNothing(t *testing.T) {
	p := open(t, Options{Warm: 1})
	const leave = `function (user, context, callback) { context.idToken.before = String(global.mark); global.mark = context.mark || "left"; callback(null, user, context); }`
	script := rulebox.NewScript(rulebox.KindRule, "r", leave)
	before := func(tenant, session string) string {
		c := &rulebox.Chain{Tenant: tenant, Session: session, Trigger: "login", Scripts: []*rulebox.Script{script}}
		res, err := login(bg(t), p, c)
		require.NoError(t, err)
		var v struct{ IDToken struct{ Before string } }
		require.NoError(t, json.Unmarshal(res.Values[1], &v))
		return v.IDToken.Before
	}
	for _, who := range [][2]string{{"a", ""}, {"b", ""}, {"a", "s1"}, {"a", "s2"}, {"b", "s1"}} {
		require.Equal(t, "undefined", before(who[0], who[1]), "%v saw what another left", who)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Equal(t, 5, p.leased)
	pids := map[int]groupKey{}
	for key, g := range p.groups {
		for _, w := range g.workers {
			require.Zero(t, pids[w.cmd.Process.Pid], "shared by %v", key)
			pids[w.cmd.Process.Pid] = key
			for c := range w.table.chains {
				require.Equal(t, key, groupKey{c.Tenant, c.Session, confine.JS})
			}
		}
	}
}

// The one that broke the limit is blamed; those who shared its worker are told
// so, and the script runs alone afterwards.
func TestBlame(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1})
	wait := chainOf("acme", `function (user, context, callback) { setTimeout(function () { callback(null, user, context); }, 5000); }`)
	hang := chainOf("acme", hangRule)
	hang.Limits.Wall = 300 * time.Millisecond
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = login(bg(t), p, wait)
		}()
	}
	// All have begun: those that have not would be moved.
	require.Eventually(t, func() bool { return begun(p) == len(errs) }, 5*time.Second, 5*time.Millisecond)
	_, err := login(bg(t), p, hang)
	var e *rulebox.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, rulebox.CodeTimeout, e.Code)
	require.Equal(t, "a", e.Script)
	require.NotContains(t, e.Message, "another login")
	wg.Wait()
	for _, err := range errs {
		require.ErrorAs(t, err, &e)
		require.Equal(t, rulebox.CodeTimeout, e.Code)
		require.Contains(t, e.Message, "another login's script ended the worker")
		require.Contains(t, e.Hint, "not tried again")
	}
	require.Len(t, p.tainted, 1)
	require.Contains(t, p.tainted, tainted{hang.Tenant, hang.Scripts[0].Digest})
}

// Logins that only waited behind the culprit lose nothing: they never began, and
// are moved to another worker.
func TestWaitingLoginsAreMoved(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1, Warm: 1})
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	hang := chainOf("acme", hangRule)
	hang.Limits.Wall = 300 * time.Millisecond
	c := chainOf("acme", okRule)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		_, err := login(bg(t), p, hang)
		assert.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	}()
	w := theWorker(t, p)
	require.Eventually(t, func() bool { return !w.page.Idle() }, time.Second, 100*time.Microsecond)
	for range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := login(bg(t), p, c)
			assert.NoError(t, err)
		}()
	}
	wg.Wait()
	t.Logf("%d moved, the others waited in the node", p.Stats().Retried)
}

// What goes on after the answer has the invocation's time and no more, and is
// nobody else's trouble.
func TestTailIsBounded(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 2})
	tail := chainOf("acme", `function (user, context, callback) {
		callback(null, user, context);
		setTimeout(function () { Array.prototype.indexOf.call({length: 2**53-1}, 1); }, 1);
	}`)
	tail.Limits.Wall = 400 * time.Millisecond
	_, err := login(bg(t), p, tail)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !theWorker(t, p).page.Idle() }, time.Second, time.Millisecond)
	for p.Stats().Deaths["deadline"] == 0 {
		_, err := login(bg(t), p, chainOf("acme", okRule))
		if err != nil {
			require.ErrorContains(t, err, "another login's script")
		}
		time.Sleep(time.Millisecond)
	}
	require.Contains(t, p.tainted, tainted{tail.Tenant, tail.Scripts[0].Digest})
}

// A script that cost a worker its life runs alone: others beside it live.
func TestCulpritRunsAlone(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 2, Warm: 2})
	_, err := login(bg(t), p, chainOf("acme", okRule)) // a worker has started
	require.NoError(t, err)
	hang := chainOf("acme", hangRule)
	hang.Limits.Wall = 300 * time.Millisecond
	_, err = login(bg(t), p, hang)
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	done := make(chan error, 1)
	go func() {
		_, err := login(bg(t), p, hang)
		done <- err
	}()
	for range 20 {
		_, err := login(bg(t), p, chainOf("acme", okRule))
		require.NoError(t, err)
	}
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(<-done))
}

// begun is how many invocations in flight were on a processor.
func begun(p *Pool) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.all {
		w.mu.Lock()
		for seq := range w.calls {
			if w.page.Started(seq) {
				n++
			}
		}
		w.mu.Unlock()
	}
	return n
}

func inflight(p *Pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for w := range p.all {
		n += w.load
	}
	return n
}

func TestCallerGivesUp(t *testing.T) {
	p := open(t, Options{})
	_, err := login(bg(t), p, chainOf("acme", okRule)) // a worker has started
	require.NoError(t, err)
	for name, rule := range map[string]string{
		"waits": `function (user, context, callback) { setTimeout(callback, 60000); }`,
		"spins": spinRule,
		"hangs": hangRule,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(bg(t))
			gaveUp := make(chan time.Time, 1)
			go func() {
				for begun(p) == 0 && bg(t).Err() == nil {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(20 * time.Millisecond)
				gaveUp <- time.Now()
				cancel()
			}()
			_, err := login(ctx, p, chainOf("acme", rule))
			require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
			require.Less(t, time.Since(<-gaveUp), 500*time.Millisecond)
			_, err = login(bg(t), p, chainOf("acme", okRule))
			require.NoError(t, err)
		})
	}
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(bg(t), 150*time.Millisecond)
		defer cancel()
		_, err := login(ctx, p, chainOf("acme", hangRule))
		require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Contains(t, err.Error(), "caller's time")
	})
	t.Run("already past", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(bg(t), -time.Second)
		defer cancel()
		_, err := login(ctx, p, chainOf("acme", okRule))
		require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
	})
}

func TestBadRequests(t *testing.T) {
	p := open(t, Options{})
	arg := json.RawMessage(`{}`)
	bad := chainOf("acme", okRule)
	bad.Scripts[0].Digest = rulebox.DigestOf(rulebox.KindRule, "something else")
	egress := chainOf("acme", okRule)
	egress.Egress = []string{"not an entry"}
	for _, tc := range []struct {
		name, says string
		inv        *rulebox.Invocation
	}{
		{"no chain", "no chain", &rulebox.Invocation{}},
		{"nil script", "script 1", &rulebox.Invocation{Chain: &rulebox.Chain{Scripts: []*rulebox.Script{nil}}}},
		{"no digest", "no digest", &rulebox.Invocation{Chain: &rulebox.Chain{Scripts: []*rulebox.Script{{Kind: "rule", Source: okRule}}}}},
		{"wrong digest", "digest", &rulebox.Invocation{Chain: bad, Args: []json.RawMessage{arg, arg}}},
		{"egress", `"not an entry"`, &rulebox.Invocation{Chain: egress, Args: []json.RawMessage{arg, arg}}},
		{"huge", "at most", &rulebox.Invocation{Chain: chainOf("acme", okRule), Args: []json.RawMessage{json.RawMessage(`"` + strings.Repeat("x", 17<<20) + `"`), arg}}},
		{"syntax", "", &rulebox.Invocation{Chain: chainOf("acme", `function (`), Args: []json.RawMessage{arg, arg}}},
		{"no JSON", "", &rulebox.Invocation{Chain: chainOf("acme", okRule), Args: []json.RawMessage{json.RawMessage(`{`), arg}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := p.Invoke(bg(t), tc.inv)
			require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "%v", err)
			require.Contains(t, err.Error(), tc.says)
		})
	}
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	require.Zero(t, p.Stats().Deaths["protocol"])
}

func TestCheck(t *testing.T) {
	p := open(t, Options{})
	require.Eventually(t, func() bool { return p.Stats().Blank > 0 }, 10*time.Second, time.Millisecond)
	rep, err := p.Check(bg(t), rulebox.NewScript(rulebox.KindRule, "r", `function (user, context, cb) { require("crypto"); cb(null, user, context); }`))
	require.NoError(t, err)
	require.Equal(t, []string{"crypto"}, rep.Modules)
	for name, source := range map[string]string{
		"syntax":  `function (user context) {}`,
		"nesting": strings.Repeat("[", 5_000_000),
		"folding": `function (user, context, cb) { return 2n**(2n**34n); }`,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := p.Check(bg(t), rulebox.NewScript(rulebox.KindRule, "r", source))
			require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "%v", err)
			t.Log(err, time.Since(start).Round(time.Millisecond))
		})
	}
	require.Zero(t, p.Stats().Leased)
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(bg(t))
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := p.Check(ctx, rulebox.NewScript(rulebox.KindRule, "r", `function (user, context, cb) { return 2n**(2n**34n); }`))
		require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err), "%v", err)
	})
}

// A pool at its limit gives the longest idle worker's place away, and refuses at
// once when all are at work.
func TestMaxWorkers(t *testing.T) {
	p := open(t, Options{MaxWorkers: 2, MaxPerTenant: 1, Warm: 1})
	for i := range 6 {
		_, err := login(bg(t), p, chainOf(fmt.Sprint("tenant", i), okRule))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, p.Stats().Leased, 2)
	require.EqualValues(t, 4, p.Stats().Evicted)

	slow := `function (user, context, callback) { setTimeout(function () { callback(null, user, context); }, 700); }`
	done := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, err := login(bg(t), p, chainOf(fmt.Sprint("slow", i), slow))
			done <- err
		}()
	}
	require.Eventually(t, func() bool { return inflight(p) == 2 }, 5*time.Second, time.Millisecond)
	start := time.Now()
	_, err := login(bg(t), p, chainOf("late", okRule))
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err), "%v", err)
	require.Less(t, time.Since(start), 100*time.Millisecond)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

func TestQueueIsBounded(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1, MaxInflightPerWorker: 1, Queue: 2})
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	free := func() bool { // a place is given back after the answer
		p.mu.Lock()
		defer p.mu.Unlock()
		for w := range p.all {
			if w.load > 0 {
				return false
			}
		}
		return true
	}
	require.Eventually(t, free, 30*time.Second, time.Millisecond)
	slow := chainOf("acme", `function (user, context, callback) { setTimeout(function () { callback(null, user, context); }, 500); }`)
	errs := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := login(bg(t), p, slow)
			errs <- err
		}()
	}
	codes := map[rulebox.Code]int{}
	for range 8 {
		codes[rulebox.CodeOf(<-errs)]++
	}
	require.Equal(t, 3, codes[""], "%v", codes)
	require.Equal(t, 5, codes[rulebox.CodeUnavailable], "%v", codes)
}

func TestIdleWorkersRetire(t *testing.T) {
	p := open(t, Options{IdleTTL: 100 * time.Millisecond, SessionTTL: 50 * time.Millisecond})
	_, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	require.Eventually(t, func() bool { s := p.Stats(); return s.Leased == 0 && s.Tenants == 0 }, 5*time.Second, 10*time.Millisecond)
	require.EqualValues(t, 1, p.Stats().Retired)
	_, err = login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
}

// One worker holds many that wait.
func TestManyWait(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1})
	slow := chainOf("acme", `function (user, context, callback) { setTimeout(function () { callback(null, user, context); }, 500); }`)
	start := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := login(bg(t), p, slow)
			assert.NoError(t, err)
		}()
	}
	wg.Wait()
	require.Less(t, time.Since(start), 3*time.Second)
	require.Equal(t, 1, p.Stats().Leased)
}

func TestShutdown(t *testing.T) {
	plan, err := thePlan()
	require.NoError(t, err)
	p, err := New(Options{Plan: plan, Drain: 2 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	slow := chainOf("acme", `function (user, context, callback) { setTimeout(function () { callback(null, user, context); }, 300); }`)
	answer := make(chan error, 1)
	go func() {
		_, err := login(bg(t), p, slow)
		answer <- err
	}()
	require.Eventually(t, func() bool { return inflight(p) == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	require.Eventually(t, func() bool {
		_, err := login(bg(t), p, slow)
		return rulebox.CodeOf(err) == rulebox.CodeUnavailable
	}, time.Second, time.Millisecond)
	require.NoError(t, <-answer, "a running login survives the drain")
	require.NoError(t, <-done)
	require.Empty(t, p.all)
}

func TestNoWorkersAtAll(t *testing.T) {
	plan, err := thePlan()
	require.NoError(t, err)
	p, err := New(Options{Plan: plan, Command: []string{"/nonexistent/rulebox", "worker"}})
	require.NoError(t, err)
	answer := make(chan error, 1)
	go func() {
		_, err := login(bg(t), p, chainOf("acme", okRule))
		answer <- err
	}()
	err = p.Run(bg(t))
	require.ErrorContains(t, err, "/nonexistent/rulebox")
	require.True(t, errors.Is(err, os.ErrNotExist))
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(<-answer))
}
