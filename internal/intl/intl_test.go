package intl

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

// TestNode compares with the answers of a Node with full ICU, one call a line.
func TestNode(t *testing.T) {
	file, err := os.Open("testdata/node.jsonl")
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	n := 0
	for lines.Scan() {
		var c nodeCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		got, err := c.run()
		n++
		if err != nil || got != c.Want {
			t.Errorf("%s %s %v %v: got %q, want %q (%v)", c.Func, c.Locale, c.Options, c.Value, got, c.Want, err)
		}
	}
	require.NoError(t, lines.Err())
	assert.Greater(t, n, 1000)
}

type nodeCase struct {
	Func    string  `json:"f"`
	Locale  string  `json:"l"`
	Options Options `json:"o"`
	Value   any     `json:"v"`
	NegZero bool    `json:"neg0"`
	Want    string  `json:"want"`
}

func (c *nodeCase) run() (string, error) {
	locales := []string{c.Locale}
	switch c.Func {
	case "date":
		f, err := NewDateTimeFormat(locales, c.Options, "any", "date")
		if err != nil {
			return "", err
		}
		return f.Format(c.Value.(float64))
	case "number":
		f, err := NewNumberFormat(locales, c.Options)
		if err != nil {
			return "", err
		}
		if c.NegZero {
			return f.Format(math.Copysign(0, -1)), nil
		}
		return f.Format(c.Value), nil
	case "plural":
		f, err := NewPluralRules(locales, c.Options)
		if err != nil {
			return "", err
		}
		return f.Select(c.Value.(float64)), nil
	case "list":
		f, err := NewListFormat(locales, c.Options)
		if err != nil {
			return "", err
		}
		var items []string
		for _, v := range c.Value.([]any) {
			items = append(items, v.(string))
		}
		return Join(f.Parts(items)), nil
	case "relative":
		f, err := NewRelativeTimeFormat(locales, c.Options)
		if err != nil {
			return "", err
		}
		pair := c.Value.([]any)
		v := pair[0].(float64)
		if c.NegZero {
			v = math.Copysign(0, -1)
		}
		parts, err := f.Parts(v, pair[1].(string))
		return Join(parts), err
	}
	f, err := NewCollator(locales, c.Options)
	if err != nil {
		return "", err
	}
	pair := c.Value.([]any)
	return strconv.Itoa(f.Compare(pair[0].(string), pair[1].(string))), nil
}

func TestEveryLocaleLoads(t *testing.T) {
	for name := range index() {
		l := load(name)
		assert.Len(t, l.Months["long"], 12, name)
		assert.Len(t, l.Weekdays["short"], 7, name)
		assert.Len(t, l.DateStyles, 4, name)
		assert.Len(t, l.FieldJoin, 4, name)
		assert.Len(t, l.Number.Compact, 12, name)
		assert.NotEmpty(t, l.Number.Decimal, name)
		for key, p := range l.Dates {
			assert.NotEmpty(t, parsePattern(p), "%s %s", name, key)
		}
	}
	for _, z := range []string{"UTC", "America/New_York", "Asia/Kolkata"} {
		assert.Contains(t, zoneNames(), z)
	}
}

func TestFallback(t *testing.T) {
	for tag, want := range map[string]string{
		"de-LU": "de", "en-SG": "en-GB", "en": "en-US", "en-PH": "en-US", "es-VE": "es-MX", "es-419": "es-MX",
		"zh-Hant-HK": "zh-HK", "zh-Hant": "zh-TW", "zh-Hans-CN": "zh", "no": "nb", "pt-AO": "pt-PT", "pt-BR": "pt",
	} {
		got, ok := match(language.Make(tag))
		assert.True(t, ok, tag)
		assert.Equal(t, want, got, tag)
	}
	name, _, _, err := resolve([]string{"tlh", "fr-BE"})
	require.NoError(t, err)
	assert.Equal(t, "fr-BE", name)
	name, _, _, err = resolve([]string{"tlh"})
	require.NoError(t, err)
	assert.Equal(t, DefaultLocale, name)
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		in   float64
		n    int
		mode string
		want string
	}{
		{0.5, 0, "halfExpand", "1"}, {2.5, 0, "halfEven", "2"}, {3.5, 0, "halfEven", "4"}, {-2.5, 0, "halfCeil", "-2"},
		{-2.5, 0, "halfFloor", "-3"}, {2.5, 0, "halfTrunc", "2"}, {1.001, 2, "expand", "1.01"}, {1.009, 2, "trunc", "1"},
		{-1.001, 2, "ceil", "-1"}, {-1.001, 2, "floor", "-1.01"}, {0.001, 2, "expand", "0.01"}, {0.0001, 2, "halfExpand", "0"},
		{9.995, 2, "halfExpand", "10"}, {99.99, 1, "halfExpand", "100"}, {0.05, 1, "halfExpand", "0.1"}, {5e-324, 3, "halfExpand", "0"},
	} {
		d := decimalOfFloat(c.in).toFraction(c.n, c.mode)
		whole, frac := d.text(1, 0)
		got := whole
		if frac != "" {
			got += "." + frac
		}
		if d.neg {
			got = "-" + got
		}
		assert.Equal(t, c.want, got, "%v %d %s", c.in, c.n, c.mode)
	}
}

func FuzzFormats(f *testing.F) {
	f.Add("en-US", `{"style":"currency","currency":"USD"}`, 1234.5)
	f.Add("de", `{"dateStyle":"full","timeStyle":"long","timeZone":"Europe/Berlin"}`, 1e12)
	f.Add("ja-u-hc-h11", `{"hour":"numeric","fractionalSecondDigits":2,"second":"2-digit","timeZoneName":"longGeneric"}`, -1e15)
	f.Add("fr", `{"notation":"compact","compactDisplay":"long","maximumSignificantDigits":2}`, 1e21)
	f.Add("en", `{"style":"unit","unit":"kilometer-per-hour","unitDisplay":"long"}`, math.Inf(1))
	f.Add("es", `{"era":"long","weekday":"narrow","month":"narrow","type":"ordinal","minimumFractionDigits":3}`, 0.0)
	f.Fuzz(func(t *testing.T, tag, options string, v float64) {
		var o Options
		if json.Unmarshal([]byte(options), &o) != nil || len(tag) > 40 {
			t.Skip()
		}
		if n, err := NewNumberFormat([]string{tag}, o); err == nil {
			n.Format(v)
			n.Resolved()
		}
		if d, err := NewDateTimeFormat([]string{tag}, o, "any", "all"); err == nil {
			d.Format(v)
			d.Resolved()
		}
		if p, err := NewPluralRules([]string{tag}, o); err == nil {
			p.Select(v)
		}
		if r, err := NewRelativeTimeFormat([]string{tag}, o); err == nil {
			r.Parts(v, "day")
		}
	})
}

func TestFormatRange(t *testing.T) {
	at := func(month time.Month, day, hour int) float64 {
		return float64(time.Date(2024, month, day, hour, 0, 0, 0, time.UTC).UnixMilli())
	}
	for _, c := range []struct {
		o    Options
		a, b float64
		want string
	}{
		{Options{"dateStyle": "medium"}, at(1, 4, 0), at(1, 6, 0), "Jan 4 – 6, 2024"},
		{Options{"dateStyle": "medium"}, at(1, 4, 0), at(2, 6, 0), "Jan 4 – Feb 6, 2024"},
		{Options{"dateStyle": "medium"}, at(1, 4, 0), at(1, 4, 5), "Jan 4, 2024"},
		{Options{}, at(1, 4, 0), at(1, 6, 0), "1/4/2024 – 1/6/2024"},
		{Options{"timeStyle": "short"}, at(1, 4, 3), at(1, 4, 4), "3:00 – 4:00 AM"},
		{Options{"timeStyle": "short"}, at(1, 4, 3), at(1, 4, 14), "3:00 AM – 2:00 PM"},
		{Options{"dateStyle": "short", "timeStyle": "short"}, at(1, 4, 3), at(1, 4, 4), "1/4/24, 3:00 – 4:00 AM"},
		{Options{"dateStyle": "medium", "timeStyle": "short"}, at(1, 4, 3), at(1, 5, 3), "Jan 4, 2024, 3:00 AM – Jan 5, 2024, 3:00 AM"},
	} {
		f, err := NewDateTimeFormat([]string{"en-US"}, c.o, "any", "date")
		require.NoError(t, err)
		got, err := f.FormatRange(c.a, c.b)
		require.NoError(t, err)
		assert.Equal(t, c.want, strings.ReplaceAll(got, "\u2009", " "))
	}
}
