package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"

	"github.com/rulebox/rulebox/internal/testserver"
)

const (
	member       = "ines.moreira@acme-industries.example"
	memberQuery  = "SELECT id::text, email, password_hash, email_verified, plan FROM members WHERE lower(email) = lower($1)"
	memberSecret = "correct horse"
	memberSchema = `CREATE TABLE members (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL, password_hash text NOT NULL,
  email_verified boolean NOT NULL DEFAULT false, plan text NOT NULL DEFAULT 'free');
CREATE UNIQUE INDEX members_email ON members (lower(email));
INSERT INTO members (email, password_hash) SELECT 'm' || n || '@acme.example', '-' FROM generate_series(1, 10000) n;
ANALYZE members;`
)

// connection is the source of get_user and login: the same query, and in login a
// bcrypt hash.
const connection = `async function NAME(PARAMETERS, callback) {
  const { Client } = require('pg@8');
  const client = new Client({ connectionString: configuration.DATABASE_URL });
  try {
    await client.connect();
    const found = await client.query('` + memberQuery + `', [email]);
    const member = found.rows[0];
    if (!member) return callback(null);
    CHECK
    callback(null, { user_id: member.id, email: member.email, email_verified: member.email_verified, app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}`

// database measures scripts of a connection to PostgreSQL, whole, against the
// query through pgx, with connections kept in both.
func (b *bench) database(ctx context.Context) error {
	server, stop, err := startPostgreSQL()
	if err != nil {
		fmt.Println("\nNo database in this run:", err)
		return nil
	}
	defer stop()
	url := fmt.Sprintf("postgres://%s:%s@%s/%s", server.User, "correct%20horse", server.Address(), server.Database)
	pool, err := dialAll(ctx, url)
	if err != nil {
		return err
	}
	defer pool.close()
	hash, err := bcrypt.GenerateFromPassword([]byte(memberSecret), 10)
	if err != nil {
		return err
	}
	if err := pool.use(func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, memberSchema); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "INSERT INTO members (email, password_hash) VALUES ($1, $2)", member, string(hash))
		return err
	}); err != nil {
		return err
	}
	if err := writeConnection(b.path("db"), url); err != nil {
		return err
	}
	c, err := b.startRulebox(ctx, "db", "--egress-allow", server.Address())
	if err != nil {
		return err
	}
	defer c.close()
	list := b.databaseSubjects(pool, c)
	for round := range b.rounds() + 1 {
		for _, s := range list {
			for end := time.Now().Add(b.turn() / 2); time.Now().Before(end); {
				begin := time.Now()
				if err := s.ask(ctx); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if round > 0 {
					s.all = append(s.all, time.Since(begin))
				}
			}
		}
	}
	for round := range b.rounds()/2 + 1 {
		for _, s := range list {
			rate, _, err := flood(ctx, s.ask, 32, b.turn()/2)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				s.rates = append(s.rates, rate)
			}
		}
	}
	table("Database scripts with PostgreSQL, connections kept", "what", "p50 µs", "p99 µs", "p50 / floor", "a second, 32 in flight", "of the floor", "the floor")
	for _, s := range list {
		if s.floor == nil {
			row(s.name, us(percentile(s.all, 50)), us(percentile(s.all, 99)), "1.00", fmt.Sprintf("%.0f", median(s.rates)), "1.00", "")
			continue
		}
		row(s.name, us(percentile(s.all, 50)), us(percentile(s.all, 99)), ratio(percentile(s.all, 50), percentile(s.floor.all, 50)),
			fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(s.floor.rates)), s.floor.name)
	}
	return nil
}

// query is one way of finding a member.
type query struct {
	name  string
	ask   func(context.Context) error
	floor *query
	all   []time.Duration
	rates []float64
}

// databaseSubjects are the query alone, the query behind NATS, and the scripts.
func (b *bench) databaseSubjects(pool plainPool, c *candidate) []*query {
	find := func(ctx context.Context) (hash string, err error) {
		var id, email, plan string
		var verified bool
		err = pool.use(func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, memberQuery, member).Scan(&id, &email, &hash, &verified, &plan)
		})
		return hash, err
	}
	check := func(ctx context.Context) error {
		hash, err := find(ctx)
		if err == nil {
			err = bcrypt.CompareHashAndPassword([]byte(hash), []byte(memberSecret))
		}
		return err
	}
	fire := func(conn *nats.Conn, operation string, args ...string) func(context.Context) error {
		body, err := json.Marshal(map[string]any{"args": args})
		return func(ctx context.Context) error {
			if err != nil {
				return err
			}
			m, err := conn.RequestWithContext(ctx, "rulebox.v1.db.db.members."+operation, body)
			if err != nil {
				return err
			}
			if !bytes.Contains(m.Data, []byte(`"email":"`+member+`"`)) {
				return fmt.Errorf("%.400s", m.Data)
			}
			return nil
		}
	}
	plain := &query{name: "query through pgx", ask: func(ctx context.Context) error { _, err := find(ctx); return err }}
	hashed := &query{name: "query through pgx and bcrypt in Go", ask: check}
	echoed := &query{name: "query through pgx after a NATS echo", floor: plain, ask: func(ctx context.Context) error {
		if _, err := b.own.conn.RequestWithContext(ctx, "echo", b.payload); err != nil {
			return err
		}
		_, err := find(ctx)
		return err
	}}
	return []*query{plain, echoed, {name: "get_user over NATS", floor: plain, ask: fire(c.conn, "get_user", member)},
		hashed, {name: "login over NATS: the query and bcrypt", floor: hashed, ask: fire(c.conn, "login", member, memberSecret)}}
}

// plainPool holds as many connections as a tenant may have on a node.
type plainPool chan *pgx.Conn

const plainConnections = 8

func dialAll(ctx context.Context, url string) (plainPool, error) {
	p := make(plainPool, plainConnections)
	for range plainConnections {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			p.close()
			return nil, err
		}
		p <- conn
	}
	return p, nil
}

func (p plainPool) use(f func(*pgx.Conn) error) error {
	conn := <-p
	defer func() { p <- conn }()
	return f(conn)
}

func (p plainPool) close() {
	for len(p) > 0 {
		(<-p).Close(context.Background())
	}
}

func writeConnection(dir, url string) error {
	folder := filepath.Join(dir, "db", "database-connections", "members")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := json.Marshal(map[string]any{"name": "members", "strategy": "auth0", "options": map[string]any{
		"enabledDatabaseCustomization": true, "configuration": map[string]string{"DATABASE_URL": url},
		"customScripts": map[string]string{"get_user": "./get_user.js", "login": "./login.js"},
	}})
	if err != nil {
		return err
	}
	script := func(name, parameters, check string) []byte {
		s := bytes.Replace([]byte(connection), []byte("NAME"), []byte(name), 1)
		return bytes.Replace(bytes.Replace(s, []byte("PARAMETERS"), []byte(parameters), 1), []byte("CHECK"), []byte(check), 1)
	}
	for name, text := range map[string][]byte{
		filepath.Join(dir, "db", "rulebox.json"): []byte("{}"),
		filepath.Join(folder, "database.json"):   file,
		filepath.Join(folder, "get_user.js"):     script("getUser", "email", ""),
		filepath.Join(folder, "login.js"): script("login", "email, password",
			`if (!(await require('bcrypt').compare(password, member.password_hash))) return callback(new WrongUsernameOrPasswordError(email));`),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// A stage is the testing.TB of a server that is started outside of a test.
type stage struct {
	testing.TB // nil: what is not below is not used
	cleanups   []func()
	err        error
}

func (s *stage) Helper()                      {}
func (s *stage) Cleanup(f func())             { s.cleanups = append(s.cleanups, f) }
func (s *stage) Errorf(f string, args ...any) { s.err = fmt.Errorf(f, args...) }
func (s *stage) Fatal(args ...any)            { s.end(errors.New(fmt.Sprint(args...))) }
func (s *stage) Fatalf(f string, args ...any) { s.end(fmt.Errorf(f, args...)) }
func (s *stage) Skip(args ...any)             { s.Fatal(args...) }
func (s *stage) Skipf(f string, args ...any)  { s.Fatalf(f, args...) }
func (s *stage) Logf(string, ...any)          {}

func (s *stage) end(err error) {
	s.err = err
	runtime.Goexit()
}

func (s *stage) close() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}

// startPostgreSQL starts the server that tests use.
func startPostgreSQL() (*testserver.Server, func(), error) {
	s := &stage{}
	var server *testserver.Server
	done := make(chan struct{})
	go func() { // Fatal ends its goroutine
		defer close(done)
		server = testserver.PostgreSQL(s, testserver.Options{})
	}()
	<-done
	if s.err != nil {
		s.close()
		return nil, nil, s.err
	}
	return server, s.close, nil
}
