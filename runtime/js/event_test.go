package js

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// FuzzLoginEvent: whatever user, context and event are, the event of an action is
// JSON, or there is an error that says what is wrong.
func FuzzLoginEvent(f *testing.F) {
	f.Add(`{"user_id":"u","identities":[{"access_token":"secret-token"}]}`, `{"request":{"geoip":{"country_code":"DE","_":1,"__a":2}},"sso":{"current_clients":["a"]}}`, `{"session":{"id":"s"}}`)
	f.Add(`{"a":1,"a":2,"\u0061":3}`, `{"authentication":{"methods":[{"timestamp":1e300},{"timestamp":-1},5,null]}}`, `null`)
	f.Add(`{"identities":[1,{"acc\u0065ss_token":"secret-token"}]}`, `{"stats":5,"request":[],"protocol":{},"request":{"query":{"scope":"a\ud800 b"}}}`, `{"transaction":{"metadata":{"a":1},"target_scopes":[1]}}`)
	f.Add(`[]`, `{`, `{"secrets":{"A":"forged"}}`)
	f.Fuzz(func(t *testing.T, user, context, over string) {
		args := []json.RawMessage{json.RawMessage(user), json.RawMessage(context), json.RawMessage(over)}
		o, err := loginEvent(args)
		if err != nil {
			require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
			return
		}
		e := &effects{trigger: triggerOf(rulebox.TriggerLogin), event: o}
		if e.readLive() != nil {
			return
		}
		text := e.eventText(&rulebox.Binding{Secrets: map[string]string{"A": "mine"}})
		var v struct{ Secrets map[string]string }
		require.NoError(t, json.Unmarshal(text, &v), "%s", text)
		require.Equal(t, map[string]string{"A": "mine"}, v.Secrets)
		knownEvent(o)
	})
}

// A large profile is read in linear time.
func TestManyMembers(t *testing.T) {
	text := []byte(`{"k0":0`)
	for range 200_000 {
		text = append(text, `,"`...)
		text = append(text, rulebox.DigestOf("x", string(text[max(0, len(text)-40):]))[:16]...)
		text = append(text, `":1`...)
	}
	text = append(text, `,"k0":1}`...)
	o, err := fieldsOf(text)
	require.NoError(t, err)
	require.Equal(t, "1", string(o.get("k0")), "the last of the same name counts")
}

func TestTriggersHaveHandlers(t *testing.T) {
	bits := triggers(0)
	for _, tr := range triggerTable {
		require.Zero(t, bits&tr.bit, tr.name)
		bits |= tr.bit
		require.Same(t, triggerOf(tr.name), triggerOf(tr.name))
		require.NotEmpty(t, apiTableOf(tr.bit).of["cache"], tr.name)
	}
	require.Equal(t, everywhere, bits)
	require.Equal(t, rulebox.TriggerPostLogin, triggerOf(rulebox.TriggerLogin).name)
	require.Error(t, CheckTrigger("hook.x"))
}
