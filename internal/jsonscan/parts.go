package jsonscan

import (
	"bytes"
	"encoding/json"
	"iter"
	"sync"
	"unicode/utf8"
)

var indexes = sync.Pool{New: func() any { return new(Index) }}

// maxPooled is the longest list of values that is kept for the next text.
const maxPooled = 1 << 16

// Of scans text into an Index that is Released when it is done with; after an error
// there is none.
func Of(text []byte) (*Index, error) {
	x := indexes.Get().(*Index)
	if err := x.Scan(text); err != nil {
		x.Release()
		return nil, err
	}
	return x, nil
}

// Release keeps x for the next text.
func (x *Index) Release() {
	if cap(x.Values) <= maxPooled {
		indexes.Put(x)
	}
}

// Fields are the members of the object that the scanned text is, in order,
// duplicates too; none if it is no object. Values are parts of the text.
func (x *Index) Fields(text []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if x.Values[0].Kind != Object {
			return
		}
		for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
			k, v := &x.Values[i], &x.Values[i+1]
			key := text[k.Start+1 : k.End-1]
			if k.Flags&Escaped != 0 {
				key, _ = AppendString(nil, key)
			}
			if !yield(string(key), text[v.Start:v.End:v.End]) {
				return
			}
		}
	}
}

// Elements returns the elements of a JSON array as parts of its text, nil if it is
// none; those of an empty array are not nil.
func Elements(text []byte) [][]byte {
	if len(text) == 0 || text[0] != '[' {
		return nil
	}
	x, err := Of(text)
	if err != nil {
		return nil
	}
	defer x.Release()
	list := make([][]byte, 0, x.Values[0].Len)
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i].Next {
		v := &x.Values[i]
		list = append(list, text[v.Start:v.End:v.End])
	}
	return list
}

// Text returns what the JSON string stands for, "" for anything else.
func Text(value []byte) string {
	var s string
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// Describe names what a JSON value is, for errors, such as "a string". It is not empty.
func Describe(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case '[':
		return "an array"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// AppendQuoted appends s as a JSON string, without the escapes for HTML.
func AppendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendEscaped(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
