package runtime_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/require"
)

func chain(sources ...string) *rulebox.Chain {
	c := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin}
	for i, s := range sources {
		c.Scripts = append(c.Scripts, rulebox.NewScript(rulebox.KindRule, "rule"+string(rune('1'+i)), s))
	}
	return c
}

func args(user, context string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(user), json.RawMessage(context)}
}

func TestOneRule(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	c := chain(`/* hi */ function (user, context, callback) {
  context.idToken['https://x/plan'] = user.app_metadata.plan;
  console.log('hello', user.email, 3, {a: 1});
  callback(null, user, context);
};`)
	for range 2 {
		res, err := r.Invoke(context.Background(), &rulebox.Invocation{Chain: c, ID: "1", Args: args(`{"email":"a@b","app_metadata":{"plan":"gold"}}`, `{"idToken":{}}`)})
		require.NoError(t, err)
		require.JSONEq(t, `{"idToken":{"https://x/plan":"gold"}}`, string(res.Values[1]))
		require.Equal(t, rulebox.Log{Level: "log", Text: `hello a@b 3 { a: 1 }`, Script: "rule1"}, res.Logs[0])
		r.Prepare(c)
	}
}
