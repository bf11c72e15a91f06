package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// installed is a folder as npm ci leaves it.
const installed = `
-- node_modules/cjs/package.json --
{"name": "cjs", "version": "1.2.3", "license": "MIT", "main": "main.js"}
-- node_modules/cjs/main.js --
exports.part = require('./lib/part');
exports.data = require('./data.json');
try { exports.extra = require('not-installed'); } catch (e) {}
exports.name = function longFunctionName() { return require('fs').existsSync('/x') || require('node:path').sep; };
-- node_modules/cjs/lib/part.js --
async function* numbers() { yield 1; }
module.exports = numbers;
-- node_modules/cjs/data.json --
{"list": [1, 2]}
-- node_modules/user/package.json --
{"name": "user", "version": "0.1.0", "license": "ISC"}
-- node_modules/user/index.js --
module.exports = require('cjs').part;
-- node_modules/esm-2/package.json --
{"name": "esm", "version": "2.0.0", "type": "module", "exports": {".": "./index.js", "./sub": "./sub.js"}}
-- node_modules/esm-2/index.js --
import { two } from './sub.js';
export const one = 1, three = one + two;
-- node_modules/esm-2/sub.js --
export const two = 2;
-- shims/cjs.js --
module.exports = Object.create(require('cjs'));
`

func work(t *testing.T) string {
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(installed)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	return dir
}

func named(t *testing.T, b *builder, name string) (int, *unit) {
	t.Helper()
	for i, u := range b.units {
		if u.name == name {
			return i, u
		}
	}
	t.Fatalf("no unit %s", name)
	return 0, nil
}

func TestBuild(t *testing.T) {
	list := []pkg{
		{name: "cjs", files: true, subs: []string{"lib/*.js"}},
		{name: "user", files: true},
		{name: "esm", from: "esm-2", esm: true, subs: []string{"sub"}},
	}
	b, err := build(work(t), list)
	require.NoError(t, err)
	require.Len(t, b.packages, 3)
	part, partUnit := named(t, b, "cjs@1.2.3/lib/part.js")
	data, dataUnit := named(t, b, "cjs@1.2.3/data.json")
	main, mainUnit := named(t, b, "cjs@1.2.3/main.js")
	_, userUnit := named(t, b, "user@0.1.0/index.js")
	assert.Equal(t, []int{part, data}, mainUnit.needs)
	assert.Equal(t, []int{main}, userUnit.needs, "two packages share a file")
	assert.Equal(t, byte('d'), dataUnit.kind)
	assert.Equal(t, `{"list":[1,2]}`, dataUnit.text)
	for _, part := range []string{`require("not-installed")`, `require("internal/npm/fs")`, `require("path")`, "longFunctionName"} {
		assert.Contains(t, mainUnit.text, part)
	}
	assert.NotContains(t, partUnit.text, "async function*", "the engine has no async generators")
	_, esm := named(t, b, "esm@2.0.0")
	assert.NotContains(t, esm.text, "export ")
	_, sub := named(t, b, "esm@2.0.0/sub")
	assert.Less(t, len(sub.text), len(esm.text))
	require.Len(t, b.subs, 2)
	assert.Equal(t, "lib/part", b.subs[0].sub)
	first := b.packages[0]
	assert.Equal(t, []string{"fs", "path"}, first.requires)
	assert.Equal(t, "MIT", first.licence)
	assert.Equal(t, "see the package", b.packages[2].licence)
	assert.Equal(t, len(mainUnit.text)+len(partUnit.text)+len(dataUnit.text), first.bytes)
}

// The same input gives the same bytes, wherever it is.
func TestBuildIsReproducible(t *testing.T) {
	list := []pkg{{name: "cjs", files: true, shim: "cjs.js"}, {name: "user"}, {name: "esm", from: "esm-2", esm: true}}
	var outs [2]string
	for i := range outs {
		b, err := build(work(t), list)
		require.NoError(t, err)
		dir := t.TempDir()
		_, err = b.write(dir)
		require.NoError(t, err)
		for _, name := range []string{"packages", "subs", "units", "names", "blocks", "data"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			outs[i] += name + "\n" + string(data)
		}
	}
	assert.True(t, outs[0] == outs[1], "two builds differ")
	assert.True(t, strings.Contains(outs[0], "rulebox@shim/cjs.js"), "the shim stands for the package")
	assert.False(t, strings.Contains(outs[0], os.TempDir()), "a path of this machine")
}

func TestBuildFailures(t *testing.T) {
	for name, p := range map[string]pkg{
		"absent":     {name: "nothing"},
		"nothing":    {name: "nothing", files: true},
		"no-such":    {name: "esm", from: "esm-2", subs: []string{"no-such"}},
		"lib/x*":     {name: "cjs", subs: []string{"lib/x*"}},
		"not-export": {name: "esm", from: "esm-2", files: true, subs: []string{"not-export"}},
	} {
		_, err := build(work(t), []pkg{p})
		require.Error(t, err, name)
		assert.True(t, strings.Contains(err.Error(), p.source()) || strings.Contains(err.Error(), "esm"), "%s: %v", name, err)
	}
}

// The list and package.json name the same packages.
func TestListIsWhatIsInstalled(t *testing.T) {
	data, err := os.ReadFile("../../modules/npm/package.json")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, p := range packages {
		assert.False(t, seen[p.source()], "%s is there twice", p.source())
		seen[p.source()] = true
		assert.Contains(t, string(data), `"`+p.source()+`": "`)
	}
	assert.Equal(t, len(packages), strings.Count(string(data), "\": \"")-3, "package.json has what the list lacks")
}

func TestLockNamesNoRegistry(t *testing.T) {
	data, err := os.ReadFile("../../modules/npm/package-lock.json")
	require.NoError(t, err)
	assert.NotContains(t, string(data), `"resolved"`, "npm install --omit-lockfile-registry-resolved")
	assert.Greater(t, strings.Count(string(data), `"integrity": "sha512-`), 300)
}
