package js

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nodeTexts are what Node.js says of each. Uncaught is what is said of an error that
// the script cannot look at, where more differs than that its value, undefined or
// null, is not known then.
var nodeTexts = []struct{ code, want, uncaught string }{
	{`user.nope()`, `user.nope is not a function`, ""},
	{`user.a.b.nope(1)`, `Cannot read properties of undefined (reading 'b')`, ""},
	{`undefined.x`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`user.a.b`, `Cannot read properties of undefined (reading 'b')`, ""},
	{`null.foo`, `Cannot read properties of null (reading 'foo')`, ""},
	{`user.nul.foo`, `Cannot read properties of null (reading 'foo')`, ""},
	{`user['nul']['foo']`, `Cannot read properties of null (reading 'foo')`, ""},
	{`user.nope.x()`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`user.nul.x()`, `Cannot read properties of null (reading 'x')`, ""},
	{`un()`, `un is not a function`, ""},
	{`un.x()`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`un[null]`, `Cannot read properties of undefined (reading 'null')`, ""},
	{`user.nul[un]`, `Cannot read properties of null (reading 'undefined')`, ""},
	{`user.email()`, `user.email is not a function`, ""},
	{`new user.email()`, `user.email is not a constructor`, ""},
	{`new user.email`, `user.email is not a constructor`, ""},
	{`new un()`, `un is not a constructor`, ""},
	{`new user.nope()`, `user.nope is not a constructor`, ""},
	{`const {a} = un`, `Cannot destructure property 'a' of 'un' as it is undefined.`, ""},
	{`const {a, b} = user.nope`, `Cannot destructure property 'a' of 'user.nope' as it is undefined.`, ""},
	{`const {a: q} = user.nul`, `Cannot destructure property 'a' of 'user.nul' as it is null.`, ""},
	{`(({a}) => a)(un)`, `Cannot destructure property 'a' of 'undefined' as it is undefined.`, ""},
	{`const [a] = un`, `un is not iterable`, ""},
	{`for (const x of user.nope) {}`, `user.nope is not iterable`, ""},
	{`for (const x of un) {}`, `un is not iterable`, ""},
	{`[...un]`, `un is not iterable`, ""},
	{`Object.keys(un)`, `Cannot convert undefined or null to object`, ""},
	{`un.x = 1`, `Cannot set properties of undefined (setting 'x')`, ""},
	{`user.nul.x = 1`, `Cannot set properties of null (setting 'x')`, ""},
	{`un[0]`, `Cannot read properties of undefined (reading '0')`, ""},
	{`un[0]()`, `Cannot read properties of undefined (reading '0')`, ""},
	{`user['nope']()`, `user.nope is not a function`, ""},
	{`user.arr[0]()`, `user.arr[0] is not a function`, ""},
	{`user.f()()`, `user.f(...) is not a function`, ""},
	{`user.f(1, ')').x()`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`decodeURIComponent('%')`, `URI malformed`, ""},
	{`JSON.parse('<html>')`, `Unexpected token '<', "<html>" is not valid JSON`, ""},
	{`JSON.parse('')`, `Unexpected end of JSON input`, ""},
	{`JSON.parse(un)`, `"undefined" is not valid JSON`, ""},
	{`JSON.parse({})`, `"[object Object]" is not valid JSON`, ""},
	{`[].reduce((a) => a)`, `Reduce of empty array with no initial value`, ""},
	{`class A {}; A()`, `Class constructor A cannot be invoked without 'new'`, ""},
	{"`${user.nope.x}`", `Cannot read properties of undefined (reading 'x')`, ""},
	{`user?.nope.x`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`user.email.foo.bar`, `Cannot read properties of undefined (reading 'bar')`, ""},
	{`return user.nope()`, `user.nope is not a function`, ""},
	{`[1].map(un)`, `undefined is not a function`, ""},
	{`new Promise()`, `Promise resolver undefined is not a function`, ""},
	{`this.x.y`, `Cannot read properties of undefined (reading 'x')`, ""},
	{`un.length`, `Cannot read properties of undefined (reading 'length')`, ""},
}

func runOne(t *testing.T, source string) (*rulebox.Result, *rulebox.Error) {
	c := &rulebox.Chain{Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", source)}}
	p, err := Compile(c.Scripts[0])
	require.NoError(t, err)
	r := New(c, []*Program{p}, nil)
	defer r.Close()
	return r.Run(&Input{Args: []json.RawMessage{[]byte(`{"email":"ada@example.org","nul":null,"arr":[1]}`), []byte("{}")}, Gate: freeGate{}, Deadline: time.Now().Add(20 * time.Second)})
}

func TestNodeTexts(t *testing.T) {
	for _, tc := range nodeTexts {
		// Caught, it is the whole text.
		body := fmt.Sprintf("function (user, context, callback) { 'use strict'; user.f = function () {}; var un; (function () {\n  %s\n})(); ", tc.code)
		res, fail := runOne(t, fmt.Sprintf("function (user, context, callback) { 'use strict'; user.f = function () {}; var un; try { (function () {\n  %s\n})(); } catch (e) { context.said = e.message; context.stack = String(e.stack).split('\\n')[0]; context.name = e.name; context.is = e.constructor === globalThis[e.name] && e instanceof Error; } callback(null, user, context); }", tc.code))
		if assert.Nil(t, fail, tc.code) {
			var got struct {
				Said, Stack, Name string
				Is                bool
			}
			require.NoError(t, json.Unmarshal(res.Values[1], &got))
			assert.Equal(t, tc.want, got.Said, tc.code)
			assert.Equal(t, got.Name+": "+tc.want, got.Stack, tc.code)
			assert.True(t, got.Is, tc.code)
		}
		_, fail = runOne(t, body+"callback(null, user, context); }")
		if assert.NotNil(t, fail, tc.code) {
			assert.NotContains(t, fail.Message+fail.Hint, "ada@", tc.code)
			if tc.uncaught == "" {
				tc.uncaught = tc.want
				for _, none := range []string{"undefined", "null"} {
					tc.uncaught = strings.Replace(tc.uncaught, "properties of "+none+" (", "properties of undefined or null (", 1)
					tc.uncaught = strings.Replace(tc.uncaught, "as it is "+none+".", "as it is undefined or null.", 1)
				}
			}
			assert.Equal(t, tc.uncaught, fail.Message, tc.code)
			if strings.HasPrefix(tc.want, "Cannot ") || strings.HasSuffix(tc.want, "is not a function") || strings.Contains(tc.want, "JSON") {
				assert.NotEmpty(t, fail.Hint, tc.code)
			}

		}
	}
}

// The layout of the engine is the one that is known: where it is not, its own texts
// would be left, and nothing else would tell.
func TestErrorLayout(t *testing.T) {
	require.NotNil(t, errorLayout())
	runOne(t, "function (user, context, callback) { try { user.x(); } catch (e) {} callback(); }")
	hooks.Range(func(any, any) bool {
		t.Error("a realm that was closed has hooks")
		return false
	})
}

// What Node.js 20 says, and the line and column that newer ones add.
func TestJSONMessage(t *testing.T) {
	for text, want := range map[string]string{
		"":                "Unexpected end of JSON input",
		" ":               "Unexpected end of JSON input",
		"<html>":          "Unexpected token '<', \"<html>\" is not valid JSON",
		"undefined":       "\"undefined\" is not valid JSON",
		"NaN":             "\"NaN\" is not valid JSON",
		"[object Object]": "\"[object Object]\" is not valid JSON",
		"{":               "Expected property name or '}' in JSON at position 1 (line 1 column 2)",
		"{a}":             "Expected property name or '}' in JSON at position 1 (line 1 column 2)",
		"{\"a\"":          "Expected ':' after property name in JSON at position 4 (line 1 column 5)",
		"{\"a\" 1}":       "Expected ':' after property name in JSON at position 5 (line 1 column 6)",
		"{\"a\":":         "Unexpected end of JSON input",
		"{\"a\":1":        "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)",
		"{\"a\":1,}":      "Expected double-quoted property name in JSON at position 7 (line 1 column 8)",
		"[":               "Unexpected end of JSON input",
		"[1":              "Expected ',' or ']' after array element in JSON at position 2 (line 1 column 3)",
		"[1,]":            "Unexpected token ']', \"[1,]\" is not valid JSON",
		"[1 2]":           "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)",
		"tru":             "Unexpected end of JSON input",
		"nul1":            "Unexpected number in JSON at position 3 (line 1 column 4)",
		"nul\"":           "Unexpected string in JSON at position 3 (line 1 column 4)",
		"-":               "No number after minus sign in JSON at position 1 (line 1 column 2)",
		"01":              "Unexpected number in JSON at position 1 (line 1 column 2)",
		"1.":              "Unterminated fractional number in JSON at position 2 (line 1 column 3)",
		"1e+":             "Exponent part is missing a number in JSON at position 3 (line 1 column 4)",
		"\"abc":           "Unterminated string in JSON at position 4 (line 1 column 5)",
		"\"a\nb\"":        "Bad control character in string literal in JSON at position 2 (line 1 column 3)",
		"\"\\x\"":         "Bad escaped character in JSON at position 2 (line 1 column 3)",
		"\"\\u12\"":       "Bad Unicode escape in JSON at position 5 (line 1 column 6)",
		"\"\\":            "Unexpected end of JSON input",
		"1 2":             "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)",
		"{\"a\":1\n\n x}": "Expected ',' or '}' after property value in JSON at position 9 (line 3 column 2)",
		"<!DOCTYPE html><html><body>hello</body></html>":           "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
		"{\"aaaaaaaaaaaaaaaaaaa\": <html>, \"bbbbbbbbbbbbbbb\":1}": "Unexpected token '<', ...\"aaaaaaa\": <html>, \"b\"... is not valid JSON",
		"[\"aaaaaaaaaaaaaaaaaaaaaaaa\", x]":                        "Unexpected token 'x', ...\"aaaaaaa\", x]\" is not valid JSON",
		"\u00e9":                                                   "Unexpected token 'é', \"é\" is not valid JSON",
		":":                                                        "Unexpected token ':', \":\" is not valid JSON",
		"{\"a\":1}}":                                               "Unexpected non-whitespace character after JSON at position 7 (line 1 column 8)",
		"[1.5.5]":                                                  "Expected ',' or ']' after array element in JSON at position 4 (line 1 column 5)",
		"\ufeff{}":                                                 "Unexpected token '\ufeff', \"\ufeff{}\" is not valid JSON",
		"{}":                                                       "", "[1,2.5e-3,\"\\u00e9\",null,true]": "",
	} {
		assert.Equal(t, want, jsonMessage(text), "%q", text)
	}
}

// FuzzJSONMessage: there is a message exactly where the text is not JSON.
func FuzzJSONMessage(f *testing.F) {
	for _, s := range []string{"", "{", `{"a":[1,-0.5e3,"\u00e9"]}`, "[1,]", "\"\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if utf8.ValidString(s) {
			assert.Equal(t, json.Valid([]byte(s)), jsonMessage(s) == "", "%q", s)
		}
	})
}
