package lang

import (
	"strings"
	"unicode"
)

// category returns the set of a general category by short or long name.
func category(name string) (runes, bool) {
	if alias, ok := unicode.CategoryAliases[name]; ok {
		name = alias
	}
	if t, ok := unicode.Categories[name]; ok {
		return tableRunes(t), true
	}
	return nil, false
}

// script returns the set of a script by long name or ISO 15924 code.
func script(name string) (runes, bool) {
	if long, ok := scriptCodes[name]; ok {
		name = long
	}
	if t, ok := unicode.Scripts[name]; ok {
		return tableRunes(t), true
	}
	return nil, false
}

// scriptExtensions is approximated by Script.
func scriptExtensions(name string) (runes, bool) { return script(name) }

var scriptCodes = map[string]string{"Latn": "Latin", "Grek": "Greek", "Cyrl": "Cyrillic", "Hani": "Han",
	"Hira": "Hiragana", "Kana": "Katakana", "Arab": "Arabic", "Hebr": "Hebrew", "Hang": "Hangul",
	"Thai": "Thai", "Deva": "Devanagari", "Zyyy": "Common", "Zinh": "Inherited", "Qaai": "Inherited"}

// derived gives the binary properties that Go has only in parts.
var derived = map[string]func() runes{
	"Any":      func() runes { return runes{{0, unicode.MaxRune}} },
	"ASCII":    func() runes { return runes{{0, 0x7f}} },
	"Assigned": func() runes { c, _ := category("Cn"); return c.complement() },
	"Alphabetic": func() runes {
		return union(tableRunes(unicode.L), tableRunes(unicode.Nl), tableRunes(unicode.Other_Alphabetic))
	},
	"Lowercase": func() runes { return union(tableRunes(unicode.Ll), tableRunes(unicode.Other_Lowercase)) },
	"Uppercase": func() runes { return union(tableRunes(unicode.Lu), tableRunes(unicode.Other_Uppercase)) },
	"Math":      func() runes { return union(tableRunes(unicode.Sm), tableRunes(unicode.Other_Math)) },
}

var binaryAliases = map[string]string{"Alpha": "Alphabetic", "Lower": "Lowercase", "Upper": "Uppercase", "space": "White_Space"}

// binary returns the set of a binary property.
func binary(name string) (runes, bool) {
	if long, ok := binaryAliases[name]; ok {
		name = long
	}
	if f, ok := derived[name]; ok {
		return f(), true
	}
	if strings.HasPrefix(name, "Other_") {
		return nil, false // not in ECMAScript
	}
	if t, ok := unicode.Properties[name]; ok {
		return tableRunes(t), true
	}
	return nil, false
}
