package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// actions are the chains r1 and r2 written as actions, one for each rule: the same
// work, the same claims.
var actions = map[string][]string{
	"a1": {`exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('https://acme.example/plan', event.user.app_metadata.plan || 'free');
};`},
	"a5": {`exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email || !event.user.email_verified) return api.access.deny('Access denied.');
  const allowed = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'f.example', 'g.example', 'h.example',
    'i.example', 'j.example', 'k.example', 'l.example', 'm.example', 'n.example', 'acme.example', 'acme-industries.example'];
  const domain = event.user.email.split('@').pop().toLowerCase();
  if (!allowed.some(function (d) { return d === domain; })) api.access.deny('Access denied.');
};`, `exports.onExecutePostLogin = async (event, api) => {
  const byDomain = { 'partner.example': ['partner'], 'acme.example': ['employee'], 'acme-industries.example': ['employee', 'user', 'portal-admin'] };
  const domain = event.user.email.substring(event.user.email.indexOf('@') + 1).toLowerCase();
  const all = ((event.authorization && event.authorization.roles) || []).slice();
  (byDomain[domain] || []).forEach(function (r) { if (all.indexOf(r) === -1) all.push(r); });
  for (const g of event.user.app_metadata.groups || []) {
    const m = /^admins:([a-z]+)$/.exec(g);
    if (m && all.indexOf('admin-' + m[1]) === -1) all.push('admin-' + m[1]);
  }
  all.sort();
  api.user.setAppMetadata('roles', all);
  api.idToken.setCustomClaim('https://acme.example/roles', all);
};`, `exports.onExecutePostLogin = async (event, api) => {
  const ns = 'https://acme.example/', md = event.user.app_metadata;
  Object.keys(md).forEach(function (k) {
    if (md[k] === null || typeof md[k] === 'object') return;
    api.idToken.setCustomClaim(ns + k, md[k]);
  });
  api.accessToken.setCustomClaim(ns + 'permissions', (md.permissions || []).filter(p => p.startsWith('read:') || p.startsWith('update:'))
    .map(p => p.split(':').reverse().join('.')));
  if (md.entitlements) {
    api.accessToken.setCustomClaim(ns + 'features', Object.keys(md.entitlements).filter(k => md.entitlements[k] === true).sort().join(' '));
  }
};`, `exports.onExecutePostLogin = async (event, api) => {
  const geo = event.request.geoip;
  if (geo && geo.countryCode) {
    if (['XA', 'XB', 'ZZ'].includes(geo.countryCode)) return api.access.deny('Not from ' + geo.countryName);
    api.idToken.setCustomClaim('https://acme.example/country', geo.countryCode);
    api.idToken.setCustomClaim('https://acme.example/timezone', geo.timeZone);
    const seen = event.user.user_metadata.countries || [];
    if (!seen.includes(geo.countryCode)) seen.push(geo.countryCode);
    api.user.setUserMetadata('countries', seen);
  }
};`, `exports.onExecutePostLogin = async (event, api) => {
  const n = event.stats.logins_count;
  api.idToken.setCustomClaim('https://acme.example/first_login', n === 1);
  api.idToken.setCustomClaim('https://acme.example/tier', n > 1000 ? 'veteran' : n > 100 ? 'regular' : 'new');
  const methods = event.authentication ? event.authentication.methods.map(m => m.name) : [];
  api.idToken.setCustomClaim('https://acme.example/amr', methods);
  if (!methods.find(m => m === 'mfa') && event.user.multifactor && event.user.multifactor.length) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};`},
}

// writeActions makes a tenant whose login runs the actions in order.
func writeActions(dir, tenant string, list []string) error {
	type bound struct {
		Action  string `json:"action_name"`
		Display string `json:"display_name"`
	}
	var order []bound
	files := map[string]any{}
	for i, source := range list {
		name := fmt.Sprintf("action-%d", i+1)
		order = append(order, bound{name, name})
		folder := filepath.Join(dir, tenant, "actions", name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "code.js"), []byte(source), 0o644); err != nil {
			return err
		}
		files["actions/"+name+".json"] = map[string]any{
			"name": name, "code": "./actions/" + name + "/code.js", "deployed": true,
			"supported_triggers": []map[string]string{{"id": "post-login", "version": "v3"}},
		}
	}
	files["triggers/triggers.json"] = map[string]any{"post-login": order}
	files["rulebox.json"] = map[string]any{"limits": map[string]string{"wall": "20s"}}
	if err := os.MkdirAll(filepath.Join(dir, tenant, "triggers"), 0o755); err != nil {
		return err
	}
	for name, v := range files {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, tenant, filepath.FromSlash(name)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// rulesAndActions measures the same work as rules and as actions, in turns.
func (b *bench) rulesAndActions(ctx context.Context) error {
	var list []*subject
	for _, name := range []string{"r1", "a1", "r2", "a5"} {
		if err := b.rulebox.verify(ctx, name, claim[name], b.payload); err != nil {
			return err
		}
		list = append(list, &subject{c: b.rulebox, rules: name})
	}
	for round := range b.rounds() + 1 {
		for _, s := range list {
			all, err := s.c.sample(ctx, s.rules, b.payload, b.turn()/2)
			if err != nil {
				return err
			}
			if round > 0 {
				s.all = append(s.all, all...)
			}
		}
	}
	type single struct{ p50, p99 time.Duration }
	var alone []single
	for _, s := range list {
		alone = append(alone, single{percentile(s.all, 50), percentile(s.all, 99)})
	}
	if err := b.floodAll(ctx, list, 32); err != nil {
		return err
	}
	table("Rules (r) and actions (a) that do the same work: one and five", "what", "p50 µs", "p99 µs", "p50 / rules", "logins/s, 32 in flight", "of the rules")
	for i, s := range list {
		rules := i - i%2
		row(s.name(), us(alone[i].p50), us(alone[i].p99), ratio(alone[i].p50, alone[rules].p50),
			fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(list[rules].rates)))
	}
	return nil
}
