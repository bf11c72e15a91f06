package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Invoke implements rulebox.Invoker: it answers the triggers of databases and
// passes on all others. The arguments are those of the operation and, after them,
// the script's context and whether the transaction server knows the user; each of
// these two may be null or absent. The result's one value is the profile of a user
// who was found, or what change_password said; Status says what it is. What was
// not done is a denial, so that nobody takes it for done.
//
// Unsaved code (an invocation with a chain) is one script: no other runs before or
// after it, and nothing is padded or, without HideUnsaved, hidden, for its author sees
// what it does.
func (d *Directory) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	t, err := trigger.Lookup(inv.Trigger)
	if err != nil || t.Form != trigger.Fields {
		return d.Next.Invoke(ctx, inv)
	}
	start := time.Now()
	res, told, err := d.outcome(ctx, t, inv)
	if d.Record != nil && !told {
		d.Record(Execution{ID: inv.ID, Tenant: inv.Tenant, Trigger: inv.Trigger, Unsaved: inv.Chain != nil, Decision: res.Decision, Err: err, Duration: time.Since(start)})
	}
	return res, err
}

// outcome answers the question of an invocation. The result is never nil; told
// says that Next has recorded how it went.
func (d *Directory) outcome(ctx context.Context, t trigger.Trigger, inv *rulebox.Invocation) (res *rulebox.Result, told bool, err error) {
	q, u, err := questionOf(t, inv)
	if err != nil {
		return &rulebox.Result{ID: inv.ID, Decision: rulebox.Fault}, false, err
	}
	of, err := d.answer(ctx, q, u, inv.Chain)
	res = &rulebox.Result{ID: inv.ID, Logs: of.a.Logs, Scripts: of.a.Scripts, Usage: of.a.Usage}
	if err != nil {
		return res, of.told, of.failed(res, err)
	}
	res.Status = string(of.a.Status)
	if err := of.refused(); err != nil {
		res.Decision = rulebox.Deny
		return res, of.told, err
	}
	res.Decision, res.Commands = rulebox.Allow, of.a.Commands
	switch {
	case of.a.Status == event.Found:
		res.Values = []json.RawMessage{of.a.Profile}
	case of.a.LastPasswordReset != "":
		var o object
		o.set("last_password_reset", quote(of.a.LastPasswordReset))
		res.Values = []json.RawMessage{o.text()}
	}
	return res, of.told, nil
}

// questionOf reads the arguments.
func questionOf(t trigger.Trigger, inv *rulebox.Invocation) (q event.Query, u question, err error) {
	q = event.Query{Tenant: inv.Tenant, Connection: t.Connection, ID: inv.ID}
	u.operation = t.Operation
	args := inv.Args
	text := func(name string, to *string) {
		if err != nil {
			return
		}
		if len(args) == 0 || len(args[0]) == 0 || args[0][0] != '"' {
			err = rulebox.Errorf(rulebox.CodeInvalid, "the request for %s has no %s, a string", inv.Trigger, name)
			return
		}
		*to, args = textOf(args[0]), args[1:]
	}
	switch t.Operation {
	case "create":
		if len(args) == 0 {
			return q, u, rulebox.Errorf(rulebox.CodeInvalid, "the request for %s has no user, an object", inv.Trigger)
		}
		u, args = newcomer(args[0]), args[1:]
	case "login", "change_password":
		text("identifier", &u.identifier)
		text("password", &u.password)
	case "change_email":
		text("email", &u.identifier)
		text("new_email", &u.newEmail)
		if err == nil && len(args) == 0 {
			err = rulebox.Errorf(rulebox.CodeInvalid, "the request for %s does not say whether the address is verified", inv.Trigger)
		}
		if err == nil {
			u.verified, args = string(args[0]) == "true", args[1:]
		}
	default:
		text("identifier", &u.identifier)
	}
	if t.Operation == "delete" {
		u.identifier = withoutPrefix(u.identifier)
	}
	if len(args) > 0 && !isNull(args[0]) {
		if q.Organization = at(args[0], "organization"); q.Organization == nil && inv.Chain != nil {
			q.Organization = json.RawMessage("null") // the script takes a context
		}
	}
	q.Known = len(args) > 1 && string(args[1]) == "true"
	return q, u, err
}

// failed is the end of a question that has no answer.
func (of *inquiry) failed(res *rulebox.Result, err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		e = rulebox.Errorf(rulebox.CodeOf(err), "the database could not be asked").WithCause(err)
	}
	res.Decision = rulebox.Fault
	if e.Code == rulebox.CodeDenied {
		res.Decision = rulebox.Deny
	}
	return e
}

// refused returns the denial that the answer is, nil if it is none. Its text is for
// the user, the same for a wrong password and an unknown user.
func (of *inquiry) refused() error {
	e := rulebox.Errorf(rulebox.CodeDenied, "%s", event.FailedLogin)
	e.Name, e.OAuth, e.UserID = "WrongUsernameOrPasswordError", "access_denied", of.a.UserID
	e.Script = of.script(of.u.operation)
	switch of.a.Status {
	case event.WrongPassword:
		e.Reason = "wrong_username_or_password"
	case event.UnknownUser:
		e.Reason = "unknown_user"
		if of.u.operation == "get_user" {
			return nil
		}
	case event.Exists:
		e.Name, e.Reason, e.Message = "ValidationError", "user_exists", "The user already exists."
	case event.Unchanged:
		e.Name, e.Reason, e.Message = "", "unchanged", "The change was not made."
	case event.Own:
		if of.u.operation != "login" {
			return nil
		}
		e.Name, e.Reason = "", "own"
		e.Hint = "the connection imports its users and the request says that you know this one: check the password yourself"
	default:
		return nil
	}
	return e
}
