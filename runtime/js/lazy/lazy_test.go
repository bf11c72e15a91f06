package lazy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

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

// cases returns the lines of the files of an archive in testdata.
func cases(t testing.TB, name string) (lines []string) {
	a, err := txtar.ParseFile("testdata/" + name)
	require.NoError(t, err)
	for _, f := range a.Files {
		for line := range strings.Lines(string(f.Data)) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
	}
	require.NotEmpty(t, lines)
	return lines
}

// refusal matches what the engine says when an operation is refused: a proxy's
// words, where the refused operation is the first on its object, are others than
// a plain object's. This is the one difference that scripts can see.
var refusal = regexp.MustCompile(`TypeError: ('\w+' on proxy: trap returned falsish[^/]*|Cannot (redefine|delete|assign to|add|define) [^/]*) /`)

func TestOperations(t *testing.T) {
	for name, newCodec := range codecs {
		for _, op := range cases(t, "operations.txtar") {
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

// written returns what Append and JSON.stringify make of what the function
// returns, or, if that is undefined, of its argument: normalised, or the error.
func written(t *testing.T, newCodec func(*goja.Runtime) *Codec, text, op string) (got, want string) {
	t.Helper()
	vm := goja.New()
	c := newCodec(vm)
	v, err := c.Decode([]byte(text))
	require.NoError(t, err)
	if r := call(vm, op, v); !goja.IsUndefined(r) {
		v = r
	}
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
	if x := call(ref, op, r); !goja.IsUndefined(x) {
		r = x
	}
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

// call calls the function, and returns undefined if it throws.
func call(vm *goja.Runtime, fn string, arg goja.Value) goja.Value {
	v, err := vm.RunString("(" + fn + ")")
	if err != nil {
		panic(err)
	}
	f, _ := goja.AssertFunction(v)
	r, err := f(goja.Undefined(), arg)
	if err != nil {
		return goja.Undefined()
	}
	return r
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

func TestAppendAsStringify(t *testing.T) {
	for name, newCodec := range codecs {
		for _, op := range cases(t, "stringify.txtar") {
			got, want := written(t, newCodec, sample, op)
			if got != want {
				t.Errorf("%s: %s\n%s", name, op, differ(want, got))
			}
		}
	}
}

func TestAppendAfterOperations(t *testing.T) {
	for name, newCodec := range codecs {
		for _, op := range cases(t, "operations.txtar") {
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
