package transaction

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// afterRules is the answer to a login whose rules left this context.
func afterRules(left, url, sent string) (*rulebox.Result, error) {
	p := &Pipeline{
		Tenants: tenants{"acme": {Name: "acme", Chains: map[string]*rulebox.Chain{"login": chain()}}},
		Next: invokerFunc(func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
			return &rulebox.Result{RedirectURL: url, Values: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(left)}}, nil
		}),
	}
	return p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "login", ID: "t1", Args: args(sent)})
}

// A rule that sets context.redirect means to stop the login: whatever it sets,
// the login does not pass unless there is clearly no redirect.
func TestMalformedRedirectFaults(t *testing.T) {
	for left, what := range map[string]string{
		`{"redirect":"https://x.example"}`:                                  "it is a string",
		`{"redirect":{"URL":"https://x.example"}}`:                          "without url",
		`{"redirect":{}}`:                                                   "without url",
		`{"redirect":{"url":5}}`:                                            "its url is a number",
		`{"redirect":{"url":null}}`:                                         "its url is null",
		`{"redirect":{"url":{}}}`:                                           "its url is an object",
		`{"redirect":{"url":""}}`:                                           "its url is empty",
		`{"redirect":true}`:                                                 "it is a boolean",
		`{"redirect":1}`:                                                    "it is a number",
		`{"redirect":[]}`:                                                   "it is an array",
		`{"redirect":{"url":"javascript:alert(1)"}}`:                        "does not begin with https://",
		`{"redirect":{"url":"//x.example"}}`:                                "does not begin with https://",
		`{"redirect":{"url":"not a url"}}`:                                  "does not begin with https://",
		`{"redirect":{"url":"https:///path"}}`:                              "names no host",
		`{"redirect":{"url":"https://a b/"}}`:                               "names no host",
		`{"redirect":{"url":"https://x.example/\r\nSet-Cookie: a=b"}}`:      "control characters",
		`{"redirect":{"url":"https://x/` + strings.Repeat("a", 1e5) + `"}}`: "longer than 64 KiB",
	} {
		res, err := afterRules(left, "", `{}`)
		require.Error(t, err, left)
		assert.Equal(t, rulebox.Fault, res.Decision, left)
		assert.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err), left)
		assert.ErrorContains(t, err, "context.redirect must be {url: 'https://…'}", left)
		assert.ErrorContains(t, err, what, left)
		assert.Empty(t, res.RedirectURL, left)
		assert.Nil(t, res.Values, left)

		res, err = afterRules(left, "", `{"protocol":"redirect-callback"}`)
		require.NoError(t, err, left)
		assert.Equal(t, rulebox.Allow, res.Decision, "it is ignored on the way back: %s", left)
	}
	for _, url := range []string{"javascript:alert(1)", "not a url", "/relative", "https://"} {
		_, err := afterRules(`{}`, url, `{}`)
		assert.ErrorContains(t, err, "context.redirect", "what the engine found: %s", url)
		assert.NotContains(t, err.Error(), "alert")
	}
}

func TestRedirectURLs(t *testing.T) {
	for left, want := range map[string]string{
		`{}`:                              "",
		`{"redirect":null}`:               "",
		`{"redirect":false}`:              "",
		`{"redirect":""}`:                 "",
		`{"redirect":0}`:                  "",
		`{"Redirect":"https://x"}`:        "",
		`{"idToken":{"redirect":"text"}}`: "",
		`"redirect"`:                      "",
		`{"redirect":{"url":"https://x.example"}}`:                 "https://x.example",
		`{"redirect":{"url":"HTTP://x.example:8080/a?b=%zz#c d"}}`: "HTTP://x.example:8080/a?b=%zz#c d",
		`{"redirect":{"url":"https://bücher.example/100%"}}`:       "https://bücher.example/100%",
	} {
		res, err := afterRules(left, "", `{}`)
		require.NoError(t, err, left)
		assert.Equal(t, want, res.RedirectURL, left)
		assert.Equal(t, want != "", res.Decision == rulebox.Redirect, left)
	}
}

// Other triggers have no context.
func TestRedirectIsForLogins(t *testing.T) {
	res := &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{"redirect":"text"}`)}}
	require.NoError(t, succeeded(&rulebox.Invocation{Trigger: "other"}, res))
	require.Equal(t, rulebox.Allow, res.Decision)
}
