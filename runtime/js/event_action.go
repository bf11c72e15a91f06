package js

import (
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

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
	if list := jsonscan.Elements(t.get("target_scopes")); list != nil {
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
	for _, p := range jsonscan.Elements(t.get("prompt")) {
		e.prompt = append(e.prompt, textOf(p))
	}
	for _, m := range jsonscan.Elements(part(o.get("authentication")).get("methods")) {
		if m := part(m); textOf(m.get("name")) == "mfa" {
			e.methods = append(e.methods, textOf(m.get("type")))
		}
	}
	for _, f := range jsonscan.Elements(u.get("enrolledFactors")) {
		e.factors = append(e.factors, textOf(part(f).get("type")))
	}
	return e
}
