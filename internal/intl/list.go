package intl

import (
	"slices"
	"strings"
)

// ListFormat is Intl.ListFormat. It is immutable.
type ListFormat struct {
	Locale, Type, Style string
	sep                 [3]string // between two, between the first of many, before the last
}

// NewListFormat resolves locales and options.
func NewListFormat(locales []string, o Options) (*ListFormat, error) {
	name, _, data, err := resolve(locales)
	if err != nil {
		return nil, err
	}
	types, widths := []string{"conjunction", "disjunction", "unit"}, []string{"long", "short", "narrow"}
	f := &ListFormat{Locale: name}
	if f.Type, err = o.choice("type", "conjunction", types...); err != nil {
		return nil, err
	}
	if f.Style, err = o.choice("style", "long", widths...); err != nil {
		return nil, err
	}
	f.sep = data.Lists[slices.Index(types, f.Type)][slices.Index(widths, f.Style)]
	return f, nil
}

// Parts returns the list as formatToParts does.
func (f *ListFormat) Parts(items []string) []Part {
	var parts []Part
	for i, s := range items {
		switch {
		case i == 0:
		case len(items) == 2:
			parts = append(parts, Part{"literal", f.sep[0]})
		case i == len(items)-1:
			parts = append(parts, Part{"literal", f.sep[2]})
		default:
			parts = append(parts, Part{"literal", f.sep[1]})
		}
		parts = append(parts, Part{"element", s})
	}
	return parts
}

// RelativeTimeFormat is Intl.RelativeTimeFormat, in English for every locale. It
// is immutable.
type RelativeTimeFormat struct {
	Locale, Style, Numeric string
	number                 *NumberFormat
}

// NewRelativeTimeFormat resolves locales and options.
func NewRelativeTimeFormat(locales []string, o Options) (*RelativeTimeFormat, error) {
	f := &RelativeTimeFormat{}
	var err error
	if f.Style, err = o.choice("style", "long", "long", "short", "narrow"); err != nil {
		return nil, err
	}
	if f.Numeric, err = o.choice("numeric", "always", "always", "auto"); err != nil {
		return nil, err
	}
	if _, _, _, err = resolve(locales); err != nil {
		return nil, err
	}
	f.number, err = NewNumberFormat([]string{DefaultLocale}, nil)
	f.Locale = DefaultLocale
	return f, err
}

var relativeUnits = map[string][3]string{ // long, short, narrow
	"second": {"second", "sec.", "s"}, "minute": {"minute", "min.", "m"}, "hour": {"hour", "hr.", "h"},
	"day": {"day", "day", "d"}, "week": {"week", "wk.", "w"}, "month": {"month", "mo.", "mo"},
	"quarter": {"quarter", "qtr.", "q"}, "year": {"year", "yr.", "y"},
}

// Parts formats the distance.
func (f *RelativeTimeFormat) Parts(value float64, unit string) ([]Part, error) {
	d := decimalOfFloat(value)
	if d.nan || d.inf {
		return nil, rangeError("Invalid time value")
	}
	unit = strings.TrimSuffix(unit, "s")
	names, ok := relativeUnits[unit]
	if !ok {
		return nil, rangeError("Invalid unit argument for format() '" + unit + "'")
	}
	if f.Numeric == "auto" {
		if s := relativeWord(value, unit, d.neg, names, f.Style); s != "" {
			return []Part{{"literal", s}}, nil
		}
	}
	past := d.neg
	d.neg = false
	body := f.number.digits(f.number.rounded(d))
	name := names[slices.Index([]string{"long", "short", "narrow"}, f.Style)]
	one := len(d.digits) == 1 && d.digits[0] == 1 && d.exp == 1
	switch {
	case one || f.Style == "narrow":
	case f.Style == "short" && name == "qtr.":
		name = "qtrs."
	case f.Style == "long" || name == "day":
		name += "s"
	}
	gap := pick(f.Style == "narrow", "", " ")
	if past {
		return append(body, Part{"literal", gap + name + " ago"}), nil
	}
	return append([]Part{{"literal", "in "}}, append(body, Part{"literal", gap + name})...), nil
}

// relativeWord is what numeric: auto says instead of a number.
func relativeWord(v float64, unit string, neg bool, names [3]string, style string) string {
	name := names[0]
	if style != "long" && unit != "minute" && unit != "hour" {
		name = names[1]
	}
	switch {
	case unit == "day" && v == 0:
		return "today"
	case unit == "day" && v == 1:
		return "tomorrow"
	case unit == "day" && v == -1:
		return "yesterday"
	case unit == "second" && v == 0:
		return "now"
	case v == 0:
		return "this " + name
	case unit == "second" || unit == "minute" || unit == "hour":
		return ""
	case v == 1:
		return "next " + name
	case v == -1:
		return "last " + name
	}
	return ""
}
