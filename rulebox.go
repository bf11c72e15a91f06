// Package rulebox is the vocabulary of Rulebox: what a login transaction asks
// for, what comes back, and the one method between the two.
//
// Everything between a login and the customer's script is an Invoker:
// runtime.Runner runs scripts in this process, sandbox.Pool in jailed worker
// processes, transaction.Pipeline fills in what a tenant has bound to a
// trigger, and bus.Client asks a node over NATS. A caller cannot tell how far
// away the sandbox is.
//
// This package imports the standard library only.
package rulebox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// An Invoker fires one trigger once.
//
// The error is nil or an *Error. A Result may come with an error: it then holds
// the logs and the usage up to the failure. Both are nil only together with a
// code that says the invocation never started (CodeInvalid, CodeUnavailable).
//
// Invoke keeps neither inv nor anything it points to after it returns. The
// Result's raw values are the caller's to keep and must not be written to.
// Invoke is safe for concurrent use. When ctx has a deadline earlier than
// inv.Chain.Limits.Wall, the deadline is the limit.
type Invoker interface {
	Invoke(ctx context.Context, inv *Invocation) (*Result, error)
}

// Kind is the kind of a script. It decides the script's form and its arguments.
type Kind string

const (
	// KindRule is an expression `function (user, context, callback) {…}`.
	KindRule Kind = "rule"
	// KindHook is a CommonJS module exporting `function (…, callback)`.
	KindHook Kind = "hook"
	// KindAction is a CommonJS module exporting `onExecute…` functions.
	KindAction Kind = "action"
	// KindDBScript is an expression `function login(email, password, callback) {…}`.
	KindDBScript Kind = "dbscript"
)

// TriggerLogin is the trigger that runs a tenant's rules. Its arguments are
// user and context.
const TriggerLogin = "login"

// A Digest names a script by content: the lower-case hex SHA-256 of its kind, a
// zero byte and its source.
type Digest string

// DigestOf returns the name of the source as a script of the kind.
func DigestOf(kind Kind, source string) Digest {
	h := sha256.New()
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(source))
	return Digest(hex.EncodeToString(h.Sum(nil)))
}

// A Script is customer source. It is immutable.
type Script struct {
	// Name is what its author calls it; unique within its tenant and kind. It
	// appears in errors, logs and stack traces.
	Name   string
	Kind   Kind
	Source string
	Digest Digest
}

// NewScript returns the script with its digest.
func NewScript(kind Kind, name, source string) *Script {
	return &Script{Name: name, Kind: kind, Source: source, Digest: DigestOf(kind, source)}
}

// Limits bound one invocation. Zero fields mean the default, never "unlimited".
type Limits struct {
	// Wall is the time for all scripts of the chain together. Default 20 s.
	Wall time.Duration
	// Memory is the heap, in bytes, that the scripts of one worker may hold.
	// Default 128 MiB; at least 16 MiB.
	Memory int64
	// Output bounds the JSON text of all values together, and separately the
	// text of all log lines together, in bytes. Default 1 MiB (values) and
	// 256 KiB (logs).
	Output int
}

// Default limits.
const (
	DefaultWall   = 20 * time.Second
	DefaultMemory = 128 << 20
	DefaultOutput = 1 << 20
	MaxLogBytes   = 256 << 10
	MinMemory     = 16 << 20
)

// WithDefaults returns l with its zero or impossible fields replaced.
func (l Limits) WithDefaults() Limits {
	if l.Wall <= 0 {
		l.Wall = DefaultWall
	}
	if l.Memory <= 0 {
		l.Memory = DefaultMemory
	}
	l.Memory = max(l.Memory, MinMemory)
	if l.Output <= 0 {
		l.Output = DefaultOutput
	}
	return l
}

// Management is the tenant's management API as scripts see it in the `auth0`
// object. A nil *Management means that the object's calls fail with advice.
type Management struct {
	Domain      string // `auth0.domain`, a host name
	BaseURL     string // `auth0.baseUrl`, such as https://login.example/api/v2
	AccessToken string // `auth0.accessToken`; a secret
}

// A Chain is the part of an invocation that stays the same from login to login:
// the ordered scripts bound to one trigger of one tenant, with what was granted
// to them. It is immutable once it was invoked; its address is its identity, so
// a caller that invokes the same *Chain again lets workers reuse what they
// prepared for it.
type Chain struct {
	Tenant  string
	Trigger string
	Scripts []*Script
	// Configuration is the flat `configuration` object. Its values are secrets.
	Configuration map[string]string
	Management    *Management
	Limits        Limits
	// Egress extends what scripts may dial beyond public addresses: CIDR
	// prefixes, or host:port.
	Egress []string
	// Session, if not empty, keeps `global` and caches apart from those of other
	// sessions and from production's. Chains of different sessions never share a
	// worker.
	Session string
}

// An Invocation is one trigger fired once for one transaction.
type Invocation struct {
	// Chain is nil when the caller leaves the choice to the node that holds the
	// tenant's bindings; Tenant and Trigger then say which.
	Chain           *Chain
	Tenant, Trigger string
	// ID is the transaction id, visible to scripts as an idempotency key.
	ID string
	// Args are the arguments before the callback, as JSON text. For the login
	// trigger: user, context.
	Args []json.RawMessage
	// Now, if not zero, is the fixed time that scripts see.
	Now time.Time
}

// Decision is the answer to a login.
type Decision string

const (
	Allow    Decision = "allow"
	Deny     Decision = "deny"
	Redirect Decision = "redirect"
	Fault    Decision = "fault"
)

// A Result is what one invocation left behind.
type Result struct {
	// ID is the invocation's.
	ID string
	// Decision is set by the transaction pipeline; engines leave it empty.
	Decision Decision
	// Values are the arguments as they stand after the last script (rules), or
	// what the callback was given. JSON text, each. After an error they are nil.
	Values []json.RawMessage
	// RedirectURL is context.redirect.url after the last rule, if it is a
	// string and not empty.
	RedirectURL string
	Logs        []Log
	Scripts     []ScriptUsage
	// Usage is the engine's account of the whole invocation.
	Usage Usage
}

// A Log is one line that a script wrote.
type Log struct {
	Level  string `json:"level"` // log, info, warn, error, debug
	Text   string `json:"text"`
	Script string `json:"script,omitempty"`
}

// ScriptUsage is what one script of a chain cost.
type ScriptUsage struct {
	Name string
	// Duration is from the call to the callback, waiting included.
	Duration time.Duration
	// Status is ok, or the code of the error that ended the chain here.
	Status string
}

// Usage is what an invocation cost.
type Usage struct {
	// Queue is the time before a worker took the invocation, Run the time in the
	// worker, CPU the part of Run on the processor.
	Queue, Run, CPU time.Duration
}
