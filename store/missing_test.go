package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const wanting = `
-- acme/rulebox.json --
{"management": {"baseUrl": "https://a.example", "accessToken": "##TOKEN##"}}
-- acme/rules/a.js --
function (user, context, callback) { callback(); }
-- acme/rules-configs/one.json --
{"key": "ONE", "value": "##A## ##B## ##A##"}
-- acme/rules-configs/two.json --
{"key": "TWO"}
-- acme/rules-configs/zwo.json --
{"key": "ZWO", "value": "_VALUE_NOT_SHOWN_"}
-- acme/actions/pay.json --
{"secrets": [{"name": "KEY"}, {"name": "OTHER", "value": "_VALUE_NOT_SHOWN_"}, {"name": "KNOWN", "value": "v4lue"}]}
-- acme/actions/pay/code.js --
exports.onExecutePostLogin = exports.onExecuteCredentialsExchange = () => {};
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "pay"}], "credentials-exchange": [{"action_name": "pay"}]}
-- acme/hooks/h.json --
{"triggerId": "post-change-password", "secrets": {"HOOK": "_VALUE_NOT_SHOWN_"}}
-- acme/hooks/h.js --
module.exports = () => {};
-- acme/database-connections/db/database.json --
{"options": {"enabledDatabaseCustomization": true, "configuration": {"DSN": "_VALUE_NOT_SHOWN_"}}}
-- acme/database-connections/db/login.js --
function login(email, password, callback) {}
`

// All that is missing is told at once, with what would supply it.
func TestMissingValues(t *testing.T) {
	f, dir := open(t, wanting)
	require.EqualError(t, f.Broken()["acme"], "8 values are missing; put each into its file, or into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS where the file has ##KEY##, or into the environment:"+
		" (1) rulebox.json: ##TOKEN##: RULEBOX_CONFIG_ACME_TOKEN;"+
		" (2) rules-configs/one.json: ##A##, ##B##: RULEBOX_CONFIG_ACME_A and RULEBOX_CONFIG_ACME_B;"+
		" (3) rules-configs/two.json: \"value\": RULEBOX_CONFIG_ACME_TWO;"+
		" (4) rules-configs/zwo.json: \"value\": RULEBOX_CONFIG_ACME_ZWO;"+
		" (5) database-connections/db/database.json: \"DSN\": RULEBOX_SECRET_ACME_DB_DSN or RULEBOX_SECRET_ACME_DSN (for the whole tenant);"+
		" (6) actions/pay.json: \"KEY\": RULEBOX_SECRET_ACME_PAY_KEY or RULEBOX_SECRET_ACME_KEY (for the whole tenant);"+
		" (7) actions/pay.json: \"OTHER\": RULEBOX_SECRET_ACME_PAY_OTHER or RULEBOX_SECRET_ACME_OTHER (for the whole tenant);"+
		" (8) hooks/h.json: \"HOOK\": RULEBOX_SECRET_ACME_H_HOOK or RULEBOX_SECRET_ACME_HOOK (for the whole tenant)")

	// Another mistake is told with them; one that comes of what is missing is not.
	write(t, dir, "-- acme/rules/a.js --\nBAD\n")
	require.NoError(t, f.Load(context.Background()))
	assert.ErrorContains(t, f.Broken()["acme"], "8 values are missing")
	assert.ErrorContains(t, f.Broken()["acme"], "; besides, rules/a.js: ")
	write(t, dir, "-- acme/rules/a.js --\nfunction (user, context, callback) { callback(); }\n-- acme/rulebox.json --\n{\"limits\": {\"wall\": \"##WALL##\"}}\n")
	require.NoError(t, f.Load(context.Background()))
	assert.EqualError(t, f.Broken()["acme"], "rulebox.json: ##WALL## has no value: put one into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS, or into the environment as RULEBOX_CONFIG_ACME_WALL")

	f, _ = open(t, wanting, "RULEBOX_CONFIG_ACME_TOKEN=t", "RULEBOX_CONFIG_ACME_A=a", "RULEBOX_CONFIG_ACME_B=b", "RULEBOX_CONFIG_ACME_TWO=2", "RULEBOX_CONFIG_ACME_ZWO=2",
		"RULEBOX_SECRET_ACME_DSN=d", "RULEBOX_SECRET_ACME_KEY=k", "RULEBOX_SECRET_ACME_OTHER=o", "RULEBOX_SECRET_ACME_HOOK=h")
	require.NoError(t, f.Broken()["acme"])
	f, _ = open(t, wanting, "RULEBOX_CONFIG_ACME_TOKEN=t", "RULEBOX_CONFIG_ACME_A=a", "RULEBOX_CONFIG_ACME_B=b", "RULEBOX_CONFIG_ACME_TWO=2", "RULEBOX_CONFIG_ACME_ZWO=2",
		"RULEBOX_SECRET_ACME_DSN=d", "RULEBOX_SECRET_ACME_KEY=k", "RULEBOX_SECRET_ACME_HOOK=h")
	assert.ErrorContains(t, f.Broken()["acme"], `actions/pay.json: secrets: the value of "OTHER" is not in the file`, "one alone has a sentence of its own")
}

// What loads and is probably not meant is in the log: actions that nothing runs, and
// values that scripts read and nothing supplies.
func TestIdleActionsAndUndefinedValues(t *testing.T) {
	const files = `
-- acme/actions/run.json --
{"secrets": [{"name": "KEY", "value": "v"}]}
-- acme/actions/run/code.js --
exports.onExecutePostLogin = (event) => [event.secrets.KEY, event.secrets.KEEY];
-- acme/actions/idle.json --
{"supported_triggers": [{"id": "credentials-exchange"}]}
-- acme/actions/idle/code.js --
exports.onExecuteCredentialsExchange = (event) => event.secrets.X;
-- acme/actions/also.json --
{"supported_triggers": [{"id": "pre-user-registration"}]}
-- acme/actions/also/code.js --
1
-- acme/actions/draft.json --
{"deployed": false}
-- acme/actions/draft/code.js --
1
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "run"}]}
-- acme/rules/r.js --
function (user, context, callback) { callback(null, configuration.ONE, configuration.TWO); }
-- acme/rules/off.json --
{"enabled": false}
-- acme/rules/off.js --
function (user, context, callback) { callback(null, configuration.THREE); }
-- acme/rules-configs/one.json --
{"key": "ONE", "value": "1"}
-- acme/hooks/h.json --
{"triggerId": "post-change-password"}
-- acme/hooks/h.js --
module.exports = (user, context, callback) => callback(context.webtask.secrets.HOOK);
-- acme/database-connections/db/database.json --
{"options": {"enabledDatabaseCustomization": true}}
-- acme/database-connections/db/login.js --
function login(email, password, callback) { callback(configuration.DSN, configuration.OPTIONAL || 1); }
-- acme/database-connections/db/get_user.js --
function get_user(email, callback) { callback(configuration.DSN); }
`
	core, logs := observer.New(zap.WarnLevel)
	dir := t.TempDir()
	write(t, dir, files)
	f := OpenFolder(dir, noBad, zap.New(core))
	require.NoError(t, f.Load(context.Background()))
	require.Empty(t, f.Broken())
	var said []string
	for _, e := range logs.All() {
		said = append(said, e.Message)
	}
	assert.Equal(t, []string{
		"tenant: rules/r.js reads configuration.TWO, undefined here: values come from rules-configs/NAME.json or the environment as RULEBOX_CONFIG_ACME_NAME",
		`tenant: actions/run/code.js reads event.secrets.KEEY, undefined here: values come from "secrets" of actions/run.json`,
		`tenant: hooks/h.js reads context.webtask.secrets.HOOK, undefined here: values come from "secrets" of hooks/h.json`,
		"tenant: database-connections/db/get_user.js or database-connections/db/login.js reads configuration.DSN, undefined here: values come from options.configuration of database-connections/db/database.json",
		`tenant: no trigger runs the actions "also", "idle": name them in triggers/triggers.json, such as {"pre-user-registration": [{"action_name": "also"}]}, or set deployed to false`,
	}, said)
}

// Rules in a folder that is not read let every login pass: a name that is nearly
// that of one is told.
func TestFoldersThatAreNotRead(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	dir := t.TempDir()
	write(t, dir, "-- acme/rule/a.js --\n1\n-- acme/Actions/a.json --\n{}\n-- acme/roles/a.json --\n{}\n-- acme/clients/a.json --\n{}\n-- acme/connections/a.json --\n{}\n-- acme/rules/a.js --\n1\n")
	// What the deploy CLI exports and is not ours.
	for _, name := range strings.Fields(`attack-protection branding client-grants clients connections connection-profiles custom-domains emails event-streams
		flow-vault-connections flows forms grants guardian log-streams network-acls organizations pages phone-providers prompts resource-servers
		roles self-service-profiles themes token-exchange-profiles user-attribute-profiles`) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "acme", name), 0o755))
	}
	f := OpenFolder(dir, noBad, zap.New(core))
	require.NoError(t, f.Load(context.Background()))
	require.Empty(t, f.Broken())
	var said []string
	for _, e := range logs.All() {
		said = append(said, e.Message)
	}
	assert.Equal(t, []string{"tenant: the folder Actions is not read; did you mean actions?", "tenant: the folder rule is not read; did you mean rules?"}, said)
}

// A tenant with much code does not keep others waiting while it is looked at.
func TestMuchSourceIsNotLookedAt(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	dir := t.TempDir()
	files := ""
	rule := "function (user, context, callback) { callback(configuration.X); }" + strings.Repeat(" ", 60<<10)
	const rules = 20
	for i := range rules {
		files += fmt.Sprintf("-- acme/rules/r%02d.js --\n%s\n", i, rule)
	}
	write(t, dir, files)
	f := OpenFolder(dir, noBad, zap.New(core))
	require.NoError(t, f.Load(context.Background()))
	require.Empty(t, f.Broken())
	assert.NotZero(t, logs.Len())
	assert.Equal(t, maxLooked/len(rule), logs.Len())
	assert.Less(t, logs.Len(), rules)
}
