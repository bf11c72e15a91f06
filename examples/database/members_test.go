package database

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// members opens the example's folder as a node does: as a part of a tenant's
// folder, with the configuration from the environment, and asks it through the
// directory.
func members(t *testing.T, folder, address string, configuration map[string]string) *transaction.Directory {
	tenants := t.TempDir()
	acme := filepath.Join(tenants, "acme")
	require.NoError(t, os.CopyFS(filepath.Join(acme, "database-connections"), os.DirFS(filepath.Join(folder, "database-connections"))))
	require.NoError(t, os.WriteFile(filepath.Join(acme, "rulebox.json"), []byte(`{"egress": ["`+address+`"]}`), 0o644))
	file := filepath.Join(acme, "database-connections", "members", "database.json")
	for key, value := range configuration {
		t.Setenv("RULEBOX_SECRET_ACME_MEMBERS_"+key, value)
		if !strings.HasSuffix(key, "_CA") {
			continue
		}
		// The authority is for servers with TLS; the file leaves it out.
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), `"configuration": {`, `"configuration": {"`+key+`": "_VALUE_NOT_SHOWN_",`, 1)), 0o644))
	}
	f := store.OpenFolder(tenants, func(context.Context, *rulebox.Script) error { return nil }, zap.NewNop())
	require.NoError(t, f.Load(bg(t)))
	pool := pooltest.Start(t, sandbox.Options{Warm: 1})
	return &transaction.Directory{Tenants: f, Next: &transaction.Pipeline{Tenants: f, Next: pool}, Pad: time.Millisecond}
}

var connectionMembers = event.Query{Tenant: "acme", Connection: "members"}

// member is the life of a member, as a transaction server lives it.
func member(t *testing.T, d *transaction.Directory) {
	const ada, lovelace = "ada@example.test", "lovelace@example.test"
	ctx := bg(t)
	status := func(want event.Status) func(*event.Account, error) *event.Account {
		return func(a *event.Account, err error) *event.Account {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, want, a.Status)
			return a
		}
	}
	signup := func(email, password string) (*event.Account, error) {
		user, _ := json.Marshal(map[string]string{"email": email, "password": password, "tenant": "acme", "client_id": "c", "connection": "members"})
		return d.Create(ctx, connectionMembers, user)
	}
	login := func(email, password string) (*event.Account, error) {
		return d.Login(ctx, connectionMembers, email, password)
	}
	verified := func(a *event.Account) bool {
		var p struct {
			Verified bool `json:"email_verified"`
		}
		require.NoError(t, json.Unmarshal(a.Profile, &p))
		return p.Verified
	}
	status(event.UnknownUser)(d.GetUser(ctx, connectionMembers, ada))
	status(event.UnknownUser)(login(ada, "engine"))
	made := status(event.Found)(signup(ada, "engine"))
	assert.Contains(t, string(made.Profile), `"plan":"free"`)
	assert.NotContains(t, string(made.Profile), "assword")
	status(event.Exists)(signup(ada, "other"))
	status(event.WrongPassword)(login(ada, "motor"))
	status(event.WrongPassword)(login(ada, ""))
	status(event.UnknownUser)(login("' OR 1=1 --", "motor"))
	status(event.UnknownUser)(login("*", "motor"))
	first := status(event.Found)(login(ada, "engine"))
	assert.Equal(t, made.UserID, first.UserID)
	assert.False(t, verified(first))
	assert.JSONEq(t, string(first.Profile), string(status(event.Found)(d.GetUser(ctx, connectionMembers, ada)).Profile), "login and get_user give the same user")
	status(event.Done)(d.Verify(ctx, connectionMembers, ada))
	status(event.Unchanged)(d.Verify(ctx, connectionMembers, "nobody@example.test"))
	assert.True(t, verified(status(event.Found)(login(ada, "engine"))))
	status(event.Done)(d.ChangePassword(ctx, connectionMembers, ada, "différence"))
	status(event.WrongPassword)(login(ada, "engine"))
	status(event.UnknownUser)(d.ChangePassword(ctx, connectionMembers, "nobody@example.test", "x"))
	status(event.Done)(d.ChangeEmail(ctx, connectionMembers, ada, lovelace, true))
	status(event.UnknownUser)(d.GetUser(ctx, connectionMembers, ada))
	after := status(event.Found)(login(lovelace, "différence"))
	assert.Equal(t, made.UserID, after.UserID)
	status(event.Done)(d.Delete(ctx, connectionMembers, after.UserID))
	status(event.UnknownUser)(login(lovelace, "différence"))
	status(event.Done)(d.Delete(ctx, connectionMembers, after.UserID))
}

func TestMembersPostgreSQL(t *testing.T) {
	s, configuration, _ := postgresWith(t, schema(t, "postgres"))
	member(t, members(t, "postgres", s.Address(), configuration))
}

func TestMembersMariaDB(t *testing.T) {
	s, configuration := mariadb(t)
	member(t, members(t, "mysql", s.Address(), configuration))
}

// Users that an application had before: a hash of each of its generations. They
// were made by Python's hashlib; the password is "pässword 1".
func TestMembersASPNET(t *testing.T) {
	s, configuration, query := postgresWith(t, schema(t, "aspnet"))
	d := members(t, "aspnet", s.Address(), configuration)
	member(t, d)
	for name, h := range aspnetHashes {
		query(fmt.Sprintf(`INSERT INTO "AspNetUsers" ("Id", "Email", "NormalizedEmail", "PasswordHash", "PasswordSalt") VALUES ('%[1]s', '%[1]s@example.test', upper('%[1]s@example.test'), '%[2]s', nullif('%[3]s', ''))`, name, h[0], h[1]))
	}
	for name := range aspnetHashes {
		for _, password := range []string{"pässword 1", "pässword 2"} {
			a, err := d.Login(bg(t), connectionMembers, name+"@example.test", password)
			require.NoError(t, err)
			want := event.Found
			if password == "pässword 2" {
				want = event.WrongPassword
			}
			assert.Equal(t, want, a.Status, "%s %s", name, password)
		}
		a, err := d.ChangePassword(bg(t), connectionMembers, name+"@example.test", "next")
		require.NoError(t, err)
		require.Equal(t, event.Done, a.Status)
		a, err = d.Login(bg(t), connectionMembers, name+"@example.test", "next")
		require.NoError(t, err)
		assert.Equal(t, event.Found, a.Status)
	}
}

func TestMembersLDAP(t *testing.T) {
	text, err := os.ReadFile("ldap/people.ldif")
	require.NoError(t, err)
	s := testserver.SLAPD(t, testserver.Options{}, string(text))
	member(t, members(t, "ldap", s.Address(), map[string]string{
		"LDAP_URL": "ldap://" + s.Address(), "LDAP_BASE": "ou=members," + testserver.BaseDN, "LDAP_USER": s.User, "LDAP_PASSWORD": s.Password,
	}))
}

func TestMembersWebService(t *testing.T) {
	s := httptest.NewServer(&memberService{})
	t.Cleanup(s.Close)
	member(t, members(t, "webservice", s.Listener.Addr().String(), map[string]string{"SERVICE_URL": s.URL, "SERVICE_KEY": "key of the service"}))
}

// A memberService is the web service of the example's README.
type memberService struct {
	mu  sync.Mutex // guards all and n
	all []*serviceMember
	n   int
}

type serviceMember struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Plan     string `json:"plan"`
	password string
}

// ServeHTTP implements http.Handler.
func (s *memberService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer key of the service" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var body struct {
		Email, Password *string
		Verified        *bool
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	email := r.URL.Query().Get("email")
	if r.Method == http.MethodPost {
		email = *body.Email
	}
	var m *serviceMember
	for _, one := range s.all {
		if one.Email == email || one.ID == r.URL.Query().Get("id") {
			m = one
		}
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/members":
		s.create(w, m, email, *body.Password)
	case m == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path == "/check" && m.password != *body.Password:
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": m.ID})
	case r.URL.Path == "/check", r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(m)
	case r.Method == http.MethodDelete:
		s.all = slices.DeleteFunc(s.all, func(one *serviceMember) bool { return one == m })
		w.WriteHeader(http.StatusNoContent)
	default:
		if body.Email != nil {
			m.Email = *body.Email
		}
		if body.Password != nil {
			m.password = *body.Password
		}
		if body.Verified != nil {
			m.Verified = *body.Verified
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *memberService) create(w http.ResponseWriter, there *serviceMember, email, password string) {
	switch {
	case there != nil:
		w.WriteHeader(http.StatusConflict)
	case len(password) < 4:
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "The password is too short."})
	default:
		s.n++
		s.all = append(s.all, &serviceMember{ID: fmt.Sprint("m", s.n), Email: email, Plan: "free", password: password})
		w.WriteHeader(http.StatusCreated)
	}
}

// aspnetHashes are hash and salt.
var aspnetHashes = map[string][2]string{
	"identity3":       {"AQAAAAEAACcQAAAAEGVXNTg1YkD7fAg1C1m6tnREkuhD9/wzqkf/yeqoT2903D0XzR+DTFLAlDCcF1gB7w==", ""},
	"identity3sha512": {"AQAAAAIAAYagAAAAEDXErliLDmBYiIXQHkHhu0A8soaAPM/s9Qq9dvtoL26m3ZzRrGRBRYbdpK2iZMvu7w==", ""},
	"identity2":       {"AGOQx7xmuiASFLkyaeR0pNba2HKAmdVdyKXWy7cA06Rq5gkIN0ASol/4/ZoNkE1p5w==", ""},
	"membership":      {"q1Az2Cj4xyWTaj+vKOT7DpF1JZYLVnstO7T3citU1CA=", "yd38uDPXBIMg05cNCbwJUA=="},
}
