package bus

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// One tenant's large requests must not fill the node's memory while its logins
// hang, and another's go on beside them.
func TestBytesInFlightAreBounded(t *testing.T) {
	s := slots{max: 1024, maxTenant: 512, tenants: map[string]share{}}
	const big = 4 << 20
	taken := 0
	for s.take("evil", big) == nil {
		taken++
	}
	require.Equal(t, maxTenantBytes/big, taken)
	require.ErrorContains(t, s.take("evil", big), "128 MiB")
	require.Nil(t, s.take("good", 10<<10))
	s.give("evil", big)
	require.Nil(t, s.take("evil", big))
	for range taken {
		s.give("evil", big)
	}
	s.give("good", 10<<10)
	require.Empty(t, s.tenants)
	require.Zero(t, s.bytes)
	require.Zero(t, s.total)
}

// A tenant that floods a node, beyond its slots and with the largest messages,
// costs others' logins little: refusing takes no reading.
func TestFloodOfLargeRequests(t *testing.T) {
	server := startServer(t, ServerOptions{})
	release := make(chan struct{})
	var held atomic.Int32
	startNode(t, server, ServeOptions{MaxInflight: 8, MaxTenant: 4, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		if inv.Tenant == "evil" {
			held.Add(1)
			<-release
		}
		return echo(ctx, inv)
	})})
	defer close(release)
	evil, _ := dialAs(t, server, "evil", "evil")
	good, _ := dialAs(t, server, "good", "good")
	body := []byte(`{"user":{"x":"` + strings.Repeat("x", 3<<20) + `"},"context":{}}`)
	var refused atomic.Int32
	answers := nats.NewInbox()
	_, err := evil.Subscribe(answers, func(m *nats.Msg) {
		if bytes.Contains(m.Data, []byte(`"unavailable"`)) {
			refused.Add(1)
		}
	})
	require.NoError(t, err)
	for range 40 {
		require.NoError(t, evil.PublishRequest("rulebox.v1.evil.login", answers, body))
	}
	for range 20 {
		_, res, err := ask(t, good, "rulebox.v1.good.login", `{"user":{},"context":{}}`, nil)
		require.NoError(t, err)
		require.Equal(t, rulebox.Allow, res.Decision)
	}
	require.Eventually(t, func() bool { return refused.Load() == 36 }, safety, time.Millisecond)
	require.EqualValues(t, 4, held.Load())
}

// Requests without a reply subject cannot flood the log.
func TestMuteRequestsAreLoggedRarely(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	server := startServer(t, ServerOptions{})
	startNode(t, server, ServeOptions{Logger: zap.New(core), Handler: handlerFunc(echo)})
	conn, _ := dialAs(t, server, "shop", "acme")
	for range 5000 {
		require.NoError(t, conn.Publish(loginSubject, []byte("x")))
	}
	_, _, err := ask(t, conn, loginSubject, `{"user":{},"context":{}}`, nil)
	require.NoError(t, err)
	require.NotZero(t, logs.FilterMessageSnippet("without a reply").Len())
	require.Less(t, logs.FilterMessageSnippet("without a reply").Len(), 60)
}

// An answer goes to the one who asked, whatever the reply subject says: nothing
// of the nodes' account can be reached through it, and no request can be made
// that asks itself again.
func TestReplySubjectsOfOthers(t *testing.T) {
	server := startServer(t, ServerOptions{})
	var runs atomic.Int32
	startNode(t, server, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		runs.Add(1)
		return echo(ctx, inv)
	})})
	node, err := server.Conn()
	require.NoError(t, err)
	defer node.Close()
	var strange atomic.Int32
	for _, subject := range []string{"$JS.API.>", "rulebox.v1.beta.>", "secret.>"} {
		_, err = node.Subscribe(subject, func(*nats.Msg) { strange.Add(1) })
		require.NoError(t, err)
	}
	require.NoError(t, node.Flush())
	conn, _ := dialAs(t, server, "shop", "acme")
	replies := []string{"rulebox.v1.acme.login", "rulebox.v1.beta.login", "$JS.API.STREAM.NAMES", "secret.x"}
	for _, reply := range replies {
		_ = conn.PublishRequest(loginSubject, reply, []byte(`{"user":{},"context":{}}`))
	}
	_, _, err = ask(t, conn, loginSubject, `{"user":{},"context":{}}`, nil)
	require.NoError(t, err)
	time.Sleep(50 * time.Millisecond) // for what should not come
	require.LessOrEqual(t, int(runs.Load()), len(replies)+1)
	require.Zero(t, strange.Load())
}

// One credential cannot take all connections that the server has.
func TestConnectionsOfOneCredential(t *testing.T) {
	server := startServer(t, ServerOptions{})
	path, err := CreateCreds(string(server.l), []string{"evil"}, "evil")
	require.NoError(t, err)
	for n := range maxConnections + 1 {
		conn, err := nats.Connect(server.URL(), nats.UserCredentials(path), nats.NoReconnect())
		if n == maxConnections {
			require.ErrorContains(t, err, "maximum account active connections")
			break
		}
		require.NoError(t, err)
		defer conn.Close()
	}
	good, _ := dialAs(t, server, "good", "good")
	require.NoError(t, good.Flush())
}
