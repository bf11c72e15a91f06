package dbtest

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

// thePassword must never be seen in an error or a log.
const thePassword = "hunter2-do-not-tell"

// The same login in each driver's usual form. It answers with the row or passes
// the error on, with what it has beside the message.
var loginForms = map[string]string{
	"pg-legacy": `function login(email, password, callback) {
		require('pg').connect({ host: configuration.HOST, port: configuration.PORT, user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE }, function (err, client, done) {
			if (err) return callback(told(err));
			client.query('SELECT 1 AS one', function (err, r) { done(); callback(err && told(err), r && r.rows[0]); });
		});
		function told(e) { console.log('err', e); e.message = [e.message, e.code, e.syscall].join('|'); return e; }
	}`,
	"pg": `async function login(email, password, callback) {
		const { Client } = require('pg@8.0.0');
		const client = new Client({ host: configuration.HOST, port: configuration.PORT, user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE });
		try {
			await client.connect();
			callback(null, (await client.query('SELECT 1 AS one')).rows[0]);
		} catch (e) { console.log('err', e); e.message = [e.message, e.code, e.syscall].join('|'); callback(e); }
		client.end();
	}`,
	"mysql": `function login(email, password, callback) {
		const c = require('mysql').createConnection({ host: configuration.HOST, port: configuration.PORT, user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE });
		c.connect();
		c.query('SELECT 1 AS one', function (e, rows) {
			if (e) { console.log('err', e); e.message = [e.message, e.code, e.fatal].join('|'); return callback(e); }
			callback(null, rows[0]);
			c.end();
		});
	}`,
	"mysql2": `async function login(email, password, callback) {
		try {
			const c = await require('mysql2/promise').createConnection({ host: configuration.HOST, port: configuration.PORT, user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE });
			const [rows] = await c.execute('SELECT 1 AS one');
			callback(null, rows[0]);
			await c.end();
		} catch (e) { console.log('err', e); e.message = [e.message, e.code, e.fatal].join('|'); callback(e); }
	}`,
}

// A liar listens and does to each connection what it was made for.
func liar(t *testing.T, do func(c net.Conn)) *net.TCPAddr {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer c.Close()
				do(c)
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().(*net.TCPAddr)
}

func hang(c net.Conn) { c.Read(make([]byte, 1<<16)); c.Read(make([]byte, 1<<16)) }

func sends(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Write([]byte(text))
		hang(c)
	}
}

// answers waits for the client to speak first.
func answers(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 1<<16))
		c.Write([]byte(text))
		hang(c)
	}
}

func message(kind byte, body string) string {
	n := len(body) + 4
	return string([]byte{kind, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

const pgHello = "R\x00\x00\x00\x08\x00\x00\x00\x00" + "Z\x00\x00\x00\x05I" // trusts, and is ready

func packet(seq byte, body string) string {
	return string([]byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), seq}) + body
}

var mysqlHello = packet(0, "\x0a5.7.0\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x21\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+"123456789012\x00mysql_native_password\x00")

const mysqlOK = "\x00\x00\x00\x02\x00\x00\x00"

// logsIn speaks MySQL up to the login and then says what it likes.
func logsIn(then string) func(net.Conn) {
	return func(c net.Conn) {
		c.Write([]byte(mysqlHello))
		c.Read(make([]byte, 1<<16))
		c.Write([]byte(packet(2, mysqlOK)))
		c.Read(make([]byte, 1<<16))
		c.Write([]byte(then))
		hang(c)
	}
}

// What a broken server does must end in an error that says so, soon.
func TestLyingServers(t *testing.T) {
	closed := func(net.Conn) {}
	pg := []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"closes at once", closed, "Connection terminated unexpectedly"},
		{"speaks HTTP", answers("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "does not speak the PostgreSQL protocol"},
		{"unknown message", answers(message('?', "huh")), "does not speak the PostgreSQL protocol"},
		{"endless message", answers("R\x7f\xff\xff\xff"), "does not speak the PostgreSQL protocol: a message of"},
		{"negative length", answers("R\xff\xff\xff\xff"), "does not speak the PostgreSQL protocol"},
		{"unknown login", answers(message('R', "\x00\x00\x00\x63")), "does not speak the PostgreSQL protocol"},
		{"foreign SASL", answers(message('R', "\x00\x00\x00\x0aNTLM\x00\x00")), "NTLM"},
		{"bad SCRAM", answers(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00") + message('R', "\x00\x00\x00\x0br=evil,s=AA==,i=4096")), "SCRAM"},
		{"costly SCRAM", answers(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00") + message('R', "\x00\x00\x00\x0br=evil,s=AA==,i=2000000000")), "SCRAM"},
		{"row of another width", answers(pgHello + message('T', "\x00\x01one\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00") + message('D', "\x00\x02\x00\x00\x00\x011\x00\x00\x00\x011")), "a row does not have the columns"},
		{"row without columns", answers(pgHello + message('D', "\x00\x01\x00\x00\x00\x011")), "a row does not have the columns"},
		{"dies in the query", func(c net.Conn) {
			c.Read(make([]byte, 1<<16))
			c.Write([]byte(pgHello))
			c.Read(make([]byte, 1<<16))
		}, "Connection terminated unexpectedly"},
		{"out of connections", answers(message('E', "SFATAL\x00VFATAL\x00C53300\x00Msorry, too many clients already\x00\x00")), "sorry, too many clients already|53300"},
	}
	my := []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"closes at once", closed, "PROTOCOL_CONNECTION_LOST|true"},
		{"speaks HTTP", sends("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "Packets out of order"},
		{"speaks SSH", sends("SSH-2.0-OpenSSH_9\r\n"), "Packets out of order"},
		{"old protocol", sends(packet(0, "\x09old")), "does not speak the MySQL protocol"},
		{"short greeting", sends(packet(0, "\x0a5.7\x00\x01")), "does not speak the MySQL protocol"},
		{"empty greeting", sends(packet(0, "")), "does not speak the MySQL protocol"},
		{"out of connections", sends(packet(0, "\xff\x10\x04Too many connections")), "Too many connections|ER_CON_COUNT_ERROR|true"},
		{"old password", func(c net.Conn) {
			c.Write([]byte(mysqlHello))
			c.Read(make([]byte, 1<<16))
			c.Write([]byte(packet(2, "\xfe")))
			hang(c)
		}, "ER_NOT_SUPPORTED_AUTH_MODE|true"},
		{"asks for the password as it is", func(c net.Conn) {
			c.Write([]byte(mysqlHello))
			c.Read(make([]byte, 1<<16))
			c.Write([]byte(packet(2, "\xfemysql_clear_password\x00")))
			b := make([]byte, 1<<16)
			if n, _ := c.Read(b); strings.Contains(string(b[:n]), thePassword) {
				t.Error("the password was sent in clear to whoever asked")
			}
		}, "mysql_clear_password"},
		{"endless questions", func(c net.Conn) {
			c.Write([]byte(mysqlHello))
			c.Read(make([]byte, 1<<16))
			for i := byte(2); ; i += 2 {
				if _, err := c.Write([]byte(packet(i, "\xfemysql_native_password\x0012345678901234567890\x00"))); err != nil {
					return
				}
				if _, err := c.Read(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, "it never finishes the login"},
		{"asks for a file", logsIn(packet(1, "\xfb/etc/passwd")), "LOCAL INFILE is not available"},
		{"too many columns", logsIn(packet(1, "\xfc\xff\xff")), "does not speak the MySQL protocol"},
		{"nonsense columns", logsIn(packet(1, "\x01") + packet(2, "\x03def\xff")), "does not speak the MySQL protocol"},
		{"lying lengths", logsIn(packet(1, "\x01") + packet(2, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff")), "does not speak the MySQL protocol"},
		{"dies in the query", func(c net.Conn) {
			c.Write([]byte(mysqlHello))
			c.Read(make([]byte, 1<<16))
			c.Write([]byte(packet(2, mysqlOK)))
			c.Read(make([]byte, 1<<16))
		}, "PROTOCOL_CONNECTION_LOST|true"},
	}
	p := jailed(t, 1)
	for _, c := range pg {
		t.Run("pg/"+c.name, func(t *testing.T) { lied(t, p, c.do, c.want, "pg-legacy", "pg") })
	}
	for _, c := range my {
		t.Run("mysql/"+c.name, func(t *testing.T) { lied(t, p, c.do, c.want, "mysql", "mysql2") })
	}
}

func lied(t *testing.T, in rulebox.Invoker, do func(net.Conn), want string, forms ...string) {
	addr := liar(t, do)
	for _, form := range forms {
		start := time.Now()
		err := failing(t, in, addr.String(), form, nil)
		assert.Contains(t, err.Message, want, form)
		assert.Less(t, time.Since(start), 5*time.Second, "%s: as long as the limit", form)
	}
}

// failing logs in at the address, wants an error, and that nobody can read the
// password in it or in the logs.
func failing(t *testing.T, in rulebox.Invoker, address, form string, limits *rulebox.Limits) *rulebox.Error {
	t.Helper()
	c := at(t, address, form)
	if limits != nil {
		c.Limits = *limits
	}
	res, err := in.Invoke(deadline(t), invocation(c))
	require.Error(t, err, form)
	e, ok := err.(*rulebox.Error)
	require.True(t, ok)
	text := fmt.Sprintf("%+v %s %s %s", e, e.Hint, e.Trace, e.Cause)
	if res != nil {
		for _, l := range res.Logs {
			text += "\n" + l.Text
		}
	}
	assert.NotContains(t, text, thePassword, "%s tells the password", form)
	return e
}

func at(t *testing.T, address, form string) *rulebox.Chain {
	h, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return &rulebox.Chain{
		Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Egress: []string{address},
		Configuration: map[string]string{"HOST": h, "PORT": port, "USER": "app", "PASSWORD": thePassword, "DATABASE": "app"},
		Scripts:       []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, form, loginForms[form])},
	}
}

func invocation(c *rulebox.Chain) *rulebox.Invocation {
	return &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "tx", Args: []json.RawMessage{json.RawMessage(`"ada@example.org"`), json.RawMessage(`"secret"`)}}
}

// Servers that are not there, that never answer, and that refuse the password.
func TestAbsentAndSilentServers(t *testing.T) {
	p, patient := jailed(t, 1), jailed(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	for form := range loginForms {
		t.Run("nobody listens/"+form, func(t *testing.T) {
			assert.Contains(t, failing(t, p, l.Addr().String(), form, nil).Message, "connect ECONNREFUSED "+l.Addr().String())
		})
		t.Run("silent/"+form, func(t *testing.T) {
			t.Parallel()
			e := failing(t, p, liar(t, hang).String(), form, &rulebox.Limits{Wall: time.Second})
			assert.Equal(t, rulebox.CodeTimeout, e.Code)
		})
		t.Run("slow login/"+form, func(t *testing.T) {
			if testing.Short() {
				t.Skip("waits for the limit of a login, 10 s")
			}
			t.Parallel()
			e := failing(t, patient, liar(t, hang).String(), form, &rulebox.Limits{Wall: 25 * time.Second})
			assert.Contains(t, e.Message, "connect ETIMEDOUT")
			assert.Contains(t, e.Message, "did not finish the login in time")
		})
		t.Run("not allowed/"+form, func(t *testing.T) {
			c := at(t, l.Addr().String(), form)
			c.Egress = nil
			_, err := p.Invoke(deadline(t), invocation(c))
			require.Error(t, err)
			assert.Contains(t, err.Error(), "connecting to "+l.Addr().String()+" is not allowed|EFORBIDDEN")
		})
	}
}

// A wrong password, an unknown database and account are the server's own words.
func TestRefusedLogins(t *testing.T) {
	p := jailed(t, 1)
	pg, my := testserver.PostgreSQL(t, testserver.Options{}), testserver.MariaDB(t, testserver.Options{})
	assert.Contains(t, failing(t, p, pg.Address(), "pg", nil).Message, `password authentication failed for user "app"|28P01`)
	assert.Contains(t, failing(t, p, pg.Address(), "pg-legacy", nil).Message, `password authentication failed for user "app"|28P01`)
	assert.Contains(t, failing(t, p, my.Address(), "mysql", nil).Message, `ER_ACCESS_DENIED_ERROR: Access denied for user 'app'@'127.0.0.1' (using password: YES)|ER_ACCESS_DENIED_ERROR|true`)
	assert.Contains(t, failing(t, p, my.Address(), "mysql2", nil).Message, `Access denied for user 'app'@'127.0.0.1' (using password: YES)|ER_ACCESS_DENIED_ERROR|true`)
}

// worksIn reports whether a process has its working directory below dir.
func worksIn(dir string) bool {
	processes, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, p := range processes {
		if cwd, err := os.Readlink(p); err == nil && strings.HasPrefix(cwd, dir) {
			return true
		}
	}
	return false
}

// A server that is killed between and in the middle of logins.
func TestKilledServer(t *testing.T) {
	for scheme, c := range map[string]struct {
		start func(testing.TB, testserver.Options) *testserver.Server
		slow  string
	}{
		"postgres": {testserver.PostgreSQL, `function login(a, b, callback) { const { Client } = require('pg@8.0.0'); const c = new Client(configuration.URL);
			c.connect(); c.query(a === 'slow' ? 'SELECT pg_sleep(60)' : 'SELECT 1 AS one', (err, r) => callback(err, r && r.rows[0])); }`},
		"mysql": {testserver.MariaDB, `function login(a, b, callback) { const c = require('mysql').createConnection(configuration.URL);
			c.query(a === 'slow' ? 'SELECT SLEEP(60)' : 'SELECT 1 AS one', (err, r) => callback(err, r && r[0])); }`},
	} {
		t.Run(scheme, func(t *testing.T) {
			s := c.start(t, testserver.Options{})
			p := jailed(t, 1)
			chain := chainOf(s, scheme, "login", c.slow)
			try := func(how string) error {
				in := invocation(chain)
				in.Args[0] = json.RawMessage(`"` + how + `"`)
				_, err := p.Invoke(deadline(t), in)
				return err
			}
			require.NoError(t, try("quick"))
			failed := make(chan error, 1)
			go func() { failed <- try("slow") }()
			time.Sleep(200 * time.Millisecond) // let it be in the query; if it is not, it fails to connect
			s.Kill()
			err := <-failed
			require.Error(t, err)
			assert.NotEqual(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
			require.Error(t, try("quick"), "the server is down")
			// PostgreSQL does not start while processes of the one before are there.
			require.Eventually(t, func() bool { return !worksIn(s.Dir) }, safety, 10*time.Millisecond)
			s.Start()
			require.NoError(t, try("quick"), "the server is back")
		})
	}
}

// 200 logins at once hold no more connections than the tenant may have.
func TestManyLogins(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	counter := postgres(t, s)
	chain := chainOf(s, "postgres", "login", `function login(email, password, callback) {
		require('pg').connect(configuration.URL, function (err, client, done) {
			if (err) return callback(err);
			client.query('SELECT pg_sleep(0.01), $1::text AS email', [email], function (err, r) { done(); callback(err, r && { user_id: r.rows[0].email }); });
		});
	}`)
	p := jailed(t, 2) // the default: 8 connections
	stop, most := make(chan struct{}), make(chan int, 1)
	go func() {
		top := 0
		for {
			res, err := counter.Query(deadline(t), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
			if err == nil {
				n := 0
				fmt.Sscan(*res[0].Rows[0][0], &n)
				top = max(top, n)
			}
			select {
			case <-stop:
				most <- top
				return
			default:
			}
		}
	}()
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for i := range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			in := invocation(chain)
			in.Args[0] = json.RawMessage(fmt.Sprintf("%q", fmt.Sprint("user", i)))
			res, err := p.Invoke(deadline(t), in)
			if err == nil && string(res.Values[0]) != fmt.Sprintf(`{"user_id":"user%d"}`, i) {
				err = fmt.Errorf("user%d got %s", i, res.Values[0])
			}
			errs <- err
		}()
	}
	wg.Wait()
	close(stop)
	for range 200 {
		require.NoError(t, <-errs)
	}
	top := <-most
	assert.LessOrEqual(t, top, 8)
	assert.Greater(t, top, 1, "nothing was seen at work")
}

// Who waits too long for a connection is told how many there are.
func TestExhaustedConnections(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	c := chainOf(s, "postgres", "login", `function login(how, b, callback) {
		const { Client } = require('pg@8.0.0');
		const client = new Client({ connectionString: configuration.URL, connectionTimeoutMillis: how === 'waits' ? 100 : 0 });
		client.connect();
		client.query("SELECT pg_sleep(CASE WHEN $1 = 'holds' THEN 2 ELSE 0 END)", [how], (err) => callback(err ? Object.assign(err, { message: err.message + '|' + err.code + '|' + err.hint }) : null, how));
	}`)
	p := oneConnection(t)
	try := func(how string) error {
		in := invocation(c)
		in.Args[0] = json.RawMessage(`"` + how + `"`)
		_, err := p.Invoke(deadline(t), in)
		return err
	}
	held := make(chan error, 1)
	counter := postgres(t, s)
	go func() { held <- try("holds") }()
	require.Eventually(t, func() bool {
		res, err := counter.Query(deadline(t), "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
		return err == nil && len(res[0].Rows) == 1
	}, safety, 5*time.Millisecond)
	err := try("waits")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "timeout exceeded when trying to connect: all 1 connections to databases are in use|ETIMEDOUT|scripts of one tenant share these connections")
	require.NoError(t, <-held)
	require.NoError(t, try("next"))
}
