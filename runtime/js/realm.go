package js

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lazy"
)

// maxCallStack bounds recursion. goja unwinds deep native recursion in quadratic
// time: 400 frames take 15-30 ms, 1600 up to 400 ms.
const maxCallStack = 400

// A Gate is the way onto the processor. Its methods are called by the realm's
// goroutine.
type Gate interface {
	// Enter waits for the processor. It returns false, without it, when stop is
	// closed first.
	Enter(stop <-chan struct{}) bool
	// Leave gives the processor back.
	Leave()
	// Script tells which script of the chain runs from now on; -1 is none.
	Script(i int)
}

// An Input is what one run of a realm works with.
type Input struct {
	// Ctx is the caller's; when it ends before the answer, the run ends.
	Ctx context.Context
	ID  string
	// Args is JSON text. It is not written to; parts of it may be in the result.
	Args []json.RawMessage
	// Owned means that nobody writes to Args any more: strings may be parts of it.
	Owned bool
	// Now, if not zero, is the fixed time that scripts see.
	Now time.Time
	// Deadline ends the run and what it left in flight.
	Deadline time.Time
	Gate     Gate
	// Cache is what `global` held when the last run ended; nil for nothing. A
	// realm reads it when it begins.
	Cache *Cache
	// Tasks, if not nil, counts the goroutines of tasks. They end soon after the
	// realm is closed.
	Tasks *Tally
	// Late, if not nil, takes the lines written after the answer was made, and
	// what was thrown then.
	Late func(rulebox.Log)
	// Resume and Stored are the invocation's: where a suspended chain goes on, and
	// what api.cache holds when it begins.
	Resume *rulebox.Resume
	Stored []rulebox.CacheEntry

	// What the realms of one invocation share: they run one after the other.
	sheet *sheet
}

// A sheet is what an invocation has come to, over all of its realms.
type sheet struct {
	budget   time.Duration // left when the first realm began
	spent    int           // bytes of values and commands
	logs     []rulebox.Log
	logBytes int
	logsCut  bool
	scripts  []rulebox.ScriptUsage
	commands []json.RawMessage
	effects  *effects // nil before the first action
	store    *store   // nil before the first use of the cache
}

// A Realm is the globals of one run, its event loop and its natives. It is used
// for one invocation and then closed. It runs the scripts from first up to end
// of the chain: all rules, or one other script.
type Realm struct {
	vm    *goja.Runtime
	chain *rulebox.Chain
	progs []*Program
	first int
	end   int
	fns   []goja.Value  // the functions of progs, once they are evaluated
	turns goja.Callable // runs a turn with its ticks; nil if nothing uses them
	host  modules.Host
	codec *lazy.Codec

	// tickWaits is whether a tick waits for the promise jobs of this turn.
	tickWaits bool

	in     *Input
	gate   Gate
	before *Cache // what `global` held when the run began
	limits rulebox.Limits
	script int // index of the script that runs, or waits

	// What the current script has given back.
	awaited  int // the script whose callback the chain waits for
	called   bool
	given    []goja.Value
	promise  *goja.Promise // what an action's function returned
	finished bool          // the answer is made; what happens now is only logged
	failure  *rulebox.Error

	saved *Cache // what the run left on global; nil to keep what was there

	action  *action // of a realm that runs one; see action.go
	effects *effects

	loop     loop
	globals  globals
	loader   loader
	native   *modules.Realm
	call     *modules.Call
	cancel   context.CancelFunc
	prelude  map[string]goja.Value
	rejected []rejection
	places   int     // how often the script's text was read for an error
	hooks    classes // errors that are put into words as they are made

	repeats bool // String.prototype.repeat is ours

	broken bool // the engine panicked or was interrupted: no guest code any more
	stopAt *time.Timer
	stop   chan struct{}
	once   sync.Once
	reason atomic.Pointer[stopReason]
}

type stopReason struct {
	code    rulebox.Code
	message string
	hint    string
	cause   error
}

// New returns a fresh realm for all programs of a chain that has no actions.
func New(chain *rulebox.Chain, progs []*Program, host modules.Host) *Realm {
	return NewPart(chain, progs, 0, len(progs), host)
}

// NewPart returns a fresh realm for the programs from first up to end of those of
// the chain: see Part. Nothing of the customer's has run in it.
func NewPart(chain *rulebox.Chain, progs []*Program, first, end int, host modules.Host) *Realm {
	errorLayout() // before the first global object is made
	r := &Realm{
		vm:     goja.New(),
		chain:  chain,
		progs:  progs,
		first:  first,
		end:    end,
		fns:    make([]goja.Value, len(progs)),
		host:   host,
		limits: chain.Limits.WithDefaults(),
		script: -1,
		stop:   make(chan struct{}),
	}
	r.vm.SetMaxCallStackSize(maxCallStack)
	r.vm.SetParserOptions(parserOptions...)
	r.codec = lazy.New(r.vm)
	r.loop.init()
	r.vm.SetPromiseRejectionTracker(r.trackRejection)
	r.vm.SetAsyncContextTracker((*asyncContext)(r))
	r.installGlobals()
	for _, p := range progs[first:end] {
		if len(p.polyfills) > 0 {
			r.guard(func() { r.polyfill(p.polyfills) })
		}
		r.hooks |= p.observes
		if p.repeats {
			r.repeatString()
		}
		if p.ticks && r.turns == nil {
			r.guard(func() { r.turns, _ = goja.AssertFunction(r.fromPrelude("turn")) })
		}
	}
	if r.hooks != 0 {
		hookErrors(r.vm, r.hooks, r.hooked)
	}
	return r
}

// Preload evaluates ahead what cannot run customer code: the programs that are
// plain functions, and the globals and modules that an earlier run touched. It
// reports whether the realm can be used.
func (r *Realm) Preload(touched []string) bool {
	for i := r.first; i < r.end; i++ {
		p := r.progs[i]
		if p.Plain {
			if err := r.load(i); err != nil {
				r.fns[i] = nil // the run meets it again and reports it
			}
		}
		r.warm(p.warmth)
		if p.Guest != nil {
			r.prepareGuest(i)
		}
	}
	if r.isAction() {
		r.guard(r.prepareAction)
	}
	for _, name := range touched {
		r.guard(func() {
			if module, ok := strings.CutPrefix(name, modulePrefix); ok {
				r.requireModule(module)
				return
			}
			r.globals.object.Get(name)
		})
	}
	return r.alive()
}

// modulePrefix marks modules among what a run touched.
const modulePrefix = "require:"

// Stop ends the run with the code as soon as the engine allows. The first call
// counts. It may be called by any goroutine.
func (r *Realm) Stop(code rulebox.Code, message, hint string, cause error) {
	r.once.Do(func() {
		r.reason.Store(&stopReason{code, message, hint, cause})
		close(r.stop)
		r.vm.Interrupt(code)
	})
}

func (r *Realm) stopped() bool { return r.reason.Load() != nil }

// alive reports whether guest code may run.
func (r *Realm) alive() bool { return !r.broken && !r.stopped() }

// Global returns what is to be kept of `global` in place of now, after Run and
// again after Drain. It is now itself when the scripts changed nothing.
func (r *Realm) Global(now *Cache) *Cache {
	if r.saved == nil {
		return now
	}
	c := r.saved.Merge(r.before, now)
	r.before, r.saved = r.saved, nil
	return c
}

// Pending reports whether work is still in flight after the answer.
func (r *Realm) Pending() bool { return r.alive() && r.loop.pending() }

// Enter waits for the processor, for Drain. It returns false when the realm was
// stopped before.
func (r *Realm) Enter(gate Gate) bool { return gate.Enter(r.stop) }

// Close releases what the realm holds, on the goroutine that ran it. Tasks in
// flight are told to end.
func (r *Realm) Close() {
	if r.stopAt != nil {
		r.stopAt.Stop()
	}
	if r.cancel != nil {
		r.cancel()
	}
	r.loop.close()
	if r.native != nil {
		r.native.Close()
	}
	r.broken = true
	if r.hooks != 0 {
		unhookErrors(r.vm)
	}
	r.codec.Close()
}

// enginePanic is a Go panic inside the engine.
type enginePanic struct{ value any }

// Error is for the node's log: what a guest may have thrown is not in it.
func (e *enginePanic) Error() string {
	switch x := e.value.(type) {
	case goja.Value, fmt.Stringer:
		return fmt.Sprintf("a panic with a %T", x)
	}
	return fmt.Sprint(e.value)
}

// guard runs f, which may touch guest values, outside of any guest call. It
// returns what f threw: a *goja.Exception, an interrupt, or an *enginePanic.
func (r *Realm) guard(f func()) (err error) {
	if !r.alive() {
		return errStopped
	}
	defer func() {
		if x := recover(); x != nil {
			err = r.recovered(x)
		}
	}()
	if ex := r.vm.Try(f); ex != nil {
		return ex
	}
	return nil
}

var errStopped = errors.New("js: the realm was stopped")

// invoke calls a guest function as a turn of its own: after it come the promise
// jobs that it left behind.
func (r *Realm) invoke(f, this goja.Value, args ...goja.Value) (v goja.Value, err error) {
	call, ok := goja.AssertFunction(f)
	if !ok || !r.alive() {
		return nil, errStopped
	}
	defer func() {
		if x := recover(); x != nil {
			err = r.recovered(x)
		}
	}()
	if r.turns != nil {
		list := make([]any, len(args))
		for i, a := range args {
			list[i] = a
		}
		v, err = r.turns(goja.Undefined(), f, this, r.vm.NewArray(list...))
	} else {
		v, err = call(this, args...)
	}
	if err != nil && !isException(err) {
		r.broken = true
	}
	return v, err
}

func isException(err error) bool {
	_, ok := err.(*goja.Exception)
	return ok
}

// recovered turns a panic that left the engine into an error. The engine's state
// is undefined from here on.
func (r *Realm) recovered(x any) error {
	r.broken = true
	switch x := x.(type) {
	case *goja.InterruptedError:
		return x
	case *goja.StackOverflowError:
		return x
	case *goja.Exception:
		return x
	case runtime.Error:
		return &enginePanic{x}
	case error:
		return &enginePanic{x}
	default:
		return &enginePanic{x}
	}
}

// function returns a native function value with the name.
func (r *Realm) function(name string, f func(goja.FunctionCall) goja.Value) *goja.Object {
	o := r.vm.ToValue(f).(*goja.Object)
	o.DefineDataProperty("name", r.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return o
}

// throwType throws a TypeError to the guest.
func (r *Realm) throwType(format string, args ...any) goja.Value {
	panic(r.vm.NewTypeError(fmt.Sprintf(format, args...)))
}

// rethrow passes err, which a guest function returned to native code, on to the
// guest that called the native.
func rethrow(err error) {
	if err != nil {
		panic(err)
	}
}

// lineCost is what a log line counts beside its text, in bytes, so that empty
// lines do not come for nothing.
const lineCost = 16

// log adds a line, within the bound of all lines together.
func (r *Realm) log(level, text string) {
	if r.in == nil || r.in.sheet == nil || r.in.sheet.logsCut || r.finished && r.in.Late == nil {
		return
	}
	sheet := r.in.sheet
	max := min(rulebox.MaxLogBytes, r.limits.Output)
	if sheet.logBytes+len(text)+lineCost > max {
		sheet.logsCut = true
		level, text = "warn", fmt.Sprintf("more than %d bytes were logged; what follows was cut", max)
	}
	sheet.logBytes += len(text) + lineCost
	l := rulebox.Log{Level: level, Text: strings.ToValidUTF8(r.redact(innards(text)), "\ufffd"), Script: r.scriptName()}
	if r.finished {
		r.in.Late(l)
		return
	}
	sheet.logs = append(sheet.logs, l)
}

func (r *Realm) scriptName() string {
	if r.script < 0 || r.script >= len(r.progs) {
		return ""
	}
	return r.progs[r.script].Script.Name
}
