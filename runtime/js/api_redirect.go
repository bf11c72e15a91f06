package js

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// cannotRedirect are protocols without a browser to send away.
var cannotRedirect = []string{"oauth2-refresh-token", "oauth2-resource-owner", "oauth2-resource-owner-jwt-bearer", "oauth2-password",
	"oauth2-access-token", "oauth2-token-exchange", "oauth2-webauthn", "oidc-ciba", "wstrust-usernamemixed"}

func (e *effects) canRedirect() bool {
	return !slices.Contains(cannotRedirect, e.known().protocol) && !slices.Contains(e.known().prompt, "none") && textOf(e.known().query.get("prompt")) != "none"
}

var redirectMethods = []method{
	{"redirect.sendUserTo", onPostLogin | onPostChallenge, func(a *apiCall) goja.Value {
		to := a.url(0)
		a.e.suspended, a.e.redirect = true, to
		return a.emit(to)
	}},
	{"redirect.canRedirect", onPostLogin, func(a *apiCall) goja.Value { return a.r.vm.ToValue(a.e.canRedirect()) }},
	{"redirect.encodeToken", onPostLogin | onPostChallenge, encodeToken},
	{"redirect.validateToken", onPostLogin | onPostChallenge, validateToken},
}

// defaultExpiry is how long a session token holds, in seconds.
const defaultExpiry = 900

// encodeToken returns a session token: a JWT, signed with HS256, for the site that
// the user is sent to. Members of the payload take the place of the standard
// claims.
func encodeToken(a *apiCall) goja.Value {
	o := a.object(0, "the options")
	if o == nil {
		a.bad("the options must be an object {secret, payload}")
	}
	secret := a.secret(o)
	expires := float64(defaultExpiry)
	if v := o.Get("expiresInSeconds"); !isNone(v) {
		if expires = v.ToFloat(); kindOf(v) != "a number" || math.IsNaN(expires) || expires <= 0 {
			a.bad("expiresInSeconds must be a number above 0; it is %s", kindOf(v))
		}
	}
	now := a.r.now()
	claims := object{
		{"iss", appendQuoted(nil, a.e.known().hostname)},
		{"iat", fmt.Append(nil, now.Unix())},
		{"exp", fmt.Append(nil, now.Add(seconds(expires)).Unix())},
		{"sub", appendQuoted(nil, a.e.known().userID)},
		{"ip", appendQuoted(nil, a.e.known().ip)},
	}
	if v := o.Get("payload"); !isNone(v) {
		if kindOf(v) != "an object" {
			a.bad("payload must be an object; it is %s", kindOf(v))
		}
		text, _ := a.json(v, "the payload")
		more, err := fieldsOf(text)
		if err != nil {
			a.bad("payload must be an object")
		}
		for _, f := range more {
			claims.set(f.key, f.raw)
		}
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims.text())
	return a.r.vm.ToValue(signed + "." + base64.RawURLEncoding.EncodeToString(sign(secret, signed)))
}

func (a *apiCall) secret(o *goja.Object) string {
	s, ok := o.Get("secret").(goja.String)
	if !ok || s.Length() == 0 {
		a.bad("secret must be a string that is not empty; it is %s", kindOf(o.Get("secret")))
	}
	return s.String()
}

func sign(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// validateToken returns the claims of the session token that the browser came back
// with. What is wrong with it is thrown, in the words of the original.
func validateToken(a *apiCall) goja.Value {
	if !a.e.continuing {
		a.bad("it can be called only in %s, after a redirect", a.e.trigger.resume)
	}
	o := a.object(0, "the options")
	if o == nil {
		a.bad("the options must be an object {secret}")
	}
	secret, name := a.secret(o), "session_token"
	if v := o.Get("tokenParameterName"); !isNone(v) {
		s, ok := v.(goja.String)
		if !ok || s.Length() == 0 {
			a.bad("tokenParameterName must be a string; it is %s", kindOf(v))
		}
		name = s.String()
	}
	token := textOf(a.e.known().body.get(name))
	if token == "" {
		token = textOf(a.e.known().query.get(name))
	}
	if token == "" {
		panic(a.r.newError("Error", fmt.Sprintf("There is no parameter called '%s' available in either the POST body or query string.", clipName(name))))
	}
	claims, why := a.checkToken(secret, token)
	if why != "" {
		panic(a.r.newError("Error", "The session token is invalid: "+why))
	}
	return a.r.parsed(string(claims.text()))
}

func (a *apiCall) checkToken(secret, token string) (claims object, why string) {
	parts := strings.Split(token, ".")
	const broken = "Failed signature validation"
	if len(parts) != 3 {
		return nil, broken
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(mac, sign(secret, parts[0]+"."+parts[1])) {
		return nil, broken
	}
	head, payload := jwtPart(parts[0]), jwtPart(parts[1])
	switch {
	case textOf(head.get("alg")) != "HS256":
		return nil, broken
	case !strings.EqualFold(textOf(head.get("typ")), "JWT"):
		return nil, "Unexpected token payload type"
	case textOf(payload.get("state")) == "" || a.e.resume == nil || textOf(payload.get("state")) != a.e.resume.State:
		return nil, "State in the token does not match the /continue state."
	}
	exp, ok := number(payload.get("exp"))
	_, iat := number(payload.get("iat"))
	switch {
	case !ok || !iat || textOf(payload.get("sub")) == "" || textOf(payload.get("iss")) == "":
		return nil, "Missing or invalid standard claims"
	case textOf(payload.get("sub")) != a.e.known().userID:
		return nil, "The sub claim does not match the user_id."
	case float64(a.r.now().Unix()) >= exp:
		return nil, "Token has expired."
	}
	return payload, ""
}

func jwtPart(text string) object {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return part(b)
}

func number(raw []byte) (float64, bool) {
	var f float64
	if len(raw) == 0 || raw[0] == 'n' || json.Unmarshal(raw, &f) != nil {
		return 0, false
	}
	return f, true
}
