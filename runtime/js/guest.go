package js

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
)

// A Guest is a compiled script that is not JavaScript: a rule or an action. It is
// immutable and serves many runs.
type Guest interface {
	// Exports reports whether it has a function of the name.
	Exports(name string) bool
	// Run runs it to its end, on the caller's goroutine. Code that computes cannot
	// be interrupted; what waits ends with ctx.
	Run(ctx context.Context, in *GuestInput) (*GuestOutput, *rulebox.Error)
	// Prepare gets ready for a run with the same Handler, Config and Limits. It runs
	// nothing of the customer's.
	Prepare(in *GuestInput)
}

// A GuestInput is what one run of a guest works with.
type GuestInput struct {
	// Document is {"user":…,"context":…} or {"event":…}.
	Document []byte
	// Handler is the name of the function that the trigger calls; if Named, there
	// must be one of that name.
	Handler string
	Named   bool
	Config  map[string]string
	Now     time.Time // zero for the real one
	Log     func(level, text string)
	Cache   *GuestCache
	// Wait calls f off the processor. Its error ends the run.
	Wait   func(f func()) error
	Limits rulebox.Limits
}

// A GuestOutput is what a guest left: user and context are nil where nothing takes
// their place; commands are calls of api, each an array of a name and arguments.
type GuestOutput struct {
	User, Context json.RawMessage
	Commands      []json.RawMessage
}

// NewGuest returns the program of a script that is not JavaScript.
func NewGuest(s *rulebox.Script, g Guest) *Program {
	return &Program{Script: s, Guest: g, file: s.Name}
}

// runGuest runs the program of script i.
func (r *Realm) runGuest(i int, in *GuestInput) (*GuestOutput, *rulebox.Error) {
	parent := r.in.Ctx
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithDeadline(parent, r.in.Deadline)
	defer cancel()
	in.Now, in.Log, in.Cache, in.Limits = r.in.Now, r.log, (*GuestCache)(r), r.limits
	in.Wait = func(f func()) error {
		r.gate.Leave()
		f()
		if !r.gate.Enter(r.stop) {
			return errStopped
		}
		r.gate.Script(i)
		return nil
	}
	out, fail := r.progs[i].Guest.Run(ctx, in)
	if fail != nil && ctx.Err() != nil && !r.stopped() {
		// It failed because its time was up.
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.expire()
		} else {
			r.Stop(rulebox.CodeTimeout, "the caller gave up before the scripts ended", "nobody waits for the answer any more", ctx.Err())
		}
	}
	if r.stopped() {
		return nil, r.failed(errStopped)
	}
	if fail != nil {
		fail.Script = r.progs[i].Script.Name
		return nil, fail
	}
	return out, nil
}

// runGuestRule runs a rule that is not JavaScript. It gets user and context as JSON
// text; what it gives takes their place for the scripts after it.
func (r *Realm) runGuestRule(i int, args []goja.Value) *rulebox.Error {
	r.enterScript(i)
	r.awaited, r.called, r.given = i, true, nil
	document := []byte{'{'}
	for n, name := range []string{`"user":`, `,"context":`} {
		if n >= len(args) {
			break
		}
		text, err := r.append(args[n], r.limits.Output)
		if err != nil {
			return r.unwritable(err)
		}
		document = append(append(document, name...), text...)
	}
	in := r.guestRule(i)
	in.Document = append(document, '}')
	out, fail := r.runGuest(i, in)
	if fail != nil {
		return fail
	}
	r.given = make([]goja.Value, 3)
	for n, text := range []json.RawMessage{out.User, out.Context} {
		r.given[n+1] = goja.Undefined()
		if text == nil {
			continue
		}
		v, err := r.codec.DecodeOwned(text)
		if err != nil && r.alive() {
			return r.badOutput("the output's %s cannot be taken: %v", argName(rulebox.TriggerLogin, n), err)
		} else if err != nil {
			return r.failed(err)
		}
		r.given[n+1] = v
	}
	return r.obeyRule(i, out.Commands)
}

// guestRule is what a run of script i, a rule, has of the chain.
func (r *Realm) guestRule(i int) *GuestInput {
	b := r.binding(i)
	return &GuestInput{Config: r.chain.Configuration, Handler: b.Handler, Named: b.Handler != ""}
}

// prepareGuest gets the program of script i ready for a run.
func (r *Realm) prepareGuest(i int) {
	in := r.guestRule(i)
	if r.isAction() {
		t := triggerOf(r.chain.Trigger)
		if in.Config = r.binding(i).Secrets; in.Handler == "" && t != nil {
			in.Handler = t.execute
		}
	}
	in.Limits = r.limits
	r.progs[i].Guest.Prepare(in)
}

// obeyRule makes the calls of api that a rule asks for. It has what an action has
// but for what ends in sending the user away, which rules do by context.redirect.
func (r *Realm) obeyRule(i int, commands []json.RawMessage) *rulebox.Error {
	if len(commands) == 0 {
		return nil
	}
	for n, text := range commands {
		if _, kind := rulebox.Suspension([]json.RawMessage{text}); kind != "" {
			e := r.badOutput("the output's commands[%d]: a rule cannot ask for %s", n, rulebox.CommandName(text))
			return e.WithHint("a rule sends the user away by context.redirect = {\"url\": …}; forms and challenges are for actions")
		}
	}
	r.effects = &effects{trigger: triggerOf(rulebox.TriggerPostLogin), mark: len(r.in.sheet.commands)}
	r.action = &action{event: goja.Undefined()}
	fail := r.obey(commands)
	denied := r.effects.denied
	r.effects, r.action = nil, nil
	if fail == nil && denied != nil {
		denied.Script = r.progs[i].Script.Name
		return denied
	}
	return fail
}

// actGuest runs an action that is not JavaScript.
func (r *Realm) actGuest(i int) *rulebox.Error {
	r.awaited = i
	if err := r.guard(r.prepareAction); err != nil {
		return r.failed(err)
	}
	g, e := r.progs[i].Guest, r.effects
	r.action.event = goja.Undefined()
	if resume := e.trigger.resume; resume != "" {
		r.action.resumes = g.Exports(resume)
	}
	b := r.binding(i)
	document := append(append([]byte(`{"event":`), e.eventText(b)...), '}')
	out, fail := r.runGuest(i, &GuestInput{
		Document: document, Config: b.Secrets, Handler: e.handler(r, i), Named: e.continuing || b.Handler != "",
	})
	if fail != nil {
		return fail
	}
	if out.User != nil || out.Context != nil {
		return r.badOutput("the output of an action has commands only; user and context are for rules").
			WithHint(`change what is asked for with {"commands":[["idToken.setCustomClaim","key","value"]]}`)
	}
	return r.obey(out.Commands)
}

func (r *Realm) badOutput(format string, args ...any) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeThrew, format, args...)
	e.Name, e.Script = "Error", r.scriptName()
	return e
}

// obey makes the calls of api that the commands are, with the checks and the
// effects of those of JavaScript.
func (r *Realm) obey(commands []json.RawMessage) *rulebox.Error {
	table := apiTableOf(r.effects.trigger.bit)
	for n, text := range commands {
		m, known := table.command(rulebox.CommandName(text))
		if m == nil {
			e := r.badOutput("the output's commands[%d]: there is no command %q on this trigger", n, clipName(rulebox.CommandName(text)))
			if near := closest(rulebox.CommandName(text), known); near != "" {
				return e.WithHint("did you mean %s?", near)
			}
			return e.WithHint("commands are the methods of api that change something, such as idToken.setCustomClaim")
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(text, &parts); err != nil {
			return r.badOutput("the output's commands[%d] is no array", n)
		}
		err := r.guard(func() {
			call := &apiCall{r: r, e: r.effects, m: m}
			for _, p := range parts[1:] {
				v, err := r.codec.DecodeOwned(p)
				if err != nil {
					panic(r.vm.NewTypeError(err.Error()))
				}
				call.args = append(call.args, v)
			}
			m.call(call)
		})
		if err != nil {
			e := r.failed(err)
			if e.Hint == "" {
				e.Hint = fmt.Sprintf("look at commands[%d] of the output", n)
			}
			return e
		}
		if r.stopped() {
			return r.failed(errStopped)
		}
	}
	return nil
}

// answers are the methods of api that ask for nothing: they answer.
var answers = map[string]bool{
	"rules.wasExecuted": true, "redirect.canRedirect": true, "redirect.encodeToken": true, "redirect.validateToken": true, "cache.get": true,
}

// command returns the method that is the command of the name, nil if there is none,
// and then the names that there are.
func (t *apiTable) command(name string) (m *method, names []string) {
	for _, space := range t.spaces {
		if space == "groups" || space == "roles" {
			continue // they answer, with promises
		}
		for short, m := range t.of[space] {
			full := space + "." + short
			if answers[full] {
				continue
			}
			if full == name {
				return m, nil
			}
			names = append(names, full)
		}
	}
	return nil, names
}

// A GuestCache is api.cache for a guest.
type GuestCache Realm

// Get returns the value of the key.
func (c *GuestCache) Get(key string) (string, bool) {
	r := (*Realm)(c)
	e, found := r.cache().records[key]
	return e.Value, found && e.ExpiresAt > r.now().UnixMilli()
}

// Set stores a value for ttl milliseconds, the default if that is not above 0. It
// returns the code of what is wrong, "" for nothing.
func (c *GuestCache) Set(key, value string, ttl int64) string {
	r := (*Realm)(c)
	now := r.now().UnixMilli()
	if ttl <= 0 {
		ttl = cacheDefault.Milliseconds()
	}
	e := rulebox.CacheEntry{Key: key, Value: value, ExpiresAt: now + min(ttl, cacheMax.Milliseconds())}
	code := r.cache().set(e, now)
	if code == "" {
		r.emit("cache.set", key, value, e.ExpiresAt)
	}
	return code
}

// Delete removes the key, and returns as Set.
func (c *GuestCache) Delete(key string) string {
	r := (*Realm)(c)
	code := r.cache().remove(key, r.now().UnixMilli())
	if code == "" {
		r.emit("cache.delete", key)
	}
	return code
}
