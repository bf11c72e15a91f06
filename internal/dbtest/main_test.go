package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/conformance"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/mysqlwire"
	"github.com/rulebox/rulebox/modules/pgwire"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
)

// The test binary is its own worker, as the server is.
func TestMain(m *testing.M) { pooltest.Main(m) }

// host dials what it is asked to, for scripts that run in this process.
type host struct{ dialed chan string }

func (h *host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if h.dialed != nil {
		h.dialed <- address
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
func (h *host) Rand() io.Reader { return rand.Reader }

func inProcess(t testing.TB) rulebox.Invoker {
	h := &host{}
	r := runtime.NewRunner(runtime.Options{Host: h})
	t.Cleanup(func() {
		r.Close()
		modules.CloseConnections(h)
	})
	return r
}

func jailed(t testing.TB, perTenant int) *sandbox.Pool {
	return pool(t, sandbox.Options{MaxPerTenant: perTenant, Warm: 1})
}

func pool(t testing.TB, opt sandbox.Options) *sandbox.Pool {
	if raceDetector {
		t.Skip("the race detector needs more memory than a worker may have")
	}
	return pooltest.Start(t, opt)
}

// configuration is what scripts of the cases find about the server.
func configuration(s *testserver.Server, scheme string) map[string]string {
	return map[string]string{
		"HOST": s.Host, "PORT": strconv.Itoa(s.Port), "USER": s.User, "PASSWORD": s.Password, "DATABASE": s.Database,
		"URL": scheme + "://" + s.User + ":" + strings.ReplaceAll(s.Password, " ", "%20") + "@" + s.Address() + "/" + s.Database,
	}
}

func chainOf(s *testserver.Server, scheme, name, source string) *rulebox.Chain {
	c := &rulebox.Chain{
		Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Configuration: configuration(s, scheme), Egress: []string{s.Address()},
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, name, source)},
	}
	return c
}

// loadCases reads an archive: a folder a case, with one script, args.json and
// want.json. schema.sql is run before.
func loadCases(t *testing.T, file string, s *testserver.Server, scheme string) (schema string, cases []conformance.Case) {
	ar, err := txtar.ParseFile("testdata/" + file)
	require.NoError(t, err)
	at := map[string]int{}
	for _, f := range ar.Files {
		dir, name, ok := strings.Cut(f.Name, "/")
		if !ok {
			require.Equal(t, "schema.sql", f.Name)
			schema = string(f.Data)
			continue
		}
		i, known := at[dir]
		if !known {
			i = len(cases)
			at[dir] = i
			cases = append(cases, conformance.Case{Name: dir})
		}
		c := &cases[i]
		switch {
		case strings.HasSuffix(name, ".js"):
			c.Chain = chainOf(s, scheme, strings.TrimSuffix(name, ".js"), string(f.Data))
		case name == "args.json":
			require.NoError(t, json.Unmarshal(f.Data, &c.Args), f.Name)
		case name == "want.json":
			d := json.NewDecoder(strings.NewReader(string(f.Data)))
			d.DisallowUnknownFields()
			require.NoError(t, d.Decode(&c.Want), f.Name)
		default:
			t.Fatalf("%s: what is %s?", file, f.Name)
		}
	}
	for i := range cases {
		if cases[i].Args == nil {
			cases[i].Args = []json.RawMessage{json.RawMessage(`"ada@example.org"`), json.RawMessage(`"secret"`)}
		}
	}
	return schema, cases
}

const safety = 30 * time.Second

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	t.Cleanup(cancel)
	return ctx
}

func postgres(t testing.TB, s *testserver.Server) *pgwire.Conn {
	c, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	conn, err := pgwire.Connect(deadline(t), c, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func mariadb(t testing.TB, s *testserver.Server) *mysqlwire.Conn {
	c, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	conn, err := mysqlwire.Connect(deadline(t), c, &mysqlwire.Config{User: s.User, Password: s.Password, Database: s.Database, MultipleStatements: true})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}
