package trigger

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestLookup(t *testing.T) {
	for _, name := range Actions() {
		got, err := Lookup(name)
		require.NoError(t, err)
		assert.Equal(t, name, got.Name)
		assert.Equal(t, Event, got.Form)
		assert.Equal(t, rulebox.KindAction, got.Kind)
		assert.NotEmpty(t, got.Function)
		assert.Equal(t, name, OfFunction(got.Function))
	}
	assert.Len(t, Actions(), 11)
	login, err := Lookup("login")
	require.NoError(t, err)
	assert.Equal(t, Trigger{Name: "login", Kind: rulebox.KindRule, Resumes: true}, login)
	hook, err := Lookup("hook.credentials-exchange")
	require.NoError(t, err)
	assert.Equal(t, Trigger{Name: "hook.credentials-exchange", Form: Args, Kind: rulebox.KindHook, Point: "credentials-exchange"}, hook)
	db, err := Lookup("db.Legacy-DB.get_user")
	require.NoError(t, err)
	assert.Equal(t, Trigger{Name: "db.Legacy-DB.get_user", Form: Fields, Kind: rulebox.KindDBScript, Provider: true, Connection: "Legacy-DB", Operation: "get_user"}, db)
	assert.Equal(t, db.Name, Database("Legacy-DB", "get_user"))
}

func TestUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"logn":                       `did you mean "login"?`,
		"postLogin":                  `did you mean "post-login"?`,
		"pre-registration":           `there is no trigger`,
		"hook.pre_user_registration": `did you mean "hook.pre-user-registration"?`,
		"hook":                       `there is no trigger "hook"`,
		"db.legacy":                  `db.<connection>.<operation>`,
		"db..login":                  `db.<connection>.<operation>`,
		"db.legacy.getUser":          `did you mean "db.legacy.get_user"?`,
		"db.legacy.login.x":          `the operations of a database are login, get_user`,
		"":                           `there is no trigger ""`,
	} {
		_, err := Lookup(name)
		require.Error(t, err, name)
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
		e := err.(*rulebox.Error)
		assert.Contains(t, e.Message+" "+e.Hint, want, name)
	}
}
