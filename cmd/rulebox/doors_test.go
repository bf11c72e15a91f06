package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
)

// stepUp uses what a rule of our own would: a web service, a cache, the
// management API and a redirect.
const stepUp = `
-- acme/rules/step-up.js --
/** Asks people of risky countries for a second factor, once. */
async function stepUp(user, context, callback) {
  if (context.protocol === 'redirect-callback') {
    context.idToken[configuration.NS + 'stepped_up'] = true;
    return callback(null, user, context);
  }
  try {
    if (!global.policy) {
      const res = await fetch(configuration.POLICY_URL, { headers: { 'x-api-key': configuration.API_KEY } });
      if (!res.ok) throw new Error('the policy service answered ' + res.status);
      global.policy = await res.json();
    }
    const risky = global.policy.risky.includes(context.request.geoip.country_code);
    user.app_metadata = Object.assign({}, user.app_metadata, { risky, seen: (user.app_metadata.seen || 0) + 1 });
    await auth0.users.updateAppMetadata(user.user_id, user.app_metadata);
    context.idToken[configuration.NS + 'risky'] = risky;
    if (risky) context.redirect = { url: 'https://mfa.acme.example/?user=' + encodeURIComponent(user.user_id) };
    callback(null, user, context);
  } catch (err) {
    callback(err);
  }
}
-- acme/rules/step-up.json --
{"name": "Step up", "order": 1, "enabled": true, "script": "./step-up.js"}
-- acme/rules-configs/ns.json --
{"key": "NS", "value": "https://acme.example/"}
-- acme/rules-configs/policy-url.json --
{"key": "POLICY_URL", "value": "http://ADDRESS/policy"}
-- acme/rules-configs/api-key.json --
{"key": "API_KEY", "value": "api-key-MARK"}
-- acme/rulebox.json --
{"management": {"domain": "acme.example", "baseUrl": "http://ADDRESS/api/v2", "accessToken": "token-MARK"},
 "egress": ["ADDRESS"], "limits": {"wall": "10s"}}
`

// world is the web service and the management API of the test.
type world struct {
	mu       sync.Mutex // guards what follows
	policies int
	patches  []string
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.Method == "GET" && r.URL.Path == "/policy" && r.Header.Get("X-Api-Key") == "api-key-"+secretMark:
		w.policies++
		io.WriteString(out, `{"risky": ["XX", "YY"]}`)
	case r.Method == "PATCH" && r.Header.Get("Authorization") == "Bearer token-"+secretMark:
		body, _ := io.ReadAll(r.Body)
		w.patches = append(w.patches, r.URL.EscapedPath()+" "+r.Header.Get("Content-Type")+" "+string(body))
		io.WriteString(out, `{}`)
	default:
		http.Error(out, "what is "+r.Method+" "+r.URL.Path, http.StatusBadRequest)
	}
}

// A door is one way to ask for a login.
type door struct {
	name string
	ask  func(body string) (outcome string)
}

func doors(t *testing.T, n *node) []door {
	code, creds, errs := runCommand(t, "creds", "create", "--data", n.data, "--tenant", "acme")
	require.Zero(t, code, errs)
	creds = strings.TrimSpace(creds)
	url, err := os.ReadFile(filepath.Join(n.data, "nats", "url"))
	require.NoError(t, err)
	server := strings.TrimSpace(string(url))
	client, err := bus.Connect(testContext(t), bus.ConnectOptions{URL: server, Creds: creds})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return []door{
		{"the Go SDK", func(body string) string {
			var b struct{ User, Context json.RawMessage }
			require.NoError(t, json.Unmarshal([]byte(body), &b))
			res, err := client.Login(testContext(t), "acme", b.User, b.Context)
			return string(rulebox.AppendOutcome(nil, res, err))
		}},
		{"HTTP", func(body string) string { return n.login("acme", body).body }},
		{"plain NATS in JavaScript", func(body string) string {
			runtime, err := exec.LookPath("node")
			require.NoError(t, err, "Node.js is needed")
			dir := filepath.Join("..", "..", "examples", "node-client")
			_, err = os.Stat(filepath.Join(dir, "node_modules", "nats"))
			require.NoError(t, err, "run npm ci in examples/node-client (make test does)")
			cmd := exec.CommandContext(testContext(t), runtime, "login.mjs", "acme")
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(body)
			cmd.Env = append(os.Environ(), "RULEBOX_NATS="+server, "RULEBOX_CREDS="+creds)
			var errs strings.Builder
			cmd.Stderr = &errs
			out, _ := cmd.Output() // its exit code is the decision
			require.Empty(t, errs.String())
			return string(out)
		}},
	}
}

// One rule, three doors, one result.
func TestSameResultThroughEveryDoor(t *testing.T) {
	t.Parallel()
	w := &world{}
	services := httptest.NewServer(w)
	defer services.Close()
	address := strings.TrimPrefix(services.URL, "http://")
	n := serveNode(t, strings.NewReplacer("ADDRESS", address, "MARK", secretMark).Replace(stepUp), "--max-workers-per-tenant", "1")

	const user = `{"user_id":"auth0|u 1","email":"jane@acme.example","big":1234567890123,"app_metadata":{"seen":2,"plan":"pro"}}`
	const contextOf = `{"protocol":"PROTOCOL","clientID":"c1","idToken":{},"accessToken":{},"request":{"geoip":{"country_code":"COUNTRY"},"query":{}},"unknown":[1.5,{"é":"\u2028"}]}`
	all := doors(t, n)
	for _, tc := range []struct{ name, protocol, country, decision, redirect, claims string }{
		{"redirect", "oidc-basic-profile", "XX", "redirect", "https://mfa.acme.example/?user=auth0%7Cu%201", `{"https://acme.example/risky":true}`},
		{"allow", "oidc-basic-profile", "US", "allow", "", `{"https://acme.example/risky":false}`},
		{"on the way back", "redirect-callback", "XX", "allow", "", `{"https://acme.example/stepped_up":true}`},
		{"a denial by an error", "oidc-basic-profile", "", "deny", "", ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `{"user":` + user + `,"context":` + strings.NewReplacer("PROTOCOL", tc.protocol, "COUNTRY", tc.country).Replace(contextOf) + `}`
			if tc.country == "" { // the rule trips over it and hands the error to its callback
				body = strings.Replace(body, `"geoip"`, `"nogeoip"`, 1)
			}
			var first string
			for _, d := range all {
				outcome := d.ask(body)
				value := func(path string) string { v, _ := at(outcome, path); return v }
				require.Equal(t, tc.decision, value(".decision"), "%s: %s", d.name, outcome)
				require.Equal(t, tc.redirect, value(".redirect.url"), d.name)
				require.Equal(t, tc.claims, value(".context.idToken"), d.name)
				require.Equal(t, "Step up", value(".scripts.0.name"), d.name)
				same := value(".user") + value(".context") + value(".redirect") + value(".error")
				if first == "" {
					first = same
				}
				require.Equal(t, first, same, d.name)
			}
		})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Equal(t, 1, w.policies, "one worker asked once: what it learned stayed in global")
	var want []string
	for _, risky := range []string{"true", "true", "true", "false", "false", "false"} {
		want = append(want, `/api/v2/users/auth0%7Cu%201 application/json {"app_metadata":{"seen":3,"plan":"pro","risky":`+risky+`}}`)
	}
	require.Equal(t, want, w.patches)
}
