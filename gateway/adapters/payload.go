package adapters

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
)

// object is a JSON object. Numbers in it are json.Number, which keeps their text.
type object = map[string]any

// decode reads the body into v. Its errors name the member that has another type,
// or the byte, and quote nothing.
func decode(body []byte, v any) error { return decodeWith(body, v, false) }

// decodeOwn is decode for bodies whose form is ours alone: a member that v has not
// is an error, which quotes the member's name.
func decodeOwn(body []byte, v any) error { return decodeWith(body, v, true) }

func decodeWith(body []byte, v any, known bool) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if known {
		d.DisallowUnknownFields()
	}
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		return invalid("something follows the JSON object of the body, at byte %d", d.InputOffset())
	}
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return invalid("the body is not a JSON object, but a JSON %s", kind(wrong.Value))
	case errors.As(err, &wrong):
		return invalid("%s, near byte %d, is a JSON %s, which it cannot be", wrong.Field, wrong.Offset, kind(wrong.Value))
	case errors.As(err, &syntax):
		return invalid("the body is not JSON at byte %d", syntax.Offset)
	case len(bytes.TrimSpace(body)) == 0:
		return invalid("the body is empty")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid("the body has an unknown member %.80s", name)
	}
	return invalid("the body is not JSON: it ends too early, or has a value that cannot be")
}

// kind is the type in an UnmarshalTypeError's value, which may quote a number.
func kind(value string) string {
	word, _, _ := strings.Cut(value, " ")
	return word
}

// missing is the error for a member that must be there.
func missing(path string) *rulebox.Error {
	return invalid("%s is missing", path)
}

// raw returns the JSON text of what was decoded from JSON, or made of it.
func raw(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null") // cannot be: these hold nothing that JSON does not
	}
	return text
}

// into decodes what a script left. It is JSON: the pool has checked that.
func into(text json.RawMessage, v any) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v) == nil
}

// str returns the member if it is a string.
func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

func obj(o object, name string) object {
	m, _ := o[name].(object)
	return m
}

func truth(b bool) *bool { return &b }

// first returns the first text that is not empty.
func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// without returns a copy of o that lacks the members.
func without(o object, names ...string) object {
	m := maps.Clone(o)
	for _, n := range names {
		delete(m, n)
	}
	return m
}

// A command is one effect that an action asked for.
type command struct {
	name string
	args []any
}

func commands(res *rulebox.Result) (all []command) {
	for _, text := range res.Commands {
		var list []any
		if !into(text, &list) || len(list) == 0 {
			continue
		}
		if name, ok := list[0].(string); ok {
			all = append(all, command{name, list[1:]})
		}
	}
	return all
}

// metadata is what actions want changed of a user: members by name, nil for those
// to be taken away.
type metadata struct{ user, app object }

func (m *metadata) empty() bool { return len(m.user) == 0 && len(m.app) == 0 }

// changes returns the metadata that the commands set.
func changes(all []command) *metadata {
	m := &metadata{object{}, object{}}
	for _, c := range all {
		if len(c.args) == 0 {
			continue
		}
		key, ok := c.args[0].(string)
		if !ok {
			continue
		}
		var value any
		if len(c.args) > 1 {
			value = c.args[1]
		}
		switch c.name {
		case "user.setUserMetadata":
			m.user[key] = value
		case "user.setAppMetadata":
			m.app[key] = value
		}
	}
	return m
}

// reserved are claims that belong to the server. Scripts do not set them: those of
// the standards say who somebody is and how long that holds.
var reserved = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash",
	"sid", "client_id", "scope", "act", "may_act", "cnf", "typ"}

// claimsOf returns what the scripts put into the tokens of the context: later ones
// go before. There is none of the reserved claims in it, nor of those that the
// server has set already.
func claimsOf(context object, set object, tokens ...string) object {
	claims := object{}
	for _, token := range tokens {
		for name, value := range obj(context, token) {
			if _, is := set[name]; !is && !slices.Contains(reserved, name) && value != nil {
				claims[name] = value
			}
		}
	}
	return claims
}

// seconds returns a time in seconds since 1970 in ISO 8601, milliseconds one in
// milliseconds; both are empty for what is no number.
func seconds(v any) string { return isoTime(v, time.Second) }

func milliseconds(v any) string { return isoTime(v, time.Millisecond) }

func isoTime(v any, unit time.Duration) string {
	n, ok := v.(json.Number)
	if !ok {
		return ""
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1e14 {
		return ""
	}
	return time.UnixMilli(int64(f * float64(unit/time.Millisecond))).UTC().Format("2006-01-02T15:04:05.000Z")
}
