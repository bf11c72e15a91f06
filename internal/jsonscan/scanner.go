package jsonscan

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// scanner is the state of one pass. depth containers are open; stack has their
// indexes in values.
type scanner struct {
	text   []byte
	values []Value
	stack  *[MaxDepth]uint32
	depth  int
	pos    int
}

// fail reports what was expected at the offset.
func (s *scanner) fail(at int, expected string) *Error {
	if at >= len(s.text) {
		return &Error{Offset: len(s.text), Message: "unexpected end, expected " + expected}
	}
	c := s.text[at]
	if c < ' ' || c >= utf8.RuneSelf {
		return &Error{Offset: at, Message: fmt.Sprintf("found byte 0x%02x, expected %s", c, expected)}
	}
	return &Error{Offset: at, Message: fmt.Sprintf("found %q, expected %s", c, expected)}
}

// space moves to the next byte that is not white space and returns it, or 0 at
// the end. A zero byte in the text is no token, so 0 is never mistaken.
func (s *scanner) space() byte {
	text, i := s.text, s.pos
	for i < len(text) {
		c := text[i]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.pos = i
			return c
		}
		i++
	}
	s.pos = i
	return 0
}

// scan reads one value and the end of the text.
func (s *scanner) scan() *Error {
	c := s.space()
	for {
		opened, err := s.value(c)
		if err != nil {
			return err
		}
		if opened {
			if c, err = s.first(); err != nil {
				return err
			}
			if c != 0 {
				continue
			}
		}
		// A value is complete: what follows it?
		done, next, err := s.after()
		if err != nil || done {
			return err
		}
		c = next
	}
}

// first handles what follows an opening bracket: the end of an empty container
// (it returns 0), or the way to its first value (it returns that value's first
// byte).
func (s *scanner) first() (byte, *Error) {
	v := &s.values[s.stack[s.depth-1]]
	c := s.space()
	if v.Kind == Array {
		if c == ']' {
			s.close()
			return 0, nil
		}
		if c == 0 {
			return 0, s.fail(s.pos, "a value or ']'")
		}
		v.Len++
		return c, nil
	}
	if c == '}' {
		s.close()
		return 0, nil
	}
	v.Len++
	return s.key(c, "a key or '}'")
}

// after handles what follows a complete value, closing containers as they end.
func (s *scanner) after() (done bool, next byte, err *Error) {
	for {
		c := s.space()
		if s.depth == 0 {
			if s.pos < len(s.text) {
				return false, 0, s.fail(s.pos, "nothing after the value")
			}
			return true, 0, nil
		}
		v := &s.values[s.stack[s.depth-1]]
		switch {
		case c == ',':
			v.Len++
			s.pos++
			c = s.space()
			if v.Kind == Object {
				next, err = s.key(c, "a key")
				return false, next, err
			}
			if c == 0 {
				return false, 0, s.fail(s.pos, "a value")
			}
			return false, c, nil
		case c == '}' && v.Kind == Object, c == ']' && v.Kind == Array:
			s.close()
		case v.Kind == Object:
			return false, 0, s.fail(s.pos, "',' or '}'")
		default:
			return false, 0, s.fail(s.pos, "',' or ']'")
		}
	}
}

// close ends the innermost container at the bracket under pos.
func (s *scanner) close() {
	s.pos++
	s.depth--
	v := &s.values[s.stack[s.depth]]
	v.End = uint32(s.pos)
	v.Next = uint32(len(s.values))
}

// key reads a key and its colon, and returns the first byte of the value.
func (s *scanner) key(c byte, expected string) (byte, *Error) {
	if c != '"' {
		return 0, s.fail(s.pos, expected)
	}
	if err := s.string(); err != nil {
		return 0, err
	}
	if s.pos < len(s.text) && s.text[s.pos] == ':' || s.space() == ':' {
		s.pos++
		if c = s.space(); c != 0 {
			return c, nil
		}
		return 0, s.fail(s.pos, "a value")
	}
	return 0, s.fail(s.pos, "':'")
}

// value reads a scalar, or opens a container, that begins with c at pos.
func (s *scanner) value(c byte) (opened bool, err *Error) {
	switch c {
	case '"':
		return false, s.string()
	case '{':
		return true, s.open(Object)
	case '[':
		return true, s.open(Array)
	case 't':
		return false, s.literal("true", True)
	case 'f':
		return false, s.literal("false", False)
	case 'n':
		return false, s.literal("null", Null)
	}
	if c == '-' || c-'0' <= 9 {
		return false, s.number()
	}
	return false, s.fail(s.pos, "a value")
}

func (s *scanner) open(k Kind) *Error {
	if s.depth == MaxDepth {
		return &Error{Offset: s.pos, Message: fmt.Sprintf("nested deeper than %d", MaxDepth)}
	}
	if s.depth > 0 {
		s.values[s.stack[s.depth-1]].Flags |= Nested
	}
	s.stack[s.depth] = uint32(len(s.values))
	s.depth++
	s.put(k, 0, s.pos, 0, 0)
	s.pos++
	return nil
}

func (s *scanner) add(k Kind, f Flags, end int) {
	s.put(k, f, s.pos, end, len(s.values)+1)
	s.pos = end
}

// put appends a value. It is filled in where it lies: made elsewhere from small
// fields and copied in large words, as append does it, it takes twice the time.
func (s *scanner) put(k Kind, f Flags, start, end, next int) {
	n := len(s.values)
	if n == cap(s.values) {
		s.values = slices.Grow(s.values, 1)
	}
	s.values = s.values[:n+1]
	v := &s.values[n]
	v.Kind, v.Flags, v.Start, v.End, v.Next, v.Len = k, f, uint32(start), uint32(end), uint32(next), 0
}

func (s *scanner) literal(word string, k Kind) *Error {
	rest := s.text[s.pos:]
	for i := 0; i < len(word); i++ {
		if i >= len(rest) || rest[i] != word[i] {
			return s.fail(s.pos+i, word)
		}
	}
	s.add(k, 0, s.pos+len(word))
	return nil
}

func digits(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

func (s *scanner) number() *Error {
	text, i := s.text, s.pos
	var f Flags
	if text[i] == '-' {
		i++
	}
	switch {
	case i < len(text) && text[i] == '0':
		i++
	case i < len(text) && text[i]-'1' <= 8:
		i = digits(text, i+1)
	default:
		return s.fail(i, "a digit")
	}
	if i < len(text) && text[i] == '.' {
		f = Fraction
		start := i + 1
		if i = digits(text, start); i == start {
			return s.fail(i, "a digit")
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		f = Fraction
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		start := i
		if i = digits(text, start); i == start {
			return s.fail(i, "a digit")
		}
	}
	s.add(Number, f, i)
	return nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set in the first byte of w (little endian) that is a
// control character, a quote, a backslash or not ASCII. Bytes after the first
// one may be marked wrongly.
func special(w uint64) uint64 {
	quote := w ^ ('"' * ones)
	slash := w ^ ('\\' * ones)
	return (w | (w - 0x20*ones) | (quote - ones) | (slash - ones)) & highs
}

// string reads a string whose opening quote is under pos.
func (s *scanner) string() *Error {
	text, i := s.text, s.pos+1
	var f Flags
	for {
		for i+8 <= len(text) {
			m := special(binary.LittleEndian.Uint64(text[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(text) {
			return s.fail(i, `'"'`)
		}
		switch c := text[i]; {
		case c == '"':
			s.add(String, f, i+1)
			return nil
		case c == '\\':
			f |= Escaped
			n, err := s.escape(i)
			if err != nil {
				return err
			}
			i += n
		case c < ' ':
			return s.fail(i, "an escape for the control character")
		case c >= utf8.RuneSelf:
			f |= NonASCII
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n == 1 {
				return s.fail(i, "UTF-8")
			}
			i += n
		default:
			i++
		}
	}
}

// escape returns the length of the escape at i.
func (s *scanner) escape(i int) (int, *Error) {
	text := s.text
	if i+1 >= len(text) {
		return 0, s.fail(i+1, "an escape")
	}
	switch text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, nil
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if j >= len(text) || unhex(text[j]) > 15 {
				return 0, s.fail(j, "a hexadecimal digit")
			}
		}
		return 6, nil
	}
	return 0, s.fail(i+1, "an escape")
}

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10
	}
	return 255
}
