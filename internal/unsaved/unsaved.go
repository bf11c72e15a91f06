// Package unsaved makes invocations of code that no tenant has: what somebody
// tries on the command line or over HTTP.
package unsaved

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/glance"
	"github.com/rulebox/rulebox/internal/jsonscan"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/internal/request"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Connection is the connection of database scripts for which none is named.
const Connection = "unsaved"

// A Script is one script, with what it alone is granted.
type Script struct {
	Name, Source string
	// Kind may be empty: then the trigger tells, or the look of the source.
	Kind rulebox.Kind
	rulebox.Binding
}

// A Run is what is tried.
type Run struct {
	// Trigger may be empty: then the scripts tell.
	Trigger string
	// Scripts are at least one.
	Scripts []Script
	// Input is what a request for the trigger has: a JSON object with user and
	// context, event, or args. If it is nil, Parts are taken.
	Input json.RawMessage
	Parts Parts
	// Chain has what goes for all of the scripts: tenant, configuration, limits.
	Chain rulebox.Chain
}

// Parts are the members of an input, each nil for an example.
type Parts struct {
	User, Context, Event, Args json.RawMessage
	State                      string
}

// kinds are those that can be tried.
var kinds = []string{string(rulebox.KindRule), string(rulebox.KindAction), string(rulebox.KindHook), string(rulebox.KindDBScript)}

// CheckKind says what is wrong with the name of a kind.
func CheckKind(kind rulebox.Kind) error {
	if kind == "" || slices.Contains(kinds, string(kind)) {
		return nil
	}
	if n := near.Name(string(kind), kinds); n != "" {
		return fmt.Errorf("kind is %q; did you mean %q?", kind, n)
	}
	return fmt.Errorf("kind is %q; it can be %s", kind, strings.Join(kinds, ", "))
}

// A PartError is what is wrong within one of the Parts.
type PartError struct {
	// Part is user, context, event or args.
	Part string
	// Offset is where in it, in bytes.
	Offset int
	Err    error
}

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

var atByte = pattern.New(`\bat byte (\d+)\b`)

// located returns err, which tells a byte of an input, as one about the part that
// begins before it.
func located(err error, starts map[string]int) error {
	m := atByte().FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	at, _ := strconv.Atoi(m[1]) // digits
	part := ""
	for name, start := range starts {
		if start <= at && (part == "" || start > starts[part]) {
			part = name
		}
	}
	if part == "" {
		return err
	}
	return &PartError{part, at - starts[part], err}
}

// Invocation returns what is to be invoked. Its errors name the members of a try;
// one about the input has CodeInvalid.
func (r *Run) Invocation() (*rulebox.Invocation, error) {
	t, err := r.resolve()
	if err != nil {
		return nil, err
	}
	input, starts := r.Input, map[string]int(nil)
	if input == nil {
		if input, starts, err = r.Parts.input(t); err != nil {
			return nil, err
		}
	}
	inv, _, err := request.Parse(t.Name, input)
	if err != nil {
		return nil, located(err, starts)
	}
	chain := r.Chain
	chain.Trigger = t.Name
	// Rules run before actions, as they do for tenants.
	scripts := slices.Clone(r.Scripts)
	slices.SortStableFunc(scripts, func(a, b Script) int { return cmp.Compare(rank(a.Kind), rank(b.Kind)) })
	for _, s := range scripts {
		chain.Scripts = append(chain.Scripts, rulebox.NewScript(s.Kind, s.Name, s.Source))
		chain.Bindings = append(chain.Bindings, s.Binding)
	}
	if !granted(chain.Bindings) {
		chain.Bindings = nil
	}
	inv.Chain, inv.Tenant = &chain, chain.Tenant
	return inv, nil
}

func rank(k rulebox.Kind) int {
	if k == rulebox.KindRule {
		return 0
	}
	return 1
}

func granted(all []rulebox.Binding) bool {
	return slices.ContainsFunc(all, func(b rulebox.Binding) bool {
		return b.Handler != "" || len(b.Secrets)+len(b.Dependencies)+len(b.Modules) > 0
	})
}

// resolve finds the trigger, and the kinds of the scripts.
func (r *Run) resolve() (trigger.Trigger, error) {
	var t trigger.Trigger
	for i := range r.Scripts {
		s := &r.Scripts[i]
		if err := CheckKind(s.Kind); err != nil {
			return t, err
		}
		f := guess(s.Source)
		if s.Kind != "" && s.Kind != f.kind {
			f = form{kind: s.Kind}
		}
		if i == 0 {
			name, err := r.triggerOf(f, s.Source)
			if err != nil {
				return t, err
			}
			if t, err = trigger.Lookup(name); err != nil {
				return t, err
			}
		}
		if s.Kind == "" {
			s.Kind = kindAt(t, f.kind)
		}
		if s.Kind != t.Kind && (t.Form != trigger.Login || s.Kind != rulebox.KindAction) {
			return t, fmt.Errorf("kind of %s is %s, but the trigger %s runs scripts of the kind %s", s.Name, s.Kind, t.Name, t.Kind)
		}
	}
	if len(r.Scripts) > 1 && (t.Form == trigger.Args || t.Form == trigger.Fields) {
		return t, fmt.Errorf("the trigger %s runs one script, not %d", t.Name, len(r.Scripts))
	}
	return t, nil
}

// kindAt is the kind of a script at the trigger that looks like the kind.
func kindAt(t trigger.Trigger, looks rulebox.Kind) rulebox.Kind {
	if t.Form == trigger.Login && looks == rulebox.KindAction {
		return looks
	}
	return t.Kind
}

// triggerOf is the trigger's name, that of the first script's form if none is
// given.
func (r *Run) triggerOf(f form, source string) (string, error) {
	name := r.Trigger
	if name == "" {
		switch f.kind {
		case rulebox.KindRule:
			name = rulebox.TriggerLogin
		case rulebox.KindDBScript:
			operation := operationOf(f)
			if operation == "" {
				return "", fmt.Errorf("trigger is missing: a database script is run by db.<connection>.<operation>, such as db.legacy.login")
			}
			name = trigger.Database(Connection, operation)
		case rulebox.KindHook:
			if name = f.trigger; name == "" {
				return "", fmt.Errorf("trigger is missing: a hook is run by hook.<point>, such as hook.pre-user-registration; a rule is the function alone, without module.exports")
			}
		default:
			if name = f.trigger; name == "" {
				return "", fmt.Errorf("trigger is missing: the action exports no function that tells, such as onExecutePostLogin%s", meant(source))
			}
		}
	}
	if operation, ok := strings.CutPrefix(name, rulebox.DatabasePrefix); ok && slices.Contains(trigger.Operations, operation) {
		name = trigger.Database(Connection, operation)
	}
	// An action of a login gets its event made of user and context.
	if name == rulebox.TriggerPostLogin && !r.whole() {
		name = rulebox.TriggerLogin
	}
	return name, nil
}

// meant says which function of a trigger an action probably has by another name.
func meant(source string) string {
	functions := make([]string, 0, 2*len(trigger.Actions()))
	for _, name := range trigger.Actions() {
		t, err := trigger.Lookup(name)
		if err != nil {
			continue // cannot be
		}
		functions = append(functions, "onExecute"+t.Function)
		if t.Resumes {
			functions = append(functions, "onContinue"+t.Function)
		}
	}
	for _, name := range glance.Handlers(source) {
		if n := near.Name(name, functions); n != "" {
			return fmt.Sprintf("; did you mean %s where it says %s?", n, name)
		}
	}
	return ""
}

// whole reports whether the input has an event and nothing to make one of.
func (r *Run) whole() bool {
	if r.Input != nil {
		return has(r.Input, "event") && !has(r.Input, "user")
	}
	return r.Parts.Event != nil && r.Parts.User == nil && r.Parts.Context == nil
}

// has reports whether the text is an object with the member.
func has(text []byte, member string) bool {
	found, err := jsonscan.Members(text, nil, member)
	return err == nil && found[0] != nil
}
