package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rules are the chains to measure, by tenant: one claim, a chain of five typical
// rules, a rule that waits for a web service, and an endless loop.
var rules = map[string][]string{
	"r1": {`function plan(user, context, callback) {
  context.idToken['https://acme.example/plan'] = (user.app_metadata && user.app_metadata.plan) || 'free';
  callback(null, user, context);
}`},
	"r2": {`function allowedDomains(user, context, callback) {
  if (!user.email || !user.email_verified) return callback(new UnauthorizedError('Access denied.'));
  const allowed = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'f.example', 'g.example', 'h.example',
    'i.example', 'j.example', 'k.example', 'l.example', 'm.example', 'n.example', 'acme.example', 'acme-industries.example'];
  const domain = user.email.split('@').pop().toLowerCase();
  if (!allowed.some(function (d) { return d === domain; })) return callback(new UnauthorizedError('Access denied.'));
  callback(null, user, context);
}`, `function roles(user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const byDomain = { 'partner.example': ['partner'], 'acme.example': ['employee'], 'acme-industries.example': ['employee', 'user', 'portal-admin'] };
  const domain = user.email.substring(user.email.indexOf('@') + 1).toLowerCase();
  const all = ((context.authorization && context.authorization.roles) || []).slice();
  (byDomain[domain] || []).forEach(function (r) { if (all.indexOf(r) === -1) all.push(r); });
  for (const g of user.app_metadata.groups || []) {
    const m = /^admins:([a-z]+)$/.exec(g);
    if (m && all.indexOf('admin-' + m[1]) === -1) all.push('admin-' + m[1]);
  }
  all.sort();
  user.app_metadata.roles = all;
  context.idToken['https://acme.example/roles'] = all;
  callback(null, user, context);
}`, `function claims(user, context, callback) {
  const ns = 'https://acme.example/', md = user.app_metadata || {};
  Object.keys(md).forEach(function (k) {
    if (md[k] === null || typeof md[k] === 'object') return;
    context.idToken[ns + k] = md[k];
  });
  context.accessToken[ns + 'permissions'] = (md.permissions || []).filter(p => p.startsWith('read:') || p.startsWith('update:'))
    .map(p => p.split(':').reverse().join('.'));
  if (md.entitlements) {
    context.accessToken[ns + 'features'] = Object.keys(md.entitlements).filter(k => md.entitlements[k] === true).sort().join(' ');
  }
  callback(null, user, context);
}`, `function country(user, context, callback) {
  const geo = context.request && context.request.geoip;
  if (geo && geo.country_code) {
    if (['XA', 'XB', 'ZZ'].includes(geo.country_code)) return callback(new UnauthorizedError('Not from ' + geo.country_name));
    context.idToken['https://acme.example/country'] = geo.country_code;
    context.idToken['https://acme.example/timezone'] = geo.time_zone;
    user.user_metadata = user.user_metadata || {};
    const seen = user.user_metadata.countries || [];
    if (!seen.includes(geo.country_code)) seen.push(geo.country_code);
    user.user_metadata.countries = seen;
  }
  callback(null, user, context);
}`, `function logins(user, context, callback) {
  const n = (context.stats && context.stats.loginsCount) || 0;
  context.idToken['https://acme.example/first_login'] = n === 1;
  context.idToken['https://acme.example/tier'] = n > 1000 ? 'veteran' : n > 100 ? 'regular' : 'new';
  const methods = context.authentication ? context.authentication.methods.map(m => m.name) : [];
  context.idToken['https://acme.example/amr'] = methods;
  if (!methods.find(m => m === 'mfa') && user.multifactor && user.multifactor.length) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}`},
	"r4": {`async function risk(user, context, callback) {
  const res = await fetch('http://WEB/risk?u=' + encodeURIComponent(user.user_id));
  const body = await res.json();
  context.idToken['https://acme.example/risk'] = body.score;
  callback(null, user, context);
}`},
	"spin": {`function spin(user, context, callback) { while (true) {} }`},
}

// claim is what each chain's answer must have.
var claim = map[string]string{
	"a1": "https://acme.example/plan", "a5": "https://acme.example/amr",
	"r1": "https://acme.example/plan", "r2": "https://acme.example/amr", "r4": "https://acme.example/risk",
}

func writeTenants(dir, webAddr string) error {
	for tenant, list := range rules {
		settings := `{"limits": {"wall": "20s"}}`
		if strings.HasPrefix(tenant, "spin") {
			settings = `{"limits": {"wall": "1s"}}`
		}
		if err := writeTenant(dir, tenant, list, settings, webAddr); err != nil {
			return err
		}
	}
	for tenant, list := range actions {
		if err := writeActions(dir, tenant, list); err != nil {
			return err
		}
	}
	for i := range 4 { // loops of four tenants
		if err := writeTenant(dir, fmt.Sprintf("spin%d", i), rules["spin"], `{"limits": {"wall": "1s"}}`, webAddr); err != nil {
			return err
		}
	}
	return nil
}

func writeTenant(dir, tenant string, list []string, settings, webAddr string) error {
	folder := filepath.Join(dir, tenant, "rules")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, tenant, "rulebox.json"), []byte(settings), 0o644); err != nil {
		return err
	}
	for i, source := range list {
		source = strings.ReplaceAll(source, "WEB", webAddr)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.js", i+1)), []byte(source), 0o644); err != nil {
			return err
		}
	}
	return nil
}
