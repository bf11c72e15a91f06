package bus

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// What the methods ask for, and what they make of each kind of answer.
func TestDirectoryOverNATS(t *testing.T) {
	s := startServer(t, ServerOptions{})
	node := &desk{}
	startNode(t, s, ServeOptions{Handler: node})
	d := connectAs(t, s, "shop", "acme").Directory()
	ctx := testContext(t)
	q := event.Query{Tenant: "acme", Connection: "legacy", ID: "tx-1"}
	args := func(want ...string) {
		t.Helper()
		got := node.got()
		var all []string
		for _, a := range got.Args {
			all = append(all, string(a))
		}
		assert.Equal(t, want, all)
		assert.Equal(t, "tx-1", got.ID)
	}

	node.answer(rulebox.Result{Status: "found", Decision: rulebox.Allow, Values: []json.RawMessage{json.RawMessage(`{"user_id":"auth0|7","email":"a"}`)}, Commands: []json.RawMessage{json.RawMessage(`["user.import"]`)}}, nil)
	a, err := d.Login(ctx, q, "a", `p"w`)
	require.NoError(t, err)
	assert.Equal(t, "db.legacy.login", node.got().Trigger)
	args(`"a"`, `"p\"w"`, `null`, `false`)
	assert.Equal(t, event.Found, a.Status)
	assert.Equal(t, "auth0|7", a.UserID)
	assert.Equal(t, `{"user_id":"auth0|7","email":"a"}`, string(a.Profile))
	assert.Len(t, a.Commands, 1)

	q.Known, q.Organization = true, json.RawMessage(`{"id":"org_1"}`)
	_, err = d.Create(ctx, q, &event.NewUser{Email: "a", Password: "b"})
	require.NoError(t, err)
	args(`{"email":"a","password":"b"}`, `{"organization":{"id":"org_1"}}`, `true`)

	wrong := rulebox.Errorf(rulebox.CodeDenied, "Wrong email or password.")
	wrong.UserID = "auth0|7"
	node.answer(rulebox.Result{Status: "wrong_password"}, wrong)
	a, err = d.ChangePassword(ctx, q, "a", "b")
	require.NoError(t, err, "an answer")
	assert.Equal(t, &event.Account{Status: event.WrongPassword, UserID: "auth0|7"}, &event.Account{Status: a.Status, UserID: a.UserID})

	node.answer(rulebox.Result{}, rulebox.Errorf(rulebox.CodeThrew, "the database is away"))
	_, err = d.Delete(ctx, q, "auth0|7")
	assert.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err))
	node.answer(rulebox.Result{}, rulebox.Errorf(rulebox.CodeDenied, "Your account is locked."))
	_, err = d.ChangeEmail(ctx, q, "a", "b", true)
	assert.ErrorContains(t, err, "locked", "a refusal in the script's words is no answer")

	node.answer(rulebox.Result{Status: "done", Values: []json.RawMessage{json.RawMessage(`{"last_password_reset":"2026-01-02"}`)}}, nil)
	a, err = d.ChangePassword(ctx, q, "a", "b")
	require.NoError(t, err)
	assert.Equal(t, "2026-01-02", a.LastPasswordReset)
	assert.Empty(t, a.Profile)
	for _, old := range []rulebox.Result{{Values: []json.RawMessage{json.RawMessage(`{"user_id":"7"}`)}}, {Status: "found", Values: []json.RawMessage{json.RawMessage(`7`)}}} {
		node.answer(old, nil)
		_, err = d.GetUser(ctx, q, "a")
		assert.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err), "an answer that is none lets nobody in")
	}
	_, err = d.Verify(ctx, event.Query{Tenant: "beta", Connection: "legacy"}, "a")
	assert.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err))
	_, err = d.Create(ctx, q, func() {})
	assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
}
