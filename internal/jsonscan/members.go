package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Members validates text, which must be an object, and returns the texts of the
// values of its members with the keys: out[i] is the value of keys[i], nil if
// there is none. Of duplicates the last counts. The values alias text. out has
// room for them and is returned; it may be nil.
func Members(text []byte, out [][]byte, keys ...string) ([][]byte, error) {
	x, err := Of(text)
	if err != nil {
		return nil, err
	}
	defer x.Release()
	if cap(out) < len(keys) {
		out = make([][]byte, len(keys))
	}
	out = out[:len(keys)]
	clear(out)
	if k := x.Values[0].Kind; k != Object {
		return nil, &Error{Offset: int(x.Values[0].Start), Message: "found " + k.String() + ", expected an object"}
	}
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		for j, key := range keys {
			if x.KeyIs(text, i, key) {
				v := x.Values[i+1]
				out[j] = text[v.Start:v.End:v.End]
			}
		}
	}
	return out, nil
}

// Valid reports whether text is JSON as Scan wants it; nil if it is.
func Valid(text []byte) error {
	x, err := Of(text)
	if err == nil {
		x.Release()
	}
	return err
}

// KeyIs reports whether the string that is value i of the scanned text is key.
func (x *Index) KeyIs(text []byte, i uint32, key string) bool {
	v := &x.Values[i]
	raw := text[v.Start+1 : v.End-1]
	if v.Flags&Escaped == 0 {
		return string(raw) == key
	}
	var buf [64]byte
	got, whole := AppendString(buf[:0], raw)
	return whole && string(got) == key
}

// AppendString appends the text within a valid JSON string's quotes, unescaped,
// as UTF-8. Lone surrogates become U+FFFD, and whole is false.
func AppendString(dst, raw []byte) (_ []byte, whole bool) {
	whole = true
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		r, n := unescape(raw[i:])
		i += n
		if utf16.IsSurrogate(r) {
			low, m := rune(0), 0
			if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
				low, m = unescape(raw[i:])
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				whole = false
			} else {
				i += m
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, whole
}

// AppendUTF16 appends the text within a valid JSON string's quotes, unescaped,
// as UTF-16, with lone surrogates as they are.
func AppendUTF16(dst []uint16, raw []byte) []uint16 {
	for i := 0; i < len(raw); {
		if raw[i] == '\\' {
			r, n := unescape(raw[i:])
			dst = append(dst, uint16(r))
			i += n
			continue
		}
		r, n := utf8.DecodeRune(raw[i:])
		dst = utf16.AppendRune(dst, r)
		i += n
	}
	return dst
}

// unescape decodes the valid escape that raw begins with: one UTF-16 unit.
func unescape(raw []byte) (r rune, n int) {
	switch c := raw[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		for _, c := range raw[2:6] {
			r = r<<4 | rune(unhex(c))
		}
		return r, 6
	default:
		return rune(c), 2
	}
}
