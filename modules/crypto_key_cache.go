package modules

import (
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Bounds of the keys that are remembered.
const (
	maxCachedKeys  = 64
	maxCachedText  = 16 << 10 // bytes of one key's text and passphrase
	maxCachedBytes = 256 << 10
)

// A keyText is all that parseKey reads. It is compared in full: two texts that
// differ are never one key.
type keyText struct {
	kind, format, typ string
	data, passphrase  string
	protected         bool // a passphrase was given
}

func (t *keyText) size() int { return len(t.data) + len(t.passphrase) }

// keyCache remembers parsed keys, private ones too: checking an RSA key takes about
// as long as signing with it, and scripts parse the same text at each login. Whoever
// finds a key here has shown its whole text, and its passphrase.
type keyCache struct {
	mu    sync.Mutex // guards what follows
	keys  *simplelru.LRU[keyText, *keyMaterial]
	bytes int
}

var parsedKeys keyCache

// parse is parseKey, but for a text that was parsed lately it gives the same key
// again.
func (c *keyCache) parse(kind, format, typ, data string, passphrase []byte) (*keyMaterial, error) {
	t := keyText{kind, format, typ, data, string(passphrase), passphrase != nil}
	if k := c.get(t); k != nil {
		return k, nil
	}
	k, err := parseKey(kind, format, typ, []byte(data), passphrase)
	if err == nil && t.size() <= maxCachedText {
		t.data = strings.Clone(data) // it may be a part of a whole request
		c.add(t, k)
	}
	return k, err
}

func (c *keyCache) get(t keyText) *keyMaterial {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		return nil
	}
	k, _ := c.keys.Get(t)
	return k
}

func (c *keyCache) add(t keyText, k *keyMaterial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys, _ = simplelru.NewLRU(maxCachedKeys, func(t keyText, _ *keyMaterial) { c.bytes -= t.size() })
	}
	if c.keys.Contains(t) {
		return // another goroutine was first
	}
	c.bytes += t.size()
	c.keys.Add(t, k)
	for c.bytes > maxCachedBytes {
		c.keys.RemoveOldest()
	}
}
