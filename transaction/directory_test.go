package transaction

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// A database is a tenant whose scripts are functions here. It notes what ran.
type database struct {
	c       Connection
	scripts map[string]func(args []string) (string, error)
	ran     []string
}

const ada = `{"user_id":7,"email":"ada@x.example"}`

func newDatabase() *database {
	b := &database{c: Connection{Name: "legacy", Enabled: true}}
	wrong := func(id string) error {
		e := denied("WrongUsernameOrPasswordError")
		e.UserID = id
		return e
	}
	b.scripts = map[string]func([]string) (string, error){
		"login": func(a []string) (string, error) {
			switch {
			case a[0] != `"ada@x.example"` && a[0] != `"new@x.example"`:
				return "", wrong("")
			case a[1] != `"right"`:
				return "", wrong("7")
			}
			return ada, nil
		},
		"get_user": func(a []string) (string, error) {
			if a[0] == `"ada@x.example"` {
				return ada, nil
			}
			return "", nil
		},
		"create":          func([]string) (string, error) { return "", nil },
		"verify":          func([]string) (string, error) { return "true", nil },
		"change_password": func([]string) (string, error) { return `{"last_password_reset":"2026-01-02T03:04:05.000Z"}`, nil },
		"delete":          func([]string) (string, error) { return "", nil },
		"change_email":    func([]string) (string, error) { return "true", nil },
	}
	return b
}

func (b *database) directory() *Directory {
	t := &Tenant{Name: "acme", OnFault: FailContinue, Chains: map[string]*rulebox.Chain{}, Connections: map[string]*Connection{"legacy": &b.c, "off": {Name: "off"}}}
	for operation := range b.scripts {
		name := "db.legacy." + operation
		t.Chains[name] = &rulebox.Chain{Tenant: "acme", Trigger: name, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, operation, "x")}}
	}
	all := tenants{"acme": t}
	return &Directory{Tenants: all, Pad: time.Millisecond, Next: &Pipeline{Tenants: all, Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		operation := strings.TrimPrefix(inv.Trigger, "db.legacy.")
		var args []string
		for _, a := range inv.Args {
			args = append(args, string(a))
		}
		b.ran = append(b.ran, operation+"("+strings.Join(args, ",")+")")
		value, err := b.scripts[operation](args)
		if value == "" {
			return &rulebox.Result{}, err
		}
		return &rulebox.Result{Values: []json.RawMessage{json.RawMessage(value)}}, err
	})}}
}

// Which script runs when, by what is asked and whether the connection imports.
func TestWhichScriptRuns(t *testing.T) {
	ctx := context.Background()
	q := event.Query{Tenant: "acme", Connection: "legacy"}
	type ask func(*Directory, event.Query) (*event.Account, error)
	login := func(who, password string) ask {
		return func(d *Directory, q event.Query) (*event.Account, error) { return d.Login(ctx, q, who, password) }
	}
	create := func(user string) ask {
		return func(d *Directory, q event.Query) (*event.Account, error) {
			return d.Create(ctx, q, json.RawMessage(user))
		}
	}
	const newcomer = `{"email":"new@x.example","password":"right"}`
	for name, tc := range map[string]struct {
		ask           ask
		imports, know bool
		status        event.Status
		ran           string
		imported      bool
	}{
		"login":                   {ask: login("ada@x.example", "right"), status: event.Found, ran: `login("ada@x.example","right")`},
		"login, wrong password":   {ask: login("ada@x.example", "no"), status: event.WrongPassword, ran: `login("ada@x.example","no")`},
		"login, unknown":          {ask: login("bob@x.example", "no"), status: event.UnknownUser, ran: `login("bob@x.example","no")`},
		"login, known elsewhere":  {ask: login("ada@x.example", "right"), know: true, status: event.Found, ran: `login("ada@x.example","right")`},
		"login, imports":          {ask: login("ada@x.example", "right"), imports: true, status: event.Found, ran: `login("ada@x.example","right")`, imported: true},
		"login, imports, wrong":   {ask: login("ada@x.example", "no"), imports: true, status: event.WrongPassword, ran: `login("ada@x.example","no")`},
		"login, imported":         {ask: login("ada@x.example", "right"), imports: true, know: true, status: event.Own},
		"signup":                  {ask: create(newcomer), status: event.Found, ran: `get_user("new@x.example") create(` + newcomer + `) login("new@x.example","right")`},
		"signup, exists":          {ask: create(`{"email":"ada@x.example","password":"right"}`), status: event.Exists, ran: `get_user("ada@x.example")`},
		"signup, imports":         {ask: create(newcomer), imports: true, status: event.Own, ran: `get_user("new@x.example")`},
		"signup, imports, exists": {ask: create(`{"email":"ada@x.example","password":"right"}`), imports: true, status: event.Exists, ran: `get_user("ada@x.example")`},
		"get user":                {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.GetUser(ctx, q, "ada@x.example") }, status: event.Found, ran: `get_user("ada@x.example")`},
		"get user, unknown":       {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.GetUser(ctx, q, "bob@x.example") }, status: event.UnknownUser, ran: `get_user("bob@x.example")`},
		"verify":                  {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.Verify(ctx, q, "ada@x.example") }, status: event.Done, ran: `verify("ada@x.example")`},
		"verify, imports":         {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.Verify(ctx, q, "ada@x.example") }, imports: true, status: event.Own},
		"password": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangePassword(ctx, q, "ada@x.example", "right")
		}, status: event.Done, ran: `get_user("ada@x.example") change_password("ada@x.example","right")`},
		"password, unknown": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangePassword(ctx, q, "bob@x.example", "right")
		}, status: event.UnknownUser, ran: `get_user("bob@x.example")`},
		"password, imports": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangePassword(ctx, q, "ada@x.example", "right")
		}, imports: true, status: event.Found, ran: `get_user("ada@x.example")`, imported: true},
		"password, imported": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangePassword(ctx, q, "ada@x.example", "right")
		}, imports: true, know: true, status: event.Own},
		"delete":          {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.Delete(ctx, q, "auth0|my|7") }, status: event.Done, ran: `delete("my|7")`},
		"delete, imports": {ask: func(d *Directory, q event.Query) (*event.Account, error) { return d.Delete(ctx, q, "7") }, imports: true, status: event.Own},
		"e-mail": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangeEmail(ctx, q, "ada@x.example", "a@y", true)
		}, status: event.Done, ran: `get_user("ada@x.example") change_email("ada@x.example","a@y",true)`},
		"e-mail, imports": {ask: func(d *Directory, q event.Query) (*event.Account, error) {
			return d.ChangeEmail(ctx, q, "ada@x.example", "a@y", true)
		}, imports: true, status: event.Own, ran: `get_user("ada@x.example")`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newDatabase()
			b.c.Import = tc.imports
			q := q
			q.Known = tc.know
			a, err := tc.ask(b.directory(), q)
			require.NoError(t, err)
			assert.Equal(t, tc.status, a.Status)
			assert.Equal(t, tc.ran, strings.Join(b.ran, " "))
			switch a.Status {
			case event.Found:
				assert.Contains(t, string(a.Profile), `"user_id":"auth0|7"`)
				assert.Equal(t, "auth0|7", a.UserID)
			case event.WrongPassword, event.Exists:
				assert.Equal(t, "auth0|7", a.UserID)
				assert.Nil(t, a.Profile)
			default:
				assert.Nil(t, a.Profile)
			}
			require.Equal(t, tc.imported, len(a.Commands) == 1)
			if tc.imported {
				var c []json.RawMessage
				require.NoError(t, json.Unmarshal(a.Commands[0], &c))
				require.Equal(t, `"user.import"`, string(c[0]))
				require.JSONEq(t, string(a.Profile), string(c[1]))
				require.NoError(t, bcrypt.CompareHashAndPassword([]byte(textOf(at(c[2], "bcrypt"))), []byte("right")))
			}
		})
	}
	b := newDatabase()
	a, err := b.directory().ChangePassword(ctx, q, "ada@x.example", "right")
	require.NoError(t, err)
	require.Equal(t, "2026-01-02T03:04:05.000Z", a.LastPasswordReset)
}

// A wrong password, an unknown user and a fault are three things to the server and
// one to the user.
func TestFailuresOfDatabases(t *testing.T) {
	ctx := context.Background()
	q := event.Query{Tenant: "acme", Connection: "legacy"}
	b := newDatabase()
	d := b.directory()
	fault := func(e *rulebox.Error) {
		b.scripts["login"] = func([]string) (string, error) { return "", e }
	}
	driver := denied("Error")
	driver.Message = "connect ECONNREFUSED 10.0.0.5:5432"
	for name, e := range map[string]*rulebox.Error{"driver": driver, "timeout": rulebox.Errorf(rulebox.CodeTimeout, "late"), "threw": rulebox.Errorf(rulebox.CodeThrew, "x is not defined")} {
		fault(e)
		a, err := d.Login(ctx, q, "ada@x.example", "right")
		require.Nil(t, a, name)
		require.NotEqual(t, rulebox.CodeDenied, rulebox.CodeOf(err), "%s: no verdict about the user", name)
		require.Equal(t, "Wrong email or password.", PublicText(err))
	}
	own := denied("UnauthorizedError")
	own.Message = "Your account is locked."
	fault(own)
	_, err := d.Login(ctx, q, "ada@x.example", "right")
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	require.Equal(t, "Your account is locked.", PublicText(err))
	require.Equal(t, "Wrong email or password.", PublicText(nil))

	for _, none := range []string{"", "null", "false"} {
		b.scripts["login"] = func([]string) (string, error) { return none, nil }
		a, err := d.Login(ctx, q, "ada@x.example", "right")
		require.NoError(t, err)
		require.Equal(t, event.UnknownUser, a.Status, none)
	}
	exists := denied("ValidationError")
	exists.Reason = "user_exists"
	b.scripts["create"] = func([]string) (string, error) { return "", exists }
	const newcomer = `{"email":"new@x.example","password":"right"}`
	a, err := d.Create(ctx, q, json.RawMessage(newcomer))
	require.NoError(t, err)
	require.Equal(t, event.Exists, a.Status)
	exists.Reason = "weak_password"
	_, err = d.Create(ctx, q, json.RawMessage(newcomer))
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))

	for operation, answers := range map[string]map[string]event.Status{
		"verify": {"": event.Unchanged, "true": event.Done, "false": event.Unchanged}, "change_password": {"": event.Unchanged, "true": event.Done, "false": event.Unchanged},
		"change_email": {"false": event.Unchanged, "true": event.Done}, "delete": {"": event.Done},
	} {
		for answer, want := range answers {
			b.scripts[operation] = func([]string) (string, error) { return answer, nil }
			var a *event.Account
			switch operation {
			case "verify":
				a, err = d.Verify(ctx, q, "ada@x.example")
			case "change_password":
				a, err = d.ChangePassword(ctx, q, "ada@x.example", "right")
			case "change_email":
				a, err = d.ChangeEmail(ctx, q, "ada@x.example", "b@x", false)
			default:
				a, err = d.Delete(ctx, q, "7")
			}
			require.NoError(t, err)
			require.Equal(t, want, a.Status, "%s %q", operation, answer)
		}
	}
	for want, ask := range map[string]func() (*event.Account, error){
		`no tenant "x"`: func() (*event.Account, error) {
			return d.Login(ctx, event.Query{Tenant: "x", Connection: "legacy"}, "a", "b")
		},
		`no connection "x"`: func() (*event.Account, error) {
			return d.Login(ctx, event.Query{Tenant: "acme", Connection: "x"}, "a", "b")
		},
		"off are switched off": func() (*event.Account, error) {
			return d.Login(ctx, event.Query{Tenant: "acme", Connection: "off"}, "a", "b")
		},
		"has no password":         func() (*event.Account, error) { return d.Create(ctx, q, json.RawMessage(`{"email":"a@b"}`)) },
		"none of email, username": func() (*event.Account, error) { return d.Create(ctx, q, json.RawMessage(`[]`)) },
		"legacy has no script get_user": func() (*event.Account, error) {
			delete(b.scripts, "get_user")
			return b.directory().GetUser(ctx, q, "a")
		},
	} {
		_, err := ask()
		require.ErrorContains(t, err, want)
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	}
}

// The time of a failure does not tell which one it was.
func TestFailuresTakeTheSameTime(t *testing.T) {
	b := newDatabase()
	d := b.directory()
	d.Pad = 60 * time.Millisecond
	b.scripts["login"] = func(a []string) (string, error) {
		e := denied("WrongUsernameOrPasswordError")
		if a[0] == `"ada@x.example"` {
			time.Sleep(15 * time.Millisecond) // a hash is compared
			e.UserID = "7"
		}
		return "", e
	}
	for _, who := range []string{"ada@x.example", "bob@x.example"} {
		start := time.Now()
		_, err := d.Login(context.Background(), event.Query{Tenant: "acme", Connection: "legacy"}, who, "no")
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), d.Pad, who)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.Pad = time.Hour
	_, _ = d.Login(ctx, event.Query{Tenant: "acme", Connection: "legacy"}, "bob@x.example", "no") // does not wait for nobody
}

func TestScriptContext(t *testing.T) {
	b := newDatabase()
	b.c.ScriptContext = true
	d := b.directory()
	q := event.Query{Tenant: "acme", Connection: "legacy", Organization: json.RawMessage(`{"id":"org_1"}`)}
	_, err := d.GetUser(context.Background(), q, "ada@x.example")
	require.NoError(t, err)
	_, err = d.Delete(context.Background(), q, "7")
	require.NoError(t, err)
	require.Equal(t, []string{`get_user("ada@x.example",{"organization":{"id":"org_1"}})`, `delete("7",{})`}, b.ran)
}

func TestProfiles(t *testing.T) {
	c := &Connection{Name: "legacy"}
	identity := func(more string) string {
		return `"identities":[{"connection":"legacy","provider":"auth0","user_id":"%s","isSocial":false` + more + `}]`
	}
	for in, want := range map[string]string{
		`{"user_id":"a|1","email":"ada@x.example"}`:                                                 `{"user_id":"auth0|a|1","email":"ada@x.example","email_verified":false,"name":"ada@x.example","nickname":"ada",` + fmt.Sprintf(identity(""), "a|1") + `}`,
		`{"id":5,"username":"ada","email_verified":true,"name":"Ada","password":"x"}`:               `{"username":"ada","email_verified":true,"name":"Ada","user_id":"auth0|5","nickname":"ada",` + fmt.Sprintf(identity(""), "5") + `}`,
		`{"user_id":"1","phone_number":"+1","metadata":{"a":1},"access_token":"T","custom":[1.50]}`: `{"user_id":"auth0|1","phone_number":"+1","custom":[1.50],"app_metadata":{"a":1},"email_verified":false,` + fmt.Sprintf(identity(`,"access_token":"T"`), "1") + `}`,
	} {
		got, id, err := profileOf(c, "legacy.login", json.RawMessage(in))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.True(t, strings.HasPrefix(id, "auth0|"))
	}
	_, id, err := profileOf(c, "legacy.login", json.RawMessage(`{"user_id":12345678901234567890,"email":"a@b"}`))
	require.NoError(t, err)
	require.Equal(t, "auth0|12345678901234567890", id, "every digit of a number")
	for in, want := range map[string]string{
		`"ada"`:                          "is no object",
		`[]`:                             "is no object",
		`{"email":"a@b"}`:                "has no user_id",
		`{"email":"a@b","user_id":null}`: "has no user_id",
		`{"email":"a@b","user_id":{}}`:   "has no user_id",
		`{"email":"a@b","user_id":true}`: "has no user_id",
		`{"email":"a@b","user_id":"` + strings.Repeat("x", 300) + `"}`: "more than 256 bytes",
		`{"user_id":"1"}`: "none of email, username, phone_number",
		`{"user_id":"1","email":"a@b","app_metadata":"x"}`: "app_metadata that is no object",
	} {
		_, _, err := profileOf(c, "legacy.login", json.RawMessage(in))
		require.ErrorContains(t, err, want, in)
		require.ErrorContains(t, err, "the script legacy.login")
		require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err))
	}
	_, _, err = profileOf(&Connection{Name: "legacy", RequiresUsername: true}, "get_user", json.RawMessage(`{"user_id":"1","email":"a@b"}`))
	require.ErrorContains(t, err, "has no username")
}

// A get_user that gives no whole profile still tells that there is the user.
func TestExistsNeedsNoProfile(t *testing.T) {
	q := event.Query{Tenant: "acme", Connection: "legacy"}
	b := newDatabase()
	b.scripts["get_user"] = func([]string) (string, error) { return `{"email":"ada@x.example"}`, nil }
	d := b.directory()
	a, err := d.Create(context.Background(), q, json.RawMessage(`{"email":"ada@x.example","password":"right"}`))
	require.NoError(t, err)
	assert.Equal(t, event.Exists, a.Status)
	a, err = d.ChangePassword(context.Background(), q, "ada@x.example", "right")
	require.NoError(t, err)
	assert.Equal(t, event.Done, a.Status)
	_, err = d.GetUser(context.Background(), q, "ada@x.example")
	assert.ErrorContains(t, err, "user_id", "whoever asks for the profile is told")
}
