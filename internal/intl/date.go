package intl

import (
	"math"
	"slices"
	"strings"
	"time"
)

// DateTimeFormat is Intl.DateTimeFormat. It is immutable.
type DateTimeFormat struct {
	Locale string
	// Zone is the canonical name of the time zone.
	Zone string

	data                                                 *locale
	loc                                                  *time.Location
	weekday, era, year, month, day, hour, minute, second string
	dateStyle, timeStyle, zone, cycle                    string
	fraction                                             int
	tokens                                               []token
}

// DefaultZone is the time zone of a format that names none.
const DefaultZone = "UTC"

var (
	textWidths   = []string{"narrow", "short", "long"}
	numberWidths = []string{"2-digit", "numeric"}
	monthWidths  = []string{"2-digit", "numeric", "narrow", "short", "long"}
	styles       = []string{"full", "long", "medium", "short"}
	zoneStyles   = []string{"short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"}
)

// NewDateTimeFormat resolves locales and options. What a caller that asks for no
// field gets is said by required (date, time, any) and defaults (date, time, all),
// as in ECMA-402's ToDateTimeOptions.
func NewDateTimeFormat(locales []string, o Options, required, defaults string) (*DateTimeFormat, error) {
	f := &DateTimeFormat{}
	name, tag, data, err := resolve(locales)
	if err != nil {
		return nil, err
	}
	f.Locale, f.data = name, data
	if err := f.readFields(o); err != nil {
		return nil, err
	}
	if err := f.readStyles(o, required, defaults); err != nil {
		return nil, err
	}
	if err := f.readCycle(o, tag.TypeForKey("hc")); err != nil {
		return nil, err
	}
	zone := DefaultZone
	if z, ok := o["timeZone"]; ok && z != nil {
		zone = text(z)
	}
	if f.loc, f.Zone, err = loadZone(zone); err != nil {
		return nil, err
	}
	f.tokens = f.build()
	return f, nil
}

func (f *DateTimeFormat) readFields(o Options) error {
	var err error
	for _, r := range []struct {
		to      *string
		name    string
		allowed []string
	}{
		{&f.weekday, "weekday", textWidths}, {&f.era, "era", textWidths}, {&f.year, "year", numberWidths},
		{&f.month, "month", monthWidths}, {&f.day, "day", numberWidths}, {&f.hour, "hour", numberWidths},
		{&f.minute, "minute", numberWidths}, {&f.second, "second", numberWidths},
		{&f.zone, "timeZoneName", zoneStyles}, {&f.dateStyle, "dateStyle", styles}, {&f.timeStyle, "timeStyle", styles},
	} {
		if *r.to, err = o.choice(r.name, "", r.allowed...); err != nil {
			return err
		}
	}
	if f.fraction, _, err = o.integer("fractionalSecondDigits", 1, 3, 0); err != nil {
		return err
	}
	if _, err = o.choice("formatMatcher", "best fit", "basic", "best fit"); err != nil {
		return err
	}
	_, err = o.choice("localeMatcher", "best fit", "lookup", "best fit")
	return err
}

// readStyles applies defaults and the rules of dateStyle and timeStyle.
func (f *DateTimeFormat) readStyles(o Options, required, defaults string) error {
	hasDate := f.weekday != "" || f.year != "" || f.month != "" || f.day != ""
	hasTime := f.hour != "" || f.minute != "" || f.second != "" || f.fraction > 0 || o["dayPeriod"] != nil
	if f.dateStyle != "" || f.timeStyle != "" {
		if hasDate || hasTime || f.zone != "" || f.era != "" {
			style := pick(f.dateStyle != "", "dateStyle", "timeStyle")
			return &TypeError{"Can't set option " + f.firstField() + " when " + style + " is used"}
		}
		if required == "date" && f.timeStyle != "" || required == "time" && f.dateStyle != "" {
			return &TypeError{"Invalid option : " + pick(required == "date", "timeStyle", "dateStyle")}
		}
		return nil
	}
	needed := !(required != "time" && hasDate || required != "date" && hasTime)
	if needed && defaults != "time" {
		f.year, f.month, f.day = "numeric", or(f.month, "numeric"), "numeric"
	}
	if needed && defaults != "date" {
		f.hour, f.minute, f.second = "numeric", or(f.minute, "numeric"), "numeric"
	}
	return nil
}

func or(a, b string) string { return pick(a != "", a, b) }

func (f *DateTimeFormat) firstField() string {
	for _, p := range []struct{ v, name string }{{f.weekday, "weekday"}, {f.era, "era"}, {f.year, "year"}, {f.month, "month"},
		{f.day, "day"}, {f.hour, "hour"}, {f.minute, "minute"}, {f.second, "second"}, {f.zone, "timeZoneName"}} {
		if p.v != "" {
			return p.name
		}
	}
	return "fractionalSecondDigits"
}

func (f *DateTimeFormat) readCycle(o Options, extension string) error {
	cycle, err := o.choice("hourCycle", "", "h11", "h12", "h23", "h24")
	if err != nil {
		return err
	}
	if cycle == "" && slices.Contains([]string{"h11", "h12", "h23", "h24"}, extension) {
		cycle = extension
	}
	switch h, ok := o["hour12"]; {
	case ok && h != nil && truthy(h):
		cycle = "h12"
	case ok && h != nil:
		cycle = "h23"
	case cycle == "":
		cycle = f.data.HourCycle
	}
	if f.hour != "" || f.timeStyle != "" {
		f.cycle = cycle
	}
	return nil
}

func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0 && v == v
	}
	return false
}

func (f *DateTimeFormat) twelve() bool { return f.cycle == "h12" || f.cycle == "h11" }

// build makes the pattern.
func (f *DateTimeFormat) build() []token {
	var date, clock, join string
	if f.dateStyle != "" || f.timeStyle != "" {
		date, clock, join = f.styled()
	} else {
		date, clock = f.datePattern(), f.timePattern()
		join = f.data.FieldJoin[3]
		switch {
		case f.month == "long" && f.weekday != "":
			join = f.data.FieldJoin[0]
		case f.month == "long":
			join = f.data.FieldJoin[1]
		case f.month == "short" || f.month == "narrow":
			join = f.data.FieldJoin[2]
		}
	}
	d, c := parsePattern(date), parsePattern(clock)
	if f.dateStyle == "" && f.timeStyle == "" {
		d, c = f.widen(d), f.fractioned(f.widen(c))
	}
	switch {
	case clock == "":
		if f.zone != "" && date != "" {
			d = append(d, token{text: ", "}, token{kind: 'z', n: 1})
		}
		return d
	case date == "":
		return c
	}
	return joined(join, d, c)
}

// joined replaces {1} by the date and {0} by the time.
func joined(pattern string, date, clock []token) []token {
	var out []token
	for pattern != "" {
		i := strings.IndexByte(pattern, '{')
		if i < 0 || i+2 >= len(pattern) {
			return append(out, token{text: pattern})
		}
		if i > 0 {
			out = append(out, token{text: pattern[:i]})
		}
		if pattern[i+1] == '1' {
			out = append(out, date...)
		} else {
			out = append(out, clock...)
		}
		pattern = pattern[i+3:]
	}
	return out
}

// styled returns the patterns of dateStyle and timeStyle and how they join.
func (f *DateTimeFormat) styled() (date, clock, join string) {
	if i := slices.Index(styles, f.dateStyle); i >= 0 {
		date, join = f.data.DateStyles[i], f.data.StyleJoin[i]
	}
	i := slices.Index(styles, f.timeStyle)
	if i < 0 {
		return date, "", ""
	}
	f.zone = []string{"long", "short", "", ""}[i]
	clock = f.data.TimeStyles[i]
	if strings.ContainsRune(clock, 'h') != f.twelve() {
		clock = f.data.Times[pick(f.twelve(), "h", "H")+[]string{"msz", "msz", "ms", "m"}[i]]
	}
	return date, clock, join
}

// datePattern finds the pattern of the asked fields.
func (f *DateTimeFormat) datePattern() string {
	key := pick(f.weekday != "", "E", "") + pick(f.year != "", "y", "")
	switch f.month {
	case "numeric", "2-digit":
		key += "M"
	case "short", "narrow":
		key += "MMM"
	case "long":
		key += "MMMM"
	}
	key += pick(f.day != "", "d", "")
	if f.era == "" {
		return f.data.Dates[key]
	}
	if p, ok := f.data.Dates["G"+key]; ok {
		return p
	}
	if key == "" {
		return "G"
	}
	return f.data.Dates[key] + " G"
}

func (f *DateTimeFormat) timePattern() string {
	z := pick(f.zone != "", "z", "")
	p := ""
	switch {
	case f.hour != "" && f.second != "":
		p = f.data.Times[f.h()+"ms"+z]
	case f.hour != "" && f.minute != "":
		p = f.data.Times[f.h()+"m"+z]
	case f.hour != "":
		p = f.data.Times[f.h()+z]
	case f.minute != "" && f.second != "":
		p = f.data.Times["ms"]
	case f.minute != "":
		p = "m"
	case f.second != "":
		p = "s"
	case f.fraction > 0:
		return strings.Repeat("S", f.fraction)
	case f.zone != "" && f.datePattern() == "":
		return "z"
	default:
		return ""
	}
	if f.hour == "" && z != "" {
		p += " z"
	}
	return p
}

// fractioned puts the fraction after the seconds.
func (f *DateTimeFormat) fractioned(tokens []token) []token {
	i := slices.IndexFunc(tokens, func(t token) bool { return t.kind == 's' })
	if f.fraction == 0 || i < 0 {
		return tokens
	}
	return slices.Insert(tokens, i+1, token{text: f.data.Number.Decimal}, token{kind: 'S', n: f.fraction})
}

func (f *DateTimeFormat) h() string { return pick(f.twelve(), "h", "H") }

// twoDigitHours are the locales that write 04:07 even then.
var twoDigitHours = map[string]bool{}

// widen gives the tokens the widths that were asked for.
func (f *DateTimeFormat) widen(tokens []token) []token {
	text := map[string]int{"short": 1, "long": 4, "narrow": 5}
	for i := range tokens {
		t := &tokens[i]
		switch t.kind {
		case 'E', 'c':
			t.n = text[f.weekday]
		case 'G':
			t.n = text[f.era]
		case 'y':
			t.n = 1
			if f.year == "2-digit" {
				t.n = 2
			}
		case 'M', 'L':
			if t.n < 3 && f.month == "2-digit" {
				t.n = 2
			} else if t.n >= 3 && f.month == "narrow" {
				t.n = 5
			}
		case 'd':
			if f.day == "2-digit" {
				t.n = 2
			}
		case 'h', 'H':
			if f.hour == "2-digit" {
				t.n = 2
			} else if t.kind == 'H' && f.minute == "2-digit" && !twoDigitHours[f.Locale] {
				t.n = 1 // as ICU has it: the hour as asked, when not all is numeric
			}
		}
	}
	return tokens
}

// maxTime is the end of ECMAScript's time, in milliseconds.
const maxTime = 8.64e15

// Parts formats a time given in milliseconds since 1970 as formatToParts does.
func (f *DateTimeFormat) Parts(ms float64) ([]Part, error) {
	if !(math.Abs(ms) <= maxTime) {
		return nil, rangeError("Invalid time value")
	}
	t := time.UnixMilli(int64(ms)).In(f.loc)
	var parts []Part
	for _, tok := range f.tokens {
		p := f.part(tok, t)
		if n := len(parts); p.Type == "literal" && n > 0 && parts[n-1].Type == "literal" {
			parts[n-1].Value += p.Value
			continue
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// Format formats a time given in milliseconds since 1970.
func (f *DateTimeFormat) Format(ms float64) (string, error) {
	parts, err := f.Parts(ms)
	return Join(parts), err
}

// Resolved is resolvedOptions.
func (f *DateTimeFormat) Resolved() []Resolved {
	r := []Resolved{{"locale", f.Locale}, {"calendar", "gregory"}, {"numberingSystem", "latn"}, {"timeZone", f.Zone}}
	if f.cycle != "" {
		r = append(r, Resolved{"hourCycle", f.cycle}, Resolved{"hour12", f.twelve()})
	}
	if f.dateStyle != "" || f.timeStyle != "" {
		if f.dateStyle != "" {
			r = append(r, Resolved{"dateStyle", f.dateStyle})
		}
		if f.timeStyle != "" {
			r = append(r, Resolved{"timeStyle", f.timeStyle})
		}
		return r
	}
	for _, p := range []struct {
		name, value string
		kinds       string
	}{{"weekday", f.weekday, ""}, {"era", f.era, ""}, {"year", f.year, ""}, {"month", f.month, "ML"}, {"day", f.day, "d"},
		{"hour", f.hour, "hH"}, {"minute", f.minute, "m"}, {"second", f.second, "s"}} {
		if p.value == "" {
			continue
		}
		for _, t := range f.tokens { // what the pattern has counts
			if t.kind != 0 && strings.IndexByte(p.kinds, t.kind) >= 0 && p.value == "numeric" && t.n == 2 {
				p.value = "2-digit"
			}
		}
		r = append(r, Resolved{p.name, p.value})
	}
	if f.fraction > 0 {
		r = append(r, Resolved{"fractionalSecondDigits", float64(f.fraction)})
	}
	if f.zone != "" {
		r = append(r, Resolved{"timeZoneName", f.zone})
	}
	return r
}
