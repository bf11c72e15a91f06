package js

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
)

// effects are what the actions of one chain asked for, and what they share. They
// are kept outside of JavaScript.
type effects struct {
	trigger *trigger
	event   object // as every action gets it
	// live are the members of event.transaction that the api changes.
	metadata object
	scopes   []string // target scopes, nil if the event has none
	read     *event   // what the api itself reads of the event; see known

	resume *rulebox.Resume
	rules  []string // names of the rules that ran

	mark       int // commands of earlier actions
	denied     *rulebox.Error
	suspended  bool
	redirect   string
	continuing bool // the action that runs goes on after a redirect or a form
	primary    bool // setPrimaryUser was called
	user       bool // a user was chosen for the token exchange
}

// beginEffects makes the realm part of the chain's effects.
func (r *Realm) beginEffects() *rulebox.Error {
	sheet := r.in.sheet
	if sheet.effects == nil {
		e, err := r.newEffects()
		if err != nil {
			return err
		}
		sheet.effects = e
	}
	e := sheet.effects
	e.mark = len(sheet.commands)
	e.continuing = e.resume != nil && e.resume.Script == r.first
	r.effects = e
	return nil
}

func (r *Realm) newEffects() (*effects, *rulebox.Error) {
	e := &effects{trigger: triggerOf(r.chain.Trigger), resume: r.in.Resume}
	for i, s := range r.chain.Scripts {
		if i >= r.first || s.Kind != rulebox.KindRule {
			break
		}
		if e.resume == nil {
			e.rules = append(e.rules, s.Name)
		}
	}
	var err error
	if r.chain.Trigger == rulebox.TriggerLogin {
		if err = r.keepValues(); err == nil {
			e.event, err = loginEvent(r.in.Args)
		}
	} else {
		e.event, err = givenEvent(r.in.Args)
	}
	if err != nil {
		if own, ok := err.(*rulebox.Error); ok {
			return nil, own
		}
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the event of the trigger %s is not JSON", r.chain.Trigger).WithCause(err)
	}
	if err := e.readLive(); err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "event.transaction is not an object").WithCause(err)
	}
	if e.resume != nil {
		e.replay(e.resume.Commands)
	}
	e.replay(r.in.sheet.commands) // of rules that are not JavaScript
	return e, nil
}

// keepValues counts user and context, which are part of the answer, when no rule
// has written them.
func (r *Realm) keepValues() error {
	if r.in.sheet.spent > 0 || len(r.in.Args) < 2 {
		return nil
	}
	n := len(r.in.Args[0]) + len(r.in.Args[1])
	if n > r.limits.Output {
		return tooLong(r.limits.Output)
	}
	r.in.sheet.spent += n
	return nil
}

// replay takes over what earlier parts of a suspended chain made visible.
func (e *effects) replay(commands []json.RawMessage) {
	for _, text := range commands {
		if rulebox.CommandName(text) != "transaction.setMetadata" {
			continue
		}
		var c []json.RawMessage
		var key string
		if json.Unmarshal(text, &c) == nil && len(c) == 3 && json.Unmarshal(c[1], &key) == nil {
			e.setMetadata(key, c[2])
		}
	}
}

// setMetadata sets one value of the transaction's metadata; null removes it.
func (e *effects) setMetadata(key string, value []byte) {
	i := slices.IndexFunc(e.metadata, func(f field) bool { return f.key == key })
	switch {
	case string(value) == "null":
		if i >= 0 {
			e.metadata = slices.Delete(e.metadata, i, i+1)
		}
	case i >= 0:
		e.metadata[i].raw = value
	default:
		e.metadata = append(e.metadata, field{key, value})
	}
}

// handler is the name of the function that action i is called by.
func (e *effects) handler(r *Realm, i int) string {
	switch {
	case e.continuing && e.trigger.resume != "":
		return e.trigger.resume
	case r.binding(i).Handler != "":
		return r.binding(i).Handler
	}
	return e.trigger.execute
}

// end settles what the action that ended has come to. A failure takes back what
// the action asked for; but who was refused stays so.
func (e *effects) end(r *Realm, i int, res *rulebox.Result, fail *rulebox.Error) *rulebox.Error {
	sheet := r.in.sheet
	switch {
	case e.denied != nil:
		if fail != nil {
			r.log("warn", "failed after it had refused: "+nameAndMessage(fail))
		}
		e.denied.Script = r.progs[i].Script.Name
		return e.denied
	case fail != nil:
		for _, c := range sheet.commands[min(e.mark, len(sheet.commands)):] {
			sheet.spent -= len(c) + commandCost
		}
		sheet.commands = sheet.commands[:min(e.mark, len(sheet.commands))]
		if e.continuing && fail.Code == rulebox.CodeInvalid && strings.Contains(fail.Message, "does not export "+e.trigger.resume) {
			fail.Hint += "; an action that redirects or renders a form is continued there"
		}
		return fail
	case e.trigger.bit == onTokenExchange && !e.user && i == len(r.progs)-1:
		fail = rulebox.Errorf(rulebox.CodeThrew, "action %q: no user was chosen for the token exchange", r.progs[i].Script.Name)
		fail.Script, fail.OAuth = r.progs[i].Script.Name, "server_error"
		return fail.WithHint("call api.authentication.setUserById or setUserByConnection once, or refuse with api.access.deny or rejectInvalidSubjectToken")
	case e.suspended:
		_, kind := rulebox.Suspension(sheet.commands[e.mark:])
		if kind != "redirect" {
			e.redirect = "" // a later call is what counts
		}
		if e.trigger.resume != "" && !r.action.resumes && kind != "challenge" {
			r.log("warn", "the user is sent away, but there is no exports."+e.trigger.resume+": coming back will fail")
		}
		res.Suspended, res.RedirectURL = i+1, e.redirect
	}
	return nil
}

// commandCost is what a command counts beside its text, in bytes; the node counts
// the same.
const commandCost = 16

// emit adds a command. Parts are strings, or JSON text as json.RawMessage.
func (r *Realm) emit(name string, parts ...any) {
	b := append(make([]byte, 0, 64), '[')
	b = appendQuoted(b, name)
	for _, p := range parts {
		b = append(b, ',')
		switch p := p.(type) {
		case json.RawMessage:
			b = append(b, p...)
		case string:
			b = appendQuoted(b, p)
		case int64:
			b = fmt.Append(b, p)
		default:
			panic(fmt.Sprintf("js: a command with a %T", p))
		}
	}
	b = append(b, ']')
	sheet := r.in.sheet
	if sheet.spent += len(b) + commandCost; sheet.spent > r.limits.Output || len(sheet.commands) >= rulebox.MaxCommands {
		r.Stop(rulebox.CodeMemory, fmt.Sprintf("the values and commands of the scripts are longer than %d bytes of JSON, or more than %d", r.limits.Output, rulebox.MaxCommands),
			"call the api less often, with smaller values, or raise limits.output", nil)
		return
	}
	sheet.commands = append(sheet.commands, b)
}

// now is the time as scripts see it.
func (r *Realm) now() time.Time {
	if r.in != nil && !r.in.Now.IsZero() {
		return r.in.Now
	}
	return time.Now()
}
