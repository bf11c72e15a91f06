package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
)

// What the identity servers of examples/adapters share with the tenant shop.
const (
	adapterSecret = secretMark + "-0123456789abcdef"
	webhookKey    = secretMark + "-standard-webhooks-key"
)

// serveShop starts a server with the tenant of examples/adapters.
func serveShop(t *testing.T) *node {
	for _, name := range []string{"KRATOS_SECRET", "HYDRA_SECRET", "ZITADEL_SECRET", "LOGTO_SECRET", "LOGTO_SIGNING_KEY", "KEYCLOAK_SECRET", "KEYCLOAK_SIGNING_KEY"} {
		t.Setenv("RULEBOX_SECRET_SHOP_ADAPTER_"+name, adapterSecret)
	}
	t.Setenv("RULEBOX_SECRET_SHOP_ADAPTER_SUPABASE_SECRET", "v1,whsec_"+base64.StdEncoding.EncodeToString([]byte(webhookKey)))
	n := newNode(t, "")
	require.NoError(t, os.CopyFS(filepath.Join(n.tenants, "shop"), os.DirFS("../../examples/adapters/tenant")))
	n.start()
	return n
}

func hmacOf(key string, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// prove returns the headers by which the server of the hook proves itself.
func prove(hook, body string, at time.Time) []string {
	t := strconv.FormatInt(at.Unix(), 10)
	switch {
	case strings.HasPrefix(hook, "zitadel"):
		return []string{"ZITADEL-Signature", "t=" + t + ",v1=" + hex.EncodeToString(hmacOf(adapterSecret, t, ".", body))}
	case strings.HasPrefix(hook, "supabase"):
		id := rulebox.NewID()
		return []string{"webhook-id", id, "webhook-timestamp", t, "webhook-signature", "v1,c29tZSBvdGhlcg==, v1," + base64.StdEncoding.EncodeToString(hmacOf(webhookKey, id, ".", t, ".", body))}
	case hook == "logto/webhook":
		return []string{"logto-signature-sha-256", hex.EncodeToString(hmacOf(adapterSecret, body))}
	case hook == "keycloak/events":
		return []string{"X-Keycloak-Signature", hex.EncodeToString(hmacOf(adapterSecret, body))}
	case strings.HasPrefix(hook, "kratos"), strings.HasPrefix(hook, "hydra"):
		return []string{"X-Api-Key", adapterSecret}
	}
	return []string{"Authorization", "Bearer " + adapterSecret}
}

// Each identity server's requests, in its own words, run the tenant's rules, hooks
// and actions in real workers, and get the server's own answers. Cases are
// testdata/adapters/*.txtar: <case>/request has the method, the hook and the body,
// <case>/answer the status and the body, where "*" stands for any text.
func TestAdapters(t *testing.T) {
	n := serveShop(t)
	files, err := filepath.Glob("testdata/adapters/*.txtar")
	require.NoError(t, err)
	require.Len(t, files, 6)
	now := time.Now()
	replace := strings.NewReplacer("{{now}}", now.UTC().Format(time.RFC3339Nano), "{{millis}}", strconv.FormatInt(now.UnixMilli(), 10))
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		require.Zero(t, len(archive.Files)%2)
		for i := 0; i < len(archive.Files); i += 2 {
			name, _, _ := strings.Cut(archive.Files[i].Name, "/")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				first, body, _ := strings.Cut(replace.Replace(string(archive.Files[i].Data)), "\n")
				status, want, _ := strings.Cut(string(archive.Files[i+1].Data), "\n")
				verb, hook, _ := strings.Cut(first, " ")
				a := n.send(verb, "/v1/tenants/shop/adapters/"+hook, "", body, prove(hook, body, time.Now())...)
				require.Equal(t, status, strconv.Itoa(a.status), a.body)
				if want = strings.TrimSpace(want); want == "" {
					assert.Empty(t, a.body)
					return
				}
				assert.Equal(t, "application/json", a.header.Get("Content-Type"))
				assert.JSONEq(t, filled(t, want, a.body), a.body)
			})
		}
	}
	assert.NotContains(t, n.stderr.String(), "alice", "the log tells no guest data")
}

// Mistakes in the settings keep the tenant from loading, and name the field; secrets
// from files count as well, and no script can read those of the environment.
func TestAdapterSettings(t *testing.T) {
	t.Setenv("RULEBOX_SECRET_FINE_ADAPTER_KRATOS_SECRET", adapterSecret)
	t.Setenv("RULEBOX_SECRET_SHORT_ADAPTER_KRATOS_SECRET", "s3cr3t")
	t.Setenv("RULEBOX_SECRET_OTHER_ADAPTER_KRATIS_SECRET", adapterSecret)
	n := serveNode(t, `
-- fine/rulebox.json --
{"adapters": {"logto": {"secret": "from-the-file-0123"}}}
-- fine/rules/look.js --
function (user, context, callback) {
  const all = JSON.stringify([configuration, user, context, typeof process === 'undefined' ? {} : process.env]);
  callback(all.includes('0123456789abcdef') ? new UnauthorizedError('seen') : null, user, context);
}
-- short/rules/a.js --
function (user, context, callback) { callback(null, user, context); }
-- other/rules/a.js --
function (user, context, callback) { callback(null, user, context); }
-- typo/rulebox.json --
{"adapters": {"kratos": {"secret_key": "s3cr3t-0123456789"}}}
`)
	send := func(tenant, adapter, key string) int {
		return n.send("POST", "/v1/tenants/"+tenant+"/adapters/"+adapter, "", `{"identity":{"id":"i"},"context":{"user":{"id":"u"}}}`, "X-Api-Key", key).status
	}
	assert.Equal(t, 200, send("fine", "kratos/login", adapterSecret))
	assert.Equal(t, 200, send("fine", "logto/access-token", "from-the-file-0123"))
	assert.Equal(t, 401, send("fine", "kratos/login", "from-the-file-0123"))
	assert.Equal(t, 400, send("fine", "hydra/token", n.token), "a token will do, and then the body is wrong")
	for tenant, want := range map[string]string{
		"short": "rulebox.json: adapters.kratos: secret is too short", "other": `there is none for \"kratis\"`, "typo": `there is no setting \"secret_key\"`,
	} {
		assert.Contains(t, n.stderr.String(), want, tenant)
		assert.Equal(t, 401, send(tenant, "kratos/login", adapterSecret), tenant)
	}
}

// filled returns want with what got has in place of "*".
func filled(t *testing.T, want, got string) string {
	var w, g any
	require.NoError(t, json.Unmarshal([]byte(want), &w), want)
	require.NoError(t, json.Unmarshal([]byte(got), &g), got)
	var fill func(w, g any) any
	fill = func(w, g any) any {
		switch w := w.(type) {
		case string:
			if w == "*" && g != nil && g != "" {
				return g
			}
		case map[string]any:
			m, _ := g.(map[string]any)
			for k, v := range w {
				w[k] = fill(v, m[k])
			}
		case []any:
			l, _ := g.([]any)
			for i := range w {
				if i < len(l) {
					w[i] = fill(w[i], l[i])
				}
			}
		}
		return w
	}
	text, err := json.Marshal(fill(w, g))
	require.NoError(t, err)
	return string(text)
}

// The script that Logto is given, run as Logto runs it.
func TestLogtoScript(t *testing.T) {
	nodejs, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node")
	}
	n := serveShop(t)
	script, err := filepath.Abs("../../examples/adapters/logto/custom-jwt.js")
	require.NoError(t, err)
	// As packages/core/src/workers/tasks/script-runner.ts: the script is evaluated in
	// the realm of a worker, and denyAccess throws.
	const harness = `
const { readFileSync } = require('node:fs');
const f = require('node:vm').runInThisContext(readFileSync(process.argv[1], 'utf8') + '\n;getCustomJwtClaims');
class Denied extends Error {}
const api = Object.freeze({ denyAccess: (message = 'Access denied') => { throw new Denied(message); } });
f({ ...JSON.parse(process.argv[2]), api }).then((v) => console.log(JSON.stringify(v)), (e) => console.log((e instanceof Denied ? 'denied: ' : 'failed: ') + e.message));`
	run := func(app, secret, hook, url string) string {
		input := fmt.Sprintf(`{"token":{"clientId":"shop-web"},"context":{"user":{"id":"u1","primaryEmail":"alice@shop.example","customData":{"app_metadata":%s}}},
			"environmentVariables":{"RULEBOX_URL":%q,"RULEBOX_SECRET":%q,"RULEBOX_HOOK":%q}}`, app, url, secret, hook)
		out, err := exec.Command(nodejs, "-e", harness, script, input).CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	url := n.http + "/v1/tenants/shop/adapters/logto"
	assert.JSONEq(t, `{"https://shop.example/plan":"gold","https://shop.example/connection":"logto","https://shop.example/roles":[],"https://shop.example/mfa":false}`,
		run(`{"plan":"gold"}`, adapterSecret, "access-token", url))
	assert.Equal(t, "denied: Your account is closed.", run(`{"blocked":true}`, adapterSecret, "access-token", url))
	assert.Contains(t, run(`{"broken":true}`, adapterSecret, "access-token", url), "denied: This could not be completed.")
	assert.Contains(t, run(`{}`, "wrong-wrong-wrong", "access-token", url), "denied: ")
	assert.Equal(t, "denied: This sign-in could not be checked.", run(`{}`, adapterSecret, "access-token", "http://127.0.0.1:1"))
	assert.Equal(t, `{"https://shop.example/machine":"shop-web"}`, run(`{}`, adapterSecret, "client-credentials", url))
}
