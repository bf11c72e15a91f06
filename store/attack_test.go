package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tenant whose name begins another's must not get that one's secrets:
// RULEBOX_CONFIG_ACME_PROD_KEY is acme-prod's KEY, and no PROD_KEY of acme.
func TestSecretsOfTheTenantWithTheLongerName(t *testing.T) {
	const rule = "function (u, c, cb) { cb('##PROD_KEY## ##KEY##'); }\n"
	const secret = "RULEBOX_CONFIG_ACME_PROD_KEY=theirs"
	f, dir := open(t, "-- acme/rules/a.js --\n"+rule+"-- acme-prod/rules/a.js --\n"+rule, secret, "RULEBOX_CONFIG_ACME_OWN=mine")
	assert.Equal(t, map[string]string{"OWN": "mine"}, login(f, "acme").Configuration)
	assert.NotContains(t, login(f, "acme").Scripts[0].Source, "theirs")
	assert.Equal(t, map[string]string{"KEY": "theirs"}, login(f, "acme-prod").Configuration)

	// Nor when the other tenant goes, or comes later.
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "acme-prod")))
	write(t, dir, "-- acme/rules/b.js --\n"+rule)
	require.NoError(t, f.Load(context.Background()))
	assert.Equal(t, map[string]string{"OWN": "mine"}, login(f, "acme").Configuration)

	f, dir = open(t, "-- acme/rules/a.js --\n"+rule, secret)
	assert.Equal(t, map[string]string{"PROD_KEY": "theirs"}, login(f, "acme").Configuration)
	write(t, dir, "-- acme-prod/rules/a.js --\n"+rule)
	require.NoError(t, f.Load(context.Background()))
	assert.Empty(t, login(f, "acme").Configuration)
}

// Two names with the same variables: neither tenant gets the other's.
func TestTenantsWithTheSameVariables(t *testing.T) {
	const rule = "function (u, c, cb) { cb(); }\n"
	f, _ := open(t, "-- a-b/rules/a.js --\n"+rule+"-- a_b/rules/a.js --\n"+rule, "RULEBOX_CONFIG_A_B_KEY=whose")
	for tenant, other := range map[string]string{"a-b": "a_b", "a_b": "a-b"} {
		assert.ErrorContains(t, f.Broken()[tenant], other)
		assert.NotNil(t, f.Tenant(tenant).Broken)
	}
	f, _ = open(t, "-- a-b/rules/a.js --\n"+rule+"-- a_b/rules/a.js --\n"+rule)
	assert.Empty(t, f.Broken(), "without variables there is nothing to mistake")
}

// A token whose list of tenants was emptied by hand opens nothing, and above all
// not everything.
func TestTokenWithoutTenantsLeft(t *testing.T) {
	dir := t.TempDir()
	tokens, err := OpenTokens(dir)
	require.NoError(t, err)
	secret, err := tokens.Create("shop", []string{"acme"})
	require.NoError(t, err)
	require.False(t, tokens.Find(secret).Operator())
	path := filepath.Join(dir, tokensFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"tenants": [
      "acme"
    ]`)
	emptied := []byte(`[{"sha256": "` + hash(secret) + `", "tenants": [], "created": "2026-01-01T00:00:00Z"}]`)
	require.NoError(t, os.WriteFile(path, emptied, 0o600))
	require.False(t, tokens.Find(secret).Operator())
	_, err = tokens.Create("another", []string{"acme"}) // writes the whole file
	require.NoError(t, err)
	tokens, err = OpenTokens(dir)
	require.NoError(t, err)
	require.False(t, tokens.Find(secret).Operator())

	_, err = tokens.Create("empty", []string{})
	require.Error(t, err, "nil, not an empty list, asks for an operator's token")
}

// What is wrong with a file is logged and told to callers: not so the value that
// stands there in place of a placeholder.
func TestValuesAreNotInErrorsOfFiles(t *testing.T) {
	for archive, value := range map[string]string{
		"-- acme/rules-configs/k.json --\n{\"key\":\"K\",\"value\":\"##TOKEN##\"}\n":     `p","hushhush":"w`,
		"-- acme/rulebox.json --\n{\"on_fault\":\"##TOKEN##\"}\n":                        "hushhush",
		"-- acme/rulebox.json --\n{\"limits\":{\"wall\":\"##TOKEN##\"}}\n":               `hush"hush`,
		"-- acme/rulebox.json --\n{\"management\":{\"baseUrl\":\"x##TOKEN##\"}}\n":       "hushhush",
		"-- acme/rules/a.json --\n{\"name\":\"##TOKEN##/\"}\n-- acme/rules/a.js --\n1\n": "hushhush",
	} {
		f, _ := open(t, archive, "RULEBOX_CONFIG_ACME_TOKEN="+value)
		require.Error(t, f.Broken()["acme"], archive)
		for _, text := range []string{f.Broken()["acme"].Error(), f.Tenant("acme").Broken.Hint} {
			assert.NotContains(t, text, "hush", archive)
			assert.Contains(t, text, ".json: ", "the file is named")
		}
	}
	f, _ := open(t, "-- acme/rulebox.json --\n{\"on_fault\":\"maybe\"}\n", "RULEBOX_CONFIG_ACME_TOKEN=hushhush")
	assert.ErrorContains(t, f.Broken()["acme"], `"maybe"`, "what is no value is quoted")
}
