package store

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// What is wrong with a file is said in its own terms, with the place.
func TestDocumentErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "rulebox.json: the file is empty",
		" \n":                            "rulebox.json: the file is empty",
		"{\"limits\": {":                 "rulebox.json: the file ends too early",
		"[]":                             "the document must not be an array; it must be an object, in braces",
		"null":                           "it must be a JSON object, in braces",
		"{\n\"limits\": {\n\"wal\": 1}}": `line 3: unknown field "wal" in limits; there are wall, memory, output; did you mean "wall"?`,
		"{\"on_Fault\": \"deny\"}":       `line 1: unknown field "on_Fault"; there are management, limits, egress, on_fault, unauthorized_error, custom_code`,
		"{\"custom_code\": true,\n\"custom_code\": false}": `line 2: the field "custom_code" stands there twice`,
		"{\"limits\": {\"wall\": 5}}":                      "limits.wall must not be a number; it must be a string",
		"{\"custom_code\": \"no\"}":                        "custom_code must not be a string; it must be true or false",
		"{\"egress\": [\"https://10.0.0.5\"]}":             `egress: "https://10.0.0.5" is a URL; write host:port`,
		"{\"limits\": {\"wall\": \"100h\"}}":               `limits.wall is "100h"; it must be at most 10m0s`,
		"{\"limits\": {\"memory\": \"900GiB\"}}":           `limits.memory is "900GiB"; it must be at most 1024MiB`,
		"{\"limits\": {\"output\": \"1GiB\"}}":             `limits.output is "1GiB"; it must be at most 8MiB`,
		"{\"on_fault\": \"x ##KEY##\"}":                    "##KEY## has no value",
	} {
		f, _ := open(t, "-- acme/rules/a.js --\n1\n-- acme/rulebox.json --\n"+text)
		assert.ErrorContains(t, f.Broken()["acme"], want, text)
	}
	for _, text := range []string{`{"limits": null, "management": null}`, `{"limits": {"wall": "10m", "memory": "1GiB", "output": "8MiB"}}`} {
		f, _ := open(t, "-- acme/rules/a.js --\n1\n-- acme/rulebox.json --\n"+text)
		assert.Empty(t, f.Broken(), text)
	}
}

// A placeholder taken as it stands would be sent to an API as the password.
func TestPlaceholdersWithoutValue(t *testing.T) {
	const rule = "-- acme/rules/a.js --\n1\n"
	for archive, want := range map[string]string{
		"-- acme/rulebox.json --\n{\"management\": {\"accessToken\": \"##API_TOKEN##\"}}\n": "rulebox.json: ##API_TOKEN## has no value: put one into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS, or into the environment as RULEBOX_CONFIG_ACME_API_TOKEN",
		"-- acme/rulebox.json --\n{\"egress\": @@EGRESS@@}\n":                               "rulebox.json: @@EGRESS@@ has no value",
		"-- acme/rules-configs/n.json --\n{\"key\": \"N\", \"value\": \"a ##NOPE##\"}\n":    "rules-configs/n.json: ##NOPE## has no value",
		"-- acme/rules-configs/n.json --\n{\"key\": \"N\", \"value\": \"@@NOPE@@\"}\n":      "rules-configs/n.json: @@NOPE@@ has no value",
		"-- acme/rules-configs/n.json --\n{\"key\": \"N\", \"value\": \"a @@SET@@\"}\n":     "within a string it is ##KEY##",
	} {
		f, _ := open(t, rule+archive, "RULEBOX_CONFIG_ACME_SET=value", "RULEBOX_CONFIG_OTHER_NOPE=theirs")
		assert.ErrorContains(t, f.Broken()["acme"], want, archive)
	}
	// The value of one may look like another, and the environment overrides a file.
	f, _ := open(t, rule+"-- acme/rules-configs/n.json --\n{\"key\": \"N\", \"value\": \"##SET##\"}\n"+
		"-- acme/rules-configs/o.json --\n{\"key\": \"O\", \"value\": \"##NOPE##\"}\n",
		"RULEBOX_CONFIG_ACME_SET=##LIKE_IT##", "RULEBOX_CONFIG_ACME_O=from the environment")
	require.Empty(t, f.Broken())
	assert.Equal(t, "##LIKE_IT##", login(f, "acme").Configuration["N"])
	assert.Equal(t, "from the environment", login(f, "acme").Configuration["O"])
}

// An error names the file to open.
func TestErrorsNameTheFileToMend(t *testing.T) {
	const meta = "-- acme/rules/plan.json --\n{\"name\": \"Plan\", \"script\": \"./plan.js\"}\n"
	f, _ := open(t, meta+"-- acme/rules/plan.js --\nBAD\n")
	assert.ErrorContains(t, f.Broken()["acme"], "rules/plan.js: invalid: Plan:1:1")
	f, _ = open(t, meta)
	assert.ErrorContains(t, f.Broken()["acme"], "rules/plan.json: its script rules/plan.js: no such file")
}

// One level too deep, a tenant's parts would be tenants without rules, and their
// logins would all pass.
func TestOneTenantIsNotTheTenantsFolder(t *testing.T) {
	for _, archive := range []string{
		"-- rules/a.js --\n1\n", "-- rules-configs/a.json --\n{}\n", "-- rulebox.json --\n{}\n",
	} {
		dir := t.TempDir()
		write(t, dir, archive)
		f := OpenFolder(dir, noBad, zap.NewNop())
		assert.ErrorContains(t, f.Load(context.Background()), dir+" looks like one tenant; name its parent", archive)
		assert.Empty(t, f.Names())
	}
	// A tenant may be called so.
	f, dir := open(t, "-- rules/rules/a.js --\n1\n-- rules/rulebox.json --\n{}\n")
	assert.Equal(t, []string{"rules"}, f.Names())
	// Nor does a stray file stop a server that runs.
	write(t, dir, "-- rulebox.json --\n{}\n-- acme/rules/a.js --\n1\n")
	require.NoError(t, f.Load(context.Background()))
	assert.Equal(t, []string{"acme", "rules"}, f.Names())
}

func TestWhatLetsAllLoginsPassIsInTheLog(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	dir := t.TempDir()
	write(t, dir, `
-- empty/tenant.json --
{}
-- glass/rules/a.js --
1
-- glass/rulebox.json --
{"custom_code": false}
-- off/rules/a.js --
1
-- off/rules/a.json --
{"enabled": false}
-- good/rules/a.js --
1
`)
	require.NoError(t, OpenFolder(dir, noBad, zap.New(core)).Load(context.Background()))
	said := map[any]string{}
	for _, e := range logs.All() {
		said[e.ContextMap()["tenant"]] = e.Message
	}
	require.Len(t, said, 3)
	assert.Contains(t, said["empty"], "no enabled rules")
	assert.Contains(t, said["off"], "no enabled rules")
	assert.Contains(t, said["glass"], "custom_code is false")
}

func TestTokensThatCannotBeReadAreReported(t *testing.T) {
	dir := t.TempDir()
	tokens, err := OpenTokens(dir)
	require.NoError(t, err)
	var told []error
	tokens.OnError = func(err error) { told = append(told, err) }
	secret, err := tokens.Create("shop", nil)
	require.NoError(t, err)
	path := filepath.Join(dir, tokensFile)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for range 2 {
		told = nil
		require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
		for range 100 {
			require.Nil(t, tokens.Find(secret))
		}
		require.Len(t, told, 1, "once, not for each request")
		assert.ErrorContains(t, told[0], "tokens.json")
		assert.ErrorContains(t, told[0], "repair it, or remove it")
		require.NoError(t, os.WriteFile(path, good, 0o600))
		require.NotNil(t, tokens.Find(secret))
	}
}

func TestRevoke(t *testing.T) {
	dir := t.TempDir()
	tokens, err := OpenTokens(dir)
	require.NoError(t, err)
	kept, err := tokens.Create("ops", nil)
	require.NoError(t, err)
	var gone []string
	for range 2 {
		s, err := tokens.Create("shop", []string{"acme"})
		require.NoError(t, err)
		gone = append(gone, s)
	}
	other, err := OpenTokens(dir)
	require.NoError(t, err)
	require.NoError(t, other.Revoke("shop"))
	for _, s := range gone {
		assert.Nil(t, tokens.Find(s))
	}
	assert.NotNil(t, tokens.Find(kept))
	assert.ErrorContains(t, tokens.Revoke("shop"), `there is no token named "shop"`)
	assert.NotNil(t, tokens.Find(kept))
}

// Settings that are taken mean what encoding/json makes of them, and nothing
// makes the walk over names stumble.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `[]`, ` `, `{"limits":{"wall":"5s"},"management":null}`, `{"limits":null}`, `{"egress":[{}]}`,
		`{"custom_code":true,"custom_code":false}`, `{"on_\u0066ault":"deny"}`, `{"limits":[]}`, `{"":{}}`, `{} {}`, "{\"egress\":[\"a\",\n\"b\"]}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var strict, loose settings
		if strictJSON(text, &strict) != nil {
			return
		}
		require.NoError(t, json.Unmarshal(text, &loose))
		require.Equal(t, loose, strict)
		if strict.validate() == nil {
			if l, err := strict.limits(); err == nil {
				require.LessOrEqual(t, l.Memory, int64(MaxMemory))
				require.LessOrEqual(t, l.Wall, MaxWall)
			}
		}
	})
}
