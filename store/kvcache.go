package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/transaction"
)

const (
	// cacheRound is the least time between two writes of one cache: logins that
	// change it meanwhile share the next.
	cacheRound = 20 * time.Millisecond
	// cacheRetry is how long a node waits before it tries a bucket again that
	// failed.
	cacheRetry = time.Second
	// cacheCheck is how often a node makes sure that the bucket is still the one it
	// follows: a server that is restarted forgets it, and another node makes a new
	// one.
	cacheCheck = 2 * time.Second
	// maxPendingCache is how many changes of one cache wait to be written.
	maxPendingCache = 256
)

// Caches are what api.cache holds, shared by all nodes: one key of a bucket in
// memory for each tenant and trigger. A node follows the bucket, so that reading
// costs a login nothing; what it changes itself it sees at once, and writes soon.
// Without the bucket each node has its own.
type Caches struct {
	kv   *KV
	wake chan struct{} // there is something to write

	mu    sync.Mutex // guards what follows
	slots map[cacheSlot]*cache
	dirty map[cacheSlot]struct{}
}

type cacheSlot struct{ tenant, trigger string }

// A cache is that of one slot. Its view is base, which is revision rev of the
// bucket's key, with the pending changes on it.
type cache struct {
	base    []rulebox.CacheEntry
	rev     uint64
	pending []transaction.CacheChange
	writing int // how many of pending are on their way
	limits  rulebox.CacheLimits
	view    []rulebox.CacheEntry // not changed once it is set
}

func (c *cache) fold(now time.Time) {
	c.view = transaction.Cached(c.base, c.pending, transaction.MaxCache, now)
}

// Caches returns the caches. They are shared while Run runs.
func (k *KV) Caches() *Caches {
	return &Caches{kv: k, wake: make(chan struct{}, 1), slots: map[cacheSlot]*cache{}, dirty: map[cacheSlot]struct{}{}}
}

// Entries implements transaction.Caches.
func (c *Caches) Entries(tenant, trigger string) []rulebox.CacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.slots[cacheSlot{tenant, trigger}]
	if of == nil {
		return nil
	}
	return transaction.Unexpired(of.view, time.Now())
}

// Change implements transaction.Caches.
func (c *Caches) Change(tenant, trigger string, limits rulebox.CacheLimits, changes []transaction.CacheChange) {
	c.mu.Lock()
	slot := cacheSlot{tenant, trigger}
	of := c.slots[slot]
	if of == nil {
		of = &cache{}
		c.slots[slot] = of
	}
	of.limits = limits
	for _, change := range changes {
		// Of changes of one key that still wait the last counts.
		for i := of.writing; i < len(of.pending); i++ {
			if of.pending[i].Entry.Key == change.Entry.Key {
				of.pending = slices.Delete(of.pending, i, i+1)
				break
			}
		}
		of.pending = append(of.pending, change)
	}
	if over := len(of.pending) - of.writing - maxPendingCache; over > 0 {
		of.pending = slices.Delete(of.pending, of.writing, of.writing+over)
	}
	of.view = transaction.Cached(of.view, changes, limits, time.Now())
	c.dirty[slot] = struct{}{}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run shares the caches until ctx ends. Failures are logged, once for each time
// that the bucket goes away.
func (c *Caches) Run(ctx context.Context) error {
	told := false
	for ctx.Err() == nil {
		err := c.share(ctx, func() { told = false })
		if ctx.Err() != nil {
			return nil
		}
		if !told {
			c.kv.log.Warn("caches of actions are not shared at the moment: each node has its own", zap.Error(err))
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(cacheRetry):
		}
	}
	return nil
}

// share follows the bucket and writes to it, until ctx ends or something fails.
// It calls ready once all that is in the bucket is known.
func (c *Caches) share(ctx context.Context, ready func()) error {
	open, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	kv, err := c.kv.bucket(open, jetstream.StreamConfig{
		Name: cacheBucket, Description: "Rulebox: api.cache of actions", Storage: jetstream.MemoryStorage,
		MaxAge: 24 * time.Hour, MaxBytes: maxCaches, Discard: jetstream.DiscardOld,
	})
	if err != nil {
		return err
	}
	born, err := created(open, kv)
	if err != nil {
		return err
	}
	c.forget()
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }() // it ends with the connection at the latest
	check := time.NewTicker(cacheCheck)
	defer check.Stop()
	round := time.NewTimer(0)
	defer round.Stop()
	var wake chan struct{} // nil between two rounds
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, ok := <-w.Updates():
			if !ok {
				return errors.New("the bucket is not followed any more")
			}
			if entry == nil {
				ready()
			} else {
				c.take(entry)
			}
		case <-check.C:
			if now, err := created(ctx, kv); err != nil {
				return err
			} else if !now.Equal(born) {
				return errors.New("the bucket is a new one")
			}
		case <-round.C:
			wake = c.wake
		case <-wake:
			if err := c.writeAll(ctx, kv); err != nil {
				return err
			}
			wake = nil
			round.Reset(cacheRound)
		}
	}
}

// created returns when the bucket was made.
func created(ctx context.Context, kv jetstream.KeyValue) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	status, err := kv.Status(ctx)
	if err != nil {
		return time.Time{}, err
	}
	of, ok := status.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return time.Time{}, errors.New("the bucket is no stream")
	}
	return of.StreamInfo().Created, nil
}

// forget takes back what is known of revisions: the bucket may be a new one. What
// was cached stays until somebody says otherwise.
func (c *Caches) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for slot, of := range c.slots {
		of.rev = 0
		if len(of.pending) > 0 {
			c.dirty[slot] = struct{}{}
		}
	}
	if len(c.dirty) > 0 {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// take takes in what somebody has written.
func (c *Caches) take(entry jetstream.KeyValueEntry) {
	slot, ok := slotOf(entry.Key())
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.slots[slot]
	if of == nil {
		of = &cache{}
		c.slots[slot] = of
	}
	c.rebase(slot, of, decodeCache(entry), entry.Revision())
}

// rebase makes the entries of a revision the slot's base, unless a later one is
// known. Caller holds mu.
func (c *Caches) rebase(slot cacheSlot, of *cache, entries []rulebox.CacheEntry, rev uint64) {
	if rev <= of.rev {
		return
	}
	of.base, of.rev = entries, rev
	of.fold(time.Now())
	if len(of.view) == 0 && len(of.pending) == 0 {
		of.base = nil
	}
}

// writeAll writes every cache that has changed. An error leaves what was not
// written to be written later.
func (c *Caches) writeAll(ctx context.Context, kv jetstream.KeyValue) error {
	for {
		slot, ok := c.next()
		if !ok {
			return nil
		}
		if err := c.write(ctx, kv, slot); err != nil {
			c.mu.Lock()
			c.dirty[slot] = struct{}{}
			c.slots[slot].writing = 0
			c.mu.Unlock()
			return err
		}
	}
}

func (c *Caches) next() (cacheSlot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for slot := range c.dirty {
		delete(c.dirty, slot)
		return slot, true
	}
	return cacheSlot{}, false
}

// maxCacheTries is how often a write is tried again because another node's came
// first.
const maxCacheTries = 16

// write writes what is pending for the slot on the latest revision. A change that
// loses to other nodes' time and again is dropped.
func (c *Caches) write(ctx context.Context, kv jetstream.KeyValue, slot cacheSlot) error {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	for range maxCacheTries {
		entries, rev := c.begin(slot)
		next, err := put(ctx, kv, slot.key(), encodeCache(entries), rev)
		switch {
		case conflict(err):
			entry, err := kv.Get(ctx, slot.key())
			if errors.Is(err, jetstream.ErrKeyNotFound) {
				c.lose(slot)
				continue
			}
			if err != nil {
				return err
			}
			c.take(entry)
			continue
		case refused(err):
			c.kv.log.Warn("a cache was not shared", zap.String("tenant", slot.tenant), zap.String("trigger", slot.trigger), zap.Error(err))
			c.end(slot, nil, 0)
			return nil
		case err != nil:
			return err
		}
		c.end(slot, entries, next)
		return nil
	}
	c.end(slot, nil, 0)
	return nil
}

// refused reports whether the server does not take the value, which is no reason
// not to write others.
func refused(err error) bool {
	var e *jetstream.APIError
	return errors.As(err, &e) || errors.Is(err, nats.ErrMaxPayload)
}

// begin returns what the slot is to become, and the revision that it comes from.
func (c *Caches) begin(slot cacheSlot) ([]rulebox.CacheEntry, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.slots[slot]
	of.writing = len(of.pending)
	return transaction.Cached(of.base, of.pending, of.limits, time.Now()), of.rev
}

// end takes away what was written as revision rev. What was given up, with a rev
// of 0, stays with this node until another revision comes.
func (c *Caches) end(slot cacheSlot, entries []rulebox.CacheEntry, rev uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.slots[slot]
	if rev == 0 {
		of.base = transaction.Cached(of.base, of.pending[:of.writing], of.limits, time.Now())
	}
	of.pending, of.writing = slices.Clone(of.pending[of.writing:]), 0
	c.rebase(slot, of, entries, rev)
	of.fold(time.Now())
}

// lose takes back a revision that the bucket has dropped.
func (c *Caches) lose(slot cacheSlot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[slot].rev = 0
}

func put(ctx context.Context, kv jetstream.KeyValue, key string, value []byte, rev uint64) (uint64, error) {
	if rev == 0 {
		return kv.Create(ctx, key, value)
	}
	return kv.Update(ctx, key, value, rev)
}

// key is the slot's in the bucket. Triggers have characters that keys have not.
func (s cacheSlot) key() string {
	return s.tenant + "." + base64.RawURLEncoding.EncodeToString([]byte(s.trigger))
}

func slotOf(key string) (cacheSlot, bool) {
	tenant, encoded, _ := strings.Cut(key, ".")
	trigger, err := base64.RawURLEncoding.DecodeString(encoded)
	return cacheSlot{tenant, string(trigger)}, err == nil && tenant != "" && len(trigger) > 0
}

// cacheRecord is one entry in the value of a key, which is an array of them.
type cacheRecord struct {
	Key     string `json:"k"`
	Value   string `json:"v"`
	Expires int64  `json:"e"` // milliseconds since 1970
}

func encodeCache(entries []rulebox.CacheEntry) []byte {
	records := make([]cacheRecord, len(entries))
	for i, e := range entries {
		records[i] = cacheRecord{e.Key, e.Value, e.ExpiresAt}
	}
	text, err := json.Marshal(records)
	if err != nil {
		return []byte("[]") // strings and numbers always are JSON
	}
	return text
}

// decodeCache returns nothing for what it does not understand.
func decodeCache(entry jetstream.KeyValueEntry) []rulebox.CacheEntry {
	var records []cacheRecord
	if entry.Operation() != jetstream.KeyValuePut || json.Unmarshal(entry.Value(), &records) != nil {
		return nil
	}
	entries := make([]rulebox.CacheEntry, len(records))
	for i, r := range records {
		entries[i] = rulebox.CacheEntry{Key: r.Key, Value: r.Value, ExpiresAt: r.Expires}
	}
	return entries
}
