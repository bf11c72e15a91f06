package npm_test

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/internal/npm/npmtest"
)

func TestSpec(t *testing.T) {
	for text, want := range map[string]npm.Spec{
		"left":            {Name: "left"},
		"left@1.2.3":      {Name: "left", Range: "1.2.3"},
		"@a/b":            {Name: "@a/b"},
		"@a/b@^1.0":       {Name: "@a/b", Range: "^1.0"},
		"left@>=1.2 <2":   {Name: "left", Range: ">=1.2 <2"},
		"left@1.x || 2.x": {Name: "left", Range: "1.x || 2.x"},
		"left@next":       {Name: "left", Range: "next"},
	} {
		got, err := npm.ParseSpec(text)
		assert.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "../x", "a/b", "@a", "@a/../b", "/etc", "a b", "A", ".hidden", "a@file:../x", "a@git+ssh://x", "a@https://x/y.tgz", "a@not a range!", "a\x00", strings.Repeat("a", 215)} {
		_, err := npm.ParseSpec(text)
		assert.Error(t, err, "%q", text)
	}
}

func TestHostileTarballs(t *testing.T) {
	for name, make := range npmtest.Hostile {
		t.Run(name, func(t *testing.T) {
			_, err := npm.Unpack(make())
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 300)
		})
	}
}

func TestUnpack(t *testing.T) {
	a, err := npm.Unpack(npmtest.Tarball(map[string]string{
		"package.json": `{"name": "@a/b", "version": "1.2.3", "license": {"type": "MIT"}, "dependencies": {"c": "1", "d": "2"}, "optionalDependencies": {"d": "2"}}`,
		"lib/x.js":     "x", "README.md": "not read",
	}))
	require.NoError(t, err)
	assert.Equal(t, "@a/b@1.2.3", a.ID())
	assert.Equal(t, "MIT", a.License)
	assert.Equal(t, "x", string(a.Files["lib/x.js"]))
	text, there := a.Files["README.md"]
	assert.True(t, there)
	assert.Nil(t, text)
	assert.Equal(t, []npm.Need{{As: "c", Spec: npm.Spec{Name: "c", Range: "1"}}}, a.Needs())
}

func manifestOf(name, version, more string) string {
	return fmt.Sprintf(`{"name": %q, "version": %q%s}`, name, version, more)
}

func open(t *testing.T, r *npmtest.Registry) *npm.Registry {
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	t.Setenv("NPM_CONFIG_REGISTRY", s.URL)
	t.Setenv("HOME", t.TempDir())
	c, err := npm.ReadConfig()
	require.NoError(t, err)
	return npm.NewRegistry(c)
}

func TestRegistry(t *testing.T) {
	r := &npmtest.Registry{}
	for _, v := range []string{"1.0.0", "1.5.0", "2.0.0-rc.1", "2.0.0"} {
		r.Publish(map[string]string{"package.json": manifestOf("@a/left", v, ""), "index.js": v}, nil)
	}
	registry := open(t, r)
	for text, want := range map[string]string{"@a/left": "2.0.0", "@a/left@1": "1.5.0", "@a/left@~1.0": "1.0.0", "@a/left@latest": "2.0.0", "@a/left@2.0.0-rc.1": "2.0.0-rc.1", "@a/left@>=1 <2": "1.5.0", "@a/left@*": "2.0.0"} {
		spec, err := npm.ParseSpec(text)
		require.NoError(t, err)
		m, err := registry.Find(context.Background(), spec)
		require.NoError(t, err, text)
		assert.Equal(t, want, m.Version, text)
	}
	m, err := registry.Find(context.Background(), npm.Spec{Name: "@a/left", Range: "1"})
	require.NoError(t, err)
	a, err := registry.Fetch(context.Background(), m)
	require.NoError(t, err)
	assert.Equal(t, "1.5.0", string(a.Files["index.js"]))

	_, err = registry.Find(context.Background(), npm.Spec{Name: "@a/left", Range: "9"})
	assert.ErrorContains(t, err, "the newest are 2.0.0, 2.0.0-rc.1, 1.5.0")
	_, err = registry.Find(context.Background(), npm.Spec{Name: "nobody"})
	assert.ErrorIs(t, err, npm.ErrNotFound)
}

// A registry that lies is found out.
func TestLyingRegistry(t *testing.T) {
	dist := func(key string, value any) func(map[string]any) {
		return func(meta map[string]any) { meta["dist"].(map[string]any)[key] = value }
	}
	files := func(name string) map[string]string {
		return map[string]string{"package.json": manifestOf(name, "1.0.0", ""), "index.js": "1"}
	}
	for name, tt := range map[string]struct {
		publish func(r *npmtest.Registry)
		want    string
	}{
		"integrity": {func(r *npmtest.Registry) { r.Publish(files("a"), dist("integrity", "sha512-AAAA")) }, "not what the registry published"},
		"shasum": {func(r *npmtest.Registry) {
			r.Publish(files("a"), func(m map[string]any) {
				delete(m["dist"].(map[string]any), "integrity")
				m["dist"].(map[string]any)["shasum"] = strings.Repeat("0", 40)
			})
		}, "shasum"},
		"nothing to check": {func(r *npmtest.Registry) {
			r.Publish(files("a"), func(m map[string]any) {
				delete(m["dist"].(map[string]any), "integrity")
				delete(m["dist"].(map[string]any), "shasum")
			})
		}, "neither integrity nor shasum"},
		"unknown hash": {func(r *npmtest.Registry) {
			r.Publish(files("a"), func(m map[string]any) {
				m["dist"] = map[string]any{"tarball": m["dist"].(map[string]any)["tarball"], "integrity": "md5-AAAA"}
			})
		}, "neither"},
		"another package": {func(r *npmtest.Registry) {
			r.PublishTarball(manifestOf("a", "1.0.0", ""), npmtest.Tarball(files("b")), nil)
		}, "holds b@1.0.0"},
		"another name": {func(r *npmtest.Registry) { r.Publish(files("a"), func(m map[string]any) { m["name"] = "b" }) }, "gives b@1.0.0 for a@1.0.0"},
		"a file":       {func(r *npmtest.Registry) { r.Publish(files("a"), dist("tarball", "file:///etc/passwd")) }, "no address of its tarball"},
		"hostile tarball": {func(r *npmtest.Registry) {
			r.PublishTarball(manifestOf("a", "1.0.0", ""), npmtest.Hostile["symlink"](), nil)
		}, "link"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &npmtest.Registry{}
			tt.publish(r)
			registry := open(t, r)
			m, err := registry.Find(context.Background(), npm.Spec{Name: "a"})
			if err == nil {
				_, err = registry.Fetch(context.Background(), m)
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// Credentials go to the registry that they are for, and nowhere else.
func TestCredentials(t *testing.T) {
	theirs := &npmtest.Registry{}
	other := httptest.NewServer(theirs)
	defer other.Close()
	r := &npmtest.Registry{Token: "hunter2"}
	tgz := npmtest.Tarball(map[string]string{"package.json": manifestOf("a", "1.0.0", ""), "index.js": "1"})
	r.PublishTarball(manifestOf("a", "1.0.0", ""), tgz, nil)
	s := httptest.NewServer(r)
	defer s.Close()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("NPM_CONFIG_REGISTRY", "")
	t.Setenv("REG_TOKEN", "hunter2")
	host := strings.TrimPrefix(s.URL, "http:")
	require.NoError(t, os.WriteFile(filepath.Join(home, ".npmrc"), []byte("; comment\nregistry = "+s.URL+"\n"+host+"/:_authToken=${REG_TOKEN}\n@x:registry="+other.URL+"\n"), 0o600))
	c, err := npm.ReadConfig()
	require.NoError(t, err)
	m, err := npm.NewRegistry(c).Find(context.Background(), npm.Spec{Name: "a"})
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", m.Version)

	_, err = npm.NewRegistry(c).Find(context.Background(), npm.Spec{Name: "@x/a"})
	assert.ErrorIs(t, err, npm.ErrNotFound)
	assert.Equal(t, []string{"/@x%2Fa"}, theirs.Fetched())

	require.NoError(t, os.WriteFile(filepath.Join(home, ".npmrc"), []byte("registry="+s.URL+"\n"), 0o600))
	c, err = npm.ReadConfig()
	require.NoError(t, err)
	_, err = npm.NewRegistry(c).Find(context.Background(), npm.Spec{Name: "a"})
	assert.ErrorContains(t, err, "_authToken")
}

func TestPlain(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for address, plain := range map[string]bool{
		"http://registry.example/": true, "http://10.0.0.1:4873": true, "https://registry.example": false,
		"http://localhost:4873": false, "http://127.0.0.1:4873/": false, "http://[::1]:1/": false, "": false,
	} {
		t.Setenv("NPM_CONFIG_REGISTRY", address)
		c, err := npm.ReadConfig()
		require.NoError(t, err)
		assert.Equal(t, plain, c.Plain("a"), address)
	}
	for _, address := range []string{"registry.example", "file:///etc", "https://", "https://x/?a=b"} {
		t.Setenv("NPM_CONFIG_REGISTRY", address)
		_, err := npm.ReadConfig()
		assert.ErrorContains(t, err, "a registry is a URL", address)
	}
}

func TestResolve(t *testing.T) {
	r := &npmtest.Registry{}
	add := func(name, version, more string) {
		r.Publish(map[string]string{"package.json": manifestOf(name, version, more), "index.js": "1"}, nil)
	}
	add("b", "1.0.0", `, "dependencies": {"c": "^1"}`)
	add("c", "1.0.0", `, "dependencies": {"a": "*"}`)
	add("c", "2.0.0", "")
	add("a", "1.0.0", `, "dependencies": {"b": "1", "c": "2", "alias": "npm:c@1", "axios": "^1.6.0"}, "peerDependencies": {"b": "*", "gone": "*"}, "peerDependenciesMeta": {"gone": {"optional": true}}`)
	registry := open(t, r)
	m, err := registry.Find(context.Background(), npm.Spec{Name: "a"})
	require.NoError(t, err)
	root, err := registry.Fetch(context.Background(), m)
	require.NoError(t, err)
	resolver := npm.Resolver{
		Source: registry,
		Provided: func(s npm.Spec) string {
			if s.Name == "axios" {
				return "1.7.9"
			}
			return ""
		},
		Check: func(*npm.Manifest, map[string][]byte) error { return nil },
	}
	tree, err := resolver.Resolve(context.Background(), root)
	require.NoError(t, err)
	var ids []string
	for _, n := range tree.Packages {
		ids = append(ids, n.ID())
	}
	assert.Equal(t, "a@1.0.0", ids[0])
	slices.Sort(ids)
	assert.Equal(t, []string{"a@1.0.0", "b@1.0.0", "c@1.0.0", "c@2.0.0"}, ids)
	a := tree.Packages[0]
	assert.Equal(t, map[string]string{"axios": "1.7.9"}, a.Provided)
	assert.Equal(t, []string{"alias", "b", "c"}, slices.Sorted(maps.Keys(a.Needs)))
	assert.Equal(t, "1.0.0", tree.Packages[a.Needs["alias"]].Version)
	assert.Equal(t, "2.0.0", tree.Packages[a.Needs["c"]].Version)

	no := errors.New("no")
	resolver.Check = func(m *npm.Manifest, _ map[string][]byte) error {
		if m.Name == "c" {
			return no
		}
		return nil
	}
	_, err = resolver.Resolve(context.Background(), root)
	assert.ErrorIs(t, err, no)
	assert.ErrorContains(t, err, "needed by")
}

// A package that needs ever more packages ends.
func TestEndlessDependencies(t *testing.T) {
	r := &npmtest.Registry{}
	for i := range npm.MaxPackages + 10 {
		r.Publish(map[string]string{"package.json": manifestOf(fmt.Sprintf("p%d", i), "1.0.0", fmt.Sprintf(`, "dependencies": {"p%d": "1"}`, i+1))}, nil)
	}
	registry := open(t, r)
	m, err := registry.Find(context.Background(), npm.Spec{Name: "p0"})
	require.NoError(t, err)
	root, err := registry.Fetch(context.Background(), m)
	require.NoError(t, err)
	resolver := npm.Resolver{Source: registry, Check: func(*npm.Manifest, map[string][]byte) error { return nil }}
	_, err = resolver.Resolve(context.Background(), root)
	assert.ErrorContains(t, err, "more than 250 packages")
}

func FuzzUnpack(f *testing.F) {
	f.Add(npmtest.Tarball(map[string]string{"package.json": `{"name":"a","version":"1.0.0"}`, "index.js": "1"}))
	for _, name := range []string{"traversal", "symlink", "truncated", "device", "twice"} {
		f.Add(npmtest.Hostile[name]())
	}
	f.Fuzz(func(t *testing.T, tgz []byte) {
		a, err := npm.Unpack(tgz)
		if err != nil {
			return
		}
		require.NoError(t, npm.CheckName(a.Name))
		require.NoError(t, npm.CheckVersion(a.Version))
		for name := range a.Files {
			require.False(t, filepath.IsAbs(name) || strings.HasPrefix(filepath.Clean(name), ".."), name)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"name":"a","version":"1.0.0","licenses":[{"type":"MIT"}],"scripts":{"install":"x"},"dependencies":{"b":"npm:c@1"},"gypfile":true}`))
	f.Add([]byte(`{"name":1,"license":[],"dependencies":[],"peerDependencies":{"x":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := npm.ParseManifest(text)
		if err != nil {
			return
		}
		m.Needs()
		m.Native(nil)
		require.NotContains(t, m.License, "\n")
		require.NotContains(t, m.License, "\x1b")
	})
}

// npm packs some files of some packages as ./name beside name.
func TestSameFileTwice(t *testing.T) {
	a, err := npm.Unpack(npmtest.Pack(func(w *tar.Writer) {
		npmtest.File(w, "package/package.json", `{"name": "a", "version": "1.0.0", "main": "./dist/index.js"}`)
		npmtest.File(w, "package/./dist/index.js", "module.exports = 1;")
		npmtest.File(w, "package/dist/index.js", "module.exports = 1;")
	}))
	require.NoError(t, err)
	require.Equal(t, "module.exports = 1;", string(a.Files["dist/index.js"]))
	_, err = npm.Unpack(npmtest.Pack(func(w *tar.Writer) {
		npmtest.File(w, "package/package.json", `{"name": "a", "version": "1.0.0"}`)
		npmtest.File(w, "package/./index.js", "module.exports = 1;")
		npmtest.File(w, "package/index.js", "module.exports = 2;")
	}))
	require.ErrorContains(t, err, "twice, with different texts")
}
