package modules

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func keyTexts(t *testing.T, n int) (texts []string) {
	for range n {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(k)
		require.NoError(t, err)
		texts = append(texts, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	}
	return texts
}

func TestKeyCacheGivesTheSameKey(t *testing.T) {
	var c keyCache
	text := keyTexts(t, 1)[0]
	private, err := c.parse(keyPrivate, "pem", "", text, nil)
	require.NoError(t, err)
	again, err := c.parse(keyPrivate, "pem", "", strings.Clone(text), nil)
	require.NoError(t, err)
	require.Same(t, private, again)
	public, err := c.parse(keyPublic, "pem", "", text, nil)
	require.NoError(t, err)
	require.Equal(t, keyPublic, public.kind, "a key asked for as public is no private one")
	require.Nil(t, public.priv)
}

// A passphrase is part of the key: without it nobody gets what another script opened
// with it.
func TestKeyCachePassphrase(t *testing.T) {
	var c keyCache
	block, _ := pem.Decode([]byte(keyTexts(t, 1)[0]))
	der, err := encryptPKCS8(rand.Reader, block.Bytes, []byte("right"), "aes-128-cbc")
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}))
	_, err = c.parse(keyPrivate, "pem", "", text, []byte("right"))
	require.NoError(t, err)
	for _, pass := range [][]byte{nil, {}, []byte("wrong"), []byte("right ")} {
		_, err = c.parse(keyPrivate, "pem", "", text, pass)
		require.Error(t, err, "passphrase %q", pass)
	}
	// Nor does text move from one to the other.
	_, err = c.parse(keyPrivate, "pem", "", text+"right", nil)
	require.Error(t, err)
}

func TestKeyCacheIsBounded(t *testing.T) {
	var c keyCache
	for _, text := range keyTexts(t, maxCachedKeys+10) {
		_, err := c.parse(keyPrivate, "pem", "", text, nil)
		require.NoError(t, err)
	}
	require.Equal(t, maxCachedKeys, c.keys.Len())
	const long = 15 << 10
	for _, text := range keyTexts(t, 40) {
		_, err := c.parse(keyPrivate, "pem", "", text+strings.Repeat("\n", long), nil)
		require.NoError(t, err)
		require.LessOrEqual(t, c.bytes, maxCachedBytes)
	}
	require.Less(t, c.keys.Len(), 20)
	total := 0
	for _, k := range c.keys.Keys() {
		total += k.size()
	}
	require.Equal(t, total, c.bytes)
	huge := keyTexts(t, 1)[0] + strings.Repeat("\n", maxCachedText)
	_, err := c.parse(keyPrivate, "pem", "", huge, nil)
	require.NoError(t, err)
	require.False(t, c.keys.Contains(keyText{kind: keyPrivate, format: "pem", data: huge}))
	_, err = c.parse(keyPrivate, "pem", "", "not a key", nil)
	require.Error(t, err)
	require.False(t, c.keys.Contains(keyText{kind: keyPrivate, format: "pem", data: "not a key"}), "what is no key is not remembered")
}
