package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules/pgwire"
)

// The users of a real database, through the scripts of the example beside this one.
func TestUsersInPostgreSQL(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	example := filepath.Join("..", "database", "postgres")
	schema, err := os.ReadFile(filepath.Join(example, "schema.sql"))
	require.NoError(t, err)
	hash, err := bcrypt.GenerateFromPassword([]byte("dora-secret"), bcrypt.MinCost)
	require.NoError(t, err)
	query(t, s, string(schema))
	query(t, s, "INSERT INTO members (email, password_hash, email_verified, plan) VALUES ('dora@acme.example', '"+string(hash)+"', true, 'silver')")

	tenants := tenant(t)
	acme := filepath.Join(tenants, "acme")
	for _, part := range []string{"database-connections", "rules/language.js", "rules/language.json"} {
		require.NoError(t, os.RemoveAll(filepath.Join(acme, part)))
	}
	require.NoError(t, os.CopyFS(filepath.Join(acme, "database-connections"), os.DirFS(filepath.Join(example, "database-connections"))))
	write(t, filepath.Join(acme, "triggers", "triggers.json"), `{"post-login": [{"action_name": "verified"}]}`)
	database := url.URL{Scheme: "postgres", User: url.UserPassword(s.User, s.Password), Host: s.Address(), Path: s.Database}
	on := start(t, options{tenants: tenants, egress: []string{s.Address()}, env: []string{"RULEBOX_SECRET_ACME_MEMBERS_DATABASE_URL=" + database.String()}})

	c := newClient(t, on)
	c.authorize(nil)
	form := c.body
	require.Equal(t, http.StatusUnauthorized, c.login("dora@acme.example", "wrong"))
	require.Contains(t, c.body, "Wrong email or password.")
	require.Empty(t, on.log.String(), "a wrong password is no fault")
	c.body = form
	require.Equal(t, http.StatusFound, c.login("dora@acme.example", "dora-secret"), c.body)
	_, answer := c.exchange(c.told().Get("code"), c.verifier)
	id := verified(t, on, answer["id_token"].(string))
	require.Equal(t, "silver", id[planClaim])
	require.Equal(t, "dora@acme.example", id["email"])

	s.Stop()
	c = newClient(t, on)
	c.authorize(nil)
	require.Equal(t, http.StatusUnauthorized, c.login("dora@acme.example", "dora-secret"))
	require.Contains(t, c.body, "Wrong email or password.", "what fails tells nobody which users there are")
	require.Contains(t, on.log.String(), "the database script failed")
}

func query(t *testing.T, s *testserver.Server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	defer cancel()
	raw, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	admin, err := pgwire.Connect(ctx, raw, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.Query(ctx, sql)
	require.NoError(t, err)
}
