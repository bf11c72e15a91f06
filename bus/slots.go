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
	bytes   int
	tenants map[string]share // no entry has 0 requests
}

// share is what a tenant has of the slots: requests, and their bytes.
type share struct{ requests, bytes int }

// Bounds of what the bodies of requests with the handler hold in memory, in all
// and of one tenant, in bytes. A login has some kilobytes: ordinary ones reach
// the limits of their number first.
const (
	maxBytes       = 512 << 20
	maxTenantBytes = maxBytes / 4
)

// take takes a slot for a request of the tenant with so many bytes, or says which
// limit stands in the way.
func (s *slots) take(tenant string, size int) *rulebox.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.tenants[tenant]
	switch {
	case s.total >= s.max:
		return unavailable("the node is busy: all %d requests it takes at once are running", s.max).
			WithHint("send it again, add nodes, or raise the node's limit of requests in flight")
	case of.requests >= s.maxTenant:
		return unavailable("the node is busy with tenant %s: all %d requests it takes at once from one tenant are running", tenant, s.maxTenant).
			WithHint("look for rules that wait long, add nodes, or raise the node's limit of requests in flight")
	case s.bytes+size > maxBytes, of.bytes+size > maxTenantBytes:
		return unavailable("the node is busy: the requests that are running hold %d MiB, those of tenant %s %d MiB", s.bytes>>20, tenant, of.bytes>>20).
			WithHint("send it again, or send less in user and context")
	}
	s.total++
	s.bytes += size
	s.tenants[tenant] = share{of.requests + 1, of.bytes + size}
	return nil
}

func (s *slots) give(tenant string, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	s.bytes -= size
	of := s.tenants[tenant]
	if of.requests == 1 {
		delete(s.tenants, tenant)
		return
	}
	s.tenants[tenant] = share{of.requests - 1, of.bytes - size}
}

// tenantOf returns the tenant's part of a subject that Serve receives, whether
// it is a name or not.
func tenantOf(subject string) string {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(subject, prefix), ".")
	return tenant
}
