package dbtest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/testserver"
)

// RULEBOX_ORIGINALS_DATABASES is a copy of testdata/originals in which npm install
// has run. With it the cases whose names do not begin with "ours" run against the
// original clients under Node.js: the cases, and our peers, are right if these
// pass too.
func originals(t *testing.T, archive, scheme string, s *testserver.Server) {
	dir := os.Getenv("RULEBOX_ORIGINALS_DATABASES")
	if dir == "" {
		t.Skip("needs Node.js and RULEBOX_ORIGINALS_DATABASES; see the comment")
	}
	cmd := exec.CommandContext(deadline(t), "node", "--no-warnings", "testdata/originals/run.js", dir, "testdata/"+archive,
		s.Host, strconv.Itoa(s.Port), s.User, s.Password, s.Database, configuration(s, scheme)["URL"])
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.NotContains(t, string(out), "FAIL", "%s", out)
	assert.Greater(t, strings.Count(string(out), "ok   "), 5)
}

func TestOriginalsOfDatabases(t *testing.T) {
	t.Run("redis", func(t *testing.T) { originals(t, "redis.txtar", "redis", testserver.Redis(t, testserver.Options{})) })
	t.Run("mongodb", func(t *testing.T) {
		p := newMongoPeer(t, &mongoPeer{user: "rulebox", password: "correct horse"})
		originals(t, "mongodb.txtar", "mongodb", peerServer(p.addr, p.user, p.password, ""))
	})
	t.Run("mssql", func(t *testing.T) {
		p := newMSSQLPeer(t, "rulebox", "correct horse")
		originals(t, "mssql.txtar", "mssql", peerServer(p.addr, p.user, p.password, "crm"))
	})
}
