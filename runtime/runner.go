package runtime

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js"
)

// Options say what a Runner works with.
type Options struct {
	Host modules.Host
	// Programs is how many compiled programs are kept. Default 256.
	Programs int
	// OwnsArgs means that nobody writes to the Args of an invocation once it is
	// given to Invoke, not even after its end: they need no copy then.
	OwnsArgs bool
	// OnCPU, if not nil, is called when an invocation takes the processor (its
	// number) and when it leaves it (0), and names the script that runs: its
	// index in the chain, or -1. It must be quick.
	OnCPU func(invocation uint64, script int)
	// OnLate, if not nil, takes the lines that scripts wrote after their answer,
	// with the invocation's number. It is called by the invocation's goroutine.
	OnLate func(invocation uint64, line rulebox.Log)
	// OnPending, if not nil, is told how many realms have work in flight after their
	// answer, before that answer is given. It must be quick.
	OnPending func(realms int)
	// Native, if not nil, says where native code of WebAssembly comes from; else it
	// is compiled and not kept.
	Native *Native
}

// A Runner is an Invoker in this process. It has no jail and no memory bound: a
// worker has one, and tests. One invocation at a time is on the processor;
// others may wait on timers and I/O.
//
// What scripts keep on `global` is shared by the invocations of one tenant and
// session.
type Runner struct {
	opt      Options
	programs *lru.Cache[programKey, *js.Program]
	chains   *lru.Cache[*rulebox.Chain, *chainState]
	token    chan struct{} // one slot: the processor
	current  atomic.Pointer[js.Realm]
	numbers  atomic.Uint64

	mu     sync.Mutex // guards late, closed
	late   map[*js.Realm]struct{}
	closed bool
	wait   sync.WaitGroup // the goroutines of late
	tasks  js.Tally       // the goroutines of natives

	// unready is the chain that Prepare found the processor taken for.
	unready atomic.Pointer[rulebox.Chain]

	globals *lru.Cache[owner, *js.Cache]
	guests  guests
}

// owner is whose `global` it is.
type owner struct{ tenant, session string }

// programKey names a program: the script's name is part of its positions.
type programKey struct {
	name   string
	digest rulebox.Digest
}

// chainState is what is kept for one chain.
type chainState struct {
	programs []*js.Program

	mu    sync.Mutex // guards what changes of the parts
	parts []part
}

// Defaults and bounds.
const (
	defaultPrograms = 256
	maxChains       = 64
	maxLate         = 256 // realms with work in flight after their answer
	maxOwners       = 64  // tenants and sessions whose global is kept
)

// NewRunner returns a Runner. It starts nothing.
func NewRunner(opt Options) *Runner {
	if opt.Programs <= 0 {
		opt.Programs = defaultPrograms
	}
	r := &Runner{opt: opt, token: make(chan struct{}, 1), late: make(map[*js.Realm]struct{})}
	r.programs, _ = lru.New[programKey, *js.Program](opt.Programs)
	r.chains, _ = lru.NewWithEvict(maxChains, func(_ *rulebox.Chain, s *chainState) { s.drop() })
	r.globals, _ = lru.New[owner, *js.Cache](maxOwners)
	return r
}

// SetRegexpTimeout bounds, for the whole process, matches of regular expressions
// that cannot be interrupted. It is called before any script is compiled, with
// the longest time that any invocation may take.
func SetRegexpTimeout(d time.Duration) { js.SetRegexpTimeout(d) }

// Invoke implements rulebox.Invoker. inv.Chain must not be nil.
func (r *Runner) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return r.InvokeNumbered(ctx, r.numbers.Add(1), inv)
}

// InvokeNumbered is Invoke under the number that OnCPU reports.
func (r *Runner) InvokeNumbered(ctx context.Context, number uint64, inv *rulebox.Invocation) (*rulebox.Result, error) {
	start := time.Now()
	if err := check(inv); err != nil {
		return nil, err
	}
	deadline := start.Add(inv.Chain.Limits.WithDefaults().Wall)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	g := &gate{r: r, number: number}
	if err := g.first(ctx, deadline, inv.Chain); err != nil {
		return nil, err
	}
	queued := time.Since(start)
	res, err := r.onCPU(ctx, g, inv, deadline)
	if res != nil {
		res.Usage.Queue, res.Usage.Run = queued, time.Since(start)-queued
	}
	if err != nil {
		return res, err
	}
	return res, nil
}

// onCPU runs the invocation: its parts one after the other, each in a realm of its
// own. It is entered on the processor and leaves it. What is still in flight when
// a part has ended goes on beside.
func (r *Runner) onCPU(ctx context.Context, g *gate, inv *rulebox.Invocation, deadline time.Time) (res *rulebox.Result, err error) {
	var realm *js.Realm
	defer func() {
		if x := recover(); x != nil {
			res, err = nil, rulebox.Errorf(rulebox.CodeInternal, "the runner failed").WithCause(fmt.Errorf("%s\n%s", panicText(x), debug.Stack()))
		}
		g.Leave()
		if realm != nil {
			realm.Close()
		}
	}()
	state, err := r.state(inv.Chain, g)
	if err != nil {
		return nil, err
	}
	in := &js.Input{Ctx: ctx, ID: inv.ID, Args: inv.Args, Owned: r.opt.OwnsArgs, Now: inv.Now, Deadline: deadline, Gate: g, Tasks: &r.tasks,
		Resume: inv.Resume, Stored: inv.Cache}
	if r.opt.OnLate != nil {
		in.Late = func(l rulebox.Log) { r.opt.OnLate(g.number, l) }
	}
	own := owner{inv.Chain.Tenant, inv.Chain.Session}
	var fail *rulebox.Error
	res = &rulebox.Result{ID: inv.ID}
	over := false
	for i := state.from(inv.Resume); i < len(state.parts) && fail == nil && !over; i++ {
		part := &state.parts[i]
		if realm = state.take(i); realm == nil {
			realm = js.NewPart(inv.Chain, state.programs, part.first, part.end, r.opt.Host)
		}
		g.hold(realm)
		in.Cache, _ = r.globals.Get(own)
		before := res
		res, fail = realm.Run(in)
		if fail == nil {
			res, over = in.Join(before, res)
		}
		r.keepGlobal(own, realm)
		state.touch(i, realm.Touched())
		r.leave(realm, g.number, own)
		realm = nil
	}
	if fail == nil {
		fail = in.Complete(inv.Chain, res)
	}
	res.Usage.CPU = g.used()
	if fail != nil {
		return res, fail
	}
	return res, nil
}

// panicText is what the node's log is told of a panic: no value that a guest may
// have made.
func panicText(x any) string {
	switch x := x.(type) {
	case interface { // of Go's own runtime
		error
		RuntimeError()
	}:
		return x.Error()
	case string:
		return x
	}
	return fmt.Sprintf("a panic with a %T", x)
}

// leave closes a realm whose part has ended, or lets what is in flight go on.
func (r *Runner) leave(realm *js.Realm, number uint64, own owner) {
	if realm.Pending() && r.keep(realm) {
		go r.finish(realm, &gate{r: r, number: number, realm: realm}, own)
		return
	}
	realm.Close()
}

// keep registers a realm whose work goes on after the answer. The caller must
// then start finish.
func (r *Runner) keep(realm *js.Realm) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.late) >= maxLate {
		return false
	}
	r.late[realm] = struct{}{}
	r.tellPending()
	r.wait.Add(1)
	return true
}

// tellPending is called with r.mu held, so that numbers are told in their order.
func (r *Runner) tellPending() {
	if r.opt.OnPending != nil {
		r.opt.OnPending(len(r.late))
	}
}

// finish runs what is in flight to its end, or to the deadline.
func (r *Runner) finish(realm *js.Realm, g *gate, own owner) {
	defer r.wait.Done()
	defer func() {
		recover() // a fault of ours; nobody waits for an answer any more
		g.Leave()
		realm.Close()
		r.mu.Lock()
		delete(r.late, realm)
		r.tellPending()
		r.mu.Unlock()
		if c := r.unready.Swap(nil); c != nil {
			r.Prepare(c)
		}
	}()
	if !realm.Enter(g) {
		return
	}
	realm.Drain(g)
	r.keepGlobal(own, realm)
}

// keepGlobal takes over what the run left on `global`. Runs of one owner are on
// the processor one at a time, so that nobody writes in between.
func (r *Runner) keepGlobal(own owner, realm *js.Realm) {
	now, _ := r.globals.Get(own)
	if c := realm.Global(now); c != now {
		r.globals.Add(own, c)
	}
}

// Close ends what is in flight after its answer, and waits for it and for
// invocations that wait for I/O. It closes the connections to databases that were
// kept for the Host. Invocations that have no answer yet go on; new
// work in flight is not kept.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	for realm := range r.late {
		realm.Stop(rulebox.CodeUnavailable, "the worker is shutting down", "", nil)
	}
	r.mu.Unlock()
	r.wait.Wait()
	r.tasks.Wait()
	r.chains.Purge()
	modules.CloseConnections(r.opt.Host)
	r.guests.once.Do(func() {})
	if r.guests.engine != nil {
		r.guests.engine.Close(context.Background())
	}
}

// Late is how many realms have work in flight after their answer.
func (r *Runner) Late() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.late)
}

// Prepare makes realms ready for the next invocation of the chain, if the chain
// allows it and none are ready. It returns soon and runs on the caller's time. While
// something runs there is no time to prepare: what goes on after its answer does it
// when it has ended, an invocation's caller after the answer.
//
// It compiles nothing: a source may hang the compiler, and then an invocation,
// which has a number and a deadline, must be the one that is ended. So it does
// nothing for a chain of which a script was neither run nor checked before.
func (r *Runner) Prepare(chain *rulebox.Chain) {
	if check(&rulebox.Invocation{Chain: chain}) != nil || !r.compiled(chain) {
		return
	}
	g := &gate{r: r}
	if !g.try() {
		r.unready.Store(chain)
		if !g.try() { // it may have left, and looked, in between
			return
		}
	}
	defer g.Leave()
	r.unready.CompareAndSwap(chain, nil)
	state, err := r.state(chain, g)
	if err != nil {
		return
	}
	for i := range state.parts {
		if state.has(i) {
			continue
		}
		realm := js.NewPart(chain, state.programs, state.parts[i].first, state.parts[i].end, r.opt.Host)
		g.hold(realm)
		if realm.Preload(state.lastTouched(i)) {
			state.put(i, realm)
		}
	}
}

// Forget drops what is kept for the chain: prepared realms, not the tenant's
// `global`.
func (r *Runner) Forget(chain *rulebox.Chain) {
	r.unready.CompareAndSwap(chain, nil)
	r.chains.Remove(chain)
}

// Interrupt ends every invocation that is on the processor now with the code.
func (r *Runner) Interrupt(code rulebox.Code) {
	realm := r.current.Load()
	if realm == nil {
		return
	}
	message, hint := "the run was interrupted", ""
	if code == rulebox.CodeMemory {
		message, hint = "the scripts hold more memory than the limit allows", "keep less in variables and on global, or raise limits.memory of the tenant, or --memory"
	}
	realm.Stop(code, message, hint, nil)
}

// Check compiles the script and reports on it without running it. The error, if
// any, is a *rulebox.Error with CodeInvalid whose message has line and column.
func (r *Runner) Check(ctx context.Context, s *rulebox.Script) (*Report, error) {
	p, err := r.program(s)
	if err != nil {
		return nil, err
	}
	return &Report{Modules: p.Requires, Warnings: p.Warnings}, nil
}

// Report is what compiling a script tells.
type Report struct {
	// Modules are the names given to require() as literals.
	Modules []string
	// Warnings are for the author: what will probably not do what is meant.
	Warnings []string
}
