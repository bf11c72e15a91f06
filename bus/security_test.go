package bus

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
)

// What a transaction server's credentials must not do, each tried on a real
// server with a real node.

// refusal waits for what the server tells a client on the side.
func refusal(t *testing.T, errs <-chan error, names string) {
	t.Helper()
	select {
	case err := <-errs:
		require.ErrorIs(t, err, nats.ErrPermissionViolation)
		require.Contains(t, err.Error(), `"`+names+`"`)
	case <-time.After(safety):
		t.Fatalf("%s was not refused", names)
	}
}

func TestTenantCannotPublish(t *testing.T) {
	s := startServer(t, ServerOptions{})
	tenants := make(chan string, 64)
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		tenants <- inv.Tenant
		return echo(ctx, inv)
	})})
	node, err := s.Conn()
	require.NoError(t, err)
	defer node.Close()
	everything, err := node.SubscribeSync(">")
	require.NoError(t, err)
	require.NoError(t, node.Flush())

	conn, errs := dialAs(t, s, "shop", "acme")
	for _, subject := range []string{
		"rulebox.v1.beta.login", "rulebox.v1.beta.hook.post-change-password", "rulebox.v1.beta.db.legacy.login", "rulebox.v1.acme2.login", "rulebox.v1.*.login", "rulebox.v1.>", "rulebox.v1.acme", "rulebox.v2.acme.login", "rulebox.node.1",
		"$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.x", "$JS.API.STREAM.DELETE.x", "$KV.tenants.acme", "$O.x.C.y", "$JS.ACK.x.y",
		"$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.CLAIMS.UPDATE",
		"$SRV.PING", "$SRV.INFO.rulebox", "_INBOX.guess.1", "_R_.guess", "x",
	} {
		require.NoError(t, conn.PublishRequest(subject, conn.NewInbox(), []byte(`{"user":{},"context":{}}`)))
		refusal(t, errs, subject)
	}
	// The same connection may do what it is for: the test tests something.
	_, res, err := ask(t, conn, loginSubject, `{"user":{},"context":{}}`, nil)
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	require.Len(t, tenants, 1)
	require.Equal(t, "acme", <-tenants)
	for {
		msg, err := everything.NextMsg(100 * time.Millisecond)
		if err != nil {
			break
		}
		if msg.Subject != loginSubject && !strings.HasPrefix(msg.Subject, "_R_.") && !strings.HasPrefix(msg.Subject, "_INBOX.") {
			t.Errorf("a message reached the nodes' account on %s", msg.Subject)
		}
	}
}

// Queue stealing: a tenant that answers logins would be every user's judge.
func TestTenantCannotAnswer(t *testing.T) {
	s := startServer(t, ServerOptions{})
	var node, thief atomic.Int64
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		node.Add(1)
		return echo(ctx, inv)
	})})
	conn, errs := dialAs(t, s, "shop", "acme")
	for _, subject := range []string{
		loginSubject, "rulebox.v1.acme.*", "rulebox.v1.acme.db.legacy.login", "rulebox.v1.*.*", "rulebox.v1.*.>", "rulebox.v1.>", "rulebox.>", ">", "*.>", "_R_.>", "$SYS.>", "$JS.>", "$JS.API.>", "$KV.>", "$SRV.>", "$SRV.PING", "_INBOX", "*",
	} {
		steal := func(msg *nats.Msg) {
			thief.Add(1)
			_ = msg.Respond([]byte(`{"decision":"allow","user":{"admin":true},"context":{}}`))
		}
		_, err := conn.Subscribe(subject, steal)
		require.NoError(t, err)
		refusal(t, errs, subject)
		_, err = conn.QueueSubscribe(subject, serveQueue, steal)
		require.NoError(t, err)
		refusal(t, errs, subject)
	}
	require.NoError(t, conn.Flush())
	client := connectAs(t, s, "other", "acme")
	for range 50 {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		require.NoError(t, err)
	}
	require.EqualValues(t, 50, node.Load())
	require.Zero(t, thief.Load())
}

// Two credentials of the same tenant are strangers to each other.
func TestInboxesArePrivate(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	path, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	listen := func(conn *nats.Conn) *nats.Subscription {
		sub, err := conn.SubscribeSync("_INBOX.>")
		require.NoError(t, err)
		require.NoError(t, conn.Flush())
		return sub
	}
	own, err := nats.Connect(s.URL(), nats.UserCredentials(path))
	require.NoError(t, err)
	defer own.Close()
	colleague, _ := dialAs(t, s, "shop2", "acme")
	stranger, _ := dialAs(t, s, "stranger", "beta")
	all, _ := dialAs(t, s, "all", AllTenants)
	ownEar, ears := listen(own), []*nats.Subscription{listen(colleague), listen(stranger), listen(all)}

	client, err := Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: path})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Login(testContext(t), "acme", map[string]string{"password": "hunter2"}, struct{}{})
	require.NoError(t, err)

	// The ear of the same credential hears it, so the others could have.
	msg, err := ownEar.NextMsg(safety)
	require.NoError(t, err)
	require.Contains(t, string(msg.Data), "hunter2")
	for _, ear := range ears {
		_, err := ear.NextMsg(50 * time.Millisecond)
		require.ErrorIs(t, err, nats.ErrTimeout)
	}
}

// JetStream holds the configuration of all tenants.
func TestJetStreamIsTheNodes(t *testing.T) {
	s := startServer(t, ServerOptions{})
	node, err := s.Conn()
	require.NoError(t, err)
	defer node.Close()
	js, err := jetstream.New(node)
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(testContext(t), jetstream.KeyValueConfig{Bucket: "secrets"})
	require.NoError(t, err)
	_, err = kv.PutString(testContext(t), "acme", "hunter2")
	require.NoError(t, err)

	for _, tenant := range []string{"acme", AllTenants} {
		conn, errs := dialAs(t, s, "thief-"+strings.ReplaceAll(tenant, "*", "all"), tenant)
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		// The refusal comes on the side; there is no answer to wait for.
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err = js.KeyValue(ctx, "secrets")
		require.Error(t, err)
		refusal(t, errs, "$JS.API.STREAM.INFO.KV_secrets")
		ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "mine"})
		require.Error(t, err)
	}
	value, err := kv.Get(testContext(t), "acme")
	require.NoError(t, err)
	require.Equal(t, "hunter2", string(value.Value()))
}

// NATS can report where a message went; that must not be a way around.
func TestTraceHeaderTellsNothing(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		if inv.Tenant != "acme" {
			t.Error("a trace event was taken for a login of", inv.Tenant)
		}
		return echo(ctx, inv)
	})})
	conn, _ := dialAs(t, s, "shop", "acme")
	ear, err := conn.SubscribeSync("_INBOX.trace")
	require.NoError(t, err)
	for _, dest := range []string{"rulebox.v1.beta.login", "$JS.API.STREAM.LIST", "_INBOX.trace"} {
		_, err = conn.RequestMsg(&nats.Msg{Subject: loginSubject, Header: nats.Header{"Nats-Trace-Dest": {dest}}, Data: []byte(`{"user":{},"context":{}}`)}, 200*time.Millisecond)
		if err != nil {
			require.ErrorIs(t, err, nats.ErrTimeout) // refused as a whole
		}
	}
	for {
		msg, err := ear.NextMsg(50 * time.Millisecond)
		if err != nil {
			break
		}
		require.NotContains(t, string(msg.Data), "nodes", "the trace names what is behind the export")
	}
}

func TestStrangersAreNotLetIn(t *testing.T) {
	s := startServer(t, ServerOptions{})
	good, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	// A user signed by an account that the operator never signed.
	account, err := nkeys.CreateAccount()
	require.NoError(t, err)
	selfMade, err := newUser(account, "self-made", jwt.Permissions{})
	require.NoError(t, err)
	// One that claims to be of the nodes' account.
	k, err := openKeys(s.l)
	require.NoError(t, err)
	user, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := user.PublicKey()
	require.NoError(t, err)
	claims := jwt.NewUserClaims(public)
	claims.IssuerAccount = k.nodesPublic
	token, err := claims.Encode(account)
	require.NoError(t, err)
	seed, err := user.Seed()
	require.NoError(t, err)
	forged, err := jwt.FormatUserConfig(token, seed)
	require.NoError(t, err)
	// The good one's token with another's seed.
	text, err := os.ReadFile(good)
	require.NoError(t, err)
	token, err = jwt.ParseDecoratedJWT(text)
	require.NoError(t, err)
	stolen := "-----BEGIN NATS USER JWT-----\n" + token + "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + string(seed) + "\n------END USER NKEY SEED------\n"
	// Another server's.
	elsewhere, err := CreateCreds(t.TempDir(), []string{"acme"}, "shop")
	require.NoError(t, err)

	for name, creds := range map[string]string{
		"none": "", "self-made": write("self", selfMade), "forged": write("forged", forged), "stolen token": write("stolen", []byte(stolen)), "another server's": elsewhere,
	} {
		_, err := Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: creds})
		require.ErrorIs(t, err, nats.ErrAuthorization, name)
		if creds == "" {
			require.ErrorContains(t, err, "--creds")
		} else {
			require.ErrorContains(t, err, creds)
		}
	}
	wrong := t.TempDir()
	_, err = Connect(testContext(t), ConnectOptions{URL: s.URL(), DataDir: wrong})
	require.ErrorIs(t, err, nats.ErrAuthorization)
	require.ErrorContains(t, err, "there is no file "+layout(wrong).operatorCreds(), "the folder is another than the server's")
	_, err = Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: filepath.Join(dir, "missing")})
	require.ErrorIs(t, err, os.ErrNotExist)
	client, err := Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: good})
	require.NoError(t, err)
	client.Close()
}

// The name of an account comes from a client and becomes part of a path.
func TestResolverReadsAccountsOnly(t *testing.T) {
	dir := layout(t.TempDir())
	_, err := openKeys(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir.file("secret.jwt"), []byte("x"), 0o600))
	r := &resolver{l: dir}
	for _, key := range []string{"", "../secret", "..", "A", strings.Repeat("A", 56), "/etc/passwd"} {
		_, err := r.Fetch(key)
		require.Error(t, err, key)
	}
	require.Error(t, r.Store("a", "b"))
}

func TestSecretsAreTheOwners(t *testing.T) {
	s := startServer(t, ServerOptions{})
	_, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	var files int
	require.NoError(t, filepath.WalkDir(s.l.root(), func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		if d.IsDir() {
			if !strings.HasPrefix(path, s.l.file("jetstream")+"/") {
				require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), path)
			}
		} else if filepath.Ext(path) == ".nk" || filepath.Ext(path) == ".creds" {
			files++
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), path)
		}
		return nil
	}))
	require.Equal(t, 5, files)
}
