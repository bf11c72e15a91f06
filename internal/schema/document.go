package schema

import (
	"encoding/json"
	"maps"

	"github.com/rulebox/rulebox/internal/jsonscan"
	"github.com/rulebox/rulebox/internal/trigger"
)

type object = map[string]any

// Documents returns a JSON Schema for the body of each trigger, by file name. The
// operations of databases are those of every connection.
func Documents() (map[string][]byte, error) {
	names := append(trigger.Actions(), "login")
	for _, p := range trigger.Points {
		names = append(names, "hook."+p)
	}
	for _, o := range trigger.Operations {
		names = append(names, trigger.Database("CONNECTION", o))
	}
	files := map[string][]byte{}
	for _, name := range names {
		t, err := trigger.Lookup(name)
		if err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(document(t), "", "  ")
		if err != nil {
			return nil, err
		}
		if t.Operation != "" {
			name = "db." + t.Operation
		}
		files[name+".json"] = append(text, '\n')
	}
	return files, nil
}

func document(t trigger.Trigger) object {
	b := Of(t)
	w := writer{defs: object{}}
	members := object{"id": object{
		"type": "string", "maxLength": 128, "pattern": "^[!-~]*$",
		"description": "the transaction's; made if it is missing",
	}}
	required := []string{}
	add := func(name string, s *Schema, must bool) {
		members[name] = w.reference(s)
		if must {
			required = append(required, name)
		}
	}
	switch t.Form {
	case trigger.Login:
		add("user", b.User, true)
		add("context", b.Context, true)
		add("event", b.Event, false)
	case trigger.Event:
		add("event", b.Event, true)
	case trigger.Fields:
		for _, p := range b.Args {
			add(p.Name, p.Schema, !p.Optional)
			if p.Optional {
				members[p.Name] = w.nullable(p.Schema)
			}
		}
	default:
		members["args"] = w.params(b.Args)
		required = append(required, "args")
	}
	if t.Resumes {
		members["state"] = object{"type": "string", "description": "what the outcome had that is continued"}
	}
	d := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Body of a request for " + title(t),
		"type": "object", "properties": members, "required": required, "additionalProperties": false,
	}
	if len(w.defs) > 0 {
		d["$defs"] = w.defs
	}
	return d
}

func title(t trigger.Trigger) string {
	if t.Operation != "" {
		return "db.<connection>." + t.Operation
	}
	return t.Name
}

// writer collects the named types that a document refers to.
type writer struct{ defs object }

func (w writer) params(params []Param) object {
	items, least := []any{}, 0
	for _, p := range params {
		s := w.reference(p.Schema)
		if p.Optional {
			s = w.nullable(p.Schema)
		}
		s = maps.Clone(s)
		s["title"] = p.Name
		items = append(items, s)
		if !p.Last {
			least++
		}
	}
	return object{"type": "array", "prefixItems": items, "minItems": least, "maxItems": len(params)}
}

// reference describes a value that must not be null.
func (w writer) reference(s *Schema) object {
	if s.name == "" {
		return w.describe(s, false)
	}
	if _, ok := w.defs[s.name]; !ok {
		w.defs[s.name] = nil // it may refer to itself
		w.defs[s.name] = w.describe(s, false)
	}
	return object{"$ref": "#/$defs/" + s.name}
}

func (w writer) nullable(s *Schema) object {
	if s.name != "" {
		return object{"anyOf": []any{w.reference(s), object{"type": "null"}}}
	}
	return w.describe(s, true)
}

func (w writer) describe(s *Schema, null bool) object {
	o := object{}
	if s.kinds == 0 {
		return o
	}
	kind := ""
	switch {
	case s.kinds&bit(jsonscan.Object) != 0:
		kind = "object"
	case s.kinds&bit(jsonscan.Array) != 0:
		kind = "array"
		if s.element != nil {
			o["items"] = w.nullable(s.element)
		}
	case s.kinds&bit(jsonscan.String) != 0:
		kind = "string"
	case s.kinds&bit(jsonscan.Number) != 0:
		kind = "number"
	default:
		kind = "boolean"
	}
	o["type"] = kind
	if null {
		o["type"] = []string{kind, "null"}
	}
	if len(s.known) > 0 {
		o["examples"] = s.known
	}
	if s.members != nil {
		members := object{}
		for _, name := range s.order {
			members[name] = w.nullable(s.members[name])
		}
		o["properties"] = members
	}
	return o
}
