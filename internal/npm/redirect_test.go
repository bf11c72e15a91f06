package npm_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/internal/npm/npmtest"
)

// A proxy of the machine that tests run on would stand in between; Go reads these
// once.
func init() {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToLower(name))
	}
}

// A registry behind TLS that lies about where things are gets neither the operator's
// token sent in clear, nor the machine's metadata asked.
func TestRegistryThatSendsElsewhere(t *testing.T) {
	const token = "npm_operators_token"
	heard := map[string]string{}
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard[r.URL.Path] = r.Header.Get("Authorization") }))
	defer plain.Close()
	true_ := &npmtest.Registry{}
	address := ""
	true_.Publish(map[string]string{"package.json": manifestOf("tarball", "1.0.0", ""), "index.js": "1"}, func(meta map[string]any) {
		dist := meta["dist"].(map[string]any)
		meta["dist"] = map[string]any{"tarball": plain.URL + "/tarball.tgz", "integrity": dist["integrity"]}
	})
	true_.Publish(map[string]string{"package.json": manifestOf("metadata", "1.0.0", ""), "index.js": "1"}, func(meta map[string]any) {
		dist := meta["dist"].(map[string]any)
		meta["dist"] = map[string]any{"tarball": "http://169.254.169.254/latest/meta-data", "integrity": dist["integrity"]}
	})
	asked := 0
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			asked++
		}
		switch r.URL.Path {
		case "/downgraded":
			http.Redirect(w, r, plain.URL+"/downgraded", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, address+"/circle", http.StatusFound)
		case "/imds":
			http.Redirect(w, r, "https://[::ffff:169.254.169.254]/latest", http.StatusFound)
		default:
			true_.ServeHTTP(w, r)
		}
	}))
	defer secure.Close()
	address = secure.URL
	home := t.TempDir()
	ca := filepath.Join(home, "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	host := func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "https:"), "http:") }
	require.NoError(t, os.WriteFile(filepath.Join(home, ".npmrc"), fmt.Appendf(nil, "registry=%s\ncafile=%s\n%s/:_authToken=%s\n%s/:_authToken=%s\n", secure.URL, ca, host(secure.URL), token, host(plain.URL), token), 0o600))
	t.Setenv("HOME", home)
	t.Setenv("NPM_CONFIG_REGISTRY", "")
	config, err := npm.ReadConfig()
	require.NoError(t, err)
	registry := npm.NewRegistry(config)
	for name, want := range map[string]string{
		"downgraded": "from https to http",
		"circle":     "without end",
		"imds":       "no address of a registry",
		"tarball":    "not what the registry published",
		"metadata":   "no address of a registry",
	} {
		m, err := registry.Find(context.Background(), npm.Spec{Name: name})
		if err == nil {
			_, err = registry.Fetch(context.Background(), m)
		}
		assert.ErrorContains(t, err, want, name)
	}
	assert.Positive(t, asked, "the registry itself gets the token")
	for path, authorization := range heard {
		assert.Empty(t, authorization, "%s was asked in clear", path)
	}
}
