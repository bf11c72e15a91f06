package lazy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestHostile writes values that were made to break the writer. Each file of the
// archive is a function; its name begins with what Append must say. The engine's
// own JSON.stringify would not end, or not end well, on most of them.
func TestHostile(t *testing.T) {
	a, err := txtar.ParseFile("testdata/hostile.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, a.Files)
	for _, f := range a.Files {
		t.Run(f.Name, func(t *testing.T) {
			vm := goja.New()
			vm.SetMaxCallStackSize(500)
			c := New(vm)
			v, err := c.Decode([]byte(sample))
			require.NoError(t, err)
			fn, err := vm.RunString("(" + string(f.Data) + ")")
			require.NoError(t, err)
			call, _ := goja.AssertFunction(fn)
			r, err := call(goja.Undefined(), v)
			require.NoError(t, err)
			if !goja.IsUndefined(r) {
				v = r
			}
			timer := time.AfterFunc(20*time.Second, func() { vm.Interrupt("safety") })
			defer timer.Stop()
			if strings.HasPrefix(f.Name, "interrupted") {
				time.AfterFunc(50*time.Millisecond, func() { vm.Interrupt("now") })
			}
			b, err := c.Append([]byte("x"), v, 1<<20)
			require.Error(t, err, "%.100s", b)
			assert.Equal(t, "x", string(b))
			var ex *goja.Exception
			var stop *goja.InterruptedError
			switch kind, _, _ := strings.Cut(f.Name, " "); kind {
			case "large:":
				assert.ErrorIs(t, err, ErrTooLarge)
			case "deep:":
				assert.ErrorIs(t, err, ErrTooDeep)
			case "threw:":
				assert.True(t, errors.As(err, &ex), "%v", err)
			case "overflow:":
				assert.True(t, errors.As(err, new(*goja.StackOverflowError)) || errors.As(err, &ex), "%v", err)
			case "interrupted:":
				require.True(t, errors.As(err, &stop), "%v", err)
				assert.Equal(t, "now", stop.Value())
			default:
				t.Fatalf("no such kind: %s", kind)
			}
		})
	}
}

// TestReplacedIntrinsics lets guest code replace all it can reach before the
// value is touched and written.
func TestReplacedIntrinsics(t *testing.T) {
	vm := goja.New()
	c := New(vm)
	v, err := c.Decode([]byte(sample))
	require.NoError(t, err)
	require.NoError(t, vm.Set("o", v))
	_, err = vm.RunString(`
		const keys = Reflect.ownKeys, define = Object.defineProperty, tag = Symbol.toStringTag;
		const evil = () => { throw new Error('guest code was called') };
		const roots = [JSON, Reflect, Object, Array, Object.prototype, Array.prototype, String.prototype, Number.prototype, Function.prototype, Proxy];
		const all = roots.map(keys), global = globalThis, names = ['JSON', 'Reflect', 'Object', 'Array', 'RangeError', 'TypeError', 'Proxy'];
		for (let r = 0; r < roots.length; r++) for (let i = 0; i < all[r].length; i++) {
			const k = all[r][i];
			if (k !== 'prototype' && k !== tag && k !== '__proto__') try { define(roots[r], k, {value: evil}) } catch (e) {}
		}
		for (let i = 0; i < names.length; i++) global[names[i]] = evil;
		const p = o.o; p.p = 'new'; o.s; o.missing; 'x' in o; o.l[1].i = 9; o.added = [1.5, "x"]; o.m[0] = {"\ud800": 1}; delete o.f;`)
	require.NoError(t, err)
	b, err := c.Append(nil, v, 1<<20)
	require.NoError(t, err)
	assert.JSONEq(t, `{"s":"x","n":1,"t":true,"z":null,"10":"ten","2":"two","o":{"a":{"b":[1,[2],{"c":3}]},"p":"new"},"e":{},
		"l":[{"i":0},{"i":9},{"i":2}],"m":[{"\ud800":1},[1],[2]],"__proto__":{"x":{}},"toString":7,"length":5,"é":"ü","added":[1.5,"x"]}`, string(b))
}

func TestLimitIsExact(t *testing.T) {
	vm := goja.New()
	c := New(vm)
	for _, src := range []string{`"abc"`, `[1,2,3]`, `({a:[true,{}]})`, `"\ud800"`, `1234567`, `[[],[]]`, `undefined`} {
		v, err := vm.RunString(src)
		require.NoError(t, err)
		whole, err := c.Append(nil, v, 1<<20)
		require.NoError(t, err)
		for max := range len(whole) {
			b, err := c.Append([]byte("keep"), v, max)
			assert.ErrorIs(t, err, ErrTooLarge, "%s in %d", src, max)
			assert.Equal(t, "keep", string(b))
		}
		b, err := c.Append([]byte("keep"), v, len(whole))
		if assert.NoError(t, err, src) {
			assert.Equal(t, "keep"+string(whole), string(b))
		}
	}
	v, err := c.Decode([]byte(sample))
	require.NoError(t, err)
	_, err = c.Append(nil, v, len(sample)-1)
	assert.ErrorIs(t, err, ErrTooLarge)
	b, err := c.Append(nil, v, len(sample))
	require.NoError(t, err)
	assert.Equal(t, sample, string(b), "untouched: the bytes it came as")
}
