package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Limits of what a user types, in bytes. Scripts hash passwords, which takes time.
const (
	maxIdentifier = 1 << 10
	maxPassword   = 4 << 10
)

// An inquiry is one question on its way.
type inquiry struct {
	d       *Directory
	q       event.Query
	u       question
	unsaved *rulebox.Chain // of code that no tenant has; nil otherwise
	tenant  *Tenant
	c       *Connection
	a       event.Account
	told    bool // Next has recorded how it went
	changed bool // a script ran that may have changed something
}

// begin finds the connection and refuses what no script is to see.
func (of *inquiry) begin() error {
	if err := of.connect(); err != nil {
		return err
	}
	script := of.script(of.u.operation)
	for _, l := range []struct {
		what string
		has  int
		most int
	}{{"identifier", max(len(of.u.identifier), len(of.u.newEmail)), maxIdentifier}, {"password", len(of.u.password), maxPassword}} {
		if l.has > l.most {
			return of.refuse(script, rulebox.Errorf(rulebox.CodeInvalid, "the %s for the script %s has %d bytes, more than %d; nothing was run", l.what, script, l.has, l.most).
				WithHint("refuse it where the user types it"))
		}
	}
	switch {
	case of.u.operation == "create" && (of.u.identifier == "" || of.u.password == ""):
		return of.refuse(script, rulebox.Errorf(rulebox.CodeInvalid, "the user to create has no password, or none of email, username, phone_number").
			WithHint("the script %s takes one object with these members", script))
	case of.unsaved == nil && !of.has(of.u.operation) && !of.keeps():
		return of.missing(of.u.operation)
	}
	return nil
}

// keeps reports whether the transaction server answers instead of the script.
func (of *inquiry) keeps() bool {
	return of.c.Import && of.u.operation != "login" && of.u.operation != "get_user"
}

func (of *inquiry) refuse(script string, e *rulebox.Error) error {
	e.Script = script
	return e
}

func (of *inquiry) connect() error {
	if of.unsaved != nil {
		t, err := trigger.Lookup(of.unsaved.Trigger)
		if err != nil {
			return err
		}
		of.c = &Connection{Name: t.Connection, Enabled: true, ScriptContext: of.q.Organization != nil}
		of.tenant = &Tenant{Name: of.q.Tenant, Chains: map[string]*rulebox.Chain{of.unsaved.Trigger: of.unsaved}}
		return nil
	}
	t := of.d.Tenants.Tenant(of.q.Tenant)
	if t == nil {
		return rulebox.Errorf(rulebox.CodeInvalid, "there is no tenant %q", of.q.Tenant).
			WithHint("the subject or path names the tenant: its folder must stand in the tenants folder")
	}
	if t.Broken != nil {
		e := *t.Broken
		return &e
	}
	c := t.Connections[of.q.Connection]
	if c == nil {
		e := rulebox.Errorf(rulebox.CodeInvalid, "the tenant %s has no connection %q", of.q.Tenant, of.q.Connection).
			WithHint("its folder is database-connections/%s of the tenant", of.q.Connection)
		if n := near.Name(of.q.Connection, slices.Sorted(maps.Keys(t.Connections))); n != "" {
			e.Message += "; did you mean \"" + n + "\"?"
		}
		return e
	}
	if !c.Enabled {
		return rulebox.Errorf(rulebox.CodeInvalid, "the scripts of the connection %s are switched off", c.Name).
			WithHint("enabledDatabaseCustomization in the options of its database.json switches them on")
	}
	of.tenant, of.c = t, c
	return nil
}

// put runs the scripts that the question needs, in order.
func (of *inquiry) put(ctx context.Context) error {
	known := of.c.Import && of.q.Known
	switch of.u.operation {
	case "login":
		if known {
			return of.own()
		}
		err := of.profile(ctx, "login", of.u.identifier, of.u.password)
		if err == nil && of.a.Status == event.Found && of.c.Import {
			err = of.imported(ctx)
		}
		return err
	case "get_user":
		if known {
			return of.own()
		}
		return of.profile(ctx, "get_user", of.u.identifier)
	case "create":
		return of.create(ctx)
	case "verify", "delete":
		if of.c.Import {
			return of.own()
		}
		return of.change(ctx, of.u.identifier)
	case "change_password":
		return of.after(ctx, (*inquiry).imported, of.u.identifier, of.u.password)
	}
	keep := func(of *inquiry, _ context.Context) error { return of.own() }
	return of.after(ctx, keep, of.u.identifier, of.u.newEmail, of.u.verified)
}

// create asks whether there is the user already, makes it, and logs it in.
func (of *inquiry) create(ctx context.Context) error {
	if of.has("get_user") || of.c.Import {
		if err := of.exists(ctx); err != nil {
			return err
		}
		if of.a.Status == event.Found {
			of.a.Status, of.a.Profile = event.Exists, nil
			return nil
		}
	}
	if of.c.Import {
		return of.own()
	}
	_, err := of.run(ctx, "create", of.u.user)
	if e := (*rulebox.Error)(nil); errors.As(err, &e) && e.Name == "ValidationError" && e.Reason == "user_exists" {
		of.a.Status = event.Exists
		return nil
	}
	if err != nil {
		return err
	}
	of.changed = true
	if of.unsaved != nil {
		of.a.Status = event.Done
		return nil
	}
	return of.profile(ctx, "login", of.u.identifier, of.u.password)
}

// after runs the operation on a user who was found first. Where users are
// imported, keep takes its place.
func (of *inquiry) after(ctx context.Context, keep func(*inquiry, context.Context) error, args ...any) error {
	if of.c.Import && of.q.Known {
		return of.own()
	}
	if of.has("get_user") || of.c.Import {
		if err := of.exists(ctx); err != nil || of.a.Status != event.Found {
			return err
		}
		if of.c.Import {
			return keep(of, ctx)
		}
	}
	return of.change(ctx, args...)
}

// change runs a script that answers whether it has changed something. No answer
// means done, except of verify and change_password, which must say so.
func (of *inquiry) change(ctx context.Context, args ...any) error {
	value, err := of.run(ctx, of.u.operation, args...)
	of.a.Profile = nil
	switch {
	case isWrong(err):
		of.a.Status = event.UnknownUser
		return nil
	case err != nil:
		return err
	}
	of.changed, of.a.Status = true, event.Done
	switch {
	case string(value) == "false", value == nil && (of.u.operation == "verify" || of.u.operation == "change_password"):
		of.a.Status = event.Unchanged
	case of.u.operation == "change_password":
		of.a.LastPasswordReset = textOf(at(value, "last_password_reset"))
	}
	return nil
}

func (of *inquiry) own() error {
	of.a.Status, of.a.Profile = event.Own, nil
	return nil
}

func (of *inquiry) has(operation string) bool {
	c := of.tenant.Chains[trigger.Database(of.c.Name, operation)]
	return c != nil && len(c.Scripts) > 0
}

// script is what the script of the operation is called.
func (of *inquiry) script(operation string) string {
	if of.has(operation) {
		return of.tenant.Chains[trigger.Database(of.c.Name, operation)].Scripts[0].Name
	}
	return of.c.Name + "." + operation
}

func (of *inquiry) missing(operation string) error {
	return of.refuse(of.script(operation), rulebox.Errorf(rulebox.CodeInvalid, "the connection %s has no script %s", of.c.Name, operation).
		WithHint("add %s.js to database-connections/%s and name it in database.json under customScripts", operation, of.c.Name))
}

// run runs one script. Its value is nil if it gave none.
func (of *inquiry) run(ctx context.Context, operation string, args ...any) (json.RawMessage, error) {
	if !of.has(operation) {
		return nil, of.missing(operation)
	}
	inv := &rulebox.Invocation{Chain: of.unsaved, Tenant: of.q.Tenant, Trigger: trigger.Database(of.c.Name, operation), ID: of.q.ID}
	for _, v := range args {
		inv.Args = append(inv.Args, encode(v))
	}
	if of.c.ScriptContext {
		var o object
		if !isNull(of.q.Organization) && operation != "delete" {
			o.set("organization", of.q.Organization)
		}
		inv.Args = append(inv.Args, o.text())
	}
	of.told = true
	res, err := of.d.Next.Invoke(ctx, inv)
	if res != nil {
		of.a.Logs = append(of.a.Logs, res.Logs...)
		of.a.Scripts = append(of.a.Scripts, res.Scripts...)
		of.a.Usage.Queue += res.Usage.Queue
		of.a.Usage.Run += res.Usage.Run
		of.a.Usage.CPU += res.Usage.CPU
	}
	if err != nil {
		return nil, of.fault(operation, err)
	}
	if res == nil || len(res.Values) == 0 || isNull(res.Values[0]) {
		return nil, nil
	}
	return res.Values[0], nil
}

// fault tells verdicts of scripts from failures that they passed on: most scripts
// give callback what their database's driver gave them.
func (of *inquiry) fault(operation string, err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	if told.Script == "" {
		told.Script = of.script(operation)
	}
	switch {
	case e.Code == rulebox.CodeUnavailable && of.changed:
		// Whoever tries again would find that the user exists.
		told.Code = rulebox.CodeInternal
		told.Message = "the user was created, but the script " + told.Script + " could not be started after it: " + e.Message
		told.Hint = "do not create the user again: ask login"
	case e.Code != rulebox.CodeDenied, e.Name == "WrongUsernameOrPasswordError", e.Name == "ValidationError", e.Name == "UnauthorizedError":
	default:
		told.Code, told.OAuth = rulebox.CodeThrew, ""
		if told.Hint != "" && !strings.Contains(told.Hint, "callback(null, user, context)") {
			break // it is about this very failure
		}
		told.Hint = "what callback is given as an error is a failure of the script or of its database; " +
			"say callback(new WrongUsernameOrPasswordError(id, '…')) for a wrong password, and callback(null) of get_user if there is no such user"
	}
	return &told
}

func isWrong(err error) bool {
	var e *rulebox.Error
	return errors.As(err, &e) && e.Code == rulebox.CodeDenied && e.Name == "WrongUsernameOrPasswordError"
}

// profile runs login or get_user and takes in who was found.
func (of *inquiry) profile(ctx context.Context, operation string, args ...any) error {
	value, err := of.ask(ctx, operation, args...)
	if err != nil || value == nil {
		return err
	}
	of.a.Profile, of.a.UserID, err = profileOf(of.c, of.script(operation), value)
	if err != nil {
		of.told = false // the script itself went well
		return err
	}
	of.a.Status = event.Found
	return nil
}

// exists asks get_user whether there is the user. Only where users are imported
// must the answer be a whole profile.
func (of *inquiry) exists(ctx context.Context) error {
	if of.c.Import {
		return of.profile(ctx, "get_user", of.u.identifier)
	}
	value, err := of.ask(ctx, "get_user", of.u.identifier)
	if err == nil && value != nil {
		of.a.Status = event.Found
		_, of.a.UserID, _ = profileOf(of.c, "", value) // empty if it has none
	}
	return err
}

// ask runs a script that looks a user up. It returns nil, and the status says so,
// if there is none.
func (of *inquiry) ask(ctx context.Context, operation string, args ...any) (json.RawMessage, error) {
	value, err := of.run(ctx, operation, args...)
	switch {
	case isWrong(err):
		var e *rulebox.Error
		errors.As(err, &e)
		of.a.Status, of.a.Profile = event.UnknownUser, nil
		if e.UserID != "" && operation == "login" {
			of.a.Status, of.a.UserID = event.WrongPassword, databasePrefix+e.UserID
		}
		return nil, nil
	case err != nil:
		return nil, err
	case value == nil || string(value) == "false":
		// Of a login this is the old way to say that the credentials are wrong.
		of.a.Status, of.a.Profile = event.UnknownUser, nil
		return nil, nil
	}
	return value, nil
}

// maxBcrypt is how much of a password bcrypt looks at, in bytes.
const maxBcrypt = 72

// imported hands the user over to the transaction server, with a hash of the
// password that it has just been told.
func (of *inquiry) imported(ctx context.Context) error {
	leave, err := hashes.pass(ctx, of.q.Tenant)
	if err != nil {
		return rulebox.Errorf(rulebox.CodeTimeout, "the password was not hashed for the import when the caller's time was over: other logins of the tenant are imported at the same time").
			WithHint("the script %s went well; the user can log in again", of.script(of.u.operation)).WithCause(err)
	}
	defer leave()
	secret := []byte(of.u.password)
	hash, err := bcrypt.GenerateFromPassword(secret[:min(len(secret), maxBcrypt)], bcrypt.DefaultCost)
	if err != nil {
		return rulebox.Errorf(rulebox.CodeInternal, "the password could not be hashed").WithCause(err)
	}
	var o object
	o.set("bcrypt", quote(string(hash)))
	of.a.Commands = []json.RawMessage{encode([]json.RawMessage{quote("user.import"), of.a.Profile, o.text()})}
	return nil
}
