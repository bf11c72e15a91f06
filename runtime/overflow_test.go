package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// A stack overflow is one wherever the turn came from in which it happens.
func TestOverflowAfterWaiting(t *testing.T) {
	s := server(t)
	r := newRunner(t, runtime.Options{Host: directHost{}})
	const rule = `async function (user, context, callback) { %s }`
	const action = `exports.onExecutePostLogin = async (event, api) => { %s };`
	for name, wait := range map[string]string{
		"nothing":          `await 1; f();`,
		"a timer":          `await new Promise((r) => setTimeout(r, 1)); f();`,
		"dns":              `await require('dns').promises.lookup('1.2.3.4'); f();`,
		"a failed dns":     `try { await require('dns').promises.lookup('x.invalid'); } catch (e) { f(); }`,
		"fetch":            `await fetch('BASE/x'); f();`,
		"a failed fetch":   `try { await fetch('http://forbidden.example/'); } catch (e) { f(); }`,
		"a body":           `await (await fetch('BASE/x')).text(); f();`,
		"then":             `fetch('BASE/x').then(f, f); await new Promise(() => {});`,
		"a thenable":       `await { then(ok) { fetch('BASE/x').then(() => { f(); ok(); }); } };`,
		"a getter of then": `await fetch('BASE/x').then(() => ({ get then() { f(); } }));`,
	} {
		body := "function f() { f(); } " + strings.ReplaceAll(wait, "BASE", s.URL)
		for kind, c := range map[string]*rulebox.Chain{
			"rule":   {Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "s", fmt.Sprintf(rule, body))}},
			"action": {Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindAction, "s", fmt.Sprintf(action, body))}},
			// What a function returns may be the thenable itself.
			"returned": {Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindAction, "s",
				`exports.onExecutePostLogin = () => ({ then(ok) { (async () => { `+body+` ok(); })(); } });`)}},
		} {
			t.Run(name+" in "+kind, func(t *testing.T) {
				_, err := r.Invoke(context.Background(), loginOf(c))
				require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err), "%v", err)
				e := fault(t, err)
				assert.Equal(t, "RangeError", e.Name)
				assert.Equal(t, "s", e.Script)
				assert.Contains(t, e.Message, "Maximum call stack size exceeded")
			})
		}
	}
}
