package js

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

// A Program is a compiled script. It is immutable and serves many realms.
type Program struct {
	Script *rulebox.Script
	// Plain means that evaluating the program makes one function and runs
	// nothing of the customer's.
	Plain bool
	// Requires are the names given to require() as literals.
	Requires []string
	// Warnings are for the author.
	Warnings []string
	// Guest is not nil for a script that is not JavaScript: see NewGuest.
	Guest Guest

	prg       *goja.Program
	file      string   // stands for the source in stack traces
	names     []string // identifiers of the source, for advice
	arity     int      // parameters of the function, -1 if that is not known
	module    bool     // running the program gives a module body
	global    bool     // mentions the global object, so that its cache is kept
	ticks     bool     // mentions nextTick, so that turns are run with their ticks
	repeats   bool     // mentions repeat, so that it has the quick one
	observes  classes  // of the engine's errors whose texts it may look at
	polyfills []string // groups of internal/polyfill
	position  func(line, column int) (int, int)
	warmth    []warmth
}

// Compile compiles the script. The error is a *rulebox.Error with CodeInvalid.
//
// Compiling cannot be interrupted, and hostile source can make it run for ever
// or exhaust the stack: callers are in a jailed process.
func Compile(s *rulebox.Script) (*Program, error) {
	p := &Program{Script: s, file: s.Name}
	form := lang.Expression
	switch s.Kind {
	case rulebox.KindRule, rulebox.KindDBScript:
	case rulebox.KindHook, rulebox.KindAction:
		form, p.module = lang.Module, true
	case rulebox.KindModule:
		form, p.module, p.file = lang.Shared, true, actionsPrefix+s.Name
	default:
		return nil, invalid(s, "the kind is unknown", "known kinds are rule, action, hook, dbscript and module")
	}
	r, err := lang.Prepare(p.file, s.Source, form)
	if err != nil {
		return nil, refusal(s, err)
	}
	if p.prg, err = r.Compile(); err != nil {
		return nil, refusal(s, err)
	}
	p.Plain = r.PlainFunction && !p.module
	p.Requires, p.Warnings, p.polyfills, p.position = r.Requires, r.Warnings, r.Polyfills, r.Position
	p.names, p.arity = r.Names, r.Arity
	p.global = slices.Contains(r.Names, "global") || slices.Contains(r.Names, "globalThis")
	p.ticks = strings.Contains(s.Source, "nextTick")
	p.repeats = strings.Contains(s.Source, "repeat")
	p.observes = observes(s.Source)
	p.warmth = warmthOf(s.Source)
	for _, name := range p.Requires {
		if strings.HasPrefix(name, actionsPrefix) {
			continue // what is attached is known when it runs
		}
		if m, ok := modules.Lookup(name); !ok || m.Internal {
			p.Warnings = append(p.Warnings, fmt.Sprintf("require('%s') fails unless the operator has added the package: the table has no such module", name))
		} else if m.Retired != "" {
			p.Warnings = append(p.Warnings, fmt.Sprintf("require('%s') will fail: %s", name, m.Retired))
		}
	}
	if s.Kind == rulebox.KindRule && r.Arity >= 0 && r.Arity < 3 && p.Plain {
		p.Warnings = append(p.Warnings, "the function has fewer than three parameters (user, context, callback); a rule that never calls its callback fails with a timeout")
	}
	if s.Kind == rulebox.KindAction && !mentionsHandler(s.Source) {
		p.Warnings = append(p.Warnings, "the source has no function of a trigger, such as exports.onExecutePostLogin: it fails when it runs, unless its handler is named where it is bound")
	}
	return p, nil
}

func mentionsHandler(source string) bool {
	return slices.ContainsFunc(triggerTable, func(t trigger) bool {
		return strings.Contains(source, t.execute) || t.resume != "" && strings.Contains(source, t.resume)
	})
}

func invalid(s *rulebox.Script, message, hint string) error {
	e := rulebox.Errorf(rulebox.CodeInvalid, "%s %q: %s", s.Kind, s.Name, message)
	e.Script, e.Hint = s.Name, hint
	return e
}

// refusal says why the source does not compile, with the place in its text.
func refusal(s *rulebox.Script, err error) error {
	var l *lang.Error
	if !errors.As(err, &l) {
		return invalid(s, "does not compile: "+err.Error(), "")
	}
	hint := l.Hint
	if hint == "" {
		hint = "correct the text at the line and column given; " + form(s.Kind)
	}
	if l.NoFunction {
		e := rulebox.Errorf(rulebox.CodeInvalid, "%s %q is not a function: %s", s.Kind, s.Name, l.Message)
		e.Script, e.Hint = s.Name, hint
		return e
	}
	out := invalid(s, "does not compile: "+l.Error(), hint).(*rulebox.Error)
	out.Name = "SyntaxError"
	return out
}

// form says what a script of the kind looks like.
func form(k rulebox.Kind) string {
	switch k {
	case rulebox.KindAction:
		return "an action is a module: exports.onExecutePostLogin = async (event, api) => { … }"
	case rulebox.KindModule:
		return "a module that actions share: module.exports = { … }"
	case rulebox.KindHook:
		return "a hook is a module: module.exports = function (…, callback) { … }"
	case rulebox.KindDBScript:
		return "a database script is one function: function login(email, password, callback) { … }"
	}
	return "a rule is one function: function (user, context, callback) { … }"
}
