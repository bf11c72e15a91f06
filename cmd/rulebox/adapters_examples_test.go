package main

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// A web hook of Kratos' configuration.
type kratosHook struct {
	Hook   string `json:"hook"`
	Config struct {
		URL, Method, Body string
		Auth              struct {
			Type   string
			Config struct{ Name, Value, In string }
		}
	} `json:"config"`
}

// kratosHooks finds the web hooks, however deep they stand.
func kratosHooks(v any) (all []kratosHook) {
	switch v := v.(type) {
	case map[string]any:
		if v["hook"] == "web_hook" {
			text, _ := json.Marshal(v)
			var h kratosHook
			if json.Unmarshal(text, &h) == nil {
				all = append(all, h)
			}
		}
		for _, inner := range v {
			all = append(all, kratosHooks(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, kratosHooks(inner)...)
		}
	}
	return all
}

// The contexts that Kratos gives to a hook's Jsonnet (templateContext): with a
// session after a login, without one before a registration.
const (
	kratosLoginContext = `{
 "flow": {"id": "5b7e3f5e-0f0b-4b2a-9d7d-3c2f6a1b0c9d", "type": "browser", "expires_at": "2026-01-01T00:10:00Z", "issued_at": "2026-01-01T00:00:00Z",
  "request_url": "https://login.shop.example/self-service/login/browser", "active": "password", "ui": {"action": "", "method": "POST", "nodes": []}, "refresh": false, "requested_aal": "aal1", "state": "choose_method"},
 "request_headers": {"User-Agent": ["Firefox"], "True-Client-Ip": ["203.0.113.9"]}, "request_method": "POST", "request_url": "https://login.shop.example/self-service/login?flow=5b7e3f5e",
 "request_cookies": {"csrf_token_x": "s3cr3t-cookie"},
 "identity": {"id": "01899eb1-6f2a-4c3c-9d5f-0a1b2c3d4e5f", "schema_id": "default", "schema_url": "https://x", "state": "active", "state_changed_at": "2025-01-02T03:04:05Z",
  "traits": {"email": "alice@shop.example", "name": {"first": "Alice"}}, "verifiable_addresses": [{"id": "v", "value": "alice@shop.example", "verified": true, "via": "email", "status": "completed"}],
  "recovery_addresses": [], "metadata_public": null, "created_at": "2025-01-02T03:04:05Z", "updated_at": "2025-01-02T03:04:05Z", "organization_id": null},
 "session": {"id": "s1", "active": true, "authenticator_assurance_level": "aal1", "authentication_methods": [{"method": "password", "aal": "aal1", "completed_at": "2026-01-01T00:00:00Z"}],
  "devices": [{"id": "d", "ip_address": "203.0.113.9:4711", "user_agent": "Firefox", "location": null}]}}`
	kratosRegistrationContext = `{"flow": {"id": "f", "type": "api", "request_url": "https://x", "transient_payload": {"campaign": "autumn"}}, "request_headers": {}, "request_method": "POST", "request_url": "https://x",
 "request_cookies": {}, "identity": {"id": "00000000-0000-0000-0000-000000000000", "schema_id": "default", "schema_url": "", "state": "active", "traits": {"email": "bob@shop.example"}, "metadata_public": null,
 "created_at": "0001-01-01T00:00:00Z", "updated_at": "0001-01-01T00:00:00Z", "organization_id": null}}`
)

// The configuration of examples/adapters/kratos, as Kratos would call it: the body
// that its Jsonnet makes, with its authentication, to each of its addresses.
func TestKratosExample(t *testing.T) {
	n := serveShop(t)
	text, err := os.ReadFile("../../examples/adapters/kratos/kratos.yml")
	require.NoError(t, err)
	var config any
	require.NoError(t, yaml.Unmarshal(text, &config))
	hooks := kratosHooks(config)
	require.Len(t, hooks, 4)
	for _, h := range hooks {
		vm := jsonnet.MakeVM()
		context := kratosRegistrationContext
		if strings.HasSuffix(h.Config.URL, "/login") {
			context = kratosLoginContext
		}
		vm.TLACode("ctx", context)
		body, err := vm.EvaluateFile("../../examples/adapters/kratos/" + path.Base(h.Config.Body))
		require.NoError(t, err)
		assert.NotContains(t, body, "s3cr3t-cookie")
		u, err := url.Parse(h.Config.URL)
		require.NoError(t, err)
		require.Equal(t, "api_key", h.Config.Auth.Type)
		require.Equal(t, "header", h.Config.Auth.Config.In)
		a := n.send(h.Config.Method, u.Path, "", body, h.Config.Auth.Config.Name, adapterSecret)
		assert.Equal(t, 200, a.status, "%s: %s", u.Path, a.body)
		assert.Equal(t, 401, n.send(h.Config.Method, u.Path, "", body, h.Config.Auth.Config.Name, h.Config.Auth.Config.Value).status, "the placeholder is no secret")
	}
}

// Every address in the examples is one that is served.
func TestExampleAddresses(t *testing.T) {
	n := serveShop(t)
	found := 0
	for _, file := range []string{"hydra/hydra.yml", "kratos/kratos.yml", "zitadel/targets.json", "supabase/auth.env", "logto/custom-jwt.js", "keycloak/webhook.json"} {
		f, err := os.Open("../../examples/adapters/" + file)
		require.NoError(t, err)
		for lines := bufio.NewScanner(f); lines.Scan(); {
			_, address, ok := strings.Cut(lines.Text(), "https://rulebox.example")
			if !ok {
				continue
			}
			address = strings.TrimRight(strings.Fields(address)[0], `",`)
			if strings.HasSuffix(address, "/logto") {
				address += "/access-token" // the script adds it
			}
			found++
			assert.Equal(t, 401, n.send("POST", address, "", "{}").status, "%s: %s: it must be there, and ask for a proof", file, address)
		}
		f.Close()
	}
	assert.Equal(t, 13, found)
}
