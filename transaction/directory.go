package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
)

// A Directory is a tenant's user databases: it knows which script runs when, and
// what its answer means. It runs none itself.
type Directory struct {
	// Tenants and Next must be set. Next fires the triggers db.<connection>.…: a
	// Pipeline, or a client of one.
	Tenants Tenants
	Next    rulebox.Invoker
	// Pad is what failed logins are rounded up to, so that their time does not
	// tell whether there is such a user: the next multiple of it. Default 500 ms.
	Pad time.Duration
}

// A Query says which database is asked, and for whom.
type Query struct {
	Tenant, Connection string
	// ID is the transaction's; it may be empty.
	ID string
	// Known says that the transaction server has this user itself. It counts for
	// connections that import.
	Known bool
	// Organization is the JSON of the login's organization, for scripts that take
	// the context; nil if there is none.
	Organization json.RawMessage
}

// Status is what became of a question to a directory.
type Status string

const (
	// Found: there is such a user, and for a login the password is right.
	Found Status = "found"
	// WrongPassword: there is such a user, who has another password.
	WrongPassword Status = "wrong_password"
	// UnknownUser: there is no such user.
	UnknownUser Status = "unknown_user"
	// Exists: a user cannot be created who is there already.
	Exists Status = "exists"
	// Done: the change was made.
	Done Status = "done"
	// Unchanged: the script says that it changed nothing.
	Unchanged Status = "unchanged"
	// Own: no script answers; the transaction server does, from what it has
	// imported.
	Own Status = "own"
)

// An Account is the answer of a directory. A fault of the script or the database
// is no answer but an error; so is a refusal in the script's own words, with
// CodeDenied.
type Account struct {
	Status Status
	// Profile is the user's, normalized, for Found.
	Profile json.RawMessage
	// UserID is for the log: whom the answer is about. It may be empty.
	UserID string
	// LastPasswordReset is what change_password said, if it did.
	LastPasswordReset string
	// Commands are for the transaction server to carry out: ["user.import",
	// profile, {"bcrypt": hash}] keeps the user from now on. They hold a secret.
	Commands []json.RawMessage
	// Logs are what the scripts wrote.
	Logs []rulebox.Log
}

// PublicText is what the end user may be told of a login that failed: one text for
// a wrong password, an unknown user and a fault. Only a script's UnauthorizedError
// has words for the user.
func PublicText(err error) string {
	var e *rulebox.Error
	if errors.As(err, &e) && e.Code == rulebox.CodeDenied && e.Name == "UnauthorizedError" {
		return e.Message
	}
	return "Wrong email or password."
}

// Login checks a user's password.
func (d *Directory) Login(ctx context.Context, q Query, identifier, password string) (*Account, error) {
	start := time.Now()
	a, err := d.login(ctx, q, identifier, password)
	if err != nil || a.Status == WrongPassword || a.Status == UnknownUser {
		d.pad(ctx, start)
	}
	return a, err
}

func (d *Directory) login(ctx context.Context, q Query, identifier, password string) (*Account, error) {
	of, err := d.begin(q)
	if err != nil {
		return nil, err
	}
	if of.c.Import && q.Known {
		return of.own()
	}
	if err := of.profile(ctx, "login", identifier, password); err != nil {
		return of.account(err)
	}
	if of.a.Status == Found && of.c.Import {
		return of.imported(password)
	}
	return of.account(nil)
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

// GetUser finds a user by what one logs in with.
func (d *Directory) GetUser(ctx context.Context, q Query, identifier string) (*Account, error) {
	of, err := d.begin(q)
	if err != nil {
		return nil, err
	}
	if of.c.Import && q.Known {
		return of.own()
	}
	return of.account(of.profile(ctx, "get_user", identifier))
}

// Create signs a user up. User is what the create script gets: an object with
// email, password and what else the form had. A connection that imports only says
// whether the user may be created.
func (d *Directory) Create(ctx context.Context, q Query, user json.RawMessage) (*Account, error) {
	of, err := d.begin(q)
	if err != nil {
		return nil, err
	}
	identifier := ""
	for _, name := range []string{"email", "username", "phone_number"} {
		if identifier = textOf(at(user, name)); identifier != "" {
			break
		}
	}
	password := textOf(at(user, "password"))
	if identifier == "" || password == "" {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the user to create has no password, or none of email, username, phone_number")
	}
	if of.has("get_user") {
		switch err := of.profile(ctx, "get_user", identifier); {
		case err != nil:
			return of.account(err)
		case of.a.Status == Found:
			of.a = Account{Status: Exists, UserID: of.a.UserID, Logs: of.a.Logs}
			return of.account(nil)
		}
	}
	if of.c.Import {
		return of.own()
	}
	_, err = of.run(ctx, "create", user)
	if e := (*rulebox.Error)(nil); errors.As(err, &e) && e.Name == "ValidationError" && e.Reason == "user_exists" {
		of.a.Status = Exists
		return of.account(nil)
	}
	if err != nil {
		return of.account(err)
	}
	return of.account(of.profile(ctx, "login", identifier, password))
}

// Verify marks a user's e-mail address as verified.
func (d *Directory) Verify(ctx context.Context, q Query, email string) (*Account, error) {
	return d.change(ctx, q, "verify", email)
}

// Delete removes a user. The id is with or without its prefix.
func (d *Directory) Delete(ctx context.Context, q Query, id string) (*Account, error) {
	q.Organization = nil
	return d.change(ctx, q, "delete", strings.TrimPrefix(id, databasePrefix))
}

// change runs one script that answers whether it has changed something. A
// connection that imports has it of its own.
func (d *Directory) change(ctx context.Context, q Query, operation string, args ...any) (*Account, error) {
	of, err := d.begin(q)
	if err != nil {
		return nil, err
	}
	if of.c.Import {
		return of.own()
	}
	value, err := of.run(ctx, operation, args...)
	if err != nil {
		return of.account(err)
	}
	of.changed(operation, value)
	return of.account(nil)
}

// ChangePassword gives a user another password. A user that is to be imported is,
// with the new one.
func (d *Directory) ChangePassword(ctx context.Context, q Query, identifier, password string) (*Account, error) {
	return d.after(ctx, q, identifier, func(of *inquiry) (*Account, error) { return of.imported(password) }, "change_password", identifier, password)
}

// ChangeEmail gives a user another e-mail address.
func (d *Directory) ChangeEmail(ctx context.Context, q Query, email, newEmail string, verified bool) (*Account, error) {
	return d.after(ctx, q, email, (*inquiry).own, "change_email", email, newEmail, verified)
}

// after runs the operation on a user who was found first. Where users are
// imported, keep takes its place.
func (d *Directory) after(ctx context.Context, q Query, identifier string, keep func(*inquiry) (*Account, error), operation string, args ...any) (*Account, error) {
	of, err := d.begin(q)
	if err != nil {
		return nil, err
	}
	if of.c.Import && q.Known {
		return of.own()
	}
	if of.has("get_user") {
		if err := of.profile(ctx, "get_user", identifier); err != nil || of.a.Status != Found {
			return of.account(err)
		}
		if of.c.Import {
			return keep(of)
		}
	}
	value, err := of.run(ctx, operation, args...)
	if err != nil {
		return of.account(err)
	}
	of.changed(operation, value)
	return of.account(nil)
}

// An inquiry is one question on its way.
type inquiry struct {
	d      *Directory
	q      Query
	tenant *Tenant
	c      *Connection
	a      Account
}

func (d *Directory) begin(q Query) (*inquiry, error) {
	t := d.Tenants.Tenant(q.Tenant)
	if t == nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "there is no tenant %q", q.Tenant)
	}
	if t.Broken != nil {
		e := *t.Broken
		return nil, &e
	}
	c := t.Connections[q.Connection]
	if c == nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the tenant %s has no connection %q", q.Tenant, q.Connection).
			WithHint("its folder is database-connections/%s of the tenant", q.Connection)
	}
	if !c.Enabled {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the scripts of the connection %s are switched off", c.Name).
			WithHint("enabledDatabaseCustomization in the options of its database.json switches them on")
	}
	return &inquiry{d: d, q: q, tenant: t, c: c}, nil
}

func (of *inquiry) own() (*Account, error) {
	of.a.Status, of.a.Profile = Own, nil
	return of.account(nil)
}

func (of *inquiry) account(err error) (*Account, error) {
	if err != nil {
		return nil, err
	}
	return &of.a, nil
}

func (of *inquiry) has(operation string) bool {
	c := of.tenant.Chains[trigger.Database(of.c.Name, operation)]
	return c != nil && len(c.Scripts) > 0
}

// run runs one script. Its value is nil if it gave none.
func (of *inquiry) run(ctx context.Context, operation string, args ...any) (json.RawMessage, error) {
	if !of.has(operation) {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the connection %s has no script %s", of.c.Name, operation).
			WithHint("add %s.js to database-connections/%s and name it in database.json under customScripts", operation, of.c.Name)
	}
	inv := &rulebox.Invocation{Tenant: of.q.Tenant, Trigger: trigger.Database(of.c.Name, operation), ID: of.q.ID}
	for _, v := range args {
		inv.Args = append(inv.Args, encode(v))
	}
	if of.c.ScriptContext {
		var o object
		if of.q.Organization != nil {
			o.set("organization", of.q.Organization)
		}
		inv.Args = append(inv.Args, o.text())
	}
	res, err := of.d.Next.Invoke(ctx, inv)
	if res != nil {
		of.a.Logs = append(of.a.Logs, res.Logs...)
	}
	if err != nil {
		return nil, databaseFault(err)
	}
	if res == nil || len(res.Values) == 0 || isNull(res.Values[0]) {
		return nil, nil
	}
	return res.Values[0], nil
}

// databaseFault tells verdicts of scripts from failures that they passed on: most
// scripts give callback what their database's driver gave them.
func databaseFault(err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) || e.Code != rulebox.CodeDenied {
		return err
	}
	switch e.Name {
	case "WrongUsernameOrPasswordError", "ValidationError", "UnauthorizedError":
		return err
	}
	fault := *e
	fault.Code, fault.OAuth = rulebox.CodeThrew, ""
	return &fault
}

// profile runs login or get_user and takes in who was found.
func (of *inquiry) profile(ctx context.Context, operation string, args ...any) error {
	value, err := of.run(ctx, operation, args...)
	var e *rulebox.Error
	switch {
	case errors.As(err, &e) && e.Code == rulebox.CodeDenied && e.Name == "WrongUsernameOrPasswordError":
		of.a.Status, of.a.Profile = UnknownUser, nil
		if e.UserID != "" {
			of.a.Status, of.a.UserID = WrongPassword, databasePrefix+e.UserID
		}
		return nil
	case err != nil:
		return err
	case value == nil || string(value) == "false":
		// Of a login this is the old way to say that the credentials are wrong.
		of.a.Status, of.a.Profile = UnknownUser, nil
		return nil
	}
	of.a.Profile, of.a.UserID, err = profileOf(of.c, operation, value)
	of.a.Status = Found
	return err
}

// changed takes in what a script that changes something answered. No answer means
// done, except of verify and change_password, which must say so.
func (of *inquiry) changed(operation string, value json.RawMessage) {
	of.a.Profile = nil
	of.a.Status = Done
	switch {
	case string(value) == "false", value == nil && operation == "verify", value == nil && operation == "change_password":
		of.a.Status = Unchanged
	case operation == "change_password":
		of.a.LastPasswordReset = textOf(at(value, "last_password_reset"))
	}
}

// maxBcrypt is how much of a password bcrypt looks at, in bytes.
const maxBcrypt = 72

// imported hands the user over to the transaction server, with a hash of the
// password that it has just been told.
func (of *inquiry) imported(password string) (*Account, error) {
	secret := []byte(password)
	hash, err := bcrypt.GenerateFromPassword(secret[:min(len(secret), maxBcrypt)], bcrypt.DefaultCost)
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the password could not be hashed").WithCause(err)
	}
	var o object
	o.set("bcrypt", quote(string(hash)))
	of.a.Commands = []json.RawMessage{encode([]json.RawMessage{quote("user.import"), of.a.Profile, o.text()})}
	return &of.a, nil
}
