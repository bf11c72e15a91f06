package runtime_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/require"
)

// oneClaim and fiveRules are the shapes of the rules that people have.
var oneClaim = []string{`function plan(user, context, callback) {
  context.idToken['https://x.example/plan'] = (user.app_metadata && user.app_metadata.plan) || 'free';
  return callback(null, user, context);
}`}

var fiveRules = []string{
	`function allow(user, context, callback) {
  if (!user.email || !user.email_verified) return callback(new UnauthorizedError('Access denied.'));
  const allowed = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'f.example', 'g.example', 'nordwind.example'];
  const parts = user.email.split('@');
  const domain = parts[parts.length - 1].toLowerCase();
  if (!allowed.some(function (d) { return d === domain; })) return callback(new UnauthorizedError('Access denied.'));
  return callback(null, user, context);
}`, `function roles(user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const grants = [{ domain: 'a.example', roles: ['p'] }, { domain: 'b.example', roles: ['p', 'q'] }, { domain: 'nordwind.example', roles: ['staff', 'user'] }];
  const domain = user.email.substring(user.email.indexOf('@') + 1).toLowerCase();
  const roles = (context.authorization && context.authorization.roles || []).slice();
  for (let i = 0; i < grants.length; i++) {
    if (grants[i].domain !== domain) continue;
    for (let j = 0; j < grants[i].roles.length; j++) if (roles.indexOf(grants[i].roles[j]) === -1) roles.push(grants[i].roles[j]);
  }
  for (const g of user.app_metadata.groups || []) {
    const m = /^admins:([a-z]+)$/.exec(g);
    if (m && roles.indexOf('admin-' + m[1]) === -1) roles.push('admin-' + m[1]);
  }
  roles.sort();
  user.app_metadata.roles = roles;
  context.idToken['https://x.example/roles'] = roles;
  return callback(null, user, context);
}`, `function claims(user, context, callback) {
  const ns = 'https://x.example/';
  const md = user.app_metadata || {};
  Object.keys(md).forEach(function (key) {
    const v = md[key];
    if (v === null || typeof v === 'object') return;
    context.idToken[ns + key] = v;
  });
  const permissions = (md.permissions || []).filter(p => p.startsWith('read:') || p.startsWith('update:')).map(p => p.split(':').reverse().join('.'));
  context.accessToken[ns + 'permissions'] = permissions;
  return callback(null, user, context);
}`, `function country(user, context, callback) {
  const geo = context.request && context.request.geoip;
  if (geo && geo.country_code) {
    if (['XA', 'XB'].includes(geo.country_code)) return callback(new UnauthorizedError('not from ' + geo.country_name));
    context.idToken['https://x.example/country'] = geo.country_code;
    user.user_metadata = user.user_metadata || {};
    const seen = user.user_metadata.countries || [];
    if (!seen.includes(geo.country_code)) seen.push(geo.country_code);
    user.user_metadata.countries = seen;
  }
  return callback(null, user, context);
}`, `function logins(user, context, callback) {
  const count = (context.stats && context.stats.loginsCount) || 0;
  context.idToken['https://x.example/tier'] = count > 1000 ? 'veteran' : count > 100 ? 'regular' : 'new';
  const methods = context.authentication ? context.authentication.methods.map(m => m.name) : [];
  context.idToken['https://x.example/amr'] = methods;
  if (!methods.find(m => m === 'mfa') && user.multifactor && user.multifactor.length) context.multifactor = { provider: 'any' };
  return callback(null, user, context);
}`}

func loginArgs(b testing.TB) []json.RawMessage {
	text, err := os.ReadFile("js/lazy/testdata/login.json")
	require.NoError(b, err)
	var v struct{ User, Context json.RawMessage }
	require.NoError(b, json.Unmarshal(text, &v))
	return []json.RawMessage{v.User, v.Context}
}

// benchmark measures Invoke, with a realm prepared after each answer as a worker
// does it, and without. ns/op is the whole cost of a login; p50-ns is what the
// login waits for.
func benchmark(b *testing.B, sources []string) { benchmarkChain(b, chain(sources...)) }

func benchmarkChain(b *testing.B, c *rulebox.Chain) {
	inv := &rulebox.Invocation{Chain: c, ID: "1", Args: loginArgs(b)}
	run := func(prepare bool) func(b *testing.B) {
		return func(b *testing.B) {
			r := runtime.NewRunner(runtime.Options{OwnsArgs: true}) // as in a worker
			defer r.Close()
			b.ReportAllocs()
			var waits []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := r.Invoke(context.Background(), inv); err != nil {
					b.Fatal(err)
				}
				waits = append(waits, time.Since(start))
				if prepare {
					r.Prepare(inv.Chain)
				}
			}
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)/2]), "p50-ns")
		}
	}
	b.Run("prepared", run(true))
	b.Run("fresh", run(false))
}

func BenchmarkOneClaim(b *testing.B)  { benchmark(b, oneClaim) }
func BenchmarkFiveRules(b *testing.B) { benchmark(b, fiveRules) }

// BenchmarkFetch is a rule that awaits a request, many of them in flight.
func BenchmarkFetch(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"score":7}`))
	}))
	defer s.Close()
	inv := &rulebox.Invocation{ID: "1", Args: loginArgs(b), Chain: chain(`async function risk(user, context, callback) {
  const res = await fetch('` + s.URL + `/?u=' + encodeURIComponent(user.user_id));
  context.idToken['https://x.example/risk'] = (await res.json()).score;
  return callback(null, user, context);
}`)}
	r := runtime.NewRunner(runtime.Options{Host: directHost{}, OwnsArgs: true})
	defer r.Close()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Invoke(context.Background(), inv); err != nil {
				b.Fatal(err)
			}
			r.Prepare(inv.Chain)
		}
	})
}

// fiveActions do what fiveRules do.
var fiveActions = []string{`exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email || !event.user.email_verified) return api.access.deny('Access denied.');
  const allowed = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'f.example', 'g.example', 'nordwind.example'];
  const parts = event.user.email.split('@');
  const domain = parts[parts.length - 1].toLowerCase();
  if (!allowed.some(function (d) { return d === domain; })) api.access.deny('Access denied.');
};`, `exports.onExecutePostLogin = async (event, api) => {
  const grants = [{ domain: 'a.example', roles: ['p'] }, { domain: 'b.example', roles: ['p', 'q'] }, { domain: 'nordwind.example', roles: ['staff', 'user'] }];
  const domain = event.user.email.substring(event.user.email.indexOf('@') + 1).toLowerCase();
  const roles = (event.authorization && event.authorization.roles || []).slice();
  for (let i = 0; i < grants.length; i++) {
    if (grants[i].domain !== domain) continue;
    for (let j = 0; j < grants[i].roles.length; j++) if (roles.indexOf(grants[i].roles[j]) === -1) roles.push(grants[i].roles[j]);
  }
  for (const g of event.user.app_metadata.groups || []) {
    const m = /^admins:([a-z]+)$/.exec(g);
    if (m && roles.indexOf('admin-' + m[1]) === -1) roles.push('admin-' + m[1]);
  }
  roles.sort();
  api.user.setAppMetadata('roles', roles);
  api.idToken.setCustomClaim('https://x.example/roles', roles);
};`, `exports.onExecutePostLogin = async (event, api) => {
  const ns = 'https://x.example/';
  const md = event.user.app_metadata || {};
  Object.keys(md).forEach(function (key) {
    const v = md[key];
    if (v === null || typeof v === 'object') return;
    api.idToken.setCustomClaim(ns + key, v);
  });
  const permissions = (md.permissions || []).filter(p => p.startsWith('read:') || p.startsWith('update:')).map(p => p.split(':').reverse().join('.'));
  api.accessToken.setCustomClaim(ns + 'permissions', permissions);
};`, `exports.onExecutePostLogin = async (event, api) => {
  const geo = event.request && event.request.geoip;
  if (geo && geo.countryCode) {
    if (['XA', 'XB'].includes(geo.countryCode)) return api.access.deny('not from ' + geo.countryName);
    api.idToken.setCustomClaim('https://x.example/country', geo.countryCode);
    const seen = event.user.user_metadata.countries || [];
    if (!seen.includes(geo.countryCode)) seen.push(geo.countryCode);
    api.user.setUserMetadata('countries', seen);
  }
};`, `exports.onExecutePostLogin = async (event, api) => {
  const count = event.stats.logins_count;
  api.idToken.setCustomClaim('https://x.example/tier', count > 1000 ? 'veteran' : count > 100 ? 'regular' : 'new');
  const methods = event.authentication ? event.authentication.methods.map(m => m.name) : [];
  api.idToken.setCustomClaim('https://x.example/amr', methods);
  if (!methods.find(m => m === 'mfa') && event.user.multifactor && event.user.multifactor.length) api.multifactor.enable('any');
};`}

var oneAction = []string{`exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('https://x.example/plan', (event.user.app_metadata && event.user.app_metadata.plan) || 'free');
};`}

func BenchmarkOneAction(b *testing.B)   { benchmarkActions(b, oneAction) }
func BenchmarkFiveActions(b *testing.B) { benchmarkActions(b, fiveActions) }

func benchmarkActions(b *testing.B, sources []string) {
	c := chain(sources...)
	for i, s := range c.Scripts {
		c.Scripts[i] = rulebox.NewScript(rulebox.KindAction, s.Name, s.Source)
	}
	benchmarkChain(b, c)
}
