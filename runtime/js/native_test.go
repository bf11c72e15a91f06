package js

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// freeGate is a processor without waiters.
type freeGate struct{}

func (freeGate) Enter(stop <-chan struct{}) bool { return true }
func (freeGate) Leave()                          {}
func (freeGate) Script(int)                      {}

// newTestRealm returns a realm whose global object has the natives.
func newTestRealm(t *testing.T, source string, natives map[string]modules.Native) *Realm {
	t.Helper()
	c := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", source)}}
	p, err := Compile(c.Scripts[0])
	require.NoError(t, err)
	r := New(c, []*Program{p}, nil)
	t.Cleanup(r.Close)
	for name, n := range natives {
		r.globals.object.Set(name, r.function(name, func(call goja.FunctionCall) goja.Value { return r.callNative(n, call, false) }))
	}
	return r
}

// run runs `body` as a rule; what it puts into `out` comes back.
func run(t *testing.T, body string, natives map[string]modules.Native) (json.RawMessage, *rulebox.Error) {
	t.Helper()
	r := newTestRealm(t, "async function (user, out, callback) {"+body+"\n;callback(null, user, out); }", natives)
	res, fail := r.Run(&Input{Args: []json.RawMessage{[]byte("{}"), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(20 * time.Second)})
	if fail != nil {
		return nil, fail
	}
	return res.Values[1], nil
}

// echo returns its first argument, and keeps it.
func echo(got *any) map[string]modules.Native {
	return map[string]modules.Native{"n": func(_ *modules.Call, args []any) (any, error) {
		*got = nil
		if len(args) > 0 {
			*got = args[0]
		}
		return nil, nil
	}}
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		js   string
		want any
	}{
		{"undefined", nil}, {"null", nil}, {"true", true}, {"false", false},
		{"1", 1.0}, {"-0.5", -0.5}, {"2**53", math.Pow(2, 53)}, {"Infinity", math.Inf(1)},
		{"''", ""}, {"'é😀'", "é😀"}, {"'a\\ud800b'", "a\ufffdb"},
		{"10n", big.NewInt(10)}, {"-(2n**70n)", new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 70))},
		{"new Uint8Array([1,2,3])", []byte{1, 2, 3}},
		{"new Uint8Array([1,2,3,4]).subarray(1,3)", []byte{2, 3}},
		{"new Uint16Array([1,2])", []byte{1, 0, 2, 0}},
		{"new ArrayBuffer(2)", []byte{0, 0}},
		{"new DataView(new Uint8Array([1,2,3]).buffer, 1)", []byte{2, 3}},
		{"new Float64Array(0)", []byte{}},
		{"[]", []any{}}, {"[1,'a',null,[true]]", []any{1.0, "a", nil, []any{true}}},
		{"[1,,3]", []any{1.0, nil, 3.0}},
		{"{b:1,a:2}", modules.Object{{Key: "b", Value: 1.0}, {Key: "a", Value: 2.0}}},
		{"{x:undefined}", modules.Object{{Key: "x", Value: nil}}},
		{"{}", modules.Object{}},
		{"new Date(5)", time.UnixMilli(5).UTC()},
		{"new String('s')", "s"}, {"new Number(4)", 4.0}, {"new Boolean(false)", false},
		{"new Proxy({a:1},{})", modules.Object{{Key: "a", Value: 1.0}}},
		{"new Proxy([1],{})", []any{1.0}},
		{"Object.create({inherited:1})", modules.Object{}},
		{"{get a() { return 7 }}", modules.Object{{Key: "a", Value: 7.0}}},
		{"user", modules.Object{}},
		{"JSON.parse('{\"deep\":{\"list\":[1,{\"x\":\"y\"}]}}')", modules.Object{{Key: "deep", Value: modules.Object{{Key: "list", Value: []any{1.0, modules.Object{{Key: "x", Value: "y"}}}}}}}},
	} {
		t.Run(tt.js, func(t *testing.T) {
			var got any
			_, fail := run(t, "n("+tt.js+")", echo(&got))
			require.Nil(t, fail)
			if w, ok := tt.want.(time.Time); ok {
				require.True(t, w.Equal(got.(time.Time)), got)
				return
			}
			assert.Equal(t, tt.want, got)
		})
	}
	t.Run("NaN", func(t *testing.T) {
		var got any
		_, fail := run(t, "n(NaN)", echo(&got))
		require.Nil(t, fail)
		assert.True(t, math.IsNaN(got.(float64)))
	})
	t.Run("nothing", func(t *testing.T) {
		var got any
		_, fail := run(t, "n()", echo(&got))
		require.Nil(t, fail)
		assert.Nil(t, got)
	})
}

// The decoded arguments of the invocation are no plain objects of the engine,
// but natives must not see that.
func TestArgumentsFromTheInvocation(t *testing.T) {
	var got any
	r := newTestRealm(t, "function (user, context, callback) { n(user); callback(null) }", echo(&got))
	user := `{"a":1,"list":[1,2,{"k":"v"}],"nested":{"x":{"y":{"z":[[]]}},"s":"text","t":true,"u":null,"w":1.5}}`
	_, fail := r.Run(&Input{Args: []json.RawMessage{[]byte(user), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(20 * time.Second)})
	require.Nil(t, fail)
	o := got.(modules.Object)
	assert.Equal(t, []any{1.0, 2.0, modules.Object{{Key: "k", Value: "v"}}}, o.Get("list"))
	assert.Equal(t, "text", o.Get("nested").(modules.Object).Get("s"))
}

func TestHostileArguments(t *testing.T) {
	for _, tt := range []struct{ name, js, want string }{
		{"function", "n(function () {})", "TypeError"},
		{"class", "n(class {})", "TypeError"},
		{"function inside", "n({a:[() => 1]})", "TypeError"},
		{"symbol", "n(Symbol('x'))", "TypeError"},
		{"symbol inside", "n([Symbol.iterator])", "TypeError"},
		{"cycle", "const a = {}; a.a = a; n(a)", "RangeError"},
		{"array cycle", "const a = []; a.push(a); n(a)", "RangeError"},
		{"deep", "let a = 1; for (let i = 0; i < 5000; i++) a = [a]; n(a)", "RangeError"},
		{"long sparse array", "n(new Array(4294967295))", "RangeError"},
		{"sparse index", "const a = []; a[4294967294] = 1; n(a)", "RangeError"},
		{"claimed length", "n(new Proxy([], { get(t, k) { return k === 'length' ? 2 ** 40 : 1 } }))", "RangeError"},
		{"negative length", "n(new Proxy([], { get(t, k) { return k === 'length' ? -5 : 1 } }))", "RangeError"},
		{"wide", "const o = {}; let a = []; for (let i = 0; i < 1100; i++) a.push(new Array(1000).fill(0)); n(a)", "RangeError"},
		{"shared many times", "let a = [1,1,1,1,1,1,1,1]; for (let i = 0; i < 12; i++) a = [a,a,a,a,a,a,a,a]; n(a)", "RangeError"},
		{"getter throws", "n({ get a() { throw new SyntaxError('mine') } })", "SyntaxError"},
		{"proxy ownKeys throws", "n(new Proxy({}, { ownKeys() { throw new SyntaxError('mine') } }))", "SyntaxError"},
		{"proxy get throws", "n(new Proxy({a:1}, { get() { throw new SyntaxError('mine') } }))", "SyntaxError"},
		{"revoked proxy", "const p = Proxy.revocable({}, {}); p.revoke(); n(p.proxy)", "TypeError"},
		{"revoked array proxy", "const p = Proxy.revocable([], {}); p.revoke(); n(p.proxy)", "TypeError"},
		{"length getter throws", "n(new Proxy([], { get() { throw new SyntaxError('mine') } }))", "SyntaxError"},
		{"toString of a wrapper", "const s = new String('x'); s.toString = () => { throw new SyntaxError('mine') }; n(s)", ""},
		{"fake view", "const u = new Uint8Array(4); Object.defineProperty(u, 'byteLength', { value: 2 ** 40 }); n(u)", "RangeError"},
		{"fake view offset", "const u = new Uint8Array(4); Object.defineProperty(u, 'byteOffset', { value: -1 }); n(u)", "RangeError"},
		{"fake view buffer", "const u = new Uint8Array(4); Object.defineProperty(u, 'buffer', { value: {} }); n(u)", "TypeError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got any
			out, fail := run(t, "try { "+tt.js+"; out.e = '' } catch (e) { out.e = e.name }", echo(&got))
			require.Nil(t, fail)
			if tt.want != "" {
				assert.JSONEq(t, `{"e":"`+tt.want+`"}`, string(out))
			}
		})
	}
}

func TestEndlessGetterInArgument(t *testing.T) {
	var got any
	r := newTestRealm(t, "function (user, out, callback) { try { n({ get a() { for (;;) {} } }) } catch (e) { callback(null) } }", echo(&got))
	_, fail := r.Run(&Input{Args: []json.RawMessage{[]byte("{}"), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(100 * time.Millisecond)})
	require.NotNil(t, fail)
	assert.Equal(t, rulebox.CodeTimeout, fail.Code)
}

func TestResults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result any
		js     string // of v
		want   string
	}{
		{"undefined", nil, "typeof v", `"undefined"`},
		{"null", modules.Null{}, "v === null", `true`},
		{"bool", true, "v", `true`},
		{"string", "é😀", "v.length", `3`},
		{"int", 7, "v", `7`}, {"int64", int64(1) << 40, "v", `1099511627776`},
		{"float", 1.5, "v", `1.5`}, {"minus zero", math.Copysign(0, -1), "1/v", `null`}, {"nan", math.NaN(), "v !== v", `true`},
		{"bigint", new(big.Int).Lsh(big.NewInt(1), 65), "String(v) + typeof v", `"36893488147419103232bigint"`},
		{"bytes", []byte{1, 2}, "[v instanceof Uint8Array, v.length, v[1]]", `[true,2,2]`},
		{"no bytes", []byte{}, "v.byteLength", `0`},
		{"strings", []string{"a", "b"}, "v", `["a","b"]`},
		{"array", []any{1, nil, modules.Null{}, []any{"x"}}, "[v.length, v[1] === undefined, v[2] === null, Array.isArray(v), v[3]]", `[4,true,true,true,["x"]]`},
		{"object in order", modules.Object{{Key: "b", Value: 1}, {Key: "a", Value: 2}}, "Object.keys(v)", `["b","a"]`},
		{"object with __proto__", modules.Object{{Key: "__proto__", Value: modules.Object{{Key: "bad", Value: 1}}}}, "[({}).bad, v.bad, Object.keys(v)]", `[null,null,["__proto__"]]`},
		{"date", time.UnixMilli(99), "[v instanceof Date, v.getTime()]", `[true,99]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, fail := run(t, "const v = n(); out.v = "+tt.js, map[string]modules.Native{
				"n": func(*modules.Call, []any) (any, error) { return tt.result, nil }})
			require.Nil(t, fail)
			assert.JSONEq(t, `{"v":`+tt.want+`}`, string(out))
		})
	}
}

func TestThrows(t *testing.T) {
	natives := func(err error) map[string]modules.Native {
		return map[string]modules.Native{"n": func(*modules.Call, []any) (any, error) { return nil, err }}
	}
	const show = "try { n() } catch (e) { out.v = [e.constructor.name, e.name, e.message, e.code, e instanceof Error, Object.keys(e)] }"
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"plain", errors.New("m"), `["Error","Error","m",null,true,[]]`},
		{"coded", modules.Coded("ECODE", "m"), `["Error","Error","m","ECODE",true,["code"]]`},
		{"class", &modules.Throw{Class: "RangeError", Message: "m"}, `["RangeError","RangeError","m",null,true,[]]`},
		{"named", &modules.Throw{Name: "AbortError", Message: "m", Props: modules.Object{{Key: "code", Value: 20}}}, `["Error","AbortError","m",20,true,["code"]]`},
		{"unknown class", &modules.Throw{Class: "NoSuchError", Message: "m"}, `["TypeError","TypeError","m",null,true,[]]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, fail := run(t, show, natives(tt.err))
			require.Nil(t, fail)
			assert.JSONEq(t, `{"v":`+tt.want+`}`, string(out))
		})
	}
}

func TestTasks(t *testing.T) {
	task := func(v any, err error) map[string]modules.Native {
		return map[string]modules.Native{"n": func(*modules.Call, []any) (any, error) {
			return modules.Task(func(ctx context.Context) (any, error) {
				if ctx == nil || ctx.Err() != nil {
					return nil, errors.New("no context")
				}
				if v == "panic" {
					panic("fault")
				}
				return v, err
			}), nil
		}}
	}
	out, fail := run(t, "const p = n(); out.v = [p instanceof Promise, await p]", task("done", nil))
	require.Nil(t, fail)
	assert.JSONEq(t, `{"v":[true,"done"]}`, string(out))

	out, fail = run(t, "try { await n() } catch (e) { out.v = e.code }", task(nil, modules.Coded("ECONNREFUSED", "m")))
	require.Nil(t, fail)
	assert.JSONEq(t, `{"v":"ECONNREFUSED"}`, string(out))

	_, fail = run(t, "await n()", task(nil, errors.New("unheard")))
	require.NotNil(t, fail)
	assert.Equal(t, rulebox.CodeThrew, fail.Code)
	assert.Equal(t, "unheard", fail.Message)

	_, fail = run(t, "await n()", task("panic", nil))
	require.NotNil(t, fail)
	assert.Contains(t, fail.Message, "internal fault of a module")

	out, fail = run(t, "out.v = (await Promise.all(Array.from({length: 100}, () => n()))).length", task(1, nil))
	require.Nil(t, fail)
	assert.JSONEq(t, `{"v":100}`, string(out))

	_, fail = run(t, "for (let i = 0; i < 2000; i++) n()", map[string]modules.Native{"n": func(*modules.Call, []any) (any, error) {
		return modules.Task(func(ctx context.Context) (any, error) { <-ctx.Done(); return nil, ctx.Err() }), nil
	}})
	require.NotNil(t, fail)
	assert.Contains(t, fail.Message, "operations are in flight")
}

// A task of one rule that fails while another runs is that rule's.
func TestTaskBelongsToItsScript(t *testing.T) {
	release := make(chan struct{})
	natives := map[string]modules.Native{
		"n": func(*modules.Call, []any) (any, error) {
			return modules.Task(func(ctx context.Context) (any, error) { <-release; return nil, errors.New("late failure") }), nil
		},
		"go": func(*modules.Call, []any) (any, error) { close(release); return nil, nil },
	}
	c := &rulebox.Chain{Scripts: []*rulebox.Script{
		rulebox.NewScript(rulebox.KindRule, "first", "function (u, c, cb) { n(); cb(null) }"),
		rulebox.NewScript(rulebox.KindRule, "second", "function (u, c, cb) { go(); setTimeout(cb, 300) }"),
	}}
	var progs []*Program
	for _, s := range c.Scripts {
		p, err := Compile(s)
		require.NoError(t, err)
		progs = append(progs, p)
	}
	r := New(c, progs, nil)
	defer r.Close()
	for name, n := range natives {
		r.globals.object.Set(name, r.function(name, func(call goja.FunctionCall) goja.Value { return r.callNative(n, call, false) }))
	}
	res, fail := r.Run(&Input{Args: []json.RawMessage{[]byte("{}"), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(20 * time.Second)})
	require.Nil(t, fail, "the first has given its verdict")
	assert.Equal(t, []rulebox.Log{{Level: "warn", Text: "threw after its callback: Error: late failure", Script: "first"}}, res.Logs)
}

// Handlers map what a task gives before its promise is settled.
func TestHandlers(t *testing.T) {
	c := &rulebox.Chain{Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", `async function (u, out, cb) {
		const no = (e) => { throw new RangeError('mapped ' + e.message); };
		const seen = (p) => p.then((v) => 'ok ' + v, (e) => e.name + ' ' + e.message);
		out.v = [
			await seen(task(1, (v) => v + 1, no)),
			await seen(task(-1, (v) => v + 1, no)),
			await seen(task(-1, (v) => v + 1, () => 'saved')),
			await seen(task(1, () => { throw new TypeError('from the result'); }, no)),
			await seen(task(1, no)),
			await seen(task(-1, no)),
			await seen(task(1, () => Promise.resolve('later'), no)),
			await seen(task(-1)),
			(await task('{"a":{"b":[1,{"c":2}]}}')).a.b[1].c,
			await task('{"a":1').then(null, (e) => e.name),
		];
		try { plain(1, no); } catch (e) { out.v.push(e.name); }
		cb(null, u, out);
	}`)}}
	p, err := Compile(c.Scripts[0])
	require.NoError(t, err)
	r := New(c, []*Program{p}, nil)
	defer r.Close()
	for name, n := range map[string]modules.Native{
		"task": func(_ *modules.Call, args []any) (any, error) {
			return modules.Task(func(context.Context) (any, error) {
				switch v := args[0].(type) {
				case string:
					return modules.JSON(v), nil
				case float64:
					if v < 0 {
						return nil, errors.New("failed")
					}
				}
				return args[0], nil
			}), nil
		},
		"plain": func(*modules.Call, []any) (any, error) { return nil, nil },
	} {
		r.globals.object.Set(name, r.function(name, func(call goja.FunctionCall) goja.Value { return r.callNative(n, call, true) }))
	}
	res, fail := r.Run(&Input{Args: []json.RawMessage{[]byte("{}"), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(20 * time.Second)})
	require.Nil(t, fail)
	assert.JSONEq(t, `{"v":["ok 2","RangeError mapped failed","ok saved","TypeError from the result","ok 1","RangeError mapped failed",
		"ok later","Error failed",2,"SyntaxError","TypeError"]}`, string(res.Values[1]))
}

func TestViewIsAView(t *testing.T) {
	out, fail := run(t, "const u = new Uint8Array(4); n(u.subarray(1, 3)); out.v = Array.from(u)", map[string]modules.Native{
		"n": func(_ *modules.Call, args []any) (any, error) { copy(args[0].([]byte), "ab"); return nil, nil }})
	require.Nil(t, fail)
	assert.JSONEq(t, `{"v":[0,97,98,0]}`, string(out))
}

func TestFrameParsing(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want frame
		ok   bool
	}{
		{"f (rule:1:2(3))", frame{"f", "rule", 1, 2}, true},
		{"rule:1:2(3)", frame{"", "rule", 1, 2}, true},
		{"my rule:10:20(30)", frame{"", "my rule", 10, 20}, true},
		{"a.b (my rule (v2):10:20(30))", frame{"a.b", "my rule (v2)", 10, 20}, true},
		{"native", frame{}, false}, {"f (native)", frame{}, false}, {"", frame{}, false}, {"x:y:z(1)", frame{}, false},
	} {
		f, ok := parseFrame(tt.in)
		assert.Equal(t, tt.ok, ok, tt.in)
		if ok {
			assert.Equal(t, tt.want, f, tt.in)
		}
	}
}

func TestNearest(t *testing.T) {
	assert.Equal(t, 0, distance("abc", "abc"))
	assert.Equal(t, 1, distance("lodahs", "lodash")-1)
	assert.Equal(t, 3, distance("", "abc"))
	assert.Equal(t, 3, distance("kitten", "sitting"))
}
