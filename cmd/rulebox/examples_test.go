package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// The example tenant's actions, hook and database do what their comments say.
func TestExampleTenant(t *testing.T) {
	t.Parallel()
	users := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/users" && r.FormValue("email") == "nobody@acme.example":
			_, _ = w.Write([]byte(`[]`))
		case r.URL.Path == "/users":
			_, _ = w.Write([]byte(`[{"id":7,"email":"ann@acme.example","name":"Ann"}]`))
		case name != "ann@acme.example" || password != "right":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(`{"id":7,"email":"ann@acme.example","name":"Ann"}`))
		}
	}))
	defer users.Close()
	n := newNode(t, "")
	require.NoError(t, os.CopyFS(n.tenants, os.DirFS("../../examples/tenants")))
	file := filepath.Join(n.tenants, "acme/database-connections/Legacy/database.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "https://users.acme.example", users.URL, 1)), 0o644))
	n.start("--egress-allow", strings.TrimPrefix(users.URL, "http://"))
	require.NotContains(t, n.stderr.String(), "Auth0 takes")
	c := n.connect()
	ctx := testContext(t)

	ann := map[string]any{"user_id": "auth0|ann", "email": "ann@acme.example", "email_verified": true, "app_metadata": map[string]any{"terms_accepted": true}}
	login := func(acr string) (*rulebox.Result, error) {
		return c.Login(ctx, "acme", ann, map[string]any{"protocol": "oidc-basic-profile", "idToken": map[string]any{}, "accessToken": map[string]any{},
			"request": map[string]any{"query": map[string]any{"acr_values": acr}}})
	}
	res, err := login("")
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	res, err = login("http://schemas.openid.net/pape/policies/2007/06/multi-factor")
	require.NoError(t, err)
	require.Equal(t, rulebox.Suspend, res.Decision)

	machine := func(api string) (*rulebox.Result, error) {
		return c.CredentialsExchange(ctx, "acme", &event.CredentialsExchange{
			AccessToken: event.AccessToken{Scope: []string{"write:x"}}, ResourceServer: event.ResourceServer{Identifier: api}})
	}
	res, err = machine("https://api.acme.example")
	require.NoError(t, err)
	assert.Contains(t, string(res.Values[0]), `"https://acme.example/may":"read and write"`)
	_, err = machine("https://other.example")
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	assert.Equal(t, "No machine may use https://other.example.", err.(*rulebox.Error).Message)

	res, err = c.Hook(ctx, "acme", "pre-user-registration", &event.HookUser{Email: "ann@acme.example"}, &event.HookContext{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"user":{"app_metadata":{"signed_up_as":"ann@acme.example"}}}`, string(res.Values[0]))
	_, err = c.Hook(ctx, "acme", "pre-user-registration", &event.HookUser{Email: "eve@evil.example"}, &event.HookContext{})
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))

	res, err = c.Database(ctx, "acme", "Legacy", "login", "ann@acme.example", "right")
	require.NoError(t, err)
	assert.Equal(t, "found", res.Status)
	assert.JSONEq(t, `{"user_id":"auth0|7","email":"ann@acme.example","email_verified":true,"name":"Ann","nickname":"ann",
		"identities":[{"connection":"Legacy","provider":"auth0","user_id":"7","isSocial":false}]}`, string(res.Values[0]))
	_, err = c.Database(ctx, "acme", "Legacy", "login", "ann@acme.example", "wrong")
	require.Equal(t, "WrongUsernameOrPasswordError", err.(*rulebox.Error).Name)
	res, err = c.Database(ctx, "acme", "Legacy", "get_user", "nobody@acme.example")
	require.NoError(t, err)
	assert.Equal(t, "unknown_user", res.Status)
	assert.Empty(t, res.Values)
}
