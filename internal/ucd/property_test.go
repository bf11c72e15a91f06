package ucd

import (
	"maps"
	resyntax "regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func has(s runes, c rune) bool {
	for _, r := range s {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	return false
}

func TestSets(t *testing.T) {
	for expr, c := range map[string]struct{ in, out string }{
		"L": {"aÉ字ª", "1 _"}, "Letter": {"a", "1"}, "Lu": {"AÉ", "aª"}, "gc=Sc": {"$€", "a"}, "Cn": {"\u0378", "a"},
		"Script=Latin": {"aÉ", "β"}, "sc=Grek": {"β", "a"}, "scx=Hira": {"ーあ", "ア"}, "Script_Extensions=Zyyy": {"!", "ー"},
		"Alphabetic": {"aⅷ", "1"}, "Upper": {"AⅧ", "a"}, "White_Space": {" \u3000", "a"}, "Emoji": {"😀1#", "a"},
		"ExtPict": {"😀", "1"}, "Assigned": {"a", "\u0378"}, "ASCII": {"a\x00", "é"}, "Any": {"a\u0378", ""},
		"ID_Start": {"aÉ", "1·"}, "IDC": {"a1·", "-"}, "Dash": {"-—", "a"}, "Hex_Digit": {"fＦ", "g"}, "Cased": {"aA", "字"},
		"Default_Ignorable_Code_Point": {"\u00ad\u200d", "a"}, "Grapheme_Base": {"a", "\u0301"}, "Bidi_M": {"(", "a"},
	} {
		s, err := property(expr)
		require.NoError(t, err, expr)
		for _, r := range c.in {
			assert.True(t, has(s, r), "%s lacks %q", expr, r)
		}
		for _, r := range c.out {
			assert.False(t, has(s, r), "%s has %q", expr, r)
			assert.True(t, has(s.complement(), r), "complement of %s lacks %q", expr, r)
		}
	}
	for _, expr := range []string{"", "l", "Foo", "Script", "Script=", "Script=Klingon", "gc=", "Other_Math", "Hyphen", "sc=L", "Latin", "=", "L=L"} {
		_, err := property(expr)
		assert.Error(t, err, expr)
	}
}

func TestTablesAreSets(t *testing.T) {
	names := append(slices.Concat(plain, slices.Collect(maps.Keys(derived))), slices.Collect(maps.Keys(binaryTables))...)
	for code := range scriptCodes {
		names = append(names, "sc="+code, "scx="+code)
	}
	for alias := range binaryAliases {
		names = append(names, alias)
	}
	for _, n := range names {
		s, err := property(n)
		require.NoError(t, err, n)
		assert.NotEmpty(t, s, n)
		for i, r := range s {
			assert.True(t, r[0] <= r[1] && (i == 0 || s[i-1][1]+1 < r[0]), "%s: range %d", n, i)
		}
		assert.Equal(t, s, s.complement().complement(), n)
	}
}

func TestRewrite(t *testing.T) {
	for in, want := range map[string]string{
		`abc`:                 `abc`,
		`\p{ASCII_Hex_Digit}`: `[0-9A-Fa-f]`,
		`[x\p{AHex}y]`:        `[x0-9A-Fa-fy]`,
		`\\p{L}`:              `\\p{L}`,
		`\p{ASCII}`:           `[\u{0}-\u{7f}]`,
		`\P{Any}`:             `[]`,
		`[\P{Any}a]`:          `[a]`,
		`\p{RI}+`:             `[🇦-🇿]+`,
	} {
		got, err := Rewrite(in)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := Rewrite(strings.Repeat(`\p{L}`, 1000))
	assert.Error(t, err)
	for _, in := range []string{`\p`, `\pL`, `\p{`, `\p{L`, `[\p`, `\P{}`} {
		_, err := Rewrite(in)
		assert.Error(t, err, in)
	}
}

func FuzzRewrite(f *testing.F) {
	for _, s := range []string{`\p{L}`, `[\P{Lu}-z]`, `\\p{`, `[^\p{sc=Latn}]`, `(?<n>\p{Emoji})`, `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := Rewrite(s)
		if err != nil {
			return
		}
		if !Mentions(s) && out != s {
			t.Fatalf("changed %q to %q", s, out)
		}
		if Mentions(out) {
			t.Fatalf("left a property in %q", out)
		}
	})
}

func TestClassesCompileInGo(t *testing.T) {
	for name := range unicode.Categories {
		out, err := Rewrite(`\p{` + name + `}`)
		require.NoError(t, err)
		_, err = resyntax.Parse(strings.NewReplacer(`\u{`, `\x{`).Replace(out), resyntax.Perl)
		assert.NoError(t, err, name)
	}
}
