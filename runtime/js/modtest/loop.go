package modtest

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// loop is the event loop of one realm: timers by due time, and the results of
// tasks as they come.
type loop struct {
	done   chan func() // results of tasks
	open   int         // tasks whose result was not taken
	timers []*timer
	seq    int
	tasks  *sync.WaitGroup
}

type timer struct {
	due      time.Time
	seq      int
	every    time.Duration // 0: once
	delay    time.Duration
	unref    bool
	canceled bool
	fn       goja.Callable
	args     []goja.Value
}

func newLoop() loop { return loop{done: make(chan func(), 1024), tasks: new(sync.WaitGroup)} }

func (l *loop) add(t *timer) {
	l.seq++
	t.seq = l.seq
	t.due = time.Now().Add(t.delay)
	l.timers = append(l.timers, t)
	sort.SliceStable(l.timers, func(i, j int) bool { return l.timers[i].due.Before(l.timers[j].due) })
}

func (l *loop) cancel(t *timer) {
	t.canceled = true
	for i := range l.timers {
		if l.timers[i] == t {
			l.timers = append(l.timers[:i], l.timers[i+1:]...)
			return
		}
	}
}

// run runs until nothing is pending but unref'ed timers.
func (l *loop) run(ctx context.Context, vm *goja.Runtime) error {
	for {
		alive := l.open > 0
		for _, t := range l.timers {
			alive = alive || !t.unref
		}
		if !alive {
			return nil
		}
		var wait <-chan time.Time
		if len(l.timers) > 0 {
			wait = time.After(time.Until(l.timers[0].due))
		}
		select {
		case f := <-l.done:
			l.open--
			if ex := vm.Try(f); ex != nil {
				return ex
			}
		case <-wait:
			t := l.timers[0]
			l.timers = l.timers[1:]
			if t.every > 0 {
				l.add(t)
			}
			if _, err := t.fn(goja.Undefined(), t.args...); err != nil {
				return fmt.Errorf("thrown in a timer: %w", err)
			}
		case <-ctx.Done():
			return fmt.Errorf("the case took longer than %v", safety)
		}
	}
}

// installTimers defines the timer functions and queueMicrotask.
func (r *Realm) installTimers(define func(string, any)) {
	set := func(repeat bool) func(goja.FunctionCall) goja.Value {
		return func(c goja.FunctionCall) goja.Value {
			fn, ok := goja.AssertFunction(c.Argument(0))
			if !ok {
				e := r.newError("TypeError", `The "callback" argument must be of type function.`)
				e.Set("code", "ERR_INVALID_ARG_TYPE")
				panic(e)
			}
			ms := c.Argument(1).ToFloat()
			if !(ms >= 1 && ms <= 1<<31-1) {
				ms = 1
			}
			t := &timer{fn: fn, delay: time.Duration(ms * float64(time.Millisecond))}
			if len(c.Arguments) > 2 {
				t.args = append(t.args, c.Arguments[2:]...)
			}
			if repeat {
				t.every = t.delay
			}
			r.loop.add(t)
			return r.timerObject(t)
		}
	}
	clearTimer := func(c goja.FunctionCall) goja.Value {
		if o, ok := c.Argument(0).(*goja.Object); ok {
			if t, ok := o.Get("_timer").Export().(*timer); ok {
				r.loop.cancel(t)
			}
		}
		return goja.Undefined()
	}
	define("setTimeout", set(false))
	define("setInterval", set(true))
	define("setImmediate", func(c goja.FunctionCall) goja.Value {
		fn, _ := goja.AssertFunction(c.Argument(0))
		t := &timer{fn: fn}
		if len(c.Arguments) > 1 {
			t.args = append(t.args, c.Arguments[1:]...)
		}
		r.loop.add(t)
		return r.timerObject(t)
	})
	define("clearTimeout", clearTimer)
	define("clearInterval", clearTimer)
	define("clearImmediate", clearTimer)
	r.mustRun("modtest/microtask.js", `Object.defineProperty(globalThis, 'queueMicrotask', {value: (f) => {
		if (typeof f !== 'function') throw new TypeError('The "callback" argument must be of type function.');
		Promise.resolve().then(f); }, writable: true, configurable: true})`)
}

func (r *Realm) timerObject(t *timer) goja.Value {
	o := r.VM.NewObject()
	self := func(f func()) func() *goja.Object { return func() *goja.Object { f(); return o } }
	o.DefineDataProperty("_timer", r.VM.ToValue(t), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	o.Set("ref", self(func() { t.unref = false }))
	o.Set("unref", self(func() { t.unref = true }))
	o.Set("hasRef", func() bool { return !t.unref })
	o.Set("close", self(func() { r.loop.cancel(t) }))
	o.Set("refresh", self(func() { r.loop.cancel(t); t.canceled = false; r.loop.add(t) }))
	return o
}

// installConsole keeps lines in r.Logs, formatted by internal/inspect where that
// is more than a string.
func (r *Realm) installConsole(define func(string, any)) {
	console := r.VM.NewObject()
	for _, level := range []string{"log", "info", "warn", "error", "debug", "trace"} {
		console.Set(level, func(c goja.FunctionCall) goja.Value {
			r.Logs = append(r.Logs, level+": "+r.format(c.Arguments))
			return goja.Undefined()
		})
	}
	define("console", console)
}

func (r *Realm) format(args []goja.Value) string {
	var parts []string
	plain := true
	for _, a := range args {
		if _, ok := a.(*goja.Object); ok || len(args) > 1 {
			plain = false
		}
		parts = append(parts, a.String())
	}
	if !plain {
		if v, err := r.Require("internal/inspect"); err == nil {
			if f, ok := goja.AssertFunction(v.ToObject(r.VM).Get("format")); ok {
				if s, err := f(goja.Undefined(), args...); err == nil {
					return s.String()
				}
			}
		}
	}
	return strings.Join(parts, " ")
}
