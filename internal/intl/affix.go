package intl

import (
	"slices"
	"strings"
)

// affixed puts sign, currency, percent or unit around the number.
func (f *NumberFormat) affixed(body []Part, d decimal) []Part {
	n := &f.data.Number
	sign := f.signOf(d)
	pattern := "n"
	switch f.style {
	case "percent":
		pattern = n.Percent
	case "currency":
		return f.money(body, sign)
	case "unit":
		return f.measure(body, sign, d)
	}
	return f.fill(withSign(pattern, sign), body, "")
}

// signOf returns "-", "+" or "".
func (f *NumberFormat) signOf(d decimal) string {
	zero := len(d.digits) == 0 && !d.inf
	switch f.signDisplay {
	case "never":
		return ""
	case "always":
		if !d.neg {
			return "+"
		}
	case "exceptZero":
		if zero || d.nan {
			return ""
		}
		if !d.neg {
			return "+"
		}
	case "negative":
		if zero {
			return ""
		}
	}
	if d.neg {
		return "-"
	}
	return ""
}

// withSign puts the sign in front of the pattern.
func withSign(pattern, sign string) string { return sign + pattern }

func (f *NumberFormat) money(body []Part, sign string) []Part {
	n := &f.data.Number
	symbol := f.currency
	if f.display == "name" {
		parts := f.fill(withSign("n", sign), body, "")
		return append(parts, Part{"literal", " "}, Part{"currency", currencyName(f.currency, Join(body) == "1")})
	}
	if f.display != "code" {
		if s, ok := n.Symbols[f.currency]; ok {
			symbol = s
		}
		if s, ok := n.Narrow[f.currency]; ok && f.display == "narrowSymbol" {
			symbol = s
		}
	}
	set := n.Currency
	if f.sign == "accounting" {
		set = n.Accounting
	}
	pattern := set[0]
	switch sign {
	case "-":
		pattern = set[1]
	case "+":
		pattern = strings.Replace(set[1], "-", "+", 1)
		if !strings.Contains(pattern, "+") {
			pattern = "+" + set[0]
		}
	}
	// A symbol that ends or starts with a letter keeps a distance to the digits.
	if last := symbol[len(symbol)-1]; isLetter(last) && strings.Contains(pattern, "¤n") {
		pattern = strings.Replace(pattern, "¤n", "¤\u00a0n", 1)
	}
	if isLetter(symbol[0]) && strings.Contains(pattern, "n¤") {
		pattern = strings.Replace(pattern, "n¤", "n\u00a0¤", 1)
	}
	return f.fill(pattern, body, symbol)
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }

// fill replaces the pattern's marks by parts.
func (f *NumberFormat) fill(pattern string, body []Part, symbol string) []Part {
	n := &f.data.Number
	var parts []Part
	literal := func(s string) {
		if k := len(parts); k > 0 && parts[k-1].Type == "literal" {
			parts[k-1].Value += s
			return
		}
		parts = append(parts, Part{"literal", s})
	}
	for _, c := range pattern {
		switch c {
		case 'n':
			parts = append(parts, body...)
		case '¤':
			parts = append(parts, Part{"currency", symbol})
		case '%':
			parts = append(parts, Part{"percentSign", n.PercentSign})
		case '-':
			parts = append(parts, Part{"minusSign", n.Minus})
		case '+':
			parts = append(parts, Part{"plusSign", "+"})
		default:
			literal(string(c))
		}
	}
	return parts
}

// currencyName is the English name, the code for currencies without one here.
func currencyName(code string, one bool) string {
	names := map[string][2]string{
		"USD": {"US dollar", "US dollars"}, "EUR": {"euro", "euros"}, "GBP": {"British pound", "British pounds"},
		"JPY": {"Japanese yen", "Japanese yen"}, "CAD": {"Canadian dollar", "Canadian dollars"},
		"AUD": {"Australian dollar", "Australian dollars"}, "CHF": {"Swiss franc", "Swiss francs"},
		"CNY": {"Chinese yuan", "Chinese yuan"}, "INR": {"Indian rupee", "Indian rupees"},
		"BRL": {"Brazilian real", "Brazilian reals"}, "MXN": {"Mexican peso", "Mexican pesos"},
		"ARS": {"Argentine peso", "Argentine pesos"}, "SEK": {"Swedish krona", "Swedish kronor"},
		"NOK": {"Norwegian krone", "Norwegian kroner"}, "DKK": {"Danish krone", "Danish kroner"},
		"PLN": {"Polish zloty", "Polish zlotys"}, "KRW": {"South Korean won", "South Korean won"},
	}
	if pair, ok := names[code]; ok {
		if one {
			return pair[0]
		}
		return pair[1]
	}
	return code
}

// units are the short, narrow and long English forms; | parts one from many.
var units = map[string][3]string{
	"bit": {" bit", "bit", " bit| bits"}, "byte": {" byte", "B", " byte| bytes"},
	"kilobyte": {" kB", "kB", " kilobyte| kilobytes"}, "megabyte": {" MB", "MB", " megabyte| megabytes"},
	"gigabyte": {" GB", "GB", " gigabyte| gigabytes"}, "terabyte": {" TB", "TB", " terabyte| terabytes"},
	"petabyte": {" PB", "PB", " petabyte| petabytes"},
	"kilobit":  {" kb", "kb", " kilobit| kilobits"}, "megabit": {" Mb", "Mb", " megabit| megabits"}, "gigabit": {" Gb", "Gb", " gigabit| gigabits"},
	"second": {" sec", "s", " second| seconds"}, "minute": {" min", "m", " minute| minutes"}, "hour": {" hr", "h", " hour| hours"},
	"day": {" day| days", "d", " day| days"}, "week": {" wk| wks", "w", " week| weeks"}, "month": {" mth| mths", "m", " month| months"},
	"year": {" yr| yrs", "y", " year| years"}, "millisecond": {" ms", "ms", " millisecond| milliseconds"},
	"meter": {" m", "m", " meter| meters"}, "kilometer": {" km", "km", " kilometer| kilometers"}, "centimeter": {" cm", "cm", " centimeter| centimeters"},
	"millimeter": {" mm", "mm", " millimeter| millimeters"}, "mile": {" mi", "mi", " mile| miles"}, "foot": {" ft", "′", " foot| feet"},
	"inch": {" in", "″", " inch| inches"}, "yard": {" yd", "yd", " yard| yards"},
	"gram": {" g", "g", " gram| grams"}, "kilogram": {" kg", "kg", " kilogram| kilograms"}, "pound": {" lb", "#", " pound| pounds"},
	"ounce": {" oz", "oz", " ounce| ounces"}, "liter": {" L", "L", " liter| liters"}, "milliliter": {" mL", "mL", " milliliter| milliliters"},
	"celsius": {"°C", "°C", " degree Celsius| degrees Celsius"}, "fahrenheit": {"°F", "°", " degree Fahrenheit| degrees Fahrenheit"},
	"degree": {" deg", "°", " degree| degrees"}, "percent": {"%", "%", " percent"},
	"kilometer-per-hour": {" km/h", "km/h", " kilometer per hour| kilometers per hour"}, "mile-per-hour": {" mph", "mph", " mile per hour| miles per hour"},
}

func knownUnit(unit string) bool {
	if _, ok := units[unit]; ok {
		return true
	}
	a, b, _ := strings.Cut(unit, "-per-")
	_, okA := units[a]
	_, okB := units[b]
	return okA && okB
}

// measure appends the unit, in English for every locale.
func (f *NumberFormat) measure(body []Part, sign string, d decimal) []Part {
	style := slices.Index([]string{"short", "narrow", "long"}, f.unitDisplay)
	name := func(u string) string {
		one, many, plural := strings.Cut(units[u][style], "|")
		if plural && !(len(d.digits) == 1 && d.digits[0] == 1 && d.exp == 1) {
			return many
		}
		return one
	}
	label := ""
	if _, ok := units[f.unit]; ok {
		label = name(f.unit)
	} else {
		a, b, _ := strings.Cut(f.unit, "-per-")
		one, _, _ := strings.Cut(units[b][style], "|")
		if style == 2 {
			label = name(a) + " per" + one
		} else {
			label = name(a) + "/" + strings.TrimSpace(one)
		}
	}
	parts := f.fill(withSign("n", sign), body, "")
	trimmed := strings.TrimPrefix(label, " ")
	if trimmed != label {
		parts = append(parts, Part{"literal", " "})
	}
	return append(parts, Part{"unit", trimmed})
}

// Resolved is resolvedOptions, names and values in order.
func (f *NumberFormat) Resolved() []Resolved {
	r := []Resolved{{"locale", f.Locale}, {"numberingSystem", "latn"}, {"style", f.style}}
	if f.style == "currency" {
		r = append(r, Resolved{"currency", f.currency}, Resolved{"currencyDisplay", f.display}, Resolved{"currencySign", f.sign})
	}
	if f.style == "unit" {
		r = append(r, Resolved{"unit", f.unit}, Resolved{"unitDisplay", f.unitDisplay})
	}
	r = append(r, Resolved{"minimumIntegerDigits", float64(f.minInt)})
	if f.significant {
		r = append(r, Resolved{"minimumSignificantDigits", float64(f.minSig)}, Resolved{"maximumSignificantDigits", float64(f.maxSig)})
	} else {
		r = append(r, Resolved{"minimumFractionDigits", float64(f.minFrac)}, Resolved{"maximumFractionDigits", float64(f.maxFrac)})
	}
	var grouping any = f.grouping
	if f.grouping == "false" {
		grouping = false
	}
	r = append(r, Resolved{"useGrouping", grouping}, Resolved{"notation", f.notation})
	if f.notation == "compact" {
		r = append(r, Resolved{"compactDisplay", f.compact})
	}
	strip := "auto"
	if f.stripZeros {
		strip = "stripIfInteger"
	}
	return append(r, Resolved{"signDisplay", f.signDisplay}, Resolved{"roundingIncrement", 1.0}, Resolved{"roundingMode", f.mode},
		Resolved{"roundingPriority", "auto"}, Resolved{"trailingZeroDisplay", strip})
}

// Resolved is one resolved option.
type Resolved struct {
	Name  string
	Value any
}
