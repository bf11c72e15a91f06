package modules

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/rulebox/rulebox/internal/intl"
)

// The natives of Intl take locales and options with every call and find what
// they make in a cache, so that nothing of the host hangs on an object of the
// script. The first two arguments are always an array of tags and a plain object
// of options.
var intlNatives = map[string]Native{
	"canonical": canonicalLocales, "supported": supportedLocales,
	"number": numberFormat, "numberParts": numberParts, "numberResolved": numberResolved,
	"date": dateFormat, "dateParts": dateParts, "dateRange": dateRange, "dateResolved": dateResolved,
	"plural": pluralSelect, "pluralResolved": pluralResolved,
	"list": listFormat, "relative": relativeFormat, "relativeResolved": relativeResolved,
	"compare": collatorCompare, "collatorResolved": collatorResolved,
	"turkish": turkishCase,
}

// formatters keeps what was made lately. Entries are immutable but for the
// collator, which has its lock.
var formatters = sync.OnceValue(func() *lru.Cache[string, any] {
	c, err := lru.New[string, any](256)
	if err != nil {
		panic(err) // the size is a constant
	}
	return c
})

// cached returns the entry for the kind, the call's first two arguments and
// extra words, made by build when there is none.
func cached[T any](kind string, args []any, build func([]string, intl.Options) (T, error), extra ...string) (T, error) {
	var zero T
	locales, options, key, err := intlArgs(args)
	if err != nil {
		return zero, err
	}
	key = kind + strings.Join(extra, ",") + key
	if v, ok := formatters().Get(key); ok {
		if t, ok := v.(T); ok {
			return t, nil
		}
	}
	t, err := build(locales, options)
	if err != nil {
		return zero, intlError(err)
	}
	if len(key) < 1024 {
		formatters().Add(key, t)
	}
	return t, nil
}

// intlArgs reads locales and options, and writes them as a key.
func intlArgs(args []any) ([]string, intl.Options, string, error) {
	var locales []string
	var key strings.Builder
	if len(args) > 0 {
		list, _ := args[0].([]any)
		for _, v := range list {
			s, ok := v.(string)
			if !ok {
				return nil, nil, "", &Throw{Class: "TypeError", Message: "Incorrect locale information provided"}
			}
			locales = append(locales, s)
			fmt.Fprintf(&key, "|%q", s)
		}
	}
	options := intl.Options{}
	if len(args) > 1 {
		o, _ := args[1].(Object)
		for _, f := range o {
			switch v := f.Value.(type) {
			case string:
				fmt.Fprintf(&key, ";%s=%q", f.Key, v)
			case bool, float64:
				fmt.Fprintf(&key, ";%s=%T%v", f.Key, v, v)
			default:
				continue
			}
			options[f.Key] = f.Value
		}
	}
	return locales, options, key.String(), nil
}

// intlError gives an error its JavaScript class.
func intlError(err error) error {
	var re *intl.RangeError
	var te *intl.TypeError
	switch {
	case errors.As(err, &re):
		return &Throw{Class: "RangeError", Message: re.Message}
	case errors.As(err, &te):
		return &Throw{Class: "TypeError", Message: te.Message}
	}
	return err
}

func partsResult(parts []intl.Part, err error) (any, error) {
	if err != nil {
		return nil, intlError(err)
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = Object{{"type", p.Type}, {"value", p.Value}}
	}
	return out, nil
}

func resolvedResult(list []intl.Resolved) Object {
	o := make(Object, len(list))
	for i, r := range list {
		o[i] = Field{r.Name, r.Value}
	}
	return o
}

func canonicalLocales(_ *Call, args []any) (any, error) {
	locales, _, _, err := intlArgs(args[:min(len(args), 1)])
	if err != nil {
		return nil, err
	}
	out, err := intl.Canonical(locales)
	if err != nil {
		return nil, intlError(err)
	}
	return append([]string{}, out...), nil
}

func supportedLocales(_ *Call, args []any) (any, error) {
	locales, _, _, err := intlArgs(args[:min(len(args), 1)])
	if err != nil {
		return nil, err
	}
	out, err := intl.Supported(locales)
	if err != nil {
		return nil, intlError(err)
	}
	return out, nil
}

// number(locales, options, value)
func numberFormat(_ *Call, args []any) (any, error) {
	f, err := cached("n", args, intl.NewNumberFormat)
	if err != nil {
		return nil, err
	}
	return f.Format(intlValue(args)), nil
}

// intlValue is the third argument; anything but a number is NaN.
func intlValue(args []any) any {
	if len(args) > 2 && args[2] != nil {
		return args[2]
	}
	return math.NaN()
}

func numberParts(_ *Call, args []any) (any, error) {
	f, err := cached("n", args, intl.NewNumberFormat)
	if err != nil {
		return nil, err
	}
	return partsResult(f.Parts(intlValue(args)), nil)
}

func numberResolved(_ *Call, args []any) (any, error) {
	f, err := cached("n", args, intl.NewNumberFormat)
	if err != nil {
		return nil, err
	}
	return resolvedResult(f.Resolved()), nil
}

// dateFormatter reads (locales, options, required, defaults).
func dateFormatter(args []any) (*intl.DateTimeFormat, error) {
	required, defaults := argString(args, 2), argString(args, 3)
	return cached("d", args, func(l []string, o intl.Options) (*intl.DateTimeFormat, error) {
		return intl.NewDateTimeFormat(l, o, required, defaults)
	}, required, defaults)
}

func dateFormat(_ *Call, args []any) (any, error) {
	f, err := dateFormatter(args)
	if err != nil {
		return nil, err
	}
	s, err := f.Format(intlNumber(args, 4))
	if err != nil {
		return nil, intlError(err)
	}
	return s, nil
}

func intlNumber(args []any, i int) float64 {
	if i < len(args) {
		if f, ok := args[i].(float64); ok {
			return f
		}
	}
	return math.NaN()
}

func dateParts(_ *Call, args []any) (any, error) {
	f, err := dateFormatter(args)
	if err != nil {
		return nil, err
	}
	return partsResult(f.Parts(intlNumber(args, 4)))
}

func dateRange(_ *Call, args []any) (any, error) {
	f, err := dateFormatter(args)
	if err != nil {
		return nil, err
	}
	s, err := f.FormatRange(intlNumber(args, 4), intlNumber(args, 5))
	if err != nil {
		return nil, intlError(err)
	}
	return s, nil
}

func dateResolved(_ *Call, args []any) (any, error) {
	f, err := dateFormatter(args)
	if err != nil {
		return nil, err
	}
	return resolvedResult(f.Resolved()), nil
}

func pluralSelect(_ *Call, args []any) (any, error) {
	p, err := cached("p", args, intl.NewPluralRules)
	if err != nil {
		return nil, err
	}
	return p.Select(intlNumber(args, 2)), nil
}

func pluralResolved(_ *Call, args []any) (any, error) {
	p, err := cached("p", args, intl.NewPluralRules)
	if err != nil {
		return nil, err
	}
	return Object{{"locale", p.Locale}, {"type", p.Type}, {"pluralCategories", p.Categories()}}, nil
}

// list(locales, options, items) returns {parts, locale, type, style}.
func listFormat(_ *Call, args []any) (any, error) {
	f, err := cached("l", args, intl.NewListFormat)
	if err != nil {
		return nil, err
	}
	var items []string
	if len(args) > 2 {
		list, _ := args[2].([]any)
		for _, v := range list {
			s, _ := v.(string)
			items = append(items, s)
		}
	}
	parts, err := partsResult(f.Parts(items), nil)
	return Object{{"parts", parts}, {"locale", f.Locale}, {"type", f.Type}, {"style", f.Style}}, err
}

func relativeFormat(_ *Call, args []any) (any, error) {
	f, err := cached("r", args, intl.NewRelativeTimeFormat)
	if err != nil {
		return nil, err
	}
	return partsResult(f.Parts(intlNumber(args, 2), argString(args, 3)))
}

func relativeResolved(_ *Call, args []any) (any, error) {
	f, err := cached("r", args, intl.NewRelativeTimeFormat)
	if err != nil {
		return nil, err
	}
	return Object{{"locale", f.Locale}, {"style", f.Style}, {"numeric", f.Numeric}, {"numberingSystem", "latn"}}, nil
}

func collatorCompare(_ *Call, args []any) (any, error) {
	c, err := cached("c", args, intl.NewCollator)
	if err != nil {
		return nil, err
	}
	return c.Compare(argString(args, 2), argString(args, 3)), nil
}

func collatorResolved(_ *Call, args []any) (any, error) {
	c, err := cached("c", args, intl.NewCollator)
	if err != nil {
		return nil, err
	}
	return Object{{"locale", c.Locale}, {"usage", c.Usage}, {"sensitivity", c.Sensitivity}, {"ignorePunctuation", c.IgnorePunctuation},
		{"collation", "default"}, {"numeric", c.Numeric}, {"caseFirst", c.CaseFirst}}, nil
}

// turkish(text, upper) is case mapping for Turkish and Azeri.
func turkishCase(_ *Call, args []any) (any, error) {
	if argBool(args, 1) {
		return strings.ToUpperSpecial(unicode.TurkishCase, argString(args, 0)), nil
	}
	return strings.ToLowerSpecial(unicode.TurkishCase, argString(args, 0)), nil
}
