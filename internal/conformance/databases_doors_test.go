//go:build !race

package conformance

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/mysqlwire"
	"github.com/rulebox/rulebox/modules/pgwire"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/transaction"
)

// dialer is a modules.Host for scripts that run in this process.
type dialer struct{}

func (*dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (*dialer) Rand() io.Reader { return rand.Reader }

type namedDoor struct {
	name string
	open databaseDoor
}

// databaseDoors are all ways to a user database: in process, in jailed workers, and
// those over NATS.
func databaseDoors(t *testing.T) []namedDoor {
	h := &dialer{}
	runner := runtime.NewRunner(runtime.Options{Host: h})
	t.Cleanup(func() {
		runner.Close()
		modules.CloseConnections(h)
	})
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 8, MaxPerTenant: 1, Warm: 2})
	return []namedDoor{{"process", through(runner)}, {"pool", through(pool)}, {"nats", databasesOverNATS(t, pool)}}
}

func databasesOverNATS(t *testing.T, pool *sandbox.Pool) databaseDoor {
	tenants := &bound{}
	client := overBus(t, &transaction.Directory{Tenants: tenants, Pad: shortPad, Next: &transaction.Pipeline{Tenants: tenants, Next: pool}})
	return func(_ *testing.T, tenant *transaction.Tenant) rulebox.Invoker {
		tenants.Store(tenant.Name, tenant)
		return client
	}
}

// serverAt is what scripts know about a server.
func serverAt(s *testserver.Server, scheme string) databaseServer {
	return databaseServer{egress: []string{s.Address()}, configuration: map[string]string{
		"HOST": s.Host, "PORT": strconv.Itoa(s.Port), "USER": s.User, "PASSWORD": s.Password, "DATABASE": s.Database,
		"URL": scheme + "://" + s.User + ":" + strings.ReplaceAll(s.Password, " ", "%20") + "@" + s.Address() + "/" + s.Database,
	}}
}

// Without a server: what scripts are, what they answer, and what they do wrong.
func TestDatabaseForms(t *testing.T)  { runDatabases(t, "forms.txtar", databaseServer{}) }
func TestDatabaseFaults(t *testing.T) { runDatabases(t, "faults.txtar", databaseServer{}) }

func TestDatabasePostgreSQL(t *testing.T) {
	s := postgresFor(t)
	runDatabases(t, "postgres.txtar", s)
	runDatabases(t, "hashes.txtar", s)
}

func postgresFor(t *testing.T) databaseServer {
	server := testserver.PostgreSQL(t, testserver.Options{})
	s := serverAt(server, "postgres")
	s.setup = func(t *testing.T, text string) {
		c, err := net.Dial("tcp", server.Address())
		require.NoError(t, err)
		conn, err := pgwire.Connect(t.Context(), c, &pgwire.Config{User: server.User, Password: server.Password, Database: server.Database})
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Query(t.Context(), text)
		require.NoError(t, err)
	}
	return s
}

func TestDatabaseMariaDB(t *testing.T) {
	server := testserver.MariaDB(t, testserver.Options{})
	s := serverAt(server, "mysql")
	s.setup = func(t *testing.T, text string) {
		c, err := net.Dial("tcp", server.Address())
		require.NoError(t, err)
		conn, err := mysqlwire.Connect(t.Context(), c, &mysqlwire.Config{User: server.User, Password: server.Password, Database: server.Database, MultipleStatements: true})
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Query(t.Context(), text)
		require.NoError(t, err)
	}
	runDatabases(t, "mysql.txtar", s)
}

func TestDatabaseLDAP(t *testing.T) {
	s := testserver.SLAPD(t, testserver.Options{}, people)
	runDatabases(t, "ldap.txtar", databaseServer{egress: []string{s.Address()}, configuration: map[string]string{
		"URL": "ldap://" + s.Address(), "USER": s.User, "PASSWORD": s.Password, "BASE": testserver.BaseDN,
	}})
}

func TestDatabaseWebService(t *testing.T) {
	w := &userService{}
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	runDatabases(t, "webservice.txtar", databaseServer{
		configuration: map[string]string{"URL": s.URL, "KEY": serviceKey}, egress: []string{s.Listener.Addr().String()},
		setup: func(*testing.T, string) { w.reset() },
	})
}

func TestDatabaseRedis(t *testing.T) {
	server := testserver.Redis(t, testserver.Options{})
	s := serverAt(server, "redis")
	s.configuration["URL"] = "redis://:" + server.Password + "@" + server.Address()
	s.setup = func(t *testing.T, text string) {
		c, err := net.Dial("tcp", server.Address())
		require.NoError(t, err)
		defer c.Close()
		lines := "AUTH " + server.Password + "\n" + strings.TrimSpace(text) + "\n"
		_, err = c.Write([]byte(strings.ReplaceAll(lines, "\n", "\r\n")))
		require.NoError(t, err)
		replies := bufio.NewReader(c)
		for range strings.Count(lines, "\n") {
			reply, err := replies.ReadString('\n')
			require.NoError(t, err)
			require.NotContains(t, reply, "-", "refused")
		}
	}
	runDatabases(t, "redis.txtar", s)
}
