package testserver

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every server starts, answers, survives being killed, and leaves nothing.
func TestServers(t *testing.T) {
	cert := NewCertificate(t, nil)
	for _, tt := range []struct {
		name  string
		start func(t testing.TB) *Server
	}{
		{"postgres", func(t testing.TB) *Server { return PostgreSQL(t, Options{TLS: cert}) }},
		{"mariadb", func(t testing.TB) *Server { return MariaDB(t, Options{TLS: cert}) }},
		{"redis", func(t testing.TB) *Server { return Redis(t, Options{}) }},
		{"slapd", func(t testing.TB) *Server { return SLAPD(t, Options{TLS: cert}, "") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s *Server
			t.Run("life", func(t *testing.T) {
				s = tt.start(t)
				require.NoError(t, s.kind.ready(context.Background(), s))
				pid := s.Pid()
				s.Kill()
				_, err := net.Dial("tcp", s.Address())
				require.Error(t, err, "killed")
				s.Start()
				require.NoError(t, s.kind.ready(context.Background(), s))
				assert.NotEqual(t, pid, s.Pid())
			})
			_, err := net.Dial("tcp", s.Address())
			assert.Error(t, err, "it ended with its test")
			assert.NoDirExists(t, s.Dir)
		})
	}
}

func TestMissingServerIsNoSkip(t *testing.T) {
	if os.Getenv("RULEBOX_NO_SERVERS") != "" {
		t.Skip("asked for by RULEBOX_NO_SERVERS")
	}
	f := &recorder{TB: t}
	func() {
		defer func() { recover() }()
		s := &Server{t: f, kind: &kind{name: "x", debian: "some-package", bin: "no-such-server"}}
		s.find("no-such-server")
	}()
	assert.Contains(t, f.fatal, "apt-get install some-package")
}

// recorder is a test that notes why it failed.
type recorder struct {
	testing.TB
	fatal string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatal(args ...any) {
	r.fatal = args[0].(string)
	panic(r.fatal)
}
