// Package trigger is the table of the triggers: what a request for each carries,
// and what kind of script runs there.
package trigger

import (
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/near"
)

// A Form is what a request for a trigger carries.
type Form uint8

const (
	// Login is user, context and, if the caller wishes, event.
	Login Form = iota
	// Event is one event.
	Event
	// Args are the arguments before the callback.
	Args
	// Fields are the same arguments, each a member with a name.
	Fields
)

// A Trigger is what a name stands for.
type Trigger struct {
	Name string
	Form Form
	// Kind is that of the scripts that run; for the login these are rules, and
	// actions after them.
	Kind rulebox.Kind
	// Function is what follows onExecute and onContinue in the names of the
	// functions that actions export for it.
	Function string
	// Resumes says that a chain of this trigger can be suspended and resumed.
	Resumes bool
	// Provider says that an action does here what nobody else does, such as
	// sending a message: without one there is nothing to fire.
	Provider bool
	// Connection and Operation are those of a database script.
	Connection, Operation string
	// Point is a hook's extensibility point.
	Point string
}

var actions = []Trigger{
	{Name: rulebox.TriggerPostLogin, Function: "PostLogin", Resumes: true},
	{Name: rulebox.TriggerCredentialsExchange, Function: "CredentialsExchange"},
	{Name: rulebox.TriggerPreRegistration, Function: "PreUserRegistration"},
	{Name: rulebox.TriggerPostRegistration, Function: "PostUserRegistration"},
	{Name: rulebox.TriggerPostChangePassword, Function: "PostChangePassword"},
	{Name: rulebox.TriggerPostChallenge, Function: "PostChallenge", Resumes: true},
	{Name: rulebox.TriggerSendPhoneMessage, Function: "SendPhoneMessage", Provider: true},
	{Name: rulebox.TriggerEmailProvider, Function: "CustomEmailProvider", Provider: true},
	{Name: rulebox.TriggerPhoneProvider, Function: "CustomPhoneProvider", Provider: true},
	{Name: rulebox.TriggerTokenExchange, Function: "CustomTokenExchange", Provider: true},
	{Name: rulebox.TriggerEventStream, Function: "EventStream", Provider: true},
}

// OfFunction returns the name of the trigger whose functions end so, empty if there
// is none.
func OfFunction(function string) string {
	for _, t := range actions {
		if t.Function == function {
			return t.Name
		}
	}
	return ""
}

// Points are the extensibility points of hooks.
var Points = []string{"credentials-exchange", "pre-user-registration", "post-user-registration", "post-change-password", "send-phone-message"}

// Operations are the scripts of a custom database.
var Operations = []string{"login", "get_user", "create", "verify", "change_password", "delete", "change_email"}

// Actions lists the triggers of actions.
func Actions() []string {
	names := make([]string, len(actions))
	for i, t := range actions {
		names[i] = t.Name
	}
	return names
}

// Lookup returns the trigger of the name. The error has CodeInvalid and says what
// was probably meant.
func Lookup(name string) (Trigger, error) {
	if name == rulebox.TriggerLogin {
		return Trigger{Name: name, Form: Login, Kind: rulebox.KindRule, Resumes: true}, nil
	}
	if point, ok := strings.CutPrefix(name, rulebox.HookPrefix); ok {
		if slices.Contains(Points, point) {
			return Trigger{Name: name, Form: Args, Kind: rulebox.KindHook, Point: point, Provider: point == "send-phone-message"}, nil
		}
		return Trigger{}, unknown(name, prefixed(rulebox.HookPrefix, Points), "the extensibility points of hooks are "+strings.Join(Points, ", "))
	}
	if rest, ok := strings.CutPrefix(name, rulebox.DatabasePrefix); ok {
		return database(name, rest)
	}
	for _, t := range actions {
		if t.Name == name {
			t.Form, t.Kind = Event, rulebox.KindAction
			return t, nil
		}
	}
	all := append(Actions(), rulebox.TriggerLogin)
	hint := "the triggers are login, those of actions (" + strings.Join(Actions(), ", ") +
		"), hook.<point> and db.<connection>.<operation>"
	return Trigger{}, unknown(name, append(all, prefixed(rulebox.HookPrefix, Points)...), hint)
}

func database(name, rest string) (Trigger, error) {
	connection, operation, ok := strings.Cut(rest, ".")
	if !ok || connection == "" {
		return Trigger{}, unknown(name, nil, "a database script is fired by db.<connection>.<operation>, such as db.legacy.login")
	}
	if !slices.Contains(Operations, operation) {
		begin := rulebox.DatabasePrefix + connection + "."
		return Trigger{}, unknown(name, prefixed(begin, Operations), "the operations of a database are "+strings.Join(Operations, ", "))
	}
	return Trigger{Name: name, Form: Fields, Kind: rulebox.KindDBScript, Provider: true, Connection: connection, Operation: operation}, nil
}

// Database is the trigger of a database script.
func Database(connection, operation string) string {
	return rulebox.DatabasePrefix + connection + "." + operation
}

func prefixed(prefix string, names []string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = prefix + n
	}
	return all
}

func unknown(name string, all []string, hint string) error {
	e := rulebox.Errorf(rulebox.CodeInvalid, "there is no trigger %.120q", name)
	if n := near.Name(name, all); n != "" {
		e.Message += "; did you mean \"" + n + "\"?"
	}
	return e.WithHint("%s", hint)
}
