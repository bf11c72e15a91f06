package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/rulebox/rulebox/internal/jsonterms"
	"github.com/rulebox/rulebox/internal/near"
)

// strictJSON decodes one JSON document. Members that v does not have, in these
// very letters, and members that stand there twice are errors: a setting that is
// silently not the one in force does harm. v points to a struct, or to a slice of
// which only the members' names are looked at.
func strictJSON(text []byte, v any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("the file is empty")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	shape := reflect.TypeOf(v).Elem()
	if shape.Kind() != reflect.Struct {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return jsonError(text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("line %d: something follows the JSON document", line(text, d.InputOffset()))
	}
	if shape.Kind() != reflect.Struct {
		return nil
	}
	m := members{text: text, d: json.NewDecoder(bytes.NewReader(text))}
	if first, err := m.d.Token(); err != nil || first != json.Delim('{') {
		return errors.New("it must be a JSON object, in braces")
	}
	return m.check(shape, "")
}

// members looks at the names of a document that decodes.
type members struct {
	text []byte
	d    *json.Decoder
}

// check reads an object of the type to its end, its brace having been read.
func (m *members) check(shape reflect.Type, path string) error {
	known := fields(shape)
	seen := map[string]bool{}
	for m.d.More() {
		token, err := m.d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		at := line(m.text, m.d.InputOffset())
		field, ok := known[name]
		if !ok {
			in := ""
			if path != "" {
				in = " in " + path
			}
			hint := ""
			if n := near.Name(name, order(shape)); n != "" {
				hint = fmt.Sprintf("; did you mean %q?", n)
			}
			return fmt.Errorf("line %d: unknown field %q%s; there are %s%s", at, name, in, strings.Join(order(shape), ", "), hint)
		}
		if seen[name] {
			return fmt.Errorf("line %d: the field %q stands there twice", at, name)
		}
		seen[name] = true
		if err := m.value(field, strings.TrimPrefix(path+"."+name, ".")); err != nil {
			return err
		}
	}
	_, err := m.d.Token()
	return err
}

func (m *members) value(field reflect.Type, path string) error {
	if field.Kind() == reflect.Pointer {
		field = field.Elem()
	}
	if field.Kind() == reflect.Struct {
		// It decoded: it is an object, or null, which sets nothing.
		if token, err := m.d.Token(); err != nil || token == nil {
			return err
		}
		return m.check(field, path)
	}
	var skipped json.RawMessage
	return m.d.Decode(&skipped)
}

func fields(shape reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range shape.NumField() {
		all[jsonName(shape.Field(i))] = shape.Field(i).Type
	}
	return all
}

func order(shape reflect.Type) (names []string) {
	for i := range shape.NumField() {
		names = append(names, jsonName(shape.Field(i)))
	}
	return slices.Clip(names)
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// looseJSON decodes one JSON document and ignores members that v does not have:
// exports hold much that is not ours.
func looseJSON(text []byte, v any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("the file is empty")
	}
	if err := json.Unmarshal(text, v); err != nil {
		return jsonError(text, err)
	}
	return nil
}

// jsonError says in the file's own terms what an error of encoding/json means.
func jsonError(text []byte, err error) error {
	switch err = jsonterms.Explain(text, err); err {
	case jsonterms.ErrEndsEarly:
		return errors.New("the file ends too early: a quote, bracket or brace is not closed")
	case jsonterms.ErrEmpty:
		return errors.New("the file is empty")
	}
	return err
}

func line(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// An unsetError says that placeholders have no value.
type unsetError struct {
	placeholders, variables []string
	decoded                 bool // the document could be decoded all the same
}

func (e *unsetError) Error() string {
	has, one := "has", "one"
	if len(e.placeholders) > 1 {
		has, one = "have", "them"
	}
	return fmt.Sprintf("%s %s no value: put %s into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS, or into the environment as %s",
		strings.Join(e.placeholders, ", "), has, one, strings.Join(e.variables, ", "))
}

// document decodes one of the tenant's JSON files, its placeholders replaced. One
// without a value is an *unsetError, which tells of all, and v is decoded all the same if it can be:
// taken as it stands it would be sent to others as a password.
func (l *loader) document(text []byte, v any) error { return l.documentAs(strictJSON, text, v) }

func (l *loader) documentAs(decode func([]byte, any) error, text []byte, v any) error {
	whole, err := l.keywords.replace(text)
	if err != nil {
		return err
	}
	err = decode(whole, v)
	if unset := l.keywords.unset(string(text)); unset != nil {
		for i, key := range unset.variables {
			unset.variables[i] = envPrefix(l.name) + key
		}
		unset.decoded = err == nil
		return unset
	}
	if err != nil && placeholder().Match(text) {
		return fmt.Errorf("%w (@@KEY@@ stands for a whole JSON value, quotes and all; within a string it is ##KEY##)", err)
	}
	return err
}
