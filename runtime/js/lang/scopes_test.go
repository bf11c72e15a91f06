package lang

import (
	"testing"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each case is an expression, and its value as text. Without MendScopes the engine
// gives another value, or panics; kept says that it does not.
func TestMendScopes(t *testing.T) {
	for _, c := range []struct {
		name, code, want string
		kept             bool
	}{
		{"a variable set by a closure", `[7, 8].map(function (x) { var found; (() => { if (x > 7) found = x; })(); return found; }).join()`, ",8", false},
		{"arguments in use", `(function () { var n = arguments.length, e; return (function () { return n + typeof e; })(); })(1, 2, 3)`, "3undefined", false},
		{"in strict code", `(function () { 'use strict'; var n = arguments.length, e; return (() => n + typeof e + typeof this)(); })(1, 2, 3)`, "3undefinedundefined", false},
		{"an arrow function's variable", `((a) => { var e; return (() => a + typeof e)(); })(1, 2)`, "1undefined", false},
		{"patterns", `(function (a) { var { b, c: [d = 1, ...r] } = { b: 2, c: [] }; var z; return (() => [a, b, d, r.length, typeof z].join())(); })(1, 8, 9, 10, 11, 12)`, "1,2,1,0,undefined", false},
		{"a loop's variable", `(function (a) { for (var i in {}); return (() => a + typeof i)(); })(1, 2)`, "1undefined", false},
		{"rest", `(function (a, ...more) { var e; return (() => a + more.length + typeof e)(); })(1, 2, 3)`, "3undefined", true},
		{"a method", `({ m(a) { var e; return (() => a + typeof e)(); } }).m(1, 2)`, "1undefined", false},
		{"a constructor", `new (class { constructor(a) { var e; this.v = (() => a + typeof e)(); } })(1, 2).v`, "1undefined", false},
		{"a field uses it", `new ((function (a) { var e; return class { v = a + typeof e; }; })(1, 2))().v`, "1undefined", false},
		{"a static block uses it", `(function (a) { var e; class K { static { this.v = a + typeof e; } } return K.v; })(1, 2)`, "1undefined", false},
		{"a field without value", `Object.keys(new ((function (a) { var e; return class { v; w = a + typeof e; }; })(1, 2))()).join()`, "v,w", true},
		{"a generator", `[...(function* (a) { var e; yield (() => a + typeof e)(); })(1, 2)].join()`, "1undefined", false},
		{"eval", `(function () { var e; return eval('typeof e'); })(1, 2)`, "undefined", false},
		{"two functions deep", `(function (a) { var e; return (function () { return () => a + typeof e; })()(); })(1, 2)`, "1undefined", false},
		{"a parameter of that name", `(function (a, b) { var b; return (() => a + b)(); })(1, 2)`, "3", true},
		{"a parameter with a value", `(function (a, b = 5) { var b; return (() => a + b)(); })(1)`, "6", true},
		{"a function of that name", `(function (a) { var f; function f() { return a; } return (() => f())(); })(1, 2)`, "1", true},
		{"var arguments", `(function (a) { var arguments; return (function () { return a; })() + arguments.length; })(1, 2)`, "3", true},
		{"directives stay first", `(function (a) { 'use strict'; var e; return (() => a + typeof this)(); })(1, 2)`, "1undefined", true},

		{"arguments of an arrow function", `(function f(a) { return (() => arguments.length + a)(); })(1, 2)`, "3", false},
		{"arrow in arrow", `(function () { return [1].map(x => [2].map(y => arguments[0] + x + y).join()).join(); })(5)`, "8", false},
		{"later in the body", `(function () { const g = () => arguments[1]; const r = g(); return r + arguments.length; })(5, 6)`, "8", false},
		{"a function's own arguments", `(function () { return (function () { return arguments.length; })(1); })(5, 6)`, "1", true},
		{"of a method", `({ m() { return (() => arguments.length)(); } }).m(1, 2)`, "2", false},
		{"apply", `(function () { return (() => Math.max.apply(null, arguments))(); })(4, 9, 2)`, "9", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, run(t, c.code, true))
			assert.Equal(t, c.kept, run(t, c.code, false) == c.want, "by the engine alone")
		})
	}
}

// run gives a value's text, or that of the engine's panic.
func run(t *testing.T, code string, mend bool) (text string) {
	t.Helper()
	tree, err := goja.Parse("case", code, parser.WithDisableSourceMaps)
	require.NoError(t, err)
	if mend {
		MendScopes(tree)
	}
	prog, err := goja.CompileAST(tree, false)
	require.NoError(t, err)
	defer func() {
		if recover() != nil {
			text = "panic"
		}
	}()
	v, err := goja.New().RunProgram(prog)
	if err != nil {
		return err.Error()
	}
	return v.String()
}

// The columns of a stack trace are those of the source.
func TestMendScopesKeepsPositions(t *testing.T) {
	code := "(function (a) { var e; return (() => a + e.x)(); })(1, 2)"
	assert.Equal(t, "TypeError: Cannot read property 'x' of undefined at case:1:44(3)", run(t, code, true))
}
