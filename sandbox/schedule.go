package sandbox

import (
	"context"
	"slices"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// A groupKey is whose workers they are. Workers of different keys share nothing.
type groupKey struct {
	tenant, session string
	profile         confine.Profile
}

// A group is the workers of one key and the invocations that wait for one of
// them. Pool.mu guards it.
type group struct {
	key groupKey
	// memory and wall are the largest limits of the group's chains so far. A
	// worker gets them at its lease and keeps them for life.
	memory  int64
	wall    time.Duration
	workers []*worker
	waiters []*waiter
}

// A waiter is an invocation without a worker. ch gets one value: a worker with
// the place taken, or nil when the pool closes.
type waiter struct {
	c  *call
	ch chan *worker
}

// hogged is the time on the processor after which a worker gets no further
// invocations: they wait in the node instead, where they are not lost with it.
const hogged = 20 * time.Millisecond

// justSent is how long a sent invocation counts as being on the processor
// although the shared page does not say so yet.
const justSent = time.Millisecond

// acquire takes a place in a worker for the call. The error is an *rulebox.Error;
// nothing was started then.
func (p *Pool) acquire(ctx context.Context, c *call) (*worker, error) {
	p.mu.Lock()
	if p.state == closing {
		p.mu.Unlock()
		return nil, errClosing()
	}
	if err := p.runs(profileOf(c.chain)); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	g := p.groupOf(c.chain)
	p.fit(g, c)
	// Those who came first go first.
	if len(g.waiters) == 0 {
		if w := p.pick(g, c); w != nil {
			p.mu.Unlock()
			p.settle(w)
			return w, nil
		}
	}
	if err := p.refusal(g); err != nil {
		p.drop(g)
		p.mu.Unlock()
		p.stats.refused.Add(1)
		return nil, err
	}
	wt := &waiter{c: c, ch: make(chan *worker, 1)}
	g.waiters = append(g.waiters, wt)
	p.queued++
	p.mu.Unlock()
	p.wake()

	timer := time.NewTimer(time.Until(c.deadline))
	defer timer.Stop()
	select {
	case w := <-wt.ch:
		if w == nil {
			return nil, errClosing()
		}
		p.settle(w)
		return w, nil
	case <-ctx.Done():
	case <-timer.C:
	}
	p.leaveQueue(g, wt)
	p.stats.refused.Add(1)
	return nil, p.queueTimeout(ctx, c)
}

// leaveQueue withdraws the waiter. A worker that was handed to it meanwhile is
// given back.
func (p *Pool) leaveQueue(g *group, wt *waiter) {
	p.mu.Lock()
	if i := slices.Index(g.waiters, wt); i >= 0 {
		g.waiters = slices.Delete(g.waiters, i, i+1)
		p.queued--
		p.drop(g)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if w := <-wt.ch; w != nil {
		p.release(w, wt.c)
	}
}

// refusal is why the call may not even wait, nil if it may.
func (p *Pool) refusal(g *group) *rulebox.Error {
	if p.queued >= p.opt.Queue {
		return rulebox.Errorf(rulebox.CodeUnavailable, "%d invocations wait for a worker already", p.queued).
			WithHint("try again; if it lasts, raise the pool's queue or add nodes")
	}
	if len(g.workers) > 0 {
		return nil
	}
	if p.leased >= p.opt.MaxWorkers && p.idlest(g) == nil {
		return rulebox.Errorf(rulebox.CodeUnavailable, "all %d workers of this node are at work for other tenants", p.leased).
			WithHint("try again; if it lasts, raise --max-workers or add nodes")
	}
	if p.failures > 0 && len(p.supplies[g.key.profile].blanks) == 0 && p.state == serving {
		return rulebox.Errorf(rulebox.CodeUnavailable, "this node cannot start workers").
			WithHint("`rulebox doctor` on the node tells what is missing").WithCause(p.spawnErr)
	}
	return nil
}

func (p *Pool) groupOf(c *rulebox.Chain) *group {
	key := groupKey{c.Tenant, c.Session, profileOf(c)}
	g := p.groups[key]
	if g == nil {
		g = &group{key: key}
		p.groups[key] = g
	}
	return g
}

// fit sees to it that the group's workers have the limits that the call needs:
// when they grow, the old workers finish what they have and are replaced.
func (p *Pool) fit(g *group, c *call) {
	if c.limits.Memory <= g.memory && c.limits.Wall <= g.wall {
		return
	}
	g.memory, g.wall = max(g.memory, c.limits.Memory), max(g.wall, c.limits.Wall, rulebox.DefaultWall)
	for _, w := range slices.Clone(g.workers) {
		p.remove(w)
		if w.load == 0 {
			w.kill(&death{cause: byRetire})
		}
	}
	p.groups[g.key] = g
}

// drop forgets the group if nothing is left of it.
func (p *Pool) drop(g *group) {
	if len(g.workers) == 0 && len(g.waiters) == 0 && p.groups[g.key] == g {
		delete(p.groups, g.key)
	}
}

// pick chooses a worker and takes a place in it; nil if the call has to wait. Who
// gets the worker must settle it.
func (p *Pool) pick(g *group, c *call) *worker {
	now := time.Now()
	w := p.choose(g, c, now)
	if w == nil {
		return nil
	}
	w.load++
	w.exclusive = c.exclusive
	w.lastSent, w.trimmed = now, false
	_, c.heavy = p.heavy[c.chain]
	if c.givesWay() {
		w.heavy++
	}
	if c.heavy {
		c.used = w.processorTime()
	}
	w.demote(c.givesWay(), now)
	return w
}

func (p *Pool) choose(g *group, c *call, now time.Time) *worker {
	c.exclusive = p.mustRunAlone(c.chain)
	var best *worker
	alone, busy := 0, false
	for _, w := range g.workers {
		if w.exclusive {
			alone++
			continue
		}
		if w.leaving || w.load >= p.opt.MaxInflightPerWorker || c.exclusive && w.load > 0 {
			continue
		}
		b := w.load > 0 && now.Sub(w.lastSent) < justSent || !w.page.Idle()
		if best == nil || busy && !b || busy == b && w.load < best.load {
			best, busy = w, b
		}
	}
	if c.exclusive && alone >= max(1, p.opt.MaxPerTenant-1) {
		return nil // a place stays for the tenant's other scripts
	}
	if best != nil && !busy {
		return best
	}
	if len(g.workers) < p.opt.MaxPerTenant {
		if w := p.lease(g); w != nil {
			return w
		}
	}
	if best != nil {
		if _, _, since := best.page.Get(); !best.page.Idle() && now.Sub(since) > hogged {
			return nil
		}
	}
	return best
}

// mustRunAlone tells whether one of the chain's scripts cost a worker its life.
func (p *Pool) mustRunAlone(c *rulebox.Chain) bool {
	if len(p.tainted) == 0 {
		return false
	}
	return slices.ContainsFunc(c.Scripts, func(s *rulebox.Script) bool {
		_, bad := p.tainted[tainted{c.Tenant, s.Digest}]
		return bad
	})
}

// lease gives a blank worker to the group; nil if there is none or no more may
// be leased. At the limit, the worker that was idle longest makes room.
func (p *Pool) lease(g *group) *worker {
	s := p.supplies[g.key.profile]
	if len(s.blanks) == 0 {
		p.wake()
		return nil
	}
	if p.leased >= p.opt.MaxWorkers {
		old := p.idlest(g)
		if old == nil {
			return nil
		}
		p.remove(old)
		p.stats.evicted.Add(1)
		old.kill(&death{cause: byEvict})
	}
	w := s.blanks[0]
	s.blanks = slices.Delete(s.blanks, 0, 1)
	w.group, w.memory, w.wall = g, g.memory, g.wall
	g.workers = append(g.workers, w)
	p.leased++
	p.replace(s)
	return w
}

// replaceAfter is the time until a leased blank is replaced while others are
// left: the login that leased it is not to compete with the start of a process.
const replaceAfter = 5 * time.Millisecond

func (p *Pool) replace(s *supply) {
	if len(s.blanks) > 0 {
		p.replacer.Reset(replaceAfter)
		return
	}
	p.wake()
}

// idlest is the worker of another group that has had no work for longest.
func (p *Pool) idlest(g *group) *worker {
	var old *worker
	for w := range p.all {
		if w.group != nil && w.group != g && w.load == 0 && !w.leaving && (old == nil || w.lastUsed.Before(old.lastUsed)) {
			old = w
		}
	}
	return old
}

// release gives the call's place back and hands it on.
func (p *Pool) release(w *worker, c *call) {
	p.mu.Lock()
	w.load--
	w.exclusive = false
	w.lastUsed = time.Now()
	end := w.leaving && w.load == 0
	if c.givesWay() {
		w.heavy--
	}
	// The next call may have been sent already, and give way from the start.
	if w.heavy == 0 {
		w.demote(false, w.lastUsed)
	}
	if g := w.group; g != nil && len(g.waiters) > 0 {
		p.pump(g)
	}
	p.mu.Unlock()
	if end {
		w.kill(&death{cause: byRetire})
		return
	}
	p.settle(w)
}

// lose gives back a place in a worker that turned out to be dead.
func (p *Pool) lose(w *worker) {
	p.mu.Lock()
	w.load--
	p.remove(w)
	p.mu.Unlock()
	p.wake()
}

// pump hands places to those who wait, in order.
func (p *Pool) pump(g *group) {
	for len(g.waiters) > 0 {
		w := p.pick(g, g.waiters[0].c)
		if w == nil {
			return
		}
		wt := g.waiters[0]
		g.waiters = slices.Delete(g.waiters, 0, 1)
		p.queued--
		wt.ch <- w
	}
}

// pumpAll serves every group once around. Map order makes it fair.
func (p *Pool) pumpAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queued == 0 {
		return
	}
	for _, g := range p.groups {
		p.pump(g)
	}
}

// remove takes the worker out of everything that leads to it.
func (p *Pool) remove(w *worker) {
	if i := slices.Index(w.supply.blanks, w); i >= 0 {
		w.supply.blanks = slices.Delete(w.supply.blanks, i, i+1)
	}
	g := w.group
	if g == nil {
		return
	}
	if i := slices.Index(g.workers, w); i >= 0 {
		g.workers = slices.Delete(g.workers, i, i+1)
		p.leased--
	}
	w.leaving = true
	p.drop(g)
}

// taint remembers that the script cost a worker its life.
func (p *Pool) taint(tenant string, d rulebox.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tainted) >= maxTainted {
		clear(p.tainted)
	}
	p.tainted[tainted{tenant, d}] = struct{}{}
}

func errClosing() *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeUnavailable, "this node is shutting down").WithHint("try again at another node")
}

func (p *Pool) queueTimeout(ctx context.Context, c *call) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeUnavailable, "no worker was free for tenant %q within %s; nothing was started", c.chain.Tenant, c.allowed.Round(time.Millisecond))
	if ctx.Err() == context.Canceled {
		e.Message = "the caller gave up before a worker was free; nothing was started"
	}
	return e.WithHint("scripts that keep the processor for long hold up the tenant's other logins; add nodes or raise the workers for each tenant").WithCause(ctx.Err())
}
