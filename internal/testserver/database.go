package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

const (
	adminUser     = "rulebox"
	adminPassword = "correct horse"
	adminDatabase = "rulebox"
)

var postgres = &kind{
	name: "postgres", debian: "postgresql", bin: "postgres", folders: []string{"/usr/lib/postgresql/*/bin"},
	user: "postgres", death: syscall.SIGINT, // fast shutdown: does not wait for clients
	ready: func(ctx context.Context, s *Server) error {
		return exec.CommandContext(ctx, s.find("pg_isready"), "-q", "-h", s.Host, "-p", strconv.Itoa(s.Port)).Run()
	},
}

// PostgreSQL starts a PostgreSQL server whose passwords are checked by
// SCRAM-SHA-256. User is a superuser.
func PostgreSQL(t testing.TB, o Options) *Server {
	t.Helper()
	s := newServer(t, postgres, o)
	s.User, s.Password, s.Database = adminUser, adminPassword, "postgres"
	s.write("password", adminPassword+"\n")
	s.own()
	data := filepath.Join(s.Dir, "data")
	s.setup("initdb", "--no-sync", "--auth=scram-sha-256", "--username="+s.User, "--pwfile="+filepath.Join(s.Dir, "password"),
		"--encoding=UTF8", "--locale=C", "--pgdata="+data)
	tls := s.certificate()
	s.launch(func(port int) []string {
		args := []string{"-D", data, "-p", strconv.Itoa(port), "-h", s.Host, "-k", "", "-c", "fsync=off", "-c", "full_page_writes=off"}
		if tls {
			args = append(args, "-c", "ssl=on", "-c", "ssl_cert_file="+s.path("cert.pem"), "-c", "ssl_key_file="+s.path("key.pem"))
		}
		return args
	})
	return s
}

var mariadb = &kind{
	name: "mariadb", debian: "mariadb-server", bin: "mariadbd", folders: []string{"/usr/sbin"},
	user: "mysql", death: syscall.SIGTERM,
	ready: func(ctx context.Context, s *Server) error {
		b, err := greet(ctx, s, "")
		if err == nil && (len(b) < 5 || b[4] != 10) {
			err = fmt.Errorf("the greeting %q is not that of protocol 10", b)
		}
		return err
	},
}

// MariaDB starts a MariaDB server. User may do everything, from loopback, and has
// its password checked by mysql_native_password.
func MariaDB(t testing.TB, o Options) *Server {
	t.Helper()
	s := newServer(t, mariadb, o)
	s.User, s.Password, s.Database = adminUser, adminPassword, adminDatabase
	s.write("init.sql", fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s;\nCREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO %s@'%%' WITH GRANT OPTION;\n",
		s.Database, s.User, s.Password, s.User))
	s.own()
	data := s.path("data")
	s.setup("mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	tls := s.certificate()
	s.launch(func(port int) []string {
		args := []string{"--no-defaults", "--datadir=" + data, "--bind-address=" + s.Host, "--port=" + strconv.Itoa(port),
			"--socket=" + s.path("socket"), "--pid-file=" + s.path("pid"), "--init-file=" + s.path("init.sql"), "--skip-name-resolve",
			"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M"}
		if tls {
			args = append(args, "--ssl-cert="+s.path("cert.pem"), "--ssl-key="+s.path("key.pem"))
		}
		return args
	})
	return s
}

var redis = &kind{
	name: "redis", debian: "redis-server", bin: "redis-server", death: syscall.SIGTERM,
	ready: func(ctx context.Context, s *Server) error {
		b, err := greet(ctx, s, "PING\r\n")
		if err == nil && len(b) == 0 {
			err = errors.New("no answer to PING")
		}
		return err
	},
}

// Redis starts a Redis server that keeps nothing and asks for Password; its user
// is the default one.
func Redis(t testing.TB, o Options) *Server {
	t.Helper()
	s := newServer(t, redis, o)
	s.Password = "correct-horse"
	s.launch(func(port int) []string {
		return []string{"--bind", s.Host, "--port", strconv.Itoa(port), "--requirepass", s.Password, "--save", "", "--appendonly", "no", "--dir", s.Dir}
	})
	return s
}

func (s *Server) path(name string) string { return filepath.Join(s.Dir, name) }

func (s *Server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// certificate writes the certificate of the options, if there is one.
func (s *Server) certificate() bool {
	s.t.Helper()
	c := s.options.TLS
	if c == nil {
		return false
	}
	s.write("cert.pem", c.Cert)
	s.write("key.pem", c.Key)
	s.write("ca.pem", c.CA)
	s.own()
	return true
}
