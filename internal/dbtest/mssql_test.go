package dbtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSQLServer(t *testing.T) {
	p := newMSSQLPeer(t, "rulebox", "correct horse")
	runCases(t, "mssql.txtar", "mssql", peerServer(p.addr, p.user, p.password, "crm"), func(text string) { assert.Empty(t, text, "there is no schema") })
}
