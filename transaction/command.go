package transaction

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// A command is one effect that an action asked for.
type command struct {
	name string
	args []json.RawMessage
	text json.RawMessage
}

// arg returns the argument, nil if it is missing or null.
func (c *command) arg(i int) json.RawMessage {
	if i >= len(c.args) || isNull(c.args[i]) {
		return nil
	}
	return c.args[i]
}

func (c *command) str(i int) string { return textOf(c.arg(i)) }

// A set of triggers of actions.
type triggers uint16

const (
	onLogin triggers = 1 << iota
	onCredentials
	onPreRegistration
	onChallenge
	onExchange
	onEmail
	onPhone
	onOther
	everywhere triggers = 1<<iota - 1
)

func triggerSet(name string) triggers {
	switch name {
	case rulebox.TriggerLogin, rulebox.TriggerPostLogin:
		return onLogin
	case rulebox.TriggerCredentialsExchange:
		return onCredentials
	case rulebox.TriggerPreRegistration:
		return onPreRegistration
	case rulebox.TriggerPostChallenge:
		return onChallenge
	case rulebox.TriggerTokenExchange:
		return onExchange
	case rulebox.TriggerEmailProvider:
		return onEmail
	case rulebox.TriggerPhoneProvider:
		return onPhone
	case rulebox.TriggerPostRegistration, rulebox.TriggerPostChangePassword, rulebox.TriggerSendPhoneMessage, rulebox.TriggerEventStream:
		return onOther
	}
	return 0
}

// A form is what a command may look like. Engines check what scripts give them;
// this is checked again because a worker that was taken over says what it likes.
type form struct {
	on triggers
	// args are the checks of the arguments; the last optional ones may be missing
	// or null.
	args     []check
	optional int
}

// A check says what is wrong with an argument, "" if it may be.
type check func(json.RawMessage) string

const (
	// maxText bounds a text, in bytes. The engine bounds most far tighter, in words
	// for their author.
	maxText = 1 << 20
	// maxCacheKey and maxCacheValue are the most that a tenant's settings allow.
	maxCacheKey   = 256 << 10
	maxCacheValue = 256 << 10
)

func text(limit int) check {
	return func(v json.RawMessage) string {
		var s string
		if len(v) == 0 || v[0] != '"' || json.Unmarshal(v, &s) != nil {
			return "is not a string"
		}
		if len(s) > limit {
			return fmt.Sprintf("is longer than %d bytes", limit)
		}
		return ""
	}
}

func oneOf(words ...string) check {
	return func(v json.RawMessage) string {
		if !slices.Contains(words, textOf(v)) {
			return "is none of " + strings.Join(words, ", ")
		}
		return ""
	}
}

func value(json.RawMessage) string { return "" }

func starts(what string, with string) check {
	return func(v json.RawMessage) string {
		if len(v) == 0 || !strings.ContainsRune(with, rune(v[0])) {
			return "is not " + what
		}
		return ""
	}
}

var (
	key      = text(maxText)
	reason   = text(maxText)
	object_  = starts("an object", "{")
	array    = starts("an array", "[")
	number   = starts("a number", "-0123456789")
	boolean  = starts("a boolean", "tf")
	scalar   = starts("a string, number, boolean or null", `"-0123456789tfn`)
	absolute = check(func(v json.RawMessage) string {
		if what := unfit(textOf(v)); what != "" {
			return "cannot be: " + what
		}
		return ""
	})
)

// isOAuth reports whether s can be the value of OAuth's error parameter (RFC
// 6749, section 5.2).
func isOAuth(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// forms are all the commands there are.
var forms = map[string]form{
	"access.deny":                      {on: onLogin | onCredentials | onPreRegistration | onChallenge | onExchange, args: []check{reason, reason}, optional: 2},
	"access.rejectInvalidSubjectToken": {on: onExchange, args: []check{reason}},
	"validation.error":                 {on: onLogin | onPreRegistration, args: []check{reason, reason}, optional: 2},
	"accessToken.setCustomClaim":       {on: onLogin | onCredentials, args: []check{key, value}, optional: 1},
	"accessToken.addScope":             {on: onLogin, args: []check{key}},
	"accessToken.removeScope":          {on: onLogin, args: []check{key}},
	"idToken.setCustomClaim":           {on: onLogin, args: []check{key, value}, optional: 1},

	"authentication.challengeWith":       {on: onLogin | onChallenge, args: []check{object_, object_}, optional: 1},
	"authentication.challengeWithAny":    {on: onLogin | onChallenge, args: []check{array}},
	"authentication.enrollWith":          {on: onLogin | onChallenge, args: []check{object_, object_}, optional: 1},
	"authentication.enrollWithAny":       {on: onLogin | onChallenge, args: []check{array}},
	"authentication.recordMethod":        {on: onLogin, args: []check{absolute}},
	"authentication.setPrimaryUser":      {on: onLogin, args: []check{text(512)}},
	"authentication.setUserById":         {on: onExchange, args: []check{key}},
	"authentication.setUserByConnection": {on: onExchange, args: []check{key, object_, object_}, optional: 1},
	"authentication.setOrganization":     {on: onExchange, args: []check{key}},
	"authentication.setActor":            {on: onExchange, args: []check{object_}},
	"multifactor.enable":                 {on: onLogin, args: []check{key, object_}, optional: 1},

	"redirect.sendUserTo":      {on: onLogin | onChallenge, args: []check{absolute, object_}, optional: 1},
	"prompt.render":            {on: onLogin | onChallenge, args: []check{key, object_}, optional: 1},
	"transaction.setResultUrl": {on: onChallenge, args: []check{absolute, object_}, optional: 1},

	"user.setAppMetadata":  {on: onLogin | onPreRegistration | onExchange, args: []check{key, value}, optional: 1},
	"user.setUserMetadata": {on: onLogin | onPreRegistration | onExchange, args: []check{key, value}, optional: 1},

	"samlResponse.setAttribute": {on: onLogin, args: []check{key, value}, optional: 1},

	"refreshToken.revoke":           {on: onLogin, args: []check{reason}, optional: 1},
	"refreshToken.setExpiresAt":     {on: onLogin, args: []check{number}},
	"refreshToken.setIdleExpiresAt": {on: onLogin, args: []check{number}},
	"refreshToken.setMetadata":      {on: onLogin, args: []check{key, value}, optional: 1},
	"refreshToken.deleteMetadata":   {on: onLogin, args: []check{key}},
	"refreshToken.evictMetadata":    {on: onLogin},
	"session.revoke":                {on: onLogin, args: []check{reason, object_}, optional: 2},
	"session.setExpiresAt":          {on: onLogin, args: []check{number}},
	"session.setIdleExpiresAt":      {on: onLogin, args: []check{number}},
	"session.setCookieMode":         {on: onLogin, args: []check{oneOf("persistent", "non-persistent")}},
	"session.setMetadata":           {on: onLogin, args: []check{key, value}, optional: 1},
	"session.deleteMetadata":        {on: onLogin, args: []check{key}},
	"session.evictMetadata":         {on: onLogin},

	"transaction.setMetadata":       {on: onLogin, args: []check{key, scalar}, optional: 1},
	"transaction.addTargetScope":    {on: onCredentials, args: []check{key}},
	"transaction.removeTargetScope": {on: onCredentials, args: []check{key}},
	"transaction.setTargetScopes":   {on: onCredentials, args: []check{array}},
	"transaction.clearTargetScopes": {on: onCredentials},

	"notification.drop":  {on: onEmail | onPhone, args: []check{reason}, optional: 1},
	"notification.retry": {on: onEmail | onPhone, args: []check{reason}, optional: 1},

	"cache.set":    {on: everywhere, args: []check{text(maxCacheKey), text(maxCacheValue), number}},
	"cache.delete": {on: everywhere, args: []check{text(maxCacheKey)}},
}

// samlSettings are the setters of api.samlResponse beside setAttribute, with what
// they set in context.samlConfiguration.
var samlSettings = map[string]string{}

func init() {
	for names, c := range map[string]check{
		"Audience Recipient Destination Issuer SigningCert EncryptionCert EncryptionPublicKey Cert Key NameIdentifierFormat AuthnContextClassRef RelayState": text(16 << 10),
		"CreateUpnClaim PassthroughClaimsWithNoMapping MapUnknownClaimsAsIs MapIdentities SignResponse IncludeAttributeNameFormat TypedAttributes":           boolean,
		"SignatureAlgorithm":   oneOf("rsa-sha256", "rsa-sha1"),
		"DigestAlgorithm":      oneOf("sha256", "sha1"),
		"EncryptionAlgorithm":  oneOf("aes256-gcm", "aes256-cbc"),
		"LifetimeInSeconds":    number,
		"NameIdentifierProbes": array,
	} {
		for name := range strings.FieldsSeq(names) {
			member := strings.ToLower(name[:1]) + name[1:]
			if name == "RelayState" {
				member = name
			}
			samlSettings["samlResponse.set"+name] = member
			forms["samlResponse.set"+name] = form{on: onLogin, args: []check{c}, optional: 1}
		}
	}
}

// parseCommands reads what a worker answered. Chains of other scripts than
// actions have only those of the cache. The error has CodeInternal, for no engine
// of ours says such things.
func parseCommands(trigger string, texts []json.RawMessage) ([]command, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	on := triggerSet(trigger)
	if len(texts) > rulebox.MaxCommands {
		return nil, tooMany(len(texts))
	}
	commands := make([]command, 0, len(texts))
	for i, text := range texts {
		c, what := parseCommand(on, text)
		if what != "" {
			if _, known := forms[c.name]; !known {
				c.name = "" // a worker that was taken over could say a password here, for the log
			}
			return nil, rulebox.Errorf(rulebox.CodeInternal, "what the actions asked for could not be understood").
				WithHint("the node's log has the cause").
				WithCause(fmt.Errorf("transaction: command %d of %d at %s, %.80q, %s", i+1, len(texts), trigger, c.name, what))
		}
		commands = append(commands, c)
	}
	return commands, nil
}

func tooMany(n int) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeMemory, "the actions asked for %d changes; at most %d can be made in one transaction", n, rulebox.MaxCommands).
		WithHint("look for a call of api in a loop")
}

// parseCommand returns the command, or what is wrong with it.
func parseCommand(on triggers, text json.RawMessage) (c command, what string) {
	var parts []json.RawMessage
	if json.Unmarshal(text, &parts) != nil || len(parts) == 0 {
		return c, "is not an array"
	}
	c = command{name: textOf(parts[0]), args: parts[1:], text: text}
	f, known := forms[c.name]
	cached := c.name == "cache.set" || c.name == "cache.delete"
	switch {
	case !known:
		return c, "is unknown"
	case f.on&on == 0 && !cached:
		return c, "does not belong to this trigger"
	case len(c.args) > len(f.args):
		return c, "has too many arguments"
	}
	for i, check := range f.args {
		if i >= len(f.args)-f.optional && c.arg(i) == nil {
			continue
		}
		if i >= len(c.args) {
			return c, fmt.Sprintf("lacks its argument %d", i+1)
		}
		if what := check(c.args[i]); what != "" {
			return c, fmt.Sprintf("has an argument %d that %s", i+1, what)
		}
	}
	return c, ""
}

// withQuery returns the URL with the members of options.query in its query, each
// in place of one of that name.
func withQuery(to string, options json.RawMessage) string {
	query, _ := objectOf(at(options, "query"))
	var set []parameter
	for _, m := range query.members {
		v := string(m.value)
		if len(v) > 0 && v[0] == '"' {
			v = textOf(m.value)
		}
		set = append(set, parameter{m.key, v})
	}
	return setQuery(to, set...)
}

// A parameter is one of a query.
type parameter struct{ name, value string }

// setQuery returns the URL with the parameters, each in place of those of its name.
// What else is in its query stays as it is written. It gives up where the URL is
// longer than any that is of use.
func setQuery(to string, set ...parameter) string {
	if len(set) == 0 {
		return to
	}
	names := make(map[string]bool, len(set))
	for _, p := range set {
		names[p.name] = true
	}
	to, fragment, hasFragment := strings.Cut(to, "#")
	path, query, _ := strings.Cut(to, "?")
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		k, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(k); err == nil {
			k = plain
		}
		if part != "" && !names[k] {
			kept = append(kept, part)
		}
	}
	size := len(to)
	for _, p := range set {
		kept = append(kept, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
		if size += len(kept[len(kept)-1]); size > 2*maxURL {
			break
		}
	}
	to = path + "?" + strings.Join(kept, "&")
	if hasFragment {
		to += "#" + fragment
	}
	return to
}
