package lazy

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// codecs are the two ways a codec can work: with nodes, and, where the engine's
// layout is not known, without.
var codecs = map[string]func(*goja.Runtime) *Codec{
	"lazy":  New,
	"eager": func(vm *goja.Runtime) *Codec { return newCodec(vm, nil) },
}

func TestEngineLayoutIsKnown(t *testing.T) {
	require.NotNil(t, engineLayout(), "the engine has changed: see unsafe_become.go")
}

func payload(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/login.json")
	require.NoError(t, err)
	return b
}

// outcome runs the function source on the argument and returns what it
// returned or threw, and the argument after, both as text.
func outcome(t *testing.T, vm *goja.Runtime, fn string, arg goja.Value) string {
	t.Helper()
	v, err := vm.RunString(`(function () {
		const show = function (v, depth) {
			if (typeof v === 'string') return JSON.stringify(v);
			if (typeof v === 'number') return Object.is(v, -0) ? '-0' : String(v);
			if (typeof v === 'bigint') return v + 'n';
			if (v === null || typeof v !== 'object') return String(v);
			if (depth > 8) return '…';
			const name = Object.prototype.toString.call(v);
			if (v instanceof Error) return v.name + ': ' + v.message;
			const parts = [];
			for (const k of Reflect.ownKeys(v)) {
				const d = Reflect.getOwnPropertyDescriptor(v, k);
				parts.push((typeof k === 'symbol' ? String(k) : JSON.stringify(k)) +
					(d.writable ? 'w' : '') + (d.enumerable ? 'e' : '') + (d.configurable ? 'c' : '') + ':' +
					('value' in d ? show(d.value, depth + 1) : 'accessor'));
			}
			return name + (Array.isArray(v) ? 'A' : '') + (Object.isExtensible(v) ? '' : 'X') +
				(Object.getPrototypeOf(v) === (Array.isArray(v) ? Array : Object).prototype ? '' : 'P') + '{' + parts.join(',') + '}';
		};
		return function (f, o) {
			let r;
			try { r = show(f(o), 0); } catch (e) { r = 'threw ' + (e instanceof Error ? e.name + ': ' + e.message : String(e)); }
			return r + ' / ' + show(o, 0);
		};
	})()`)
	require.NoError(t, err)
	run, _ := goja.AssertFunction(v)
	f, err := vm.RunString("(" + fn + ")")
	require.NoError(t, err, fn)
	out, err := run(goja.Undefined(), f, arg)
	require.NoError(t, err, fn)
	return out.String()
}

// differ shows where two texts part.
func differ(want, got string) string {
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	i = max(0, i-20)
	return fmt.Sprintf("want …%.150s\n got …%.150s", want[i:], got[i:])
}

func parse(t *testing.T, vm *goja.Runtime, text string) goja.Value {
	t.Helper()
	f, _ := goja.AssertFunction(vm.Get("JSON").(*goja.Object).Get("parse"))
	v, err := f(goja.Undefined(), vm.ToValue(text))
	require.NoError(t, err, text)
	return v
}

const sample = `{"s":"x","n":1,"t":true,"z":null,"10":"ten","2":"two","o":{"a":{"b":[1,[2],{"c":3}]},"p":1},"e":{},"l":[{"i":0},{"i":1},{"i":2}],"f":[1,2,3],"m":[[3],[1],[2]],"__proto__":{"x":{}},"toString":7,"length":5,"é":"ü"}`

var operations = []string{
	`o => o.s`, `o => o.missing`, `o => o['10']`, `o => o[2]`, `o => o.é`, `o => o.__proto__`, `o => o.toString`, `o => o.o === o.o`,
	`o => o.o.a.b[2].c`, `o => o.l.length`, `o => o.l[1].i`, `o => o.l[3]`, `o => o.l[-1]`, `o => o.l['01']`, `o => o.l['1']`, `o => o.length`,
	`o => o.hasOwnProperty('s')`, `o => o.hasOwnProperty('nope')`, `o => o.l.hasOwnProperty('length')`, `o => 's' in o`, `o => 'valueOf' in o`,
	`o => 'q' in o`, `o => 1 in o.l`, `o => 9 in o.l`, `o => 'map' in o.l`, `o => Object.keys(o)`, `o => Object.keys(o.l)`,
	`o => Object.entries(o)`, `o => Object.values(o.o)`, `o => Object.getOwnPropertyNames(o.l)`, `o => { const r = []; for (const k in o) r.push(k); return r }`,
	`o => { const r = []; for (const k in o.l) r.push(k); return r }`, `o => { const r = []; for (const x of o.l) r.push(x); return r }`,
	`o => JSON.stringify(o)`, `o => JSON.stringify(o.l)`, `o => JSON.stringify(o, null, 2)`, `o => ({...o})`, `o => [...o.l, ...o.m]`, `o => Object.assign({}, o)`,
	`o => Object.assign(o, {s: 2, nu: 3})`, `o => Object.assign(o.o, o)`, `o => { o.s = 5 }`, `o => { o.nu = 5 }`, `o => { o[1] = 5; o[20] = 6 }`, `o => { 'use strict'; o.s = o.l; o.l = 1 }`,
	`o => { o.o.a.b.push(4) }`, `o => { o.o.x = o.l; o.l[0] = o.e }`, `o => delete o.s`, `o => delete o.nope`, `o => { delete o.l[1] }`, `o => { delete o.o.a; o.o.a = 1 }`,
	`o => { delete o['10']; o['10'] = 1 }`, `o => Object.freeze(o)`, `o => Object.freeze(o.l)`, `o => Object.seal(o)`, `o => Object.preventExtensions(o)`, `o => Object.preventExtensions(o.l)`,
	`o => { 'use strict'; Object.freeze(o); o.s = 1 }`, `o => { Object.freeze(o); o.s = 1; o.nu = 1 }`, `o => { 'use strict'; Object.preventExtensions(o); o.nu = 1 }`,
	`o => { 'use strict'; Object.freeze(o.l); o.l.push(1) }`, `o => Object.isFrozen(o)`, `o => Object.isExtensible(o)`, `o => Object.isFrozen(o.l)`,
	`o => Object.defineProperty(o, 's', {get() { return 9 }})`, `o => Object.defineProperty(o, 'nu', {get() { return 9 }})`, `o => Object.defineProperty(o, 'nu', {get() { return 9 }, set(x) {}, configurable: false})`,
	`o => { Object.defineProperty(o, 'nu', {get() { return this === o }}); return o.nu }`,
	`o => Object.defineProperty(o, 's', {enumerable: false})`, `o => Object.defineProperty(o, 's', {value: 1, configurable: false, writable: false})`, `o => Object.defineProperty(o, 'nu', {value: 1})`,
	`o => Object.defineProperty(o, 'nu', {configurable: false})`, `o => Object.defineProperty(o, 's', {configurable: false})`, `o => Object.defineProperty(o, 's', {})`,
	`o => Object.defineProperty(o.l, 'length', {value: 1})`, `o => Object.defineProperty(o.l, 'length', {writable: false})`, `o => Object.defineProperty(o.l, 'length', {configurable: true})`,
	`o => Object.defineProperty(o.l, 'length', {value: -1})`, `o => Object.defineProperty(o.l, 1, {get() { return 7 }, enumerable: true})`, `o => Object.defineProperty(o.l, 100000000, {value: 1, configurable: false})`,
	`o => Object.defineProperty(o, Symbol.for('y'), {value: 1})`, `o => Object.defineProperties(o, {s: {value: 3}, b: {get() { return 1 }}})`,
	`o => Reflect.defineProperty(o.l, 'length', {configurable: true})`, `o => Reflect.getOwnPropertyDescriptor(o, 's')`, `o => Object.getOwnPropertyDescriptor(o.l, 'length')`, `o => Object.getOwnPropertyDescriptor(o.l, 1)`,
	`o => Object.getOwnPropertyDescriptor(o, 'nope')`, `o => Object.getOwnPropertyDescriptors(o)`, `o => { o[Symbol.for('k')] = 1; return o[Symbol.for('k')] }`, `o => { o.l[Symbol.for('k')] = 1 }`, `o => o[Symbol.iterator]`,
	`o => Object.setPrototypeOf(o, null).valueOf`, `o => Object.setPrototypeOf(o, {inherited: 1}).inherited`, `o => { o.o.__proto__ = {inh: 2}; return o.o.inh }`, `o => { Object.setPrototypeOf(o.l, {inh: 3}); return [o.l.inh, o.l.length, o.l.map] }`,
	`o => Object.getPrototypeOf(o) === Object.prototype`, `o => o.o instanceof Object`, `o => o.l instanceof Array`, `o => Array.isArray(o.l)`, `o => Array.isArray(o)`, `o => Object.prototype.toString.call(o.l)`,
	`o => String(o.o)`, `o => String(o.l)`, `o => o.m + ''`, `o => typeof o.l`, `o => o.l == o.l`, `o => o.l.push(9)`, `o => o.l.pop()`, `o => o.l.shift()`, `o => o.l.unshift(1, 2)`, `o => o.l.splice(1, 1, 'a', 'b')`,
	`o => o.m.sort()`, `o => o.l.sort((a, b) => b.i - a.i)`, `o => o.l.reverse()`, `o => { o.l.length = 1 }`, `o => { o.l.length = 5 }`, `o => { o.l.length = -1 }`, `o => { o.l[5] = 1 }`, `o => { o.l[4000000000] = 1; return o.l.length }`, `o => { o.l[1e9] = 1 }`,
	`o => o.l.concat(o.f, o.m)`, `o => [].concat(o.l)`, `o => o.l.map(x => x.i)`, `o => o.l.filter(x => x.i)`, `o => o.l.find(x => x.i === 2)`, `o => o.l.indexOf(o.l[1])`, `o => o.l.includes(o.l[2])`, `o => o.l.slice(1)`, `o => o.m.join('-')`, `o => o.m.flat()`, `o => o.m.reduce((a, b) => a + b[0], 0)`,
	`o => o.l.fill(0)`, `o => o.l.copyWithin(0, 1)`, `o => o.l.at(-1)`, `o => o.l.keys().next()`, `o => [...o.l.entries()]`, `o => Array.from(o.l, x => x.i)`, `o => Math.max.apply(null, o.f)`, `o => Math.max(...o.m.map(x => x[0]))`,
	`o => { const {s, ...rest} = o; return rest }`, `o => { const [a, ...b] = o.l; return b }`, `o => { with (o) { return s + n } }`, `o => { const c = Object.create(o); c.s = 1; return [c.s, o.s, Object.keys(c), c.o === o.o] }`,
	`o => { const c = Object.create(o); return [c.valueOf() === c, 's' in c, c.nope] }`, `o => { 'use strict'; Object.freeze(o); const c = Object.create(o); c.s = 1 }`, `o => Reflect.get(o, 's', 5)`, `o => Reflect.get(o, 'nope', 5)`, `o => { const r = {}; return [Reflect.set(o, 's', 5, r), r] }`, `o => { const r = {}; return [Reflect.set(o, 'nu', 5, r), r] }`,
	`o => Reflect.set(o.l, 'length', 0)`, `o => Reflect.deleteProperty(o.l, 'length')`, `o => { 'use strict'; delete o.l.length }`, `o => Reflect.ownKeys(o.l)`, `o => Reflect.has(o, 's')`, `o => Reflect.isExtensible(o)`,
	`o => { o.self = o; return o.self.self.s }`, `o => { o.e.x = o.l; return o.e }`, `o => { o.f.push(o.o); return o.f }`, `o => new Map([[o.o, 1]]).get(o.o)`, `o => { const w = new WeakMap(); w.set(o.l, 2); return w.get(o.l) }`,
	`o => { Object.prototype.zz = 1; try { return [o.zz, 'zz' in o, o.o.zz, o.l.zz] } finally { delete Object.prototype.zz } }`,
	`o => { Object.defineProperty(Object.prototype, 'gg', {get() { return this === o }, configurable: true}); try { return o.gg } finally { delete Object.prototype.gg } }`,
	`o => { let got; Object.defineProperty(Object.prototype, 's', {set(x) { got = x }, configurable: true}); try { o.s = 1; return got } finally { delete Object.prototype.s } }`,
	`o => { let got; Object.defineProperty(Object.prototype, 'nu', {set(x) { got = [x, this === o] }, configurable: true}); try { o.nu = 1; return got } finally { delete Object.prototype.nu } }`,
	`o => { 'use strict'; Object.defineProperty(Object.prototype, 'ro', {value: 1, configurable: true}); try { o.ro = 2 } finally { delete Object.prototype.ro } }`,
	`o => { Object.defineProperty(Object.prototype, 'ro', {value: 1, configurable: true}); try { o.ro = 2; return o.ro } finally { delete Object.prototype.ro } }`,
	`o => { Object.defineProperty(Object.prototype, 'th', {set() { throw new TypeError('mine') }, configurable: true}); try { o.th = 2 } finally { delete Object.prototype.th } }`,
	`o => { for (const k in o) delete o[k]; return Object.keys(o) }`, `o => { for (const x of o.l) { if (o.l.length < 6) o.l.push({n: 1}) } return o.l.length }`, `o => Object.fromEntries(Object.entries(o))`, `o => o.propertyIsEnumerable('s')`, `o => o.isPrototypeOf(Object.create(o))`,
	`o => { o.l.forEach((x, i) => { x.j = i }) }`, `o => { o.l[0].i++; o.n += 1; o.s += 'y' }`, `o => { o.o.a ??= 5; o.o.b ||= 6; o.o.p &&= 7 }`, `o => Object.is(o.o, o.o)`, `o => o.l.some(x => x.i > 1) && o.l.every(x => x.i >= 0)`,
	`o => { Object.defineProperty(o.l, Symbol.isConcatSpreadable, {value: false}); return [].concat(o.l).length }`, `o => { o.toJSON = () => 5; return JSON.stringify(o) }`, `o => { o.constructor = 1; return o.constructor }`, `o => o.constructor === Object`, `o => o.l.constructor === Array`, `o => o.l.toString === Array.prototype.toString`,
}

// refusal matches what the engine says when an operation is refused: a proxy's
// words, where the refused operation is the first on its object, are others than
// a plain object's. This is the one difference that scripts can see.
var refusal = regexp.MustCompile("TypeError: ('\\w+' on proxy: trap returned falsish[^/]*|Cannot (redefine|delete|assign to|add|define) [^/]*) /")

func TestOperations(t *testing.T) {
	for name, newCodec := range codecs {
		for _, op := range operations {
			vm, ref := goja.New(), goja.New()
			c := newCodec(vm)
			v, err := c.Decode([]byte(sample))
			require.NoError(t, err)
			r := parse(t, ref, sample)
			got := refusal.ReplaceAllString(outcome(t, vm, op, v), "refused /")
			want := refusal.ReplaceAllString(outcome(t, ref, op, r), "refused /")
			if got != want {
				t.Errorf("%s: %s\n%s", name, op, differ(want, got))
			}
		}
	}
}

// written returns what Append and JSON.stringify make of the argument after the
// function ran on it: normalised, or the error.
func written(t *testing.T, newCodec func(*goja.Runtime) *Codec, text, op string) (got, want string) {
	t.Helper()
	vm := goja.New()
	c := newCodec(vm)
	v, err := c.Decode([]byte(text))
	require.NoError(t, err)
	call(vm, op, v)
	b, err := c.Append([]byte("before"), v, 1<<20)
	if err != nil {
		require.Equal(t, "before", string(b))
		got = err.Error()
	} else {
		require.NoError(t, jsonscan.Valid(b[6:]), "%s: %s", op, b)
		got = normal(t, string(b[6:]))
	}
	ref := goja.New()
	r := parse(t, ref, text)
	stringify, _ := goja.AssertFunction(ref.Get("JSON").(*goja.Object).Get("stringify"))
	call(ref, op, r)
	s, err := stringify(goja.Undefined(), r)
	switch {
	case err != nil:
		want = err.Error()
	case goja.IsUndefined(s):
		want = "null"
	default:
		want = normal(t, s.String())
	}
	return got, want
}

func call(vm *goja.Runtime, fn string, arg goja.Value) {
	v, err := vm.RunString("(" + fn + ")")
	if err != nil {
		panic(err)
	}
	f, _ := goja.AssertFunction(v)
	_, _ = f(goja.Undefined(), arg) // it may throw: that is tested elsewhere
}

// normal spells a JSON text in one way.
func normal(t *testing.T, text string) string {
	vm := goja.New()
	stringify, _ := goja.AssertFunction(vm.Get("JSON").(*goja.Object).Get("stringify"))
	s, err := stringify(goja.Undefined(), parse(t, vm, text))
	require.NoError(t, err)
	return s.String()
}

// huge matches operations that make arrays whose text the engine's own
// JSON.stringify does not end writing.
var huge = regexp.MustCompile("1e9|00000000")

func TestAppendAfterOperations(t *testing.T) {
	for name, newCodec := range codecs {
		for _, op := range operations {
			if huge.MatchString(op) {
				continue
			}
			got, want := written(t, newCodec, sample, op)
			if got != want {
				t.Errorf("%s: %s\n%s", name, op, differ(want, got))
			}
		}
	}
}
