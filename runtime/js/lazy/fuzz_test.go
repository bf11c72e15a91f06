package lazy

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// steps are what FuzzOperations does to a container p, with a key k of it (or
// not) and another container q. What they evaluate to must be the same.
var steps = []string{
	`p[k]`, `p[k] === p[k]`, `k in p`, `'toString' in p`, `p.missing`, `p.toString`, `p.length`, `typeof p[k]`,
	`Object.keys(p)`, `Object.entries(p).length`, `Object.getOwnPropertyDescriptor(p, k)`, `p.hasOwnProperty && p.hasOwnProperty(k)`,
	`{ const r = []; for (const x in p) r.push(x); r }`, `p[k] = 5`, `p[k] = 'text'`, `p[k] = q`, `p[k] = undefined`, `p[k] = null`, `p[k] = {plain: q}`, `p[k] = [q, 1]`,
	`p.added = 1`, `p.added = q`, `p.added`, `p.added += 'x'`, `'added' in p`, `p.more = {plain: q}`, `p.more = undefined`, `p.more = {toJSON() { p.added = 'late'; p.later = 1; delete p.more; return 'early' }}`,
	`Object.getOwnPropertyDescriptor(p, 'added')`, `p[''] = 'empty'`, `p['-1'] = 1`, `p.constructor = 1`, `p.valueOf = q`, `p['ключ'] = k`,
	`for (let i = 0; i < 12; i++) p['n' + i] = i`, `Reflect.set(p, 'added', 1, q)`, `Object.create(p).added`, `{ const c = Object.create(p); c.added = 1; Object.keys(c).length }`, `p[3] = 'three'`, `p['07'] = 7`, `delete p[k]`, `delete p.added`, `p.__proto__ === Object.prototype`,
	`Object.defineProperty(p, k, {enumerable: false})`, `Object.defineProperty(p, 'got', {get() { return 'got' }, enumerable: true, configurable: true})`,
	`Object.defineProperty(p, k, {get() { return this === p }, enumerable: true, configurable: true})`, `Object.defineProperty(p, k, {value: q, writable: false})`,
	`Object.freeze(p)`, `Object.seal(p)`, `Object.preventExtensions(p)`, `Object.isFrozen(p)`, `Object.isExtensible(p)`, `Object.setPrototypeOf(p, null)`, `Object.setPrototypeOf(p, {inherited: 1}), p.inherited`,
	`Array.isArray(p)`, `Object.prototype.toString.call(p)`, `p instanceof Array`, `JSON.stringify(p)`, `Object.assign(p, q)`, `Object.assign({}, p)`, `({...p})`, `Reflect.ownKeys(p).length`,
	`p.push && p.push(q)`, `p.push && p.push(1, 'two')`, `p.pop && p.pop()`, `p.shift && p.shift()`, `p.unshift && p.unshift(0)`, `p.splice && p.splice(1, 1, q)`, `p.sort && p.sort()`, `p.reverse && p.reverse()`,
	`p.length = 1`, `p.length = 5`, `p.slice && p.slice(1)`, `p.concat && p.concat(q)`, `p.map && p.map(x => typeof x)`, `p.filter && p.filter(x => x)`, `p.indexOf && p.indexOf(p[k])`, `p[Symbol.iterator] && [...p].length`,
	`p.fill && p.fill(7)`, `p.join && p.every(x => typeof x !== 'object') && p.join()`, `p.flat && p.flat().length`, `p.forEach && p.forEach((x, i) => { p[i] = x })`,
	`p.toJSON = () => 'custom'`, `p.toJSON = () => undefined`, `p.toJSON = function () { return q }`, `p[Symbol.for('y')] = 1`, `p[Symbol.for('y')]`, `Reflect.set(p, k, 1, q)`, `Reflect.get(p, k, q)`, `Object.create(p)[k]`,
	`{ const c = Object.create(p); c[k] = 1; c.hasOwnProperty && c.hasOwnProperty(k) }`, `{ let n = 0; for (const x of Object.values(p)) if (x && typeof x === 'object') n++; n }`, `Reflect.deleteProperty(p, k)`,
	`{ const {[k]: gone, ...rest} = p; rest }`, `p[k]++`, `p[k] += 'x'`, `p[k] ??= q`, `Object.is(p, q)`, `new Map([[p, 1]]).has(p)`,
}

// paths lists how scripts reach the containers of a text, and their keys.
func paths(text []byte) (to []string, keys [][]string) {
	var x jsonscan.Index
	if x.Scan(text) != nil {
		return nil, nil
	}
	names := map[uint32]string{0: "o"}
	for i := range x.Values {
		v := &x.Values[i]
		path, ok := names[uint32(i)]
		if !ok || v.Kind < jsonscan.Object || len(to) > 200 {
			continue
		}
		var own []string
		j := uint32(i) + 1
		for n := range v.Len {
			key := strconv.Itoa(int(n))
			if v.Kind == jsonscan.Object {
				key = string(text[x.Values[j].Start:x.Values[j].End])
				j++
			}
			names[j] = path + "[" + key + "]"
			own = append(own, key)
			j = x.Values[j].Next
		}
		to = append(to, path)
		keys = append(keys, own)
	}
	return to, keys
}

// script makes the operations that seed says for the text.
func script(text []byte, seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	to, keys := paths(text)
	if len(to) == 0 {
		return ""
	}
	var b strings.Builder
	strict := ""
	if r.IntN(2) == 0 {
		strict = "'use strict'; "
	}
	b.WriteString("(function (o) { " + strict + "const out = [];\n")
	for range n {
		i := r.IntN(len(to))
		key := `"nope"`
		if len(keys[i]) > 0 && r.IntN(4) > 0 {
			key = keys[i][r.IntN(len(keys[i]))]
		}
		step := steps[r.IntN(len(steps))]
		fmt.Fprintf(&b, "try { const p = %s, k = %s, q = %s; out.push(brief(eval(%q))) } catch (e) { out.push(e instanceof Error ? e.name + ': ' + e.message : String(e)) }\n",
			to[i], key, to[r.IntN(len(to))], step)
	}
	b.WriteString("return out.join('\\n') })")
	return b.String()
}

// brief says what a value is without touching what is in it.
const brief = `function brief(v) {
	if (v === null || typeof v !== 'object' && typeof v !== 'function') return typeof v + ':' + String(v);
	return typeof v;
}
function show(root) {
	let budget = 3000;
	const walk = function (v, depth) {
		if (budget-- < 0 || depth > 6) return '…';
		if (typeof v === 'function') return 'function';
		if (v === null || typeof v !== 'object') return typeof v + ':' + (Object.is(v, -0) ? '-0' : String(v));
		let s = (Array.isArray(v) ? 'array' : 'object') + (Object.isExtensible(v) ? '' : '!') + '{';
		for (const k of Reflect.ownKeys(v)) {
			if (Array.isArray(v) && k === 'length') { s += v.length + ';'; continue }
			const d = Reflect.getOwnPropertyDescriptor(v, k);
			s += String(k) + (d.writable ? 'w' : '') + (d.enumerable ? 'e' : '') + (d.configurable ? 'c' : '') + '=' + ('value' in d ? walk(d.value, depth + 1) : 'accessor') + ';';
			if (budget < 0) break;
		}
		return s + '}';
	};
	return walk(root, 0);
}`

// side is one of the two that are compared.
type side struct {
	vm   *goja.Runtime
	root goja.Value
}

func (s *side) run(t *testing.T, src string) string {
	require.NoError(t, s.vm.Set("root", s.root))
	_, err := s.vm.RunString(brief)
	require.NoError(t, err)
	v, err := s.vm.RunString(src + "(root)")
	require.NoError(t, err, src)
	return v.String()
}

// proxyWords matches the messages in which an untouched node, of which the engine
// says that it is a proxy, may differ from a plain object, and addresses, which some of its messages have.
var proxyWords = regexp.MustCompile(`0x[0-9a-f]+|TypeError: (Could not convert .*|proxy target is not a function|Not a function: .*|'\w+' on proxy: trap returned falsish.*|Cannot (redefine|delete|assign to|add|define) .*)`)

// compare runs the script on both sides.
func compare(t *testing.T, text []byte, src string) {
	lazy, ref := side{vm: goja.New()}, side{vm: goja.New()}
	parse, _ := goja.AssertFunction(ref.vm.Get("JSON").(*goja.Object).Get("parse"))
	stringify, _ := goja.AssertFunction(ref.vm.Get("JSON").(*goja.Object).Get("stringify"))
	var err error
	if ref.root, err = parse(goja.Undefined(), ref.vm.ToValue(string(text))); err != nil {
		return // numbers that the engine's parser refuses
	}
	c := New(lazy.vm)
	lazy.root, err = c.Decode(text)
	require.NoError(t, err)
	got, want := proxyWords.ReplaceAllString(lazy.run(t, src), "refused"), proxyWords.ReplaceAllString(ref.run(t, src), "refused")
	if got != want {
		t.Fatalf("%s\n%s\n%s", text, src, differ(want, got))
	}
	for range 2 { // once as the script left it, once after all was looked at
		b, err := c.Append(nil, lazy.root, 1<<20)
		got = string(b)
		if err != nil {
			got = err.Error()
		} else {
			require.NoError(t, jsonscan.Valid(b))
			got = normal(t, got)
		}
		s, err := stringify(goja.Undefined(), ref.root)
		switch {
		case err != nil:
			want = err.Error()
		case goja.IsUndefined(s):
			want = "null"
		default:
			want = normal(t, s.String())
		}
		if got != want {
			t.Fatalf("Append: %s\n%s\n%s", text, src, differ(want, got))
		}
		got, want = lazy.run(t, "show"), ref.run(t, "show")
		if got != want {
			t.Fatalf("%s\n%s\n%s", text, src, differ(want, got))
		}
	}
}

var texts = []string{
	sample,
	`{"user":{"id":"u|1","tags":["a","b","c"],"meta":{"n":1,"deep":{"x":[{"y":1},{"y":2}]}}},"list":[{"k":1,"l":[[]]},{"k":2},{"k":3,"o":{"p":{}}}]}`,
	`[[1,2,3],[[4],[5,[6]]],{"a":{"b":{"c":{"d":{}}}}},"s",null,true,-0,1.5]`,
	`{"2":{"x":[[]]},"10":1,"1":{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8},"a":[],"__proto__":{"q":[{}]},"constructor":[{}],"a":{"again":[{}]}}`,
	`{"e\u0073c":{"a":[{}]},"é":{"ü":[{}],"length":3},"toString":{"x":{}},"toJSON":{"y":[{}]},"hasOwnProperty":[[1]],"":{"":{"":1}}}`,
}

func TestRandomOperations(t *testing.T) {
	rounds := uint64(150)
	if testing.Short() {
		rounds = 20
	}
	big := bigText()
	for seed := range rounds {
		for i, text := range texts {
			compare(t, []byte(text), script([]byte(text), seed*10+uint64(i), 1+int(seed%8)))
		}
		if seed%10 == 0 {
			compare(t, []byte(big), script([]byte(big), seed, 4))
		}
	}
}

// FuzzOperations compares a lazy value with what JSON.parse makes, under the same
// operations: what each gives, the value after them, and its JSON text.
func FuzzOperations(f *testing.F) {
	for i, text := range texts {
		f.Add([]byte(text), uint64(i))
	}
	f.Add([]byte(`{"l":[1,{"\ud83d\ude00":[[]]}]}`), uint64(7))
	lone := regexp.MustCompile(`(?i)\\ud[89a-f]|\x{fffd}|\\ufffd`)
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		if len(text) > 4000 || jsonscan.Valid(text) != nil || lone.Match(text) {
			return // the engine's parser loses lone surrogates
		}
		if src := script(text, seed, 1+int(seed%8)); src != "" {
			compare(t, text, src)
		}
	})
}
