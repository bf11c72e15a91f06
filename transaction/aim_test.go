package transaction

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// One user, two logins: what was decided for the one aim, where a rule lets the
// user pass, is brought to the other, where it does not. No rule runs on the way
// back, so nothing else would stop it.
func TestStateOfAnotherAim(t *testing.T) {
	const user = `{"user_id":"u1"}`
	on := func(trigger string, args ...string) *rulebox.Invocation {
		inv := &rulebox.Invocation{Tenant: "acme", Trigger: trigger, ID: "t1"}
		for _, a := range args {
			inv.Args = append(inv.Args, json.RawMessage(a))
		}
		return inv
	}
	for name, tc := range map[string]struct {
		began, back *rulebox.Invocation
		refused     string // "" if it goes on
	}{
		"same":                      {on("login", user, `{"clientID":"a","organization":{"id":"o"}}`), on("login", user, `{"organization":{"id":"o"},"clientID":"a","request":{}}`), ""},
		"another application":       {on("login", user, `{"clientID":"games"}`), on("login", user, `{"clientID":"payroll"}`), "another application"},
		"an application after none": {on("login", user, `{}`), on("login", user, `{"clientID":"payroll"}`), "another application"},
		"written twice":             {on("login", user, `{"clientID":"games"}`), on("login", user, `{"clientID":"games","clientID":"payroll"}`), "another application"},
		"written otherwise":         {on("login", user, `{"clientID":"games"}`), on("login", user, `{"client\u0049D":"payroll"}`), "another application"},
		"another in the event":      {on("login", user, `{"clientID":"games"}`), on("login", user, `{"clientID":"games"}`, `{"client":{"client_id":"payroll"}}`), "another application"},
		"another organization":      {on("login", user, `{"clientID":"a","organization":{"id":"mine"}}`), on("login", user, `{"clientID":"a","organization":{"id":"theirs"}}`), "another organization"},
		"out of an organization":    {on("login", user, `{"clientID":"a","organization":{"id":"mine"}}`), on("login", user, `{"clientID":"a"}`), "another organization"},
		"into an organization":      {on("login", user, `{"clientID":"a"}`), on("login", user, `{"clientID":"a","organization":{"id":"theirs"}}`), "another organization"},
		"another API":               {on("login", user, `{"clientID":"a"}`, `{}`), on("login", user, `{"clientID":"a"}`, `{"resource_server":{"identifier":"urn:payroll"}}`), "another API"},
		"all left out":              {on("login", user, `{"clientID":"a","organization":{"id":"o"}}`), on("login", user, `{"request":{"query":{}}}`), ""},
		"an action's event":         {on("post-login", `{"user":{"user_id":"u1"},"client":{"client_id":"games"}}`), on("post-login", `{"user":{"user_id":"u1"},"client":{"client_id":"payroll"}}`), "another application"},
		"a user after none":         {on("login", `{}`, `{}`), on("login", user, `{}`), "another user"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.tenants["acme"].OnFault = FailContinue // which must not help
			res, err := c.node[0].Invoke(context.Background(), tc.began)
			require.NoError(t, err)
			require.Equal(t, rulebox.Redirect, res.Decision)
			tc.back.State = res.State
			res, err = c.node[1].Invoke(context.Background(), tc.back)
			if tc.refused == "" {
				require.NoError(t, err)
				require.Equal(t, rulebox.Allow, res.Decision)
				return
			}
			require.ErrorContains(t, err, tc.refused)
			assert.Equal(t, rulebox.Deny, res.Decision)
			assert.Len(t, c.engine.got, 1, "no script ran")
		})
	}
}
