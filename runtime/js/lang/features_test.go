package lang_test

import (
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/runtime/js/lang"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eval prepares the expression as a rule without parameters and calls it.
func eval(t *testing.T, body string) (goja.Value, *lang.Result) {
	t.Helper()
	r, err := lang.Prepare("rule", "function () {"+body+"}", lang.Expression)
	require.NoError(t, err)
	_, v := run(t, r)
	f, ok := goja.AssertFunction(v)
	require.True(t, ok)
	got, err := f(goja.Undefined())
	require.NoError(t, err)
	return got, r
}

func TestPropertyEscapes(t *testing.T) {
	for expr, want := range map[string]bool{
		`/^\p{L}+$/u.test('Élanñβ字')`:                          true,
		`/^\p{L}+$/u.test('a1')`:                               false,
		`/\P{L}/u.test('abc')`:                                 false,
		`/^\P{L}$/u.test('1')`:                                 true,
		`/^[\p{L}\p{N}_]+$/u.test('é٣_')`:                      true,
		`/^[^\p{L}]+$/u.test('12')`:                            true,
		`/^[^\p{L}]+$/u.test('1a')`:                            false,
		`/^[\P{Lu}x]$/u.test('A')`:                             false,
		`/^\p{Lu}$/u.test('a')`:                                false,
		`/^\p{Lu}$/iu.test('a')`:                               true,
		`/^\P{Lu}$/iu.test('A')`:                               true,
		`/^[^\P{Lu}]$/iu.test('1')`:                            false,
		`/^\p{Script=Greek}+$/u.test('αβγ')`:                   true,
		`/^\p{sc=Cyrl}$/u.test('я')`:                           true,
		`/^\p{Script_Extensions=Deva}$/u.test('\u0964')`:       true,
		`/^\p{scx=Common}$/u.test('\u0964')`:                   false,
		`/^\p{General_Category=Uppercase_Letter}$/u.test('É')`: true,
		`/^\p{gc=Nd}$/u.test('٣')`:                             true,
		`/^\p{Emoji}$/u.test('😀')`:                             true,
		`/^\p{Emoji_Presentation}$/u.test('1')`:                false,
		`/^\p{Extended_Pictographic}$/u.test('❤')`:             true,
		`/^\p{Alphabetic}+$/u.test('ⅷª')`:                      true,
		`/^\p{White_Space}$/u.test('\u3000')`:                  true,
		`/^\p{ASCII}+$/u.test('aé')`:                           false,
		`/^\p{Any}$/u.test('😀')`:                               true,
		`/^\p{ASCII_Hex_Digit}+$/u.test('fF0')`:                true,
		`/^\p{ID_Start}\p{ID_Continue}*$/u.test('añ9_')`:       true,
		`/^\p{Lowercase}$/u.test('ª')`:                         true,
		`/(?<=\p{Lu})\p{Ll}/u.test('éÀé')`:                     true,
		`/^(?!\p{N})[\p{L}]$/u.test('é')`:                      true,
		`/\\p{L}/u.test('\\p{L}')`:                             true, // an escaped backslash
		`/^\\p\{L\}$/u.test('\\p{L}')`:                         true,
		`/\p{L}/.test('p{L}')`:                                 true, // without u it means p
		`'x/\\p{L}/u'.length === 9`:                            true,
		`'aÉ1'.replace(/\p{L}/gu, '-') === '--1'`:              true,
		`/^\p{Cs}$/u.test('\ud800')`:                           true,
		`/^\p{Surrogate}$/u.test('😀')`:                         false,
		`/^[\p{P}\-\]]+$/u.test('!?-]')`:                       true,
	} {
		got, r := eval(t, "return "+expr)
		assert.Equal(t, want, got.ToBoolean(), expr)
		assert.False(t, r.Transformed, expr)
	}
}

func TestPropertyEscapesKeepPositions(t *testing.T) {
	r, err := lang.Prepare("rule", "function () {\n  return /\\p{L}/u.test(missing);\n}", lang.Expression)
	require.NoError(t, err)
	vm, v := run(t, r)
	f, _ := goja.AssertFunction(v)
	_, err = f(goja.Undefined())
	ex := err.(*goja.Exception)
	pos := ex.Stack()[0].Position()
	assert.Equal(t, [2]int{2, 24}, [2]int{pos.Line, pos.Column})
	assert.Contains(t, v.String(), `/\p{L}/u`)
	_ = vm
}

func TestLanguage(t *testing.T) {
	for name, c := range map[string]struct {
		body, want  string
		transformed bool
	}{
		"block function used outside": {"if (true) { function f() { return 7 } } return f()", "7", true},
		"switch function":             {"switch (1) { case 1: function f() { return 8 } } return f()", "8", true},
		"block function inside only":  {"let x; { function f() { return 7 } x = f() } return x", "7", false},
		"function in its function":    {"function f() { return 1 } { return f() }", "1", false},
		"class":                       {"class A { static #x = 1; static { this.y = A.#x } } return A.y", "1", false},
		"optional":                    {"let u; return u?.a?.[0] ?? 'none'", "none", false},
		"bigint":                      {"return String(2n ** 64n)", "18446744073709551616", false},
		"decorators":                  {"const d = (c) => { c.z = 3 }; @d class A {} return A.z", "3", true},
		"label":                       {"a: for (;;) { for (;;) break a } return 'out'", "out", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, r := eval(t, c.body)
			assert.Equal(t, c.want, got.String())
			assert.Equal(t, c.transformed, r.Transformed)
		})
	}
}

func TestLoweredPositions(t *testing.T) {
	src := "async function (user) {\n  for await (const x of []) { x }\n\n\n  missing();\n}"
	r, err := lang.Prepare("rule", src, lang.Expression)
	require.NoError(t, err)
	require.True(t, r.Transformed)
	for i, line := range strings.Split(r.Code, "\n") {
		if c := strings.Index(line, "missing()"); c >= 0 {
			l, col := r.Position(i+1, c+1)
			assert.Equal(t, [2]int{5, 3}, [2]int{l, col})
			return
		}
	}
	t.Fatal("the call is not in the lowered code")
}

func TestPositionOfFirstLine(t *testing.T) {
	r, err := lang.Prepare("rule", "function () { missing() };", lang.Expression)
	require.NoError(t, err)
	_, v := run(t, r)
	f, _ := goja.AssertFunction(v)
	_, err = f(goja.Undefined())
	pos := err.(*goja.Exception).Stack()[0].Position()
	line, column := r.Position(pos.Line, pos.Column)
	assert.Equal(t, [2]int{1, 22}, [2]int{line, column})
}

func TestScan(t *testing.T) {
	r, err := lang.Prepare("rule", `function rule(user, context, callback) {
		const a = require('lodash'), b = require("axios@0.21.1"), c = require(`+"`url`"+`), d = require('lodash');
		// require('comment')
		require(user.name); x.require('member'); 'require("string")';
		const { used: alias = fallback, ...rest } = global.cache || {};
		return async ({ k }) => { for (const v of list) await Buffer.from(v.property); };
	}`, lang.Expression)
	require.NoError(t, err)
	assert.Equal(t, []string{"lodash", "axios@0.21.1", "url"}, r.Requires)
	for _, n := range []string{"require", "user", "global", "alias", "fallback", "rest", "Buffer", "list", "v", "k"} {
		assert.Contains(t, r.Names, n)
	}
	for _, n := range []string{"cache", "property", "comment", "used", "module"} {
		assert.NotContains(t, r.Names, n)
	}
	assert.Equal(t, "rule", r.FuncName)
	assert.Equal(t, 3, r.Arity)

	r, err = lang.Prepare("m", "exports.x = Buffer", lang.Module)
	require.NoError(t, err)
	assert.Equal(t, []string{"exports", "Buffer"}, r.Names)
}

func TestModules(t *testing.T) {
	for name, c := range map[string]struct {
		source      string
		transformed bool
	}{
		"commonjs":   {"#!/usr/bin/env node\nexports.x = 1; module.exports.y = 2", false},
		"esm":        {"import { z } from 'dep';\nexport const x = 1, y = z;", true},
		"esm mixed":  {"import d from 'dep';\nexport let x = 1; export const y = d.z", true},
		"generators": {"async function* g() { yield 1 } exports.x = 1; exports.y = 2", true},
		"meta":       {"exports.x = 1; exports.y = typeof import.meta === 'object' ? 2 : 0", true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := lang.Prepare("mod", c.source, lang.Module)
			require.NoError(t, err)
			assert.Equal(t, c.transformed, r.Transformed)
			vm, v := run(t, r)
			f, ok := goja.AssertFunction(v)
			require.True(t, ok)
			module, exports := vm.NewObject(), vm.NewObject()
			require.NoError(t, module.Set("exports", exports))
			dep := vm.NewObject()
			require.NoError(t, dep.Set("z", 2))
			_, err = f(exports, exports, vm.ToValue(func(goja.FunctionCall) goja.Value { return dep }), module)
			require.NoError(t, err)
			got := module.Get("exports").ToObject(vm)
			assert.Equal(t, int64(1), got.Get("x").ToInteger())
			assert.Equal(t, int64(2), got.Get("y").ToInteger())
		})
	}
}

func TestWarnings(t *testing.T) {
	for source, want := range map[string]string{
		"function () { return RegExp.$1 }":                  "RegExp.$1",
		"async function () { for await (const x of y) {} }": "translated",
		"function () { if (1) { function f() {} } f() }":    "translated",
	} {
		r, err := lang.Prepare("rule", source, lang.Expression)
		require.NoError(t, err)
		require.Len(t, r.Warnings, 1, source)
		assert.Contains(t, r.Warnings[0], want)
	}
	r, err := lang.Prepare("rule", "function () {}", lang.Expression)
	require.NoError(t, err)
	assert.Empty(t, r.Warnings)
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct{ source, message, hint string }{
		"too long":        {"function () { '" + strings.Repeat("x", lang.MaxSource) + "' }", "limit", "configuration"},
		"escape wrapper":  {"function () {}); process.exit((", "", ""},
		"two expressions": {"function a() {}, 1) ; (2", "", ""},
		"module escape":   {"})(); (function () {", "", ""},
		"regex flag d":    {"function () { return /a/d }", "flag", "flags v and d"},
		"modifier":        {"function () { return /(?i:a)/ }", "group", ""},
		"property":        {`function () { return /\p{Foo=Bar}/u }`, `\p{Foo=Bar}`, ""},
		"open property":   {`function () { return /\p{L/u }`, "property", ""},
		"top-level await": {"export default function () {}\nawait 1", "await", ""},
		"typescript":      {"function (user: any) {}", "", ""},
		"placeholder":     {"function (user) { return @@KEY@@ }", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := lang.Prepare("rule", c.source, lang.Expression)
			if err == nil {
				_, err = r.Compile()
			}
			var e *lang.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Message, c.message)
			assert.Contains(t, e.Hint, c.hint)
			assert.NotContains(t, e.Message, "module.exports")
		})
	}
	_, err := lang.Prepare("mod", "})(); (function () {", lang.Module)
	require.Error(t, err)
}

// TestEngineLacks notices when the engine grows what is polyfilled here, so that
// the polyfill can go.
func TestEngineLacks(t *testing.T) {
	vm := goja.New()
	for _, expr := range []string{
		"Object.groupBy", "Map.groupBy", "Promise.withResolvers", "Promise.try", "Array.fromAsync",
		"globalThis.Iterator", "[].values().map", "''.isWellFormed", "Symbol.asyncIterator", "Symbol.dispose",
		"Error.captureStackTrace", "({}).__defineGetter__", "RegExp.escape", "globalThis.WeakRef",
		"globalThis.FinalizationRegistry", "globalThis.Intl", "Date.prototype.getYear", "Date.prototype.toGMTString",
	} {
		v, err := vm.RunString("typeof (" + expr + ")")
		require.NoError(t, err)
		assert.Equal(t, "undefined", v.String(), "%s exists now: drop its polyfill", expr)
	}
	for _, expr := range []string{"(1.5).toLocaleString('en-US')", "1n.toLocaleString('en')"} {
		_, err := vm.RunString(expr)
		assert.Error(t, err, "%s works now: drop its polyfill", expr)
	}
	v, err := vm.RunString(`/\p{L}/u.test('é')`)
	require.NoError(t, err)
	assert.False(t, v.ToBoolean(), "the engine knows properties now")
}

func FuzzPrepare(f *testing.F) {
	for _, s := range []string{
		"function (user, context, callback) { callback(null, user, context) }", "'use strict'; () => 1;",
		"function a(){}\nmodule.exports = a", "async function* g() { for await (const x of y) yield x }",
		`function () { return /[\p{L}\P{N}]/iu }`, "export default (a) => { using b = a }", "<!-- x", "})(", "`${`", "#!x",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, source string, module bool) {
		if len(source) > 300 || strings.Count(source, "**") > 0 || strings.Count(source, "<<") > 0 || strings.Contains(source, "n") && strings.ContainsAny(source, "0123456789") {
			t.Skip() // constant folding may take for ever: the jail's matter
		}
		form := lang.Expression
		if module {
			form = lang.Module
		}
		r, err := lang.Prepare("fuzz", source, form)
		if err != nil {
			return
		}
		if _, err := r.Compile(); err != nil {
			return
		}
		r.Position(1, 1)
		r.Position(1000, 1000)
	})
}

func BenchmarkPrepare(b *testing.B) {
	src := "function (user, context, callback) {\n" + strings.Repeat("  user.app_metadata = user.app_metadata || {};\n  if (user.email === 'a@example.com') { user.x = user.y + 1; }\n", 9) + "  callback(null, user, context);\n}"
	for b.Loop() {
		r, err := lang.Prepare("rule", src, lang.Expression)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Compile(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGojaCompile(b *testing.B) {
	src := "(function (user, context, callback) {\n" + strings.Repeat("  user.app_metadata = user.app_metadata || {};\n  if (user.email === 'a@example.com') { user.x = user.y + 1; }\n", 9) + "  callback(null, user, context);\n})"
	for b.Loop() {
		if _, err := goja.Compile("rule", src, false); err != nil {
			b.Fatal(err)
		}
	}
}
