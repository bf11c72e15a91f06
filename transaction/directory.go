package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// A Directory is a tenant's user databases: it knows which script runs when, and
// what its answer means. It runs none itself. It is the Invoker that callers reach:
// what is no database's trigger goes on to Next.
type Directory struct {
	// Tenants and Next must be set. Next fires the triggers db.<connection>.…, one
	// script each: a Pipeline.
	Tenants Tenants
	Next    rulebox.Invoker
	// Pad is what failed logins are rounded up to, so that their time does not
	// tell whether there is such a user: the next multiple of it. Default 500 ms.
	Pad time.Duration
	// Record, if not nil, is told of questions that came through Invoke whose end
	// Next cannot have recorded: no script was asked, or its profile will not do.
	Record func(Execution)
	// HideUnsaved takes passwords out of what unsaved code logs too, as out of what
	// others log.
	HideUnsaved bool
}

// PublicText is what the end user may be told of a login that failed: one text for
// a wrong password, an unknown user and a fault. Only a script's UnauthorizedError
// has words for the user.
func PublicText(err error) string {
	var e *rulebox.Error
	if errors.As(err, &e) && e.Code == rulebox.CodeDenied && e.Name == "UnauthorizedError" {
		return e.Message
	}
	return event.FailedLogin
}

// Login checks a user's password.
func (d *Directory) Login(ctx context.Context, q event.Query, identifier, password string) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "login", identifier: identifier, password: password})
}

// GetUser finds a user by what one logs in with.
func (d *Directory) GetUser(ctx context.Context, q event.Query, identifier string) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "get_user", identifier: identifier})
}

// Create signs a user up. User is what the create script gets: an object with
// email, password and what else the form had. A connection that imports only says
// whether the user may be created.
func (d *Directory) Create(ctx context.Context, q event.Query, user json.RawMessage) (*event.Account, error) {
	return d.ask(ctx, q, newcomer(user))
}

// Verify marks a user's e-mail address as verified.
func (d *Directory) Verify(ctx context.Context, q event.Query, email string) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "verify", identifier: email})
}

// ChangePassword gives a user another password. A user that is to be imported is,
// with the new one.
func (d *Directory) ChangePassword(ctx context.Context, q event.Query, identifier, password string) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "change_password", identifier: identifier, password: password})
}

// Delete removes a user. The id is with or without its prefix.
func (d *Directory) Delete(ctx context.Context, q event.Query, id string) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "delete", identifier: withoutPrefix(id)})
}

// ChangeEmail gives a user another e-mail address.
func (d *Directory) ChangeEmail(ctx context.Context, q event.Query, email, newEmail string, verified bool) (*event.Account, error) {
	return d.ask(ctx, q, question{operation: "change_email", identifier: email, newEmail: newEmail, verified: verified})
}

// A question is what a directory is asked: the operation and its arguments.
type question struct {
	operation, identifier, password, newEmail string
	verified                                  bool
	user                                      json.RawMessage // of create
}

// newcomer is the question whether the user can be created.
func newcomer(user json.RawMessage) question {
	u := question{operation: "create", user: user, password: textOf(at(user, "password"))}
	for _, name := range []string{"email", "username", "phone_number"} {
		if u.identifier = textOf(at(user, name)); u.identifier != "" {
			break
		}
	}
	return u
}

func (d *Directory) ask(ctx context.Context, q event.Query, u question) (*event.Account, error) {
	of, err := d.answer(ctx, q, u, nil)
	if err != nil {
		return nil, err
	}
	return &of.a, nil
}

// answer answers one question. The inquiry is never nil: with an error it has the
// logs and the usage up to it. The chain is that of unsaved code, or nil.
func (d *Directory) answer(ctx context.Context, q event.Query, u question, unsaved *rulebox.Chain) (*inquiry, error) {
	start := time.Now()
	of := &inquiry{d: d, q: q, u: u, unsaved: unsaved}
	err := of.begin()
	if err == nil {
		err = of.put(ctx)
	}
	if unsaved != nil && !d.HideUnsaved {
		return of, err
	}
	if unsaved == nil && u.operation == "login" && of.tells(err) {
		d.pad(ctx, start)
	}
	hide := hider(u.password)
	hide.logs(of.a.Logs)
	return of, hide.failure(err)
}

// tells reports whether the time of a login that failed may tell something about
// the user: a script has looked.
func (of *inquiry) tells(err error) bool {
	switch rulebox.CodeOf(err) {
	case rulebox.CodeUnavailable, rulebox.CodeInvalid:
		return false
	case "":
		return of.a.Status == event.WrongPassword || of.a.Status == event.UnknownUser
	}
	return true
}

// pad waits until the time since start is a multiple of Pad.
func (d *Directory) pad(ctx context.Context, start time.Time) {
	step := d.Pad
	if step <= 0 {
		step = 500 * time.Millisecond
	}
	took := time.Since(start)
	timer := time.NewTimer((took/step+1)*step - took)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
