package adapters

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
)

// How many deliveries are remembered, for one tenant and for all: some 40 bytes
// each. Only who has the secret can have any remembered.
const (
	maxSeenTenant = 1 << 18
	maxSeen       = 1 << 20
)

// seen remembers deliveries, so that none counts twice. What it is told is
// remembered for one window at least, and two at most.
type seen struct {
	window time.Duration

	mu       sync.Mutex // guards what follows
	now, old map[string]map[[16]byte]struct{}
	n        int
	since    time.Time // when now began
}

// take remembers the delivery; first is false if it was known.
func (s *seen) take(tenant, delivery string, at time.Time) (first bool, err error) {
	k := keyOf(delivery)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || at.Sub(s.since) >= s.window {
		s.old, s.now = s.now, map[string]map[[16]byte]struct{}{}
		if at.Sub(s.since) >= 2*s.window {
			s.old = nil
		}
		s.since, s.n = at, 0
		for _, m := range s.old {
			s.n += len(m)
		}
	}
	if _, ok := s.now[tenant][k]; ok {
		return false, nil
	}
	if _, ok := s.old[tenant][k]; ok {
		return false, nil
	}
	if s.n >= maxSeen || len(s.now[tenant])+len(s.old[tenant]) >= maxSeenTenant {
		return false, rulebox.Errorf(rulebox.CodeUnavailable, "too many signed requests in the last minutes to tell a new one from one that is sent again")
	}
	if s.now[tenant] == nil {
		s.now[tenant] = map[[16]byte]struct{}{}
	}
	s.now[tenant][k] = struct{}{}
	s.n++
	return true, nil
}

// forget takes back what was remembered: the delivery may come again.
func (s *seen) forget(tenant, delivery string) {
	k := keyOf(delivery)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range []map[string]map[[16]byte]struct{}{s.now, s.old} {
		if _, ok := m[tenant][k]; ok {
			delete(m[tenant], k)
			s.n--
		}
	}
}

func keyOf(delivery string) [16]byte {
	sum := sha256.Sum256([]byte(delivery))
	return [16]byte(sum[:16])
}
