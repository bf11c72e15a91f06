package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rulebox/rulebox"
)

func lockOf(name, version string) PackageLock {
	return PackageLock{Name: name, Version: version, License: "MIT", Parts: []PackagePart{{Name: name, Version: version, Integrity: "sha512-x"}}}
}

func ids(list []rulebox.Package) (names []string) {
	for _, p := range list {
		names = append(names, p.Name+"@"+p.Version)
	}
	return names
}

func TestPackages(t *testing.T) {
	dir := t.TempDir()
	p := OpenPackages(dir)
	require.NoError(t, p.Load(), "no folder is no error")
	require.NoError(t, p.Put(lockOf("left", "1.0.0"), "a"))
	require.NoError(t, p.Put(lockOf("@acme/x", "2.0.0"), "b"))
	require.NoError(t, p.Put(lockOf("left", "1.0.0"), "c"), "the same again, with another text")
	assert.Equal(t, []string{"@acme/x@2.0.0", "left@1.0.0"}, []string{p.List()[0].ID(), p.List()[1].ID()})
	assert.Equal(t, rulebox.DigestOf(rulebox.KindPackage, "c"), p.List()[1].Digest)
	files, err := os.ReadDir(p.Dir())
	require.NoError(t, err)
	assert.Len(t, files, 4, "the old text is gone")

	// Another process sees them, and every change.
	q := OpenPackages(dir)
	require.NoError(t, q.Load())
	before := q.fingerprint()
	assert.True(t, q.Has("left"))
	require.NoError(t, p.Remove("left", "9.9.9"))
	require.NoError(t, q.Load())
	assert.Equal(t, before, q.fingerprint())
	require.NoError(t, p.Remove("left", ""))
	require.NoError(t, q.Load())
	assert.NotEqual(t, before, q.fingerprint())
	assert.Equal(t, []string{"@acme/x@2.0.0"}, ids(q.All()))
}

func TestPackagesOfAChain(t *testing.T) {
	p := OpenPackages(t.TempDir())
	for _, name := range []string{"left", "right", "declared", "shared", "unused"} {
		require.NoError(t, p.Put(lockOf(name, "1.0.0"), name))
	}
	c := &rulebox.Chain{
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "a", "require('left'); const n = `right`; require(n)")},
		Bindings: []rulebox.Binding{{
			Dependencies: map[string]string{"declared": "1"},
			Modules:      []rulebox.ActionModule{{Name: "m", Script: rulebox.NewScript(rulebox.KindModule, "m", "require('shared')")}},
		}},
	}
	assert.ElementsMatch(t, []string{"left@1.0.0", "right@1.0.0", "declared@1.0.0", "shared@1.0.0"}, ids(p.For(c)))
}

// What stands in the folder is not believed.
func TestPackagesThatAreNotWhatTheySay(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string, lock PackageLock)
		want   string
	}{
		"source": {func(t *testing.T, dir string, l PackageLock) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, string(l.Digest)+".js"), []byte("other"), 0o600))
		}, "is not the one that was added"},
		"no source": {func(t *testing.T, dir string, l PackageLock) {
			require.NoError(t, os.Remove(filepath.Join(dir, string(l.Digest)+".js")))
		}, "no such file"},
		"link": {func(t *testing.T, dir string, l PackageLock) {
			file := filepath.Join(dir, string(l.Digest)+".js")
			require.NoError(t, os.Rename(file, file+".moved"))
			require.NoError(t, os.Symlink(file+".moved", file))
		}, "no regular file"},
		"no lock": {func(t *testing.T, dir string, l PackageLock) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, string(l.Digest)+".json"), []byte("[]"), 0o600))
		}, "no lock of a package"},
		"name":    {replaceInLock(`"left"`, `"../left"`), "is no package name"},
		"version": {replaceInLock(`"1.0.0"`, `"1.0.0/../.."`), "is no version"},
		"digest":  {replaceInLock(`"digest": "`, `"digest": "../`), "is no digest"},
		"another digest": {func(t *testing.T, dir string, l PackageLock) {
			file := filepath.Join(dir, string(l.Digest)+".json")
			require.NoError(t, os.Rename(file, filepath.Join(dir, strings.Repeat("a", 64)+".json")))
		}, "its name is not the digest"},
	} {
		t.Run(name, func(t *testing.T) {
			p := OpenPackages(t.TempDir())
			require.NoError(t, p.Put(lockOf("good", "1.0.0"), "g"))
			require.NoError(t, p.Put(lockOf("left", "1.0.0"), "l"))
			tt.change(t, p.Dir(), p.List()[1])
			assert.ErrorContains(t, p.Load(), tt.want)
			assert.Equal(t, []string{"good@1.0.0"}, ids(p.All()), "the others go on")
		})
	}
}

func replaceInLock(old, new string) func(*testing.T, string, PackageLock) {
	return func(t *testing.T, dir string, l PackageLock) {
		file := filepath.Join(dir, string(l.Digest)+".json")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), old)
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), old, new, 1)), 0o600))
	}
}

func TestPutRefuses(t *testing.T) {
	p := OpenPackages(t.TempDir())
	assert.ErrorContains(t, p.Put(lockOf("../x", "1.0.0"), "x"), "no package name")
	assert.ErrorContains(t, p.Put(lockOf("x", "latest"), "x"), "no version")
	assert.ErrorContains(t, p.Put(lockOf("x", "1.0.0"), strings.Repeat("x", maxPackage+1)), "at most")
}

// A tenant's chain has the policy of its settings and the packages that it names;
// it is another chain when a package changes.
func TestModulesOfATenant(t *testing.T) {
	f, _ := open(t, `
-- acme/rules/a.js --
function (u, c, cb) { require('left'); cb(); }
-- acme/rulebox.json --
{"modules": {"allow": ["left", "@aws-sdk/*", "node:crypto"], "deny": ["stream/promises"]}}
-- beta/rules/a.js --
function (u, c, cb) { cb(); }
-- beta/rulebox.json --
{"modules": {"allow": []}}
-- free/rules/a.js --
function (u, c, cb) { cb(); }
`)
	require.Empty(t, f.Broken())
	assert.Equal(t, rulebox.ModulePolicy{Allow: []string{"left", "@aws-sdk/*", "node:crypto"}, Deny: []string{"stream/promises"}}, login(f, "acme").Modules)
	assert.NotNil(t, login(f, "beta").Modules.Allow, "an empty list allows nothing")
	assert.Equal(t, rulebox.ModulePolicy{}, login(f, "free").Modules)

	f.Packages = OpenPackages(t.TempDir())
	require.NoError(t, f.Load(context.Background()))
	require.NoError(t, f.Packages.Put(lockOf("left", "1.0.0"), "l"))
	require.NoError(t, f.Load(context.Background()))
	acme, beta := login(f, "acme"), login(f, "beta")
	assert.Equal(t, []string{"left@1.0.0"}, ids(acme.Packages))
	assert.Empty(t, beta.Packages)
	require.NoError(t, f.Load(context.Background()))
	assert.Same(t, acme, login(f, "acme"), "nothing has changed")
	require.NoError(t, f.Packages.Remove("left", ""))
	require.NoError(t, f.Load(context.Background()))
	assert.Empty(t, login(f, "acme").Packages)
}

// What a script declares and may not require is told when it is loaded.
func TestDeclaredAndDenied(t *testing.T) {
	const scripts = `
-- acme/actions/a.json --
{"dependencies": [{"name": "axios", "version": "1"}, {"name": "@aws-sdk/client-s3", "version": "3"}, {"name": "left", "version": "1"}], "modules": [{"module_name": "m"}]}
-- acme/actions/a/code.js --
exports.onExecutePostLogin = () => {};
-- acme/actions/idle.json --
{"deployed": false, "dependencies": [{"name": "axios", "version": "1"}]}
-- acme/actions/idle/code.js --
1
-- acme/action-modules/m.json --
{"dependencies": [{"name": "lodash", "version": "4"}]}
-- acme/action-modules/m/code.js --
1
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "a"}]}
-- acme/rulebox.json --
`
	for settings, want := range map[string][]string{
		`{"modules": {"deny": ["axios", "@aws-sdk/*", "lodash/fp"]}}`: {
			`tenant: action "a": it declares @aws-sdk/client-s3, which modules.deny in rulebox.json keeps scripts from`,
			`tenant: action "a": it declares axios, which modules.deny in rulebox.json keeps scripts from`},
		`{"modules": {"allow": ["axios", "left", "@aws-sdk/client-s3"]}}`: {`tenant: module "m": it declares lodash, which is not in modules.allow in rulebox.json`},
		`{}`: nil,
	} {
		core, logs := observer.New(zap.WarnLevel)
		dir := t.TempDir()
		write(t, dir, scripts+settings+"\n")
		f := OpenFolder(dir, noBad, zap.New(core))
		require.NoError(t, f.Load(context.Background()))
		require.Empty(t, f.Broken())
		var said []string
		for _, e := range logs.All() {
			said = append(said, e.Message)
		}
		assert.Equal(t, want, said, "%s: once each", settings)
	}
}

func TestModuleSettingsThatAreWrong(t *testing.T) {
	for list, want := range map[string]string{
		`{"deny": ["axios@1"]}`: `modules.deny: "axios@1" has a version`,
		`{"allow": ["@a/b@2"]}`: `write "@a/b"`,
		`{"allow": ["*"]}`:      "no name of a module",
		`{"deny": ["../x"]}`:    "no name of a module",
		`{"deny": [""]}`:        "no name of a module",
		`{"deny": "axios"}`:     "modules.deny must not be a string",
		`{"denied": []}`:        `unknown field "denied"`,
	} {
		f, _ := open(t, "-- acme/rules/a.js --\nfunction (u, c, cb) { cb(); }\n-- acme/rulebox.json --\n{\"modules\": "+list+"}\n")
		assert.ErrorContains(t, f.Broken()["acme"], want, list)
	}
}
