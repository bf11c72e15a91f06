package js

import (
	"fmt"
	"unicode/utf16"
)

// jsonMessage is what Node.js says of a text that is not JSON, "" if it is, or too
// long to be read again. It is asked only once the engine has refused the text. Positions are UTF-16 units.
func jsonMessage(text string) string {
	if len(text) > maxJSONText {
		return ""
	}
	p := &jsonText{s: utf16.Encode([]rune(text))}
	if p.value(0); p.message == "" {
		if p.space(); p.at < len(p.s) {
			p.fail("Unexpected non-whitespace character after JSON")
		}
	}
	return p.message
}

// maxJSONText bounds a text that is read again, in bytes.
const maxJSONText = 1 << 20

// maxJSONDepth bounds the reading of nested values.
const maxJSONDepth = 2000

// A jsonText is read as V8 does it, so that the first fault is the same.
type jsonText struct {
	s       []uint16
	at      int
	message string
}

func (p *jsonText) peek() (c uint16, ok bool) {
	if p.at < len(p.s) {
		return p.s[p.at], true
	}
	return 0, false
}

func (p *jsonText) space() {
	for p.at < len(p.s) && (p.s[p.at] == ' ' || p.s[p.at] == '\t' || p.s[p.at] == '\n' || p.s[p.at] == '\r') {
		p.at++
	}
}

// next skips space, and c if it comes then.
func (p *jsonText) next(c uint16) bool {
	p.space()
	if d, ok := p.peek(); !ok || d != c {
		return false
	}
	p.at++
	return true
}

func (p *jsonText) fail(what string) {
	if p.message != "" {
		return
	}
	line, column := 1, 1
	for i := 0; i < p.at; i++ {
		switch {
		case p.s[i] == '\r' && i+1 < p.at && p.s[i+1] == '\n':
		case p.s[i] == '\n', p.s[i] == '\r':
			line, column = line+1, 0
		}
		column++
	}
	p.message = fmt.Sprintf("%s in JSON at position %d (line %d column %d)", what, p.at, line, column)
	if what == "Unexpected non-whitespace character after JSON" {
		p.message = fmt.Sprintf("%s at position %d (line %d column %d)", what, p.at, line, column)
	}
}

// unexpected fails at a character that begins nothing.
func (p *jsonText) unexpected() {
	const around = 10
	c, ok := p.peek()
	text := func(from, to int) string { return string(utf16.Decode(p.s[from:to])) }
	all := len(p.s)
	switch {
	case p.message != "":
	case !ok:
		p.message = "Unexpected end of JSON input"
	case c == '-' || isDigit(c):
		p.fail("Unexpected number")
	case c == '"':
		p.fail("Unexpected string")
	case all == 3 && text(0, 3) == "NaN", all == 8 && text(0, 8) == "Infinity", all == 9 && text(0, 9) == "undefined", all == 15 && text(0, 15) == "[object Object]":
		p.message = fmt.Sprintf("\"%s\" is not valid JSON", text(0, all))
	case all <= 2*around:
		p.message = fmt.Sprintf("Unexpected token '%s', \"%s\" is not valid JSON", text(p.at, p.at+1), text(0, all))
	case p.at < around:
		p.message = fmt.Sprintf("Unexpected token '%s', \"%s\"... is not valid JSON", text(p.at, p.at+1), text(0, p.at+around))
	case p.at < all-around:
		p.message = fmt.Sprintf("Unexpected token '%s', ...\"%s\"... is not valid JSON", text(p.at, p.at+1), text(p.at-around, p.at+around))
	default:
		p.message = fmt.Sprintf("Unexpected token '%s', ...\"%s\" is not valid JSON", text(p.at, p.at+1), text(p.at-around, all))
	}
}

func isDigit(c uint16) bool { return '0' <= c && c <= '9' }

func (p *jsonText) value(depth int) {
	p.space()
	c, _ := p.peek()
	switch {
	case depth > maxJSONDepth:
		p.at = len(p.s)
	case c == '{':
		p.object(depth)
	case c == '[':
		p.at++
		if p.next(']') {
			return
		}
		for p.message == "" {
			p.value(depth + 1)
			if p.message == "" && !p.next(',') {
				if !p.next(']') {
					p.fail("Expected ',' or ']' after array element")
				}
				return
			}
		}
	case c == '"':
		p.text()
	case c == '-' || isDigit(c):
		p.number()
	case c == 't':
		p.literal("true")
	case c == 'f':
		p.literal("false")
	case c == 'n':
		p.literal("null")
	default:
		p.unexpected()
	}
}

func (p *jsonText) object(depth int) {
	p.at++
	if p.next('}') {
		return
	}
	expected := "Expected property name or '}'"
	for p.message == "" {
		p.space()
		if c, ok := p.peek(); !ok || c != '"' {
			p.fail(expected)
			return
		}
		expected = "Expected double-quoted property name"
		if p.text(); p.message == "" && !p.next(':') {
			p.fail("Expected ':' after property name")
		}
		if p.message == "" {
			p.value(depth + 1)
		}
		if p.message == "" && !p.next(',') {
			if !p.next('}') {
				p.fail("Expected ',' or '}' after property value")
			}
			return
		}
	}
}

func (p *jsonText) literal(word string) {
	for i := range len(word) {
		if c, ok := p.peek(); !ok || c != uint16(word[i]) {
			p.unexpected()
			return
		}
		p.at++
	}
}

// digits skips digits and reports whether there was one.
func (p *jsonText) digits() bool {
	from := p.at
	for p.at < len(p.s) && isDigit(p.s[p.at]) {
		p.at++
	}
	return p.at > from
}

func (p *jsonText) number() {
	if p.s[p.at] == '-' {
		p.at++
	}
	if c, _ := p.peek(); c == '0' {
		p.at++
		if c, _ := p.peek(); isDigit(c) {
			p.unexpected()
			return
		}
	} else if !p.digits() {
		p.fail("No number after minus sign")
		return
	}
	if c, _ := p.peek(); c == '.' {
		if p.at++; !p.digits() {
			p.fail("Unterminated fractional number")
			return
		}
	}
	if c, _ := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c, _ := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			p.fail("Exponent part is missing a number")
		}
	}
}

func (p *jsonText) text() {
	for p.at++; ; p.at++ {
		c, ok := p.peek()
		switch {
		case !ok:
			p.fail("Unterminated string")
			return
		case c == '"':
			p.at++
			return
		case c < 0x20:
			p.fail("Bad control character in string literal")
			return
		case c == '\\':
			p.at++
			if !p.escape() {
				return
			}
		}
	}
}

// escape leaves the position at the last character of an escape sequence.
func (p *jsonText) escape() bool {
	switch c, ok := p.peek(); {
	case !ok:
		p.unexpected()
		return false
	case c == 'u':
		for range 4 {
			p.at++
			c, _ := p.peek()
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				p.fail("Bad Unicode escape")
				return false
			}
		}
	case c == '"', c == '\\', c == '/', c == 'b', c == 'f', c == 'n', c == 'r', c == 't':
	default:
		p.fail("Bad escaped character")
		return false
	}
	return true
}
