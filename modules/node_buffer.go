package modules

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNative bounds, in bytes, what one native call produces.
const maxNative = 256 << 20

func errOversize(what string) error {
	return &Throw{Class: "RangeError", Message: what + " is too large", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
}

// argString, argBytes, argNumber and argBool return the argument, or the zero
// value where it is missing or of another type: modules check types before.
func argString(args []any, i int) string {
	if i < len(args) {
		s, _ := args[i].(string)
		return s
	}
	return ""
}

func argBytes(args []any, i int) []byte {
	if i < len(args) {
		b, _ := args[i].([]byte)
		return b
	}
	return nil
}

func argNumber(args []any, i int) float64 {
	if i < len(args) {
		f, _ := args[i].(float64)
		return f
	}
	return 0
}

func argBool(args []any, i int) bool {
	if i < len(args) {
		b, _ := args[i].(bool)
		return b
	}
	return false
}

// argInt returns the argument as an int within [lo, hi]; NaN is lo.
func argInt(args []any, i, lo, hi int) int {
	f := argNumber(args, i)
	switch {
	case f >= float64(hi):
		return hi
	case f > float64(lo):
		return int(f)
	}
	return lo
}

var bufferNatives = map[string]Native{
	// encode(string, encoding) gives bytes. Encodings are canonical names.
	"encode": func(_ *Call, args []any) (any, error) {
		s := argString(args, 0)
		if len(s) > maxNative/2 {
			return nil, errOversize("the string")
		}
		return nodeEncode(s, argString(args, 1)), nil
	},
	// decode(bytes, encoding) gives text; undefined for UTF-16 that Go cannot hold.
	"decode": func(_ *Call, args []any) (any, error) {
		b := argBytes(args, 0)
		if len(b) > maxNative/2 {
			return nil, &Throw{Message: "Cannot create a string longer than 0x1fffffe8 characters", Props: Object{{"code", "ERR_STRING_TOO_LONG"}}}
		}
		s, ok := nodeDecode(b, argString(args, 1))
		if !ok {
			return nil, nil
		}
		return s, nil
	},
	// size(string, encoding) is what encode's result will be long, at most.
	"size": func(_ *Call, args []any) (any, error) {
		return textSize(argString(args, 0), argString(args, 1)), nil
	},
	"compare": func(_ *Call, args []any) (any, error) {
		return bytes.Compare(argBytes(args, 0), argBytes(args, 1)), nil
	},
}

var bufferMoreNatives = map[string]Native{
	// fill(bytes, pattern) fills bytes, which is the script's memory.
	"fill": func(_ *Call, args []any) (any, error) {
		b, pattern := argBytes(args, 0), argBytes(args, 1)
		if len(pattern) == 0 {
			return nil, nil
		}
		// The pattern may be a part of what is filled.
		pattern = bytes.Clone(pattern[:min(len(pattern), len(b))])
		for n := copy(b, pattern); n > 0 && n < len(b); n *= 2 {
			copy(b[n:], b[:n])
		}
		return nil, nil
	},
	// indexOf(bytes, needle, from, forward, wide) is an offset or -1. Wide finds
	// at even distances from the start only.
	"indexOf": func(_ *Call, args []any) (any, error) {
		b, needle := argBytes(args, 0), argBytes(args, 1)
		step := 1
		if argBool(args, 4) {
			step = 2
		}
		return indexBytes(b, needle, argInt(args, 2, 0, len(b)), argBool(args, 3), step), nil
	},
}

var bufferModuleNatives = map[string]Native{
	"isUtf8": func(_ *Call, args []any) (any, error) { return utf8.Valid(argBytes(args, 0)), nil },
	"isAscii": func(_ *Call, args []any) (any, error) {
		for _, c := range argBytes(args, 0) {
			if c >= 0x80 {
				return false, nil
			}
		}
		return true, nil
	},
}

func indexBytes(b, needle []byte, from int, forward bool, step int) int {
	if len(needle) == 0 {
		return min(from, len(b))
	}
	if !forward {
		for end := min(from+len(needle), len(b)); end >= len(needle); {
			i := bytes.LastIndex(b[:end], needle)
			if i < 0 || i%step == 0 {
				return i
			}
			end = i + len(needle) - 1
		}
		return -1
	}
	for from < len(b) {
		i := bytes.Index(b[from:], needle)
		if i < 0 || (from+i)%step == 0 {
			if i >= 0 {
				i += from
			}
			return i
		}
		from += i + 1
	}
	return -1
}

func nodeEncode(s, encoding string) []byte {
	switch encoding {
	case "hex":
		// Node stops at the first pair that is not hexadecimal.
		n := 0
		for n+1 < len(s) && isHexDigit(s[n]) && isHexDigit(s[n+1]) {
			n += 2
		}
		b, _ := hex.DecodeString(s[:n])
		return b
	case "base64", "base64url":
		return decodeBase64(s)
	case "latin1", "ascii":
		return appendLatin1(make([]byte, 0, len(s)), s)
	case "utf16le":
		b := make([]byte, 0, 2*len(s))
		for _, r := range s {
			if r >= 0x10000 {
				hi, lo := utf16.EncodeRune(r)
				b = append(b, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
			} else {
				b = append(b, byte(r), byte(r>>8))
			}
		}
		return b
	}
	return []byte(s)
}

// appendLatin1 appends the low byte of every UTF-16 unit, as Node does.
func appendLatin1(b []byte, s string) []byte {
	for _, r := range s {
		if r >= 0x10000 {
			hi, lo := utf16.EncodeRune(r)
			b = append(b, byte(hi), byte(lo))
		} else {
			b = append(b, byte(r))
		}
	}
	return b
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// decodeBase64 reads both alphabets, skips what is in neither, and ends at the
// first '='.
func decodeBase64(s string) []byte {
	if i := strings.IndexByte(s, '='); i >= 0 {
		s = s[:i]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(s)))
	if n, err := base64.RawStdEncoding.Decode(out, []byte(s)); err == nil && strings.IndexByte(s, '\n') < 0 {
		return out[:n]
	}
	out = out[:0]
	var acc uint32
	var bits uint
	for i := range len(s) {
		v := base64Value(s[i])
		if v < 0 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return out
}

func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

// nodeDecode returns the text. It is not ok for UTF-16 with unpaired halves.
func nodeDecode(b []byte, encoding string) (string, bool) {
	switch encoding {
	case "hex":
		return hex.EncodeToString(b), true
	case "base64":
		return base64.StdEncoding.EncodeToString(b), true
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b), true
	case "latin1":
		return nodeLatin1(b), true
	case "ascii":
		out := make([]byte, len(b))
		for i, c := range b {
			out[i] = c & 0x7f
		}
		return string(out), true
	case "utf16le":
		return nodeUTF16(b)
	}
	return nodeUTF8(b), true
}

func nodeLatin1(b []byte) string {
	n := len(b)
	for _, c := range b {
		if c >= 0x80 {
			n++
		}
	}
	if n == len(b) {
		return string(b)
	}
	out := make([]byte, 0, n)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out)
}

func nodeUTF16(b []byte) (string, bool) {
	out := make([]byte, 0, len(b))
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		if utf16.IsSurrogate(r) {
			if i+3 >= len(b) {
				return "", false
			}
			r = utf16.DecodeRune(r, rune(b[i+2])|rune(b[i+3])<<8)
			if r == utf8.RuneError {
				return "", false
			}
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), true
}

// nodeUTF8 decodes as the WHATWG decoder does: one U+FFFD for each longest part
// of a character that goes wrong.
func nodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+len(b)/2)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = max(1, partialRune(b))
			out = append(out, "\uFFFD"...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return string(out)
}

// partialRune is how many bytes at the start of b begin a well-formed character
// that then breaks off.
func partialRune(b []byte) int {
	c := b[0]
	lo, hi, need := byte(0x80), byte(0xbf), 0
	switch {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		if c == 0xe0 {
			lo = 0xa0
		} else if c == 0xed {
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			lo = 0x90
		} else if c == 0xf4 {
			hi = 0x8f
		}
	default:
		return 0
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= lo && b[n] <= hi {
		lo, hi = 0x80, 0xbf
		n++
	}
	return n
}

func textSize(s, encoding string) int {
	switch encoding {
	case "hex":
		return utf16Len(s) / 2
	case "base64", "base64url":
		n := utf16Len(s)
		if n > 0 && strings.HasSuffix(s, "=") {
			n--
			if n > 0 && strings.HasSuffix(s[:len(s)-1], "=") {
				n--
			}
		}
		return n * 3 / 4
	case "latin1", "ascii":
		return utf16Len(s)
	case "utf16le":
		return 2 * utf16Len(s)
	}
	return len(s)
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

var base64Natives = map[string]Native{
	// atob(string) is undefined for what is not base64.
	"atob": func(_ *Call, args []any) (any, error) {
		s := strings.Map(func(r rune) rune {
			switch r {
			case ' ', '\t', '\n', '\f', '\r':
				return -1
			}
			return r
		}, argString(args, 0))
		if len(s)%4 == 0 {
			s = strings.TrimSuffix(s, "=")
			if len(s)%4 == 3 {
				s = strings.TrimSuffix(s, "=")
			}
		}
		b, err := base64.RawStdEncoding.DecodeString(s)
		if err != nil {
			return nil, nil
		}
		return nodeLatin1(b), nil
	},
	// btoa(string) is undefined when a character is beyond U+00FF.
	"btoa": func(_ *Call, args []any) (any, error) {
		s := argString(args, 0)
		for _, r := range s {
			if r > 0xff {
				return nil, nil
			}
		}
		return base64.StdEncoding.EncodeToString(appendLatin1(nil, s)), nil
	},
}
