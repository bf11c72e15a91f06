package transaction

import (
	"context"
	"runtime"
	"sync"
)

// A turnstile lets work on the node's own processors through: one piece for each
// tenant at a time, and at most for half of the processors in all. Hashing a
// password takes some 50 ms; without it, a tenant whose users all come at once
// would take the time of others' logins. The zero value is ready.
type turnstile struct {
	mu      sync.Mutex // guards what follows
	all     chan struct{}
	tenants map[string]*turn
}

// hashes is the process's, as its processors are.
var hashes turnstile

// A turn is one tenant's.
type turn struct {
	slot  chan struct{}
	users int // who hold it or wait for it
}

// pass waits for the tenant's turn. Leave is called when the work is done.
func (t *turnstile) pass(ctx context.Context, tenant string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	if t.all == nil {
		t.all, t.tenants = make(chan struct{}, max(runtime.GOMAXPROCS(0)/2, 1)), map[string]*turn{}
	}
	own := t.tenants[tenant]
	if own == nil {
		own = &turn{slot: make(chan struct{}, 1)}
		t.tenants[tenant] = own
	}
	own.users++
	t.mu.Unlock()
	done := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.tenants, tenant)
		}
	}
	// First the tenant's own: those who wait for all are one of each tenant.
	for i, slot := range []chan struct{}{own.slot, t.all} {
		select {
		case slot <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-own.slot
			}
			done()
			return nil, ctx.Err()
		}
	}
	return func() { <-t.all; <-own.slot; done() }, nil
}
