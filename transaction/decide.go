package transaction

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
)

// decide sets the decision of res and returns the error that goes with it.
func decide(t *Tenant, inv *rulebox.Invocation, res *rulebox.Result, err error) error {
	if err == nil {
		if res.Decision == "" {
			res.Decision = rulebox.Allow
		}
		return nil
	}
	var e *rulebox.Error
	if !errors.As(err, &e) {
		e = rulebox.Errorf(rulebox.CodeOf(err), "the invocation failed").WithCause(err)
	}
	waits := inv.State != "" || res.Suspended > 0
	res.RedirectURL, res.State, res.Suspended = "", "", 0
	if e.Code == rulebox.CodeDenied {
		res.Decision, res.Values = rulebox.Deny, nil
		if !isOAuth(e.OAuth) {
			e.OAuth = oauthError(t, e)
		}
		return e
	}
	res.Decision, res.Values, res.Commands = rulebox.Fault, nil, nil
	if t != nil && t.OnFault == FailContinue && e.Code != rulebox.CodeInvalid && !waits {
		// What nobody else can answer stays a fault: a database that fails has
		// found no user. And so does what waits for the user, who may have made it
		// fail: a challenge that could not be kept is none that was met.
		if pass, err := unanswered(inv, ""); err == nil {
			res.Decision, res.Values = rulebox.Allow, pass.Values
		}
	}
	return e
}

// unanswered is the result of a trigger at which no code ran. Where code gives
// the answer itself (a database, a provider of messages) there is none.
func unanswered(inv *rulebox.Invocation, why string) (*rulebox.Result, error) {
	at, err := trigger.Lookup(inv.Trigger)
	if err != nil || at.Form == trigger.Login {
		return &rulebox.Result{Values: inv.Args[:min(2, len(inv.Args)):2]}, nil
	}
	if at.Provider {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "nothing answers the trigger %s: %s", inv.Trigger, why).
			WithHint("this trigger is answered by the tenant's own code only")
	}
	res := &rulebox.Result{}
	if at.Form == trigger.Event {
		res.Values = []json.RawMessage{(&effects{}).result(inv.Trigger, nil)}
	}
	return res, nil
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

// unbound is the error for a trigger that the tenant has no chain of.
func unbound(t *Tenant, name string) error {
	hint := "the triggers of tenant " + t.Name + ": " + triggerNames(t)
	if point, ok := strings.CutPrefix(name, rulebox.HookPrefix); ok && slices.Contains(trigger.Points, point) {
		return rulebox.Errorf(rulebox.CodeInvalid, "tenant %s has no enabled hook at %s", t.Name, point).WithHint("%s", hint)
	}
	return rulebox.Errorf(rulebox.CodeInvalid, "there is no trigger %q", name).WithHint("%s", hint)
}

func triggerNames(t *Tenant) string {
	return strings.Join(slices.Sorted(maps.Keys(t.Chains)), ", ")
}
