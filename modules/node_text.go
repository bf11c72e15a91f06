package modules

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encodingLabels are the WHATWG labels of the encodings that TextDecoder has.
var encodingLabels = map[string]string{
	"utf-8": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "unicode11utf8": "utf-8", "unicode20utf8": "utf-8", "x-unicode20utf8": "utf-8",
	"utf-16le": "utf-16le", "utf-16": "utf-16le", "ucs-2": "utf-16le", "unicode": "utf-16le", "csunicode": "utf-16le",
	"iso-10646-ucs-2": "utf-16le", "unicodefeff": "utf-16le",
	"utf-16be": "utf-16be", "unicodefffe": "utf-16be",
	"latin1": "windows-1252", "iso-8859-1": "windows-1252", "iso8859-1": "windows-1252", "iso88591": "windows-1252", "iso_8859-1": "windows-1252",
	"ascii": "windows-1252", "us-ascii": "windows-1252", "ansi_x3.4-1968": "windows-1252", "windows-1252": "windows-1252",
	"cp1252": "windows-1252", "x-cp1252": "windows-1252", "l1": "windows-1252", "cp819": "windows-1252", "ibm819": "windows-1252",
}

// windows1252 are the characters of the bytes 0x80 to 0x9F.
var windows1252 = [32]rune{
	0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
	0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
}

var encodingNatives = map[string]Native{
	"encode": func(_ *Call, args []any) (any, error) { return []byte(argString(args, 0)), nil },
	// encodeInto(string, room) gives the bytes that fit and the UTF-16 units they are.
	"encodeInto": func(_ *Call, args []any) (any, error) {
		s, room := argString(args, 0), argInt(args, 1, 0, maxNative)
		if len(s) > room {
			for room > 0 && !utf8.RuneStart(s[room]) {
				room--
			}
			s = s[:room]
		}
		return []any{[]byte(s), utf16Len(s)}, nil
	},
	// label(text) is the encoding's name, undefined for one that there is not.
	"label": func(_ *Call, args []any) (any, error) {
		if name, ok := encodingLabels[strings.ToLower(strings.Trim(argString(args, 0), "\t\n\f\r "))]; ok {
			return name, nil
		}
		return nil, nil
	},
	// decode(bytes, encoding, last) gives [text, bytes used, whether any were wrong].
	"decode": func(_ *Call, args []any) (any, error) {
		b := argBytes(args, 0)
		if len(b) > maxNative/2 {
			return nil, errOversize("the input")
		}
		text, used, bad := decodeStream(b, argString(args, 1), argBool(args, 2))
		return []any{text, used, bad}, nil
	},
}

func decodeStream(b []byte, encoding string, last bool) (text string, used int, bad bool) {
	used = len(b)
	switch encoding {
	case "windows-1252":
		out := make([]byte, 0, len(b))
		for _, c := range b {
			r := rune(c)
			if c >= 0x80 && c < 0xa0 {
				r = windows1252[c-0x80]
			}
			out = utf8.AppendRune(out, r)
		}
		return string(out), used, false
	case "utf-16le", "utf-16be":
		return decodeUTF16(b, encoding == "utf-16be", last)
	}
	if !last {
		used = completeUTF8(b)
		b = b[:used]
	}
	return nodeUTF8(b), used, !utf8.Valid(b)
}

// completeUTF8 is the length of b without a character at its end that may go on.
func completeUTF8(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-3; i-- {
		if !utf8.RuneStart(b[i]) {
			continue
		}
		if !utf8.FullRune(b[i:]) && partialRune(b[i:]) == len(b)-i {
			return i
		}
		break
	}
	return len(b)
}

func decodeUTF16(b []byte, big, last bool) (text string, used int, bad bool) {
	unit := func(i int) rune {
		if big {
			return rune(b[i])<<8 | rune(b[i+1])
		}
		return rune(b[i]) | rune(b[i+1])<<8
	}
	out := make([]byte, 0, len(b))
	i := 0
	for i+1 < len(b) {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			if r < 0xdc00 && i+3 < len(b) {
				if pair := utf16.DecodeRune(r, unit(i+2)); pair != utf8.RuneError {
					out = utf8.AppendRune(out, pair)
					i += 4
					continue
				}
			}
			if r < 0xdc00 && i+3 >= len(b) && !last {
				break
			}
			r, bad = utf8.RuneError, true
		}
		out = utf8.AppendRune(out, r)
		i += 2
	}
	if last && i < len(b) {
		out, bad, i = append(out, "\uFFFD"...), true, len(b)
	}
	return string(out), i, bad
}

var utilNatives = map[string]Native{
	// scalar(string) has U+FFFD for unpaired surrogates: the way in does that.
	"scalar": func(_ *Call, args []any) (any, error) { return argString(args, 0), nil },
}

var equalNatives = map[string]Native{
	"sameBytes": func(_ *Call, args []any) (any, error) { return bytes.Equal(argBytes(args, 0), argBytes(args, 1)), nil },
}

var decoderNatives = map[string]Native{
	// complete(bytes) is the length without a UTF-8 character cut at the end.
	"complete": func(_ *Call, args []any) (any, error) { return completeUTF8(argBytes(args, 0)), nil },
}

var inspectNatives = map[string]Native{
	// quote(string) puts a string without anything special in quotes; undefined
	// for others.
	"quote": func(_ *Call, args []any) (any, error) {
		s := argString(args, 0)
		for _, r := range s {
			if r < 0x20 || r == '\'' || r == '\\' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
				return nil, nil
			}
		}
		return "'" + s + "'", nil
	},
	// name tells whether a key needs no quotes.
	"name": func(_ *Call, args []any) (any, error) {
		s := argString(args, 0)
		for i, r := range s {
			if r != '_' && (r >= 0x80 || !isAlpha(r)) && (i == 0 || !isDigit(r)) {
				return false, nil
			}
		}
		return s != "", nil
	},
}
