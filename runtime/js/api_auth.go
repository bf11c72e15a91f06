package js

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// Types of factors.
var (
	challenges  = []string{"otp", "recovery-code", "email", "push-notification", "phone", "webauthn-platform", "webauthn-roaming"}
	enrollments = []string{"otp", "phone", "push", "push-notification", "webauthn-platform", "webauthn-roaming", "recovery-code"}
	mfas        = []string{"any", "none", "guardian", "google-authenticator", "duo"}
)

// Bounds of the authentication's calls.
const (
	maxFactors = 20
	maxUserID  = 128
)

// factor returns v as a factor of one of the types: {type, options?}.
func (a *apiCall) factor(v goja.Value, types []string) (text json.RawMessage, kind string) {
	o, ok := v.(*goja.Object)
	if !ok || isFunctionValue(o) {
		a.bad("a factor must be an object {type: …}; it is %s", kindOf(v))
	}
	s, ok := o.Get("type").(goja.String)
	if !ok {
		a.bad("the factor's type must be a string; it is %s", kindOf(o.Get("type")))
	}
	if kind = s.String(); !slices.Contains(types, kind) {
		hint := ""
		if near := closest(clipName(kind), types); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		a.bad("the factor's type %q is none of %s%s", clipName(kind), strings.Join(types, ", "), hint)
	}
	text, _ = a.json(o, "the factor")
	return text, kind
}

// factors is a list of factors, without those that have is of: what is done
// already is ignored.
func (a *apiCall) factors(v goja.Value, what string, types, have []string) [][]byte {
	var list [][]byte
	for _, f := range a.list(v, what, maxFactors) {
		if text, kind := a.factor(f, types); !slices.Contains(have, kind) {
			list = append(list, text)
		}
	}
	return list
}

// askFor suspends the chain until the user has done with one factor what the
// method asks for.
func (a *apiCall) askFor(types, have []string) goja.Value {
	first, kind := a.factor(a.arg(0), types)
	var more [][]byte
	if o := a.object(1, "the options"); o != nil {
		if v := o.Get("additionalFactors"); !isNone(v) {
			more = a.factors(v, "additionalFactors", types, have)
		}
	}
	if slices.Contains(have, kind) {
		return nil // done
	}
	a.e.suspended = true
	if len(more) == 0 {
		return a.emit(json.RawMessage(first))
	}
	return a.emit(json.RawMessage(first), json.RawMessage(object{{"additionalFactors", arrayOf(more)}}.text()))
}

// askForAny is askFor with a choice.
func (a *apiCall) askForAny(types, have []string) goja.Value {
	all := a.list(a.arg(0), "the factors", maxFactors)
	if len(all) == 0 {
		a.bad("the list of factors is empty")
	}
	list := a.factors(a.arg(0), "the factors", types, have)
	if len(list) < len(all) {
		return nil // one of them is done
	}
	a.e.suspended = true
	return a.emit(json.RawMessage(arrayOf(list)))
}

var authenticationMethods = []method{
	{"authentication.challengeWith", onPostLogin | onPostChallenge, func(a *apiCall) goja.Value { return a.askFor(challenges, a.e.known().methods) }},
	{"authentication.challengeWithAny", onPostLogin | onPostChallenge, func(a *apiCall) goja.Value { return a.askForAny(challenges, a.e.known().methods) }},
	{"authentication.enrollWith", onPostLogin, func(a *apiCall) goja.Value { return a.askFor(enrollments, a.e.known().factors) }},
	{"authentication.enrollWithAny", onPostLogin, func(a *apiCall) goja.Value { return a.askForAny(enrollments, a.e.known().factors) }},
	{"authentication.recordMethod", onPostLogin, func(a *apiCall) goja.Value {
		if !a.e.continuing {
			a.bad("it can be called only in onContinuePostLogin, after a redirect")
		}
		text := a.str(0, "the URL", maxRedirect)
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			a.bad("the name of the method must be a URL that begins with https:// or http://")
		}
		return a.emit(text)
	}},
	{"authentication.setPrimaryUser", onPostLogin, func(a *apiCall) goja.Value {
		id := a.str(0, "the user id", maxUserID)
		if a.e.primary {
			a.bad("it can be called only once in a transaction")
		}
		a.e.primary = true
		return a.emit(id)
	}},
	{"authentication.setUserById", onTokenExchange, func(a *apiCall) goja.Value {
		id := a.str(0, "the user id", 0)
		a.chooseUser()
		return a.emit(id)
	}},
	{"authentication.setUserByConnection", onTokenExchange, setUserByConnection},
	{"authentication.setOrganization", onTokenExchange, func(a *apiCall) goja.Value { return a.emit(a.str(0, "the organization", 0)) }},
	{"authentication.setActor", onTokenExchange, func(a *apiCall) goja.Value {
		o := a.object(0, "the actor")
		if o == nil {
			a.bad("the actor must be an object {sub: …}")
		}
		a.actor(o, 1)
		text, _ := a.json(o, "the actor")
		return a.emit(text)
	}},
	{"multifactor.enable", onPostLogin, enableMultifactor},
	{"prompt.render", onPostLogin | onPostChallenge, func(a *apiCall) goja.Value {
		id, options := a.str(0, "the form's id", maxSessionText), json.RawMessage("{}")
		if o := a.object(1, "the options"); o != nil {
			for _, k := range []string{"fields", "vars"} {
				if v := o.Get(k); !isNone(v) && kindOf(v) != "an object" {
					a.bad("%s must be an object; it is %s", k, kindOf(v))
				}
			}
			options, _ = a.json(o, "the options")
		}
		a.e.suspended = true
		return a.emit(id, options)
	}},
}

func (a *apiCall) chooseUser() {
	if a.e.user {
		a.bad("the user was set before: call setUserById or setUserByConnection, once")
	}
	a.e.user = true
}

// profile are the attributes of setUserByConnection, and whether they are booleans.
var profile = map[string]bool{
	"user_id": false, "email": false, "email_verified": true, "username": false, "phone_number": false, "phone_verified": true,
	"name": false, "given_name": false, "family_name": false, "nickname": false, "picture": false, "verify_email": true,
}

func setUserByConnection(a *apiCall) goja.Value {
	connection, attributes, options := a.str(0, "the connection", 0), a.object(1, "the attributes"), a.object(2, "the options")
	if attributes == nil {
		a.bad("the attributes must be an object with a user_id")
	}
	if s, ok := attributes.Get("user_id").(goja.String); !ok || s.Length() == 0 {
		a.bad("user_id must be a string that is not empty; it is %s", kindOf(attributes.Get("user_id")))
	}
	for _, k := range attributes.Keys() {
		boolean, known := profile[k]
		v := attributes.Get(k)
		switch {
		case !known:
			a.bad("%s is no attribute of a user here: known are %s", clipName(k), strings.Join(sortedKeys(profile), ", "))
		case isNone(v):
		case boolean && kindOf(v) != "a boolean":
			a.bad("%s must be true or false; it is %s", k, kindOf(v))
		case !boolean && kindOf(v) != "a string":
			a.bad("%s must be a string; it is %s", k, kindOf(v))
		}
	}
	if options == nil {
		a.bad("the options must be an object {creationBehavior, updateBehavior}")
	}
	for k, values := range map[string][]string{"creationBehavior": {"create_if_not_exists", "none"}, "updateBehavior": {"replace", "none"}} {
		if s, ok := options.Get(k).(goja.String); !ok || !slices.Contains(values, s.String()) {
			a.bad("%s must be %s", k, strings.Join(values, " or "))
		}
	}
	text, _ := a.json(attributes, "the attributes")
	behavior, _ := a.json(options, "the options")
	a.chooseUser()
	return a.emit(connection, text, behavior)
}

// Bounds of an actor: how deep they nest, and how many members each has beside sub
// and act.
const (
	maxActors  = 5
	maxActorOf = 5
)

func (a *apiCall) actor(o *goja.Object, level int) {
	if level > maxActors {
		a.bad("actors nest at most %d levels deep", maxActors)
	}
	if s, ok := o.Get("sub").(goja.String); !ok || s.Length() == 0 {
		a.bad("sub of the actor must be a string that is not empty; it is %s", kindOf(o.Get("sub")))
	}
	extra := 0
	for _, k := range o.Keys() {
		v := o.Get(k)
		switch {
		case k == "sub" || isNone(v):
		case k == "act":
			inner, ok := v.(*goja.Object)
			if !ok {
				a.bad("act must be an object; it is %s", kindOf(v))
			}
			a.actor(inner, level+1)
		default:
			extra++
			switch kindOf(v) {
			case "a string", "a boolean", "a number":
			default:
				a.bad("%s of the actor must be a string, a number or a boolean; it is %s", clipName(k), kindOf(v))
			}
		}
	}
	if extra > maxActorOf {
		a.bad("an actor has at most %d members beside sub and act", maxActorOf)
	}
}

func enableMultifactor(a *apiCall) goja.Value {
	provider := a.str(0, "the provider", 0)
	if !slices.Contains(mfas, provider) {
		a.bad("the provider %q is none of %s", clipName(provider), strings.Join(mfas, ", "))
	}
	o := a.object(1, "the options")
	if o == nil {
		return a.emit(provider)
	}
	if v := o.Get("allowRememberBrowser"); !isNone(v) && kindOf(v) != "a boolean" {
		a.bad("allowRememberBrowser must be true or false; it is %s", kindOf(v))
	}
	if v := o.Get("providerOptions"); !isNone(v) && kindOf(v) != "an object" {
		a.bad("providerOptions must be an object; it is %s", kindOf(v))
	}
	text, _ := a.json(o, "the options")
	return a.emit(provider, text)
}
