package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/store"
)

var (
	nativeCode   = bytes.Repeat([]byte("native "), 300_000) // more than one piece of an object
	nativeDigest = rulebox.DigestOf(rulebox.KindRule, "a module")
)

func openCode(t *testing.T, data, engine string, key byte) *store.Code {
	c, err := store.OpenCode(data, engine, bytes.Repeat([]byte{key}, 32), zaptest.NewLogger(t))
	require.NoError(t, err)
	return c
}

func TestCodeIsKept(t *testing.T) {
	ctx, data := context.Background(), t.TempDir()
	c := openCode(t, data, "v1", 1)
	code, err := c.Load(nativeDigest)
	require.NoError(t, err)
	assert.Nil(t, code)
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	load := func(engine string, key byte) []byte {
		code, err := openCode(t, data, engine, key).Load(nativeDigest)
		require.NoError(t, err)
		return code
	}
	assert.Equal(t, nativeCode, load("v1", 1))
	path := filepath.Join(data, "code", "v1", string(nativeDigest))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// Under another name, another key, changed, cut short, empty: it is not taken, and goes.
	other := rulebox.DigestOf(rulebox.KindRule, "another module")
	record, err := os.ReadFile(path)
	require.NoError(t, err)
	for what, bad := range map[string][]byte{"cut": record[:len(record)-1], "sum only": record[:32], "empty": {}, "changed": append(bytes.Clone(record[:len(record)-1]), record[len(record)-1]^1)} {
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		assert.Nil(t, load("v1", 1), what)
		assert.NoFileExists(t, path, what)
	}
	require.NoError(t, os.WriteFile(filepath.Join(data, "code", "v1", string(other)), record, 0o600))
	code, err = c.Load(other)
	require.NoError(t, err)
	assert.Nil(t, code, "another script's")
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	assert.Nil(t, load("v1", 2), "another key")

	// Another engine takes nothing of it, and what nobody uses goes.
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	old := time.Now().Add(-100 * 24 * time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	assert.Nil(t, load("v1", 1), "unused for long")
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	assert.Nil(t, load("v2", 1))
	assert.NoFileExists(t, path)

	// It can be cleared while a node runs.
	c = openCode(t, data, "v2", 1)
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	n, err := store.ClearCode(data)
	require.NoError(t, err)
	assert.Equal(t, int64(len(nativeCode)+32), n)
	assert.Nil(t, load("v2", 1))
	require.NoError(t, c.Save(ctx, nativeDigest, nativeCode))
	assert.NotNil(t, load("v2", 1))
	n, err = store.ClearCode(t.TempDir())
	require.NoError(t, err)
	assert.Zero(t, n)

	for _, bad := range []rulebox.Digest{"", "../../../etc/passwd", "A" + nativeDigest[1:]} {
		_, err := c.Load(bad)
		assert.ErrorContains(t, err, "is no digest")
		assert.Error(t, c.Save(ctx, bad, nativeCode))
	}
	_, err = store.OpenCode(data, "../x", make([]byte, 32), zaptest.NewLogger(t))
	assert.ErrorContains(t, err, "no name of a folder")
}

func TestCodeIsShared(t *testing.T) {
	ctx := context.Background()
	server := embedded(t, t.TempDir())
	shared := func(engine string, key byte) *store.Code {
		kv, _ := node(t, server)
		c := openCode(t, t.TempDir(), engine, key)
		require.NoError(t, kv.ShareCode(ctx, c))
		return c
	}
	fetch := func(c *store.Code) []byte {
		code, err := c.Fetch(ctx, nativeDigest)
		require.NoError(t, err)
		return code
	}
	one := shared("v1", 1)
	assert.Nil(t, fetch(one))
	require.NoError(t, one.Save(ctx, nativeDigest, nativeCode))
	two := shared("v1", 1)
	code, err := two.Load(nativeDigest)
	require.NoError(t, err)
	assert.Nil(t, code, "a login does not ask others")
	assert.Equal(t, nativeCode, fetch(two))
	code, err = two.Load(nativeDigest)
	require.NoError(t, err)
	assert.Equal(t, nativeCode, code, "from here on it is here")
	assert.Nil(t, fetch(shared("v1", 2)), "another key")
	assert.Nil(t, fetch(shared("v2", 1)), "another engine")
}
