package lazy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// load compiles the rules in testdata/<name> to one program: an array of
// functions.
func load(t testing.TB, name string) *goja.Program {
	files, err := filepath.Glob("testdata/" + name + "/*.js")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	src := "["
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		src += "(" + string(b) + "),\n"
	}
	p, err := goja.Compile(name, src+"]", false)
	require.NoError(t, err)
	return p
}

// login runs the rules as a realm does, without the rest of a realm: decode
// gives the arguments, encode writes them.
func login(b testing.TB, vm *goja.Runtime, p *goja.Program, user, context goja.Value, codec interface {
	Append([]byte, goja.Value, int) ([]byte, error)
}) ([]byte, []byte) {
	rules, err := vm.RunProgram(p)
	if err != nil {
		b.Fatal(err)
	}
	list := rules.(*goja.Object)
	done := vm.ToValue(func(call goja.FunctionCall) goja.Value { return goja.Undefined() })
	for _, k := range []string{"0", "1", "2", "3", "4"} {
		f, ok := goja.AssertFunction(list.Get(k))
		if !ok {
			break
		}
		if _, err := f(goja.Undefined(), user, context, done); err != nil {
			b.Fatal(err)
		}
	}
	u, err := codec.Append(nil, user, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	c, err := codec.Append(nil, context, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	return u, c
}

// plain is JSON.parse and JSON.stringify.
type plain struct{ parse, stringify goja.Callable }

func newPlain(vm *goja.Runtime) *plain {
	json := vm.Get("JSON").(*goja.Object)
	var p plain
	p.parse, _ = goja.AssertFunction(json.Get("parse"))
	p.stringify, _ = goja.AssertFunction(json.Get("stringify"))
	return &p
}

func (p *plain) Append(dst []byte, v goja.Value, _ int) ([]byte, error) {
	s, err := p.stringify(goja.Undefined(), v)
	if err != nil {
		return nil, err
	}
	return append(dst, s.String()...), nil
}

func benchLazy(b *testing.B, rules string) {
	p := load(b, rules)
	parts, err := jsonscan.Members(payload(b), nil, "user", "context")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		vm := goja.New()
		c := New(vm)
		user, err := c.Decode(parts[0])
		if err != nil {
			b.Fatal(err)
		}
		context, err := c.Decode(parts[1])
		if err != nil {
			b.Fatal(err)
		}
		login(b, vm, p, user, context, c)
	}
}

func benchPlain(b *testing.B, rules string) {
	p := load(b, rules)
	parts, err := jsonscan.Members(payload(b), nil, "user", "context")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		vm := goja.New()
		c := newPlain(vm)
		user, err := c.parse(goja.Undefined(), vm.ToValue(string(parts[0])))
		if err != nil {
			b.Fatal(err)
		}
		context, err := c.parse(goja.Undefined(), vm.ToValue(string(parts[1])))
		if err != nil {
			b.Fatal(err)
		}
		login(b, vm, p, user, context, c)
	}
}

// The floor: the rules alone, on plain objects that were made before.
func BenchmarkOneRulesOnly(b *testing.B)  { benchRulesOnly(b, "one") }
func BenchmarkFiveRulesOnly(b *testing.B) { benchRulesOnly(b, "five") }

type nothing struct{}

func (nothing) Append(dst []byte, _ goja.Value, _ int) ([]byte, error) { return dst, nil }

func benchRulesOnly(b *testing.B, rules string) {
	p := load(b, rules)
	parts, err := jsonscan.Members(payload(b), nil, "user", "context")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		vm := goja.New()
		c := newCodec(vm, nil)
		user, _ := c.Decode(parts[0])
		context, _ := c.Decode(parts[1])
		b.StartTimer()
		login(b, vm, p, user, context, nothing{})
	}
}

func BenchmarkOneLazy(b *testing.B)   { benchLazy(b, "one") }
func BenchmarkOnePlain(b *testing.B)  { benchPlain(b, "one") }
func BenchmarkFiveLazy(b *testing.B)  { benchLazy(b, "five") }
func BenchmarkFivePlain(b *testing.B) { benchPlain(b, "five") }
