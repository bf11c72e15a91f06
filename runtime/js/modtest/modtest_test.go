package modtest

import (
	"context"
	"testing"
	"time"

	"github.com/rulebox/rulebox/modules"
	"github.com/stretchr/testify/require"
)

func TestRealmRunsPromisesTimersAndConsole(t *testing.T) {
	r := New(t)
	v := r.Eval(t, `
		const order = [];
		setTimeout(() => order.push('timer'), 2);
		setImmediate(() => order.push('immediate'));
		queueMicrotask(() => order.push('micro'));
		order.push('sync');
		await new Promise((ok) => setTimeout(ok, 10));
		console.log('hello');
		const iv = setInterval(() => clearInterval(iv), 1);
		setTimeout(() => {}, 1e6).unref();
		return order.join();`)
	require.Equal(t, "sync,micro,immediate,timer", v.String())
	require.Equal(t, []string{"log: hello"}, r.Logs)
}

func TestRealmReportsFailures(t *testing.T) {
	for name, src := range map[string]string{
		"throw":     `throw new Error('boom')`,
		"timer":     `setTimeout(() => { throw new Error('boom') }, 1)`,
		"unhandled": `Promise.reject(new Error('boom'))`,
		"awaited":   `await Promise.reject(new Error('boom'))`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(t).Run(name, src)
			require.ErrorContains(t, err, "boom")
		})
	}
	_, err := New(t).Run("hang", `await new Promise(() => {})`)
	require.ErrorContains(t, err, "never ended")
	_, err = New(t).Run("none", `require('no-such-module')`)
	require.ErrorContains(t, err, "Cannot find module 'no-such-module'")
}

func TestNativesRoundTrip(t *testing.T) {
	r := New(t)
	m := &modules.Module{Name: "echo", Natives: map[string]modules.Native{
		"echo": func(_ *modules.Call, args []any) (any, error) { return args, nil },
		"later": func(_ *modules.Call, args []any) (any, error) {
			return modules.Task(func(context.Context) (any, error) { time.Sleep(time.Millisecond); return args[0], nil }), nil
		},
		"fail": func(*modules.Call, []any) (any, error) {
			return nil, &modules.Throw{Class: "RangeError", Message: "no", Props: modules.Object{{Key: "code", Value: "E"}}}
		},
	}}
	r.VM.Set("n", r.natives(m))
	r.Eval(t, `
		const plain = [1, 1.5, 'é', true, [1, [2]], {b: 1, a: {c: 'x'}}, 10n, new Date(5)];
		t.eq(n.echo(...plain), plain);
		t.eq(Object.keys(n.echo({b: 1, a: 2})[0]), ['b', 'a']);
		t.eq(n.echo(new Uint8Array([1, 2, 3]).subarray(1))[0], new Uint8Array([2, 3]));
		t.eq(n.echo(new Uint16Array([258]))[0], new Uint8Array([2, 1]));
		t.eq(n.echo(new DataView(new Uint8Array([1, 2, 3]).buffer, 1))[0], new Uint8Array([2, 3]));
		t.eq(n.echo(new Uint8Array([7]).buffer)[0], new Uint8Array([7]));
		t.eq(await n.later('x'), 'x');
		t.throws(() => n.fail(), {name: 'RangeError', message: 'no', code: 'E'});
		t.throws(() => n.echo(() => 1), TypeError);
		if (t.failures) throw new Error(t.failures);`)
}

// TestEveryModuleLoads evaluates each entry of the table in a fresh realm.
func TestEveryModuleLoads(t *testing.T) {
	for _, m := range modules.Table() {
		if m.Retired != "" || m.Name == "internal/invocation" || m.Name == "@rulebox/cache" {
			continue // the last two rest on the realm of runtime/js
		}
		t.Run(m.ID(), func(t *testing.T) {
			_, err := New(t).Require(m.ID())
			require.NoError(t, err)
		})
	}
	r := New(t)
	for _, g := range modules.Globals() {
		if m, ok := modules.Lookup(g.Module); ok && m.Retired != "" {
			continue // make has not run
		}
		r.Eval(t, "t.ok(typeof "+g.Name+" !== 'undefined', '"+g.Name+"'); if (t.failures) throw new Error(t.failures)")
	}
}
