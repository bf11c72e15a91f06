// Package database tests the scripts of the folders beside it against the real
// servers, in jailed workers.
package database

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules/mysqlwire"
	"github.com/rulebox/rulebox/modules/pgwire"
	"github.com/rulebox/rulebox/sandbox"
)

func TestMain(m *testing.M) { pooltest.Main(m) }

func bg(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A connection is the scripts of one folder, by operation.
type connection struct {
	t      *testing.T
	pool   *sandbox.Pool
	chains map[string]*rulebox.Chain
}

func open(t *testing.T, folder, address string, configuration map[string]string) *connection {
	c := &connection{t: t, chains: map[string]*rulebox.Chain{}}
	files, err := filepath.Glob(filepath.Join(folder, "database-connections", "members", "*.js"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(f), ".js")
		c.chains[name] = &rulebox.Chain{
			Tenant: "acme", Trigger: rulebox.DatabasePrefix + "members." + name, Configuration: configuration, Egress: []string{address},
			Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, name, string(source))},
		}
	}
	pool := pooltest.Start(t, sandbox.Options{Warm: 1})
	c.pool = pool
	return c
}

// call runs one operation and returns its value, nil if it gave none.
func (c *connection) call(operation string, args ...any) (any, error) {
	chain := c.chains[operation]
	inv := &rulebox.Invocation{Chain: chain, Tenant: chain.Tenant, Trigger: chain.Trigger, ID: "tx"}
	for _, a := range args {
		text, err := json.Marshal(a)
		require.NoError(c.t, err)
		inv.Args = append(inv.Args, text)
	}
	res, err := c.pool.Invoke(bg(c.t), inv)
	if err != nil {
		return nil, err
	}
	if len(res.Values) == 0 {
		return nil, nil
	}
	var v any
	require.NoError(c.t, json.Unmarshal(res.Values[0], &v))
	return v, nil
}

func (c *connection) must(operation string, args ...any) any {
	c.t.Helper()
	v, err := c.call(operation, args...)
	require.NoError(c.t, err, operation)
	return v
}

func (c *connection) refused(name string, operation string, args ...any) {
	c.t.Helper()
	_, err := c.call(operation, args...)
	e, ok := err.(*rulebox.Error)
	require.True(c.t, ok, "%v", err)
	assert.Equal(c.t, rulebox.CodeDenied, e.Code)
	assert.Equal(c.t, name, e.Name)
}

// live is the life of one user.
func live(t *testing.T, c *connection) {
	const ada, lovelace = "ada@example.org", "lovelace@example.org"
	const wrong = "WrongUsernameOrPasswordError"
	assert.Nil(t, c.must("get_user", ada))
	c.refused(wrong, "login", ada, "engine")
	c.must("create", map[string]any{"email": ada, "password": "engine", "tenant": "acme", "client_id": "c", "connection": "members"})
	c.refused("ValidationError", "create", map[string]any{"email": ada, "password": "other"})
	c.refused(wrong, "login", ada, "motor")
	c.refused(wrong, "login", "' OR 1=1 --", "motor")
	profile := c.must("login", ada, "engine").(map[string]any)
	assert.Equal(t, ada, profile["email"])
	assert.Equal(t, false, profile["email_verified"])
	assert.Equal(t, map[string]any{"plan": "free"}, profile["app_metadata"])
	assert.NotContains(t, profile, "password_hash")
	assert.Equal(t, profile, c.must("get_user", ada), "login and get_user give the same user")
	assert.Equal(t, true, c.must("verify", ada))
	assert.Equal(t, false, c.must("verify", "nobody@example.org"))
	assert.Equal(t, true, c.must("login", ada, "engine").(map[string]any)["email_verified"])
	assert.Equal(t, true, c.must("change_password", ada, "difference"))
	c.refused(wrong, "login", ada, "engine")
	assert.Equal(t, true, c.must("change_email", ada, lovelace, true))
	assert.Nil(t, c.must("get_user", ada))
	after := c.must("login", lovelace, "difference").(map[string]any)
	assert.Equal(t, profile["user_id"], after["user_id"])
	c.must("delete", after["user_id"])
	c.refused(wrong, "login", lovelace, "difference")
}

func schema(t *testing.T, folder string) string {
	b, err := os.ReadFile(filepath.Join(folder, "schema.sql"))
	require.NoError(t, err)
	return string(b)
}

// postgresWith is a server with TLS that ran sql, what scripts are told about it,
// and what runs more.
func postgresWith(t *testing.T, sql string) (*testserver.Server, map[string]string, func(sql string)) {
	certificate := testserver.NewCertificate(t, []string{"127.0.0.1"})
	s := testserver.PostgreSQL(t, testserver.Options{TLS: certificate})
	query := func(sql string) {
		raw, err := net.Dial("tcp", s.Address())
		require.NoError(t, err)
		admin, err := pgwire.Connect(bg(t), raw, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
		require.NoError(t, err)
		defer admin.Close()
		_, err = admin.Query(bg(t), sql)
		require.NoError(t, err)
	}
	query(sql)
	return s, map[string]string{
		"DATABASE_URL": "postgres://" + s.User + ":" + strings.ReplaceAll(s.Password, " ", "%20") + "@" + s.Address() + "/" + s.Database, "DATABASE_CA": certificate.CA,
	}, query
}

// mariadb is a server with TLS and the schema of the folder mysql, and what scripts
// are told about it.
func mariadb(t *testing.T) (*testserver.Server, map[string]string) {
	certificate := testserver.NewCertificate(t, []string{"127.0.0.1"})
	s := testserver.MariaDB(t, testserver.Options{TLS: certificate})
	raw, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	admin, err := mysqlwire.Connect(bg(t), raw, &mysqlwire.Config{User: s.User, Password: s.Password, Database: s.Database})
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.Query(bg(t), schema(t, "mysql"))
	require.NoError(t, err)
	return s, map[string]string{
		"DB_HOST": s.Host, "DB_PORT": strconv.Itoa(s.Port), "DB_USER": s.User, "DB_PASSWORD": s.Password, "DB_NAME": s.Database, "DB_CA": certificate.CA,
	}
}

func TestPostgreSQL(t *testing.T) {
	s, configuration, _ := postgresWith(t, schema(t, "postgres"))
	live(t, open(t, "postgres", s.Address(), configuration))
}

func TestMariaDB(t *testing.T) {
	s, configuration := mariadb(t)
	live(t, open(t, "mysql", s.Address(), configuration))
}
