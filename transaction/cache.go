package transaction

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rulebox/rulebox"
)

// Caches are what api.cache holds, for all tenants. They are a help and no store:
// what is lost is made again. It is safe for concurrent use.
type Caches interface {
	// Entries returns what is there now. The slice must not be changed.
	Entries(tenant, trigger string) []rulebox.CacheEntry
	// Change takes changes in, in order, and returns at once; the next Entries
	// has them.
	Change(tenant, trigger string, limits rulebox.CacheLimits, changes []CacheChange)
}

// A CacheChange is one change of a cache.
type CacheChange struct {
	Entry rulebox.CacheEntry
	// Delete says that the entry of the key goes away.
	Delete bool
}

// maxCacheChanges is how many changes of one invocation count: as many as engines let
// scripts make. Each is made while other tenants' logins wait for their caches.
const maxCacheChanges = 100

// maxCacheTime is how long an entry can live.
const maxCacheTime = 24 * time.Hour

// MaxCache are the greatest limits that a tenant can have.
var MaxCache = rulebox.CacheLimits{Entries: 1000, Key: maxCacheKey, Value: maxCacheValue, Total: 256 << 10}

// Cached returns the entries after the changes: none that has expired, and none
// beyond the limits. Of too many those that would expire first are dropped.
func Cached(entries []rulebox.CacheEntry, changes []CacheChange, limits rulebox.CacheLimits, now time.Time) []rulebox.CacheEntry {
	limits = limits.WithDefaults()
	next := make([]rulebox.CacheEntry, 0, len(entries)+len(changes))
	next = append(next, entries...)
	for _, c := range changes {
		next = slices.DeleteFunc(next, func(e rulebox.CacheEntry) bool { return e.Key == c.Entry.Key })
		if !c.Delete && len(c.Entry.Key) <= limits.Key && len(c.Entry.Value) <= limits.Value {
			next = append(next, c.Entry)
		}
	}
	latest := now.Add(maxCacheTime).UnixMilli()
	next = slices.DeleteFunc(next, func(e rulebox.CacheEntry) bool { return e.ExpiresAt <= now.UnixMilli() })
	total := 0
	for i := range next {
		next[i].ExpiresAt = min(next[i].ExpiresAt, latest)
		total += len(next[i].Key) + len(next[i].Value)
	}
	for len(next) > limits.Entries || total > limits.Total {
		first := 0
		for i := range next {
			if cmp.Less(next[i].ExpiresAt, next[first].ExpiresAt) {
				first = i
			}
		}
		total -= len(next[first].Key) + len(next[first].Value)
		next = slices.Delete(next, first, first+1)
	}
	return next
}

// Unexpired returns the entries that have not expired.
func Unexpired(entries []rulebox.CacheEntry, now time.Time) []rulebox.CacheEntry {
	old := func(e rulebox.CacheEntry) bool { return e.ExpiresAt <= now.UnixMilli() }
	if !slices.ContainsFunc(entries, old) {
		return entries
	}
	return slices.DeleteFunc(slices.Clone(entries), old)
}

// CacheTrigger is the trigger whose cache an invocation of the trigger uses: the
// actions of a login have one, however it was fired.
func CacheTrigger(trigger string) string {
	if trigger == rulebox.TriggerLogin {
		return rulebox.TriggerPostLogin
	}
	return trigger
}

// cacheModule is how scripts that are no actions reach the cache, cacheImport how
// those do that are WebAssembly.
const (
	cacheModule = "@rulebox/cache"
	cacheImport = "extism:host/user"
)

var mentions, _ = lru.New[rulebox.Digest, bool](4096)

// mayCache reports whether the chain's scripts may use the cache.
func mayCache(chain *rulebox.Chain) bool {
	return slices.ContainsFunc(chain.Scripts, func(s *rulebox.Script) bool {
		if s == nil || s.Kind == rulebox.KindAction {
			return true
		}
		found, known := mentions.Get(s.Digest)
		if !known || s.Digest == "" {
			found = strings.Contains(s.Source, cacheModule) || strings.Contains(s.Source, cacheImport)
			mentions.Add(s.Digest, found)
		}
		return found
	})
}

// fillCache gives scripts what is cached. Unsaved code has what its caller gave.
func (g *passage) fillCache() {
	if g.inv.Chain != nil {
		return
	}
	g.bound.Cache = nil
	if g.p.Caches != nil && mayCache(g.chain) {
		g.bound.Cache = g.p.Caches.Entries(g.inv.Tenant, CacheTrigger(g.inv.Trigger))
	}
}

// takeCache makes the changes of the cache and returns the other commands. Those
// of unsaved code are for its caller to see.
func (g *passage) takeCache(commands []command) []command {
	if g.inv.Chain != nil {
		return commands
	}
	var changes []CacheChange
	commands = slices.DeleteFunc(commands, func(c command) bool {
		switch c.name {
		case "cache.set":
			var at float64
			if json.Unmarshal(c.args[2], &at) == nil {
				changes = append(changes, CacheChange{Entry: rulebox.CacheEntry{Key: c.str(0), Value: c.str(1), ExpiresAt: int64(min(at, 1<<52))}})
			}
		case "cache.delete":
			changes = append(changes, CacheChange{Entry: rulebox.CacheEntry{Key: c.str(0)}, Delete: true})
		default:
			return false
		}
		return true
	})
	changes = changes[:min(len(changes), maxCacheChanges)]
	if len(changes) > 0 && g.p.Caches != nil {
		g.p.Caches.Change(g.inv.Tenant, CacheTrigger(g.inv.Trigger), g.chain.Cache, changes)
	}
	return commands
}
