package bus

import (
	"context"
	"encoding/json"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/trigger"
)

// A Directory asks the user databases of tenants: each question is answered by a
// node, which knows what scripts to run. What was not done is told by the account's
// status; an error is a fault, or a refusal in the script's own words.
type Directory struct{ client *Client }

// Directory returns the user databases that the client can ask.
func (c *Client) Directory() Directory { return Directory{c} }

// Login checks a user's password. Statuses are Found, WrongPassword, UnknownUser
// and, for a user that the caller knows and the connection imports, Own.
func (d Directory) Login(ctx context.Context, q event.Query, identifier, password string) (*event.Account, error) {
	return d.ask(ctx, q, "login", identifier, password)
}

// GetUser finds a user by what one logs in with.
func (d Directory) GetUser(ctx context.Context, q event.Query, identifier string) (*event.Account, error) {
	return d.ask(ctx, q, "get_user", identifier)
}

// Create signs a user up; user is an *event.NewUser or anything with its members.
// Own says that there is no such user, whom the caller is to create itself.
func (d Directory) Create(ctx context.Context, q event.Query, user any) (*event.Account, error) {
	return d.ask(ctx, q, "create", user)
}

// Verify marks a user's e-mail address as verified.
func (d Directory) Verify(ctx context.Context, q event.Query, email string) (*event.Account, error) {
	return d.ask(ctx, q, "verify", email)
}

// ChangePassword gives a user another password. A user that is to be imported is,
// with the new one.
func (d Directory) ChangePassword(ctx context.Context, q event.Query, identifier, password string) (*event.Account, error) {
	return d.ask(ctx, q, "change_password", identifier, password)
}

// Delete removes a user. The id is with or without its prefix auth0|.
func (d Directory) Delete(ctx context.Context, q event.Query, id string) (*event.Account, error) {
	return d.ask(ctx, q, "delete", id)
}

// ChangeEmail gives a user another e-mail address.
func (d Directory) ChangeEmail(ctx context.Context, q event.Query, email, newEmail string, verified bool) (*event.Account, error) {
	return d.ask(ctx, q, "change_email", email, newEmail, verified)
}

func (d Directory) ask(ctx context.Context, q event.Query, operation string, args ...any) (*event.Account, error) {
	organization := json.RawMessage("null")
	if len(q.Organization) > 0 {
		organization = append(append([]byte(`{"organization":`), q.Organization...), '}')
	}
	inv := &rulebox.Invocation{Tenant: q.Tenant, Trigger: trigger.Database(q.Connection, operation), ID: q.ID}
	for i, arg := range append(args, organization, q.Known) {
		raw, err := rawOf(arg)
		if err != nil {
			return nil, rulebox.Errorf(rulebox.CodeInvalid, "argument %d of %s cannot be written as JSON: %v", i+1, inv.Trigger, err)
		}
		inv.Args = append(inv.Args, raw)
	}
	res, err := d.client.Invoke(ctx, inv)
	return accountOf(res, err)
}

// accountOf reads an outcome. A denial with a status is an answer.
func accountOf(res *rulebox.Result, err error) (*event.Account, error) {
	if res == nil || res.Status == "" {
		if err == nil {
			err = rulebox.Errorf(rulebox.CodeInternal, "the answer of the database has no status").
				WithHint("client and node must speak the same version of the protocol")
		}
		return nil, err
	}
	a := &event.Account{Status: event.Status(res.Status), Commands: res.Commands, Logs: res.Logs, Scripts: res.Scripts, Usage: res.Usage}
	if e, ok := err.(*rulebox.Error); ok {
		a.UserID = e.UserID
		return a, nil
	}
	if len(res.Values) == 0 {
		return a, nil
	}
	var v struct {
		UserID            string `json:"user_id"`
		LastPasswordReset string `json:"last_password_reset"`
	}
	if err := json.Unmarshal(res.Values[0], &v); err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the answer of the database is malformed: %v", err)
	}
	if a.Status == event.Found {
		a.Profile, a.UserID = res.Values[0], v.UserID
	} else {
		a.LastPasswordReset = v.LastPasswordReset
	}
	return a, nil
}
