// Package ucd knows the Unicode properties that ECMAScript's regular expressions
// name, and writes them out as classes for engines that do not know them. Code
// points are judged by the Unicode version of the Go standard library, emoji and
// Script_Extensions by a newer one; no stable property changes between them.
package ucd

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// Rewrite returns the pattern of a regular expression that has the u
// flag with each \p{…} and \P{…} as an explicit class. The error is for the
// author. It grows a pattern up to 20 KB for each escape; past MaxPattern bytes it
// gives up.
func Rewrite(pattern string) (string, error) {
	var b strings.Builder
	inClass, pos := false, 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '\\' && i+1 < len(pattern):
			i++
			if pattern[i] != 'p' && pattern[i] != 'P' {
				continue
			}
			end := strings.IndexByte(pattern[i:], '}')
			if i+1 >= len(pattern) || pattern[i+1] != '{' || end < 0 {
				return "", errProperty("")
			}
			set, err := property(pattern[i+2 : i+end])
			if err != nil {
				return "", err
			}
			if pattern[i] == 'P' {
				set = set.complement()
			}
			b.WriteString(pattern[pos : i-1])
			set.write(&b, inClass)
			if b.Len() > MaxPattern {
				return "", errTooLong
			}
			i += end
			pos = i + 1
		}
	}
	b.WriteString(pattern[pos:])
	return b.String(), nil
}

// MaxPattern bounds what Rewrite writes, in bytes.
const MaxPattern = 1 << 20

var errTooLong = errors.New("too many properties in one pattern")

// PropertyError says which property is not known. Its text is for authors.
type PropertyError struct{ Expr string }

func (e *PropertyError) Error() string {
	if e.Expr == "" {
		return "Invalid property name: write \\p{…}"
	}
	return "Invalid property name \\p{" + e.Expr + "}"
}

func errProperty(expr string) error { return &PropertyError{expr} }

// Mentions says whether the pattern may have a property escape.
func Mentions(pattern string) bool {
	for i := 0; i+2 < len(pattern); i++ {
		if pattern[i] == '\\' {
			if c := pattern[i+1]; (c == 'p' || c == 'P') && pattern[i+2] == '{' {
				return true
			}
			i++
		}
	}
	return false
}

// property returns the set of characters for what stands between the braces.
func property(expr string) (runes, error) {
	name, value, pair := strings.Cut(expr, "=")
	if pair {
		switch name {
		case "General_Category", "gc":
			if t, ok := category(value); ok {
				return t, nil
			}
		case "Script", "sc":
			if t, ok := script(value); ok {
				return t, nil
			}
		case "Script_Extensions", "scx":
			if t, ok := scriptExtensions(value); ok {
				return t, nil
			}
		}
		return nil, errProperty(expr)
	}
	if t, ok := category(expr); ok {
		return t, nil
	}
	if t, ok := binary(expr); ok {
		return t, nil
	}
	return nil, errProperty(expr)
}

// runes is a set as sorted, disjoint, non-adjacent ranges [lo, hi].
type runes [][2]rune

func tableRunes(t *unicode.RangeTable) runes {
	var s runes
	for _, r := range t.R16 {
		s = s.stride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		s = s.stride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return s
}

func (s runes) stride(lo, hi, stride rune) runes {
	if stride == 1 {
		return s.add(lo, hi)
	}
	for c := lo; c <= hi; c += stride {
		s = s.add(c, c)
	}
	return s
}

// add appends a range that starts after every other.
func (s runes) add(lo, hi rune) runes {
	if n := len(s); n > 0 && s[n-1][1]+1 >= lo {
		s[n-1][1] = max(s[n-1][1], hi)
		return s
	}
	return append(s, [2]rune{lo, hi})
}

func (s runes) complement() runes {
	var c runes
	next := rune(0)
	for _, r := range s {
		if r[0] > next {
			c = append(c, [2]rune{next, r[0] - 1})
		}
		next = r[1] + 1
	}
	if next <= unicode.MaxRune {
		c = append(c, [2]rune{next, unicode.MaxRune})
	}
	return c
}

func union(sets ...runes) runes {
	var all runes
	idx := make([]int, len(sets))
	for {
		best := -1
		for i, s := range sets {
			if idx[i] < len(s) && (best < 0 || s[idx[i]][0] < sets[best][idx[best]][0]) {
				best = i
			}
		}
		if best < 0 {
			return all
		}
		r := sets[best][idx[best]]
		idx[best]++
		all = all.add(r[0], r[1])
	}
}

func (s runes) minus(t runes) runes {
	return union(s.complement(), t).complement()
}

// write appends the set as a class, or as the inside of one. It is never a
// negated class: under the i flag that would mean something else.
func (s runes) write(b *strings.Builder, inClass bool) {
	if !inClass {
		b.WriteByte('[')
		defer b.WriteByte(']')
		if len(s) == 0 { // [] is "no character" in JavaScript
			return
		}
	}
	for _, r := range s {
		writeRune(b, r[0])
		if r[1] > r[0] {
			if r[1] > r[0]+1 {
				b.WriteByte('-')
			}
			writeRune(b, r[1])
		}
	}
}

func writeRune(b *strings.Builder, c rune) {
	switch {
	case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		b.WriteRune(c)
	case c < 0xa0, c >= 0xd800 && c < 0xe000, c == 0x2028, c == 0x2029, c == 0xfeff:
		b.WriteString(`\u{`)
		b.WriteString(strconv.FormatInt(int64(c), 16))
		b.WriteByte('}')
	default:
		b.WriteRune(c)
	}
}
