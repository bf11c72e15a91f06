package dbtest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

const pgTLS = `async function login(how, version, callback) {
	const { Client } = require('pg@' + version);
	const ssl = eval('(' + how + ')');
	const base = { user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE, host: configuration.HOST, port: configuration.PORT };
	const client = new Client(typeof ssl === 'string' ? configuration.URL + ssl : Object.assign(base, { ssl }));
	try {
		await client.connect();
		callback(null, (await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows[0].ssl);
	} catch (e) { callback(null, e.code || e.message); }
	client.end();
}`

const mysqlTLS = `function login(how, version, callback) {
	const c = require(version).createConnection({ user: configuration.USER, password: configuration.PASSWORD, database: configuration.DATABASE, host: configuration.HOST, port: configuration.PORT, ssl: eval('(' + how + ')') });
	c.query("SHOW SESSION STATUS LIKE 'Ssl_version'", (e, rows) => callback(null, e ? e.code : rows[0].Value !== ''));
}`

func testTLS(t *testing.T, s *testserver.Server, scheme, source, ca string, cases [][3]string) {
	c := chainOf(s, scheme, "login", source)
	c.Configuration["CA"] = ca
	p := jailed(t, 1)
	for _, tc := range cases {
		t.Run(tc[0]+" "+tc[1], func(t *testing.T) {
			how, _ := json.Marshal(tc[1])
			version, _ := json.Marshal(tc[0])
			res, err := p.Invoke(deadline(t), &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "tx", Args: []json.RawMessage{how, version}})
			require.NoError(t, err)
			assert.Equal(t, tc[2], string(res.Values[0]))
		})
	}
}

func TestTLSPostgreSQL(t *testing.T) {
	good := testserver.NewCertificate(t, []string{"127.0.0.1", "localhost"})
	s := testserver.PostgreSQL(t, testserver.Options{TLS: good})
	testTLS(t, s, "postgres", pgTLS, good.CA, [][3]string{
		{"8.0.0", `false`, `false`},
		{"8.0.0", `{ ca: configuration.CA }`, `true`},
		{"8.0.0", `{ ca: [Buffer.from(configuration.CA)] }`, `true`},
		{"8.0.0", `{ rejectUnauthorized: false }`, `true`},
		{"8.0.0", `true`, `"UNABLE_TO_VERIFY_LEAF_SIGNATURE"`},
		{"8.0.0", `'?sslmode=require'`, `"UNABLE_TO_VERIFY_LEAF_SIGNATURE"`},
		{"8.0.0", `'?sslmode=no-verify'`, `true`},
		{"8.0.0", `'?sslmode=disable'`, `false`},
		{"8.0.0", `{ ca: configuration.CA, servername: 'other.example' }`, `"ERR_TLS_CERT_ALTNAME_INVALID"`},
		{"8.0.0", `{ ca: configuration.CA, servername: 'other.example', checkServerIdentity: () => undefined }`, `true`},
		{"8.0.0", `{ ca: '/etc/ssl/ca.pem' }`, `"ERR_INVALID_ARG_VALUE"`},
		{"7.18.2", `true`, `true`},
		{"7.18.2", `{ rejectUnauthorized: true }`, `"UNABLE_TO_VERIFY_LEAF_SIGNATURE"`},
		{"6.4.2", `'?ssl=true'`, `true`},
	})
}

func TestTLSMariaDB(t *testing.T) {
	good := testserver.NewCertificate(t, []string{"db.example.test"})
	s := testserver.MariaDB(t, testserver.Options{TLS: good})
	testTLS(t, s, "mysql", mysqlTLS, good.CA, [][3]string{
		{"mysql", `undefined`, `false`},
		{"mysql", `{ ca: configuration.CA }`, `true`}, // the originals verify the name only if asked
		{"mysql", `{ rejectUnauthorized: false }`, `true`},
		{"mysql", `{}`, `"ERR_TLS_CERT_ALTNAME_INVALID"`}, // nor is it trusted
		{"mysql2", `{ ca: configuration.CA, verifyIdentity: true }`, `"ERR_TLS_CERT_ALTNAME_INVALID"`},
		{"mysql2", `{ ca: configuration.CA }`, `true`},
	})
}

func TestNoTLS(t *testing.T) {
	pg, my := testserver.PostgreSQL(t, testserver.Options{}), testserver.MariaDB(t, testserver.Options{})
	testTLS(t, pg, "postgres", pgTLS, "", [][3]string{{"8.0.0", `true`, `"The server does not support SSL connections"`}})
	testTLS(t, my, "mysql", mysqlTLS, "", [][3]string{{"mysql", `{ rejectUnauthorized: false }`, `"HANDSHAKE_NO_SSL_SUPPORT"`}})
}

// A server that speaks before TLS begins gets nothing believed that it said.
func TestSpeaksBeforeTLS(t *testing.T) {
	addr := liar(t, answers("S"+message('E', "SFATAL\x00C28000\x00Mgo to evil.example\x00\x00")))
	c := at(t, addr.String(), "pg")
	c.Scripts = []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", `function login(a, b, callback) {
		const { Client } = require('pg@8.0.0');
		new Client({ host: configuration.HOST, port: configuration.PORT, ssl: { rejectUnauthorized: false } }).connect((e) => callback(null, e.message));
	}`)}
	res, err := jailed(t, 1).Invoke(deadline(t), invocation(c))
	require.NoError(t, err)
	assert.NotContains(t, string(res.Values[0]), "evil")
}
