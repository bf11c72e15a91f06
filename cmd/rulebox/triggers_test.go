package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// A tenant with every kind of script, as the deploy CLI writes it.
const everyKind = `
-- acme/rules/first.js --
function (user, context, callback) { context.idToken.rule = 'ran'; callback(null, user, context); }
-- acme/actions/claims.json --
{"name": "claims", "code": "./actions/claims/code.js", "deployed": true, "supported_triggers": [{"id": "post-login", "version": "v3"}],
 "secrets": [{"name": "KEY", "value": "_VALUE_NOT_SHOWN_"}], "dependencies": [{"name": "uuid", "version": "9.0.0"}],
 "modules": [{"module_name": "helpers", "module_version_number": 1}]}
-- acme/actions/claims/code.js --
const { greet } = require('actions:helpers');
exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('greeting', greet(event.user.name) + event.secrets.KEY.length);
  api.idToken.setCustomClaim('asn', event.request.asn || 'none');
  if (event.request.query.terms) api.redirect.sendUserTo('https://acme.example/terms');
};
exports.onContinuePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('agreed', event.request.query.agreed);
};
-- acme/actions/last.json --
{"supported_triggers": [{"id": "post-login"}]}
-- acme/actions/last/code.js --
exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('last', true); };
-- acme/actions/machines.json --
{"supported_triggers": [{"id": "credentials-exchange"}]}
-- acme/actions/machines/code.js --
exports.onExecuteCredentialsExchange = async (event, api) => {
  if (event.client.name === 'bad') return api.access.deny('invalid_request', 'no machines');
  api.accessToken.setCustomClaim('client', event.client.name);
};
-- acme/action-modules/helpers.json --
{"name": "helpers", "code": "./action-modules/helpers/code.js", "secrets": [{"name": "WORD", "value": "hello"}]}
-- acme/action-modules/helpers/code.js --
exports.greet = (name) => actions.secrets.WORD + ' ' + name;
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "claims"}, {"action_name": "last"}], "credentials-exchange": [{"action_name": "machines"}]}
-- acme/hooks/register.json --
{"triggerId": "pre-user-registration", "name": "register", "script": "./register.js", "enabled": true, "secrets": {"LIST": "_VALUE_NOT_SHOWN_"}}
-- acme/hooks/register.js --
module.exports = function (user, context, cb) {
  if (!user.email.endsWith('@acme.example')) return cb(new PreUserRegistrationError('not ours', 'Sorry.'));
  cb(null, { user: { app_metadata: { list: context.webtask.secrets.LIST.length } } });
};
-- acme/database-connections/Legacy/database.json --
{"name": "Legacy", "strategy": "auth0", "options": {"enabledDatabaseCustomization": true, "configuration": {"DSN": "2.0$00ff$ee"}, "customScripts": {"login": "./login.js"}}}
-- acme/database-connections/Legacy/login.js --
function login(email, password, callback) {
  if (password !== 'right') return callback(new WrongUsernameOrPasswordError(email, 'no'));
  callback(null, { user_id: '7', email: email, dsn: configuration.DSN.length });
}
`

// Every kind of script is reached over HTTP and over NATS, and answers the same.
func TestEveryKindOverBothDoors(t *testing.T) {
	t.Setenv("RULEBOX_SECRET_ACME_CLAIMS_KEY", secretMark)
	t.Setenv("RULEBOX_SECRET_ACME_LIST", secretMark)
	t.Setenv("RULEBOX_SECRET_ACME_LEGACY_DSN", secretMark)
	n := serveNode(t, everyKind)
	c := n.connect()
	ctx := testContext(t)
	fire := func(trigger, body string) answer {
		t.Helper()
		return n.send("POST", "/v1/tenants/acme/triggers/"+trigger, n.token, body)
	}

	const login = `{"user":{"user_id":"u","name":"Jo"},"context":{"idToken":{},"accessToken":{},"request":{"query":{}}}}`
	a := fire("login", login)
	assert.Equal(t, "ran", a.at(".context.idToken.rule"), a.body)
	assert.Equal(t, "hello Jo6", a.at(".context.idToken.greeting"))
	assert.Equal(t, "none", a.at(".context.idToken.asn"))
	assert.Equal(t, "true", a.at(".context.idToken.last"))
	res, err := c.LoginWith(ctx, "acme", map[string]any{"user_id": "u", "name": "Jo"}, json.RawMessage(`{"idToken":{},"request":{"query":{}}}`),
		&event.PostLogin{Request: &event.Request{ASN: "64500", Query: map[string]any{}}})
	require.NoError(t, err)
	assert.Contains(t, string(res.Values[1]), `"asn":"64500"`)

	res, err = c.PostLogin(ctx, "acme", &event.PostLogin{User: &event.User{Name: "Jo"}, Request: &event.Request{Query: map[string]any{"x": 1}}})
	require.NoError(t, err)
	require.Len(t, res.Scripts, 2, "no rule runs")
	assert.Contains(t, string(res.Commands[0]), "hello Jo6")

	a = fire("credentials-exchange", `{"event":{"client":{"name":"robot"}}}`)
	assert.Contains(t, a.body, `["accessToken.setCustomClaim","client","robot"]`)
	res, err = c.CredentialsExchange(ctx, "acme", &event.CredentialsExchange{Client: event.Client{Name: "bad"}})
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	assert.Equal(t, rulebox.Deny, res.Decision)
	assert.Equal(t, "invalid_request", err.(*rulebox.Error).OAuth)

	a = fire("hook.pre-user-registration", `{"args":[{"email":"jo@acme.example"},{}]}`)
	assert.Equal(t, "6", a.at(".result.user.app_metadata.list"), a.body)
	_, err = c.Hook(ctx, "acme", "pre-user-registration", &event.HookUser{Email: "jo@elsewhere.example"}, &event.HookContext{})
	assert.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), "%v", err)

	a = fire("db.Legacy.login", `{"args":["jo@acme.example","right"]}`)
	assert.Equal(t, "6", a.at(".result.dsn"), a.body)
	_, err = c.Database(ctx, "acme", "Legacy", "login", "jo@acme.example", "wrong")
	assert.Equal(t, "WrongUsernameOrPasswordError", err.(*rulebox.Error).Name)

	// What a tenant does not have: nothing to do, or nobody to do it.
	assert.Equal(t, 200, fire("post-change-password", `{"event":{}}`).status)
	for trigger, body := range map[string]string{
		"custom-email-provider": `{"event":{}}`, "db.Legacy.create": `{"args":[{}]}`, "db.Other.login": `{"args":["a","b"]}`, "logn": `{}`,
	} {
		a = fire(trigger, body)
		assert.Equal(t, 400, a.status, trigger)
		assert.Equal(t, "invalid", a.header.Get("Rulebox-Code"))
	}
	require.Equal(t, exitOK, n.stop())
	assert.NotContains(t, n.stderr.String(), secretMark)
	assert.NotContains(t, n.stdout.String(), secretMark)
}

// A chain that an action suspended goes on by its state, through either door.
func TestResumeThroughBothDoors(t *testing.T) {
	t.Setenv("RULEBOX_SECRET_ACME_CLAIMS_KEY", secretMark)
	t.Setenv("RULEBOX_SECRET_ACME_LIST", secretMark)
	t.Setenv("RULEBOX_SECRET_ACME_LEGACY_DSN", secretMark)
	n := serveNode(t, everyKind)
	c := n.connect()
	user := map[string]any{"user_id": "u", "name": "Jo"}
	away := json.RawMessage(`{"protocol":"oidc-basic-profile","idToken":{},"request":{"query":{"terms":"1"}}}`)
	back := json.RawMessage(`{"protocol":"oidc-basic-profile","idToken":{},"request":{"query":{"agreed":"yes"}}}`)
	suspended := func() string {
		res, err := c.Login(testContext(t), "acme", user, away)
		require.NoError(t, err)
		require.Equal(t, rulebox.Redirect, res.Decision)
		require.True(t, strings.HasPrefix(res.RedirectURL, "https://acme.example/terms?state="), res.RedirectURL)
		require.NotEmpty(t, res.State)
		return res.State
	}
	state := suspended()
	res, err := c.Resume(testContext(t), "acme", rulebox.TriggerLogin, state, user, back)
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	for _, claim := range []string{`"greeting":"hello Jo6"`, `"agreed":"yes"`, `"last":true`} {
		assert.Contains(t, string(res.Values[1]), claim)
	}
	_, err = c.Resume(testContext(t), "acme", rulebox.TriggerLogin, state, user, back)
	assert.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), "a state is good once")

	body := func(state string) string {
		return `{"user":{"user_id":"u","name":"Jo"},"context":` + string(back) + `,"state":"` + state + `"}`
	}
	state = suspended()
	a := n.login("acme", body(state))
	assert.Equal(t, "yes", a.at(".context.idToken.agreed"), a.body)
	a = n.login("acme", body(state))
	assert.Equal(t, "deny", a.at(".decision"))
	a = n.login("acme", body(strings.Repeat("A", len(state))))
	assert.NotEqual(t, "allow", a.at(".decision"), "a forged state: %s", a.body)
	assert.NotContains(t, a.body, "agreed")
}

// What a dependency's name does not mean is told before a login needs it.
func TestDeclaredDependencies(t *testing.T) {
	t.Parallel()
	n := serveNode(t, `
-- acme/actions/a.json --
{"dependencies": [{"name": "axois", "version": "1.6.0"}], "supported_triggers": [{"id": "post-login"}]}
-- acme/actions/a/code.js --
exports.onExecutePostLogin = async () => {};
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "a"}]}
`)
	a := n.login("acme", `{"user":{},"context":{}}`)
	assert.Equal(t, 400, a.status)
	assert.Contains(t, a.body, `actions/a.json: dependencies: there is no \"axois\" in the table of modules`)
	assert.Contains(t, a.body, `did you mean \"axios\"?`)
	path := filepath.Join(n.tenants, "acme/actions/a.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), "axois", "axios", 1)), 0o644))
	require.Eventually(t, func() bool { return n.login("acme", `{"user":{},"context":{}}`).status == 200 }, safety, 20*time.Millisecond)
}

// Tries of every kind, in the jail.
func TestTriesOfEveryKind(t *testing.T) {
	t.Parallel()
	n := serveNode(t, "-- acme/rules/a.js --\nfunction (u, c, cb) { cb(null, u, c); }\n")
	a := n.try("acme", map[string]any{
		"kind": "action", "trigger": "post-login", "code": "exports.onExecutePostLogin = async (e, api) => { api.idToken.setCustomClaim('k', [e.secrets.K, require('actions:m'), api.cache.get('c').value, e.user.name]); };",
		"input": map[string]any{"user": map[string]any{"name": "Jo"}, "context": map[string]any{"idToken": map[string]any{}}}, "secrets": map[string]string{"K": "v"},
		"modules": map[string]string{"actions:m": "module.exports = 'mod';"}, "cache": map[string]string{"c": "cached"},
	})
	assert.JSONEq(t, `["v","mod","cached","Jo"]`, a.at(".context.idToken.k"), a.body)
	a = n.try("acme", map[string]any{"kind": "action", "trigger": "post-login", "code": "exports.onExecutePostLogin = async (e, api) => { api.access.denny('x'); };", "input": map[string]any{"event": map[string]any{}}})
	assert.Equal(t, "threw", a.at(".error.code"), a.body)
	assert.Contains(t, a.body, "deny")
	a = n.try("acme", map[string]any{"kind": "action", "trigger": "post-login", "code": "exports.onExecutePostLogn = async (e, api) => {};", "input": map[string]any{"event": map[string]any{}}})
	assert.Equal(t, "invalid", a.at(".error.code"), a.body)
	assert.Contains(t, a.body, "onExecutePostLogin")
	// What a try suspended goes on in another one.
	away := map[string]any{
		"code": "exports.onExecutePostLogin = async (e, api) => { api.redirect.sendUserTo('https://acme.example/'); };\nexports.onContinuePostLogin = async (e, api) => { api.idToken.setCustomClaim('back', true); };",
	}
	input := map[string]any{"user": map[string]any{"user_id": "u"}, "context": map[string]any{"protocol": "oidc-basic-profile", "idToken": map[string]any{}, "request": map[string]any{"query": map[string]any{}}}}
	away["input"] = input
	a = n.try("acme", away)
	require.Equal(t, "redirect", a.at(".decision"), a.body)
	input["state"] = a.at(".state")
	a = n.try("acme", away)
	assert.Equal(t, "true", a.at(".context.idToken.back"), a.body)
	a = n.try("acme", away)
	assert.Equal(t, "denied", a.at(".error.code"), a.body)
	a = n.login("acme", `{"user":{"user_id":"u"},"context":{},"state":"`+input["state"].(string)+`"}`)
	assert.NotEqual(t, "allow", a.at(".decision"), "a try's state is none of production's: %s", a.body)
	a = n.try("acme", map[string]any{"kind": "hook", "trigger": "hook.post-change-password", "code": "module.exports = (u, c, cb) => cb(null, u.email);", "input": map[string]any{"args": []any{map[string]any{"email": "e"}, map[string]any{}}}})
	assert.Equal(t, "allow", a.at(".decision"), a.body)
	a = n.try("acme", map[string]any{"kind": "dbscript", "trigger": "db.x.get_user", "code": "function f(id, cb) { cb(null, {user_id: id + configuration.A, email: 'a@b.example'}); }", "configuration": map[string]string{"A": "a"}, "input": map[string]any{"args": []any{"7"}}})
	assert.Equal(t, "auth0|7a", a.at(".result.user_id"), a.body)
}
