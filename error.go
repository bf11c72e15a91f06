package rulebox

import (
	"context"
	"errors"
	"fmt"
)

// Code says what went wrong. The list is closed and append-only: codes cross
// process boundaries (a header on NATS, a status on HTTP).
type Code string

const (
	// CodeDenied is a verdict, not a fault: a script refused the login.
	CodeDenied Code = "denied"
	// CodeThrew means that a script threw, or gave its callback an error that is
	// no denial.
	CodeThrew Code = "threw"
	// CodeTimeout means that the time limit or the caller's deadline passed.
	CodeTimeout Code = "timeout"
	// CodeMemory means that a memory, stack or output limit was broken.
	CodeMemory Code = "memory"
	// CodeForbidden means that a script reached for something it was not
	// granted: a module, an address, a system call.
	CodeForbidden Code = "forbidden"
	// CodeInvalid means that the request is malformed or names something that
	// does not exist, or that a script does not compile.
	CodeInvalid Code = "invalid"
	// CodeUnavailable means that nothing was started. The one code that is safe
	// to retry.
	CodeUnavailable Code = "unavailable"
	// CodeInternal is a fault of Rulebox itself.
	CodeInternal Code = "internal"
)

// Codes lists every code.
var Codes = []Code{CodeDenied, CodeThrew, CodeTimeout, CodeMemory, CodeForbidden, CodeInvalid, CodeUnavailable, CodeInternal}

// An Error is how an invocation fails. Its texts have different readers: Message
// is for the caller (and, for denied, the end user), Hint and Trace are for the
// script's author, Cause is for the operator's log and never leaves the node.
type Error struct {
	Code Code `json:"code"`
	// Name is the JavaScript error's name when a script threw or denied:
	// UnauthorizedError, TypeError, …
	Name    string `json:"name,omitempty"`
	Message string `json:"message"`
	// Hint names the setting, limit, field or file to change.
	Hint string `json:"hint,omitempty"`
	// Trace is the guest's stack, one frame a line.
	Trace string `json:"trace,omitempty"`
	// Script is the name of the script to blame, if one is.
	Script string `json:"script,omitempty"`
	// OAuth is the value of OAuth's `error` parameter for a denied login:
	// unauthorized or access_denied. Set by the transaction pipeline.
	OAuth string `json:"oauth_error,omitempty"`
	// UserID is whom a database script's WrongUsernameOrPasswordError names: the
	// password was wrong. Without one there is no such user.
	UserID string `json:"user_id,omitempty"`
	// Reason is the code of a database script's ValidationError, such as
	// user_exists.
	Reason string `json:"reason,omitempty"`
	Cause  error  `json:"-"`
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, context.DeadlineExceeded) hold for CodeTimeout.
func (e *Error) Is(target error) bool {
	return e.Code == CodeTimeout && target == context.DeadlineExceeded
}

// Errorf returns an error with the code and a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithHint returns e with its hint set.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithCause returns e with its cause set.
func (e *Error) WithCause(err error) *Error {
	e.Cause = err
	return e
}

// CodeOf returns the code of err: "" for nil, CodeInternal for an error that is
// not one of ours, CodeTimeout for a passed deadline.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	default:
		return CodeInternal
	}
}
