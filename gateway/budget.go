package gateway

import (
	"net/http"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
)

// Bounds of what the bodies of requests may hold in memory at once, in all and
// for one tenant, in bytes. Ordinary logins have some kilobytes.
const (
	maxBytes       = 256 << 20
	maxTenantBytes = maxBytes / 4
)

// sendTimeout is how long a caller may take to read an answer. What it does not
// read is held for it.
const sendTimeout = 30 * time.Second

// A budget is the memory for bodies: who sends many at once, and slowly, must
// not take that of others.
type budget struct {
	mu      sync.Mutex // guards what follows
	total   int64
	tenants map[string]int64 // no entry is 0
}

// take reserves what the request's body can have, at most so many bytes, until give
// is called.
func (b *budget) take(r *http.Request, tenant string, most int64) (give func(), err error) {
	n := r.ContentLength
	if n < 0 || n > most {
		n = most
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.total+n > maxBytes || b.tenants[tenant]+n > maxTenantBytes {
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the node is busy: the requests that are on their way hold %d MiB, those of this tenant %d MiB", b.total>>20, b.tenants[tenant]>>20).
			WithHint("send it again, or send less in user and context")
	}
	if b.tenants == nil {
		b.tenants = map[string]int64{}
	}
	b.total += n
	b.tenants[tenant] += n
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.total -= n
		if b.tenants[tenant] -= n; b.tenants[tenant] == 0 {
			delete(b.tenants, tenant)
		}
	}), nil
}

// mayTake lets the caller take sendTimeout from now for the answer. Not every
// writer can do that; a server's can.
func mayTake(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTimeout))
}
