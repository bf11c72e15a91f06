// Package jsonterms says in a document's own terms what errors of encoding/json
// mean: the line and the column, the member, what it must be and what it is. It
// quotes no values, for they may be secrets, and no names of Go's types.
package jsonterms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// ErrEndsEarly says that a document is cut off.
var ErrEndsEarly = errors.New("it ends too early: a quote, bracket or brace is not closed")

// ErrEmpty says that there is no document.
var ErrEmpty = errors.New("it is empty")

// Explain returns what err, of decoding text by encoding/json, means. Other errors
// it returns without the name of that package.
func Explain(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case len(bytes.TrimSpace(text)) == 0:
		return ErrEmpty
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrEndsEarly
	case errors.As(err, &syntax):
		if strings.HasPrefix(syntax.Error(), "unexpected end") {
			return ErrEndsEarly
		}
		return fmt.Errorf("%s: %s", At(text, syntax.Offset-1), mistake(text, syntax))
	case errors.As(err, &kind):
		return fmt.Errorf("%s: %s", At(text, start(text, kind.Offset)), mismatch(path(text, kind.Offset), kind))
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// mistake is what is wrong with the syntax, in the words of who writes it.
func mistake(text []byte, e *json.SyntaxError) string {
	at := int(e.Offset) - 1
	if at < 0 || at >= len(text) || !strings.Contains(e.Error(), "looking for beginning") {
		return e.Error()
	}
	before := bytes.TrimRight(text[:at], " \t\r\n")
	switch c := text[at]; {
	case c == '/' || c == '#':
		return "JSON has no comments"
	case c == '\'' || c == '`':
		return "texts stand in double quotes"
	case (c == '}' || c == ']') && bytes.HasSuffix(before, []byte(",")):
		return fmt.Sprintf("a comma stands before the closing %c", c)
	case strings.HasSuffix(e.Error(), "object key string"):
		return "a name in double quotes must stand here"
	}
	return e.Error()
}

// Mismatch names the member that has another type than it must have, both types,
// and no place, for errors about a part of a document.
func Mismatch(e *json.UnmarshalTypeError) string { return mismatch(e.Field, e) }

func mismatch(where string, e *json.UnmarshalTypeError) string {
	if where == "" {
		where = "the document"
	}
	given, _, _ := strings.Cut(e.Value, " ") // a number stands after its kind
	if given == "bool" {
		given = "true or false"
	} else {
		given = article(given) + given
	}
	must := kindWord(e.Type)
	if given == must { // a number that is too large
		return where + " must be a number that is not as large"
	}
	return fmt.Sprintf("%s must not be %s; it must be %s", where, given, must)
}

func article(word string) string {
	if strings.IndexByte("ao", word[0]) >= 0 { // array, object
		return "an "
	}
	return "a "
}

// kindWord is what a member of the type is called in JSON.
func kindWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindWord(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "a list, in brackets"
	case reflect.Struct, reflect.Map:
		return "an object, in braces"
	case reflect.Float64, reflect.Float32:
		return "a number"
	}
	return "a whole number"
}

// At is the place of the byte at offset, counted from 0.
func At(text []byte, offset int64) string {
	before := text[:max(0, min(int(offset), len(text)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line, column)
}

// start is where the value begins that a decoder has just read up to end, or the
// opening bracket or brace that it has read.
func start(text []byte, end int64) int64 {
	i := int(min(end, int64(len(text)))) - 1
	switch {
	case i < 0:
		return 0
	case text[i] == '"':
		for i--; i > 0; i-- {
			if text[i] == '"' && escapes(text[:i])%2 == 0 {
				return int64(i)
			}
		}
		return 0
	case text[i] == '{', text[i] == '[':
		return int64(i)
	}
	for i > 0 && !strings.ContainsRune(" \t\r\n:,[{", rune(text[i-1])) {
		i--
	}
	return int64(i)
}

// maxPath bounds the names that are told, in bytes.
const maxPath = 200

// path names the value that ends, or the object or array that begins, at offset:
// limits.wall, list[1]. It is empty for the whole document.
func path(text []byte, offset int64) string {
	type level struct {
		array bool
		index int
		key   string
		named bool // the key is read, its value is not
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		top := len(levels) - 1
		if top >= 0 && !levels[top].array && !levels[top].named && token != json.Delim('}') {
			levels[top].key, levels[top].named = fmt.Sprint(token), true
			continue
		}
		if d.InputOffset() >= offset {
			break
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			levels = append(levels, level{array: token == json.Delim('[')})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:top]
			top--
		}
		if top >= 0 {
			levels[top].index++
			levels[top].named = false
		}
	}
	var b strings.Builder
	for _, l := range levels {
		switch {
		case l.array:
			fmt.Fprintf(&b, "[%d]", l.index)
		case b.Len() > 0:
			b.WriteString("." + l.key)
		default:
			b.WriteString(l.key)
		}
	}
	if b.Len() > maxPath {
		return strings.ToValidUTF8(b.String()[:maxPath], "") + "…"
	}
	return b.String()
}

// escapes is how many backslashes end the text.
func escapes(text []byte) int { return len(text) - len(bytes.TrimRight(text, `\`)) }
