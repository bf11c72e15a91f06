package event

import (
	"encoding/json"

	"github.com/rulebox/rulebox"
)

// A Query says which of a tenant's user databases is asked, and for whom.
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

// Status is what became of a question to a user database.
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

// An Account is the answer of a user database. A fault of the script or the
// database is no answer but an error; so is a refusal in the script's own words,
// with rulebox.CodeDenied.
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
	// Logs, Scripts and Usage are those of all scripts that ran.
	Logs    []rulebox.Log
	Scripts []rulebox.ScriptUsage
	Usage   rulebox.Usage
}

// FailedLogin is what the end user is told of a login that failed, whether the
// password was wrong, there is no such user, or the database failed.
const FailedLogin = "Wrong email or password."
