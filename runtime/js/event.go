package js

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// A field is a member of a JSON object: its name, and its value as JSON text.
type field struct {
	key string
	raw []byte
}

// object is a JSON object as its members, in order.
type object []field

// manyFields is how many members are looked through one by one.
const manyFields = 64

// fieldsOf returns the members of the object that the text is; of members with the
// same name the last. The values are parts of the text.
func fieldsOf(text []byte) (object, error) {
	x := indexes.Get().(*jsonscan.Index)
	defer putIndex(x)
	if err := x.Scan(text); err != nil {
		return nil, err
	}
	if k := x.Values[0].Kind; k != jsonscan.Object {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "found %s where an object was expected", k)
	}
	o := make(object, 0, 16)
	var at map[string]int // of a large object
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		k, v := &x.Values[i], &x.Values[i+1]
		b, raw := text[k.Start+1:k.End-1], text[v.Start:v.End:v.End]
		if k.Flags&jsonscan.Escaped != 0 {
			b, _ = jsonscan.AppendString(nil, b)
		}
		key := string(b)
		if len(o) < manyFields {
			o.set(key, raw)
			continue
		}
		if at == nil {
			at = make(map[string]int)
			for j := range o {
				at[o[j].key] = j
			}
		}
		if j, ok := at[key]; ok {
			o[j].raw = raw
			continue
		}
		at[key] = len(o)
		o = append(o, field{key, raw})
	}
	return o, nil
}

var indexes = sync.Pool{New: func() any { return new(jsonscan.Index) }}

// maxIndex is the longest list of values that is kept for the next text.
const maxIndex = 1 << 14

func putIndex(x *jsonscan.Index) {
	if cap(x.Values) <= maxIndex {
		indexes.Put(x)
	}
}

// part returns the members of a value that may be none or no object.
func part(text []byte) object {
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	o, err := fieldsOf(text)
	if err != nil {
		return nil
	}
	return o
}

func (o object) get(key string) []byte {
	for i := range o {
		if o[i].key == key {
			return o[i].raw
		}
	}
	return nil
}

// set sets the member, unless the value is nil.
func (o *object) set(key string, raw []byte) {
	if raw == nil {
		return
	}
	for i := range *o {
		if (*o)[i].key == key {
			(*o)[i].raw = raw
			return
		}
	}
	*o = append(*o, field{key, raw})
}

// move sets the member to that of another object.
func (o *object) move(key string, from object, name string) { o.set(key, from.get(name)) }

// lack sets the member if there is none, or it is null.
func (o *object) lack(key, raw string) {
	if v := o.get(key); v == nil || string(v) == "null" {
		o.set(key, []byte(raw))
	}
}

func (o object) append(b []byte) []byte {
	b = append(b, '{')
	for i := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, o[i].key), ':')
		b = append(b, o[i].raw...)
	}
	return append(b, '}')
}

func (o object) text() []byte {
	n := 2
	for i := range o {
		n += len(o[i].key) + len(o[i].raw) + 4
	}
	return o.append(make([]byte, 0, n))
}

// textOf returns the string that the JSON text is, "" if it is none.
func textOf(raw []byte) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }

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

// elementsOf returns the elements of a JSON array, nil if it is none.
func elementsOf(text []byte) [][]byte {
	if len(text) == 0 || text[0] != '[' {
		return nil
	}
	x := indexes.Get().(*jsonscan.Index)
	defer putIndex(x)
	if x.Scan(text) != nil || x.Values[0].Kind != jsonscan.Array {
		return nil
	}
	list := [][]byte{}
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i].Next {
		v := &x.Values[i]
		list = append(list, text[v.Start:v.End:v.End])
	}
	return list
}

func arrayOf(list [][]byte) []byte {
	b := []byte{'['}
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	return append(b, ']')
}

func identities(text []byte) []byte {
	if !bytes.Contains(text, []byte("token")) && !bytes.Contains(text, []byte("expires_in")) && bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	list := elementsOf(text)
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
	methods := elementsOf(a.get("methods"))
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
	if clients := elementsOf(part(c.get("sso")).get("current_clients")); clients != nil {
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

// readLive takes the members that the api changes out of the event.
func (e *effects) readLive() error {
	text := e.event.get("transaction")
	if text == nil {
		return nil
	}
	t, err := fieldsOf(text)
	if err != nil {
		return err
	}
	if m := t.get("metadata"); isObject(m) && e.trigger.bit == onPostLogin {
		e.metadata = part(m)
	}
	if list := elementsOf(t.get("target_scopes")); list != nil {
		e.scopes = []string{}
		for _, s := range list {
			e.scopes = append(e.scopes, textOf(s))
		}
	}
	return nil
}

// eventText is the event as one action gets it.
func (e *effects) eventText(b *rulebox.Binding) []byte {
	o := make(object, 0, len(e.event)+2)
	for _, f := range e.event {
		if f.key != "secrets" && f.key != "transaction" {
			o = append(o, f)
		}
	}
	var secrets object
	for _, k := range sortedKeys(b.Secrets) {
		secrets = append(secrets, field{k, appendQuoted(nil, b.Secrets[k])})
	}
	o = append(o, field{"secrets", secrets.text()})
	t := part(e.event.get("transaction"))
	if e.trigger.bit == onPostLogin {
		t = append(object{}, t...)
		t.set("metadata", e.metadata.text())
	}
	if e.scopes != nil {
		t = append(object{}, t...)
		t.set("target_scopes", e.scopesText())
	}
	if t != nil {
		o = append(o, field{"transaction", t.text()})
	} else if raw := e.event.get("transaction"); raw != nil {
		o = append(o, field{"transaction", raw})
	}
	return o.text()
}

func (e *effects) scopesText() []byte {
	list := make([][]byte, len(e.scopes))
	for i, s := range e.scopes {
		list[i] = appendQuoted(nil, s)
	}
	return arrayOf(list)
}

// event is what the api itself reads.
type event struct {
	userID, ip, hostname, protocol string
	query, body                    object
	prompt                         []string
	methods, factors               []string // factors done, and enrolled
}

// known returns what the api reads; few calls need it.
func (e *effects) known() *event {
	if e.read == nil {
		e.read = knownEvent(e.event)
	}
	return e.read
}

func knownEvent(o object) *event {
	r, t, u := part(o.get("request")), part(o.get("transaction")), part(o.get("user"))
	e := &event{
		userID: textOf(u.get("user_id")), ip: textOf(r.get("ip")), hostname: textOf(r.get("hostname")),
		protocol: textOf(t.get("protocol")), query: part(r.get("query")), body: part(r.get("body")),
	}
	for _, p := range elementsOf(t.get("prompt")) {
		e.prompt = append(e.prompt, textOf(p))
	}
	for _, m := range elementsOf(part(o.get("authentication")).get("methods")) {
		if m := part(m); textOf(m.get("name")) == "mfa" {
			e.methods = append(e.methods, textOf(m.get("type")))
		}
	}
	for _, f := range elementsOf(u.get("enrolledFactors")) {
		e.factors = append(e.factors, textOf(part(f).get("type")))
	}
	return e
}
