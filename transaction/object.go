package transaction

import (
	"bytes"
	"encoding/json"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// An object is a JSON object whose members keep their order. Values are texts:
// what nobody touches stays as it came.
type object struct {
	members []member       // one that was removed has no value
	at      map[string]int // by key; not those removed
}

type member struct {
	key   string
	value json.RawMessage
}

// objectOf reads an object; it is empty, and ok false, for anything else. Of
// members with the same name the last counts, as in JavaScript.
func objectOf(text []byte) (o object, ok bool) {
	if len(text) == 0 {
		return object{}, false
	}
	x, err := jsonscan.Of(text)
	if err != nil {
		return object{}, false
	}
	defer x.Release()
	if x.Values[0].Kind != jsonscan.Object {
		return object{}, false
	}
	o.members = make([]member, 0, x.Values[0].Len+4)
	o.at = make(map[string]int, x.Values[0].Len+4)
	for key, value := range x.Fields(text) {
		o.set(key, value)
	}
	return o, true
}

// get returns the value of the member, nil if there is none.
func (o *object) get(key string) json.RawMessage {
	if i, ok := o.at[key]; ok {
		return o.members[i].value
	}
	return nil
}

func (o *object) set(key string, value json.RawMessage) {
	if i, ok := o.at[key]; ok {
		o.members[i].value = value
		return
	}
	if o.at == nil {
		o.at = make(map[string]int)
	}
	o.at[key] = len(o.members)
	o.members = append(o.members, member{key, value})
}

func (o *object) remove(key string) {
	if i, ok := o.at[key]; ok {
		o.members[i].value = nil
		delete(o.at, key)
	}
}

func (o *object) empty() bool { return len(o.at) == 0 }

// setIn sets a member of the object that is the member outer.
func (o *object) setIn(outer, key string, value json.RawMessage) {
	inner, _ := objectOf(o.get(outer))
	inner.set(key, value)
	o.set(outer, inner.text())
}

// text returns the object as JSON.
func (o *object) text() json.RawMessage {
	size := 2
	for _, m := range o.members {
		size += len(m.key) + len(m.value) + 4
	}
	b := append(make([]byte, 0, size), '{')
	for _, m := range o.members {
		if m.value == nil {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(jsonscan.AppendQuoted(b, m.key), ':'), m.value...)
	}
	return append(b, '}')
}

// merge sets the members of patch; null takes one away.
func (o *object) merge(patch *object) {
	for _, m := range patch.members {
		switch {
		case m.value == nil:
		case isNull(m.value):
			o.remove(m.key)
		default:
			o.set(m.key, m.value)
		}
	}
}

// quote returns s as a JSON string.
func quote(s string) json.RawMessage { return jsonscan.AppendQuoted(nil, s) }

// encode returns v as JSON, without the escapes for HTML. v can be encoded.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func isNull(text []byte) bool { return len(text) == 0 || string(text) == "null" }

// textOf returns what the JSON string stands for, "" for anything else.
func textOf(text []byte) string { return jsonscan.Text(text) }

// at returns the value at the path of members, nil if there is none.
func at(text []byte, path ...string) json.RawMessage {
	for _, key := range path {
		found, err := jsonscan.Members(text, nil, key)
		if err != nil || found[0] == nil {
			return nil
		}
		text = found[0]
	}
	return text
}
