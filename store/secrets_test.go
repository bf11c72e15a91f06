package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// declaring is a tenant's action that declares one secret.
func declaring(name, secret string) string {
	return fmt.Sprintf("-- acme/actions/%s.json --\n{\"secrets\": [{\"name\": %q}]}\n-- acme/actions/%s/code.js --\n1\n", name, secret, name)
}

func boundActions(names ...string) string {
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf("{\"action_name\": %q}", n))
	}
	return "-- acme/triggers/triggers.json --\n{\"post-login\": [" + strings.Join(list, ", ") + "]}\n"
}

// A variable that two declared secrets could mean is nobody's: an action cannot get
// another's secret by what it calls its own.
func TestSecretsThatShareAVariable(t *testing.T) {
	const (
		module   = "-- acme/action-modules/pay.json --\n{\"secrets\": [{\"name\": \"STRIPE_KEY\"}]}\n-- acme/action-modules/pay/code.js --\n1\n"
		hook     = "-- acme/hooks/pay.json --\n{\"triggerId\": \"post-change-password\", \"secrets\": {\"STRIPE-KEY\": \"_VALUE_NOT_SHOWN_\"}}\n-- acme/hooks/pay.js --\n1\n"
		database = "-- acme/database-connections/pay/database.json --\n{\"options\": {\"enabledDatabaseCustomization\": true, \"configuration\": {\"STRIPE_KEY\": \"_VALUE_NOT_SHOWN_\"}}}\n-- acme/database-connections/pay/login.js --\n1\n"
		variable = "RULEBOX_SECRET_ACME_PAY_STRIPE_KEY"
		both     = "the environment variable " + variable + " could be the secret "
		rename   = "rename one of the two, or put both values into the files and take the variable away"
	)
	for name, tt := range map[string]struct {
		files string
		want  []string
	}{
		"the tenant's and another's own": {declaring("pay", "STRIPE_KEY") + declaring("spy", "PAY_STRIPE_KEY") + boundActions("pay", "spy"),
			[]string{"actions/spy.json: secrets: " + both + `"PAY_STRIPE_KEY" of actions/spy.json or "STRIPE_KEY" of actions/pay.json; give this one its own variable, RULEBOX_SECRET_ACME_SPY_PAY_STRIPE_KEY`}},
		"the other is not bound": {declaring("pay", "STRIPE_KEY") + declaring("spy", "PAY_STRIPE_KEY") + boundActions("spy"),
			[]string{`"PAY_STRIPE_KEY" of actions/spy.json or "STRIPE_KEY" of actions/pay.json`}},
		"two owners": {declaring("pay", "STRIPE_KEY") + declaring("pay-stripe", "KEY") + boundActions("pay-stripe"),
			[]string{both + `"KEY" of actions/pay-stripe.json or "STRIPE_KEY" of actions/pay.json; ` + rename}},
		"names that are alike": {declaring("pay", "STRIPE_KEY") + declaring("PAY", "stripe-key") + boundActions("pay"),
			[]string{`"STRIPE_KEY" of actions/pay.json or "stripe-key" of actions/PAY.json`}},
		"a module": {declaring("spy", "PAY_STRIPE_KEY") + module + boundActions("spy"),
			[]string{`"PAY_STRIPE_KEY" of actions/spy.json or "STRIPE_KEY" of action-modules/pay.json`}},
		"a module of the action's name": {declaring("pay", "STRIPE_KEY") + module + boundActions("pay"),
			[]string{`"STRIPE_KEY" of actions/pay.json or "STRIPE_KEY" of action-modules/pay.json`}},
		"a hook": {declaring("pay-stripe", "KEY") + hook,
			[]string{"hooks/pay.json: secrets: ", `"STRIPE-KEY" of hooks/pay.json or "KEY" of actions/pay-stripe.json`}},
		"a connection": {declaring("spy", "PAY_STRIPE_KEY") + database + boundActions("spy"),
			[]string{`"PAY_STRIPE_KEY" of actions/spy.json or "STRIPE_KEY" of database-connections/pay/database.json`}},
		"a connection and an action": {declaring("pay-stripe", "KEY") + database,
			[]string{"database-connections/pay/database.json: options.configuration: ", `"STRIPE_KEY" of database-connections/pay/database.json or "KEY" of actions/pay-stripe.json`}},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := open(t, tt.files, variable+"=sk_live")
			err := f.Broken()["acme"]
			require.Error(t, err, "somebody was given another's secret")
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "sk_live")
		})
	}

	secretsOf := func(t *testing.T, files string, environ ...string) []map[string]string {
		f, _ := open(t, files, environ...)
		require.NoError(t, f.Broken()["acme"])
		var all []map[string]string
		for _, b := range f.Tenant("acme").Chains["post-login"].Bindings {
			all = append(all, b.Secrets)
		}
		return all
	}
	assert.Equal(t, []map[string]string{{"STRIPE_KEY": "sk_live"}, {"PAY_STRIPE_KEY": "own"}},
		secretsOf(t, declaring("pay", "STRIPE_KEY")+declaring("spy", "PAY_STRIPE_KEY")+boundActions("pay", "spy"),
			variable+"=sk_live", "RULEBOX_SECRET_ACME_SPY_PAY_STRIPE_KEY=own"), "with its own, no question is left")
	assert.Equal(t, []map[string]string{{"PAY_STRIPE_KEY": "everybody's"}, {"PAY_STRIPE_KEY": "everybody's"}},
		secretsOf(t, declaring("a", "PAY_STRIPE_KEY")+declaring("b", "PAY_STRIPE_KEY")+boundActions("a", "b"), variable+"=everybody's"), "what no owner calls its own is the tenant's")
	assert.Equal(t, []map[string]string{{"STRIPE_KEY": "all"}},
		secretsOf(t, declaring("pay", "STRIPE_KEY")+declaring("pay-stripe", "KEY")+boundActions("pay"), "RULEBOX_SECRET_ACME_STRIPE_KEY=all"), "a variable that is not there harms nobody")
}
