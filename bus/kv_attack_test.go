package bus

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// What nodes share, suspended logins and caches, is out of reach for every
// credential of a transaction server, and for the operator's: each crime is tried
// against a real server on which the loot lies.
func TestTenantCannotReachSharedState(t *testing.T) {
	s := startServer(t, ServerOptions{})
	node, err := s.Conn()
	require.NoError(t, err)
	defer node.Close()
	shared, err := store.OpenKV(testContext(t), node, zap.NewNop())
	require.NoError(t, err)
	states, err := shared.States(testContext(t))
	require.NoError(t, err)
	loot := []byte("the loot")
	require.NoError(t, states.Put(testContext(t), "aa", loot, time.Minute))
	caches := shared.Caches()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- caches.Run(ctx) }()
	defer func() { cancel(); require.NoError(t, <-done) }()
	caches.Change("acme", "post-login", rulebox.CacheLimits{}, []transaction.CacheChange{{Entry: rulebox.CacheEntry{Key: "k", Value: string(loot), ExpiresAt: 1 << 52}}})
	js, err := jetstream.New(node)
	require.NoError(t, err)
	const cacheKey = "acme.cG9zdC1sb2dpbg"
	require.Eventually(t, func() bool {
		kv, err := js.KeyValue(testContext(t), "rulebox_cache")
		if err != nil {
			return false
		}
		_, err = kv.Get(testContext(t), cacheKey)
		return err == nil
	}, safety, time.Millisecond)

	thieves := map[string]*nats.Conn{}
	thieves["tenant"], _ = dialAs(t, s, "shop", "acme")
	thieves["all tenants"], _ = dialAs(t, s, "everyone", AllTenants)
	operator, err := nats.Connect(s.URL(), nats.UserCredentials(s.l.operatorCreds()), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(t, err)
	defer operator.Close()
	thieves["operator"] = operator
	for name, conn := range thieves {
		var heard bytes.Buffer
		for _, subject := range []string{"$KV.>", "$KV.rulebox_states.*", "$KV.rulebox_cache.>", "$JS.>", "$O.>", ">"} {
			_, err := conn.Subscribe(subject, func(m *nats.Msg) { heard.Write(m.Data) })
			require.NoError(t, err)
		}
		for subject, body := range map[string]string{
			"$JS.API.DIRECT.GET.KV_rulebox_states.$KV.rulebox_states.aa":        "",
			"$JS.API.DIRECT.GET.KV_rulebox_cache.$KV.rulebox_cache." + cacheKey: "",
			"$JS.API.STREAM.MSG.GET.KV_rulebox_states":                          `{"last_by_subj":"$KV.rulebox_states.aa"}`,
			"$JS.API.STREAM.MSG.GET.KV_rulebox_cache":                           `{"seq":1}`,
			"$JS.API.STREAM.MSG.DELETE.KV_rulebox_states":                       `{"seq":1}`,
			"$JS.API.STREAM.PURGE.KV_rulebox_states":                            `{}`,
			"$JS.API.STREAM.DELETE.KV_rulebox_cache":                            ``,
			"$JS.API.STREAM.UPDATE.KV_rulebox_states":                           `{"name":"KV_rulebox_states","subjects":["$KV.rulebox_states.>"],"republish":{"src":">","dest":"_INBOX.loot.>"}}`,
			"$JS.API.STREAM.CREATE.mirror":                                      `{"name":"mirror","mirror":{"name":"KV_rulebox_states"}}`,
			"$JS.API.CONSUMER.CREATE.KV_rulebox_states":                         `{"stream_name":"KV_rulebox_states","config":{"deliver_subject":"_INBOX.loot","ack_policy":"none"}}`,
			"$KV.rulebox_states.aa":                                             "forged",
			"$KV.rulebox_cache." + cacheKey:                                     `[{"k":"k","v":"forged","e":99999999999999}]`,
			"rulebox.v1.acme.$JS.API.STREAM.MSG.GET.KV_rulebox_states":          `{"seq":1}`,
			"$JS.API.STREAM.SNAPSHOT.KV_rulebox_states":                         `{"deliver_subject":"_INBOX.loot"}`,
			"$JS.API.ACCOUNT.PURGE." + "x":                                      ``,
			"$JS.ACK.KV_rulebox_states.c.1.1.1.1.1":                             "+TERM",
			"$JS.FC.KV_rulebox_states.c.x":                                      "",
			"$JS.EVENT.ADVISORY.STREAM.DELETED.KV_rulebox_states":               `{}`,
		} {
			answer, err := conn.Request(subject, []byte(body), 20*time.Millisecond)
			if err == nil && (bytes.Contains(answer.Data, loot) || !bytes.Contains(answer.Data, []byte("error"))) {
				t.Errorf("%s: %s is answered %.200s", name, subject, answer.Data)
			}
		}
		require.NoError(t, conn.Flush())
		require.NotContains(t, heard.String(), string(loot), name)
		if of, err := jetstream.New(conn); err == nil {
			quick, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
			_, err = of.KeyValue(quick, "rulebox_states")
			stop()
			require.Error(t, err, name)
		}
	}
	// A user that a thief signs itself is none of the server's, whatever it says.
	account, err := nkeys.CreateAccount()
	require.NoError(t, err)
	forged, err := newUser(account, "node", jwt.Permissions{})
	require.NoError(t, err)
	_, err = nats.Connect(s.URL(), nats.UserCredentialBytes(forged))
	require.True(t, errors.Is(err, nats.ErrAuthorization), "%v", err)

	require.Equal(t, string(loot), caches.Entries("acme", "post-login")[0].Value)
	record, err := states.Take(testContext(t), "aa")
	require.NoError(t, err)
	require.Equal(t, loot, record, "nobody took it or changed it")
}
