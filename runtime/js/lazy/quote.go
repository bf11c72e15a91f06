package lazy

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

const hex = "0123456789abcdef"

// quote writes s as a JSON string.
func (w *writer) quote(s string) error {
	if len(s)+2 > w.limit-len(w.dst) {
		return ErrTooLarge
	}
	dst := append(w.dst, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			start = i + 1
		}
	}
	dst = append(dst, s[start:]...)
	w.dst = append(dst, '"')
	return nil
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// quoteUnits writes a string that may have lone surrogates, unit by unit. They
// are written as escapes, as JSON.stringify does.
func (w *writer) quoteUnits(x goja.String) error {
	w.dst = append(w.dst, '"')
	n := x.Length()
	for i := 0; i < n; i++ {
		if len(w.dst) > w.limit {
			return ErrTooLarge
		}
		u := rune(x.CharAt(i))
		if utf16.IsSurrogate(u) {
			r := rune(utf8.RuneError)
			if i+1 < n {
				r = utf16.DecodeRune(u, rune(x.CharAt(i+1)))
			}
			if r == utf8.RuneError {
				w.dst = append(w.dst, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
				continue
			}
			u = r
			i++
		}
		if u < ' ' || u == '"' || u == '\\' {
			w.dst = appendEscape(w.dst, byte(u))
		} else {
			w.dst = utf8.AppendRune(w.dst, u)
		}
	}
	w.dst = append(w.dst, '"')
	return nil
}
