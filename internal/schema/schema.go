// Package schema describes and checks the bodies of requests. What it knows it
// takes from the Go types of package event.
package schema

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// A Schema says what a value may be. Null may stand for any value that it
// describes: to JavaScript it is as good as absent.
type Schema struct {
	kinds   uint8              // a bit for each jsonscan.Kind; 0 for anything
	members map[string]*Schema // of an object; others are not looked at
	element *Schema            // of an array; may be nil

	// What only documents tell.
	name  string   // of the Go type, empty for one without
	order []string // the members as the type has them
	known []string // values that Auth0 has
}

func bit(k jsonscan.Kind) uint8 { return 1 << k }

// types remembers the schemas of struct types while one is made: types may
// repeat.
type types map[reflect.Type]*Schema

func (seen types) of(t reflect.Type) *Schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s := seen[t]; s != nil {
		return s
	}
	s := &Schema{}
	switch t.Kind() {
	case reflect.Interface: // anything
	case reflect.String:
		s.kinds = bit(jsonscan.String)
	case reflect.Bool:
		s.kinds = bit(jsonscan.True) | bit(jsonscan.False)
	case reflect.Float64:
		s.kinds = bit(jsonscan.Number)
	case reflect.Slice:
		s.kinds, s.element = bit(jsonscan.Array), seen.of(t.Elem())
	case reflect.Map:
		s.kinds = bit(jsonscan.Object)
	case reflect.Struct:
		seen[t] = s
		s.kinds, s.name, s.members = bit(jsonscan.Object), t.Name(), map[string]*Schema{}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			member := seen.of(f.Type)
			if known := f.Tag.Get("known"); known != "" {
				one := *member
				one.known = strings.Split(known, "|")
				member = &one
			}
			s.members[name], s.order = member, append(s.order, name)
		}
	default:
		panic("schema: no JSON for " + t.String())
	}
	return s
}

// A fault is a value that is not what it must be. path grows from the inside out.
type fault struct {
	path  string
	at    uint32
	want  *Schema
	found jsonscan.Kind
}

// Check returns an error with CodeInvalid that names the first member of value i
// of the scanned text that has another type than it must have. path is what the
// value itself is called. Null is refused here, but not within.
func (s *Schema) Check(text []byte, x *jsonscan.Index, i uint32, path string) error {
	var f *fault
	if v := x.Values[i]; v.Kind == jsonscan.Null && s.kinds != 0 {
		f = &fault{at: v.Start, want: s, found: v.Kind}
	} else {
		f = s.check(text, x, i)
	}
	if f == nil {
		return nil
	}
	return rulebox.Errorf(rulebox.CodeInvalid, "%s%.200s, at byte %d, is not %s, but %s", path, f.path, f.at, f.want.noun(), kindNoun(f.found))
}

func (s *Schema) check(text []byte, x *jsonscan.Index, i uint32) *fault {
	v := &x.Values[i]
	if s.kinds == 0 || v.Kind == jsonscan.Null {
		return nil
	}
	if s.kinds&bit(v.Kind) == 0 {
		return &fault{at: v.Start, want: s, found: v.Kind}
	}
	switch {
	case s.members != nil:
		for j := i + 1; j < v.Next; j = x.Values[j+1].Next {
			member := s.member(text, x, j)
			if member == nil || member.accepts(x.Values[j+1].Kind) {
				continue
			}
			if f := member.check(text, x, j+1); f != nil {
				k := x.Values[j]
				f.path = "." + string(text[k.Start+1:k.End-1]) + f.path
				return f
			}
		}
	case s.element != nil && !s.element.plain():
		for j, n := i+1, 0; j < v.Next; j, n = x.Values[j].Next, n+1 {
			if f := s.element.check(text, x, j); f != nil {
				f.path = fmt.Sprintf("[%d]%s", n, f.path)
				return f
			}
		}
	}
	return nil
}

// plain reports whether anything will do.
func (s *Schema) plain() bool { return s.kinds == 0 }

// accepts reports whether a value of the kind is right, whatever is in it.
func (s *Schema) accepts(k jsonscan.Kind) bool {
	return s.members == nil && s.element == nil && s.kinds&bit(k) != 0
}

func (s *Schema) member(text []byte, x *jsonscan.Index, key uint32) *Schema {
	k := &x.Values[key]
	raw := text[k.Start+1 : k.End-1]
	if k.Flags&jsonscan.Escaped != 0 {
		name, _ := jsonscan.AppendString(nil, raw)
		return s.members[string(name)]
	}
	return s.members[string(raw)]
}

// noun is what a value of the schema is called.
func (s *Schema) noun() string {
	switch {
	case s.kinds&bit(jsonscan.Object) != 0:
		return "an object"
	case s.kinds&bit(jsonscan.Array) != 0:
		return "an array"
	case s.kinds&bit(jsonscan.String) != 0:
		return "a string"
	case s.kinds&bit(jsonscan.Number) != 0:
		return "a number"
	}
	return "true or false"
}

func kindNoun(k jsonscan.Kind) string {
	switch k {
	case jsonscan.Null:
		return "null"
	case jsonscan.Object, jsonscan.Array:
		return "an " + k.String()
	}
	return "a " + k.String()
}
