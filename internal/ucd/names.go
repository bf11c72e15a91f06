package ucd

import (
	"slices"
	"strconv"
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

func mustCategory(names ...string) runes {
	var s runes
	for _, n := range names {
		c, ok := category(n)
		if !ok {
			panic("ucd: no category " + n)
		}
		s = union(s, c)
	}
	return s
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

// scriptExtensions is Script with the characters that more than one script uses.
func scriptExtensions(name string) (runes, bool) {
	set, ok := script(name)
	if !ok {
		return nil, false
	}
	if long, ok := scriptCodes[name]; ok {
		name = long
	}
	extra := parseRanges(extensionTables[name])
	if name == "Common" || name == "Inherited" {
		return set.minus(extra), true
	}
	return union(set, extra), true
}

// parseRanges reads hexadecimal code points and ranges; the tables are ours.
func parseRanges(text string) runes {
	var s runes
	for f := range strings.FieldsSeq(text) {
		lo, hi, pair := strings.Cut(f, "-")
		if !pair {
			hi = lo
		}
		a, err1 := strconv.ParseInt(lo, 16, 32)
		b, err2 := strconv.ParseInt(hi, 16, 32)
		if err1 != nil || err2 != nil {
			panic("ucd: bad table entry " + f)
		}
		s = s.add(rune(a), rune(b))
	}
	return s
}

// binary returns the set of a binary property that ECMAScript names.
func binary(name string) (runes, bool) {
	if long, ok := binaryAliases[name]; ok {
		name = long
	}
	if f, ok := derived[name]; ok {
		return f(), true
	}
	if t, ok := binaryTables[name]; ok {
		return parseRanges(t), true
	}
	if t, ok := unicode.Properties[name]; ok && slices.Contains(plain, name) {
		return tableRunes(t), true
	}
	return nil, false
}

// plain are the properties that are the same in Go and ECMAScript.
var plain = []string{"ASCII_Hex_Digit", "Bidi_Control", "Dash", "Deprecated", "Diacritic", "Extender", "Hex_Digit",
	"IDS_Binary_Operator", "IDS_Trinary_Operator", "Ideographic", "Join_Control", "Logical_Order_Exception",
	"Noncharacter_Code_Point", "Pattern_Syntax", "Pattern_White_Space", "Quotation_Mark", "Radical",
	"Regional_Indicator", "Sentence_Terminal", "Soft_Dotted", "Terminal_Punctuation", "Unified_Ideograph",
	"Variation_Selector", "White_Space"}

var binaryAliases = map[string]string{
	"AHex": "ASCII_Hex_Digit", "Alpha": "Alphabetic", "Bidi_C": "Bidi_Control", "Bidi_M": "Bidi_Mirrored",
	"CI": "Case_Ignorable", "DI": "Default_Ignorable_Code_Point", "Dep": "Deprecated", "Dia": "Diacritic",
	"EBase": "Emoji_Modifier_Base", "EComp": "Emoji_Component", "EMod": "Emoji_Modifier",
	"EPres": "Emoji_Presentation", "Ext": "Extender", "ExtPict": "Extended_Pictographic",
	"Gr_Base": "Grapheme_Base", "Gr_Ext": "Grapheme_Extend", "Hex": "Hex_Digit", "IDC": "ID_Continue",
	"IDS": "ID_Start", "IDSB": "IDS_Binary_Operator", "IDST": "IDS_Trinary_Operator", "Ideo": "Ideographic",
	"Join_C": "Join_Control", "LOE": "Logical_Order_Exception", "Lower": "Lowercase",
	"NChar": "Noncharacter_Code_Point", "Pat_Syn": "Pattern_Syntax", "Pat_WS": "Pattern_White_Space",
	"QMark": "Quotation_Mark", "RI": "Regional_Indicator", "SD": "Soft_Dotted", "STerm": "Sentence_Terminal",
	"Term": "Terminal_Punctuation", "UIdeo": "Unified_Ideograph", "Upper": "Uppercase",
	"VS": "Variation_Selector", "XIDC": "XID_Continue", "XIDS": "XID_Start", "space": "White_Space",
}

// derived are the properties that the Unicode standard defines by others (UAX 44
// and DerivedCoreProperties). XID_* is taken to be ID_*: they differ in some
// thirty compatibility characters. Changes_When_* is not offered.
var derived = map[string]func() runes{
	"Any":        func() runes { return runes{{0, unicode.MaxRune}} },
	"ASCII":      func() runes { return runes{{0, 0x7f}} },
	"Assigned":   func() runes { return mustCategory("Cn").complement() },
	"Alphabetic": func() runes { return union(mustCategory("L", "Nl"), tableRunes(unicode.Other_Alphabetic)) },
	"Lowercase":  lowercase,
	"Uppercase":  uppercase,
	"Cased":      func() runes { return union(lowercase(), uppercase(), mustCategory("Lt")) },
	"Case_Ignorable": func() runes {
		return union(mustCategory("Mn", "Me", "Cf", "Lm", "Sk"),
			parseRanges("27 2e 3a b7 387 55f 5f4 2018-2019 2024 2027 fe13 fe52 fe55 ff07 ff0e ff1a"))
	},
	"Math":            func() runes { return union(mustCategory("Sm"), tableRunes(unicode.Other_Math)) },
	"Grapheme_Extend": graphemeExtend,
	"Grapheme_Base": func() runes {
		return union(mustCategory("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), graphemeExtend()).complement()
	},
	"Default_Ignorable_Code_Point": func() runes {
		all := union(tableRunes(unicode.Other_Default_Ignorable_Code_Point), mustCategory("Cf"), tableRunes(unicode.Variation_Selector))
		return all.minus(union(tableRunes(unicode.White_Space), parseRanges("fff9-fffb 13430-13440"),
			tableRunes(unicode.Prepended_Concatenation_Mark)))
	},
	"ID_Start": idStart, "XID_Start": idStart,
	"ID_Continue": idContinue, "XID_Continue": idContinue,
}

func lowercase() runes { return union(mustCategory("Ll"), tableRunes(unicode.Other_Lowercase)) }
func uppercase() runes { return union(mustCategory("Lu"), tableRunes(unicode.Other_Uppercase)) }

func graphemeExtend() runes {
	return union(mustCategory("Me", "Mn"), tableRunes(unicode.Other_Grapheme_Extend))
}

func idStart() runes {
	return union(mustCategory("L", "Nl"), tableRunes(unicode.Other_ID_Start)).minus(syntax())
}

func idContinue() runes {
	return union(idStart(), mustCategory("Mn", "Mc", "Nd", "Pc"), tableRunes(unicode.Other_ID_Continue)).minus(syntax())
}

func syntax() runes {
	return union(tableRunes(unicode.Pattern_Syntax), tableRunes(unicode.Pattern_White_Space))
}
