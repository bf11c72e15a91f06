package bus

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/store"
)

// On a NATS server of the operator's, node and tenants may be users of one account,
// the tenants with permissions that keep them in. A request says where its answer
// is to go, which the permissions are not about: the node must not purge streams,
// write to its buckets or ask other tenants' triggers because of that.
func TestAnswersGoToNoService(t *testing.T) {
	account := natsserver.NewAccount("SHARED")
	user := func(name string, publish, subscribe []string) *natsserver.User {
		return &natsserver.User{Username: name, Password: name, Account: account, Permissions: &natsserver.Permissions{
			Publish: &natsserver.SubjectPermission{Allow: publish}, Subscribe: &natsserver.SubjectPermission{Allow: subscribe},
		}}
	}
	ns, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Accounts: []*natsserver.Account{account},
		Users:    []*natsserver.User{user("node", []string{">"}, []string{">"}), user("shop", []string{"rulebox.v1.acme.>"}, []string{"_INBOX.>"})},
	})
	require.NoError(t, err)
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	require.True(t, ns.ReadyForConnections(safety))
	account, err = ns.LookupAccount("SHARED")
	require.NoError(t, err)
	require.NoError(t, account.EnableJetStream(map[string]natsserver.JetStreamAccountLimits{"": {MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1}}, nil))
	node, err := Dial(testContext(t), ConnectOptions{URL: ns.ClientURL(), NATS: []nats.Option{nats.UserInfo("node", "node")}})
	require.NoError(t, err)
	t.Cleanup(node.Close)
	shared, err := store.OpenKV(testContext(t), node, zap.NewNop())
	require.NoError(t, err)
	states, err := shared.States(testContext(t))
	require.NoError(t, err)
	require.NoError(t, states.Put(testContext(t), "aa", []byte("a login that waits"), time.Minute))

	var others, runs atomic.Int32
	startNode(t, nil, ServeOptions{Conn: node, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		runs.Add(1)
		if inv.Tenant != "acme" {
			others.Add(1)
		}
		return echo(ctx, inv)
	})})
	var heard atomic.Int32
	_, err = node.Subscribe("rulebox.v1.other.>", func(*nats.Msg) { heard.Add(1) })
	require.NoError(t, err)
	shop, err := nats.Connect(ns.ClientURL(), nats.UserInfo("shop", "shop"))
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	require.NoError(t, node.Flush())
	for _, reply := range []string{"$KV.rulebox_states.aa", "$KV.rulebox_states.bb", "$JS.API.STREAM.PURGE.KV_rulebox_states", "rulebox.v1.other.login"} {
		require.NoError(t, shop.PublishRequest("rulebox.v1.acme.login", reply, []byte(`{"user":{},"context":{}}`)))
	}
	require.NoError(t, shop.Flush())
	// What came before it was dealt with when this is answered.
	answer, err := shop.Request("rulebox.v1.acme.login", []byte(`{"user":{},"context":{}}`), safety)
	require.NoError(t, err)
	require.Contains(t, string(answer.Data), "allow")
	assert.Never(t, func() bool { return heard.Load()+others.Load() > 0 || runs.Load() > 1 }, 200*time.Millisecond, 10*time.Millisecond)
	js, err := jetstream.New(node)
	require.NoError(t, err)
	kv, err := js.KeyValue(testContext(t), "rulebox_states")
	require.NoError(t, err)
	_, err = kv.Get(testContext(t), "bb")
	assert.ErrorIs(t, err, jetstream.ErrKeyNotFound)
	record, err := states.Take(testContext(t), "aa")
	require.NoError(t, err)
	assert.Equal(t, "a login that waits", string(record))
}
