package store

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
	"github.com/rulebox/rulebox/transaction"
)

// export is a tenant as the deploy CLI writes it.
const export = `
-- acme/rules/only.js --
function (user, context, callback) { callback(null, user, context); }
-- acme/rules-configs/k.json --
{"key": "K", "value": "for rules"}
-- acme/actions/Add claims.json --
{"name": "Add claims", "code": "./actions/Add claims/code.js", "runtime": "node22", "status": "built", "deployed": true,
 "dependencies": [{"name": "axios", "version": "1.6.0", "registry_url": "https://registry.example"}, {"name": "uuid", "version": "latest"}],
 "secrets": [{"name": "API_KEY", "value": "_VALUE_NOT_SHOWN_"}, {"name": "SHARED", "value": "_VALUE_NOT_SHOWN_"}, {"name": "PLAIN", "value": "in the file"}, {"name": "KEYWORD", "value": "##TOKEN##"}],
 "supported_triggers": [{"id": "post-login", "version": "v3"}], "all_changes_deployed": true,
 "modules": [{"module_name": "helpers", "module_version_number": 3}]}
-- acme/actions/Add claims/code.js --
exports.onExecutePostLogin = async (event, api) => {};
-- acme/actions/second.json --
{"code": "./second/code.js", "supported_triggers": [{"id": "post-login", "version": "v2"}]}
-- acme/actions/second/code.js --
const h = require('actions:helpers'); exports.onExecutePostLogin = () => {};
-- acme/actions/draft.json --
{"name": "draft", "deployed": false, "secrets": [{"name": "NOBODY_HAS_IT"}], "supported_triggers": [{"id": "post-login"}]}
-- acme/actions/draft/code.js --
exports.onExecutePostLogin = () => {};
-- acme/actions/exchange.json --
{"name": "exchange", "supported_triggers": [{"id": "custom-token-exchange", "version": "v1"}]}
-- acme/actions/exchange/code.js --
exports.onExecuteCustomTokenExchange = () => {};
-- acme/action-modules/helpers.json --
{"name": "helpers", "code": "./action-modules/helpers/code.js", "dependencies": [{"name": "lodash", "version": "4.17.21"}], "secrets": [{"name": "SALT", "value": "s"}]}
-- acme/action-modules/helpers/code.js --
module.exports = {};
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "second", "display_name": "Second"}, {"action_name": "Add claims", "display_name": "Claims"}],
 "login-post-identifier": [], "send-phone-message": []}
-- acme/hooks/check-mail.json --
{"triggerId": "pre-user-registration", "name": "Check mail", "script": "./check-mail.js", "enabled": true,
 "secrets": {"LIST": "_VALUE_NOT_SHOWN_"}, "dependencies": {"request": "2.88.0"}}
-- acme/hooks/check-mail.js --
module.exports = function (user, context, cb) { cb(null, {user: user}); };
-- acme/hooks/old.json --
{"triggerId": "pre-user-registration", "name": "Old", "script": "./hooks/old.js", "enabled": false}
-- acme/hooks/old.js --
module.exports = function (user, context, cb) { cb(); };
-- acme/database-connections/Legacy-DB/database.json --
{"name": "Legacy-DB", "strategy": "auth0", "enabled_clients": [], "options": {"import_mode": true, "enabledDatabaseCustomization": true,
 "enable_script_context": true, "passwordPolicy": "good",
 "configuration": {"DSN": "2.0$0123abcd$ef", "SHOWN": "yes"}, "customScripts": {"login": "./login.js", "get_user": "./database-connections/Legacy-DB/get_user.js"}}}
-- acme/database-connections/Legacy-DB/login.js --
function login(email, password, callback) { callback(null, {user_id: email}); }
-- acme/database-connections/Legacy-DB/get_user.js --
function getByEmail(email, callback) { callback(null); }
-- acme/database-connections/plain/database.json --
{"name": "plain", "strategy": "auth0", "options": {"mfa": {"active": true}}}
-- acme/connections/google.json --
{"name": "google"}
`

var exportEnviron = []string{
	"RULEBOX_SECRET_ACME_ADD_CLAIMS_API_KEY=k1", "RULEBOX_SECRET_ACME_SHARED=everybody's", "RULEBOX_SECRET_ACME_LIST=l",
	"RULEBOX_SECRET_ACME_LEGACY_DB_DSN=postgres://", "RULEBOX_SECRET_OTHER_SHARED=no", "RULEBOX_CONFIG_ACME_TOKEN=kw",
}

func TestExportOfEverything(t *testing.T) {
	f, _ := open(t, export, exportEnviron...)
	require.Empty(t, f.Broken())
	tenant := f.Tenant("acme")
	assert.Equal(t, []string{
		"credentials-exchange", "custom-token-exchange", "db.Legacy-DB.get_user", "db.Legacy-DB.login",
		"hook.credentials-exchange", "hook.post-change-password", "hook.post-user-registration", "hook.pre-user-registration",
		"login", "password-reset-post-challenge", "post-change-password", "post-login", "post-user-registration", "pre-user-registration",
	}, slices.Sorted(maps.Keys(tenant.Chains)), "what sends messages is there only if an action does it")
	for name, c := range tenant.Chains {
		assert.Equal(t, name, c.Trigger)
		assert.Equal(t, "acme", c.Tenant)
		if c.Bindings != nil {
			assert.Len(t, c.Bindings, len(c.Scripts), name)
		}
		tr, err := trigger.Lookup(name)
		require.NoError(t, err)
		for _, s := range c.Scripts {
			if name != "login" {
				assert.Equal(t, tr.Kind, s.Kind, name)
			}
		}
	}

	c := tenant.Chains["login"]
	assert.Equal(t, []string{"only", "second", "Add claims"}, names(c))
	assert.Equal(t, []rulebox.Kind{rulebox.KindRule, rulebox.KindAction, rulebox.KindAction}, []rulebox.Kind{c.Scripts[0].Kind, c.Scripts[1].Kind, c.Scripts[2].Kind})
	assert.Equal(t, rulebox.Binding{}, c.Bindings[0])
	claims := c.Bindings[2]
	assert.Equal(t, map[string]string{"API_KEY": "k1", "SHARED": "everybody's", "PLAIN": "in the file", "KEYWORD": "kw"}, claims.Secrets)
	assert.Equal(t, map[string]string{"axios": "1.6.0", "uuid": "latest"}, claims.Dependencies)
	require.Len(t, claims.Modules, 1)
	assert.Equal(t, "helpers", claims.Modules[0].Name)
	assert.Equal(t, rulebox.KindModule, claims.Modules[0].Script.Kind)
	assert.Equal(t, map[string]string{"SALT": "s"}, claims.Modules[0].Secrets)
	assert.Equal(t, map[string]string{"lodash": "4.17.21"}, claims.Modules[0].Dependencies)
	assert.Len(t, c.Bindings[1].Modules, 1, "without a list, the modules that the code names")
	assert.Nil(t, c.Bindings[1].Secrets)
	assert.Equal(t, map[string]string{"K": "for rules", "TOKEN": "kw"}, c.Configuration, "no secret of an action is in configuration")

	p := tenant.Chains["post-login"]
	assert.Equal(t, []string{"second", "Add claims"}, names(p))
	assert.Nil(t, p.Configuration)
	assert.Equal(t, []string{"exchange"}, names(tenant.Chains["custom-token-exchange"]))
	assert.Empty(t, tenant.Chains["credentials-exchange"].Scripts)

	h := tenant.Chains["hook.pre-user-registration"]
	assert.Equal(t, []string{"Check mail"}, names(h))
	assert.Equal(t, []rulebox.Binding{{Secrets: map[string]string{"LIST": "l"}, Dependencies: map[string]string{"request": "2.88.0"}}}, h.Bindings)
	assert.Empty(t, tenant.Chains["hook.post-user-registration"].Scripts)

	db := tenant.Chains["db.Legacy-DB.login"]
	assert.Equal(t, []string{"Legacy-DB.login"}, names(db))
	assert.Equal(t, map[string]string{"DSN": "postgres://", "SHOWN": "yes"}, db.Configuration)
	con := tenant.Connections["Legacy-DB"]
	assert.True(t, con.Enabled && con.Import && con.ScriptContext && !con.RequiresUsername)
	assert.Contains(t, con.Options, "passwordPolicy")
	assert.NotContains(t, con.Options, "configuration", "it may hold secrets")
	assert.False(t, tenant.Connections["plain"].Enabled)
}

// The secrets of a tenant are its own, and each script has those it declares.
func TestSecretsOfOthers(t *testing.T) {
	const action = `/actions/a.json --
{"secrets": [{"name": "KEY"}], "supported_triggers": [{"id": "post-login"}]}
`
	const code = "/actions/a/code.js --\n1\n"
	const bound = "/triggers/triggers.json --\n{\"post-login\": [{\"action_name\": \"a\"}]}\n"
	tenant := func(name string) string { return "-- " + name + action + "-- " + name + code + "-- " + name + bound }
	f, _ := open(t, tenant("acme")+tenant("acme-prod"), "RULEBOX_SECRET_ACME_PROD_KEY=theirs", "RULEBOX_CONFIG_ACME_KEY=for rules", "KEY=node's")
	assert.ErrorContains(t, f.Broken()["acme"], `actions/a.json: secrets: the value of "KEY" is not in the file`)
	assert.ErrorContains(t, f.Broken()["acme"], "RULEBOX_SECRET_ACME_A_KEY, or for the whole tenant as RULEBOX_SECRET_ACME_KEY")
	require.Nil(t, f.Broken()["acme-prod"])
	assert.Equal(t, "theirs", f.Tenant("acme-prod").Chains["post-login"].Bindings[0].Secrets["KEY"])

	f, _ = open(t, tenant("a-b")+tenant("a_b"), "RULEBOX_SECRET_A_B_KEY=whose")
	for name, other := range map[string]string{"a-b": "a_b", "a_b": "a-b"} {
		assert.ErrorContains(t, f.Broken()[name], "RULEBOX_SECRET_A_B_… could be those of tenant "+other)
	}

	// What identity servers prove themselves with is no script's to declare.
	for name, wanted := range map[string]string{
		"as the tenant's": strings.ReplaceAll(tenant("acme"), `"KEY"`, `"ADAPTER_KRATOS_SECRET"`),
		"as the action's": strings.NewReplacer(`{"secrets": [{"name": "KEY"}]`, `{"name": "adapter-kratos", "secrets": [{"name": "SECRET"}]`, `"action_name": "a"`, `"action_name": "adapter-kratos"`).Replace(tenant("acme")),
	} {
		f, _ = open(t, wanted+"-- acme/rulebox.json --\n{}\n", "RULEBOX_SECRET_ACME_ADAPTER_KRATOS_SECRET=0123456789abcdef")
		assert.ErrorContains(t, f.Broken()["acme"], "is not in the file", name)
	}
}

func TestBrokenExports(t *testing.T) {
	action := func(name, json string) string {
		return "-- acme/actions/" + name + ".json --\n" + json + "\n-- acme/actions/" + name + "/code.js --\n1\n"
	}
	bind := func(json string) string { return "-- acme/triggers/triggers.json --\n" + json + "\n" }
	db := func(options, file string) string {
		return "-- acme/database-connections/d/database.json --\n{\"options\": " + options + "}\n-- acme/database-connections/d/" + file + " --\n1\n"
	}
	for name, tc := range map[string]struct{ archive, want string }{
		"yaml":                      {"-- acme/tenant.yaml --\nrules: []\n", "tenant.yaml: the YAML form of an export is not read"},
		"action's syntax":           {action("a", "{"), "actions/a.json: the file ends too early"},
		"action's type":             {action("a", `{"secrets": {}}`), "actions/a.json: line 1, column 13: secrets must not be an object; it must be a list"},
		"action's field":            {action("a", `{"secret": []}`), `unknown field "secret"; did you mean "secrets"?`},
		"action's name":             {action("a", `{"name": "a/b"}`), `name "a/b"`},
		"action's code":             {"-- acme/actions/a.json --\n{}\n", `actions/a.json: "code" is missing, and there is no actions/a/code.js`},
		"action's code elsewhere":   {"-- acme/actions/a.json --\n{\"code\": \"./b.js\"}\n", "its code actions/b.js: no such file"},
		"action's code as exported": {"-- acme/actions/a.json --\n{\"code\": \"local/actions/a/code.js\"}\n", `its code "local/actions/a/code.js": there is no such file, and no actions/a/code.js`},
		"action's code of another":  {"-- acme/actions/a.json --\n{\"code\": \"local/actions/b/code.js\"}\n-- acme/actions/b.json --\n{}\n-- acme/actions/b/code.js --\n1\n", `(it says "local/actions/b/code.js")`},
		"code of nobody":            {"-- acme/actions/a/code.js --\n1\n", "actions/a/code.js: there is no actions/a.json"},
		"outside":                   {"-- victim/rules/x.js --\n1\n-- acme/actions/a.json --\n{\"code\": \"../../victim/rules/x.js\"}\n", "victim/rules/x.js"},
		"name twice":                {action("a", "{}") + action("b", `{"name": "a"}`), `actions/b.json: the name "a" is also that of actions/a.json`},
		"does not compile":          {"-- acme/actions/a.json --\n{}\n-- acme/actions/a/code.js --\nBAD\n", "actions/a/code.js: invalid: a:1:1"},
		"secret twice":              {action("a", `{"secrets": [{"name": "K", "value": "1"}, {"name": "K", "value": "2"}]}`) + bind(`{"post-login": [{"action_name": "a"}]}`), `the secret "K" stands there twice`},
		"secret without a name":     {action("a", `{"secrets": [{"value": "1"}]}`) + bind(`{"post-login": [{"action_name": "a"}]}`), "a secret has no name"},
		"dependency":                {action("a", `{"dependencies": [{"name": "loadsh", "version": "4"}]}`), `actions/a.json: dependencies: there is no loadsh`},
		"dependency without name":   {action("a", `{"dependencies": [{"version": "4"}]}`), `dependencies: a "name" is missing`},
		"dependency twice":          {action("a", `{"dependencies": [{"name": "b"}, {"name": "b"}]}`), `"b" stands there twice`},
		"trigger":                   {action("a", "{}") + bind(`{"postlogin": [{"action_name": "a"}]}`), `triggers/triggers.json: there is no trigger "postlogin"; did you mean "post-login"?`},
		"undocumented trigger":      {action("a", "{}") + bind(`{"mcp-tool": [{"action_name": "a"}]}`), `there is no trigger "mcp-tool"; there are post-login`},
		"no such action":            {action("claims", "{}") + bind(`{"post-login": [{"action_name": "Claims"}]}`), `post-login: there is no action "Claims"; did you mean "claims"?`},
		"binding without action":    {bind(`{"post-login": [{"display_name": "x"}]}`), "an entry has no action_name"},
		"binding twice":             {action("a", "{}") + bind(`{"post-login": [{"action_name": "a"}, {"action_name": "a"}]}`), `"a" stands there twice`},
		"not deployed":              {action("a", `{"deployed": false}`) + bind(`{"post-login": [{"action_name": "a"}]}`), `the action "a" is not deployed: set deployed in actions/a.json`},
		"other trigger":             {action("a", `{"supported_triggers": [{"id": "post-change-password"}]}`) + bind(`{"post-login": [{"action_name": "a"}]}`), `the action "a" is for post-change-password, as supported_triggers of actions/a.json says`},
		"two lists":                 {bind("{}") + "-- acme/triggers/more.json --\n{}\n", "triggers: there are triggers/more.json and triggers/triggers.json"},
		"two exchanges":             {action("a", `{"supported_triggers": [{"id": "custom-token-exchange"}]}`) + action("b", `{"supported_triggers": [{"id": "custom-token-exchange"}]}`), "two actions are for custom-token-exchange"},
		"module that is not there":  {action("a", `{"modules": [{"module_name": "helper"}]}`) + bind(`{"post-login": [{"action_name": "a"}]}`) + "-- acme/action-modules/helpers.json --\n{}\n-- acme/action-modules/helpers/code.js --\n1\n", `there is no "helper" in action-modules; did you mean "helpers"?`},
		"module does not compile":   {"-- acme/action-modules/m.json --\n{}\n-- acme/action-modules/m/code.js --\nBAD\n", "action-modules/m/code.js: invalid: m:1:1"},
		"hook without a point":      {"-- acme/hooks/h.json --\n{}\n-- acme/hooks/h.js --\n1\n", `"triggerId" is missing`},
		"hook's point":              {"-- acme/hooks/h.json --\n{\"triggerId\": \"pre-registration\"}\n-- acme/hooks/h.js --\n1\n", `there is no extensibility point "pre-registration"; did you mean "pre-user-registration"?`},
		"retired point":             {"-- acme/hooks/h.json --\n{\"triggerId\": \"password-exchange\"}\n-- acme/hooks/h.js --\n1\n", `there is no extensibility point "password-exchange"`},
		"hook's script":             {"-- acme/hooks/h.json --\n{\"triggerId\": \"post-change-password\"}\n", "hooks/h.json: its script hooks/h.js: no such file"},
		"two hooks":                 {"-- acme/hooks/g.json --\n{\"triggerId\": \"post-change-password\"}\n-- acme/hooks/g.js --\n1\n-- acme/hooks/h.json --\n{\"triggerId\": \"post-change-password\"}\n-- acme/hooks/h.js --\n1\n", "hooks/h.json: hooks/g.json is enabled at post-change-password too"},
		"database without a file":   {"-- acme/database-connections/d/login.js --\n1\n", "database-connections/d/database.json: no such file"},
		"database's name":           {"-- acme/database-connections/d/database.json --\n{\"name\": \"a.b\"}\n", `name "a.b"`},
		"database's option":         {db(`{"customScript": {}}`, "login.js"), `options: unknown field "customScript"; did you mean "customScripts"?`},
		"database's script":         {db(`{"customScripts": {"getUser": "./login.js"}}`, "login.js"), `there is no database script "getUser"; did you mean "get_user"?`},
		"database's stray script":   {db(`{}`, "helper.js"), `there is no database script "helper"; there are login, get_user`},
		"script that is not there":  {db(`{"customScripts": {"verify": "./verify.js"}}`, "login.js"), "its script database-connections/d/verify.js: no such file"},
		"script does not compile":   {"-- acme/database-connections/d/database.json --\n{}\n-- acme/database-connections/d/login.js --\nBAD\n", "database-connections/d/login.js: invalid: d.login:1:1"},
		"database's secret":         {db(`{"enabledDatabaseCustomization": true, "configuration": {"DSN": "_VALUE_NOT_SHOWN_"}}`, "login.js"), "RULEBOX_SECRET_ACME_D_DSN"},
		"cache":                     {"-- acme/rulebox.json --\n{\"cache\": {\"value\": \"1MiB\"}}\n", "cache.value is \"1MiB\"; it must be at most 262144 bytes"},
		"cache entries":             {"-- acme/rulebox.json --\n{\"cache\": {\"entries\": -1}}\n", "cache.entries is -1"},
		"metadata":                  {"-- acme/rulebox.json --\n{\"apply_metadata\": true}\n", "apply_metadata needs management"},
	} {
		t.Run(name, func(t *testing.T) {
			f, dir := open(t, "-- acme/rules/ok.js --\n1\n")
			f.CheckModule = func(name, _ string) (string, error) {
				if name == "loadsh" {
					return "", fmt.Errorf("there is no loadsh")
				}
				return "", nil
			}
			before := f.Tenant("acme")
			write(t, dir, tc.archive)
			require.NoError(t, f.Load(context.Background()))
			assert.ErrorContains(t, f.Broken()["acme"], tc.want)
			assert.Same(t, before, f.Tenant("acme"), "the last good version goes on")
		})
	}
}

// Older deploy CLIs put the folder of the export ahead of the path.
func TestCodeWithTheExportsFolder(t *testing.T) {
	for _, code := range []string{"local/actions/a/code.js", "./local/actions/a/code.js", "../export/actions/a/code.js", "../../export/actions/a/code.js", "/home/ci/actions/a/code.js"} {
		f, _ := open(t, "-- acme/actions/a.json --\n{\"code\": \""+code+"\"}\n-- acme/actions/a/code.js --\nexports.onExecutePostLogin = () => {};\n-- acme/triggers/triggers.json --\n{\"post-login\": [{\"action_name\": \"a\"}]}\n"+
			"-- acme/action-modules/m.json --\n{\"code\": \"local/action-modules/m/code.js\"}\n-- acme/action-modules/m/code.js --\n1\n")
		require.Empty(t, f.Broken(), code)
		assert.Equal(t, "exports.onExecutePostLogin = () => {};\n", f.Tenant("acme").Chains["post-login"].Scripts[0].Source, code)
	}
}

// Nothing of another tenant is read through links.
func TestLinksOfExports(t *testing.T) {
	const victim = "-- victim/database-connections/d/database.json --\n{\"options\": {\"enabledDatabaseCustomization\": true, \"configuration\": {\"DSN\": \"theirs\"}}}\n-- victim/database-connections/d/login.js --\n1\n" +
		"-- victim/actions/a.json --\n{\"secrets\": [{\"name\": \"K\", \"value\": \"theirs\"}]}\n-- victim/actions/a/code.js --\n1\n-- acme/rules/ok.js --\n1\n"
	for link, to := range map[string]string{
		"database-connections/d": "../../victim/database-connections/d", "database-connections": "../victim/database-connections",
		"actions": "../victim/actions", "actions/a.json": "../../victim/actions/a.json", "hooks": "/etc",
	} {
		dir := t.TempDir()
		write(t, dir, victim)
		path := filepath.Join(dir, "acme", link)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.Symlink(to, path))
		f := OpenFolder(dir, noBad, zap.NewNop())
		require.NoError(t, f.Load(context.Background()))
		assert.ErrorContains(t, f.Broken()["acme"], link, link)
		assert.NotNil(t, f.Tenant("acme").Broken, link)
		assert.Nil(t, f.Tenant("victim").Broken)
	}
	// Within the folder a link is what it leads to.
	f, dir := open(t, "-- acme/kept/database.json --\n{\"options\": {\"enabledDatabaseCustomization\": true}}\n-- acme/kept/login.js --\n1\n-- acme/rules/ok.js --\n1\n")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "acme/database-connections"), 0o755))
	require.NoError(t, os.Symlink("../kept", filepath.Join(dir, "acme/database-connections/d")))
	require.NoError(t, f.Load(context.Background()))
	require.Empty(t, f.Broken())
	assert.NotNil(t, f.Tenant("acme").Chains["db.d.login"])
}

// What only Auth0 would refuse is told, and runs.
func TestMoreThanAuth0Takes(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	dir := t.TempDir()
	var list []string
	archive := ""
	for i := range 21 {
		name := fmt.Sprintf("a%02d", i)
		archive += "-- acme/actions/" + name + ".json --\n{\"dependencies\": [{\"name\": \"auth0\", \"version\": \"99.0.0\"}]}\n-- acme/actions/" + name + "/code.js --\n1\n"
		list = append(list, `{"action_name": "`+name+`"}`)
	}
	archive += "-- acme/triggers/triggers.json --\n{\"post-login\": [" + strings.Join(list, ",") + "]}\n"
	archive += "-- acme/action-modules/big.json --\n{}\n-- acme/action-modules/big/code.js --\n" + strings.Repeat("/", moduleCode+1) + "\n"
	archive += "-- acme/database-connections/d/database.json --\n{\"strategy\": \"auth0\"}\n-- acme/database-connections/d/login.js --\n1\n"
	write(t, dir, archive)
	f := OpenFolder(dir, noBad, zap.New(core))
	f.CheckModule = func(name, version string) (string, error) { return name + "@" + version + " is declared", nil }
	require.NoError(t, f.Load(context.Background()))
	require.Empty(t, f.Broken())
	assert.Len(t, f.Tenant("acme").Chains["post-login"].Scripts, 21)
	var said []string
	for _, e := range logs.All() {
		said = append(said, e.Message)
	}
	text := strings.Join(said, "\n")
	assert.Contains(t, text, "21 actions at post-login; Auth0 takes 20")
	assert.Equal(t, 1, strings.Count(text, "auth0@99.0.0 is declared"), "once, however many declare it")
	assert.Contains(t, text, "actions/a07/code.js: it has no onExecutePostLogin, which post-login calls")
	assert.Contains(t, text, "action-modules/big/code.js: 65538 bytes; Auth0 takes 65536")
	assert.Contains(t, text, "database-connections/d/database.json: its scripts are not used")
	assert.NotContains(t, text, "every login passes")
	assert.NotContains(t, slices.Collect(maps.Keys(f.Tenant("acme").Chains)), "db.d.login")
}

func TestSettingsOfActions(t *testing.T) {
	f, _ := open(t, `
-- acme/rulebox.json --
{"cache": {"entries": 100, "key": "128", "value": "16KiB", "total": "64KiB"}, "apply_metadata": true,
 "management": {"baseUrl": "https://acme.example/api/v2", "accessToken": "t"}}
`)
	require.Empty(t, f.Broken())
	tenant := f.Tenant("acme")
	assert.True(t, tenant.ApplyMetadata)
	for _, c := range tenant.Chains {
		assert.Equal(t, rulebox.CacheLimits{Entries: 100, Key: 128, Value: 16 << 10, Total: 64 << 10}, c.Cache)
	}
	assert.NotNil(t, tenant.Chains["post-login"].Management)
	assert.Nil(t, tenant.Chains["hook.pre-user-registration"].Management)
	var _ transaction.Tenants = f
}
