package js

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

var accessMethods = []method{
	{"access.deny", onPostLogin | onPostChallenge, func(a *apiCall) goja.Value {
		reason := a.reason(0)
		a.deny("access_denied", reason, "")
		return a.emit(reason)
	}},
	{"access.deny", onCredentialsExchange, func(a *apiCall) goja.Value {
		code, reason := a.reason(0), a.reason(1)
		if !slices.Contains([]string{"invalid_scope", "invalid_request", "server_error"}, code) {
			a.warn("the code %q is none of invalid_scope, invalid_request, server_error; it becomes server_error", code)
			code = "server_error"
		}
		a.deny(code, reason, "")
		return a.emit(code, reason)
	}},
	{"access.deny", onPreRegistration, func(a *apiCall) goja.Value {
		reason, message := a.reason(0), a.reason(1)
		shown := message
		if shown == "" {
			shown = reason
		}
		a.deny("access_denied", shown, "the reason for the log: "+reason)
		return a.emit(reason, message)
	}},
	{"access.deny", onTokenExchange, func(a *apiCall) goja.Value {
		code, reason := a.reason(0), a.reason(1)
		if code == "" {
			code = "server_error"
		}
		a.deny(code, reason, "")
		return a.emit(code, reason)
	}},
	{"access.rejectInvalidSubjectToken", onTokenExchange, func(a *apiCall) goja.Value {
		reason := a.reason(0)
		a.deny("invalid_request", reason, "")
		return a.emit(reason)
	}},
	{"validation.error", onPostLogin | onPreRegistration, func(a *apiCall) goja.Value {
		code, message := a.reason(0), a.reason(1)
		a.deny(code, message, "")
		return a.emit(code, message)
	}},
}

// reserved are the claims that no script sets.
var reserved = func() map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(`acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash
		client_id cnf cty dest entitlements events exp groups gty htm htu iat internalService iss jcard jku jti jwe jwk kid
		may_act mky nbf nonce object_id org_id org_name orig origid permissions roles rph s_hash sid sip_callid sip_cseq_num
		sip_date sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm x5t#S256`) {
		m[name] = true
	}
	return m
}()

// claim sets a claim. Reserved ones are left out, as the documentation says.
func claim(a *apiCall) goja.Value {
	key := a.str(0, "the name of the claim", 0)
	if reserved[key] || strings.HasPrefix(key, "$") || strings.HasPrefix(key, "urn:auth0") {
		a.warn("the claim %s is reserved and not set", clipName(key))
		return nil
	}
	value, ok := a.json(a.arg(1), "the value of the claim "+clipName(key))
	if !ok {
		return nil
	}
	return a.emit(key, value)
}

func clipName(s string) string { return s[:min(len(s), maxName)] }

func scope(a *apiCall) goja.Value {
	s := a.str(0, "the scope", 0)
	if strings.ContainsAny(s, " \t\r\n\"\\") {
		a.bad("the scope must be one word; call it once for each scope")
	}
	return a.emit(s)
}

var claimMethods = []method{
	{"idToken.setCustomClaim", onPostLogin, claim},
	{"accessToken.setCustomClaim", onPostLogin | onCredentialsExchange, claim},
	{"accessToken.addScope", onPostLogin, scope},
	{"accessToken.removeScope", onPostLogin, scope},
	{"transaction.setMetadata", onPostLogin, setTransactionMetadata},
	{"transaction.addTargetScope", onCredentialsExchange, func(a *apiCall) goja.Value {
		s := a.str(0, "the scope", 0)
		if !slices.Contains(a.e.scopes, s) {
			a.setScopes(append(slices.Clip(a.e.scopes), s))
		}
		return a.emit(s)
	}},
	{"transaction.removeTargetScope", onCredentialsExchange, func(a *apiCall) goja.Value {
		s := a.str(0, "the scope", 0)
		a.setScopes(slices.DeleteFunc(slices.Clone(a.e.scopes), func(have string) bool { return have == s }))
		return a.emit(s)
	}},
	{"transaction.setTargetScopes", onCredentialsExchange, func(a *apiCall) goja.Value {
		list := []string{}
		for _, v := range a.list(a.arg(0), "the scopes", maxScopes) {
			s, ok := v.(goja.String)
			if !ok {
				a.bad("each scope must be a string; one is %s", kindOf(v))
			}
			list = append(list, s.String())
		}
		a.setScopes(list)
		return a.emit(json.RawMessage(a.e.scopesText()))
	}},
	{"transaction.clearTargetScopes", onCredentialsExchange, func(a *apiCall) goja.Value {
		a.setScopes([]string{})
		return a.emit()
	}},
	{"transaction.setResultUrl", onPostChallenge, func(a *apiCall) goja.Value { return a.emit(a.url(0)) }},
	{"rules.wasExecuted", onPostLogin, func(a *apiCall) goja.Value {
		return a.r.vm.ToValue(slices.Contains(a.e.rules, a.str(0, "the rule", 0)))
	}},
}

// maxScopes bounds a list of scopes.
const maxScopes = 1000

// setScopes changes event.transaction.target_scopes, which the event has live.
func (a *apiCall) setScopes(list []string) {
	if list == nil {
		list = []string{}
	}
	a.e.scopes = list
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = s
	}
	a.liveTransaction().Set("target_scopes", a.r.vm.NewArray(items...))
}

// liveTransaction is event.transaction of the action that runs.
func (a *apiCall) liveTransaction() *goja.Object {
	if o, ok := a.r.action.event.(*goja.Object); ok {
		if t, ok := o.Get("transaction").(*goja.Object); ok {
			return t
		}
	}
	return a.r.vm.NewObject() // the action took it away
}

// Bounds of a transaction's metadata: a key in UTF-16 units, a value and all values
// in bytes.
const (
	maxMetadataKey   = 64
	maxMetadataValue = 8 << 10
	maxMetadata      = 16 << 10
)

func setTransactionMetadata(a *apiCall) goja.Value {
	key := a.str(0, "the key", 0)
	if a.arg(0).(goja.String).Length() > maxMetadataKey {
		a.bad("the key is longer than %d characters", maxMetadataKey)
	}
	v := a.arg(1)
	raw := json.RawMessage("null")
	switch kindOf(v) {
	case "null", "undefined":
		v = goja.Undefined()
	case "a string", "a boolean":
		raw, _ = a.json(v, "the value")
	case "a number":
		f := v.ToFloat()
		if f != f || f > 1<<53-1 || f < -(1<<53-1) {
			a.bad("the number is not one that JSON keeps exactly")
		}
		raw, _ = a.json(v, "the value")
	default:
		a.bad("the value must be a string, a number, a boolean or null; it is %s", kindOf(v))
	}
	if len(raw) > maxMetadataValue+2 {
		a.bad("the value of %s has %d bytes; at most %d are allowed", clipName(key), len(raw), maxMetadataValue)
	}
	total := len(key) + len(raw)
	for _, f := range a.e.metadata {
		if f.key != key {
			total += len(f.key) + len(f.raw)
		}
	}
	if total > maxMetadata {
		a.bad("the metadata of the transaction would have %d bytes; at most %d are allowed", total, maxMetadata)
	}
	a.e.setMetadata(key, raw)
	if m, ok := a.liveTransaction().Get("metadata").(*goja.Object); ok {
		if goja.IsUndefined(v) {
			m.Delete(key)
		} else {
			m.Set(key, v)
		}
	}
	return a.emit(key, raw)
}

// metadata sets a member of a user's metadata; null removes it.
func metadata(a *apiCall) goja.Value {
	key := a.str(0, "the name", 0)
	value, ok := a.json(a.arg(1), "the value of "+clipName(key))
	if !ok {
		return nil
	}
	return a.emit(key, value)
}

var userMethods = []method{
	{"user.setAppMetadata", onPostLogin | onPreRegistration | onTokenExchange, metadata},
	{"user.setUserMetadata", onPostLogin | onPreRegistration | onTokenExchange, metadata},
}

// maxReason bounds why a provider did not deliver, in UTF-16 units; what is longer
// is cut.
const maxReason = 1024

func delivery(a *apiCall) goja.Value {
	reason := a.reason(0)
	if s, ok := a.r.vm.ToValue(reason).(goja.String); ok && s.Length() > maxReason {
		reason = s.Substring(0, maxReason).String()
	}
	return a.emit(reason)
}

var providerMethods = []method{
	{"notification.drop", onEmailProvider | onPhoneProvider, delivery},
	{"notification.retry", onEmailProvider | onPhoneProvider, delivery},
}

// maxSessionText bounds keys and values of the metadata of sessions and refresh
// tokens, in UTF-16 units.
const maxSessionText = 255

func sessionMetadata(a *apiCall) goja.Value {
	key := a.str(0, "the key", 0)
	if a.arg(0).(goja.String).Length() > maxSessionText {
		a.bad("the key is longer than %d characters", maxSessionText)
	}
	switch v := a.arg(1).(type) {
	case goja.String:
		if v.Length() > maxSessionText {
			a.bad("the value of %s is longer than %d characters", clipName(key), maxSessionText)
		}
		return a.emit(key, v.String())
	default:
		if !isNone(v) {
			a.bad("the value of %s must be a string or null; it is %s", clipName(key), kindOf(v))
		}
		return a.emit(key, json.RawMessage("null"))
	}
}

func expiry(a *apiCall) goja.Value { return a.emit(a.millis(0, "the time")) }

func bare(a *apiCall) goja.Value { return a.emit() }

func one(what string) func(a *apiCall) goja.Value {
	return func(a *apiCall) goja.Value { return a.emit(a.str(0, what, maxSessionText)) }
}

var sessionMethods = []method{
	{"session.revoke", onPostLogin, func(a *apiCall) goja.Value {
		reason, preserve := a.reason(0), false
		if o, ok := a.arg(1).(*goja.Object); ok {
			if v := o.Get("preserveRefreshTokens"); v != nil {
				preserve = v.ToBoolean()
			}
		}
		a.deny("access_denied", reason, "")
		return a.emit(reason, json.RawMessage(object{{"preserveRefreshTokens", map[bool][]byte{true: []byte("true"), false: []byte("false")}[preserve]}}.text()))
	}},
	{"session.setExpiresAt", onPostLogin, expiry},
	{"session.setIdleExpiresAt", onPostLogin, expiry},
	{"session.setCookieMode", onPostLogin, func(a *apiCall) goja.Value {
		mode := a.str(0, "the mode", 0)
		if mode != "persistent" && mode != "non-persistent" {
			a.bad("the mode must be persistent or non-persistent; it is %s", clipName(mode))
		}
		return a.emit(mode)
	}},
	{"session.setMetadata", onPostLogin, sessionMetadata},
	{"session.deleteMetadata", onPostLogin, one("the key")},
	{"session.evictMetadata", onPostLogin, bare},
	{"refreshToken.revoke", onPostLogin, func(a *apiCall) goja.Value {
		if a.e.known().protocol != "oauth2-refresh-token" {
			a.bad("there is a refresh token to revoke only when one is exchanged; the protocol is %q", a.e.known().protocol)
		}
		reason := a.reason(0)
		a.deny("access_denied", reason, "")
		return a.emit(reason)
	}},
	{"refreshToken.setExpiresAt", onPostLogin, expiry},
	{"refreshToken.setIdleExpiresAt", onPostLogin, expiry},
	{"refreshToken.setMetadata", onPostLogin, sessionMetadata},
	{"refreshToken.deleteMetadata", onPostLogin, one("the key")},
	{"refreshToken.evictMetadata", onPostLogin, bare},
}
