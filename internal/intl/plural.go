package intl

import (
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// PluralRules is Intl.PluralRules. It is immutable.
type PluralRules struct {
	Locale string
	Type   string

	tag    language.Tag
	rules  *plural.Rules
	number *NumberFormat
}

// NewPluralRules resolves locales and options.
func NewPluralRules(locales []string, o Options) (*PluralRules, error) {
	p := &PluralRules{rules: plural.Cardinal}
	var err error
	if p.Type, err = o.choice("type", "cardinal", "cardinal", "ordinal"); err != nil {
		return nil, err
	}
	if p.Type == "ordinal" {
		p.rules = plural.Ordinal
	}
	digits := Options{"useGrouping": false}
	for _, k := range []string{"minimumIntegerDigits", "minimumFractionDigits", "maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits", "roundingMode"} {
		if v, ok := o[k]; ok {
			digits[k] = v
		}
	}
	if p.number, err = NewNumberFormat(locales, digits); err != nil {
		return nil, err
	}
	p.Locale = p.number.Locale
	p.tag = language.Make(p.Locale)
	return p, nil
}

var forms = map[plural.Form]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

// Select returns the category of the number.
func (p *PluralRules) Select(v float64) string {
	d := decimalOfFloat(v)
	if d.nan || d.inf {
		return "other"
	}
	whole, frac := p.number.rounded(d).text(1, p.number.minFrac)
	if base, _ := p.tag.Base(); p.Type == "cardinal" && frac == "" && len(whole) > 6 && strings.HasSuffix(whole, "000000") &&
		strings.Contains(" fr es pt it ca ", " "+base.String()+" ") {
		return "many" // younger than x/text's data: un million de …
	}
	short := strings.TrimRight(frac, "0")
	return forms[p.rules.MatchPlural(p.tag, tail(whole), len(frac), len(short), tail(frac), tail(short))]
}

// tail is the value of the last digits, which is all that rules look at; a
// leading 1 keeps large numbers from looking small.
func tail(digits string) int {
	n := 0
	if len(digits) > 7 {
		digits, n = digits[len(digits)-7:], 1
	}
	for _, c := range []byte(digits) {
		n = n*10 + int(c-'0')
	}
	return n
}

// Categories lists the categories the locale has.
func (p *PluralRules) Categories() []string {
	seen := map[string]bool{"other": true}
	for n := range 1000 {
		seen[p.Select(float64(n))] = true
		if p.Type == "cardinal" && n < 20 {
			seen[p.Select(float64(n)+0.5)] = true
		}
	}
	seen[p.Select(1e6)] = true
	var out []string
	for _, c := range []string{"few", "many", "one", "two", "zero", "other"} {
		if seen[c] {
			out = append(out, c)
		}
	}
	return out
}
