package dbtest

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/pgwire"
	"github.com/rulebox/rulebox/runtime"
)

// BenchmarkGetUser is a script that looks a user up in PostgreSQL, in this process:
// ns/op is all that a login costs, with the next realm made ready after it, p50-ns
// what it waits for, cpu-ns/op the processor time of all. `floor` is the same query on one connection.
func BenchmarkGetUser(b *testing.B) {
	const query = "SELECT id::text, email, password_hash, email_verified, plan FROM members WHERE lower(email) = lower($1)"
	s := testserver.PostgreSQL(b, testserver.Options{})
	ctx := context.Background()
	raw, err := net.Dial("tcp", s.Address())
	require.NoError(b, err)
	conn, err := pgwire.Connect(ctx, raw, &pgwire.Config{User: s.User, Password: s.Password, Database: s.Database})
	require.NoError(b, err)
	defer conn.Close()
	_, err = conn.Query(ctx, `CREATE TABLE members (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL, password_hash text NOT NULL,
		email_verified boolean NOT NULL DEFAULT false, plan text NOT NULL DEFAULT 'free');
		CREATE UNIQUE INDEX members_email ON members (lower(email));
		INSERT INTO members (email, password_hash) SELECT 'm' || n || '@acme.example', '-' FROM generate_series(1, 10000) n; ANALYZE members`)
	require.NoError(b, err)
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			res, err := conn.QueryParams(ctx, query, []pgwire.Param{{Data: []byte("m7@acme.example")}})
			if err != nil || len(res[0].Rows) != 1 {
				b.Fatal(err)
			}
		}
	})
	for name, source := range map[string]string{
		"Client": `async function getUser(email, callback) {
  const { Client } = require('pg@8');
  const client = new Client({ connectionString: configuration.URL });
  try {
    await client.connect();
    const found = await client.query('` + query + `', [email]);
    const member = found.rows[0];
    if (!member) return callback(null);
    callback(null, { user_id: member.id, email: member.email, email_verified: member.email_verified, app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}`,
		"global": `function getByEmail(email, callback) {
  postgres(configuration.URL, function (err, client, done) {
    if (err) return callback(err);
    client.query('` + query + `', [email], function (err, result) {
      done();
      if (err) return callback(err);
      if (result.rows.length === 0) return callback(null);
      const user = result.rows[0];
      return callback(null, { user_id: user.id, nickname: user.plan, email: user.email });
    });
  });
}`,
	} {
		b.Run(name, func(b *testing.B) {
			h := &host{}
			defer modules.CloseConnections(h)
			r := runtime.NewRunner(runtime.Options{Host: h, OwnsArgs: true})
			defer r.Close()
			inv := &rulebox.Invocation{ID: "1", Chain: chainOf(s, "postgres", "getUser", source), Args: []json.RawMessage{[]byte(`"m7@acme.example"`)}}
			var waits []time.Duration
			b.ReportAllocs()
			from := cpuTime()
			for b.Loop() {
				start := time.Now()
				res, err := r.Invoke(ctx, inv)
				if err != nil || len(res.Values) != 1 {
					b.Fatal(res, err)
				}
				waits = append(waits, time.Since(start))
				r.Prepare(inv.Chain)
			}
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)/2]), "p50-ns")
			b.ReportMetric(float64(cpuTime()-from)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpuTime is what this process has used; the machine may be busy with other things.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
