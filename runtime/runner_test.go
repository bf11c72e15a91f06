package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func chain(sources ...string) *rulebox.Chain {
	c := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin}
	for i, s := range sources {
		c.Scripts = append(c.Scripts, rulebox.NewScript(rulebox.KindRule, fmt.Sprintf("rule%d", i+1), s))
	}
	return c
}

func args(user, context string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(user), json.RawMessage(context)}
}

func invocation(c *rulebox.Chain) *rulebox.Invocation {
	return &rulebox.Invocation{Chain: c, ID: "tx", Args: args(`{"email":"a@b"}`, `{"idToken":{}}`)}
}

func newRunner(t *testing.T, opt runtime.Options) *runtime.Runner {
	r := runtime.NewRunner(opt)
	t.Cleanup(r.Close)
	return r
}

func fault(t *testing.T, err error) *rulebox.Error {
	t.Helper()
	var e *rulebox.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestUsage(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	res, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { setTimeout(cb, 30) }`)))
	require.NoError(t, err)
	assert.Equal(t, "tx", res.ID)
	assert.GreaterOrEqual(t, res.Usage.Run, 30*time.Millisecond)
	assert.Less(t, res.Usage.CPU, res.Usage.Run)
	assert.Positive(t, res.Usage.CPU)
	assert.GreaterOrEqual(t, res.Scripts[0].Duration, 30*time.Millisecond)
}

// Waiting logins share the processor; computing ones take turns.
func TestOneOnTheProcessor(t *testing.T) {
	var on, most atomic.Int64
	r := newRunner(t, runtime.Options{OnCPU: func(n uint64, script int) {
		if n == 0 {
			on.Store(0)
			return
		}
		if old := on.Swap(int64(n)); old != 0 && old != int64(n) {
			most.Store(2)
		}
	}})
	c := chain(`async function (u, c, cb) {
		for (let i = 0; i < 5; i++) { await new Promise(r => setTimeout(r, 2)); for (let j = 0; j < 1000; j++); }
		c.idToken.done = true; cb(null, u, c) }`)
	start := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			res, err := r.Invoke(context.Background(), invocation(c))
			if assert.NoError(t, err) {
				assert.JSONEq(t, `{"idToken":{"done":true}}`, string(res.Values[1]))
			}
		})
	}
	wg.Wait()
	assert.Zero(t, most.Load(), "two invocations were on the processor at once")
	assert.Less(t, time.Since(start), 10*time.Second)
}

func TestOnCPUNamesTheScript(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	r := newRunner(t, runtime.Options{OnCPU: func(n uint64, script int) {
		mu.Lock()
		defer mu.Unlock()
		if s := fmt.Sprint(n, ":", script); len(seen) == 0 || seen[len(seen)-1] != s {
			seen = append(seen, s)
		}
	}})
	_, err := r.InvokeNumbered(context.Background(), 7, invocation(chain(
		`function (u, c, cb) { cb(null) }`, `function (u, c, cb) { setTimeout(cb, 100) }`)))
	require.NoError(t, err)
	assert.Equal(t, []string{"7:-1", "7:0", "7:1", // compiling
		"7:-1", "7:0", "7:1", "0:-1", "7:-1", "7:1", "0:-1"}, seen)
}

func TestInterruptForMemory(t *testing.T) {
	started := make(chan struct{}, 16)
	r := newRunner(t, runtime.Options{OnCPU: func(n uint64, script int) {
		if script == 0 {
			select {
			case started <- struct{}{}:
			default:
			}
		}
	}})
	done := make(chan struct{})
	defer close(done)
	go func() {
		<-started
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				r.Interrupt(rulebox.CodeMemory)
			}
		}
	}()
	_, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { const a = []; for (;;) a.push({}); }`)))
	e := fault(t, err)
	assert.Equal(t, rulebox.CodeMemory, e.Code)
	assert.Equal(t, "rule1", e.Script)
	assert.Contains(t, e.Hint, "limits.memory")
	assert.Contains(t, e.Message, `rule "rule1"`)
}

func TestDeadlines(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	wait := chain(`function (u, c, cb) { setTimeout(cb, 60000) }`)

	t.Run("already past", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		defer cancel()
		_, err := r.Invoke(ctx, invocation(wait))
		assert.Equal(t, rulebox.CodeTimeout, fault(t, err).Code)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("the caller's", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := r.Invoke(ctx, invocation(wait))
		e := fault(t, err)
		assert.Equal(t, rulebox.CodeTimeout, e.Code)
		assert.Contains(t, e.Message, "that were left to them")
		assert.Less(t, time.Since(start), 10*time.Second)
	})
	t.Run("the caller gives up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := r.Invoke(ctx, invocation(wait))
		e := fault(t, err)
		assert.Equal(t, rulebox.CodeTimeout, e.Code)
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Run("waiting for the processor counts", func(t *testing.T) {
		var wg sync.WaitGroup
		loop := chain(`function (u, c, cb) { for (;;); }`)
		loop.Limits.Wall = 400 * time.Millisecond
		wg.Go(func() {
			_, err := r.Invoke(context.Background(), invocation(loop))
			assert.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
		})
		time.Sleep(50 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := r.Invoke(ctx, invocation(chain(`function (u, c, cb) { cb(null) }`)))
		e := fault(t, err)
		assert.Equal(t, rulebox.CodeTimeout, e.Code)
		assert.Contains(t, e.Message, "before the scripts could start")
		wg.Wait()
	})
	t.Run("afterwards the runner works", func(t *testing.T) {
		_, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { cb(null) }`)))
		assert.NoError(t, err)
	})
}

// Work in flight after the answer runs on without delaying it, to the limit.
func TestLateWork(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	_, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { setTimeout(() => { global.late = 'ran' }, 50); cb(null) }`)))
	require.NoError(t, err)
	assert.Equal(t, 1, r.Late())
	require.Eventually(t, func() bool { return r.Late() == 0 }, 10*time.Second, 5*time.Millisecond)

	c := chain(`function (u, c, cb) { setInterval(() => {}, 1); setTimeout(() => { throw new Error('nobody hears') }, 1); cb(null) }`)
	c.Limits.Wall = 150 * time.Millisecond
	_, err = r.Invoke(context.Background(), invocation(c))
	require.NoError(t, err)
	assert.Equal(t, 1, r.Late())
	require.Eventually(t, func() bool { return r.Late() == 0 }, 10*time.Second, 5*time.Millisecond)

	_, err = r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { setInterval(() => {}, 1); cb(null) }`)))
	require.NoError(t, err)
	r.Close()
	assert.Zero(t, r.Late())
}

func TestLateLoopDoesNotKeepTheProcessor(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	c := chain(`function (u, c, cb) { setTimeout(() => { for (;;); }, 1); cb(null) }`)
	c.Limits.Wall = 200 * time.Millisecond
	_, err := r.Invoke(context.Background(), invocation(c))
	require.NoError(t, err)
	_, err = r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { setTimeout(cb, 20) }`)))
	require.NoError(t, err)
	r.Close()
}

func TestInvalid(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	ok := `function (u, c, cb) { cb(null) }`
	mixed := chain(ok)
	mixed.Scripts = append(mixed.Scripts, rulebox.NewScript(rulebox.KindHook, "h", "module.exports = function () {}"))
	hooks := &rulebox.Chain{Scripts: []*rulebox.Script{
		rulebox.NewScript(rulebox.KindHook, "a", "module.exports = function () {}"), rulebox.NewScript(rulebox.KindHook, "b", "module.exports = function () {}")}}
	action := &rulebox.Chain{Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindAction, "a", "exports.onExecutePostLogin = async () => {}")}}
	bad := invocation(chain(ok))
	bad.Args = args(`{"email":`, `{}`)
	for name, inv := range map[string]*rulebox.Invocation{
		"no chain": {}, "mixed kinds": invocation(mixed), "two hooks": invocation(hooks), "action": invocation(action),
		"no script": invocation(&rulebox.Chain{Scripts: []*rulebox.Script{nil}}), "bad json": bad,
		"syntax": invocation(chain("function (")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Invoke(context.Background(), inv)
			e := fault(t, err)
			assert.Equal(t, rulebox.CodeInvalid, e.Code)
			assert.NotEmpty(t, e.Message)
		})
	}
	_, err := r.Invoke(context.Background(), bad)
	assert.Contains(t, err.Error(), "user")
}

func TestCheck(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	rep, err := r.Check(context.Background(), rulebox.NewScript(rulebox.KindRule, "r",
		"function (user, context, callback) { const q = require('querystring'); require('no-such'); callback(null) }"))
	require.NoError(t, err)
	assert.Equal(t, []string{"querystring", "no-such"}, rep.Modules)
	assert.Contains(t, fmt.Sprint(rep.Warnings), "no-such")

	_, err = r.Check(context.Background(), rulebox.NewScript(rulebox.KindRule, "r", "function (user, context, callback) {\n  var a = ;\n}"))
	e := fault(t, err)
	assert.Equal(t, rulebox.CodeInvalid, e.Code)
	assert.Contains(t, e.Message, "r:2:11")
	assert.Equal(t, "r", e.Script)

	_, err = r.Check(context.Background(), rulebox.NewScript(rulebox.KindRule, "r", "while (true) {}"))
	assert.Error(t, err, "checking must not run the script")
}

// A prepared realm is used once, and what one login did is not seen by the next.
func TestPreparedRealmsAreUsedOnce(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	c := chain(`function (u, c, cb) { c.idToken.seen = typeof leak; leak = 1; Object.prototype.leak2 = 1; cb(null, u, c) }`)
	for range 5 {
		r.Prepare(c)
		r.Prepare(c)
		res, err := r.Invoke(context.Background(), invocation(c))
		require.NoError(t, err)
		assert.JSONEq(t, `{"idToken":{"seen":"undefined"}}`, string(res.Values[1]))
	}
	r.Prepare(c)
	r.Forget(c)
	_, err := r.Invoke(context.Background(), invocation(c))
	assert.NoError(t, err)
}

// What the first invocation left on global is there in a realm that was prepared
// before.
func TestGlobalInAPreparedRealm(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	c := chain(`function (u, c, cb) { global.n = (global.n || 0) + 1; c.idToken.n = global.n; cb(null, u, c) }`)
	for i := range 4 {
		res, err := r.Invoke(context.Background(), invocation(c))
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"idToken":{"n":%d}}`, i+1), string(res.Values[1]))
		r.Prepare(c)
	}
}

// Nothing of the customer's runs while a realm is prepared.
func TestPrepareRunsNothing(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	checked := 0
	for _, src := range []string{
		`(function () { for (;;); })()`,
		`var x = (() => { for (;;); })(); function rule(u, c, cb) { cb(null) }`,
		`module.exports = (function () { for (;;); })()`,
		`for (;;);`,
	} {
		c := chain(src)
		if _, err := r.Check(context.Background(), c.Scripts[0]); err != nil {
			continue // refused without running it, which is as well
		}
		checked++
		done := make(chan struct{})
		go func() {
			r.Prepare(c)
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("preparing ran %s", src)
		}
	}
	assert.Positive(t, checked)
}

func TestConcurrentChains(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c := chain(fmt.Sprintf(`function (u, c, cb) { c.idToken.i = %d; Promise.resolve().then(() => cb(null, u, c)) }`, i))
			for range 50 {
				r.Prepare(c)
				res, err := r.Invoke(context.Background(), invocation(c))
				if assert.NoError(t, err) {
					assert.JSONEq(t, fmt.Sprintf(`{"idToken":{"i":%d}}`, i), string(res.Values[1]))
				}
			}
		})
	}
	wg.Wait()
}

func TestErrorsAreErrors(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	_, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { cb(new Error('no')) }`)))
	var e *rulebox.Error
	require.True(t, errors.As(err, &e))
	res, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { cb() }`)))
	require.NoError(t, err)
	require.NotNil(t, res)
}

// Logins that overlap do not undo what the others left on global, and work in
// flight after the answer may still put something there.
func TestGlobalOfOverlappingLogins(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	slow := chain(`function (u, c, cb) { setTimeout(() => { global.slow = 1; cb(null) }, 60) }`)
	quick := chain(`function (u, c, cb) { global.quick = 1; cb(null) }`)
	late := chain(`function (u, c, cb) { setTimeout(() => { global.late = 1 }, 20); cb(null) }`)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := r.Invoke(context.Background(), invocation(slow))
		assert.NoError(t, err)
	})
	time.Sleep(20 * time.Millisecond)
	for _, c := range []*rulebox.Chain{quick, late} {
		_, err := r.Invoke(context.Background(), invocation(c))
		require.NoError(t, err)
	}
	wg.Wait()
	require.Eventually(t, func() bool { return r.Late() == 0 }, 10*time.Second, 5*time.Millisecond)
	res, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) { c.idToken.g = [global.slow, global.quick, global.late]; cb(null, u, c) }`)))
	require.NoError(t, err)
	assert.JSONEq(t, `{"idToken":{"g":[1,1,1]}}`, string(res.Values[1]))
}

// No file of ours and no address of the machine appears in what scripts see.
func TestStacksShowNothingOfOurs(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	res, err := r.Invoke(context.Background(), invocation(chain(`function (u, c, cb) {
		c.idToken.v = [setTimeout, clearTimeout, console.log, cb, require].map(f => f.name).join();
		try { setTimeout() } catch (e) { c.idToken.stack = e.stack }
		[1].forEach(function each() { c.idToken.each = new Error('x').stack });
		cb(null, u, c) }`)))
	require.NoError(t, err)
	assert.Contains(t, string(res.Values[1]), `"setTimeout,clearTimeout,log,callback,require"`)
	assert.NotContains(t, string(res.Values[1]), "rulebox")
	assert.NotContains(t, string(res.Values[1]), ".go")
}

func TestGlobalsOfTenantsAndSessions(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	run := func(tenant, session string) string {
		c := chain(`function (u, c, cb) { global.n = (global.n || 0) + 1; c.idToken.n = global.n; cb(null, u, c) }`)
		c.Tenant, c.Session = tenant, session
		res, err := r.Invoke(context.Background(), invocation(c))
		require.NoError(t, err)
		return string(res.Values[1])
	}
	assert.Contains(t, run("a", ""), `"n":1`)
	assert.Contains(t, run("a", ""), `"n":2`)
	assert.Contains(t, run("b", ""), `"n":1`)
	assert.Contains(t, run("a", "try"), `"n":1`)
	assert.Contains(t, run("a", ""), `"n":3`)
}

func TestLateLines(t *testing.T) {
	lines := make(chan rulebox.Log, 10)
	r := newRunner(t, runtime.Options{OnLate: func(n uint64, l rulebox.Log) {
		assert.Equal(t, uint64(9), n)
		lines <- l
	}})
	res, err := r.InvokeNumbered(context.Background(), 9, invocation(chain(
		`function (u, c, cb) { setTimeout(() => { console.warn('late'); throw new TypeError('boom') }, 5); cb(null) }`)))
	require.NoError(t, err)
	assert.Empty(t, res.Logs)
	for _, want := range []rulebox.Log{
		{Level: "warn", Text: "late", Script: "rule1"}, {Level: "error", Text: "threw after the answer: TypeError: boom", Script: "rule1"}} {
		select {
		case l := <-lines:
			assert.Equal(t, want, l)
		case <-time.After(10 * time.Second):
			t.Fatal("no line")
		}
	}
}

// The message of a timeout says what the script was doing.
func TestTimeoutsSayWhy(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	for name, tt := range map[string]struct{ source, message, hint string }{
		"computing": {"function (u, c, cb) {\n  let i = 0; for (;;) i++;\n}", "time limit of 150ms", "it was computing"},
		"timer":     {`function (u, c, cb) { setTimeout(cb, 60000) }`, "it waited for a timer", "limits.wall"},
	} {
		c := chain(tt.source)
		c.Limits.Wall = 150 * time.Millisecond
		_, err := r.Invoke(context.Background(), invocation(c))
		e := fault(t, err)
		assert.Equal(t, rulebox.CodeTimeout, e.Code, name)
		assert.Contains(t, e.Message, tt.message, name)
		assert.Contains(t, e.Hint, tt.hint, name)
		if name == "computing" {
			assert.Contains(t, e.Trace, "rule1:2:")
		}
	}
}
