package store_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/store"
)

// freePorts returns ports that nobody listens to.
func freePorts(t *testing.T, n int) (ports []int) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// startCluster starts three NATS servers that replicate.
func startCluster(t *testing.T) []*natsserver.Server {
	ports := freePorts(t, 3)
	var routes []*url.URL
	for _, p := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", p)})
	}
	var all []*natsserver.Server
	for i, p := range ports {
		s, err := natsserver.NewServer(&natsserver.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true,
			JetStream: true, StoreDir: t.TempDir(), Routes: routes,
			Cluster: natsserver.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: p},
		})
		require.NoError(t, err)
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		all = append(all, s)
	}
	for _, s := range all {
		require.True(t, s.ReadyForConnections(safety))
	}
	require.Eventually(t, func() bool {
		for _, s := range all {
			if !s.JetStreamIsCurrent() || s.NumRoutes() == 0 {
				return false
			}
		}
		return all[0].JetStreamIsLeader() || all[1].JetStreamIsLeader() || all[2].JetStreamIsLeader()
	}, safety, 10*time.Millisecond)
	return all
}

// In a cluster the buckets are replicated; a state is taken once, whichever
// server a node asks, and is there when a server is not.
func TestReplicatedBuckets(t *testing.T) {
	servers := startCluster(t)
	var nodes []*store.KV
	var first *nats.Conn
	for _, s := range servers {
		conn, err := nats.Connect(s.ClientURL(), nats.MaxReconnects(-1))
		require.NoError(t, err)
		t.Cleanup(conn.Close)
		if first == nil {
			first = conn
		}
		require.Eventually(t, func() bool {
			kv, err := store.OpenKV(context.Background(), conn, zaptest.NewLogger(t))
			if err == nil {
				nodes = append(nodes, kv)
			}
			return err == nil
		}, safety, 50*time.Millisecond)
	}
	ctx := context.Background()
	one, two := statesOf(t, nodes[0]), statesOf(t, nodes[1])
	three := statesOf(t, nodes[2])
	js, err := jetstream.New(first)
	require.NoError(t, err)
	stream, err := js.Stream(ctx, "KV_rulebox_states")
	require.NoError(t, err)
	require.Equal(t, 3, stream.CachedInfo().Config.Replicas)
	for i := range 20 {
		name := fmt.Sprintf("%032x", i)
		require.NoError(t, one.Put(ctx, name, []byte("sealed"), time.Minute))
		var wait sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 2 {
			for _, s := range []interface {
				Take(context.Context, string) ([]byte, error)
			}{one, two, three} {
				wait.Go(func() {
					record, err := s.Take(ctx, name)
					assert.NoError(t, err)
					mu.Lock()
					defer mu.Unlock()
					if record != nil {
						taken++
					}
				})
			}
		}
		wait.Wait()
		require.Equal(t, 1, taken)
	}
	here, _ := runCaches(t, nodes[0])
	there, _ := runCaches(t, nodes[2])
	for i := range 5 {
		here.Change("acme", "post-login", rulebox.CacheLimits{}, set(fmt.Sprint("a", i), "x"))
		there.Change("acme", "post-login", rulebox.CacheLimits{}, set(fmt.Sprint("b", i), "x"))
	}
	require.Eventually(t, func() bool {
		return len(here.Entries("acme", "post-login")) == 10 && len(there.Entries("acme", "post-login")) == 10
	}, safety, time.Millisecond)

	require.NoError(t, one.Put(ctx, "aa", []byte("kept"), time.Minute))
	servers[0].Shutdown()
	require.Eventually(t, func() bool {
		record, err := two.Take(ctx, "aa")
		return err == nil && string(record) == "kept"
	}, safety, 50*time.Millisecond)
}
