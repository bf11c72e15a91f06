package provider

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsersOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.json")
	users, err := OpenUsers(path)
	require.NoError(t, err)
	require.Nil(t, users.Get("auth0|1"))
	_, err = users.LoggedIn("auth0|1", map[string]any{"email": "a@b.example", "app_metadata": map[string]any{"plan": "gold", "old": 1.0}})
	require.NoError(t, err)
	_, err = users.Set("auth0|1", map[string]any{"lang": "de"}, map[string]any{"old": nil, "new": []any{true}})
	require.NoError(t, err)
	users.Get("auth0|1").AppMetadata["new"] = "changed in a copy"

	users, err = OpenUsers(path)
	require.NoError(t, err)
	u, err := users.LoggedIn("auth0|1", map[string]any{"app_metadata": map[string]any{"plan": "silver", "old": 2.0}})
	require.NoError(t, err)
	require.Equal(t, 2, u.Logins)
	user := scriptUser(u)
	require.Equal(t, map[string]any{"plan": "silver", "new": []any{true}}, user["app_metadata"], "what was set is over what the database has")
	require.Equal(t, map[string]any{"lang": "de"}, user["user_metadata"])
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "users are nobody else's to read")
}

func TestUsersAtOnce(t *testing.T) {
	users, err := OpenUsers(filepath.Join(t.TempDir(), "users.json"))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := users.LoggedIn("auth0|1", nil)
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, 20, users.Get("auth0|1").Logins)
}

func TestUsersThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := OpenUsers(path)
	require.ErrorContains(t, err, path)
	users, err := OpenUsers(filepath.Join(t.TempDir(), "no", "users.json"))
	require.NoError(t, err)
	_, err = users.LoggedIn("auth0|1", nil)
	require.Error(t, err)
	require.Nil(t, users.Get("auth0|1"), "what is not on disk is not there")
}
