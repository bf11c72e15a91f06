package js

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// Triggers are a set of triggers of actions.
type triggers uint16

const (
	onPostLogin triggers = 1 << iota
	onCredentialsExchange
	onPreRegistration
	onPostRegistration
	onPostChangePassword
	onPostChallenge
	onSendPhoneMessage
	onEmailProvider
	onPhoneProvider
	onTokenExchange
	onEventStream

	everywhere triggers = 1<<iota - 1
)

// A trigger is one that runs actions: the functions that they export for it.
type trigger struct {
	name, execute string
	resume        string // empty where nothing suspends
	bit           triggers
}

// triggerTable is the one place that says which function a trigger calls.
var triggerTable = []trigger{
	{rulebox.TriggerPostLogin, "onExecutePostLogin", "onContinuePostLogin", onPostLogin},
	{rulebox.TriggerCredentialsExchange, "onExecuteCredentialsExchange", "", onCredentialsExchange},
	{rulebox.TriggerPreRegistration, "onExecutePreUserRegistration", "", onPreRegistration},
	{rulebox.TriggerPostRegistration, "onExecutePostUserRegistration", "", onPostRegistration},
	{rulebox.TriggerPostChangePassword, "onExecutePostChangePassword", "", onPostChangePassword},
	{rulebox.TriggerPostChallenge, "onExecutePostChallenge", "onContinuePostChallenge", onPostChallenge},
	{rulebox.TriggerSendPhoneMessage, "onExecuteSendPhoneMessage", "", onSendPhoneMessage},
	{rulebox.TriggerEmailProvider, "onExecuteCustomEmailProvider", "", onEmailProvider},
	{rulebox.TriggerPhoneProvider, "onExecuteCustomPhoneProvider", "", onPhoneProvider},
	{rulebox.TriggerTokenExchange, "onExecuteCustomTokenExchange", "", onTokenExchange},
	{rulebox.TriggerEventStream, "onExecuteEventStream", "", onEventStream},
}

// triggerOf returns the trigger of actions, nil if there is none of the name.
func triggerOf(name string) *trigger {
	if name == rulebox.TriggerLogin {
		name = rulebox.TriggerPostLogin
	}
	for i := range triggerTable {
		if triggerTable[i].name == name {
			return &triggerTable[i]
		}
	}
	return nil
}

// CheckTrigger returns nil if actions run on the trigger.
func CheckTrigger(name string) error {
	if triggerOf(name) != nil {
		return nil
	}
	names := []string{rulebox.TriggerLogin}
	for _, t := range triggerTable {
		names = append(names, t.name)
	}
	e := rulebox.Errorf(rulebox.CodeInvalid, "no action runs on the trigger %q", name)
	if near := closest(name, names); near != "" {
		return e.WithHint("did you mean %s? The triggers of actions are %s", near, strings.Join(names, ", "))
	}
	return e.WithHint("the triggers of actions are %s", strings.Join(names, ", "))
}

// An action is what a realm that runs one has.
type action struct {
	api   *goja.Object
	event goja.Value
	// over says that the action has ended: what it calls now has no effect.
	over bool
	// resumes says that the module exports the function that goes on after a
	// redirect.
	resumes bool
}

// isAction reports whether the realm is one action's.
func (r *Realm) isAction() bool {
	return r.end == r.first+1 && r.progs[r.first].Script.Kind == rulebox.KindAction
}

// prepareAction makes what an action gets beside its event. It runs nothing of the
// customer's.
func (r *Realm) prepareAction() {
	if r.action == nil {
		r.vm.Get("Promise") // the engine makes the class when it is first needed
		r.action = &action{api: r.newAPI(triggerOf(r.chain.Trigger))}
	}
}

// runAction runs the realm's action, and adds what it asked for to the effects of
// the chain.
func (r *Realm) runAction(res *rulebox.Result) *rulebox.Error {
	i, start := r.first, time.Now()
	r.enterScript(i)
	fail := r.beginEffects()
	if fail == nil {
		if r.progs[i].Guest != nil {
			fail = r.actGuest(i)
		} else {
			r.restoreGlobal(r.before)
			fail = r.act(i)
		}
	}
	if r.action != nil {
		r.action.over = true
	}
	if r.effects != nil {
		fail = r.effects.end(r, i, res, fail)
	}
	r.account(i, start, fail)
	return fail
}

// act evaluates the module and runs its function to its end.
func (r *Realm) act(i int) *rulebox.Error {
	r.awaited = i
	if err := r.guard(r.prepareAction); err != nil {
		return r.failed(err)
	}
	exports, err := r.loadExports(i)
	if err == nil {
		err = r.afterTurn()
	}
	if err != nil {
		return r.failed(err)
	}
	name := r.effects.handler(r, i)
	fn, fail := r.handler(exports, name)
	if fail != nil {
		return fail
	}
	if r.action.event, err = r.codec.DecodeOwned(r.effects.eventText(r.binding(i))); err != nil {
		return r.failed(err)
	}
	v, err := r.invoke(fn, goja.Undefined(), r.action.event, r.action.api)
	r.script = i // promise jobs may have run
	if err == nil {
		err = r.afterTurn()
	}
	if err != nil {
		return r.failed(err)
	}
	return r.await(v, name)
}

// binding is what script i was granted alone; never nil.
func (r *Realm) binding(i int) *rulebox.Binding {
	if i >= 0 && i < len(r.chain.Bindings) {
		return &r.chain.Bindings[i]
	}
	return &rulebox.Binding{}
}

// minSecret is the shortest secret, in bytes, that is taken out of log lines: a
// shorter one occurs in ordinary text.
const minSecret = 6

// redact takes the script's secrets out of a line of the log, or of an error.
func (r *Realm) redact(text string) string {
	if len(r.chain.Bindings) == 0 || r.script < 0 {
		return text
	}
	b := r.binding(r.script)
	var found []string // values, with their names
	collect := func(secrets map[string]string) {
		for name, value := range secrets {
			if len(value) >= minSecret && strings.Contains(text, value) {
				found = append(found, value, "[secret "+name+"]")
			}
		}
	}
	collect(b.Secrets)
	for i := range b.Modules {
		collect(b.Modules[i].Secrets)
	}
	if found == nil {
		return text
	}
	return strings.NewReplacer(longestFirst(found)...).Replace(text)
}

// longestFirst orders the pairs by the length of their first texts: a secret may
// begin like another.
func longestFirst(pairs []string) []string {
	order := make([][2]string, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		order = append(order, [2]string{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(order, func(x, y [2]string) int {
		return cmp.Or(cmp.Compare(len(y[0]), len(x[0])), strings.Compare(x[1], y[1]))
	})
	sorted := pairs[:0]
	for _, p := range order {
		sorted = append(sorted, p[0], p[1])
	}
	return sorted
}

// handler returns the function that the action exports under the name.
func (r *Realm) handler(exports goja.Value, name string) (fn goja.Value, fail *rulebox.Error) {
	var keys []string
	err := r.guard(func() {
		o, ok := exports.(*goja.Object)
		if !ok {
			return
		}
		if fn = o.Get(name); fn == nil {
			fn = goja.Undefined()
		}
		if resume := r.effects.trigger.resume; resume != "" {
			f, ok := o.Get(resume).(*goja.Object)
			r.action.resumes = ok && isFunctionValue(f)
		}
		if f, ok := fn.(*goja.Object); ok && isFunctionValue(f) {
			return
		}
		fn = nil
		for _, k := range o.Keys() {
			if len(keys) < maxKeys && len(k) <= maxName {
				keys = append(keys, k)
			}
		}
	})
	if err != nil {
		return nil, r.failed(err)
	}
	if fn != nil {
		return fn, nil
	}
	e := rulebox.Errorf(rulebox.CodeInvalid, "action %q does not export %s, which the trigger %s calls", r.scriptName(), name, r.chain.Trigger)
	e.Script = r.scriptName()
	return nil, e.WithHint("%s", handlerAdvice(name, keys))
}

// handlerAdvice says how an action gets its function. Keys are what it exports.
func handlerAdvice(name string, keys []string) string {
	write := fmt.Sprintf("write exports.%s = async (event, api) => { … }", name)
	if len(keys) == 0 {
		return "it exports nothing: " + write
	}
	has := "it exports " + strings.Join(keys, ", ")
	for _, k := range keys {
		for _, t := range triggerTable {
			if k == t.execute && k != name && !strings.HasPrefix(name, "onContinue") {
				return fmt.Sprintf("%s, which is the function of the trigger %s: bind it there, or %s", has, t.name, write)
			}
		}
	}
	if near := closest(name, keys); near != "" {
		return fmt.Sprintf("did you mean %s where it says %s? Else %s", name, near, write)
	}
	return has + ": " + write
}

// await waits until what the function returned is settled.
func (r *Realm) await(v goja.Value, name string) *rulebox.Error {
	i := r.script
	p, err := r.promised(v)
	if err != nil {
		return r.failed(err)
	}
	if p == nil {
		return r.failure
	}
	r.promise = p
	for p.State() == goja.PromiseStatePending && r.failure == nil {
		if !r.step() {
			r.script = i
			if r.stopped() || r.broken {
				return r.failed(errStopped)
			}
			if r.failure == nil {
				return r.neverSettled(name)
			}
		}
	}
	r.script = i
	switch {
	case r.failure != nil:
		return r.failure
	case r.stopped():
		return r.failed(errStopped)
	case p.State() == goja.PromiseStateRejected:
		return r.failed(r.exception(p.Result()))
	}
	return nil
}

// promised returns the promise that stands for v, nil if v is nothing to wait for.
func (r *Realm) promised(v goja.Value) (p *goja.Promise, err error) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, nil
	}
	if p, ok := o.Export().(*goja.Promise); ok {
		return p, nil
	}
	thenable := false
	if err := r.guard(func() {
		then, ok := o.Get("then").(*goja.Object)
		thenable = ok && isFunctionValue(then)
	}); err != nil || !thenable {
		return nil, err
	}
	p, resolve, reject := r.vm.NewPromise()
	if err := r.settle(func() goja.Value { return o }, resolve, reject); err != nil {
		return nil, err
	}
	return p, r.afterTurn()
}

// neverSettled is the error for a promise that nothing is left to settle.
func (r *Realm) neverSettled(name string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeTimeout, "action %q: the promise of %s never settled, and nothing is left that could settle it", r.scriptName(), name)
	e.Script = r.scriptName()
	return e.WithHint("look for a `new Promise` whose resolve and reject are never called, on some path or because a callback was not passed on")
}

// loadExports evaluates the module of script i and returns what it exports.
func (r *Realm) loadExports(i int) (v goja.Value, err error) {
	if !r.alive() {
		return nil, errStopped
	}
	defer func() {
		if x := recover(); x != nil {
			err = r.recovered(x)
		}
	}()
	body, err := r.vm.RunProgram(r.progs[i].prg)
	if err == nil {
		v, err = r.runModule(body, r.guestRequire())
	}
	if err != nil && !isException(err) {
		r.broken = true
	}
	return v, err
}

// runModule runs the body of a CommonJS module and returns module.exports.
func (r *Realm) runModule(body, require goja.Value, more ...goja.Value) (v goja.Value, err error) {
	f, _ := goja.AssertFunction(body)
	module, exports := r.vm.NewObject(), r.vm.NewObject()
	module.Set("exports", exports)
	args := append([]goja.Value{exports, require, module, r.vm.ToValue("/index.js"), r.vm.ToValue("/")}, more...)
	if _, err := f(exports, args...); err != nil {
		return nil, err
	}
	if ex := r.vm.Try(func() { v = module.Get("exports") }); ex != nil {
		return nil, ex
	}
	return v, nil
}

// stringsObject is a new object with the strings.
func (r *Realm) stringsObject(m map[string]string) *goja.Object {
	o := r.vm.NewObject()
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o.DefineDataProperty(k, r.vm.ToValue(m[k]), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return o
}

// Join returns what the invocation has come to after one more part, and gives the
// parts that follow what the rules left of user and context. Over says that none
// follows: the chain is suspended, or the rules send the user away, who comes back
// to the rules.
func (in *Input) Join(before, res *rulebox.Result) (joined *rulebox.Result, over bool) {
	if res.Values == nil {
		res.Values = before.Values
		return res, res.Suspended > 0
	}
	var sent object // not what the rules made of it
	if res.RedirectURL != "" && len(in.Args) > 1 {
		sent = part(in.Args[1])
	}
	if len(res.Values) == 2 {
		rest := in.Args[min(2, len(in.Args)):]
		in.Args, in.Owned = append(slices.Clip(res.Values), rest...), true
	}
	return res, res.RedirectURL != "" && textOf(sent.get("protocol")) != "redirect-callback"
}

// Complete fills in the values of a login that no rule has written.
func (in *Input) Complete(c *rulebox.Chain, res *rulebox.Result) *rulebox.Error {
	if res.Values != nil || c.Trigger != rulebox.TriggerLogin || len(in.Args) < 2 {
		return nil
	}
	size := 0
	for i, text := range in.Args[:2] {
		size += len(text)
		if in.sheet != nil && in.sheet.effects != nil {
			continue // the event was made of it
		}
		if err := jsonscan.Valid(text); err != nil {
			return rulebox.Errorf(rulebox.CodeInvalid, "argument %d (%s) is not JSON", i+1, argName(c.Trigger, i)).WithCause(err)
		}
	}
	if max := c.Limits.WithDefaults().Output; size > max {
		return tooLong(max)
	}
	res.Values = slices.Clone(in.Args[:2])
	return nil
}

// tooLong is the error for arguments that are part of the answer.
func tooLong(max int) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeMemory, "user and context are longer than %d bytes of JSON, which is the limit of what is given back", max).
		WithHint("send less, or raise limits.output")
}
