package js

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// givenEvent is an event that the caller gave whole.
func givenEvent(args []json.RawMessage) (object, error) {
	if len(args) == 0 || len(args[0]) == 0 {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the event is missing").WithHint("give the event of the trigger as the one argument")
	}
	e, err := fieldsOf(args[0])
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the event is not a JSON object").WithCause(err)
	}
	return e, nil
}

// loginEvent makes the event of a login of user and context as rules know them.
// The members of a third argument take the place of those of the same name.
func loginEvent(args []json.RawMessage) (object, error) {
	if len(args) < 2 {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "user and context are missing: actions of a login need both")
	}
	user, err := fieldsOf(args[0])
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "user is not a JSON object").WithCause(err)
	}
	c, err := fieldsOf(args[1])
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "context is not a JSON object").WithCause(err)
	}
	query := part(part(c.get("request")).get("query"))
	var e object
	e.set("authentication", authentication(c))
	e.move("authorization", c, "authorization")
	e.set("client", renamed(c, []string{"client_id", "clientID", "name", "clientName", "metadata", "clientMetadata"}))
	e.set("connection", renamed(c, []string{"id", "connectionID", "name", "connection", "strategy", "connectionStrategy", "metadata", "connectionMetadata"}))
	e.move("organization", c, "organization")
	e.set("request", request(c))
	if audience := query.get("audience"); textOf(audience) != "" {
		e.set("resource_server", object{{"identifier", audience}}.text())
	}
	e.set("session", session(c))
	stats := part(c.get("stats"))
	count := stats.get("loginsCount")
	if count == nil {
		count = []byte("0")
	}
	e.set("stats", object{{"logins_count", count}}.text())
	if t := c.get("tenant"); t != nil {
		e.set("tenant", object{{"id", t}}.text())
	}
	e.set("transaction", transaction(c, query))
	e.set("user", eventUser(user, args[0]))
	if len(args) > 2 && string(args[2]) != "null" {
		over, err := fieldsOf(args[2])
		if err != nil {
			return nil, rulebox.Errorf(rulebox.CodeInvalid, "event is not a JSON object").WithCause(err)
		}
		for _, f := range over {
			e.set(f.key, f.raw)
		}
	}
	return e, nil
}

// renamed makes an object of members of c: pairs of new and old name. It is nil if
// there are none. The last pair is metadata, which is never absent.
func renamed(c object, pairs []string) []byte {
	var o object
	for i := 0; i < len(pairs); i += 2 {
		o.move(pairs[i], c, pairs[i+1])
	}
	if len(o) == 0 {
		return nil
	}
	o.lack("metadata", "{}")
	return o.text()
}

// eventUser is the user without the tokens of other providers, which actions do
// not get. Text is the user's own.
func eventUser(user object, text []byte) []byte {
	u, changed := make(object, 0, len(user)+3), false
	for _, f := range user {
		if f.key == "identities" {
			clean := identities(f.raw)
			changed = changed || len(clean) != len(f.raw)
			f.raw = clean
		}
		u = append(u, f)
	}
	for _, m := range [...][2]string{{"app_metadata", "{}"}, {"user_metadata", "{}"}, {"identities", "[]"}} {
		if v := u.get(m[0]); v == nil || string(v) == "null" {
			u.set(m[0], []byte(m[1]))
			changed = true
		}
	}
	if !changed {
		return text
	}
	return u.text()
}

func identities(text []byte) []byte {
	if !bytes.Contains(text, []byte("token")) && !bytes.Contains(text, []byte("expires_in")) && bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	list := jsonscan.Elements(text)
	for i, v := range list {
		if !isObject(v) {
			continue
		}
		var id object
		for _, f := range part(v) {
			switch f.key {
			case "access_token", "access_token_secret", "refresh_token", "expires_in":
			default:
				id = append(id, f)
			}
		}
		list[i] = id.text()
	}
	if list == nil {
		return text
	}
	return arrayOf(list)
}

// authentication is that of the context, with times as actions have them, and with
// the assessment of risks.
func authentication(c object) []byte {
	a, risk := part(c.get("authentication")), c.get("riskAssessment")
	if a == nil && risk == nil {
		return nil
	}
	methods := jsonscan.Elements(a.get("methods"))
	for i, m := range methods {
		o := part(m)
		if at, err := strconv.ParseFloat(string(o.get("timestamp")), 64); err == nil && isObject(m) {
			o.set("timestamp", appendQuoted(nil, timeOf(at).UTC().Format("2006-01-02T15:04:05.000Z")))
			methods[i] = o.text()
		}
	}
	a.set("methods", arrayOf(methods))
	a.set("riskAssessment", risk)
	return a.text()
}

// timeOf reads seconds or milliseconds since 1970: rules have had both.
func timeOf(n float64) time.Time {
	if n > 1e11 || n < -1e11 {
		n /= 1000
	}
	if n > 8e12 || n < -8e12 {
		n = 0
	}
	return time.UnixMilli(int64(n * 1000))
}

func request(c object) []byte {
	r := part(c.get("request"))
	if r == nil {
		return nil
	}
	var o object
	for _, f := range r {
		switch f.key {
		case "userAgent":
			f.key = "user_agent"
		case "geoip":
			f.raw = geoip(f.raw)
		}
		o.set(f.key, f.raw)
	}
	o.lack("query", "{}")
	o.lack("body", "{}")
	o.lack("geoip", "{}")
	method := `"GET"`
	if len(part(o.get("body"))) > 0 {
		method = `"POST"`
	}
	o.lack("method", method)
	return o.text()
}

// geoip turns names such as country_code into countryCode.
func geoip(text []byte) []byte {
	if !isObject(text) {
		return []byte("{}")
	}
	var o object
	for _, f := range part(text) {
		words := strings.Split(f.key, "_")
		for i, w := range words[1:] {
			if w != "" {
				words[i+1] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		o.set(strings.Join(words, ""), f.raw)
	}
	return o.text()
}

func session(c object) []byte {
	var o object
	o.move("id", c, "auth0SessionId")
	if clients := jsonscan.Elements(part(c.get("sso")).get("current_clients")); clients != nil {
		for i, id := range clients {
			clients[i] = object{{"client_id", id}}.text()
		}
		o.set("clients", arrayOf(clients))
	}
	if len(o) == 0 {
		return nil
	}
	return o.text()
}

// transaction is what the context and the query of the login say of it.
func transaction(c, query object) []byte {
	var t object
	t.set("acr_values", words(query.get("acr_values")))
	t.lack("acr_values", "[]")
	t.move("locale", c, "locale")
	t.move("login_hint", query, "login_hint")
	t.set("prompt", words(query.get("prompt")))
	t.move("protocol", c, "protocol")
	if textOf(c.get("protocol")) == "redirect-callback" {
		t.move("protocol", c, "original_protocol")
	}
	t.move("redirect_uri", query, "redirect_uri")
	t.set("requested_scopes", words(query.get("scope")))
	t.lack("requested_scopes", "[]")
	t.move("response_mode", query, "response_mode")
	t.set("response_type", words(query.get("response_type")))
	t.move("state", query, "state")
	t.set("ui_locales", words(query.get("ui_locales")))
	t.lack("ui_locales", "[]")
	return t.text()
}

// words is the array of the words of a string, nil if it is none.
func words(raw []byte) []byte {
	s := textOf(raw)
	if s == "" {
		return nil
	}
	var list [][]byte
	for _, w := range strings.Fields(s) {
		list = append(list, appendQuoted(nil, w))
	}
	return arrayOf(list)
}
