package js

import (
	"fmt"
	"math"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
)

// Bounds of the cache beside those of the chain: the lifetime of a record, and how
// many changes one invocation may make.
const (
	cacheDefault = 15 * time.Minute
	cacheMax     = 24 * time.Hour
	cacheChanges = 100
)

// store is api.cache as one invocation sees it: what there was when it began, with
// its own changes.
type store struct {
	limits  rulebox.CacheLimits
	records map[string]rulebox.CacheEntry
	changes int
}

// cache returns the invocation's.
func (r *Realm) cache() *store {
	sheet := r.in.sheet
	if sheet.store == nil {
		s := &store{limits: r.chain.Cache.WithDefaults(), records: make(map[string]rulebox.CacheEntry, len(r.in.Stored))}
		for _, e := range r.in.Stored {
			s.records[e.Key] = e
		}
		sheet.store = s
	}
	return sheet.store
}

// set stores the record, or returns the code of what is wrong with it.
func (s *store) set(e rulebox.CacheEntry, now int64) (code string) {
	switch {
	case len(e.Key) > s.limits.Key || e.Key == "":
		return "CacheKeySizeExceeded"
	case len(e.Value) > s.limits.Value:
		return "CacheValueSizeExceeded"
	case e.ExpiresAt <= now:
		return "ItemAlreadyExpired"
	case s.changes >= cacheChanges:
		return "MaxSideEffectsExceeded"
	}
	total, n := len(e.Key)+len(e.Value), 1
	for key, have := range s.records {
		if have.ExpiresAt <= now {
			delete(s.records, key)
		} else if key != e.Key {
			total += len(key) + len(have.Value)
			n++
		}
	}
	if total > s.limits.Total || n > s.limits.Entries {
		return "CacheSizeExceeded"
	}
	s.records[e.Key] = e
	s.changes++
	return ""
}

// remove takes the record away, or returns the code of what is wrong.
func (s *store) remove(key string, now int64) (code string) {
	switch e, found := s.records[key]; {
	case !found || e.ExpiresAt <= now:
		return "CacheKeyDoesNotExist"
	case s.changes >= cacheChanges:
		return "MaxSideEffectsExceeded"
	}
	delete(s.records, key)
	s.changes++
	return ""
}

var cacheMethods = []method{
	{"cache.get", everywhere, func(a *apiCall) goja.Value { return a.r.cacheGet(a.args) }},
	{"cache.set", everywhere, func(a *apiCall) goja.Value { return a.r.cacheSet(a.args) }},
	{"cache.delete", everywhere, func(a *apiCall) goja.Value { return a.r.cacheDelete(a.args) }},
}

func stringArg(args []goja.Value, i int) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	s, ok := args[i].(goja.String)
	if !ok {
		return "", false
	}
	return s.String(), true
}

func (r *Realm) cacheGet(args []goja.Value) goja.Value {
	key, ok := stringArg(args, 0)
	e, found := r.cache().records[key]
	if !ok || !found || e.ExpiresAt <= r.now().UnixMilli() {
		return goja.Undefined()
	}
	return r.record(e)
}

func (r *Realm) record(e rulebox.CacheEntry) goja.Value {
	o := r.vm.NewObject()
	o.Set("value", e.Value)
	o.Set("expires_at", e.ExpiresAt)
	return o
}

// cacheSet answers with a result object: what is wrong is no exception.
func (r *Realm) cacheSet(args []goja.Value) goja.Value {
	key, okKey := stringArg(args, 0)
	value, okValue := stringArg(args, 1)
	if !okKey || !okValue {
		r.log("warn", "cache.set: key and value must be strings: use JSON.stringify")
		return r.cacheFailure("FailedToSetCacheRecord")
	}
	now := r.now().UnixMilli()
	expires, ok := now+cacheDefault.Milliseconds(), true
	if len(args) > 2 {
		expires, ok = expiresAt(args[2], now)
	}
	if !ok {
		return r.cacheFailure("InvalidExpiry")
	}
	e := rulebox.CacheEntry{Key: key, Value: value, ExpiresAt: expires}
	if code := r.cache().set(e, now); code != "" {
		return r.cacheFailure(code)
	}
	r.emit("cache.set", key, value, expires)
	o := r.vm.NewObject()
	o.Set("type", "success")
	o.Set("record", r.record(e))
	return o
}

// expiresAt reads {ttl, expires_at}, of which the earlier counts.
func expiresAt(v goja.Value, now int64) (at int64, ok bool) {
	at = now + cacheDefault.Milliseconds()
	o, isObject := v.(*goja.Object)
	if !isObject {
		return at, isNone(v)
	}
	limit := now + cacheMax.Milliseconds()
	given := false
	for _, name := range []string{"ttl", "expires_at"} {
		v := o.Get(name)
		if isNone(v) {
			continue
		}
		f := v.ToFloat()
		if !goja.IsNumber(v) || math.IsNaN(f) || math.IsInf(f, 0) || f <= 0 {
			return 0, false
		}
		t := int64(min(f, float64(limit)))
		if name == "ttl" {
			t = now + int64(min(f, float64(cacheMax.Milliseconds())))
		}
		if !given || t < at {
			at, given = t, true
		}
	}
	return min(at, limit), true
}

func (r *Realm) cacheDelete(args []goja.Value) goja.Value {
	key, ok := stringArg(args, 0)
	if !ok {
		return r.cacheFailure("CacheKeyDoesNotExist")
	}
	if code := r.cache().remove(key, r.now().UnixMilli()); code != "" {
		return r.cacheFailure(code)
	}
	r.emit("cache.delete", key)
	o := r.vm.NewObject()
	o.Set("type", "success")
	return o
}

func (r *Realm) cacheFailure(code string) goja.Value {
	o := r.vm.NewObject()
	o.Set("type", "error")
	o.Set("code", code)
	return o
}

// cacheModule is what rules require as @rulebox/cache.
func (r *Realm) cacheModule() goja.Value {
	o := r.vm.NewObject()
	for name, f := range map[string]func([]goja.Value) goja.Value{"get": r.cacheGet, "set": r.cacheSet, "delete": r.cacheDelete} {
		o.Set(name, r.function(name, func(call goja.FunctionCall) goja.Value {
			if r.in == nil || r.finished || r.action != nil && r.action.over {
				r.log("warn", fmt.Sprintf("cache.%s was called after the answer; it has no effect", name))
				return goja.Undefined()
			}
			return f(call.Arguments)
		}))
	}
	return o
}
