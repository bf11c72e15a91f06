package lang_test

import (
	"testing"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/runtime/js/lang"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, r *lang.Result) (*goja.Runtime, goja.Value) {
	t.Helper()
	prog, err := r.Compile()
	require.NoError(t, err)
	vm := goja.New()
	v, err := vm.RunProgram(prog)
	require.NoError(t, err)
	return vm, v
}

func TestForms(t *testing.T) {
	const body = `(user, context, callback) { return callback(null, user, context); }`
	for _, c := range []struct {
		name, source string
		shape        lang.Shape
		plain        bool
		fn           string
		transformed  bool
	}{
		{"anonymous", `function ` + body, lang.ShapeExpression, true, "", false},
		{"named", `function rule` + body, lang.ShapeExpression, true, "rule", false},
		{"async", `async function ` + body, lang.ShapeExpression, true, "", false},
		{"arrow", `(user, context, callback) => { return callback(null, user, context); }`, lang.ShapeExpression, true, "", false},
		{"comment", "/* a\n b */\n// c\nfunction " + body, lang.ShapeExpression, true, "", false},
		{"comment after", "function " + body + " // end", lang.ShapeExpression, true, "", false},
		{"parentheses", "(function " + body + ")", lang.ShapeExpression, true, "", false},
		{"semicolon", "function " + body + ";", lang.ShapeExpression, true, "", false},
		{"semicolons and comment", "\n/* x */ function " + body + ";; // end", lang.ShapeExpression, true, "", false},
		{"parenthesised semicolon", "(function " + body + ");\n", lang.ShapeExpression, true, "", false},
		{"directive", "'use latest';\nfunction " + body + ";", lang.ShapeExpression, true, "", false},
		{"directive without semicolon", "// x\n\"use strict\"\nasync (user, context, callback) => callback(null, user, context)", lang.ShapeExpression, true, "", false},
		{"bom", "\ufefffunction " + body, lang.ShapeExpression, true, "", false},
		{"hashbang", "#!/usr/bin/node\nfunction " + body, lang.ShapeExpression, true, "", false},
		{"call", "(function () { return function " + body + " })()", lang.ShapeExpression, false, "", false},
		{"script", "function helper(a) { return a }\nfunction rule" + body + "\n", lang.ShapeScript, true, "rule", false},
		{"script helper last", "function rule" + body + "\nfunction helper(a) { return a }\n", lang.ShapeScript, true, "rule", false},
		{"script const", "const x = 1;\nconst rule = async " + `(user, context, callback) => callback(null, user, context)`, lang.ShapeScript, false, "rule", false},
		{"commonjs", "module.exports = function " + body, lang.ShapeModule, false, "", false},
		{"commonjs after", "function rule" + body + "\nmodule.exports = rule;", lang.ShapeModule, false, "", false},
		{"commonjs property", "function rule" + body + "\nmodule.exports = {rule};", lang.ShapeModule, false, "", false},
		{"esm", "export default function " + body, lang.ShapeModule, false, "", true},
		{"html comment", "<!-- hi\nfunction " + body, lang.ShapeExpression, true, "", true},
		{"for await", "async function (user, context, callback) { for await (const x of []) { x } return callback(null, user, context) }", lang.ShapeExpression, true, "", true},
		{"async generator", "'use strict'; async function rule(user, context, callback) { async function* g() { yield 1 } for await (const x of g()) { user.x = x } return callback(null, user, context) };", lang.ShapeExpression, true, "rule", true},
		{"using", "(user, context, callback) => { { using x = null; } return callback(null, user, context) }", lang.ShapeExpression, true, "", true},
		{"script async generator", "async function* g() { yield 1 }\nasync function rule(user, context, callback) { for await (const x of g()) { user.x = x } return callback(null, user, context) }", lang.ShapeScript, false, "rule", true},
		{"dynamic import", "async (user, context, callback) => { if (user.q) await import('crypto'); return callback(null, user, context) }", lang.ShapeExpression, true, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := lang.Prepare("my rule", c.source, lang.Expression)
			require.NoError(t, err)
			assert.Equal(t, c.shape, r.Shape, "shape")
			assert.Equal(t, c.plain, r.PlainFunction, "plain")
			assert.Equal(t, c.fn, r.FuncName, "name")
			assert.Equal(t, c.transformed, r.Transformed, "transformed")
			if c.plain {
				assert.Equal(t, 3, r.Arity)
			}
			vm, v := run(t, r)
			f, ok := goja.AssertFunction(v)
			require.True(t, ok, "not a function: %s", r.Code)
			called := 0
			user := vm.NewObject()
			_, err = f(goja.Undefined(), user, vm.NewObject(), vm.ToValue(func(c goja.FunctionCall) goja.Value {
				called++
				assert.Same(t, user, c.Argument(1))
				return nil
			}))
			require.NoError(t, err)
			assert.Equal(t, 1, called)
		})
	}
}

func TestErrorPositions(t *testing.T) {
	for _, c := range []struct {
		name, source string
		line, column int
		message      string
	}{
		{"first line", "function (a, b { }", 1, 16, ""},
		{"later", "function (user, context, callback) {\n  let x = ;\n}", 2, 11, "Unexpected"},
		{"unclosed", "function (user, context, callback) {\n  if (x) {\n}", 3, 2, "end"},
		{"flag", "function (user, context, callback) {\n  return /a/v;\n}", 2, 10, "flag"},
		{"property", "function (user, context, callback) {\n\n  return /\\p{Nope}/u;\n}", 3, 10, "Nope"},
		{"compile", "function (user, context, callback) {\n  let x; let x;\n}", 2, 14, "already"},
		{"nothing", "// x", 0, 0, "empty"},
		{"number", "var x = 1", 0, 0, "no function"},
		{"lowered", "async function (user, context, callback) {\n  for await (const x of y) {}\n  let z = = 1;\n}", 3, 11, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := lang.Prepare("rule", c.source, lang.Expression)
			if err == nil {
				_, err = r.Compile()
			}
			require.Error(t, err)
			var e *lang.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, [2]int{c.line, c.column}, [2]int{e.Line, e.Column}, "%v", e)
			assert.Contains(t, e.Message, c.message)
		})
	}
}
