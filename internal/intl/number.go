package intl

import (
	"strconv"
	"strings"
)

// numberData is how a locale writes numbers. In patterns n is the number, ¤ the
// currency, % the percent sign, - the minus sign.
type numberData struct {
	Decimal     string            `json:"d"`
	Group       string            `json:"g"`
	MinGroup    int               `json:"mg"` // digits before the first group
	MinGroupCur int               `json:"mgc"`
	Secondary   int               `json:"sg"`
	Minus       string            `json:"m"`
	Percent     string            `json:"pc"`
	PercentSign string            `json:"pcs"`
	Currency    [2]string         `json:"cu"` // positive, negative
	Code        string            `json:"cuc"`
	Accounting  [2]string         `json:"ca"`
	Symbols     map[string]string `json:"cs"`
	Narrow      map[string]string `json:"cn"`
	Compact     []string          `json:"cp"` // from 10^3 on
	CompactLong []string          `json:"cpl"`
	NaN         string            `json:"nan"`
}

// NumberFormat is Intl.NumberFormat. It is immutable.
type NumberFormat struct {
	Locale string
	data   *locale

	style, currency, display, sign, unit, unitDisplay string
	notation, compact, grouping, signDisplay, mode    string
	minInt, minFrac, maxFrac, minSig, maxSig          int
	significant, compactRounding                      bool
	stripZeros                                        bool
}

// NewNumberFormat resolves locales and options.
func NewNumberFormat(locales []string, o Options) (*NumberFormat, error) {
	f := &NumberFormat{}
	var err error
	if f.Locale, _, f.data, err = resolve(locales); err != nil {
		return nil, err
	}
	read := []struct {
		to      *string
		name    string
		def     string
		allowed []string
	}{
		{&f.style, "style", "decimal", []string{"decimal", "percent", "currency", "unit"}},
		{&f.display, "currencyDisplay", "symbol", []string{"code", "symbol", "narrowSymbol", "name"}},
		{&f.sign, "currencySign", "standard", []string{"standard", "accounting"}},
		{&f.unitDisplay, "unitDisplay", "short", []string{"short", "narrow", "long"}},
		{&f.notation, "notation", "standard", []string{"standard", "scientific", "engineering", "compact"}},
		{&f.compact, "compactDisplay", "short", []string{"short", "long"}},
		{&f.signDisplay, "signDisplay", "auto", []string{"auto", "never", "always", "exceptZero", "negative"}},
		{&f.mode, "roundingMode", "halfExpand", []string{"ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"}},
	}
	for _, r := range read {
		if *r.to, err = o.choice(r.name, r.def, r.allowed...); err != nil {
			return nil, err
		}
	}
	if err = f.readSubject(o); err != nil {
		return nil, err
	}
	if err = f.readGrouping(o); err != nil {
		return nil, err
	}
	return f, f.readDigits(o)
}

// readSubject reads what is counted: a currency or a unit.
func (f *NumberFormat) readSubject(o Options) error {
	if c, ok := o["currency"]; ok && c != nil {
		f.currency = strings.ToUpper(text(c))
		if len(f.currency) != 3 || strings.Trim(f.currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return rangeError("Invalid currency code : " + text(c))
		}
	} else if f.style == "currency" {
		return &TypeError{"Currency code is required with currency style."}
	}
	if u, ok := o["unit"]; ok && u != nil {
		f.unit = text(u)
		if !knownUnit(f.unit) {
			return rangeError("Invalid unit argument for Intl.NumberFormat() '" + f.unit + "'")
		}
	} else if f.style == "unit" {
		return &TypeError{"Required option \"unit\" is missing."}
	}
	return nil
}

// TypeError is a missing argument; it becomes a TypeError.
type TypeError struct{ Message string }

func (e *TypeError) Error() string { return e.Message }

func (f *NumberFormat) readGrouping(o Options) error {
	f.grouping = "auto"
	if f.notation == "compact" {
		f.grouping = "min2"
	}
	switch v := o["useGrouping"].(type) {
	case bool:
		f.grouping = "false"
		if v {
			f.grouping = "always"
		}
	case nil:
	default:
		switch s := text(v); s {
		case "auto", "always", "min2":
			f.grouping = s
		case "true", "false":
		default:
			return rangeError("Value " + s + " out of range for Intl.NumberFormat options property useGrouping")
		}
	}
	return nil
}

func (f *NumberFormat) readDigits(o Options) error {
	var err error
	if f.minInt, _, err = o.integer("minimumIntegerDigits", 1, 21, 1); err != nil {
		return err
	}
	defMin, defMax := 0, 3
	switch f.style {
	case "currency":
		if f.notation == "standard" {
			defMin = currencyDigits(f.currency)
			defMax = defMin
		} else {
			defMax = 0
		}
	case "percent":
		defMax = 0
	}
	minF, hasMin, err := o.integer("minimumFractionDigits", 0, 100, defMin)
	if err != nil {
		return err
	}
	maxF, hasMax, err := o.integer("maximumFractionDigits", 0, 100, defMax)
	if err != nil {
		return err
	}
	switch {
	case hasMin && hasMax && minF > maxF:
		return rangeError("maximumFractionDigits value is out of range.")
	case hasMin && !hasMax:
		maxF = max(maxF, minF)
	case hasMax && !hasMin:
		minF = min(minF, maxF)
	}
	f.minFrac, f.maxFrac = minF, maxF
	minS, hasMinS, err := o.integer("minimumSignificantDigits", 1, 21, 1)
	if err != nil {
		return err
	}
	maxS, hasMaxS, err := o.integer("maximumSignificantDigits", minS, 21, 21)
	if err != nil {
		return err
	}
	f.significant = hasMinS || hasMaxS
	f.minSig, f.maxSig = minS, maxS
	f.compactRounding = f.notation == "compact" && !f.significant && !hasMin && !hasMax
	strip, err := o.choice("trailingZeroDisplay", "auto", "auto", "stripIfInteger")
	f.stripZeros = strip == "stripIfInteger"
	return err
}

// currencyDigits is the number of minor digits (ISO 4217).
func currencyDigits(code string) int {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// Format formats a float64, *big.Int or decimal string.
func (f *NumberFormat) Format(v any) string { return Join(f.Parts(v)) }

// Parts formats as formatToParts does.
func (f *NumberFormat) Parts(v any) []Part {
	d := decimalOf(v)
	if f.style == "percent" {
		d = d.shift(2)
	}
	var body []Part
	suffix, exponent := "", 0
	switch {
	case d.nan:
		body = []Part{{"nan", f.data.Number.NaN}}
		d.neg = false
	case d.inf:
		body = []Part{{"infinity", "∞"}}
	default:
		switch f.notation {
		case "compact":
			d, suffix = f.compacted(d)
		case "scientific", "engineering":
			d, exponent = f.scaled(d)
		default:
			d = f.rounded(d)
		}
		body = f.digits(d)
		if f.notation == "scientific" || f.notation == "engineering" {
			body = append(body, Part{"exponentSeparator", "E"})
			if exponent < 0 {
				body = append(body, Part{"exponentMinusSign", f.data.Number.Minus})
			}
			body = append(body, Part{"exponentInteger", strconv.Itoa(max(exponent, -exponent))})
		}
	}
	if suffix != "" {
		trimmed := strings.TrimLeft(suffix, " \u00a0\u202f")
		if gap := suffix[:len(suffix)-len(trimmed)]; gap != "" {
			body = append(body, Part{"literal", gap})
		}
		body = append(body, Part{"compact", trimmed})
	}
	return f.affixed(body, d)
}

// rounded applies the digit options.
func (f *NumberFormat) rounded(d decimal) decimal {
	switch {
	case f.compactRounding:
		if d.exp >= 2 {
			return d.toFraction(0, f.mode)
		}
		return d.round(2, f.mode)
	case f.significant:
		return d.round(f.maxSig, f.mode)
	}
	return d.toFraction(f.maxFrac, f.mode)
}

// scaled brings the number to its mantissa.
func (f *NumberFormat) scaled(d decimal) (decimal, int) {
	e := d.exp - 1
	if len(d.digits) == 0 {
		return d, 0
	}
	if f.notation == "engineering" {
		e -= (e%3 + 3) % 3
	}
	r := f.rounded(d.shift(-e))
	if f.notation == "scientific" && r.exp > 1 || f.notation == "engineering" && r.exp > 3 {
		step := 1
		if f.notation == "engineering" {
			step = 3
		}
		return f.rounded(d.shift(-e - step)), e + step
	}
	return r, e
}

// compacted divides by the locale's power of ten and returns its suffix.
func (f *NumberFormat) compacted(d decimal) (decimal, string) {
	table := f.data.Number.Compact
	if f.compact == "long" {
		table = f.data.Number.CompactLong
	}
	for range 2 {
		e := d.exp - 1
		if e < 3 || len(d.digits) == 0 {
			r := f.rounded(d)
			if r.exp < 4 {
				return r, ""
			}
			d = r // 999.9 became 1000
			continue
		}
		i := min(e-3, len(table)-1)
		keep, suffix := compactEntry(table[i], false)
		scale := 3 + i + 1 - keep
		r := f.rounded(d.shift(-scale))
		if r.exp > keep && i+1 < len(table) && e-3 == i {
			d = r.shift(scale) // rounding reached the next power
			continue
		}
		if len(r.digits) == 1 && r.digits[0] == 1 && r.exp == 1 {
			_, suffix = compactEntry(table[i], true)
		}
		return r, suffix
	}
	return f.rounded(d), ""
}

// compactEntry reads `2nK` or `2n M|1n m`: digits that stay, and what follows,
// for one if the locale has a word of its own for it.
func compactEntry(entry string, one bool) (int, string) {
	many, single, two := strings.Cut(entry, "|")
	if one && two {
		many = single
	}
	n, suffix, _ := strings.Cut(many, "n")
	keep, _ := strconv.Atoi(n)
	return keep, suffix
}

// digits writes the rounded number's own parts.
func (f *NumberFormat) digits(d decimal) []Part {
	minFrac := f.minFrac
	if f.significant {
		minFrac = max(0, f.minSig-max(d.exp, 1))
		if d.exp <= 0 && len(d.digits) > 0 {
			minFrac = f.minSig - d.exp
		}
	} else if f.compactRounding {
		minFrac = 0
	}
	whole, frac := d.text(f.minInt, minFrac)
	if f.stripZeros && strings.Trim(frac, "0") == "" {
		frac = ""
	}
	var parts []Part
	for i, g := range f.groups(whole) {
		if i > 0 {
			parts = append(parts, Part{"group", f.data.Number.Group})
		}
		parts = append(parts, Part{"integer", g})
	}
	if frac != "" {
		parts = append(parts, Part{"decimal", f.data.Number.Decimal}, Part{"fraction", frac})
	}
	return parts
}

// groups splits the integer digits.
func (f *NumberFormat) groups(whole string) []string {
	n := &f.data.Number
	minimum := n.MinGroup
	if f.style == "currency" {
		minimum = n.MinGroupCur
	}
	switch f.grouping {
	case "false":
		return []string{whole}
	case "always":
		minimum = 1
	case "min2":
		minimum = 2
	}
	if f.notation == "scientific" || f.notation == "engineering" || len(whole) < 3+minimum {
		return []string{whole}
	}
	out := []string{whole[len(whole)-3:]}
	rest := whole[:len(whole)-3]
	for len(rest) > n.Secondary {
		out = append([]string{rest[len(rest)-n.Secondary:]}, out...)
		rest = rest[:len(rest)-n.Secondary]
	}
	if rest == "" {
		return out
	}
	return append([]string{rest}, out...)
}
