package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// safety bounds what would otherwise hang a broken test.
const safety = 30 * time.Second

func embedded(t *testing.T, dir string) *bus.Server {
	server, err := bus.StartServer(bus.ServerOptions{DataDir: dir, Listen: "127.0.0.1:0", MaxPayload: 1 << 20})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

// node is what one node has of the server.
func node(t *testing.T, server *bus.Server) (*store.KV, *nats.Conn) {
	conn, err := server.Conn()
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	kv, err := store.OpenKV(context.Background(), conn, zaptest.NewLogger(t))
	require.NoError(t, err)
	return kv, conn
}

func statesOf(t *testing.T, kv *store.KV) transaction.States {
	s, err := kv.States(context.Background())
	require.NoError(t, err)
	return s
}

// runCaches shares the caches until the test ends, or stop is called.
func runCaches(t *testing.T, kv *store.KV) (c *store.Caches, stop func()) {
	c = kv.Caches()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(t, c.Run(ctx))
	}()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-done }) }
	t.Cleanup(stop)
	return c, stop
}

func set(key, value string) []transaction.CacheChange {
	return []transaction.CacheChange{{Entry: rulebox.CacheEntry{Key: key, Value: value, ExpiresAt: time.Now().Add(time.Hour).UnixMilli()}}}
}

func del(key string) []transaction.CacheChange {
	return []transaction.CacheChange{{Entry: rulebox.CacheEntry{Key: key}, Delete: true}}
}

func values(c transaction.Caches, tenant string) string {
	var all []string
	for _, e := range c.Entries(tenant, "post-login") {
		all = append(all, e.Key+"="+e.Value)
	}
	return strings.Join(all, " ")
}

func eventually(t *testing.T, c transaction.Caches, tenant, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return values(c, tenant) == want }, safety, time.Millisecond, "it has %q, not %q", values(c, tenant), want)
}

func TestStatesAreTakenOnce(t *testing.T) {
	server := embedded(t, t.TempDir())
	ctx := context.Background()
	var nodes []transaction.States
	for range 4 {
		kv, _ := node(t, server)
		nodes = append(nodes, statesOf(t, kv))
	}
	for i := range 20 {
		name := fmt.Sprintf("%032x", i)
		require.NoError(t, nodes[0].Put(ctx, name, []byte("sealed"), time.Minute))
		require.Error(t, nodes[1].Put(ctx, name, []byte("another"), time.Minute), "a name in use is not overwritten")
		var wait sync.WaitGroup
		var mu sync.Mutex
		var got []string
		for _, s := range nodes {
			wait.Go(func() {
				record, err := s.Take(ctx, name)
				assert.NoError(t, err)
				if record != nil {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, string(record))
				}
			})
		}
		wait.Wait()
		require.Equal(t, []string{"sealed"}, got)
	}
	for _, s := range nodes {
		record, err := s.Take(ctx, "never")
		require.NoError(t, err)
		require.Nil(t, record)
	}
	// What was taken for nothing is given back under its name.
	name := fmt.Sprintf("%032x", 3)
	require.NoError(t, nodes[2].Put(ctx, name, []byte("again"), time.Minute))
	record, err := nodes[3].Take(ctx, name)
	require.NoError(t, err)
	require.Equal(t, "again", string(record))
}

// A login that waits for its user outlives the server.
func TestStatesAreOnDisk(t *testing.T) {
	dir := t.TempDir()
	server := embedded(t, dir)
	kv, _ := node(t, server)
	require.NoError(t, statesOf(t, kv).Put(context.Background(), "aa", []byte("sealed"), time.Minute))
	server.Close()
	kv, _ = node(t, embedded(t, dir))
	record, err := statesOf(t, kv).Take(context.Background(), "aa")
	require.NoError(t, err)
	require.Equal(t, "sealed", string(record))
}

func TestCachesAreShared(t *testing.T) {
	server := embedded(t, t.TempDir())
	kv1, conn1 := node(t, server)
	kv2, _ := node(t, server)
	one, _ := runCaches(t, kv1)
	two, _ := runCaches(t, kv2)
	one.Change("acme", "post-login", rulebox.CacheLimits{}, set("token", "T1"))
	require.Equal(t, "token=T1", values(one, "acme"), "a node sees its own change at once")
	eventually(t, two, "acme", "token=T1")
	require.Empty(t, values(two, "other"), "it is the tenant's")
	require.Empty(t, two.Entries("acme", "credentials-exchange"), "it is the trigger's")

	// Different keys from both sides: none is lost.
	for i := range 8 {
		one.Change("both", "post-login", rulebox.CacheLimits{}, set(fmt.Sprintf("a%d", i), "x"))
		two.Change("both", "post-login", rulebox.CacheLimits{}, set(fmt.Sprintf("b%d", i), "y"))
	}
	for _, c := range []*store.Caches{one, two} {
		require.Eventually(t, func() bool { return len(c.Entries("both", "post-login")) == 16 }, safety, time.Millisecond)
	}
	two.Change("acme", "post-login", rulebox.CacheLimits{}, del("token"))
	require.Empty(t, values(two, "acme"))
	eventually(t, one, "acme", "")

	// Triggers of databases have characters that keys have not.
	one.Change("acme", "db.My DB.get_user", rulebox.CacheLimits{}, set("k", "v"))
	require.Eventually(t, func() bool { return len(two.Entries("acme", "db.My DB.get_user")) == 1 }, safety, time.Millisecond)

	// A node that comes later knows all of it.
	kv3, _ := node(t, server)
	three, _ := runCaches(t, kv3)
	require.Eventually(t, func() bool { return len(three.Entries("both", "post-login")) == 16 }, safety, time.Millisecond)

	// What stands there and is nothing of ours is no harm.
	js, err := jetstream.New(conn1)
	require.NoError(t, err)
	bucket, err := js.KeyValue(context.Background(), "rulebox_cache")
	require.NoError(t, err)
	for _, key := range []string{"acme", "acme.!", "acme.cG9zdC1sb2dpbg"} {
		_, _ = bucket.PutString(context.Background(), key, "garbage")
	}
	one.Change("acme", "post-login", rulebox.CacheLimits{}, set("token", "T2"))
	eventually(t, two, "acme", "token=T2")
}

// One value never reaches the server; others do all the same.
func TestCacheThatIsTooLargeForTheServer(t *testing.T) {
	server := embedded(t, t.TempDir())
	kv1, _ := node(t, server)
	kv2, _ := node(t, server)
	one, _ := runCaches(t, kv1)
	two, _ := runCaches(t, kv2)
	limits := transaction.MaxCache
	var all []transaction.CacheChange
	for i := range 4 {
		all = append(all, set(fmt.Sprint(i), strings.Repeat("\x01", 63<<10))...)
	}
	one.Change("big", "post-login", limits, all) // at once, or the first of them are written before the others come
	one.Change("acme", "post-login", limits, set("k", "v"))
	eventually(t, two, "acme", "k=v")
	require.Len(t, one.Entries("big", "post-login"), 4, "the node has it")
	require.Empty(t, two.Entries("big", "post-login"), "nobody else can have it")
}

// The bucket is lost and comes again: a cache is a help and no store.
func TestLostBucket(t *testing.T) {
	server := embedded(t, t.TempDir())
	kv1, conn := node(t, server)
	kv2, _ := node(t, server)
	one, _ := runCaches(t, kv1)
	one.Change("acme", "post-login", rulebox.CacheLimits{}, set("k", "v1"))
	two, _ := runCaches(t, kv2)
	eventually(t, two, "acme", "k=v1")
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	require.NoError(t, js.DeleteStream(context.Background(), "KV_rulebox_cache"))
	require.Equal(t, "k=v1", values(one, "acme"))
	one.Change("acme", "post-login", rulebox.CacheLimits{}, set("k", "v2"))
	require.Equal(t, "k=v2", values(one, "acme"))
	eventually(t, two, "acme", "k=v2")
	two.Change("acme", "post-login", rulebox.CacheLimits{}, set("k", "v3"))
	eventually(t, one, "acme", "k=v3")
}

func TestNoJetStream(t *testing.T) {
	plain, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true})
	require.NoError(t, err)
	plain.Start()
	defer plain.Shutdown()
	require.True(t, plain.ReadyForConnections(safety))
	conn, err := nats.Connect(plain.ClientURL())
	require.NoError(t, err)
	defer conn.Close()
	_, err = store.OpenKV(context.Background(), conn, zaptest.NewLogger(t))
	require.ErrorIs(t, err, store.ErrNoJetStream)
}

// A small disk has small buckets; a full one has none, and says so.
func TestSmallDisk(t *testing.T) {
	for room, want := range map[int64]int64{20 << 20: 16 << 20, 1 << 19: 0} {
		small, err := natsserver.NewServer(&natsserver.Options{
			Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: room,
		})
		require.NoError(t, err)
		small.Start()
		defer small.Shutdown()
		require.True(t, small.ReadyForConnections(safety))
		conn, err := nats.Connect(small.ClientURL())
		require.NoError(t, err)
		defer conn.Close()
		kv, err := store.OpenKV(context.Background(), conn, zaptest.NewLogger(t))
		require.NoError(t, err)
		_, err = kv.States(context.Background())
		if want == 0 {
			require.ErrorContains(t, err, "insufficient storage")
			continue
		}
		require.NoError(t, err)
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		stream, err := js.Stream(context.Background(), "KV_rulebox_states")
		require.NoError(t, err)
		require.Equal(t, want, stream.CachedInfo().Config.MaxBytes)
	}
}

func TestStateKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.key")
	key, err := store.StateKey(path)
	require.NoError(t, err)
	require.Len(t, key, transaction.StateKeySize)
	again, err := store.StateKey(path)
	require.NoError(t, err)
	require.Equal(t, key, again)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	for _, text := range []string{"", "zz", strings.Repeat("a", 62), strings.Repeat("a", 66)} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = store.StateKey(path)
		require.ErrorContains(t, err, path)
	}
	_, err = store.StateKey(filepath.Join(path, "below"))
	require.Error(t, err)
	var keys [4][]byte
	var wait sync.WaitGroup
	path = filepath.Join(t.TempDir(), "state.key")
	for i := range keys {
		wait.Go(func() { keys[i], _ = store.StateKey(path) })
	}
	wait.Wait()
	for _, k := range keys {
		require.Equal(t, keys[0], k, "all have the one that was first")
	}
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
}
