//go:build !race

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
	"github.com/rulebox/rulebox/internal/trigger"
	"github.com/rulebox/rulebox/transaction"
)

// The cases of user databases are in testdata/databases: an archive for each server
// that they need. A case is a file NAME.json, a databaseCase; its scripts are
// NAME/login.js … or else scripts/login.js …; setup.* makes the server's data anew
// before the cases run through one more door.
type databaseCase struct {
	name    string
	scripts map[string]string // by operation

	// Ask is the body of the request, with the operation.
	Ask map[string]json.RawMessage `json:"ask"`
	// Connection has the options of database.json.
	Connection struct {
		Import           bool `json:"import_mode"`
		RequiresUsername bool `json:"requires_username"`
		ScriptContext    bool `json:"enable_script_context"`
		Off              bool `json:"off"`
	} `json:"connection"`
	WallMS int          `json:"wall_ms"`
	Want   databaseWant `json:"want"`
}

// A databaseWant is what the answer must be. Code, status and the scripts that ran
// are always looked at, the other members if they are there.
type databaseWant struct {
	Status string       `json:"status"`
	Code   rulebox.Code `json:"code"`
	// Ran are the operations whose scripts were called, in order.
	Ran []string `json:"ran"`
	// User is part of the profile, Result the whole of what there is.
	User   any `json:"user"`
	Result any `json:"result"`

	Name, Reason, Message, Script *string
	UserID                        *string  `json:"user_id"`
	Has                           []string `json:"has"`   // parts of message and hint
	Lacks                         []string `json:"lacks"` // of message, hint, trace, logs
	// Import says that there is a command to keep the user.
	Import bool `json:"import"`
}

// A databaseServer is what the scripts of an archive talk to.
type databaseServer struct {
	configuration map[string]string
	egress        []string
	// setup runs the archive's files setup.*.
	setup func(t *testing.T, text string)
}

func databaseCases(t *testing.T, archive string) (setup string, cases []*databaseCase) {
	ar, err := txtar.ParseFile(filepath.Join("testdata", "databases", archive))
	require.NoError(t, err)
	scripts := map[string]map[string]string{}
	for _, f := range ar.Files {
		dir, base := path.Split(f.Name)
		ext := path.Ext(base)
		name := strings.TrimSuffix(base, ext)
		switch {
		case dir == "" && name == "setup":
			setup = string(f.Data)
		case dir == "" && ext == ".json":
			c := &databaseCase{name: name}
			d := json.NewDecoder(strings.NewReader(string(f.Data)))
			d.DisallowUnknownFields()
			require.NoError(t, d.Decode(c), f.Name)
			cases = append(cases, c)
		case ext == ".js":
			if scripts[path.Clean(dir)] == nil {
				scripts[path.Clean(dir)] = map[string]string{}
			}
			require.Contains(t, trigger.Operations, name, f.Name)
			scripts[path.Clean(dir)][name] = string(f.Data)
		default:
			t.Fatalf("%s: what is %s?", archive, f.Name)
		}
	}
	for _, c := range cases {
		c.scripts = map[string]string{}
		for _, dir := range []string{"scripts", c.name} {
			for operation, source := range scripts[dir] {
				c.scripts[operation] = source
			}
		}
		delete(scripts, c.name)
	}
	delete(scripts, "scripts")
	require.Empty(t, scripts, "scripts of no case")
	return setup, cases
}

const userDatabase = "Users"

// tenant is the case's, with one connection.
func (c *databaseCase) tenant(name string, s databaseServer) *transaction.Tenant {
	o := c.Connection
	t := &transaction.Tenant{Name: name, Chains: map[string]*rulebox.Chain{}, Connections: map[string]*transaction.Connection{
		userDatabase: {Name: userDatabase, Enabled: !o.Off, Import: o.Import, RequiresUsername: o.RequiresUsername, ScriptContext: o.ScriptContext},
	}}
	for operation, source := range c.scripts {
		at := trigger.Database(userDatabase, operation)
		t.Chains[at] = &rulebox.Chain{
			Tenant: name, Trigger: at, Configuration: s.configuration, Egress: s.egress,
			Limits:  rulebox.Limits{Wall: time.Duration(c.WallMS) * time.Millisecond},
			Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, userDatabase+"."+operation, source)},
		}
	}
	return t
}

// A databaseDoor asks the databases of a tenant that it is given.
type databaseDoor func(t *testing.T, tenant *transaction.Tenant) rulebox.Invoker

type oneTenant struct{ only *transaction.Tenant }

func (o oneTenant) Tenant(name string) *transaction.Tenant {
	if name == o.only.Name {
		return o.only
	}
	return nil
}

const shortPad = time.Millisecond

func through(next rulebox.Invoker) databaseDoor {
	return func(_ *testing.T, tenant *transaction.Tenant) rulebox.Invoker {
		return &transaction.Directory{Tenants: oneTenant{tenant}, Pad: shortPad, Next: &transaction.Pipeline{Tenants: oneTenant{tenant}, Next: next}}
	}
}

// runDatabases runs the cases of an archive through every door.
func runDatabases(t *testing.T, archive string, s databaseServer) {
	setup, cases := databaseCases(t, archive)
	for _, door := range databaseDoors(t) {
		t.Run(door.name, func(t *testing.T) {
			if s.setup != nil {
				s.setup(t, setup)
			}
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					tenant := c.tenant(archiveTenant(archive), s)
					res, err := c.ask(t, door.open(t, tenant), tenant.Name)
					c.check(t, res, err)
				})
			}
		})
	}
}

// archiveTenant is the tenant of all cases of an archive, so that they share a
// worker.
func archiveTenant(archive string) string { return strings.TrimSuffix(archive, ".txtar") }

func (c *databaseCase) ask(t *testing.T, door rulebox.Invoker, tenant string) (*rulebox.Result, error) {
	ask := map[string]json.RawMessage{}
	connection, operation := userDatabase, ""
	for name, v := range c.Ask {
		switch name {
		case "operation":
			require.NoError(t, json.Unmarshal(v, &operation))
		case "connection":
			require.NoError(t, json.Unmarshal(v, &connection))
		case "tenant":
			require.NoError(t, json.Unmarshal(v, &tenant))
		case "long_password": // a file with it would be no pleasure to read
			var n int
			require.NoError(t, json.Unmarshal(v, &n))
			ask["password"] = json.RawMessage(`"` + strings.Repeat("x", n) + `"`)
		default:
			ask[name] = v
		}
	}
	body, err := json.Marshal(ask)
	require.NoError(t, err)
	inv, _, err := request.Parse(trigger.Database(connection, operation), body)
	if err != nil {
		return nil, err
	}
	inv.Tenant = tenant
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	defer cancel()
	return door.Invoke(ctx, inv)
}

func (c *databaseCase) check(t *testing.T, res *rulebox.Result, err error) {
	w := &c.Want
	require.Equal(t, w.Code, rulebox.CodeOf(err), "code; error: %+v", err)
	if res == nil {
		res = &rulebox.Result{}
		require.Contains(t, []rulebox.Code{rulebox.CodeInvalid, rulebox.CodeForbidden}, w.Code)
	} else {
		want := rulebox.Fault
		switch w.Code {
		case "":
			want = rulebox.Allow
		case rulebox.CodeDenied:
			want = rulebox.Deny
		}
		assert.Equal(t, want, res.Decision)
	}
	assert.Equal(t, w.Status, res.Status, "status; error: %+v", err)
	var ran []string
	for _, s := range res.Scripts {
		ran = append(ran, strings.TrimPrefix(s.Name, userDatabase+"."))
	}
	assert.Equal(t, w.Ran, ran, "scripts that ran")
	c.checkError(t, res, err)
	if w.User != nil {
		require.NotEmpty(t, res.Values)
		within(t, "user", w.User, decode(t, res.Values[0]))
	}
	if w.Result != nil {
		require.NotEmpty(t, res.Values)
		assert.Equal(t, w.Result, decode(t, res.Values[0]))
	}
	if w.User == nil && w.Result == nil {
		assert.Empty(t, res.Values, "a result that nobody asked for")
	}
	if w.Import {
		require.Len(t, res.Commands, 1)
		assert.Equal(t, "user.import", rulebox.CommandName(res.Commands[0]))
	} else {
		assert.Empty(t, res.Commands)
	}
}

func (c *databaseCase) checkError(t *testing.T, res *rulebox.Result, err error) {
	w := &c.Want
	var e *rulebox.Error
	if !errors.As(err, &e) {
		e = &rulebox.Error{}
	}
	for _, m := range []struct {
		what string
		want *string
		got  string
	}{{"name", w.Name, e.Name}, {"reason", w.Reason, e.Reason}, {"message", w.Message, e.Message}, {"script", w.Script, e.Script}, {"user_id", w.UserID, e.UserID}} {
		if m.want != nil {
			assert.Equal(t, *m.want, m.got, m.what)
		}
	}
	for _, part := range w.Has {
		assert.Contains(t, e.Message+"\n"+e.Hint, part)
	}
	all := e.Message + e.Hint + e.Trace
	for _, l := range res.Logs {
		all += "\n" + l.Text
	}
	for _, part := range w.Lacks {
		assert.NotContains(t, all, part)
	}
	if err != nil && slices.Contains([]rulebox.Code{rulebox.CodeThrew, rulebox.CodeTimeout}, e.Code) {
		assert.NotEmpty(t, e.Script, "the error names no script: %+v", e)
	}
}

// How many cases there are is part of what is promised.
func TestDatabaseCasesAreMany(t *testing.T) {
	all, err := os.ReadDir("testdata/databases")
	require.NoError(t, err)
	n, real := 0, 0
	for _, f := range all {
		setup, cases := databaseCases(t, f.Name())
		n += len(cases)
		if setup != "" {
			real += len(cases)
		}
	}
	t.Logf("%d cases, %d against real servers", n, real)
	assert.GreaterOrEqual(t, n, 100)
	assert.Greater(t, real, n/2, "most are run against real servers")
}
