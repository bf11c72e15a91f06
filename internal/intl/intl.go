// Package intl formats numbers, dates and lists the way ECMAScript's Intl does,
// for the common locales and options. It knows no engine.
//
// The locale data are facts read off an ICU by formatting probes, one locale a
// line in locales.txt; names of time zones are in English only (zones.txt). A
// locale that is not there falls back to a relative, then to en-US, as a Node
// without full ICU does. What is approximated: calendars other than the
// Gregorian, digits other than Latin, long time zone names outside English (a GMT
// offset instead), interval patterns (both ends in full).
package intl

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed locales.txt
var localeLines string

// RangeError is an argument that is out of range; it becomes a RangeError.
type RangeError struct{ Message string }

func (e *RangeError) Error() string { return e.Message }

func rangeError(message string) error { return &RangeError{message} }

// Part is one piece of a formatted value.
type Part struct{ Type, Value string }

// Join returns the text of the parts.
func Join(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Value)
	}
	return b.String()
}

// Options are what a caller wrote: strings, bools and float64s by name. An absent
// name is undefined.
type Options map[string]any

// choice returns the option if it is one of the allowed values, def if absent.
func (o Options) choice(name, def string, allowed ...string) (string, error) {
	v, ok := o[name]
	if !ok || v == nil {
		return def, nil
	}
	s := text(v)
	for _, a := range allowed {
		if s == a {
			return s, nil
		}
	}
	return "", rangeError("Value " + s + " out of range for Intl options property " + name)
}

// integer returns the option as an integer in lo..hi, def if absent.
func (o Options) integer(name string, lo, hi, def int) (int, bool, error) {
	v, ok := o[name]
	if !ok || v == nil {
		return def, false, nil
	}
	f := number(v)
	if !(f >= float64(lo) && f <= float64(hi)) {
		return 0, false, rangeError(name + " value is out of range.")
	}
	return int(f), true, nil
}

// locale is one line of locales.txt.
type locale struct {
	Number     numberData          `json:"nu"`
	Months     map[string][]string `json:"mo"`
	Weekdays   map[string][]string `json:"wd"`
	Eras       [][]string          `json:"er"` // long, short, narrow; BC, AD
	Dates      map[string]string   `json:"dp"` // by skeleton
	Times      map[string]string   `json:"tp"`
	DateStyles []string            `json:"ds"` // full, long, medium, short
	TimeStyles []string            `json:"ts"`
	HourCycle  string              `json:"hc"`
	StyleJoin  []string            `json:"cs"` // {1} date {0} time, by style
	FieldJoin  []string            `json:"cc"`
	DayPeriods []string            `json:"ap"`
	Lists      [3][3][3]string     `json:"lf"` // type, style; two, middle, last
}

// index is the line of each locale.
var index = sync.OnceValue(func() map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(localeLines) {
		if name, data, ok := strings.Cut(line, "\t"); ok {
			m[name] = data
		}
	}
	return m
})

var loaded sync.Map // name → *locale

func load(name string) *locale {
	if l, ok := loaded.Load(name); ok {
		return l.(*locale)
	}
	l := new(locale)
	if err := json.Unmarshal([]byte(index()[name]), l); err != nil {
		panic("intl: bad data for " + name + ": " + err.Error()) // a test loads every line
	}
	got, _ := loaded.LoadOrStore(name, l)
	return got.(*locale)
}

// DefaultLocale is used when nothing asked for is known.
const DefaultLocale = "en-US"

// maxTags bounds a list of locales.
const maxTags = 100

// Canonical returns the canonical forms of the tags, each once.
func Canonical(tags []string) ([]string, error) {
	if len(tags) > maxTags {
		return nil, rangeError("too many locales")
	}
	var out []string
	seen := make(map[string]bool)
	for _, t := range tags {
		tag, err := parseTag(t)
		if err != nil {
			return nil, err
		}
		if s := tag.String(); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out, nil
}

func parseTag(t string) (language.Tag, error) {
	if len(t) > 255 || strings.Contains(t, "_") {
		return language.Und, rangeError("Incorrect locale information provided")
	}
	tag, err := language.Parse(t)
	if err != nil {
		if _, known := err.(language.ValueError); !known {
			return language.Und, rangeError("Incorrect locale information provided")
		}
	}
	return tag, nil
}

// Supported returns those of the tags that are not served by the default only.
func Supported(tags []string) ([]string, error) {
	list, err := Canonical(tags)
	out := []string{}
	for _, s := range list {
		if _, ok := match(language.Make(s)); ok {
			out = append(out, s)
		}
	}
	return out, err
}

// resolve chooses the first known of the tags: its name without extensions, the
// tag, and the data.
func resolve(tags []string) (string, language.Tag, *locale, error) {
	list, err := Canonical(tags)
	if err != nil {
		return "", language.Und, nil, err
	}
	for _, s := range list {
		tag := language.Make(s)
		if data, ok := match(tag); ok {
			return baseName(tag), tag, load(data), nil
		}
	}
	return DefaultLocale, language.AmericanEnglish, load(DefaultLocale), nil
}

// baseName is the tag without variants and extensions.
func baseName(tag language.Tag) string {
	base, script, region := tag.Raw()
	s := base.String()
	if script.String() != "Zzzz" {
		s += "-" + script.String()
	}
	if region.String() != "ZZ" {
		s += "-" + region.String()
	}
	return s
}

// match returns the name of the data that fits the tag best.
func match(tag language.Tag) (string, bool) {
	base, script, region := tag.Raw()
	lang, reg := base.String(), region.String()
	if lang == "no" {
		lang = "nb"
	}
	has := func(name string) bool { _, ok := index()[name]; return ok }
	switch {
	case has(lang + "-" + reg):
		return lang + "-" + reg, true
	case lang == "zh" && (script.String() == "Hant" || reg == "MO"):
		return "zh-TW", true
	case lang == "en" && reg != "ZZ" && !strings.Contains(" PH PR GU VI AS MP UM ", reg):
		return "en-GB", true
	case lang == "en":
		return DefaultLocale, true
	case lang == "es" && strings.Contains(" 419 BO CR CU DO EC GT HN NI PA PR PY SV UY VE ", " "+reg+" "):
		return "es-MX", true
	case lang == "pt" && reg != "ZZ" && reg != "BR":
		return "pt-PT", true
	}
	return lang, has(lang)
}
