package sandbox

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/wasmtest"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// openWASM returns a running pool, unless WebAssembly cannot run here.
func openWASM(t testing.TB, opt Options) *Pool {
	plan, err := thePlan()
	require.NoError(t, err)
	if raceDetector || !plan.Has(confine.MntNS) {
		t.Skip("no WebAssembly here: workers have no file system of their own")
	}
	return open(t, opt)
}

// between is a chain of two JavaScript rules around one that is WebAssembly.
func between(tenant, source string) *rulebox.Chain {
	c := chainOf(tenant,
		`function (user, context, callback) {
			user.app_metadata = { plan: 'gold' };
			context.marks = ['first'];
			context.local = () => 1;
			callback(null, user, context);
		}`,
		source,
		`function (user, context, callback) {
			context.idToken.after = [context.marks[0], typeof context.local, user.app_metadata.plan].join();
			callback(null, user, context);
		}`)
	c.Configuration = map[string]string{"DEFAULT_PLAN": "free"}
	return c
}

// Each example sets the claim of the plan, by changing context or by a command.
func TestExamplesBetweenRules(t *testing.T) {
	p := openWASM(t, Options{})
	for _, name := range wasmtest.Examples {
		t.Run(name, func(t *testing.T) {
			c := between("acme", wasmtest.Example(t, name))
			ctx := bg(t)
			require.NoError(t, p.Ready(ctx, c))
			for range 2 {
				res, err := login(ctx, p, c)
				require.NoError(t, err)
				all := string(res.Values[1])
				for _, command := range res.Commands {
					all += string(command)
				}
				assert.Contains(t, all, `gold`)
				assert.Contains(t, all, `https://acme.example/plan`)
				var context struct{ IDToken map[string]string }
				require.NoError(t, json.Unmarshal(res.Values[1], &context))
				assert.Contains(t, context.IDToken["after"], "first,")
				assert.Len(t, res.Scripts, 3)
				assert.Equal(t, "ok", res.Scripts[1].Status)
				if name != "wasm-assemblyscript" {
					assert.Equal(t, []rulebox.Log{{Level: res.Logs[0].Level, Text: "plan set", Script: "b"}}, res.Logs)
				}
			}
		})
	}
}

// A login does not compile: where the code is missing it is made beside.
func TestCodeIsNotMadeByLogins(t *testing.T) {
	p := openWASM(t, Options{})
	c := chainOf("acme", wasmtest.C(t, `handler(rule) i32 rule(void) { output("{}"); return 0; }`))
	_, err := login(bg(t), p, c)
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	assert.ErrorContains(t, err, "native code")
	require.Eventually(t, func() bool { _, err = login(bg(t), p, c); return err == nil }, 30*time.Second, 20*time.Millisecond, "%v", err)
}

func TestCheckOfWASM(t *testing.T) {
	p := openWASM(t, Options{})
	ctx := bg(t)
	for what, c := range map[string]struct{ source, want string }{
		"cut":      {wasmtest.C(t, `handler(rule) i32 rule(void) { return 0; }`)[:60], "does not compile"},
		"nothing":  {"\x00asm\x01\x00\x00\x00", "it exports nothing"},
		"imports":  {wasmtest.C(t, `import("env", f) void f(void); handler(rule) i32 rule(void) { f(); return 0; }`), "modules import from"},
		"takes":    {wasmtest.C(t, `handler(rule) i32 rule(i32 a) { return a; }`), "must take nothing"},
		"which":    {wasmtest.C(t, `handler(one) i32 one(void) { return 0; } handler(two) i32 two(void) { return 0; }`), "none is named rule"},
		"too much": {"\x00asm" + string(make([]byte, 9<<20)), "at most"},
	} {
		_, err := p.Check(ctx, rulebox.NewScript(rulebox.KindRule, "r", c.source))
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), what)
		assert.ErrorContains(t, err, c.want, what)
	}
	_, err := p.Check(ctx, rulebox.NewScript(rulebox.KindHook, "h", wasmtest.C(t, `handler(rule) i32 rule(void) { return 0; }`)))
	assert.ErrorContains(t, err, "only rules and actions")
}

// What a store gives that no compile worker made is not run.
func TestCodeOfAnother(t *testing.T) {
	store := &memoryCode{}
	p := openWASM(t, Options{Code: store})
	c := chainOf("acme", wasmtest.C(t, `handler(rule) i32 rule(void) { output("{\"commands\":[]}"); return 0; }`))
	ctx := bg(t)
	require.NoError(t, p.Ready(ctx, c))
	digest := c.Scripts[0].Digest
	good, err := store.Load(digest)
	require.NoError(t, err)

	other := append([]byte(nil), good...)
	other[1+80+1+60] ^= 1 // in the path that says which engine and processor it is for
	require.NoError(t, store.Save(context.Background(), digest, other))
	_, err = login(ctx, p, c)
	assert.Error(t, err)
	for what, bad := range map[string][]byte{"no head": make([]byte, 1000), "escape": append([]byte("\x10../../etc/passwd\x10../../etc/passwd"), good...)} {
		require.NoError(t, store.Save(context.Background(), digest, bad))
		_, err := login(ctx, p, &rulebox.Chain{Tenant: "t-" + what, Trigger: c.Trigger, Scripts: c.Scripts})
		assert.Error(t, err, what)
	}
	require.NoError(t, store.Save(context.Background(), digest, good))
	_, err = login(ctx, p, &rulebox.Chain{Tenant: "fine", Trigger: c.Trigger, Scripts: c.Scripts})
	assert.NoError(t, err)
}

// A worker keeps the native code that it is told; when that is too much, another one
// takes its place, and no login notices.
func TestWorkerWithMuchCode(t *testing.T) {
	p := openWASM(t, Options{MaxPerTenant: 1})
	ctx := bg(t)
	chain := func(output string) *rulebox.Chain {
		c := chainOf("acme", wasmtest.C(t, `handler(rule) i32 rule(void) { output("{\"context\":{\"`+output+`\":1}}"); return 0; }`))
		require.NoError(t, p.Ready(ctx, c))
		return c
	}
	only := func() *worker {
		p.mu.Lock()
		defer p.mu.Unlock()
		for w := range p.all {
			if w.group != nil && !w.leaving {
				return w
			}
		}
		return nil
	}
	one, two := chain("one"), chain("two")
	_, err := login(ctx, p, one)
	require.NoError(t, err)
	first := only()
	first.writing <- struct{}{}
	first.table.code += maxWorkerCode
	<-first.writing
	_, err = login(ctx, p, two)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return only() != first }, 10*time.Second, time.Millisecond)
	for _, c := range []*rulebox.Chain{one, two} {
		_, err = login(ctx, p, c)
		require.NoError(t, err)
	}
	assert.NotSame(t, first, only())
}

// Where workers have no file system of their own, modules are refused, and the rest
// goes on.
func TestWASMNeedsItsLayer(t *testing.T) {
	plan, err := thePlan()
	require.NoError(t, err)
	without := *plan
	without.Layers = slices.DeleteFunc(slices.Clone(plan.Layers), func(l confine.Layer) bool { return l == confine.MntNS })
	p, err := New(Options{Plan: &without})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	defer func() { cancel(); require.NoError(t, <-done) }()
	c := chainOf("acme", "\x00asm\x01\x00\x00\x00")
	_, err = login(bg(t), p, c)
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	err = p.Ready(bg(t), c)
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	assert.Contains(t, err.(*rulebox.Error).Hint, "mount-namespace")
	_, err = login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
}
