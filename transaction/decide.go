package transaction

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// decide sets the decision of res and returns the error that goes with it.
func decide(t *Tenant, inv *rulebox.Invocation, res *rulebox.Result, err error) error {
	if err == nil {
		if res.RedirectURL == "" {
			res.Decision = rulebox.Allow
			return nil
		}
		err = redirect(inv, res)
	}
	if err == nil {
		return nil
	}
	var e *rulebox.Error
	if !errors.As(err, &e) {
		e = rulebox.Errorf(rulebox.CodeOf(err), "the invocation failed").WithCause(err)
	}
	res.RedirectURL = ""
	switch {
	case e.Code == rulebox.CodeDenied:
		res.Decision, res.Values = rulebox.Deny, nil
		if e.OAuth == "" {
			e.OAuth = oauthError(t, e)
		}
	case t != nil && t.OnFault == FailContinue && e.Code != rulebox.CodeInvalid:
		res.Decision, res.Values = rulebox.Allow, inv.Args
	default:
		res.Decision, res.Values = rulebox.Fault, nil
	}
	return e
}

func oauthError(t *Tenant, e *rulebox.Error) string {
	if e.Name != "UnauthorizedError" {
		return "access_denied"
	}
	if t != nil && t.UnauthorizedAs != "" {
		return t.UnauthorizedAs
	}
	return "unauthorized"
}

// redirect settles what context.redirect means for this login: on the way back
// from a redirect it is ignored, and a login without a browser cannot follow it.
func redirect(inv *rulebox.Invocation, res *rulebox.Result) error {
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
	switch c.Protocol {
	case "redirect-callback":
		res.Decision, res.RedirectURL = rulebox.Allow, ""
		return nil
	case "oauth2-resource-owner", "oauth2-password", "oauth2-refresh-token":
		return interaction("the protocol " + c.Protocol + " has no browser")
	}
	if c.Request.Query.Prompt == "none" {
		return interaction("the request has prompt=none")
	}
	res.Decision = rulebox.Redirect
	return nil
}

func interaction(why string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeDenied, "interaction required: a rule set context.redirect, but %s", why).
		WithHint("test context.protocol and context.request.query.prompt before setting context.redirect")
	e.Name, e.OAuth = "InteractionRequired", "interaction_required"
	return e
}

func triggers(t *Tenant) string {
	return strings.Join(slices.Sorted(maps.Keys(t.Chains)), ", ")
}
