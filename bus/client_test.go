package bus

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
)

func TestNoNode(t *testing.T) {
	s := startServer(t, ServerOptions{})
	client := connectAs(t, s, "shop", "acme")
	ctx := testContext(t)
	_, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "no node serves "+loginSubject)
	require.NoError(t, ctx.Err(), "the answer does not wait for the deadline")
}

// A login for somebody else's tenant is refused at once, not at the deadline.
func TestForeignTenant(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	client := connectAs(t, s, "shop", "acme", "acme-test")
	for range 2 {
		ctx := testContext(t)
		_, err := client.Login(ctx, "beta", struct{}{}, struct{}{})
		require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err))
		require.ErrorContains(t, err, "rulebox.v1.beta.login")
		require.NoError(t, ctx.Err())
	}
	for _, tenant := range []string{"acme", "acme-test"} {
		_, err := client.Login(testContext(t), tenant, struct{}{}, struct{}{})
		require.NoError(t, err)
	}
	// The operator's credentials reach all tenants.
	all, err := Connect(testContext(t), ConnectOptions{DataDir: string(s.l)})
	require.NoError(t, err)
	defer all.Close()
	_, err = all.Login(testContext(t), "beta", struct{}{}, struct{}{})
	require.NoError(t, err)
}

func TestClientRefuses(t *testing.T) {
	s := startServer(t, ServerOptions{MaxPayload: 64 << 10})
	var ran atomic.Int64
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		ran.Add(1)
		return echo(ctx, inv)
	})})
	client := connectAs(t, s, "shop", AllTenants)
	args := []json.RawMessage{[]byte(`{}`), []byte(`{}`)}
	for _, c := range []struct {
		name  string
		inv   rulebox.Invocation
		names string
	}{
		{"chain", rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: args, Chain: &rulebox.Chain{}}, "chain"},
		{"tenant", rulebox.Invocation{Tenant: "a.b", Trigger: "login", Args: args}, `tenant "a.b"`},
		{"wildcard", rulebox.Invocation{Tenant: "*", Trigger: "login", Args: args}, `tenant "*"`},
		{"trigger", rulebox.Invocation{Tenant: "acme", Args: args}, `trigger ""`},
		{"id", rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: args, ID: "a\nb"}, "visible ASCII"},
		{"arguments", rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: args[:1]}, "two arguments"},
		{"empty argument", rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: []json.RawMessage{args[0], nil}}, "argument 2 is empty"},
		{"too large", rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: []json.RawMessage{args[0], []byte(`{"a":"` + strings.Repeat("x", 64<<10) + `"}`)}}, "65536"},
	} {
		res, err := client.Invoke(testContext(t), &c.inv)
		require.Nil(t, res, c.name)
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), c.name)
		require.ErrorContains(t, err, c.names)
	}
	_, err := client.Login(testContext(t), "acme", func() {}, struct{}{})
	require.ErrorContains(t, err, "user cannot be written as JSON")
	_, err = client.Login(testContext(t), "acme", struct{}{}, "a string")
	require.ErrorContains(t, err, "context, at byte")
	require.Zero(t, ran.Load())

	// Around the limit every size gets an answer.
	for size := 64<<10 - 400; size < 64<<10; size += 7 {
		_, err := client.Login(testContext(t), "acme", json.RawMessage(`{"a":"`+strings.Repeat("x", size)+`"}`), struct{}{})
		if err != nil {
			require.Contains(t, []rulebox.Code{rulebox.CodeInvalid, rulebox.CodeMemory}, rulebox.CodeOf(err))
		}
	}
}

// Only what surely did not start is sent again, and once.
func TestRetry(t *testing.T) {
	s := startServer(t, ServerOptions{})
	for _, code := range rulebox.Codes {
		var attempts atomic.Int64
		stop := startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			if attempts.Add(1) == 1 {
				return nil, rulebox.Errorf(code, "the first time")
			}
			return echo(ctx, inv)
		})})
		client := connectAs(t, s, "shop-"+string(code), "acme")
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		if code == rulebox.CodeUnavailable {
			require.NoError(t, err)
			require.EqualValues(t, 2, attempts.Load())
		} else {
			require.Equal(t, code, rulebox.CodeOf(err))
			require.EqualValues(t, 1, attempts.Load(), code)
		}
		require.NoError(t, stop())
	}
	ids := make(chan string, 8)
	startNode(t, s, ServeOptions{MaxInflight: 1, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		ids <- inv.ID
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "no worker is free")
	})})
	client := connectAs(t, s, "shop", "acme")
	_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	require.Len(t, ids, 2)
	require.Equal(t, <-ids, <-ids, "both attempts are the same transaction")
}

func TestCallerGivesUp(t *testing.T) {
	s := startServer(t, ServerOptions{})
	started, release := make(chan struct{}, 2), make(chan struct{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		started <- struct{}{}
		<-release // deaf to its deadline
		return echo(ctx, inv)
	})})
	defer close(release)
	client := connectAs(t, s, "shop", "acme")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-started

	ctx, cancel = context.WithCancel(testContext(t))
	go func() { <-started; cancel() }()
	_, err = client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, client.calls, "nothing is kept of calls that ended")
}

// NATS goes away in the middle of a login and comes back.
func TestNATSGoneInMidLogin(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, ServerOptions{DataDir: dir})
	address := strings.TrimPrefix(s.URL(), "nats://")
	node, err := Dial(testContext(t), ConnectOptions{URL: s.URL(), Creds: s.l.nodeCreds()})
	require.NoError(t, err)
	defer node.Close()
	started, release := make(chan struct{}), make(chan struct{})
	var runs atomic.Int64
	startNode(t, s, ServeOptions{Conn: node, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		if runs.Add(1) == 1 {
			close(started)
			<-release
		}
		return echo(ctx, inv)
	})})
	client := connectAs(t, s, "shop", "acme")
	result := make(chan error, 1)
	go func() {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		result <- err
	}()
	<-started
	s.Close()
	err = <-result
	require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err), "a login that may have run is not called safe to send again")
	require.ErrorContains(t, err, "may or may not have run")
	require.EqualValues(t, 1, runs.Load())

	ctx := testContext(t)
	_, err = client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err), "what cannot be sent was not started")
	require.ErrorContains(t, err, "nothing was sent")
	require.NoError(t, ctx.Err())
	close(release)

	startServer(t, ServerOptions{DataDir: dir, Listen: address})
	require.Eventually(t, func() bool {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		return err == nil
	}, safety, 10*time.Millisecond, "client and node find the server again")
	require.EqualValues(t, 2, runs.Load(), "no login ran twice or late")

	client.Close()
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
}

func TestConnectFinds(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	path, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	for name, env := range map[string]map[string]string{
		"the data folder":     {"RULEBOX_DATA": string(s.l)},
		"address and creds":   {"RULEBOX_NATS": s.URL(), "RULEBOX_CREDS": path},
		"creds beside folder": {"RULEBOX_DATA": string(s.l), "RULEBOX_CREDS": path},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range env {
				t.Setenv(k, v)
			}
			client, err := Connect(testContext(t), ConnectOptions{})
			require.NoError(t, err)
			defer client.Close()
			_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
			require.NoError(t, err)
		})
	}
	// A client on a connection of the caller's leaves it open.
	conn, err := nats.Connect(s.URL(), nats.UserCredentials(path))
	require.NoError(t, err)
	defer conn.Close()
	client := NewClient(conn)
	_, err = client.Login(testContext(t), "acme", []byte(`{}`), struct{}{})
	require.NoError(t, err)
	client.Close()
	require.True(t, conn.IsConnected())
}

func TestConnectErrors(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free.Close()
	_, err = Connect(testContext(t), ConnectOptions{URL: "nats://" + free.Addr().String()})
	require.ErrorContains(t, err, free.Addr().String())
	require.ErrorContains(t, err, "rulebox serve")
	_, err = Connect(testContext(t), ConnectOptions{URL: "nats://" + silent.Addr().String(), Timeout: 50 * time.Millisecond})
	require.ErrorContains(t, err, silent.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Connect(ctx, ConnectOptions{URL: "nats://" + silent.Addr().String()})
	require.ErrorIs(t, err, context.Canceled)

	s := startServer(t, ServerOptions{})
	bad := filepath.Join(t.TempDir(), "bad.creds")
	require.NoError(t, os.WriteFile(bad, []byte("not credentials"), 0o600))
	_, err = Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: bad})
	require.ErrorContains(t, err, bad)
}
