package runtime

import (
	"context"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js"
)

// gate is one invocation's way onto the processor: a js.Gate. Waiters get it in
// the order they asked.
type gate struct {
	r      *Runner
	number uint64
	realm  *js.Realm
	since  time.Time // when it took the processor
	cpu    time.Duration
	on     bool
}

// try takes the processor if it is free.
func (g *gate) try() bool {
	select {
	case g.r.token <- struct{}{}:
		g.entered()
		return true
	default:
		return false
	}
}

// first takes the processor before the realm is made.
func (g *gate) first(ctx context.Context, deadline time.Time, c *rulebox.Chain) error {
	if ctx.Err() == nil && time.Until(deadline) > 0 && g.try() {
		return nil
	}
	wait := time.NewTimer(time.Until(deadline))
	defer wait.Stop()
	if ctx.Err() == nil && time.Until(deadline) > 0 {
		select {
		case g.r.token <- struct{}{}:
			g.entered()
			return nil
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	return rulebox.Errorf(rulebox.CodeTimeout, "the time limit passed before the scripts could start").
		WithHint("another login of the tenant %q kept the processor; look for rules that compute for long", c.Tenant).
		WithCause(context.DeadlineExceeded)
}

// hold says which realm Interrupt ends while the gate is on the processor.
func (g *gate) hold(realm *js.Realm) {
	g.realm = realm
	g.r.current.Store(realm)
}

func (g *gate) entered() {
	g.on, g.since = true, time.Now()
	if g.realm != nil {
		g.r.current.Store(g.realm)
	}
	g.Script(-1)
}

// Enter implements js.Gate.
func (g *gate) Enter(stop <-chan struct{}) bool {
	if g.try() {
		return true
	}
	select {
	case g.r.token <- struct{}{}:
		g.entered()
		return true
	case <-stop:
		return false
	}
}

// Leave implements js.Gate. It may be called when the gate is already off.
func (g *gate) Leave() {
	if !g.on {
		return
	}
	g.on = false
	g.cpu += time.Since(g.since)
	g.r.current.Store(nil)
	if g.r.opt.OnCPU != nil {
		g.r.opt.OnCPU(0, -1)
	}
	<-g.r.token
}

// Script implements js.Gate.
func (g *gate) Script(i int) {
	if g.r.opt.OnCPU != nil {
		g.r.opt.OnCPU(g.number, i)
	}
}

// used is the time on the processor up to now.
func (g *gate) used() time.Duration {
	if g.on {
		return g.cpu + time.Since(g.since)
	}
	return g.cpu
}
