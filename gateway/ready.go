package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// probeEvery is how long one probe's answer stands, so that health checks of
	// many do not become a load.
	probeEvery   = time.Second
	probeTimeout = 5 * time.Second
)

// prober runs the readiness probe, one at a time, and remembers its answer.
type prober struct {
	probe func(context.Context) error

	mu   sync.Mutex // guards what follows, held while probing
	at   time.Time
	last error
}

func (p *prober) check(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.at.IsZero() && time.Since(p.at) < probeEvery {
		return p.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	p.last, p.at = p.probe(ctx), time.Now()
	return p.last
}

func (g *gateway) readyz(w http.ResponseWriter, r *http.Request) {
	if err := g.ready.check(r.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		return
	}
	plain(w, http.StatusOK, "ok: a login went the whole way\n")
}
