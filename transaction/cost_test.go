package transaction

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// What actions ask for is made on the node's own processors, where no limit of a
// worker holds: within the bounds that it has it costs milliseconds, not seconds.
// (The time is some hundred times what it takes, and was a fifth of what it took.)
func TestEffectsAreCheap(t *testing.T) {
	const most = 2 * time.Second
	commands := func(n int, format string) []command {
		var texts []json.RawMessage
		for i := range n {
			texts = append(texts, json.RawMessage(fmt.Sprintf(format, i)))
		}
		list, err := parseCommands("login", texts)
		require.NoError(t, err)
		return list
	}
	var query, granted []string
	for i := range 16_000 {
		query = append(query, fmt.Sprintf(`"%x":""`, i))
	}
	for i := range 120_000 {
		granted = append(granted, fmt.Sprintf(`"%x"`, i))
	}
	start := time.Now()
	got := withQuery("https://x.example/", json.RawMessage(`{"query":{`+strings.Join(query, ",")+`}}`))
	assert.Less(t, time.Since(start), most, "a query of many names")
	assert.NotEmpty(t, unfit(got))
	context := json.RawMessage(`{"accessToken":{"scope":[` + strings.Join(granted, ",") + `]}}`)
	for _, format := range []string{`["accessToken.removeScope","-%d"]`, `["accessToken.addScope","-%d"]`, `["accessToken.removeScope","%d"]`} {
		e, _, err := collect(commands(rulebox.MaxCommands, format))
		require.NoError(t, err)
		start = time.Now()
		e.applyLogin([]json.RawMessage{json.RawMessage(`{}`), context})
		assert.Less(t, time.Since(start), most, format)
	}
}

// Scopes change as a plain list would.
func TestScopesAreAList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var plain []string
		for range r.IntN(5) {
			plain = append(plain, string(rune('a'+r.IntN(4))))
		}
		s := scopesOf(plain)
		first := slices.Clone(plain)
		for range r.IntN(12) {
			v := string(rune('a' + r.IntN(4)))
			switch r.IntN(5) {
			case 0, 1:
				if add(v)(&s); !slices.Contains(plain, v) {
					plain = append(plain, v)
				}
			case 2, 3:
				without(v)(&s)
				plain = slices.DeleteFunc(plain, func(p string) bool { return p == v })
			default:
				s, plain = scopes{}, nil
			}
		}
		require.Equal(t, append([]string{}, plain...), s.all(), "begun with %v", first)
	}
}

// Parameters take the places of those of their names, the last of one name counts.
func TestQueryOfManyNames(t *testing.T) {
	got := withQuery("https://x.example/p?a=1&b=2&%61=3&c#f?a=9", json.RawMessage(`{"query":{"a":"x y","d":4,"a":"z","e":null}}`))
	require.Equal(t, "https://x.example/p?b=2&c&a=z&d=4&e=null#f?a=9", got)
	u, err := url.Parse(setQuery(got, parameter{"state", "s"}))
	require.NoError(t, err)
	require.Equal(t, "s", u.Query().Get("state"))
	require.Equal(t, "https://x.example", withQuery("https://x.example", json.RawMessage(`{}`)))
}
