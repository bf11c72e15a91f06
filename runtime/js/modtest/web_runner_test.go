package modtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/require"
)

// runRule runs the rule as customers' rules run.
func runRule(t testing.TB, runner *runtime.Runner, chain *rulebox.Chain) (*rulebox.Result, error) {
	t.Helper()
	return runner.Invoke(context.Background(), &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{json.RawMessage(`{"user_id":"auth0|1"}`), json.RawMessage(`{}`)}})
}

func ruleChain(base, source string) *rulebox.Chain {
	return &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "rule", source)},
		Configuration: map[string]string{"BASE": base},
		Management:    &rulebox.Management{Domain: "d.example", BaseURL: base + "/api/v2", AccessToken: "tok"}}
}

// The modules work in the realm that customers get, not only in this package's.
func TestWebInTheRunner(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", webHandler())
	mux.HandleFunc("PATCH /api/v2/users/{id}", func(w http.ResponseWriter, r *http.Request) { echo(w, r) })
	s := httptest.NewServer(mux)
	defer s.Close()
	runner := runtime.NewRunner(runtime.Options{Host: &dialHost{}})
	for name, src := range map[string]string{
		"fetch": `async function (user, context, callback) {
			const res = await fetch(configuration.BASE + '/echo', {method: 'POST', headers: {a: 'b'}, body: JSON.stringify({x: 1})});
			user.got = (await res.json()).body;
			user.type = res.headers.get('content-type');
			callback(null, user, context);
		}`,
		"https": `function (user, context, callback) {
			require('http').get(configuration.BASE + '/echo?q', (res) => {
				let s = '';
				res.on('data', (d) => { s += d; });
				res.on('end', () => { user.got = JSON.parse(s).url; callback(null, user, context); });
			}).on('error', callback);
		}`,
		"crypto": `function (user, context, callback) {
			user.hash = crypto.createHash('md5').update(user.user_id).digest('hex');
			user.mac = require('crypto').createHmac('sha256', 'k').update('x').digest('base64');
			user.uuid = crypto.randomUUID().length;
			require('crypto').pbkdf2('a', 'b', 1000, 16, 'sha1', (err, key) => {
				user.key = key.toString('hex');
				callback(err, user, context);
			});
		}`,
		"auth0": `function (user, context, callback) {
			auth0.users.updateAppMetadata(user.user_id, {n: 1}).then((u) => { user.sent = u.body; callback(null, user, context); }, callback);
		}`,
		"process": `function (user, context, callback) {
			user.env = Object.keys(process.env).length + process.version.slice(0, 4);
			process.nextTick(() => callback(null, user, context));
		}`,
		"forbidden": `async function (user, context, callback) {
			try { await fetch('http://10.9.8.7/'); } catch (e) { user.err = e.message + '|' + e.cause.code + '|' + e.cause.hint; }
			callback(null, user, context);
		}`,
		"subtle": `async function (user, context, callback) {
			const k = await crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, false, ['sign', 'verify']);
			const sig = await crypto.subtle.sign({name: 'ECDSA', hash: 'SHA-256'}, k.privateKey, Buffer.from('m'));
			user.ok = await crypto.subtle.verify({name: 'ECDSA', hash: 'SHA-256'}, k.publicKey, sig, Buffer.from('m'));
			callback(null, user, context);
		}`,
	} {
		t.Run(name, func(t *testing.T) {
			res, err := runRule(t, runner, ruleChain(s.URL, src))
			require.NoError(t, err)
			var user map[string]any
			require.NoError(t, json.Unmarshal(res.Values[0], &user))
			delete(user, "user_id")
			require.Equal(t, map[string]map[string]any{
				"fetch": {"got": `{"x":1}`, "type": "application/json"}, "https": {"got": "/echo?q"},
				"crypto":    {"hash": "69342c0d2e8b52387f4590a79324d76c", "mac": "w47ciBXISJ9kc4l49EAI+FljRVRfC6po72/PXFPlcYk=", "uuid": 36.0, "key": "8b0b1a28939a307631789dec57410a93"},
				"auth0":     {"sent": `{"app_metadata":{"n":1}}`},
				"process":   {"env": "0v22."},
				"forbidden": {"err": "fetch failed: connecting to 10.9.8.7:80 is not allowed|EFORBIDDEN|10.9.8.7 is a private address; add 10.9.8.7:80 to egress"},
				"subtle":    {"ok": true},
			}[name], user)
		})
	}
}

func benchmarkRule(b *testing.B, base, source string) {
	runner := runtime.NewRunner(runtime.Options{Host: &dialHost{}})
	chain := ruleChain(base, source)
	for range b.N {
		runner.Prepare(chain)
		if _, err := runRule(b, runner, chain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWebRule(b *testing.B) {
	s := httptest.NewServer(webHandler())
	defer s.Close()
	b.Run("plain", func(b *testing.B) {
		benchmarkRule(b, s.URL, `function (user, context, callback) { callback(null, user, context); }`)
	})
	b.Run("sha256", func(b *testing.B) {
		benchmarkRule(b, s.URL, `function (user, context, callback) { user.h = require('crypto').createHash('sha256').update('a').digest('hex'); callback(null, user, context); }`)
	})
	b.Run("fetch", func(b *testing.B) {
		benchmarkRule(b, s.URL, `async function (user, context, callback) { const r = await fetch(configuration.BASE + '/status/200'); user.n = (await r.json()).statusCode; callback(null, user, context); }`)
	})
}
