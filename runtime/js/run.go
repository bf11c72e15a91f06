package js

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js/lazy"
)

// Run runs the realm's programs in order and returns what is left of the
// invocation up to here. It is called once, on the processor. After it returns,
// work may still be in flight: see Pending and Drain.
//
// The realms of one invocation have one Input, and run one after the other. The
// result of the last one is the invocation's.
func (r *Realm) Run(in *Input) (*rulebox.Result, *rulebox.Error) {
	r.in, r.gate, r.before = in, in.Gate, in.Cache
	if !in.Now.IsZero() {
		r.vm.SetTimeSource(func() time.Time { return in.Now })
	}
	left := time.Until(in.Deadline)
	if in.sheet == nil {
		in.sheet = &sheet{budget: left, scripts: make([]rulebox.ScriptUsage, 0, len(r.progs))}
	}
	r.stopAt = time.AfterFunc(left, r.expire)
	if in.Ctx != nil && in.Ctx.Done() != nil {
		unwatch := contextAfter(in.Ctx, r)
		defer unwatch()
	}
	res := &rulebox.Result{ID: in.ID}
	var fail *rulebox.Error
	if r.isAction() {
		fail = r.runAction(res)
	} else {
		fail = r.runCallbacks(res)
	}
	r.saveGlobal()
	r.finished = true
	if r.native != nil {
		r.native.Answered()
	}
	res.Logs, res.Scripts = in.sheet.logs, in.sheet.scripts
	res.Commands = in.sheet.commands
	if fail != nil {
		res.Values, res.RedirectURL, res.Suspended = nil, "", 0
	}
	return res, fail
}

// runCallbacks runs scripts that end by a callback, and writes out what they leave.
func (r *Realm) runCallbacks(res *rulebox.Result) *rulebox.Error {
	args, fail := r.decode(r.in)
	if fail == nil {
		r.restoreGlobal(r.before)
	}
	for i := r.first; i < r.end && fail == nil; i++ {
		start := time.Now()
		if r.progs[i].Guest != nil {
			fail = r.runGuestRule(i, args)
		} else {
			fail = r.runScript(i, args)
		}
		if fail == nil {
			args = r.nextArgs(args)
		}
		r.account(i, start, fail)
	}
	if fail == nil {
		fail = r.encode(res, args)
	}
	if fail == nil {
		fail = r.hookResult(res)
	}
	return fail
}

// account adds what the script has cost to the invocation's account.
func (r *Realm) account(i int, start time.Time, fail *rulebox.Error) {
	status := "ok"
	if fail != nil {
		status = string(fail.Code)
	}
	sheet := r.in.sheet
	sheet.scripts = append(sheet.scripts, rulebox.ScriptUsage{Name: r.progs[i].Script.Name, Duration: time.Since(start), Status: status})
}

// Drain runs what is still in flight after Run, until nothing is, or the
// deadline. Failures have no reader any more. It is called on the processor, which
// the gate gives from now on.
func (r *Realm) Drain(gate Gate) {
	r.gate = gate
	for r.alive() && r.step() {
		r.failure = nil
	}
	r.saveGlobal()
}

func (r *Realm) decode(in *Input) ([]goja.Value, *rulebox.Error) {
	texts := in.Args
	if r.chain.Trigger == rulebox.TriggerLogin && r.rules() && len(texts) > 2 {
		texts = texts[:2] // the third is for actions
	}
	args := make([]goja.Value, len(texts), len(texts)+1)
	decode := r.codec.Decode
	if in.Owned {
		decode = r.codec.DecodeOwned
	}
	for i, text := range texts {
		v, err := decode(text)
		if err != nil {
			if !r.alive() {
				return nil, r.failed(err)
			}
			return nil, rulebox.Errorf(rulebox.CodeInvalid, "argument %d (%s) is not JSON", i+1, argName(r.chain.Trigger, i)).WithCause(err)
		}
		args[i] = v
	}
	if err := r.hookArgs(args); err != nil {
		return nil, r.failed(err)
	}
	return args, nil
}

func argName(trigger string, i int) string {
	if trigger == rulebox.TriggerLogin && i < 2 {
		return [...]string{"user", "context"}[i]
	}
	return "args"
}

// runScript runs one script to its callback.
func (r *Realm) runScript(i int, args []goja.Value) *rulebox.Error {
	r.enterScript(i)
	r.awaited, r.called, r.given = i, false, nil
	if r.fns[i] == nil {
		if err := r.load(i); err != nil {
			return r.failed(err)
		}
	}
	_, err := r.invoke(r.fns[i], goja.Undefined(), append(args[:len(args):len(args)], r.callback(i))...)
	r.script = i // promise jobs of earlier scripts may have run
	if err != nil && r.called && isException(err) {
		r.late(err) // the callback counts
		err = nil
	}
	if err == nil {
		err = r.afterTurn()
	}
	if err != nil {
		return r.failed(err)
	}
	r.enterScript(i) // a rejection may have been another's
	for !r.called && r.failure == nil {
		if !r.step() {
			if r.stopped() || r.broken {
				return r.failed(errStopped)
			}
			return r.neverCalled(i)
		}
	}
	if r.failure != nil {
		return r.failure
	}
	if r.stopped() {
		return r.failed(errStopped)
	}
	if len(r.given) > 0 && r.given[0].ToBoolean() {
		return r.refused(r.given[0], args)
	}
	return nil
}

func (r *Realm) enterScript(i int) {
	if r.script != i {
		r.script = i
		r.gate.Script(i)
	}
}

// callback returns the callback of script i. Its first call counts.
func (r *Realm) callback(i int) goja.Value {
	return r.function("callback", func(call goja.FunctionCall) goja.Value {
		if r.called || r.awaited != i {
			r.log("warn", "callback was called again; only the first call counts")
			return goja.Undefined()
		}
		r.called = true
		r.given = append([]goja.Value(nil), call.Arguments...)
		return goja.Undefined()
	})
}

// nextArgs are the arguments for the next script: what the callback was given in
// their place, where that is an object.
func (r *Realm) nextArgs(args []goja.Value) []goja.Value {
	if !r.rules() {
		if len(r.given) > 1 {
			return r.given[1:]
		}
		return nil
	}
	for i := range args {
		if i+1 < len(r.given) {
			if o, ok := r.given[i+1].(*goja.Object); ok && !isFunctionValue(o) {
				args[i] = o
			}
		}
	}
	return args
}

// rules reports whether the chain is one of rules, whose arguments are its values.
func (r *Realm) rules() bool {
	return r.first == r.end || r.progs[r.first].Script.Kind == rulebox.KindRule
}

func isFunctionValue(o *goja.Object) bool {
	_, ok := goja.AssertFunction(o)
	return ok
}

// step runs one turn, waiting for it if need be. It returns false when there is
// nothing to wait for, or the realm was stopped.
func (r *Realm) step() bool {
	for r.alive() {
		t, ok := r.loop.next(time.Now())
		if ok {
			r.turn(t)
			return r.alive() || r.failure != nil
		}
		if r.loop.refs == 0 && r.loop.tasks == 0 || !r.wait() {
			return false
		}
	}
	return false
}

func (r *Realm) turn(t turn) {
	back := r.script
	r.enterScript(t.script)
	if err := t.run(); err != nil {
		r.uncaught(err)
	}
	if err := r.afterTurn(); err != nil && r.failure == nil && !r.finished {
		r.failure = r.failed(err)
	}
	if r.alive() {
		r.enterScript(back)
	}
}

// wait leaves the processor until a turn may be ready.
func (r *Realm) wait() bool {
	var due <-chan time.Time
	if len(r.loop.timers) > 0 {
		t := time.NewTimer(time.Until(r.loop.timers[0].at))
		defer t.Stop()
		due = t.C
	}
	r.gate.Leave()
	select {
	case <-due:
	case <-r.loop.notify:
	case <-r.stop:
	}
	if !r.gate.Enter(r.stop) {
		return false
	}
	r.gate.Script(r.script)
	return r.alive()
}

// encode writes the values out.
func (r *Realm) encode(res *rulebox.Result, args []goja.Value) *rulebox.Error {
	max := r.limits.Output - r.in.sheet.spent
	res.Values = make([]json.RawMessage, 0, len(args))
	for i, v := range args {
		text, err := r.append(v, max)
		if err != nil {
			e := r.unwritable(err)
			r.unplain(e, argName(r.chain.Trigger, i), v)
			if e.Code == rulebox.CodeThrew && r.stopped() {
				return r.failed(errStopped)
			}
			return e
		}
		max -= len(text)
		r.in.sheet.spent += len(text)
		res.Values = append(res.Values, text)
	}
	if r.rules() && len(args) > 1 {
		res.RedirectURL = r.redirect(args[1])
	}
	return nil
}

// unwritable is the error for values that cannot be written out.
func (r *Realm) unwritable(err error) *rulebox.Error {
	e := &rulebox.Error{Code: rulebox.CodeMemory, Script: r.scriptName()}
	switch {
	case errors.Is(err, lazy.ErrTooLarge):
		e.Message = fmt.Sprintf("the values that the scripts left are longer than %d bytes of JSON", r.limits.Output)
		e.Hint = "put less into user and context, or raise limits.output"
	case errors.Is(err, lazy.ErrTooDeep):
		e.Message = fmt.Sprintf("the values that the scripts left nest deeper than %d levels", lazy.MaxDepth)
		e.Hint = "put flatter values into user and context"
	default:
		return r.failed(err)
	}
	return e
}

func (r *Realm) append(v goja.Value, max int) (text []byte, err error) {
	if !r.alive() {
		return nil, errStopped
	}
	defer func() {
		if x := recover(); x != nil {
			err = r.recovered(x)
		}
	}()
	return r.codec.Append(nil, v, max)
}

// redirect returns context.redirect.url, if it is a string.
func (r *Realm) redirect(context goja.Value) (url string) {
	r.guard(func() {
		red, err := r.codec.Member(context, "redirect")
		rethrow(err)
		v, err := r.codec.Member(red, "url")
		rethrow(err)
		if s, ok := v.(goja.String); ok && s.Length() <= maxRedirect {
			url = s.String()
		}
	})
	return url
}

// maxRedirect bounds a redirect URL, in UTF-16 units: what browsers accept at
// most.
const maxRedirect = 64 << 10
