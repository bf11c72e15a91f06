package transaction

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
)

// MemoryStates keep states in this process, for commands, tests, and a node
// without JetStream.
type MemoryStates struct {
	mu     sync.Mutex // guards what follows
	states map[string]memoryState
	size   int
	swept  time.Time
}

type memoryState struct {
	record []byte
	until  time.Time
}

// maxMemoryStates bounds what is kept, in bytes.
const maxMemoryStates = 64 << 20

// NewMemoryStates returns States without any.
func NewMemoryStates() *MemoryStates { return &MemoryStates{states: map[string]memoryState{}} }

// Room is how many bytes are kept, for all tenants.
func (m *MemoryStates) Room() int64 { return maxMemoryStates }

// Put implements States.
func (m *MemoryStates) Put(_ context.Context, name string, record []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Sub(m.swept) > time.Minute || m.size+len(record) > maxMemoryStates {
		m.sweep(now)
	}
	if _, taken := m.states[name]; taken {
		return errStateName
	}
	if m.size+len(record) > maxMemoryStates {
		return errors.New("transaction: too many suspended logins are kept in memory")
	}
	m.size += len(record)
	m.states[name] = memoryState{record, now.Add(ttl)}
	return nil
}

// Take implements States.
func (m *MemoryStates) Take(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.states[name]
	if !ok {
		return nil, nil
	}
	m.remove(name)
	if !time.Now().Before(s.until) {
		return nil, nil
	}
	return s.record, nil
}

// sweep forgets what has expired. Caller holds mu.
func (m *MemoryStates) sweep(now time.Time) {
	m.swept = now
	for name, s := range m.states {
		if !now.Before(s.until) {
			m.remove(name)
		}
	}
}

// remove forgets one. Caller holds mu.
func (m *MemoryStates) remove(name string) {
	m.size -= len(m.states[name].record)
	delete(m.states, name)
}

// MemoryCaches keep caches in this process.
type MemoryCaches struct {
	mu    sync.Mutex // guards slots
	slots map[[2]string][]rulebox.CacheEntry
}

// NewMemoryCaches returns Caches without entries.
func NewMemoryCaches() *MemoryCaches {
	return &MemoryCaches{slots: map[[2]string][]rulebox.CacheEntry{}}
}

// Entries implements Caches.
func (m *MemoryCaches) Entries(tenant, trigger string) []rulebox.CacheEntry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Unexpired(m.slots[[2]string{tenant, trigger}], time.Now())
}

// Change implements Caches.
func (m *MemoryCaches) Change(tenant, trigger string, limits rulebox.CacheLimits, changes []CacheChange) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slot := [2]string{tenant, trigger}
	if m.slots[slot] = Cached(m.slots[slot], changes, limits, time.Now()); len(m.slots[slot]) == 0 {
		delete(m.slots, slot)
	}
}
