package intl

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Collator is Intl.Collator.
type Collator struct {
	Locale, Usage, Sensitivity, CaseFirst string
	Numeric, IgnorePunctuation            bool

	mu sync.Mutex // guards c
	c  *collate.Collator
}

// NewCollator resolves locales and options.
func NewCollator(locales []string, o Options) (*Collator, error) {
	c := &Collator{}
	name, tag, _, err := resolve(locales)
	if err != nil {
		return nil, err
	}
	c.Locale = name
	if c.Usage, err = o.choice("usage", "sort", "sort", "search"); err != nil {
		return nil, err
	}
	if c.Sensitivity, err = o.choice("sensitivity", "variant", "base", "accent", "case", "variant"); err != nil {
		return nil, err
	}
	if c.CaseFirst, err = o.choice("caseFirst", "false", "upper", "lower", "false"); err != nil {
		return nil, err
	}
	c.Numeric = tag.TypeForKey("kn") == "true" || tag.TypeForKey("kn") == "" && strings.Contains(tag.String(), "-kn")
	if v, ok := o["numeric"]; ok && v != nil {
		c.Numeric = truthy(v)
	}
	c.IgnorePunctuation = truthy(o["ignorePunctuation"])
	var opts []collate.Option
	if c.Numeric {
		opts = append(opts, collate.Numeric)
	}
	switch c.Sensitivity {
	case "base":
		opts = append(opts, collate.IgnoreCase, collate.IgnoreDiacritics, collate.IgnoreWidth)
	case "accent":
		opts = append(opts, collate.IgnoreCase, collate.IgnoreWidth)
	}
	c.c = collate.New(language.Make(c.Locale), opts...)
	return c, nil
}

// Compare orders two strings: -1, 0 or 1.
func (c *Collator) Compare(a, b string) int {
	if a == b {
		return 0
	}
	if c.IgnorePunctuation {
		a, b = strip(a), strip(b)
	}
	if c.Sensitivity == "case" { // x/text has no case level of its own
		a, b = bare(a), bare(b)
	}
	c.mu.Lock()
	n := c.c.CompareString(a, b)
	c.mu.Unlock()
	if n != 0 && c.CaseFirst == "upper" && strings.EqualFold(a, b) {
		return -n
	}
	return n
}

// bare is s without combining marks.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
