package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules/pgwire"
)

// databaseTenant is a tenant of the deploy CLI's layout, with users in PostgreSQL:
// Users is asked always, Moving imports.
func databaseTenant(address, dsn string) string {
	connection := func(name string, more string) string {
		return fmt.Sprintf(`-- acme/database-connections/%s/database.json --
{"name": %q, "strategy": "auth0", "options": {"enabledDatabaseCustomization": true, "configuration": {"URL": %q}%s}}
-- acme/database-connections/%s/login.js --
function login(email, password, callback) {
  console.log('login', email, password);
  if (email === 'throws@acme.example') throw new Error('cannot check ' + password);
  if (email === 'parses@acme.example') JSON.parse(password);
  if (email === 'calls@acme.example') null[password]();
  if (email === 'rejects@acme.example') return Promise.reject(new Error(password));
  const { Client } = require('pg@8'), bcrypt = require('bcrypt');
  const client = new Client(configuration.URL);
  client.connect((err) => {
    if (err) return callback(err);
    client.query(email === 'slow@acme.example' ? 'SELECT pg_sleep(60) AS id' : 'SELECT id, email, hash, pg_sleep(0.01) FROM users WHERE email = $1', email === 'slow@acme.example' ? [] : [email], async (err, r) => {
      client.end();
      if (err) return callback(err);
      if (!r.rows.length) return callback(new WrongUsernameOrPasswordError(null, password + ' is wrong'));
      if (!(await bcrypt.compare(password, r.rows[0].hash))) return callback(new WrongUsernameOrPasswordError(r.rows[0].id, password + ' is wrong'));
      callback(null, { user_id: r.rows[0].id, email: email });
    });
  });
}
-- acme/database-connections/%s/get_user.js --
async function getUser(email, callback) {
  const { Client } = require('pg@8');
  const client = new Client(configuration.URL);
  await client.connect();
  const { rows } = await client.query('SELECT id, email FROM users WHERE email = $1', [email]);
  await client.end();
  callback(null, rows.length ? { user_id: rows[0].id, email: rows[0].email } : null);
}
-- acme/database-connections/%s/create.js --
async function create(user, callback) {
  console.log(user);
  const { Client } = require('pg@8');
  const client = new Client(configuration.URL);
  await client.connect();
  await client.query('INSERT INTO users (email, hash) VALUES ($1, $2)', [user.email, await require('bcrypt').hash(user.password, 4)]);
  await client.end();
  callback(null);
}
-- acme/database-connections/%s/change_password.js --
async function changePassword(email, newPassword, callback) {
  const { Client } = require('pg@8');
  const client = new Client(configuration.URL);
  await client.connect();
  const { rowCount } = await client.query('UPDATE users SET hash = $2 WHERE email = $1', [email, await require('bcrypt').hash(newPassword, 4)]);
  await client.end();
  callback(null, { last_password_reset: new Date(0), n: rowCount });
}
-- acme/database-connections/%s/verify.js --
function verify(email, callback) { callback(null, true); }
-- acme/database-connections/%s/delete.js --
async function remove(id, callback) {
  const { Client } = require('pg@8');
  const client = new Client(configuration.URL);
  await client.connect();
  await client.query('DELETE FROM users WHERE id = $1', [id]);
  await client.end();
  callback(null);
}
-- acme/database-connections/%s/change_email.js --
function changeEmail(email, newEmail, verified, callback) { callback(null, false); }
`, name, name, dsn, more, name, name, name, name, name, name, name)
	}
	return "-- acme/rulebox.json --\n{\"egress\": [\"" + address + "\"]}\n" + connection("Users", "") + connection("Moving", `, "import_mode": true`)
}

// usersIn starts the server and its table, and returns what asks it.
func usersIn(t *testing.T) (*testserver.Server, func(sql string) string) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	query := func(sql string) string {
		c, err := net.Dial("tcp", s.Address())
		require.NoError(t, err)
		defer c.Close()
		conn, err := pgwire.Connect(testContext(t), c, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
		require.NoError(t, err)
		defer conn.Close()
		res, err := conn.Query(testContext(t), sql)
		require.NoError(t, err)
		if len(res) == 0 || len(res[0].Rows) == 0 || res[0].Rows[0][0] == nil {
			return ""
		}
		return *res[0].Rows[0][0]
	}
	query("CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, hash text)")
	return s, query
}

func dsn(s *testserver.Server, address string) string {
	return "postgres://" + s.User + ":" + url.PathEscape(s.Password) + "@" + address + "/" + s.Database
}

var users = event.Query{Tenant: "acme", Connection: "Users"}

// The life of a user through the SDK, and the same questions over HTTP.
func TestDatabaseOverEveryDoor(t *testing.T) {
	s, _ := usersIn(t)
	n := serveNode(t, databaseTenant(s.Address(), dsn(s, s.Address())))
	d, ctx := n.connect().Directory(), testContext(t)
	a, err := d.Create(ctx, users, &event.NewUser{Email: "ada@acme.example", Password: "first one"})
	require.NoError(t, err)
	require.Equal(t, event.Found, a.Status)
	assert.Contains(t, string(a.Profile), `"email":"ada@acme.example"`)
	assert.Len(t, a.Scripts, 3)
	a, err = d.Create(ctx, users, &event.NewUser{Email: "ada@acme.example", Password: "first one"})
	require.NoError(t, err)
	require.Equal(t, event.Exists, a.Status)
	a, err = d.Login(ctx, users, "ada@acme.example", "first one")
	require.NoError(t, err)
	require.Equal(t, "auth0|1", a.UserID)
	start := time.Now()
	a, err = d.Login(ctx, users, "ada@acme.example", "wrong one")
	require.NoError(t, err)
	assert.Equal(t, event.WrongPassword, a.Status)
	assert.Equal(t, "auth0|1", a.UserID)
	assert.GreaterOrEqual(t, time.Since(start), 500*time.Millisecond, "a failed login takes its time")
	a, err = d.Login(ctx, users, "bob@acme.example", "wrong one")
	require.NoError(t, err)
	assert.Equal(t, event.UnknownUser, a.Status)
	_, err = d.Login(ctx, users, "throws@acme.example", "wrong one")
	require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err), "a fault is no answer")
	a, err = d.GetUser(ctx, users, "bob@acme.example")
	require.NoError(t, err)
	assert.Equal(t, event.UnknownUser, a.Status)
	a, err = d.ChangePassword(ctx, users, "ada@acme.example", "second one")
	require.NoError(t, err)
	assert.Equal(t, event.Done, a.Status)
	assert.Equal(t, "1970-01-01T00:00:00.000Z", a.LastPasswordReset)
	a, err = d.Verify(ctx, users, "ada@acme.example")
	require.NoError(t, err)
	assert.Equal(t, event.Done, a.Status)
	a, err = d.ChangeEmail(ctx, users, "ada@acme.example", "b@acme.example", true)
	require.NoError(t, err)
	assert.Equal(t, event.Unchanged, a.Status)

	moving := event.Query{Tenant: "acme", Connection: "Moving"}
	a, err = d.Login(ctx, moving, "ada@acme.example", "second one")
	require.NoError(t, err)
	require.Len(t, a.Commands, 1)
	assert.Contains(t, string(a.Commands[0]), `["user.import",`)
	moving.Known = true
	a, err = d.Login(ctx, moving, "ada@acme.example", "second one")
	require.NoError(t, err)
	assert.Equal(t, event.Own, a.Status)
	assert.Empty(t, a.Scripts)

	post := func(operation, body string) answer {
		return n.send("POST", "/v1/tenants/acme/triggers/db.Users."+operation, n.token, body)
	}
	r := post("login", `{"id":"tx-1","identifier":"ada@acme.example","password":"second one"}`)
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "found", r.at(".status"), r.body)
	assert.Equal(t, "auth0|1", r.at(".result.user_id"))
	r = post("login", `{"identifier":"ada@acme.example","password":"wrong one"}`)
	assert.Equal(t, 200, r.status, "a verdict")
	assert.Equal(t, "deny", r.at(".decision"))
	assert.Equal(t, "wrong_username_or_password", r.at(".error.reason"))
	r = post("login", `{"identifier":"throws@acme.example","password":"wrong one"}`)
	assert.Equal(t, 422, r.status)
	assert.Equal(t, "Users.login", r.at(".error.script"))
	r = post("delete", `{"user_id":"auth0|1"}`)
	assert.Equal(t, "done", r.at(".status"), r.body)
	r = n.try("acme", map[string]any{"kind": "dbscript", "trigger": "db.login", "code": "function login(email, password, callback) { callback(null, { email: email }); }",
		"input": map[string]any{"identifier": "a@b.example", "password": "x"}})
	assert.Contains(t, r.body, "has no user_id")
}

// spellings are the ways in which a text could stand somewhere.
func spellings(password string) map[string]string {
	b := []byte(password)
	quoted, _ := json.Marshal(password)
	var wide []byte
	for _, u := range utf16.Encode([]rune(password)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	all := map[string]string{
		"itself": password, "JSON": string(quoted[1 : len(quoted)-1]), "JSON without HTML": strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password),
		"Go": strings.Trim(strconv.Quote(password), `"`), "ASCII": strings.Trim(strconv.QuoteToASCII(password), `"`),
		"hex": hex.EncodeToString(b), "HEX": strings.ToUpper(hex.EncodeToString(b)), "query": url.QueryEscape(password), "path": url.PathEscape(password), "UTF-16": string(wide),
	}
	for shift := range 3 { // within a longer text that is encoded
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), b...))
		from := (shift*8 + 5) / 6
		inner := text[from : (shift+len(b))*8/6]
		all[fmt.Sprint("base64 +", shift)] = inner
		all[fmt.Sprint("base64url +", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(inner)
	}
	return all
}

// Nothing that is written while users log in has a password in it: no log line at
// the level debug, no file, no metric, no answer, no command line; and no process
// leaves its memory in a core file.
func TestPasswordsAreWrittenNowhere(t *testing.T) {
	var before, much unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &before))
	much = unix.Rlimit{Cur: before.Max, Max: before.Max} // what the node is started with
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_CORE, &much))
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &before) }()
	s, _ := usersIn(t)
	n := serveNode(t, databaseTenant(s.Address(), dsn(s, s.Address())))
	passwords := []string{`Tr0ub4dor & "3"`, `c0rrect/horse+ü<>%`, `battery\staple'1`, `plainpassword`}
	d, ctx := n.connect().Directory(), testContext(t)
	var said []string
	hear := func(a *event.Account, err error) {
		text, _ := json.Marshal([]any{a, err, fmt.Sprintf("%+v", err)})
		said = append(said, string(text))
	}
	for i, p := range passwords {
		email := fmt.Sprintf("user%d@acme.example", i)
		hear(d.Create(ctx, users, map[string]any{"email": email, "password": p}))
		for _, who := range []string{email, "throws@acme.example", "parses@acme.example", "calls@acme.example", "rejects@acme.example", "nobody@acme.example"} {
			hear(d.Login(ctx, users, who, p))
		}
		hear(d.Login(ctx, users, email, passwords[(i+1)%len(passwords)]))
		hear(d.ChangePassword(ctx, users, email, p))
		hear(d.Login(ctx, event.Query{Tenant: "acme", Connection: "Moving"}, email, p))
		quoted, _ := json.Marshal(p)
		for _, body := range []string{
			`{"identifier":"` + email + `","password":` + string(quoted) + `}`, `{"identifier":"` + email + `","password":` + string(quoted), `{"identifier":7,"password":` + string(quoted) + `}`,
			`{"identifier":"x","password":[` + string(quoted) + `]}`, `{"args":["x",` + string(quoted) + `,7]}`, string(quoted),
		} {
			r := n.send("POST", "/v1/tenants/acme/triggers/db.Users.login", n.token, body)
			said = append(said, r.body, fmt.Sprint(r.header))
		}
	}
	said = append(said, n.send("GET", "/metrics", "", "").body)
	worked := 0
	for _, text := range said {
		if strings.Contains(text, `"found"`) {
			worked++
		}
	}
	require.GreaterOrEqual(t, worked, 3*len(passwords), "logins worked: %s", said)
	for _, pid := range family(t, n.cmd.Process.Pid) {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		require.NoError(t, err)
		assert.Regexp(t, `(?m)^Max core file size +0 +`, string(limits), "process %d", pid)
		for _, file := range []string{"cmdline", "environ"} {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			said = append(said, string(text))
		}
	}
	require.Equal(t, exitOK, n.stop())
	said = append(said, n.stdout.String(), n.stderr.String())
	require.NoError(t, filepath.Walk(n.data, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			said = append(said, path, string(text))
		}
		return err
	}))
	for _, p := range passwords {
		for how, spelling := range spellings(p) {
			for _, text := range said {
				if i := strings.Index(text, spelling); i >= 0 {
					t.Errorf("the password %q is told (%s): …%s…", p, how, text[max(0, i-200):min(len(text), i+200)])
				}
			}
		}
	}
}

// family are a process and its descendants.
func family(t *testing.T, pid int) []int {
	all := []int{pid}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	for _, f := range threads {
		text, _ := os.ReadFile(f)
		for _, child := range strings.Fields(string(text)) {
			p, err := strconv.Atoi(child)
			require.NoError(t, err)
			all = append(all, family(t, p)...)
		}
	}
	return all
}

// A liar stands between scripts and their database, and lets all through until it
// is told otherwise.
type liar struct {
	listener net.Listener
	to       string
	mu       sync.Mutex // guards says
	says     string     // what it answers in the server's place
}

func (l *liar) lie(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.says = text
}

func (l *liar) serve(wg *sync.WaitGroup) {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer c.Close()
			l.mu.Lock()
			says := l.says
			l.mu.Unlock()
			if says != "" {
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte(says))
				return
			}
			up, err := net.Dial("tcp", l.to)
			if err != nil {
				return
			}
			defer up.Close()
			done := make(chan struct{})
			go func() { defer close(done); copyAll(up, c); up.Close() }()
			copyAll(c, up)
			c.Close()
			<-done
		}()
	}
}

func copyAll(to, from net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// A database that dies, has no connection left or talks nonsense is a fault over
// NATS, with the words of the driver; and the next login succeeds.
func TestDatabaseThatFails(t *testing.T) {
	s, query := usersIn(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	between := &liar{listener: l, to: s.Address()}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { defer wg.Done(); between.serve(&wg) }()
	t.Cleanup(func() { l.Close(); wg.Wait() })
	n := serveNode(t, databaseTenant(l.Addr().String(), dsn(s, l.Addr().String())))
	d, ctx := n.connect().Directory(), testContext(t)
	_, err = d.Create(ctx, users, &event.NewUser{Email: "ada@acme.example", Password: "first one"})
	require.NoError(t, err)
	login := func(who string) (*event.Account, error) { return d.Login(ctx, users, who, "first one") }
	works := func(after string) {
		t.Helper()
		a, err := login("ada@acme.example")
		require.NoError(t, err, after)
		require.Equal(t, event.Found, a.Status)
	}
	fails := func(err error, has ...string) {
		t.Helper()
		require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err), "%v", err)
		assert.True(t, slices.ContainsFunc(has, func(s string) bool { return strings.Contains(err.Error(), s) }), "%v: none of %q", err, has)
		assert.Equal(t, "Users.login", err.(*rulebox.Error).Script)
	}
	works("signup")

	failed := make(chan error, 1)
	go func() { _, err := login("slow@acme.example"); failed <- err }()
	require.Eventually(t, func() bool {
		return query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()") == "1"
	}, safety, 5*time.Millisecond)
	s.Kill()
	const ended, reset = "Connection terminated unexpectedly", "read ECONNRESET" // as the kernel closes it
	fails(<-failed, ended, reset)
	_, err = login("ada@acme.example")
	fails(err, ended, reset)
	require.Eventually(t, func() bool { return !livesBelow(s.Dir) }, safety, 10*time.Millisecond)
	s.Start()
	works("the server is back")

	// The connections that the server has are taken by others.
	query("CREATE ROLE app LOGIN PASSWORD 'app' CONNECTION LIMIT 1; GRANT ALL ON users, users_id_seq TO app")
	s.User, s.Password = "app", "app"
	app := dsn(s, l.Addr().String())
	s.User, s.Password = "rulebox", "correct horse"
	file := filepath.Join(n.tenants, "acme/database-connections/Users/database.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), dsn(s, l.Addr().String()), app, 1)), 0o644))
	held, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	defer held.Close()
	other, err := pgwire.Connect(ctx, held, &pgwire.Config{User: "app", Password: "app", Database: s.Database})
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, err = login("ada@acme.example"); return err != nil }, safety, 50*time.Millisecond, "the change is taken in")
	fails(err, `too many connections for role "app"`)
	other.Close()
	require.Eventually(t, func() bool { return query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == "0" }, safety, 5*time.Millisecond)
	works("connections are free")

	query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
	require.Eventually(t, func() bool { return query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == "0" }, safety, 5*time.Millisecond)
	between.lie("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	_, err = login("ada@acme.example")
	fails(err, "does not speak the PostgreSQL protocol")
	between.lie("R\x7f\xff\xff\xff")
	_, err = login("ada@acme.example")
	fails(err, "does not speak the PostgreSQL protocol")
	between.lie("")
	works("the server talks sense again")
}

// Two hundred logins at once over NATS hold no more connections than the tenant may
// have, and all of them succeed.
func TestManyDatabaseLogins(t *testing.T) {
	const most, logins = 3, 200
	s, query := usersIn(t)
	n := serveNode(t, databaseTenant(s.Address(), dsn(s, s.Address())), "--db-connections", strconv.Itoa(most))
	c := n.connect()
	d, ctx := c.Directory(), testContext(t)
	_, err := d.Create(ctx, users, &event.NewUser{Email: "ada@acme.example", Password: "first one"})
	require.NoError(t, err)
	raw, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	defer raw.Close()
	counter, err := pgwire.Connect(ctx, raw, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
	require.NoError(t, err)
	stop, top := make(chan struct{}), make(chan int, 1)
	go func() {
		highest := 0
		for {
			res, err := counter.Query(ctx, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
			if err == nil {
				n, _ := strconv.Atoi(*res[0].Rows[0][0])
				highest = max(highest, n)
			}
			select {
			case <-stop:
				top <- highest
				return
			default:
			}
		}
	}()
	var wg sync.WaitGroup
	errs := make(chan error, logins)
	for range logins {
		wg.Add(1)
		go func() {
			defer wg.Done()
			a, err := d.Login(ctx, users, "ada@acme.example", "first one")
			if err == nil && a.Status != event.Found {
				err = fmt.Errorf("status %s", a.Status)
			}
			errs <- err
		}()
	}
	wg.Wait()
	close(stop)
	for range logins {
		require.NoError(t, <-errs)
	}
	highest := <-top
	assert.LessOrEqual(t, highest, most)
	assert.Positive(t, highest, "nobody was counted")
	require.Empty(t, query("SELECT 1 WHERE false"))
}

// livesBelow reports whether a process has its working directory below dir.
func livesBelow(dir string) bool {
	processes, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, p := range processes {
		if cwd, err := os.Readlink(p); err == nil && strings.HasPrefix(cwd, dir) {
			return true
		}
	}
	return false
}
