package transaction

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func asked(t *testing.T, d *Directory, operation string, args ...string) (*rulebox.Result, error) {
	t.Helper()
	inv := &rulebox.Invocation{Tenant: "acme", Trigger: "db.legacy." + operation, ID: "tx-1"}
	for _, a := range args {
		inv.Args = append(inv.Args, json.RawMessage(a))
	}
	res, err := d.Invoke(context.Background(), inv)
	require.NotNil(t, res)
	require.Equal(t, "tx-1", res.ID)
	require.Equal(t, rulebox.DecisionOf(res, err), res.Decision)
	return res, err
}

// What leaves a node for each answer: three results to the caller, one text to the
// user, and never allow for what was not done.
func TestInvokeDirectory(t *testing.T) {
	d := newDatabase().directory()
	res, err := asked(t, d, "login", `"ada@x.example"`, `"right"`)
	require.NoError(t, err)
	assert.Equal(t, "found", res.Status)
	assert.Equal(t, rulebox.Allow, res.Decision)
	assert.Contains(t, string(res.Values[0]), `"user_id":"auth0|7"`)

	var texts []string
	for reason, args := range map[string][]string{"wrong_username_or_password": {`"ada@x.example"`, `"no"`}, "unknown_user": {`"bob@x.example"`, `"no"`}} {
		res, err = asked(t, d, "login", args...)
		e, ok := err.(*rulebox.Error)
		require.True(t, ok)
		assert.Equal(t, rulebox.CodeDenied, e.Code)
		assert.Equal(t, reason, e.Reason)
		assert.Equal(t, "access_denied", e.OAuth)
		assert.Empty(t, res.Values)
		texts = append(texts, e.Message, PublicText(e))
	}
	b := newDatabase()
	b.scripts["login"] = func([]string) (string, error) { return "", rulebox.Errorf(rulebox.CodeThrew, "x is not defined") }
	res, err = asked(t, b.directory(), "login", `"ada@x.example"`, `"right"`)
	assert.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err))
	assert.Empty(t, res.Status)
	texts = append(texts, PublicText(err))
	for _, text := range texts {
		assert.Equal(t, "Wrong email or password.", text)
	}

	res, err = asked(t, d, "get_user", `"bob@x.example"`)
	require.NoError(t, err)
	assert.Equal(t, "unknown_user", res.Status)
	assert.Empty(t, res.Values)
	res, err = asked(t, d, "change_password", `"ada@x.example"`, `"next"`, `null`, `true`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"last_password_reset":"2026-01-02T03:04:05.000Z"}`, string(res.Values[0]))
	b = newDatabase()
	b.c.Import = true
	var told []Execution
	d = b.directory()
	d.Record = func(e Execution) { told = append(told, e) }
	_, err = asked(t, d, "get_user", `"ada@x.example"`)
	require.NoError(t, err)
	require.Empty(t, told, "the pipeline records what runs")
	_, err = asked(t, d, "login", `"ada@x.example"`, `"right"`, `null`, `true`)
	require.Error(t, err)
	require.Len(t, told, 1)
	assert.Equal(t, rulebox.Deny, told[0].Decision)
	assert.Equal(t, "db.legacy.login", told[0].Trigger)
	b.scripts["get_user"] = func([]string) (string, error) { return `{"email":"x"}`, nil }
	_, err = asked(t, d, "get_user", `"ada@x.example"`)
	require.ErrorContains(t, err, "no user_id")
	require.Len(t, told, 2)
	assert.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(told[1].Err))
	b.ran = nil
	_, err = asked(t, b.directory(), "login", `"ada@x.example"`, `"right"`, `null`, `true`)
	assert.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), "nobody has looked at the password")
	assert.Empty(t, b.ran)
	res, err = asked(t, b.directory(), "verify", `"ada@x.example"`)
	require.NoError(t, err)
	assert.Equal(t, "own", res.Status)
	delete(b.scripts, "get_user")
	for _, operation := range []string{"create", "change_password", "change_email"} {
		args := map[string][]string{"create": {`{"email":"new@x.example","password":"right"}`}, "change_password": {`"a"`, `"b"`}, "change_email": {`"a"`, `"b"`, `true`}}
		_, err = asked(t, b.directory(), operation, args[operation]...)
		assert.ErrorContains(t, err, "has no script get_user", "%s of a connection that imports needs it", operation)
	}
}

func TestInvokeRefusesArguments(t *testing.T) {
	b := newDatabase()
	d := b.directory()
	for want, ask := range map[string][]string{
		"has no identifier": {"login"}, "has no password": {"login", `"a"`}, "has no password, a string": {"login", `"a"`, `{}`}, "has no user": {"create"},
		"whether the address is verified": {"change_email", `"a"`, `"b"`}, "has no new_email": {"change_email", `"a"`},
	} {
		_, err := asked(t, d, ask[0], ask[1:]...)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	}
	assert.Empty(t, b.ran)
	_, err := d.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}})
	assert.ErrorContains(t, err, `no trigger "login"`, "other triggers are the pipeline's")
}

// A user who was made stays made: nobody is told to try again.
func TestUnavailableAfterCreate(t *testing.T) {
	b := newDatabase()
	b.scripts["login"] = func([]string) (string, error) {
		return "", rulebox.Errorf(rulebox.CodeUnavailable, "no worker is free")
	}
	_, err := asked(t, b.directory(), "create", `{"email":"new@x.example","password":"right"}`)
	assert.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
	assert.ErrorContains(t, err, "the user was created")
	d := b.directory()
	d.Pad = time.Hour // what was not started is not padded: the caller tries again at once
	_, err = asked(t, d, "login", `"ada@x.example"`, `"right"`)
	assert.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
}

// Unsaved code is one script, in no tenant, whose author sees everything.
func TestInvokeUnsaved(t *testing.T) {
	var got []string
	d := &Directory{Pad: time.Hour, Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		require.NotNil(t, inv.Chain)
		for _, a := range inv.Args {
			got = append(got, string(a))
		}
		return &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`{"user_id":1,"email":"a@b"}`)}, Logs: []rulebox.Log{{Text: "secret word"}}}, nil
	})}
	run := func(operation string, args ...string) (*rulebox.Result, error) {
		got = nil
		at := "db.unsaved." + operation
		inv := &rulebox.Invocation{Tenant: "run", Trigger: at, Chain: &rulebox.Chain{Tenant: "run", Trigger: at, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "try", "x")}}}
		for _, a := range args {
			inv.Args = append(inv.Args, json.RawMessage(a))
		}
		return d.Invoke(context.Background(), inv)
	}
	res, err := run("login", `"a@b"`, `"secret word"`, `{"organization":{"id":"o"}}`, `true`)
	require.NoError(t, err)
	assert.Equal(t, []string{`"a@b"`, `"secret word"`, `{"organization":{"id":"o"}}`}, got)
	assert.Equal(t, "secret word", res.Logs[0].Text)
	assert.Contains(t, string(res.Values[0]), `"connection":"unsaved"`)
	d.HideUnsaved = true
	res, err = run("login", `"a@b"`, `"secret word"`)
	require.NoError(t, err)
	assert.Equal(t, "[password]", res.Logs[0].Text)
	hide := HidePassword(&rulebox.Invocation{Trigger: "db.unsaved.login", Args: []json.RawMessage{json.RawMessage(`"a@b"`), json.RawMessage(`"secret word"`)}})
	assert.Equal(t, "a [password]", hide("a secret word"))
	assert.Equal(t, "a secret word", HidePassword(&rulebox.Invocation{Trigger: "login"})("a secret word"))
	_, err = run("login", `"a@b"`, `"x"`, `{}`)
	require.NoError(t, err)
	assert.Equal(t, []string{`"a@b"`, `"x"`, `{}`}, got)
	res, err = run("create", `{"email":"a@b","password":"secret word"}`)
	require.NoError(t, err)
	assert.Equal(t, "done", res.Status, "no other script runs")
}

// The password leaves scripts in none of its spellings.
func TestHiddenPasswords(t *testing.T) {
	h := hider(`Tr0ub4dor & "3"+é'`)
	for _, text := range []string{
		`Tr0ub4dor & "3"+é'`, `Tr0ub4dor & \"3\"+é'`, `Tr0ub4dor \u0026 \"3\"+é'`, `Tr0ub4dor & "3"+é\'`, `Tr0ub4dor+%26+%223%22%2B%C3%A9%27`, `Tr0ub4dor%20%26%20%223%22%2B%C3%A9'`,
		`VHIwdWI0ZG9yICYgIjMiK8OpJw`, `547230756234646f722026202233222bc3a927`,
	} {
		assert.Equal(t, "a [password] z", h.text("a "+text+" z"), text)
	}
	e := rulebox.Errorf(rulebox.CodeThrew, "no %s", `Tr0ub4dor & "3"+é'`)
	assert.Equal(t, "no [password]", h.failure(e).(*rulebox.Error).Message)
	assert.Equal(t, "threw: no Tr0ub4dor & \"3\"+é'", e.Error(), "the error that came is not changed")
	assert.Equal(t, "cat", hider("cat").text("cat"))
	assert.NoError(t, h.failure(nil))
}
