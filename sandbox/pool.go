package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A Pool is an Invoker whose scripts run in jailed processes. Invocations wait
// until Run was called.
type Pool struct {
	opt         Options
	log         *zap.Logger
	broker      *broker
	roots       *os.File // sealed memory, given to every worker
	plan        *confine.Plan
	cgroups     *confine.Groups // nil without a memory cgroup
	spawner     *confine.Spawner
	stopSpawner context.CancelFunc // nil before Run
	checks      chan struct{}      // one slot for each compile worker
	life        context.Context    // ends when Run does
	die         context.CancelFunc
	kick        chan struct{} // wakes Run
	stats       counters
	seq         atomic.Uint64
	// running counts invocations between lease and answer; wg the goroutines of
	// workers.
	running atomic.Int64
	wg      sync.WaitGroup
	// watcher is the timer of look; watching says that it is set.
	watcher  *time.Timer
	replacer *time.Timer // of wake
	watching atomic.Bool
	code     codes
	rota     rota

	// mu guards what follows and the fields of workers marked so. It is held for
	// microseconds, never across a system call that waits. The lock order is
	// worker.writing, Pool.mu, worker.mu.
	mu       sync.Mutex
	state    poolState
	groups   map[groupKey]*group
	supplies map[confine.Profile]*supply // the map does not change
	all      map[*worker]struct{}
	leased   int
	queued   int
	tainted  map[tainted]struct{}
	heavy    map[*rulebox.Chain]struct{} // computed for long the last time
	// spawnErr is why the last start failed, nil after one that did not.
	spawnErr error
	failures int // starts that failed in a row
}

type poolState int

const (
	fresh poolState = iota
	serving
	closing
)

// tainted is a script that cost a worker its life, for the tenant whose worker
// it was: a tenant can make a script that others have too look bad.
type tainted struct {
	tenant string
	digest rulebox.Digest
}

// maxTainted bounds the memory of scripts that cost a worker its life. Beyond it
// the memory starts anew.
const maxTainted = 8192

// New returns a pool. It starts no process. The error names the option that is
// wrong.
func New(opt Options) (*Pool, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	b, err := newBroker(opt.Egress)
	if err != nil {
		return nil, err
	}
	pem, err := rootsPEM(opt.Egress.CA, opt.Logger)
	if err != nil {
		return nil, err
	}
	roots, err := wire.NewRoots(pem)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	p := &Pool{
		opt: opt, log: opt.Logger, broker: b, roots: roots, plan: opt.Plan,
		spawner: confine.NewSpawner(),
		checks:  make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		kick:    make(chan struct{}, 1),
		groups:  map[groupKey]*group{},
		supplies: map[confine.Profile]*supply{
			confine.JS:   {profile: confine.JS, warm: opt.Warm},
			confine.WASM: {profile: confine.WASM},
		},
		all:     map[*worker]struct{}{},
		code:    codes{store: opt.Code, making: map[rulebox.Digest]chan struct{}{}},
		tainted: map[tainted]struct{}{}, heavy: map[*rulebox.Chain]struct{}{},
	}
	p.life, p.die = context.WithCancel(context.Background())
	p.watcher = time.AfterFunc(time.Hour, p.look)
	p.watcher.Stop()
	p.replacer = time.AfterFunc(time.Hour, p.wake)
	p.replacer.Stop()
	return p, nil
}

// maxFailures is how many workers in a row may fail to start before Run gives
// up, if none ever started.
const maxFailures = 5

// Run keeps blank workers ready and serves invocations until ctx ends. It then
// refuses new ones, waits for the running ones (Options.Drain), kills all
// workers and returns nil when every process and goroutine of the pool is gone.
// It returns an error if workers cannot be started at all. It is called once.
func (p *Pool) Run(ctx context.Context) error {
	p.mu.Lock()
	if p.state != fresh {
		p.mu.Unlock()
		return errors.New("sandbox: Run was called twice")
	}
	p.mu.Unlock()
	if p.plan == nil {
		plan, err := confine.Probe(confine.JS)
		if err != nil {
			return p.close(fmt.Errorf("sandbox: find out which jail this machine allows: %w", err))
		}
		p.plan = plan
	}
	if p.plan.Has(confine.Cgroup) {
		g, err := confine.OpenGroups()
		if err != nil {
			return p.close(fmt.Errorf("sandbox: the jail's plan has a memory cgroup: %w", err))
		}
		p.cgroups = g
	}
	helper, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		if err := p.spawner.Run(helper); err != nil {
			p.log.Warn("workers are started without the helper process, which takes longer", zap.Error(err))
		}
	}()
	p.stopSpawner = stop
	p.mu.Lock()
	p.state = serving
	p.mu.Unlock()
	sweep := time.NewTicker(max(10*time.Millisecond, min(p.opt.IdleTTL, p.opt.SessionTTL, 20*time.Second)/4))
	defer sweep.Stop()
	pump := time.NewTicker(5 * time.Millisecond)
	defer pump.Stop()
	for {
		waiting, retry, err := p.refill()
		if err != nil {
			return p.close(err)
		}
		if waiting {
			pump.Reset(5 * time.Millisecond)
		} else {
			pump.Stop()
		}
		select {
		case <-ctx.Done():
			p.drain()
			return p.close(nil)
		case <-p.kick:
		case <-retry:
		case <-pump.C:
			p.pumpAll()
		case <-sweep.C:
			p.inspect()
			p.sweep()
		}
	}
}

// refill starts the workers that are missing. It reports whether invocations
// wait, and when to try again after a failure.
func (p *Pool) refill() (waiting bool, retry <-chan time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures >= maxFailures && p.stats.spawned.Load() == 0 {
		return false, nil, fmt.Errorf("sandbox: no worker could be started: %w", p.spawnErr)
	}
	for _, s := range p.supplies {
		want := s.warm + p.demand(s.profile) - len(s.blanks) - s.starting
		if p.failures > 0 {
			want = min(want, 1-s.starting)
		}
		want = min(want, 2*runtime.GOMAXPROCS(0)-s.starting)
		if want > 0 && p.failures > 1 {
			// Not at once: what fails is rarely better a millisecond later.
			retry = time.After(min(50*time.Millisecond<<min(p.failures, 6), 2*time.Second))
			if time.Since(p.stats.lastFailure()) < min(25*time.Millisecond<<min(p.failures, 6), time.Second) {
				want = 0
			}
		}
		for range want {
			s.starting++
			p.wg.Add(1)
			go p.start(s)
		}
	}
	return p.queued > 0, retry, nil
}

// demand is how many blanks of the profile the waiting invocations could use now.
func (p *Pool) demand(profile confine.Profile) int {
	if p.queued == 0 {
		return 0
	}
	n := 0
	for _, g := range p.groups {
		if g.key.profile == profile {
			n += min(len(g.waiters), p.opt.MaxPerTenant-len(g.workers))
		}
	}
	return min(n, p.opt.MaxWorkers-p.leased)
}

func (p *Pool) wake() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// Settle waits until no script has work in flight after its answer and OnLate has
// all lines, or ctx ends. It is for callers that stop the pool once they have the
// answer.
func (p *Pool) Settle(ctx context.Context) error {
	for {
		settled := true
		p.mu.Lock()
		for w := range p.all {
			realms, lines := w.page.Late()
			settled = settled && realms == 0 && lines == w.lines.Load()
		}
		p.mu.Unlock()
		if settled {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// drain refuses new invocations and waits for the running ones.
func (p *Pool) drain() {
	p.mu.Lock()
	p.state = closing
	waiters := p.takeWaiters()
	p.mu.Unlock()
	for _, wt := range waiters {
		wt.ch <- nil
	}
	end := time.Now().Add(p.opt.Drain)
	for p.running.Load() > 0 && time.Now().Before(end) {
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *Pool) close(err error) error {
	p.mu.Lock()
	p.state = closing
	waiters := p.takeWaiters()
	workers := make([]*worker, 0, len(p.all))
	for w := range p.all {
		workers = append(workers, w)
	}
	p.mu.Unlock()
	for _, wt := range waiters {
		wt.ch <- nil
	}
	p.die()
	for _, w := range workers {
		w.kill(&death{cause: byClose})
	}
	p.watcher.Stop()
	p.replacer.Stop()
	if p.stopSpawner != nil {
		p.stopSpawner()
	}
	p.wg.Wait()
	p.roots.Close()
	if p.cgroups != nil {
		err = errors.Join(err, p.cgroups.Close())
	}
	return err
}

func (p *Pool) takeWaiters() []*waiter {
	var all []*waiter
	for _, g := range p.groups {
		all = append(all, g.waiters...)
		g.waiters = nil
	}
	p.queued = 0
	return all
}

// sweep retires workers that were idle for long, and lets those idle for a
// while give memory back.
func (p *Pool) sweep() {
	now := time.Now()
	var retire, trim []*worker
	p.mu.Lock()
	for w := range p.all {
		if w.group == nil || w.load > 0 {
			continue
		}
		ttl := p.opt.IdleTTL
		if w.group.key.session != "" {
			ttl = p.opt.SessionTTL
		}
		switch idle := now.Sub(w.lastUsed); {
		case idle >= ttl:
			p.remove(w)
			retire = append(retire, w)
		case idle >= trimAfter && !w.trimmed:
			w.trimmed = true
			trim = append(trim, w)
		}
	}
	p.mu.Unlock()
	for _, w := range retire {
		p.stats.retired.Add(1)
		w.kill(&death{cause: byRetire})
	}
	for _, w := range trim {
		w.control(wire.AppendEmpty(nil, wire.KindTrim))
	}
}

// trimAfter is the idle time after which a worker is asked to give memory back.
const trimAfter = 5 * time.Second
