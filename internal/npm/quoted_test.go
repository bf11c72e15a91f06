package npm_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/internal/npm/npmtest"
)

// What a registry or a tarball says is quoted: no error writes to a terminal.
func TestForeignTextIsQuoted(t *testing.T) {
	const evil = "\x1b]0;owned\a\u009b2J\u202egnp"
	clean := func(t *testing.T, text string) {
		for _, r := range text {
			assert.True(t, unicode.IsPrint(r), "%q of %q", r, text)
		}
	}
	dist := func(key string, value any) func(map[string]any) {
		return func(meta map[string]any) {
			meta["dist"] = map[string]any{"tarball": meta["dist"].(map[string]any)["tarball"], key: value}
		}
	}
	files := map[string]string{"package.json": manifestOf("a", "1.0.0", ""), "index.js": "1"}
	for name, tt := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"integrity": {dist("integrity", "sha512-"+evil), "not what the registry published"},
		"shasum":    {dist("shasum", (evil + strings.Repeat("0", 40))[:40]), "not what the registry published"},
		"tarball":   {dist("tarball", "http://"+evil), "no address of its tarball"},
		"name":      {func(m map[string]any) { m["name"] = evil }, "the registry gives"},
		"version":   {func(m map[string]any) { m["version"] = evil }, "the registry gives"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &npmtest.Registry{}
			r.Publish(files, tt.change)
			registry := open(t, r)
			m, err := registry.Find(context.Background(), npm.Spec{Name: "a"})
			if err == nil {
				_, err = registry.Fetch(context.Background(), m)
			}
			require.ErrorContains(t, err, tt.want)
			clean(t, err.Error())
		})
	}
	t.Run("status", func(t *testing.T) {
		for _, code := range []string{"500", "401"} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = io.WriteString(c, "HTTP/1.1 "+code+" "+evil+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}))
			defer s.Close()
			t.Setenv("NPM_CONFIG_REGISTRY", s.URL)
			t.Setenv("HOME", t.TempDir())
			c, err := npm.ReadConfig()
			require.NoError(t, err)
			_, err = npm.NewRegistry(c).Find(context.Background(), npm.Spec{Name: "a"})
			require.ErrorContains(t, err, `the registry answers "`+code)
			clean(t, err.Error())
		}
	})
	t.Run("latest", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"dist-tags": map[string]string{"latest": evil}, "versions": map[string]any{evil: 1}})
		}))
		defer s.Close()
		t.Setenv("NPM_CONFIG_REGISTRY", s.URL)
		t.Setenv("HOME", t.TempDir())
		c, err := npm.ReadConfig()
		require.NoError(t, err)
		_, err = npm.NewRegistry(c).Find(context.Background(), npm.Spec{Name: "a"})
		require.ErrorContains(t, err, "in the registry")
		clean(t, err.Error())
	})
	t.Run("range", func(t *testing.T) {
		a, err := npm.Unpack(npmtest.Tarball(map[string]string{"package.json": `{"name": "a", "version": "1.0.0", "dependencies": {"b": "\u001b[2J"}}`}))
		require.NoError(t, err)
		pass := func(*npm.Manifest, map[string][]byte) error { return nil }
		_, err = (&npm.Resolver{Source: npm.Archives{a}, Check: pass}).Resolve(context.Background(), a)
		require.ErrorContains(t, err, `b@\x1b[2J is among no tarball`)
		_, err = (&npm.Resolver{Source: open(t, &npmtest.Registry{}), Check: pass}).Resolve(context.Background(), a)
		require.ErrorContains(t, err, `"\x1b[2J" is no version or range`)
	})
	m := &npm.Manifest{}
	clean(t, m.Native(map[string][]byte{evil + ".node": nil}))
	m, err := npm.ParseManifest([]byte(`{"name": "a", "license": "MIT\u001b\u009b\u202e"}`))
	require.NoError(t, err)
	assert.Equal(t, "MIT", m.License)
}
