package dbtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/sandbox"
)

// What one invocation leaves in its session must not reach the next. One script
// plays both: it commits the crime without ending its connection, or looks for
// traces of it; both say which session of the server they had.
const pgCrime = `function login(mode, text, callback) {
	const { Client } = require('pg@8.0.0');
	const client = new Client(configuration.URL);
	client.connect().then(() => client.query('SELECT pg_backend_pid() AS pid')).then(async (r) => {
		const pid = r.rows[0].pid;
		const out = [];
		for (const sql of JSON.parse(text)) {
			try { out.push((await client.query({ text: sql, rowMode: 'array' })).rows); } catch (e) { out.push(e.message); if (mode === 'crime' && !/^SELECT broken/.test(sql)) throw e; }
		}
		callback(null, { session: pid, out });
	}).catch(callback);
}`

const mysqlCrime = `function login(mode, text, callback) {
	const mysql = require('mysql');
	const c = mysql.createConnection({ host: configuration.HOST, port: configuration.PORT, user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE });
	const todo = JSON.parse(text), out = [];
	c.connect();
	c.query('SELECT CONNECTION_ID() AS id', function (err, r) {
		if (err) return callback(err);
		(function next() {
			if (!todo.length) return callback(null, { session: r[0].id, out });
			c.query(todo.shift(), function (err, rows) {
				if (err && mode === 'crime') return callback(err);
				out.push(err ? err.code : Array.isArray(rows) ? rows.map((x) => Object.values(x)) : 'ok');
				next();
			});
		})();
	});
}`

type crime struct {
	name   string
	commit []string
	probe  string
	want   string // JSON of the probe's rows
}

var pgCrimes = []crime{
	{"setting", []string{"SET myapp.tenant = 'stolen'", "SET search_path = pg_catalog", "SET statement_timeout = 1234"}, "SELECT coalesce(current_setting('myapp.tenant', true), ''), current_setting('search_path'), current_setting('statement_timeout')", `[["","\"$user\", public","0"]]`},
	{"temporary table", []string{"CREATE TEMP TABLE loot AS SELECT 'secret' AS s"}, "SELECT to_regclass('pg_temp.loot')", `[[null]]`},
	{"open transaction", []string{"CREATE TABLE IF NOT EXISTS pot (n int)", "BEGIN", "INSERT INTO pot VALUES (1)"}, "SELECT count(*)::int, now() = statement_timestamp() FROM pot", `[[0,true]]`},
	{"failed transaction", []string{"BEGIN", "SELECT broken FROM nowhere"}, "SELECT 1", `[[1]]`},
	{"prepared statement", []string{"PREPARE plan AS SELECT 1"}, "SELECT count(*)::int FROM pg_prepared_statements", `[[0]]`},
	{"listening", []string{"LISTEN ears"}, "SELECT count(*)::int FROM pg_listening_channels()", `[[0]]`},
	{"advisory lock", []string{"SELECT pg_advisory_lock(7)"}, "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'", `[[0]]`},
	{"cursor", []string{"BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "COMMIT"}, "SELECT count(*)::int FROM pg_cursors", `[[0]]`},
	{"role", []string{"DROP ROLE IF EXISTS thief", "CREATE ROLE thief", "SET ROLE thief"}, "SELECT current_user = session_user", `[[true]]`},
	{"session user", []string{"DROP ROLE IF EXISTS mask", "CREATE ROLE mask", "SET SESSION AUTHORIZATION mask"}, "SELECT current_user <> 'mask' AND session_user <> 'mask'", `[[true]]`},
}

var mysqlCrimes = []crime{
	{"variable", []string{"SET @loot = 'secret'", "SET SESSION sql_mode = 'ANSI_QUOTES'"}, "SELECT @loot, @@SESSION.sql_mode LIKE '%ANSI_QUOTES%'", `[[null,0]]`},
	{"temporary table", []string{"CREATE TEMPORARY TABLE loot (s INT)"}, "SELECT * FROM loot", `"ER_NO_SUCH_TABLE"`},
	{"open transaction", []string{"CREATE TABLE IF NOT EXISTS pot (n INT) ENGINE=InnoDB", "START TRANSACTION", "INSERT INTO pot VALUES (1)"}, "SELECT COUNT(*), @@in_transaction FROM pot", `[[0,0]]`},
	{"autocommit off", []string{"SET autocommit = 0"}, "SELECT @@autocommit", `[[1]]`},
	{"prepared statement", []string{"PREPARE plan FROM 'SELECT 1'"}, "EXECUTE plan", `"ER_UNKNOWN_STMT_HANDLER"`},
	{"named lock", []string{"SELECT GET_LOCK('jail', 1)"}, "SELECT IS_USED_LOCK('jail')", `[[null]]`},
	{"locked table", []string{"CREATE TABLE IF NOT EXISTS a (n INT)", "CREATE TABLE IF NOT EXISTS b (n INT)", "LOCK TABLES a READ"}, "SELECT COUNT(*) FROM b", `[[0]]`},
	{"database", []string{"USE mysql"}, "SELECT DATABASE()", `[["rulebox"]]`},
	{"character set", []string{"SET NAMES latin1"}, "SELECT @@character_set_client, @@character_set_results, @@collation_connection", `[["utf8mb4","utf8mb4","utf8mb4_general_ci"]]`},
	{"role", []string{"CREATE ROLE IF NOT EXISTS thief", "GRANT thief TO CURRENT_USER", "SET ROLE thief"}, "SELECT CURRENT_ROLE()", `[[null]]`},
	{"last insert", []string{"CREATE TEMPORARY TABLE seq (n INT AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO seq VALUES (NULL)"}, "SELECT LAST_INSERT_ID(), ROW_COUNT() <= 0", `[[0,1]]`},
}

type crimeAnswer struct {
	Session int64             `json:"session"`
	Out     []json.RawMessage `json:"out"`
}

func runCrime(t *testing.T, in rulebox.Invoker, c *rulebox.Chain, mode string, sql ...string) crimeAnswer {
	t.Helper()
	text, _ := json.Marshal(sql)
	arg, _ := json.Marshal(string(text))
	res, err := in.Invoke(deadline(t), &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "tx",
		Args: []json.RawMessage{json.RawMessage(`"` + mode + `"`), arg}})
	require.NoError(t, err)
	var a crimeAnswer
	require.NoError(t, json.Unmarshal(res.Values[0], &a))
	return a
}

// oneConnection is a pool of one worker that may hold one connection: the next
// invocation gets the session of the one before.
func oneConnection(t *testing.T) *sandbox.Pool {
	return pool(t, sandbox.Options{MaxPerTenant: 1, Warm: 1, Connections: 1})
}

func testCrimes(t *testing.T, c *rulebox.Chain, crimes []crime) {
	p := oneConnection(t)
	for _, cr := range crimes {
		t.Run(cr.name, func(t *testing.T) {
			before := runCrime(t, p, c, "crime", cr.commit...)
			after := runCrime(t, p, c, "probe", cr.probe)
			if cr.name == "role" && c.Scripts[0].Source == mysqlCrime {
				assert.NotEqual(t, before.Session, after.Session, "MariaDB cannot take a role back: the session must go")
			} else {
				assert.Equal(t, before.Session, after.Session, "the session was not used again: this case proves nothing")
			}
			assert.JSONEq(t, cr.want, string(after.Out[0]))
		})
	}
}

func TestCrimesPostgreSQL(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	testCrimes(t, chainOf(s, "postgres", "login", pgCrime), pgCrimes)
}

func TestCrimesMariaDB(t *testing.T) {
	s := testserver.MariaDB(t, testserver.Options{})
	testCrimes(t, chainOf(s, "mysql", "login", mysqlCrime), mysqlCrimes)
}

// A script that answers while its query runs takes its session with it.
func TestUnfinishedQuery(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	c := chainOf(s, "postgres", "login", `function login(mode, x, callback) {
		const { Client } = require('pg@8.0.0');
		const client = new Client(configuration.URL);
		client.connect();
		client.query('SELECT pg_backend_pid() AS pid', (err, r) => {
			if (err) return callback(err);
			if (mode === 'leave') client.query('SELECT pg_sleep(600)').catch(() => {});
			callback(null, r.rows[0].pid);
		});
	}`)
	c.Limits.Wall = 2 * time.Second
	p := oneConnection(t)
	one := func(mode string) string {
		res, err := p.Invoke(deadline(t), &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "tx", Args: []json.RawMessage{json.RawMessage(`"` + mode + `"`), json.RawMessage(`1`)}})
		require.NoError(t, err)
		return string(res.Values[0])
	}
	first := one("leave")
	c.Limits.Wall = 0
	next := chainOf(s, "postgres", "login", c.Scripts[0].Source) // waits for the place, longer than the first may take
	c = next
	assert.NotEqual(t, first, one("stay"))
	db := postgres(t, s)
	require.Eventually(t, func() bool { // the server takes its time to obey
		res, err := db.Query(deadline(t), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()")
		require.NoError(t, err)
		return *res[0].Rows[0][0] == "0"
	}, time.Minute, 20*time.Millisecond, "the server still works for nobody")
}

func TestUnfinishedQueryMariaDB(t *testing.T) {
	s := testserver.MariaDB(t, testserver.Options{})
	c := chainOf(s, "mysql", "login", `function login(mode, x, callback) {
		const c = require('mysql').createConnection(configuration.URL);
		c.query('SELECT CONNECTION_ID() AS id', (err, r) => {
			if (err) return callback(err);
			if (mode === 'leave') { c.query('SELECT SLEEP(600)', () => {}); setTimeout(() => {}, 1); }
			callback(null, r[0].id);
		});
	}`)
	c.Limits.Wall = 2 * time.Second
	p := oneConnection(t)
	in := invocation(c)
	in.Args[0] = json.RawMessage(`"leave"`)
	_, err := p.Invoke(deadline(t), in)
	require.NoError(t, err)
	next := invocation(chainOf(s, "mysql", "login", c.Scripts[0].Source))
	_, err = p.Invoke(deadline(t), next)
	require.NoError(t, err)
	db := mariadb(t, s)
	require.Eventually(t, func() bool {
		res, err := db.Query(deadline(t), "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'")
		require.NoError(t, err)
		return string(res[0].Rows[0][0]) == "0"
	}, time.Minute, 20*time.Millisecond, "the server still works for nobody")
}
