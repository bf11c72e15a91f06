package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// smallStates makes the bucket of states as an operator with a small disk has it.
func smallStates(t *testing.T, js jetstream.JetStream, size int64) {
	_, err := js.CreateStream(context.Background(), jetstream.StreamConfig{
		Name: "KV_rulebox_states", Subjects: []string{"$KV.rulebox_states.>"}, MaxBytes: size, MaxMsgsPerSubject: 1,
		Discard: jetstream.DiscardNew, AllowRollup: true, DenyDelete: true, MaxAge: time.Hour, Storage: jetstream.FileStorage,
	})
	require.NoError(t, err)
}

// Somebody who is sent away and comes back, again and again, leaves nothing behind:
// else the room that all tenants share would be full of logins that are over.
func TestTakenStatesTakeNoRoom(t *testing.T) {
	server := embedded(t, t.TempDir())
	kv, conn := node(t, server)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	smallStates(t, js, 64<<10)
	states := statesOf(t, kv)
	ctx := context.Background()
	for i := range 600 {
		name := fmt.Sprintf("%032x", i)
		require.NoError(t, states.Put(ctx, name, []byte("sealed"), time.Minute), "login %d", i)
		record, err := states.Take(ctx, name)
		require.NoError(t, err)
		require.Equal(t, "sealed", string(record))
		record, err = states.Take(ctx, name)
		require.NoError(t, err)
		require.Nil(t, record, "it can be taken once")
	}
	stream, err := js.Stream(ctx, "KV_rulebox_states")
	require.NoError(t, err)
	info, err := stream.Info(ctx)
	require.NoError(t, err)
	require.Less(t, info.State.Bytes, uint64(1<<10))
	// One that is given back after it was taken stays.
	name := fmt.Sprintf("%032x", 7)
	require.NoError(t, states.Put(ctx, name, []byte("again"), time.Minute))
	record, err := states.Take(ctx, name)
	require.NoError(t, err)
	require.Equal(t, "again", string(record))
}
