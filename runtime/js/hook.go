package js

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// A hookPoint is an extensibility point of hooks.
type hookPoint struct {
	// context is the index of the argument that has webtask.secrets.
	context int
	// kept turns what the callback was given into what the platform took of it;
	// nil means nothing.
	kept func(r *Realm, value []byte) []byte
	// verdict says that an error given to the callback refuses, rather than is a
	// failure: the platform waits for the answer.
	verdict bool
	// classes are the error classes that its scripts have, with the value of
	// OAuth's error parameter.
	classes map[string]string
	// plain is that of every other error.
	plain string
}

var hookPoints = map[string]hookPoint{
	"credentials-exchange": {context: 3, kept: keptToken, verdict: true, plain: "server_error", classes: map[string]string{
		"InvalidScopeError": "invalid_scope", "InvalidRequestError": "invalid_request", "ServerError": "server_error"}},
	"pre-user-registration": {context: 1, kept: keptUser, verdict: true, plain: "access_denied", classes: map[string]string{
		"PreUserRegistrationError": "access_denied"}},
	"post-user-registration": {context: 1},
	"post-change-password":   {context: 1},
	"send-phone-message":     {context: 2, classes: map[string]string{"SendPhoneMessageError": ""}},
	"password-exchange":      {context: 4, kept: keptTokens, verdict: true, plain: "server_error"},
}

// hookClasses are all error classes of hooks.
var hookClasses = []string{"InvalidScopeError", "InvalidRequestError", "ServerError", "PreUserRegistrationError", "SendPhoneMessageError"}

// isHookClass reports whether the name is a global of the realm's hook.
func (r *Realm) isHookClass(name string) bool {
	return r.isHook() && slices.Contains(hookClasses, name)
}

func (r *Realm) hookClass(name string) goja.Value {
	f, _ := goja.AssertFunction(r.fromPrelude("hookError"))
	v, err := f(goja.Undefined(), r.vm.ToValue(name))
	rethrow(err)
	return v
}

func (r *Realm) isHook() bool {
	return r.first < r.end && r.progs[r.first].Script.Kind == rulebox.KindHook
}

// point is the extensibility point that the realm's hook runs at.
func (r *Realm) point() (p hookPoint, ok bool) {
	if !r.isHook() {
		return p, false
	}
	name, _ := strings.CutPrefix(r.chain.Trigger, rulebox.HookPrefix)
	p, ok = hookPoints[name]
	return p, ok
}

// hookArgs puts the hook's secrets where hooks read them: context.webtask.secrets.
func (r *Realm) hookArgs(args []goja.Value) error {
	if !r.isHook() {
		return nil
	}
	p, ok := r.point()
	if !ok {
		p.context = len(args) - 1
	}
	if p.context < 0 || p.context >= len(args) {
		return nil
	}
	return r.guard(func() {
		context, ok := args[p.context].(*goja.Object)
		if !ok {
			if !isNone(args[p.context]) {
				return
			}
			context = r.vm.NewObject()
			args[p.context] = context
		}
		webtask, ok := context.Get("webtask").(*goja.Object)
		if !ok {
			webtask = r.vm.NewObject()
			context.Set("webtask", webtask)
		}
		webtask.Set("secrets", r.stringsObject(r.binding(r.first).Secrets))
	})
}

// hookResult keeps of what the hook gave what the platform took.
func (r *Realm) hookResult(res *rulebox.Result) *rulebox.Error {
	p, ok := r.point()
	if !ok {
		return nil
	}
	var value []byte
	if len(res.Values) > 0 {
		value = res.Values[0]
	}
	res.Values = nil
	if p.kept != nil {
		res.Values = []json.RawMessage{p.kept(r, value)}
	}
	return nil
}

// keptUser is {user: {user_metadata, app_metadata}}.
func keptUser(r *Realm, value []byte) []byte {
	user := part(part(value).get("user"))
	var o object
	for _, f := range user {
		switch {
		case f.key != "user_metadata" && f.key != "app_metadata":
			r.log("warn", "user."+clipName(f.key)+" is left out: a hook before registration can set user_metadata and app_metadata")
		case isObject(f.raw):
			o.set(f.key, f.raw)
		default:
			r.log("warn", "user."+f.key+" is left out: it is no object")
		}
	}
	return object{{"user", o.text()}}.text()
}

// keptToken is an access token: its scope, and claims whose name is a URL.
func keptToken(r *Realm, value []byte) []byte {
	var o object
	for _, f := range part(value) {
		switch {
		case f.key == "scope":
			list := jsonscan.Elements(f.raw)
			if list == nil || slices.ContainsFunc(list, func(v []byte) bool { return v[0] != '"' }) {
				r.log("warn", "scope is left out: it must be an array of strings")
				continue
			}
			o.set(f.key, f.raw)
		case strings.HasPrefix(f.key, "https://"), strings.HasPrefix(f.key, "http://"):
			o.set(f.key, f.raw)
		default:
			r.log("warn", "the claim "+clipName(f.key)+" is left out: its name must be a URL")
		}
	}
	return o.text()
}

// keptTokens is {accessToken, idToken}, of a point that was retired.
func keptTokens(r *Realm, value []byte) []byte {
	var o object
	for _, name := range []string{"accessToken", "idToken"} {
		if raw := part(value).get(name); isObject(raw) {
			o.set(name, keptToken(r, raw))
		}
	}
	return o.text()
}

// hookRefusal fills in what an error that a hook gave or threw means at its point.
func (r *Realm) hookRefusal(e *rulebox.Error, v goja.Value, given bool) {
	p, ok := r.point()
	if !ok {
		return
	}
	oauth, known := p.classes[e.Name]
	if !known {
		oauth = p.plain
	}
	switch {
	case !p.verdict:
		e.Code = rulebox.CodeThrew
	case given || known:
		e.Code, e.OAuth = rulebox.CodeDenied, oauth
	}
	o, isObject := v.(*goja.Object)
	if !known || !isObject {
		return
	}
	r.guard(func() {
		if s, ok := o.Get("friendlyMessage").(goja.String); ok && s.Length() > 0 {
			e.Hint = strings.TrimPrefix(e.Hint+"; the reason for the log: "+e.Message, "; ")
			e.Message = clip(s, maxMessage)
		}
	})
}
