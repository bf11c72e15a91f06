package bus

import (
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
)

// The permissions that the package's documentation names are enough on a NATS
// server that is not ours, and keep a tenant in.
func TestDocumentedPermissions(t *testing.T) {
	nodes, shop := natsserver.NewAccount("NODES"), natsserver.NewAccount("SHOP")
	user := func(account *natsserver.Account, name string, publish, subscribe []string) *natsserver.User {
		return &natsserver.User{Username: name, Password: name, Account: account, Permissions: &natsserver.Permissions{
			Publish: &natsserver.SubjectPermission{Allow: publish}, Subscribe: &natsserver.SubjectPermission{Allow: subscribe},
		}}
	}
	ns, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Accounts: []*natsserver.Account{nodes, shop},
		Users: []*natsserver.User{
			user(nodes, "node", []string{"_INBOX.>", "_R_.>", "$JS.API.>", "$JS.ACK.>", "$KV.>", "$O.>"}, []string{"rulebox.v1.>", "_INBOX.>"}),
			user(shop, "shop", []string{"rulebox.v1.acme.>"}, []string{"_INBOX.>"}),
		},
	})
	require.NoError(t, err)
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	require.True(t, ns.ReadyForConnections(safety))
	nodes, err = ns.LookupAccount("NODES")
	require.NoError(t, err)
	shop, err = ns.LookupAccount("SHOP")
	require.NoError(t, err)
	require.NoError(t, nodes.AddServiceExport(allSubjects, nil))
	require.NoError(t, shop.AddServiceImport(nodes, "rulebox.v1.acme.>", "rulebox.v1.acme.>"))
	require.NoError(t, nodes.EnableJetStream(map[string]natsserver.JetStreamAccountLimits{"": {MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1}}, nil))

	node, err := Dial(testContext(t), ConnectOptions{URL: ns.ClientURL(), NATS: []nats.Option{nats.UserInfo("node", "node")}})
	require.NoError(t, err)
	t.Cleanup(node.Close)
	js, err := jetstream.New(node)
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(testContext(t), jetstream.KeyValueConfig{Bucket: "tenants"})
	require.NoError(t, err)
	_, err = kv.PutString(testContext(t), "acme", "x")
	require.NoError(t, err)
	watch, err := kv.WatchAll(testContext(t))
	require.NoError(t, err)
	require.Equal(t, "x", string((<-watch.Updates()).Value()))
	require.NoError(t, watch.Stop())

	startNode(t, nil, ServeOptions{Conn: node, Handler: handlerFunc(echo)})
	client, err := Connect(testContext(t), ConnectOptions{URL: ns.ClientURL(), NATS: []nats.Option{nats.UserInfo("shop", "shop")}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err)
	_, err = client.Login(testContext(t), "beta", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err))
}
