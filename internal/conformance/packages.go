package conformance

import (
	"strings"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/npm"
	"github.com/rulebox/rulebox/runtime/js/modtest"
	"github.com/stretchr/testify/require"
)

// packageRule runs a case of modules/npm as a rule. The body is on the first
// line: line numbers are those of the case.
const packageRule = `async function (user, context, callback) { try { await (async (t) => { %BODY%
})(%T%); } catch (e) { callback(e); return; } Object.assign(context.idToken, { failures: t.failures, counted: t.count > 0 }); callback(null, user, context); }`

// PackageCases returns the cases of the packages from npm.
func PackageCases() ([]Case, error) {
	list, err := npm.Cases()
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, p := range list {
		source := strings.NewReplacer("%BODY%", p.Body, "%T%", "("+strings.TrimSuffix(strings.TrimSpace(modtest.Harness()), ";")+", t)").Replace(packageRule)
		c, err := newCase("packages/"+p.Name, map[string][]byte{
			"1.js":      []byte(source),
			"want.json": []byte(`{"context": {"idToken": {"failures": "", "counted": true}}}`),
		})
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// RunPackages runs the cases of the packages from npm, as Run runs the others.
func RunPackages(t *testing.T, open func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker) {
	if m, ok := modules.Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
	cases, err := PackageCases()
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, open(t, c.Chain)) })
	}
}
