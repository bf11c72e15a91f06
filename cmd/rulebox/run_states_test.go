package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/transaction"
)

func TestStateFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	d := stateFiles(filepath.Join(dir, "states"))
	require.NoError(t, os.Mkdir(string(d), 0o700))
	for _, name := range []string{"plain", "../key", "a/b", "..", "", "key", "\x00"} {
		require.NoError(t, d.Put(ctx, name, []byte("record of "+name), time.Hour), "%q", name)
		require.Error(t, d.Put(ctx, name, []byte("another"), time.Hour), "a name is taken once")
	}
	outside, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, outside, 1, "no name leads out of the folder")
	for _, name := range []string{"plain", "../key", "a/b", "..", "", "key", "\x00"} {
		record, err := d.Take(ctx, name)
		require.NoError(t, err)
		assert.Equal(t, "record of "+name, string(record))
		record, err = d.Take(ctx, name)
		require.NoError(t, err)
		assert.Nil(t, record, "a record is taken once")
	}
	left, err := os.ReadDir(string(d))
	require.NoError(t, err)
	assert.Empty(t, left)

	// Of several, one gets it.
	require.NoError(t, d.Put(ctx, "x", []byte("r"), time.Hour))
	var got atomic.Int64
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if record, err := d.Take(ctx, "x"); err == nil && record != nil {
				got.Add(1)
			}
		})
	}
	wait.Wait()
	assert.EqualValues(t, 1, got.Load())

	// What nobody came back for is swept, the key is not.
	require.NoError(t, d.Put(ctx, "old", []byte("r"), time.Hour))
	key := filepath.Join(string(d), "key")
	require.NoError(t, os.WriteFile(key, []byte("k"), 0o600))
	before := time.Now().Add(-2 * transaction.StateTTL)
	for _, path := range []string{d.path("old"), key} {
		require.NoError(t, os.Chtimes(path, before, before))
	}
	require.NoError(t, d.Put(ctx, "new", []byte("r"), time.Hour))
	record, err := d.Take(ctx, "old")
	require.NoError(t, err)
	assert.Nil(t, record)
	assert.FileExists(t, key)
}
