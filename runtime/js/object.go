package js

import (
	"bytes"

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
	x, err := jsonscan.Of(text)
	if err != nil {
		return nil, err
	}
	defer x.Release()
	if k := x.Values[0].Kind; k != jsonscan.Object {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "found %s where an object was expected", k)
	}
	o := make(object, 0, 16)
	var at map[string]int // of a large object
	for key, raw := range x.Fields(text) {
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
func textOf(raw []byte) string { return jsonscan.Text(raw) }

func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }

// arrayOf is the array of the values.
func arrayOf(list [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(list, []byte{','})...), ']')
}

func appendQuoted(b []byte, s string) []byte { return jsonscan.AppendQuoted(b, s) }
