package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/runtime/js/lang"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// packages reads an archive whose files are <package>/<path>; the first package is
// the one that is added. Dependencies are the packages of the same names.
func packages(t *testing.T, archive string) []Package {
	var list []Package
	index := map[string]int{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name, rest := splitName(f.Name)
		i, ok := index[name]
		if !ok {
			i = len(list)
			index[name] = i
			list = append(list, Package{Name: name, Version: "1.0.0", Files: map[string][]byte{}, Needs: map[string]int{}})
		}
		list[i].Files[rest] = f.Data
	}
	require.NotEmpty(t, list)
	for i := range list {
		for name, j := range index {
			if i != j {
				list[i].Needs[name] = j
			}
		}
	}
	return list
}

// call evaluates the body and returns what the part exports, as JSON would say it.
func call(t *testing.T, out *Output, part string) string {
	r, err := lang.PreparePackage("p", out.Source)
	require.NoError(t, err)
	prg, err := r.Compile()
	require.NoError(t, err)
	vm := goja.New()
	vm.Set("globalThis", vm.GlobalObject())
	v, err := vm.RunProgram(prg)
	require.NoError(t, err)
	body, _ := goja.AssertFunction(v)
	module := vm.NewObject()
	outer := func(c goja.FunctionCall) goja.Value { return vm.ToValue("table:" + c.Argument(0).String()) }
	_, err = body(goja.Undefined(), vm.NewObject(), vm.ToValue(outer), module)
	require.NoError(t, err)
	load, ok := goja.AssertFunction(module.Get("exports"))
	require.True(t, ok)
	exports, err := load(goja.Undefined(), vm.ToValue(part))
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), " at $error")
		return "throws " + text
	}
	vm.Set("v", exports)
	text, err := vm.RunString(`typeof v === 'function' ? v.toString() : JSON.stringify(v)`)
	require.NoError(t, err)
	return text.String()
}

func TestPack(t *testing.T) {
	for _, tt := range []struct {
		name, archive, part, want string
		in                        Input
	}{
		{name: "main, folder, data and circle", archive: `
-- a/package.json --
{"main": "lib"}
-- a/lib/index.js --
exports.first = 1; const b = require('../b'); module.exports = [b.seen, require('./data'), require('.') === module.exports, __dirname, __filename];
-- a/b.js --
exports.seen = require('./lib').first;
-- a/lib/data.json --
{"__proto__": {"x": 1}, "k": "\u2028"}
`, want: `[1,{"__proto__":{"x":1},"k":"` + "\u2028" + `"},true,"/a@1.0.0/lib","/a@1.0.0/lib/index.js"]`},
		{name: "exports of a dependency", archive: `
-- a/package.json --
{}
-- a/index.js --
module.exports = [require('@s/b'), require('@s/b/x'), require('@s/b/deep/y.js')];
-- @s/b/package.json --
{"main": "wrong.js", "exports": {".": {"import": "./m.mjs", "require": {"types": "./t.d.ts", "default": "./c.cjs"}}, "./x": ["./x.js"], "./deep/*": "./d/*"}}
-- @s/b/c.cjs --
module.exports = 'c';
-- @s/b/m.mjs --
export default 'm';
-- @s/b/x.js --
module.exports = 'x';
-- @s/b/d/y.js --
module.exports = 'y';
`, want: `["c","x","y"]`},
		{name: "ES modules", archive: `
-- a/package.json --
{"type": "module", "exports": "./a.js"}
-- a/a.js --
import b, { two } from './b.js';
import * as path from 'path';
export default [b, two, path.default];
export const extra = 1;
-- a/b.js --
export default 'one';
export const two = 'two';
`, want: `{"default":["one","two","table:path"],"extra":1}`},
		{name: "imports map and itself", archive: `
-- a/package.json --
{"imports": {"#x": "./x.js", "#p": "path", "#d/*": "./d/*.js"}, "exports": {".": "./a.js", "./y": "./y.js"}}
-- a/a.js --
module.exports = [require('#x'), require('#p'), require('#d/z'), require('a/y')];
-- a/x.js --
module.exports = 'x';
-- a/y.js --
module.exports = 'y';
-- a/d/z.js --
module.exports = 'z';
`, want: `["x","table:path","z","y"]`},
		{name: "what may be missing", archive: `
-- a/package.json --
{}
-- a/index.js --
let fs; try { fs = require('fs'); } catch (e) { fs = e.code; }
let native; try { native = require('./build/x.node'); } catch (e) { native = e.code; }
let gone; try { gone = require('not-there'); } catch (e) { gone = /dependencies/.test(e.message); }
module.exports = [fs, native, gone];
`, want: `["MODULE_NOT_FOUND","MODULE_NOT_FOUND",true]`},
		{name: "what the operator lets be missing", in: Input{Missing: []string{"child_process"}}, archive: `
-- a/package.json --
{}
-- a/index.js --
exports.run = () => require('node:child_process');
exports.ok = 1;
exports.stand = require('child_process');
`, want: `{"ok":1,"stand":"table:internal/npm/child_process"}`},
		{name: "built-ins that only watch", archive: `
-- a/package.json --
{}
-- a/index.js --
module.exports = [require('node:async_hooks'), require('tty'), require('node:stream/web')];
`, want: `["table:internal/npm/async_hooks","table:internal/npm/tty","table:internal/npm/stream/web"]`},
		{name: "a part of a built-in that may be missing", in: Input{Missing: []string{"fs"}}, archive: `
-- a/package.json --
{}
-- a/index.js --
module.exports = [require('node:fs/promises'), require('fs')];
`, want: `["table:internal/npm/fs/promises","table:internal/npm/fs"]`},
		{name: "browser map", in: Input{Browser: true}, archive: `
-- a/package.json --
{"main": "a.js", "browser": {"fs": false, "./node.js": "./web.js", "b": "./web.js"}}
-- a/a.js --
module.exports = [require('fs'), require('./node'), require('b')];
-- a/node.js --
require('child_process');
-- a/web.js --
module.exports = 'web';
`, want: `[{},"web","web"]`},
		{name: "a part", part: "lib/x", archive: `
-- a/package.json --
{}
-- a/index.js --
require('./lib/x');
-- a/lib/x.js --
module.exports = 'x';
`, want: `"x"`},
		{name: "a part that was asked for", part: "lib/y", in: Input{Parts: []string{"lib/y"}}, archive: `
-- a/package.json --
{}
-- a/index.js --
-- a/lib/y.js --
module.exports = 'y';
`, want: `"y"`},
		{name: "no such part", part: "lib/y", archive: `
-- a/package.json --
{}
-- a/index.js --
-- a/lib/y.js --
`, want: "throws Error: Cannot find module 'a/lib/y': it is no part of a@1.0.0 as it was added; the operator can add it again with --part lib/y"},
		{name: "newer syntax", archive: `
-- a/package.json --
{}
-- a/index.js --
#!/usr/bin/env node
async function* g() { yield 1; }
class A { #x = 1; static has(o) { return #x in o; } }
module.exports = [typeof g, A.has(new A()), /^\p{Lu}$/u.test('É')];
`, want: `["function",true,true]`},
		{name: "names that are none", archive: `
-- a/package.json --
{}
-- a/index.js --
const __proto__ = require('./__proto__');
module.exports = [__proto__, Object.keys(require('./constructor'))];
-- a/__proto__.js --
module.exports = 'p';
-- a/constructor.js --
`, want: `["p",[]]`},
		{name: "what a bundler has put together", archive: `
-- a/package.json --
{}
-- a/index.js --
module.exports = (function (files) { return files[0](n => files[1]()); })([function (require) { return require('./inner'); }, () => 'inner']);
`, want: `"inner"`},
		{name: "a peer that nobody has, and the inside of the engine", archive: `
-- a/package.json --
{}
-- a/index.js --
const seen = [];
for (const f of [() => require('some-driver'), () => require('internal/realm')]) {
  try { f(); } catch (e) { seen.push(e.code, /does not name/.test(e.message)); }
}
module.exports = seen;
`, want: `["MODULE_NOT_FOUND",true,"MODULE_NOT_FOUND",true]`},
		{name: "the prototype of async iterators", archive: `
-- a/package.json --
{}
-- a/index.js --
const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);
module.exports = [typeof AsyncIteratorPrototype, typeof AsyncIteratorPrototype[Symbol.asyncIterator]];
`, want: `["object","function"]`},
		{name: "what is for browsers", in: Input{Browser: true}, archive: `
-- a/package.json --
{"exports": {"node": "./node.js", "browser": "./web.js", "default": "./web.js"}}
-- a/node.js --
require('fs');
-- a/web.js --
module.exports = 'web';
`, want: `"web"`},
		{name: "built-in before package, package with a slash", archive: `
-- a/package.json --
{}
-- a/index.js --
module.exports = [require('punycode'), require('punycode/')];
-- punycode/package.json --
{}
-- punycode/index.js --
module.exports = 'npm';
`, want: `["table:punycode","npm"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.in
			in.Packages = packages(t, tt.archive)
			out, problems := Pack(&in)
			require.Empty(t, problems)
			assert.Equal(t, tt.want, call(t, out, tt.part))
		})
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name, archive, want string
		kind                ProblemKind
	}{
		{"built-in that is not here", "-- a/package.json --\n{}\n-- a/index.js --\nrequire('./x');\n-- a/x.js --\nconst fs = require('fs/promises');\n", "a/x.js: it requires fs/promises, which is not here: there is no file system", NoBuiltin},
		{"unknown built-in", "-- a/package.json --\n{}\n-- a/index.js --\nrequire('node:nothing');\n", "a/index.js: it requires node:nothing", NoBuiltin},
		{"native", "-- a/package.json --\n{}\n-- a/index.js --\nrequire('./x.node');\n-- a/x.node --\n\x7fELF\n", "a/x.node: it is machine code", Native},
		{"out of the package", "-- a/package.json --\n{}\n-- a/index.js --\nrequire('../../etc/passwd');\n", "outside of the package", Broken},
		{"out of the package by exports", "-- a/package.json --\n{\"exports\": \"./../b/index.js\"}\n-- b/index.js --\n-- b/package.json --\n{}\n", "outside of the package", Broken},
		{"absolute", "-- a/package.json --\n{}\n-- a/index.js --\nrequire('/etc/passwd');\n", "there are no files here", Broken},
		{"does not compile", "-- a/package.json --\n{}\n-- a/index.js --\nlet 1 = 2;\n", "a/index.js: a@1.0.0/index.js:1:", Broken},
		{"unbalanced", "-- a/package.json --\n{}\n-- a/index.js --\n}); globalThis.out = 1; (function () {\n", "a/index.js", Broken},
		{"no JSON", "-- a/package.json --\n{\"main\": \"d.json\"}\n-- a/d.json --\n{1}\n", "a/d.json: it is no JSON", Broken},
		{"no main", "-- a/package.json --\n{\"main\": \"gone.js\"}\n", "a@1.0.0 has no main file", Broken},
		{"no manifest", "-- a/index.js --\n", "package.json is no JSON object", Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, problems := Pack(&Input{Packages: packages(t, tt.archive)})
			require.NotEmpty(t, problems)
			assert.Nil(t, out)
			assert.Contains(t, problems[0].Error(), tt.want)
			assert.Equal(t, tt.kind, problems[0].Kind)
		})
	}
}

// Every built-in that is not here is told, however many files require the first.
func TestEveryMissingBuiltin(t *testing.T) {
	archive := "-- a/package.json --\n{}\n-- a/more.js --\nrequire('child_process'); require('vm');\n"
	index := ""
	for i := range 30 {
		archive += fmt.Sprintf("-- a/f%d.js --\nrequire('fs');\n", i)
		index += fmt.Sprintf("require('./f%d');", i)
	}
	_, problems := Pack(&Input{Packages: packages(t, archive+"-- a/index.js --\n"+index+"require('./cluster');\n-- a/cluster.js --\nrequire('cluster'); require('./gone');\n"), Parts: []string{"more"}})
	var requests []string
	for _, p := range problems {
		requests = append(requests, p.Request)
	}
	assert.Equal(t, []string{"fs", "cluster", "./gone", "child_process", "vm"}, requests)
	assert.Contains(t, problems[0].Error(), "(so do 29 other files)")
}

// What a package exports beside its main file is left out if it cannot be had.
func TestExportedParts(t *testing.T) {
	in := &Input{Packages: packages(t, `
-- a/package.json --
{"exports": {".": "./a.js", "./good": "./good.js", "./bad": "./bad.js"}}
-- a/a.js --
module.exports = 'a';
-- a/good.js --
module.exports = [require('./shared'), 'good'];
-- a/bad.js --
require('./shared'); require('zlib'); require('./more'); require('fs');
-- a/more.js --
-- a/shared.js --
module.exports = 's';
`)}
	out, problems := Pack(in)
	require.Empty(t, problems)
	assert.Equal(t, `["s","good"]`, call(t, out, "good"))
	assert.Contains(t, call(t, out, "bad"), "no part")
	require.Len(t, out.Notes, 1)
	assert.Contains(t, out.Notes[0], "a/bad is left out")
	assert.Equal(t, 3, out.Files)
	assert.Empty(t, out.Requires)
}

// Packages of the table are not put in.
func TestProvided(t *testing.T) {
	in := &Input{Packages: packages(t, `
-- a/package.json --
{}
-- a/index.js --
module.exports = [require('axios'), require('request-promise/errors'), require('crypto')];
`)}
	in.Packages[0].Provided = map[string]string{"axios": "1.7.9", "request-promise": "4.2.6"}
	out, problems := Pack(in)
	require.Empty(t, problems)
	assert.Equal(t, `["table:axios@1.7.9","table:request-promise/errors@4.2.6","table:crypto"]`, call(t, out, ""))
	assert.True(t, slices.Contains(out.Requires, "axios@1.7.9"))

	in.Packages[0].Files["index.js"] = []byte(`require('axios/lib/core/Axios');`)
	_, problems = Pack(in)
	require.Len(t, problems, 1)
	assert.Equal(t, NoPart, problems[0].Kind)
	assert.Equal(t, "axios/lib/core/Axios", problems[0].Request)
}

func FuzzPack(f *testing.F) {
	f.Add(`{"main": "x", "exports": {".": {"require": "./x.js"}, "./*": "./*.js"}}`, `require('./y'); require('#z')`)
	f.Add(`{"exports": ["./x.js", {"import": "./y.js"}]}`, `import './x.js'`)
	f.Add(`{"browser": {"./x.js": false}, "imports": {"#z/*": {"node": "./*"}}}`, `try { require('fs') } catch {}`)
	f.Fuzz(func(t *testing.T, manifest, source string) {
		if len(source) > 1000 || strings.Count(source, "(")+strings.Count(source, "[")+strings.Count(source, "{") > 50 {
			return // deep nesting is what the jail is for
		}
		for _, browser := range []bool{false, true} {
			out, problems := Pack(&Input{Browser: browser, Packages: []Package{{Name: "a", Version: "1.0.0", Files: map[string][]byte{
				"package.json": []byte(manifest), "index.js": []byte(source), "x.js": []byte(source), "y.js": nil,
			}}}})
			if (out == nil) == (len(problems) == 0) {
				t.Fatalf("%v with %v", out, problems)
			}
		}
	})
}
