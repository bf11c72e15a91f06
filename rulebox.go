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
	"cmp"
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
	// KindModule is a CommonJS module that actions require as actions:NAME. It is
	// never part of a chain's Scripts.
	KindModule Kind = "module"
	// KindPackage is an npm package that the operator added: the body of one
	// CommonJS module. It is never part of a chain's Scripts.
	KindPackage Kind = "package"
)

// TriggerLogin is the trigger that runs a tenant's rules, then its post-login
// actions. Its arguments are user and context, and, if there are actions, an
// optional third: an object whose members replace those of the same name in the
// event that is made of user and context.
const TriggerLogin = "login"

// The triggers of actions. Their one argument is the event. TriggerPostLogin runs
// the same actions as TriggerLogin, without rules, with an event given whole.
const (
	TriggerPostLogin           = "post-login"
	TriggerCredentialsExchange = "credentials-exchange"
	TriggerPreRegistration     = "pre-user-registration"
	TriggerPostRegistration    = "post-user-registration"
	TriggerPostChangePassword  = "post-change-password"
	TriggerPostChallenge       = "password-reset-post-challenge"
	TriggerSendPhoneMessage    = "send-phone-message"
	TriggerEmailProvider       = "custom-email-provider"
	TriggerPhoneProvider       = "custom-phone-provider"
	TriggerTokenExchange       = "custom-token-exchange"
	TriggerEventStream         = "event-stream"
)

// HookPrefix begins the trigger of a hook, such as hook.pre-user-registration:
// actions have triggers of the same names. DatabasePrefix begins that of a
// database script: db.<connection>.<operation>.
const (
	HookPrefix     = "hook."
	DatabasePrefix = "db."
)

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
	// Bindings is nil, or holds for each of Scripts what it alone was granted.
	Bindings []Binding
	// Modules says which modules of the table the scripts may require.
	Modules ModulePolicy
	// Packages are the operator's packages that the scripts require.
	Packages []Package
	// Cache bounds what api.cache holds.
	Cache CacheLimits
}

// A Binding is what one script of a chain was granted beside what all share.
type Binding struct {
	// Handler is the function that is called; empty for the trigger's own. For an
	// action it names an export, such as onContinuePostLogin.
	Handler string
	// Secrets are event.secrets of an action, context.webtask.secrets of a hook.
	Secrets map[string]string
	// Dependencies are the versions of the packages that the script declares, by
	// name. A package that is not declared has the version of its kind: the newest
	// generation for actions, the oldest for other scripts.
	Dependencies map[string]string
	// Modules are what the script requires as actions:NAME.
	Modules []ActionModule
}

// An ActionModule is code that several actions share.
type ActionModule struct {
	Name string
	// Script has KindModule.
	Script       *Script
	Secrets      map[string]string // actions.secrets inside the module
	Dependencies map[string]string
}

// A ModulePolicy is a tenant's list of modules. The zero policy allows the whole
// table. Names have no version; a denial of fs also denies node:fs and fs/promises.
type ModulePolicy struct {
	// Allow, if not nil, is all that may be required. Deny is taken away from it.
	Allow, Deny []string
}

// A Package is an npm package that the operator added to the table.
type Package struct {
	Name, Version string
	// Script has KindPackage.
	Script *Script
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
	// State continues a chain that was suspended: what Result.State was. Only the
	// transaction pipeline reads it; engines read Resume, which it sets.
	State  string
	Resume *Resume
	// Cache is what api.cache holds when the chain begins. The pipeline sets it.
	Cache []CacheEntry
}

// A Resume says where a suspended chain goes on.
type Resume struct {
	// Script is the index of the action that suspended it: its onContinue handler
	// runs, then the actions after it. No rule runs.
	Script int
	// Commands are those of the chain before it was suspended, without those of
	// the cache.
	Commands []json.RawMessage
	// State is the token that the browser came back with, as the action's
	// redirect.validateToken expects it in the session token.
	State string
}

// A CacheEntry is one record of api.cache.
type CacheEntry struct {
	Key, Value string
	ExpiresAt  int64 // milliseconds since 1970
}

// CacheLimits bound what api.cache holds for one trigger of a tenant. Zero fields
// mean the default.
type CacheLimits struct {
	// Entries is how many records there may be. Default 20.
	Entries int
	// Key and Value bound each record, Total all keys and values together, in
	// bytes. Default 64, 4096 and 8192.
	Key, Value, Total int
}

// WithDefaults returns l with its zero fields replaced.
func (l CacheLimits) WithDefaults() CacheLimits {
	l.Entries, l.Key = cmp.Or(l.Entries, 20), cmp.Or(l.Key, 64)
	l.Value, l.Total = cmp.Or(l.Value, 4<<10), cmp.Or(l.Total, 8<<10)
	return l
}

// Decision is the answer to a login.
type Decision string

const (
	Allow    Decision = "allow"
	Deny     Decision = "deny"
	Redirect Decision = "redirect"
	// Suspend means that an action asked for a form or a challenge: State resumes
	// the chain when it is done.
	Suspend Decision = "suspend"
	Fault   Decision = "fault"
)

// MaxCommands is how many effects the actions of one chain may have, over all its
// parts.
const MaxCommands = 2000

// A Result is what one invocation left behind.
type Result struct {
	// ID is the invocation's.
	ID string
	// Decision is set by the transaction pipeline; engines leave it empty.
	Decision Decision
	// Values are the arguments as they stand after the last script (rules), or
	// what the callback was given. JSON text, each. After an error they are nil.
	// Of actions an engine gives none, but Commands, of which the transaction
	// pipeline makes values: user and context at the login trigger, one object,
	// the outcome's result, at any other.
	Values []json.RawMessage
	// RedirectURL is context.redirect.url after the last rule, if it is a
	// string and not empty; or where an action sent the user to.
	RedirectURL string
	// Commands are the effects that actions asked for, in order, each the JSON text
	// of an array: ["idToken.setCustomClaim","https://acme.example/plan","free"].
	// They stand beside an error too: a denial keeps the changes before it. There
	// are at most MaxCommands.
	Commands []json.RawMessage
	// Suspended is the number, from 1, of the action after which the chain was
	// suspended; 0 if it was not. The last commands say for what. Engines set it.
	Suspended int
	// State is the token that resumes a suspended chain. The pipeline sets it.
	State string
	// Status is what became of a question to a user database, such as found; see
	// package event. The directory sets it.
	Status  string
	Logs    []Log
	Scripts []ScriptUsage
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
