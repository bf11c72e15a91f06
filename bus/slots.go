package bus

import (
	"strings"
	"sync"

	"github.com/rulebox/rulebox"
)

// slots bound what is with the handler at once, in all and for one tenant, so
// that a tenant whose logins hang leaves room for the others'.
type slots struct {
	max, maxTenant int

	mu      sync.Mutex
	total   int
	tenants map[string]int // no entry is 0
}

// take takes a slot for the tenant, or says which limit stands in the way.
func (s *slots) take(tenant string) *rulebox.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.total >= s.max:
		return unavailable("the node is busy: all %d requests it takes at once are running", s.max).
			WithHint("send it again, add nodes, or raise the node's limit of requests in flight")
	case s.tenants[tenant] >= s.maxTenant:
		return unavailable("the node is busy with tenant %s: all %d requests it takes at once from one tenant are running", tenant, s.maxTenant).
			WithHint("look for rules that wait long, add nodes, or raise the node's limit of requests in flight")
	}
	s.total++
	s.tenants[tenant]++
	return nil
}

func (s *slots) give(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.tenants[tenant]--; s.tenants[tenant] == 0 {
		delete(s.tenants, tenant)
	}
}

// tenantOf returns the tenant's part of a subject that Serve receives, whether
// it is a name or not.
func tenantOf(subject string) string {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(subject, prefix), ".")
	return tenant
}
