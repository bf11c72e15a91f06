package js

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
)

// Bounds of what an error carries out, in UTF-16 units.
const (
	maxMessage = 4 << 10
	maxTrace   = 8 << 10
)

// expire ends the run at its deadline: the tenant's limit, or what the caller
// left of it.
func (r *Realm) expire() {
	wall := r.limits.Wall
	if left := r.in.sheet.budget; left < wall-max(wall/20, 50*time.Millisecond) {
		r.Stop(rulebox.CodeTimeout,
			fmt.Sprintf("the scripts did not end within the %v that were left to them", left.Round(time.Millisecond)),
			fmt.Sprintf("make the %ss faster; of the limit of %v (limits.wall, --timeout) the rest had passed before, or the caller does not wait longer", r.firstKind(), wall), context.DeadlineExceeded)
		return
	}
	r.Stop(rulebox.CodeTimeout, fmt.Sprintf("the scripts did not end within the time limit of %v", wall),
		fmt.Sprintf("make the %[1]ss faster, or raise the limit for all %[1]ss together: limits.wall of the tenant, or --timeout", r.firstKind()), context.DeadlineExceeded)
}

// firstKind is the kind of the realm's scripts; it may be asked by any goroutine.
func (r *Realm) firstKind() string {
	if r.first < r.end {
		return string(r.progs[r.first].Script.Kind)
	}
	return "rule"
}

// contextAfter ends the run when the caller's context does.
func contextAfter(ctx context.Context, r *Realm) func() bool {
	return context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.expire()
			return
		}
		r.Stop(rulebox.CodeTimeout, "the caller gave up before the scripts ended", "nobody waits for the answer any more", ctx.Err())
	})
}

// failed turns what ended the current script into an error that blames it.
func (r *Realm) failed(err error) *rulebox.Error {
	if s := r.reason.Load(); s != nil {
		e := &rulebox.Error{Code: s.code, Message: s.message, Hint: s.hint, Cause: s.cause, Script: r.scriptName()}
		if name := r.scriptName(); name != "" {
			e.Message = fmt.Sprintf("%s %q: %s", r.kind(), name, s.message)
		}
		var i *goja.InterruptedError
		switch {
		case errors.As(err, &i):
			if e.Trace = r.frames(i.Stack()); e.Trace != "" && e.Code == rulebox.CodeTimeout {
				e.Hint += "; it was computing at the place that the trace shows: hashing and parsing are faster in the modules"
			}
		case e.Code == rulebox.CodeTimeout && r.loop.tasks > 0:
			e.Message += "; it waited for one request or other operation"
			if n := r.loop.tasks; n > 1 {
				e.Message = strings.TrimSuffix(e.Message, "one request or other operation") + fmt.Sprintf("%d requests or other operations", n)
			}
		case e.Code == rulebox.CodeTimeout && r.loop.refs > 0:
			e.Message += "; it waited for a timer"
		}
		return e
	}
	e := &rulebox.Error{Code: rulebox.CodeThrew, Script: r.scriptName()}
	var overflow *goja.StackOverflowError
	var ex *goja.Exception
	var pan *enginePanic
	var own *rulebox.Error
	switch {
	case errors.As(err, &overflow):
		e.Code, e.Name = rulebox.CodeMemory, "RangeError"
		e.Message = fmt.Sprintf("Maximum call stack size exceeded: more than %d calls are nested", maxCallStack)
		e.Hint = "look for recursion without an end"
		e.Trace = r.frames(overflow.Stack())
	case errors.As(err, &pan):
		r.describePanic(e, pan)
	case asException(err, &ex):
		r.describe(e, ex.Value())
		if !strings.HasPrefix(e.Trace, "at ") {
			e.Trace = strings.Trim(r.frames(ex.Stack())+"\n"+e.Trace, "\n")
		}
		if e.Name == "UnauthorizedError" && !r.isAction() {
			e.Code = rulebox.CodeDenied
		} else if r.forbidden(ex.Value()) {
			e.Code = rulebox.CodeForbidden
		}
		r.hint(e, ex.Value())
		e.Hint = r.redact(e.Hint)
		r.hookRefusal(e, ex.Value(), false)
	case errors.As(err, &own):
		*e = *own
		e.Script = r.scriptName()
	default:
		e.Code, e.Message, e.Cause = rulebox.CodeInternal, "the script could not be run", err
	}
	if s := r.reason.Load(); s != nil && e.Code == rulebox.CodeThrew {
		return r.failed(errStopped) // stopped while its error was read
	}
	return e
}

func asException(err error, ex **goja.Exception) bool {
	x, ok := err.(*goja.Exception)
	if ok {
		*ex = x
	}
	return ok
}

func (r *Realm) describePanic(e *rulebox.Error, p *enginePanic) {
	text := p.Error()
	e.Cause = p
	switch {
	case strings.Contains(text, "makeslice"), strings.Contains(text, "out of range"), strings.Contains(text, "Repeat"), strings.Contains(text, "too large"):
		e.Code, e.Name, e.Message = rulebox.CodeMemory, "RangeError", "a string, array or number was made longer than the engine can hold"
		e.Hint = "bound the lengths that the script works with"
	default:
		e.Name, e.Message = "InternalError", "the engine could not go on with this script"
	}
}

// refused is the error for a callback that was given one.
func (r *Realm) refused(v goja.Value, args []goja.Value) *rulebox.Error {
	e := &rulebox.Error{Code: rulebox.CodeDenied, Script: r.scriptName()}
	if i := slices.IndexFunc(args, v.SameAs); i >= 0 && r.rules() {
		// A slip: what it has for a name or message is the user's own.
		e.Name, e.Message = "Error", noMessage
		return e.WithHint("callback was given %s as its first argument, which is the error and denies the login: callback(null, user, context) goes on", argName(r.chain.Trigger, i))
	}
	r.describe(e, v)
	r.hint(e, v)
	r.hookRefusal(e, v, true)
	if s := r.reason.Load(); s != nil {
		return r.failed(errStopped)
	}
	if e.Message == noMessage && e.Hint == "" {
		e.Hint = r.wordless()
	}
	return e
}

// wordless is the advice for a callback that was given an error without a message.
func (r *Realm) wordless() string {
	switch r.progs[r.first].Script.Kind {
	case rulebox.KindRule:
		return "the first argument of callback is the error and denies the login; its message is for the user: callback(new UnauthorizedError('…')). To go on: callback(null, user, context)"
	case rulebox.KindDBScript:
		return "the first argument of callback is the error: for a wrong password callback(new WrongUsernameOrPasswordError(id, '…')), else callback(new Error('…')). What the script found is the second: callback(null, profile)"
	}
	return "the first argument of callback is the error: give it a message, callback(new Error('…')). To go on, give null and then the result"
}

// What is told of an error that has no message, and of that of a wrong password:
// database scripts leave its message out.
const (
	noMessage     = "no message"
	wrongPassword = "Wrong email or password."
)

// neverCalled is the error for a script that has nothing left to wait for.
func (r *Realm) neverCalled(i int) *rulebox.Error {
	name := r.progs[i].Script.Name
	e := rulebox.Errorf(rulebox.CodeTimeout, "%s %q: callback was never called, and nothing is left that could call it", r.kind(), name)
	e.Script = name
	if text := r.parameterHint(); text != "" {
		return e.WithHint("%s", text)
	}
	return e.WithHint("every path through the %s must end with callback(null, …) or callback(error); a returned value or promise does not complete it", r.kind())
}

func (r *Realm) kind() string {
	if r.script >= 0 && r.script < len(r.progs) {
		return string(r.progs[r.script].Script.Kind)
	}
	return "script"
}

// uncaught takes what a turn threw outside of any script's own call.
func (r *Realm) uncaught(err error) {
	switch {
	case r.finished:
		if r.in.Late != nil && r.alive() {
			r.log("error", "threw after the answer: "+nameAndMessage(r.failed(err)))
		}
	case r.decided() && isException(err):
		r.late(err)
	case r.failure == nil:
		r.failure = r.failed(err)
	}
}

// decided reports whether the script that runs has given its verdict: it called
// its callback, its function's promise is settled, or the chain waits for a later
// one. What it throws now changes nothing. A broken limit still does.
func (r *Realm) decided() bool {
	return r.called || r.script >= 0 && r.script != r.awaited || r.settled()
}

// settled reports whether an action's function has ended.
func (r *Realm) settled() bool {
	return r.promise != nil && r.promise.State() != goja.PromiseStatePending
}

// late logs what the script that runs threw after its verdict.
func (r *Realm) late(err error) {
	e := &rulebox.Error{}
	var ex *goja.Exception
	if asException(err, &ex) {
		r.describe(e, ex.Value())
	}
	what := "threw after its callback: "
	if r.isAction() {
		what = "threw after its end: "
	}
	r.log("warn", what+nameAndMessage(e))
}

func nameAndMessage(e *rulebox.Error) string {
	if e.Name == "" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// hide takes out of an error what is not for who reads it.
func (r *Realm) hide(e *rulebox.Error) {
	for _, text := range []*string{&e.Name, &e.Message, &e.Trace} {
		*text = r.redact(innards(*text))
	}
}

// The engine's error for an object that is no primitive shows all that is in it, and
// where it lies in memory.
const (
	innardsBegin = "Could not convert &{"
	innardsEnd   = " to primitive"
)

// innards returns the text with Node's words in place of the engine's.
func innards(text string) string {
	begin := strings.Index(text, innardsBegin)
	if begin < 0 {
		return text
	}
	rest := "" // the object may hold such words too: the last count
	if end := strings.LastIndex(text, innardsEnd); end > begin {
		rest = text[end+len(innardsEnd):]
	}
	return text[:begin] + "Cannot convert object to primitive value" + rest
}

// describe fills in name, message and trace of a thrown or given value.
func (r *Realm) describe(e *rulebox.Error, v goja.Value) {
	defer r.hide(e)
	e.Name = "Error"
	o, ok := v.(*goja.Object)
	if !ok {
		e.Message = r.text(v, maxMessage)
		return
	}
	err := r.guard(func() {
		if s, ok := o.Get("name").(goja.String); ok && s.Length() > 0 {
			e.Name = clip(s, 256)
		}
		for _, key := range []string{"message", "description", "error_description", "error"} {
			switch m := o.Get(key).(type) {
			case nil, *goja.Object:
			default:
				if !goja.IsUndefined(m) && !goja.IsNull(m) {
					e.Message = r.text(m, maxMessage)
				}
			}
			if e.Message != "" {
				break
			}
		}
		if s, ok := o.Get("stack").(goja.String); ok {
			stack := clip(s, maxTrace)
			e.Message = r.worded(e.Name, e.Message, stack)
			e.Trace = r.cleanStack(stack)
		}
		e.Trace = strings.TrimPrefix(e.Trace+r.causes(o, e.Message), "\n")
		if r.kind() == string(rulebox.KindDBScript) {
			e.UserID, e.Reason = r.databaseError(e.Name, o)
		}
	})
	if err != nil && e.Message == "" {
		e.Message = "an error that could not be read: its properties throw"
	}
	if e.Message == "" {
		e.Message = noMessage
		if e.Name == "WrongUsernameOrPasswordError" {
			e.Message = wrongPassword
		} else if isFunctionValue(o) {
			e.Message = "a function was given in place of an error"
		}
	}
}

// databaseError returns what the classes of database scripts have beside a
// message.
func (r *Realm) databaseError(name string, o *goja.Object) (user, reason string) {
	text := func(key string) string {
		switch v := o.Get(key).(type) {
		case nil, *goja.Object, *goja.Symbol:
			return ""
		default:
			if !v.ToBoolean() {
				return "" // no user, and not the user 0 or false
			}
			return r.text(v, 256)
		}
	}
	switch name {
	case "WrongUsernameOrPasswordError":
		return text("user_id"), ""
	case "ValidationError":
		return "", text("code")
	}
	return "", ""
}

// causes renders the causes of an error, a line each. What the error's message says
// already is left out.
func (r *Realm) causes(o *goja.Object, said string) string {
	var b strings.Builder
	for range 4 {
		c, ok := o.Get("cause").(*goja.Object)
		if !ok {
			break
		}
		o = c
		message := ""
		if s, ok := c.Get("message").(goja.String); ok {
			message = clip(s, 1024)
		}
		if message != "" && strings.Contains(said, message) {
			continue
		}
		b.WriteString("\ncaused by ")
		if s, ok := c.Get("name").(goja.String); ok {
			b.WriteString(clip(s, 256) + ": ")
		}
		b.WriteString(message)
	}
	return b.String()
}

// codeForbidden is the `code` of an error for something that was not granted, such
// as an address; modules put it on the error itself or on its cause.
const codeForbidden = "EFORBIDDEN"

// forbidden reports whether the error, which nobody caught, is one of those. Its
// message and hint are in the cause.
func (r *Realm) forbidden(v goja.Value) (yes bool) {
	r.guard(func() {
		for range 4 {
			o, ok := v.(*goja.Object)
			if !ok {
				return
			}
			if s, ok := o.Get("code").(goja.String); ok && s.Length() < 32 && s.String() == codeForbidden {
				yes = true
				return
			}
			v = o.Get("cause")
		}
	})
	return yes
}

// text returns a primitive as text; it runs no guest code.
func (r *Realm) text(v goja.Value, max int) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case goja.String:
		return clip(v, max)
	case *goja.Symbol:
		return "Symbol(…)"
	case *goja.Object:
		return "[object]"
	}
	if goja.IsBigInt(v) {
		return "a BigInt"
	}
	return v.String()
}

// clip returns at most max UTF-16 units of s.
func clip(s goja.String, max int) string {
	if s.Length() > max {
		return s.Substring(0, max).String() + "…"
	}
	return s.String()
}

// A rejection is a promise that was rejected while nobody listened.
type rejection struct {
	promise *goja.Promise
	script  int
	late    bool // the action's function had ended before
}

func (r *Realm) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionReject {
		r.rejected = append(r.rejected, rejection{p, r.script, r.settled()})
		return
	}
	for i := len(r.rejected) - 1; i >= 0; i-- {
		if r.rejected[i].promise == p {
			r.rejected = append(r.rejected[:i], r.rejected[i+1:]...)
			return
		}
	}
}

// afterTurn runs the ticks that promise jobs queued, then returns the exception
// of the first promise that was rejected in this turn, that nobody listens to and
// whose script has not given its verdict. Those of the others are logged. An action
// that ends in the turn in which a promise of its own was rejected has forgotten
// to wait for it: that is its failure.
func (r *Realm) afterTurn() error {
	for r.tickWaits && r.alive() {
		r.tickWaits = false
		if _, err := r.invoke(r.prelude["flush"], goja.Undefined()); err != nil {
			return err
		}
	}
	if len(r.rejected) == 0 {
		return nil
	}
	list := r.rejected
	r.rejected = nil
	for _, x := range list {
		if x.promise == r.promise && !r.finished {
			continue // await tells of it
		}
		if x.script >= 0 && r.in != nil {
			r.enterScript(x.script)
		}
		err := r.exception(x.promise.Result())
		if !r.finished && !x.late && (r.isAction() || !r.decided()) {
			return err
		}
		r.uncaught(err)
		if !r.alive() {
			return errStopped
		}
	}
	return nil
}

// exception makes the error of a thrown value.
func (r *Realm) exception(v goja.Value) error {
	if v == nil {
		v = goja.Undefined()
	}
	return r.vm.Try(func() { panic(v) })
}

// asyncContext keeps track of which script's promise jobs run.
type asyncContext Realm

func (a *asyncContext) Grab() any { return a.script }
func (a *asyncContext) Resumed(v any) {
	if i, ok := v.(int); ok {
		a.script = i
	}
}
func (a *asyncContext) Exited() {}
