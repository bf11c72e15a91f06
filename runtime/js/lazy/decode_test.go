package lazy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// TestDecodeScalars compares with what ECMAScript says, not with the engine's
// JSON.parse, which refuses large numbers and loses lone surrogates.
func TestDecodeScalars(t *testing.T) {
	for _, c := range []struct{ text, check string }{
		{`0`, `v === 0 && 1/v === Infinity`},
		{`-0`, `v === 0 && 1/v === -Infinity`},
		{`-0.0`, `1/v === -Infinity`},
		{`-0e5`, `1/v === -Infinity`},
		{`1.0`, `v === 1`},
		{`123456789012345`, `v === 123456789012345`},
		{`-12345678901234`, `v === -12345678901234`},
		{`9007199254740993`, `v === 9007199254740992`},
		{`9223372036854775808`, `v === 2**63`},
		{`123456789012345678901234567890`, `v === 1.2345678901234568e29`},
		{`1e400`, `v === Infinity`},
		{`-1e400`, `v === -Infinity`},
		{`1e-400`, `v === 0`},
		{`-1e-400`, `1/v === -Infinity`},
		{`5e-324`, `v === Number.MIN_VALUE`},
		{`2147483648`, `v === 2147483648 && (v | 0) === -2147483648`},
		{`0.1`, `v === 0.1`},
		{`""`, `v === ''`},
		{`"\u0000"`, `v.length === 1 && v.charCodeAt(0) === 0`},
		{`"\"\\\/\b\f\n\r\t"`, `v === '"\\/\b\f\n\r\t'`},
		{`"é€😀"`, `v.length === 4 && v.codePointAt(2) === 0x1f600`},
		{`"\ud83d\ude00"`, `v === '😀'`},
		{`"\ud83d"`, `v.length === 1 && v.charCodeAt(0) === 0xd83d`},
		{`"a\ude00\ud83db"`, `v.length === 4 && v.charCodeAt(1) === 0xde00 && v.charCodeAt(2) === 0xd83d`},
		{`"\ufffd"`, `v === '\ufffd'`},
		{`"a string of more than sixteen characters"`, `v.length === 40 && v.indexOf('more') === 12`},
		{`"ein längerer Text mit Umlauten"`, `v.length === 30 && v.indexOf('l') === 4`},
		{`null`, `v === null`},
		{`true`, `v === true`},
		{`{"\ud800":1,"\udc00":{"x":1}}`, `Object.keys(v).length === 2 && v['\ud800'] === 1 && v['\udc00'].x === 1 && !('\ufffd' in v)`},
		{`{"\ufffd":1,"o":{}}`, `v['\ufffd'] === 1 && v['\ud800'] === undefined`},
		{`{"a\nb":1,"\u0061":{}}`, `v['a\nb'] === 1 && typeof v.a === 'object'`},
		{`{"a":[1],"a":{"b":2},"c":3,"a":[4]}`, `v.a[0] === 4 && Object.keys(v).join() === 'a,c'`},
		{`{"a":[1],"\u0061":[2]}`, `v.a[0] === 2 && Object.keys(v).length === 1`},
		{`{"__proto__":[1],"o":{"__proto__":null,"x":[]}}`, `Object.getPrototypeOf(v) === Object.prototype && v.__proto__[0] === 1 && Object.keys(v.o)[0] === '__proto__'`},
	} {
		for name, newCodec := range codecs {
			vm := goja.New()
			v, err := newCodec(vm).Decode([]byte(c.text))
			require.NoError(t, err, c.text)
			require.NoError(t, vm.Set("v", v))
			ok, err := vm.RunString(c.check)
			require.NoError(t, err)
			assert.True(t, ok.ToBoolean(), "%s: %s: %s", name, c.text, c.check)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	c := New(goja.New())
	_, err := c.Decode([]byte(`{"a":01}`))
	var e *jsonscan.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 6, e.Offset)
	_, err = c.Decode([]byte(strings.Repeat("[", 2000) + strings.Repeat("]", 2000)))
	assert.ErrorContains(t, err, "nested deeper")
}

// TestDecodeKeepsNoText lets the caller use the buffer again.
func TestDecodeKeepsNoText(t *testing.T) {
	text := []byte(sample)
	c := New(goja.New())
	v, err := c.Decode(text)
	require.NoError(t, err)
	clear(text)
	b, err := c.Append(nil, v, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, sample, string(b))
}

// TestUntouchedIsCopied: what a script only read, or did not read, keeps its
// spelling, and what it changed does not spoil the rest.
func TestUntouchedIsCopied(t *testing.T) {
	const text = `{"big":12345678901234567890, "o":{ "x" : 1.0, "n":[1e2,[ ]] }, "l":[ {"e":1E+2,"f":[[]]} ,2 ], "t":""}`
	for _, c := range []struct{ op, want string }{
		{`o => {}`, text},
		{`o => o.big + o.t`, `{"big":12345678901234567890,"o":{ "x" : 1.0, "n":[1e2,[ ]] },"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":""}`},
		{`o => { o.t = "new" }`, `{"big":12345678901234567890,"o":{ "x" : 1.0, "n":[1e2,[ ]] },"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":"new"}`},
		{`o => o.o.x`, `{"big":12345678901234567890,"o":{"x":1.0,"n":[1e2,[ ]]},"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":""}`},
		{`o => { o.o.x = 2 }`, `{"big":12345678901234567890,"o":{"x":2,"n":[1e2,[ ]]},"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":""}`},
		{`o => { o.added = 1 }`, `{"big":12345678901234567890,"o":{ "x" : 1.0, "n":[1e2,[ ]] },"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":"","added":1}`},
		{`o => { o.added = 1; o["a\"b"] = o.l; o.gone = undefined; o.added = o.big }`, `{"big":12345678901234567890,"o":{ "x" : 1.0, "n":[1e2,[ ]] },"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":"","added":12345678901234567000,"a\"b":[ {"e":1E+2,"f":[[]]} ,2 ]}`},
		{`o => { o.o[7] = 1 }`, `{"big":12345678901234567890,"o":{"7":1,"x":1,"n":[1e2,[ ]]},"l":[ {"e":1E+2,"f":[[]]} ,2 ],"t":""}`},
		{`o => { o.added = 1; delete o.t }`, `{"big":12345678901234567000,"o":{ "x" : 1.0, "n":[1e2,[ ]] },"l":[ {"e":1E+2,"f":[[]]} ,2 ],"added":1}`},
	} {
		vm := goja.New()
		codec := New(vm)
		v, err := codec.Decode([]byte(text))
		require.NoError(t, err)
		call(vm, c.op, v)
		b, err := codec.Append(nil, v, 1<<20)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(b), c.op)
	}
}

// bigText has containers that are too large for members to be looked up one by
// one.
func bigText() string {
	var b strings.Builder
	b.WriteString(`{"o":{"first":[[1]],`)
	for i := range 100 {
		fmt.Fprintf(&b, `"k%d":{"v":[%d,[]]},`, i, i)
	}
	b.WriteString(`"k7":[[7]],"last":1},"l":[`)
	for i := range 100 {
		fmt.Fprintf(&b, `{"i":%d,"x":[[]]},`, i)
	}
	b.WriteString(`null],"n":[`)
	for i := range 100 {
		fmt.Fprintf(&b, `%d,`, i)
	}
	b.WriteString(`0]}`)
	return b.String()
}

func TestLargeContainers(t *testing.T) {
	for _, op := range []string{
		`o => o.o.k7`, `o => o.o.k50.v[0]`, `o => o.o.k50 === o.o.k50`, `o => o.o.nope`, `o => 'k7' in o.o`, `o => 'nope' in o.o`, `o => o.o.hasOwnProperty('k7')`,
		`o => o.o.hasOwnProperty('nope')`, `o => Object.getOwnPropertyDescriptor(o.o, 'k7')`, `o => { o.o.k7 = 1 }`, `o => { o.o.first.push(2); delete o.o.k3 }`,
		`o => o.l[77].i`, `o => o.l[101]`, `o => o.l.length`, `o => o.l[5] === o.l[5]`, `o => { o.l[99].x = 1; o.l[3] = 2 }`, `o => o.n[99]`, `o => { o.n[50] = 'x' }`, `o => o.n.reduce((a, b) => a + b)`,
		`o => o.l.pop()`, `o => Object.getOwnPropertyDescriptor(o.l, 'length')`, `o => { o.n.length = 3 }`, `o => o.o.toString`, `o => o.n.indexOf(70)`, `o => Object.keys(o.o).slice(0, 12)`, `o => JSON.stringify(o)`,
	} {
		vm, ref := goja.New(), goja.New()
		v, err := New(vm).Decode([]byte(bigText()))
		require.NoError(t, err)
		got, want := outcome(t, vm, op, v), outcome(t, ref, op, parse(t, ref, bigText()))
		if got != want {
			t.Errorf("%s\n%s", op, differ(want, got))
		}
		if got, want := written(t, New, bigText(), op); got != want {
			t.Errorf("%s\n%s", op, differ(want, got))
		}
	}
}

func TestMember(t *testing.T) {
	vm := goja.New()
	c := New(vm)
	v, err := c.Decode([]byte(`{"redirect":{"url":"/x","l":[[]]},"a":1,"b":null,"redirect":{"url":"/y","l":[[]]}}`))
	require.NoError(t, err)
	get := func(v goja.Value, keys ...string) goja.Value {
		for _, k := range keys {
			v, err = c.Member(v, k)
			require.NoError(t, err)
		}
		return v
	}
	assert.Equal(t, "/y", get(v, "redirect", "url").String())
	assert.True(t, goja.IsNull(get(v, "b")))
	assert.Nil(t, get(v, "absent"))
	assert.Nil(t, get(v, "absent", "url"))
	assert.Nil(t, get(vm.ToValue("text"), "length"))
	call(vm, `o => { o.redirect = {get url() { throw new Error('boo') }}; o.a = 2 }`, v)
	_, err = c.Member(get(v, "redirect"), "url")
	assert.ErrorContains(t, err, "boo")
	assert.Equal(t, int64(2), get(v, "a").ToInteger())
	call(vm, `o => { delete o.a }`, v)
	assert.Nil(t, get(v, "a"))
	call(vm, `o => { o.redirect = new Proxy({}, {get() { for (;;); }}) }`, v)
	p := get(v, "redirect")
	vm.Interrupt("stop")
	_, err = c.Member(p, "url")
	assert.ErrorAs(t, err, new(*goja.InterruptedError))
}

// TestPlain: Go code that looks at a value sees no proxy.
func TestPlain(t *testing.T) {
	vm := goja.New()
	c := New(vm)
	v, err := c.Decode([]byte(sample))
	require.NoError(t, err)
	l, err := c.Member(v, "l")
	require.NoError(t, err)
	p := c.Plain(l).(*goja.Object)
	assert.Equal(t, "Array", p.ClassName())
	assert.Same(t, l, p, "its identity is kept")
	assert.Len(t, p.Export(), 3)
	p = c.Plain(v).(*goja.Object)
	assert.Equal(t, "Object", p.ClassName())
	assert.IsType(t, map[string]any{}, p.Export())
	assert.Equal(t, goja.Null(), c.Plain(goja.Null()))
	b, err := c.Append(nil, v, 1<<20)
	require.NoError(t, err)
	assert.JSONEq(t, sample, string(b))
}

// TestLoginIsTheSame runs the benchmarks' rules both ways.
func TestLoginIsTheSame(t *testing.T) {
	parts, err := jsonscan.Members(payload(t), nil, "user", "context")
	require.NoError(t, err)
	for _, rules := range []string{"one", "five"} {
		p := load(t, rules)
		var out [2][2][]byte
		for i := range out {
			vm := goja.New()
			c := New(vm)
			var args [2]goja.Value
			for j := range args {
				if i == 0 {
					args[j], err = c.Decode(parts[j])
				} else {
					args[j] = parse(t, vm, string(parts[j]))
				}
				require.NoError(t, err)
			}
			if i == 0 {
				out[i][0], out[i][1] = login(t, vm, p, args[0], args[1], c)
			} else {
				out[i][0], out[i][1] = login(t, vm, p, args[0], args[1], newPlain(vm))
			}
		}
		for j := range 2 {
			assert.NotEqual(t, compact(t, parts[1]), compact(t, out[0][1]), "the rules changed the context")
			assert.Equal(t, compact(t, out[1][j]), compact(t, out[0][j]), rules)
		}
	}
}

func compact(t *testing.T, text []byte) string {
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}
