package modtest

import (
	"strings"
	"testing"
)

// TestNode runs the cases for Node.js built-ins. Their expectations also hold in
// Node itself.
func TestNode(t *testing.T) { Cases(t, "testdata/node_*.txtar") }

// TestConsoleSurvives logs what is made to break loggers.
func TestConsoleSurvives(t *testing.T) {
	r := New(t)
	r.Eval(t, `
		const bomb = () => { throw new Error('trap'); };
		const { format } = internal('internal/inspect');
		const cases = {
			proxy: new Proxy({}, { get: bomb, ownKeys: bomb, getPrototypeOf: bomb, getOwnPropertyDescriptor: bomb }),
			getter: { get a() { bomb(); } },
			tag: { get [Symbol.toStringTag]() { bomb(); } },
			custom: { [Symbol.for('nodejs.util.inspect.custom')]: bomb },
			json: { toJSON: bomb },
			error: Object.defineProperty(new Error('x'), 'stack', { get: bomb }),
			name: Object.defineProperty(new Error('x'), 'message', { get: bomb }),
			constructor: Object.defineProperty({}, 'constructor', { get: bomb }),
			revoked: (() => { const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy; })(),
			sparse: (() => { const a = []; a.length = 4294967295; a[4000000000] = 1; return a; })(),
		};
		for (const [name, v] of Object.entries(cases)) {
			for (const args of [[v], ['%s', v], ['%o', v], ['%O', v], ['%d', v], ['%j', v], [[v]], [{ v }]]) {
				if (name === 'sparse' && args[0] === '%j') continue; // JSON.stringify itself never ends
				const s = format(...args);
				t.ok(typeof s === 'string' && s.length < 17000, name);
			}
		}
		let deep = {};
		for (let i = 0; i < 5000; i++) deep = { deep };
		t.ok(format('%o', deep).length < 17000, 'deep');
		t.ok(require('util').inspect(deep, { depth: null }).length < 1 << 21, 'deep without bound');
		t.ok(format('x'.repeat(1e6)).length < 17000, 'long');
		t.ok(format({ s: 'x'.repeat(1e6), t: 'y'.repeat(1e6) }).length < 40000, 'long strings');
		t.ok(format(Array.from({ length: 1e5 }, (_, i) => ({ i }))).length < 40000, 'many');
		const wide = {};
		for (let i = 0; i < 20000; i++) wide['key' + i] = i;
		t.ok(format(wide).length < 40000, 'wide');
		t.ok(/more properties/.test(format(wide)) || /more characters/.test(format(wide)), 'wide says so');
		if (t.failures) throw new Error(t.failures);`)
}

// TestRetired names what to do instead.
func TestRetired(t *testing.T) {
	for _, name := range []string{"fs", "node:fs", "child_process", "vm", "worker_threads", "http2"} {
		_, err := New(t).Run("retired", "require('"+name+"')")
		if err == nil || !strings.Contains(err.Error(), "Cannot use module") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
