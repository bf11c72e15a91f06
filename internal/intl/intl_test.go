package intl

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
