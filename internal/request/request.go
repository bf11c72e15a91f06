// Package request reads the body of a request that fires a trigger, the same on
// every edge.
package request

import (
	"encoding/json"
	"sync"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// MaxID is the greatest length of a transaction id, in bytes.
const MaxID = 128

var indexes = sync.Pool{New: func() any { return new(jsonscan.Index) }}

// maxPooled is the longest list of values that is kept for the next body.
const maxPooled = 1 << 14

// Parse returns the invocation that a body asks for, without tenant and trigger.
// Its arguments share memory with body. A missing id is made. Of a member given
// twice the last counts, as in JavaScript. Errors have CodeInvalid and name the
// member; id is returned with them if the body has one, for the answer.
func Parse(body []byte) (inv *rulebox.Invocation, id string, err error) {
	x := indexes.Get().(*jsonscan.Index)
	defer func() {
		if cap(x.Values) <= maxPooled {
			indexes.Put(x)
		}
	}()
	if err := x.Scan(body); err != nil {
		return nil, "", invalid("the body is %v", err)
	}
	if x.Values[0].Kind != jsonscan.Object {
		return nil, "", invalid("the body is not a JSON object")
	}
	var user, context json.RawMessage
	var first error // the id may follow what is wrong
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		v := x.Values[i+1]
		raw := body[v.Start:v.End:v.End]
		switch {
		case x.KeyIs(body, i, "id"):
			if id, err = transactionID(v, raw); err != nil {
				return nil, "", err
			}
		case x.KeyIs(body, i, "user"):
			user, err = object("user", v, raw)
		case x.KeyIs(body, i, "context"):
			context, err = object("context", v, raw)
		default:
			k := x.Values[i]
			err = invalid("the body has an unknown member %.80s at byte %d", body[k.Start:k.End], k.Start)
		}
		if first == nil {
			first = err
		}
	}
	switch {
	case first != nil:
		return nil, id, first
	case user == nil:
		return nil, id, invalid("the body has no member user")
	case context == nil:
		return nil, id, invalid("the body has no member context")
	}
	if id == "" {
		id = rulebox.NewID()
	}
	return &rulebox.Invocation{ID: id, Args: []json.RawMessage{user, context}}, id, nil
}

func object(name string, v jsonscan.Value, raw []byte) (json.RawMessage, error) {
	if v.Kind != jsonscan.Object {
		return nil, invalid("%s, at byte %d, is not an object", name, v.Start)
	}
	return raw, nil
}

func transactionID(v jsonscan.Value, raw []byte) (string, error) {
	if v.Kind != jsonscan.String {
		return "", invalid("id, at byte %d, is not a string", v.Start)
	}
	id, _ := jsonscan.AppendString(nil, raw[1:len(raw)-1])
	return string(id), CheckID(string(id))
}

// CheckID returns an error with CodeInvalid if id cannot be a transaction's.
func CheckID(id string) error {
	if len(id) > MaxID {
		return invalid("id has %d bytes, more than %d", len(id), MaxID)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return invalid("id has a character, at its byte %d, that is not visible ASCII", i)
		}
	}
	return nil
}

func invalid(format string, args ...any) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeInvalid, format, args...).
		WithHint(`the body is a JSON object {"id":"…","user":{…},"context":{…}}; id may be left out`)
}
