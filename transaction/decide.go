package transaction

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// decide sets the decision of res and returns the error that goes with it.
func decide(t *Tenant, inv *rulebox.Invocation, res *rulebox.Result, err error) error {
	if err == nil {
		err = succeeded(inv, res)
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

func triggers(t *Tenant) string {
	return strings.Join(slices.Sorted(maps.Keys(t.Chains)), ", ")
}
