package dbtest

import (
	"encoding/json"
	"net"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
)

// The examples whose servers are not to be had here live one user's life on the
// peers. The others do so on real servers, in examples/database.
func live(t *testing.T, folder string, at *net.TCPAddr, configuration map[string]string) {
	pool := pool(t, sandbox.Options{Warm: 1})
	call := func(operation string, args ...any) (any, error) {
		source, err := os.ReadFile("../../examples/database/" + folder + "/database-connections/members/" + operation + ".js")
		require.NoError(t, err)
		chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.DatabasePrefix + "members." + operation, Configuration: configuration, Egress: []string{at.String()},
			Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, operation, string(source))}}
		inv := &rulebox.Invocation{Chain: chain, Tenant: chain.Tenant, Trigger: chain.Trigger, ID: "tx"}
		for _, a := range args {
			text, err := json.Marshal(a)
			require.NoError(t, err)
			inv.Args = append(inv.Args, text)
		}
		res, err := pool.Invoke(deadline(t), inv)
		if err != nil || len(res.Values) == 0 {
			return nil, err
		}
		var v any
		require.NoError(t, json.Unmarshal(res.Values[0], &v))
		return v, nil
	}
	must := func(operation string, args ...any) any {
		t.Helper()
		v, err := call(operation, args...)
		require.NoError(t, err, operation)
		return v
	}
	refused := func(name, operation string, args ...any) {
		t.Helper()
		_, err := call(operation, args...)
		e, is := err.(*rulebox.Error)
		require.True(t, is, "%v", err)
		assert.Equal(t, name, e.Name)
	}
	const ada, lovelace, wrong = "ada@example.org", "lovelace@example.org", "WrongUsernameOrPasswordError"
	assert.Nil(t, must("get_user", ada))
	refused(wrong, "login", ada, "engine")
	must("create", map[string]any{"email": ada, "password": "engine"})
	refused("ValidationError", "create", map[string]any{"email": ada, "password": "other"})
	refused(wrong, "login", ada, "motor")
	profile := must("login", ada, "engine").(map[string]any)
	assert.Equal(t, map[string]any{"plan": "free"}, profile["app_metadata"])
	assert.Equal(t, false, profile["email_verified"])
	assert.Equal(t, profile, must("get_user", ada))
	assert.Equal(t, true, must("verify", ada))
	assert.Equal(t, true, must("login", ada, "engine").(map[string]any)["email_verified"])
	assert.Equal(t, true, must("change_password", ada, "difference"))
	refused(wrong, "login", ada, "engine")
	assert.Equal(t, true, must("change_email", ada, lovelace, true))
	after := must("login", lovelace, "difference").(map[string]any)
	assert.Equal(t, profile["user_id"], after["user_id"])
	must("delete", after["user_id"])
	refused(wrong, "login", lovelace, "difference")
}

func TestExampleMongoDB(t *testing.T) {
	p := newMongoPeer(t, &mongoPeer{user: "rulebox", password: "correct horse"})
	p.unique["members.members"] = []string{"email"}
	live(t, "mongodb", p.addr, map[string]string{"MONGODB_URL": "mongodb://rulebox:correct%20horse@" + p.addr.String() + "/"})
	assert.Empty(t, p.match("members.members", bson.D{}))
}

func TestExampleSQLServer(t *testing.T) {
	p := newMSSQLPeer(t, "rulebox", "correct horse")
	live(t, "sqlserver", p.addr, map[string]string{"DB_HOST": p.addr.IP.String(), "DB_PORT": strconv.Itoa(p.addr.Port), "DB_USER": p.user, "DB_PASSWORD": p.password, "DB_NAME": "crm", "DB_ENCRYPT": "false"})
	assert.Empty(t, p.table)
}
