package dbtest

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestSQLServer(t *testing.T) {
	p := newMSSQLPeer(t, "rulebox", "correct horse")
	runCases(t, "mssql.txtar", "mssql", peerServer(p.addr, p.user, p.password, "crm"), func(text string) { assert.Empty(t, text, "there is no schema") })
}

// What one login leaves in its session does not reach the next.
func TestCrimesSQLServer(t *testing.T) {
	p := newMSSQLPeer(t, "rulebox", "correct horse")
	c := chainOf(peerServer(p.addr, p.user, p.password, "crm"), "mssql", "login", `function login(mode, text, callback) {
		const { Connection, Request } = require('tedious@16.1.0');
		const c = new Connection({ server: configuration.HOST, authentication: { type: 'default', options: { userName: configuration.USER, password: configuration.PASSWORD } }, options: { port: +configuration.PORT, encrypt: false, rowCollectionOnRequestCompletion: true } });
		c.connect((err) => {
			if (err) return callback(err);
			const crime = () => c.execSqlBatch(new Request('CREATE TABLE #loot', (err) => c.execSqlBatch(new Request('BEGIN TRAN', (err) => look()))));
			const look = () => c.execSqlBatch(new Request('SELECT state', (err, n, rows) => callback(err, { session: rows[0][0].value, out: [rows[0].slice(1).map((x) => x.value)] })));
			if (mode === 'crime') crime(); else look();
		});
	}`)
	pool := oneConnection(t)
	before := runCrime(t, pool, c, "crime")
	after := runCrime(t, pool, c, "probe")
	assert.JSONEq(t, `[true, true]`, string(before.Out[0]), "the crime was not committed: this case proves nothing")
	assert.Equal(t, before.Session, after.Session, "the session was not used again: this case proves nothing")
	assert.JSONEq(t, `[false, false]`, string(after.Out[0]))
}

func TestLyingSQLServer(t *testing.T) {
	hello := "\x04\x01\x00\x0f\x00\x00\x01\x00\x01\x00\x06\x00\x01\xff\x02"
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"closes at once", func(net.Conn) {}, "socket hang up|ECONNRESET"},
		{"speaks HTTP", answers("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak the TDS protocol"},
		{"wants TLS", answers(hello[:14] + "\x03"), "Server requires encryption"},
		{"says nothing", hang, "in 500ms"},
		{"unknown token", answers(hello + "\x04\x01\x00\x09\x00\x00\x01\x00\x42"), "an unknown token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := liar(t, c.do)
			chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Egress: []string{at.String()},
				Configuration: map[string]string{"HOST": at.IP.String(), "PORT": strconv.Itoa(at.Port)},
				Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", `function login(email, password, callback) {
					const { Connection } = require('tedious@1.11.0');
					new Connection({ server: configuration.HOST, userName: 'u', password: 'p', options: { port: +configuration.PORT, connectTimeout: 500 } }).on('connect', callback);
				}`)}}
			_, err := inProcess(t).Invoke(deadline(t), invocation(chain))
			require.Error(t, err)
			assert.Regexp(t, c.want, err.Error())
		})
	}
}
