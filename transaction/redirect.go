package transaction

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// succeeded settles the decision of scripts that ended well: allow, or what
// context.redirect means for this login. On the way back from a redirect it is
// ignored, and a login without a browser cannot follow it.
func succeeded(inv *rulebox.Invocation, res *rulebox.Result) error {
	res.Decision = rulebox.Allow
	if res.RedirectURL == "" && !mentionsRedirect(inv, res) {
		return nil
	}
	var c struct {
		Protocol string `json:"protocol"`
		Request  struct {
			Query struct {
				Prompt string `json:"prompt"`
			} `json:"query"`
		} `json:"request"`
	}
	if len(inv.Args) > 1 {
		// What the transaction server sent, not what scripts made of it. Members of
		// unexpected types simply do not match below.
		_ = json.Unmarshal(inv.Args[1], &c)
	}
	if c.Protocol == "redirect-callback" {
		res.RedirectURL = ""
		return nil
	}
	if res.RedirectURL == "" {
		to, e := redirectOf(res.Values[1])
		if e != nil || to == "" {
			return asError(e)
		}
		res.RedirectURL = to
	}
	if what := unfit(res.RedirectURL); what != "" {
		return malformed(what)
	}
	if !hasBrowser(c.Protocol) {
		return interaction("the protocol " + c.Protocol + " has no browser")
	}
	if c.Request.Query.Prompt == "none" {
		return interaction("the request has prompt=none")
	}
	res.Decision = rulebox.Redirect
	return nil
}

func hasBrowser(protocol string) bool {
	return protocol != "oauth2-resource-owner" && protocol != "oauth2-password" && protocol != "oauth2-refresh-token"
}

// mentionsRedirect says whether the context that rules left may have a member
// redirect. It is asked for each login: a search costs less than to parse.
func mentionsRedirect(inv *rulebox.Invocation, res *rulebox.Result) bool {
	return inv.Trigger == rulebox.TriggerLogin && len(res.Values) > 1 && bytes.Contains(res.Values[1], []byte(`"redirect"`))
}

// redirectOf returns context.redirect.url, empty if there is no redirect: a rule
// that sets redirect to something else meant to stop the login, so letting it
// pass is no answer.
func redirectOf(context json.RawMessage) (string, *rulebox.Error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(context, &members) != nil {
		return "", nil // context is no object, and so has no redirect
	}
	text := members["redirect"]
	switch string(text) {
	case "", "null", "false", `""`, "0":
		return "", nil
	}
	var redirect map[string]json.RawMessage
	if json.Unmarshal(text, &redirect) != nil {
		return "", malformed("it is " + jsonscan.Describe(text))
	}
	if redirect["url"] == nil {
		return "", malformed("it is an object without url")
	}
	var to string
	if json.Unmarshal(redirect["url"], &to) != nil || string(redirect["url"]) == "null" {
		return "", malformed("its url is " + jsonscan.Describe(redirect["url"]))
	}
	if to == "" {
		return "", malformed("its url is empty")
	}
	return to, nil
}

// maxURL bounds a redirect URL, in bytes: browsers accept no longer ones.
const maxURL = 64 << 10

// unfit says why a browser must not be sent to the URL, empty if it may. Only
// what comes before the path is looked at closely: browsers mend the rest.
func unfit(to string) string {
	if len(to) > maxURL {
		return "its url is longer than 64 KiB"
	}
	if strings.ContainsFunc(to, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "its url has control characters"
	}
	scheme, rest, ok := strings.Cut(to, "://")
	if !ok || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return "its url does not begin with https:// or http://"
	}
	if at := strings.IndexAny(rest, `/?#\`); at >= 0 {
		rest = rest[:at]
	}
	if u, err := url.Parse("https://" + rest); err != nil || u.Hostname() == "" {
		return "its url names no host"
	}
	return ""
}

// malformed does not quote the URL: it may hold a session token.
func malformed(what string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeThrew, "context.redirect must be {url: 'https://…'}, but %s", what).
		WithHint("the rule that sets context.redirect must give it an absolute https or http URL in url; leave redirect out, or null, to let the login pass")
	e.Name = "TypeError"
	return e
}

func asError(e *rulebox.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func interaction(why string) *rulebox.Error {
	return unattended("a rule set context.redirect", why, "test context.protocol and context.request.query.prompt before setting context.redirect")
}

// unattended is the denial of a login that needs a user who is not there.
func unattended(what, why, hint string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeDenied, "interaction required: %s, but %s", what, why).WithHint("%s", hint)
	e.Name, e.OAuth = "InteractionRequired", "interaction_required"
	return e
}
