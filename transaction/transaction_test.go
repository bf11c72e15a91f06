package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

type invokerFunc func(context.Context, *rulebox.Invocation) (*rulebox.Result, error)

func (f invokerFunc) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return f(ctx, inv)
}

type tenants map[string]*Tenant

func (t tenants) Tenant(name string) *Tenant { return t[name] }

func args(context string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(`{"user_id":"u"}`), json.RawMessage(context)}
}

func chain() *rulebox.Chain {
	return &rulebox.Chain{Tenant: "acme", Trigger: "login", Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", "x")}}
}

func denied(name string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeDenied, "no")
	e.Name = name
	return e
}

func TestDecision(t *testing.T) {
	changed := []json.RawMessage{json.RawMessage(`{"changed":1}`), json.RawMessage(`{}`)}
	to := func(url string) *rulebox.Result { return &rulebox.Result{Values: changed, RedirectURL: url} }
	for name, tc := range map[string]struct {
		tenant  Tenant
		context string
		res     *rulebox.Result
		err     error

		decision rulebox.Decision
		code     rulebox.Code
		oauth    string
		values   bool
	}{
		"allow":                      {res: to(""), decision: rulebox.Allow, values: true},
		"redirect":                   {res: to("https://x"), decision: rulebox.Redirect, values: true},
		"redirect on the way back":   {res: to("https://x"), context: `{"protocol":"redirect-callback"}`, decision: rulebox.Allow, values: true},
		"redirect without a browser": {res: to("https://x"), context: `{"protocol":"oauth2-refresh-token"}`, decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "interaction_required"},
		"redirect with prompt=none":  {res: to("https://x"), context: `{"request":{"query":{"prompt":"none"}}}`, decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "interaction_required"},
		"unauthorized":               {err: denied("UnauthorizedError"), decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "unauthorized"},
		"unauthorized, switched":     {tenant: Tenant{UnauthorizedAs: "access_denied"}, err: denied("UnauthorizedError"), decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "access_denied"},
		"error":                      {err: denied("Error"), decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "access_denied"},
		"fault":                      {err: rulebox.Errorf(rulebox.CodeTimeout, "late"), decision: rulebox.Fault, code: rulebox.CodeTimeout},
		"fault, continue":            {tenant: Tenant{OnFault: FailContinue}, err: rulebox.Errorf(rulebox.CodeTimeout, "late"), decision: rulebox.Allow, code: rulebox.CodeTimeout, values: true},
		"denial, continue":           {tenant: Tenant{OnFault: FailContinue}, err: denied("Error"), decision: rulebox.Deny, code: rulebox.CodeDenied, oauth: "access_denied"},
		"foreign error":              {err: errors.New("boom"), decision: rulebox.Fault, code: rulebox.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			ten := tc.tenant
			ten.Name, ten.Chains = "acme", map[string]*rulebox.Chain{"login": chain()}
			if tc.context == "" {
				tc.context = `{"protocol":"oidc-basic-profile"}`
			}
			var recorded []Execution
			p := &Pipeline{
				Tenants: tenants{"acme": &ten},
				Next:    invokerFunc(func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) { return tc.res, tc.err }),
				Record:  func(e Execution) { recorded = append(recorded, e) },
			}
			res, err := p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "login", ID: "t1", Args: args(tc.context)})
			require.NotNil(t, res)
			assert.Equal(t, tc.decision, res.Decision)
			assert.Equal(t, tc.code, rulebox.CodeOf(err))
			assert.Equal(t, "t1", res.ID)
			assert.Equal(t, tc.values, res.Values != nil)
			if tc.oauth != "" {
				var e *rulebox.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, tc.oauth, e.OAuth)
			}
			require.Len(t, recorded, 1)
			assert.Equal(t, tc.decision, recorded[0].Decision)
		})
	}
}

func TestBindings(t *testing.T) {
	ran := 0
	next := invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		ran++
		return &rulebox.Result{Values: inv.Args}, nil
	})
	broken := rulebox.Errorf(rulebox.CodeInvalid, "rules/a.js does not compile")
	off := false
	p := &Pipeline{
		Next:   next,
		Bypass: func() bool { return off },
		Tenants: tenants{
			"acme":   {Name: "acme", Chains: map[string]*rulebox.Chain{"login": chain()}},
			"empty":  {Name: "empty", Chains: map[string]*rulebox.Chain{"login": {}}},
			"glass":  {Name: "glass", Bypass: true, Chains: map[string]*rulebox.Chain{"login": chain()}},
			"broken": {Name: "broken", Broken: broken},
		},
	}
	invoke := func(tenant, trigger string) (*rulebox.Result, error) {
		return p.Invoke(context.Background(), &rulebox.Invocation{Tenant: tenant, Trigger: trigger, Args: args(`{}`)})
	}

	_, err := invoke("nobody", "login")
	assert.ErrorContains(t, err, `there is no tenant "nobody"`)
	assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))

	_, err = invoke("acme", "signup")
	assert.ErrorContains(t, err, `there is no trigger "signup"`)

	_, err = invoke("acme", "hook.send-phone-message")
	assert.ErrorContains(t, err, "tenant acme has no enabled hook at send-phone-message")
	assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))

	_, err = invoke("broken", "login")
	assert.ErrorContains(t, err, "rules/a.js does not compile")

	for _, tenant := range []string{"empty", "glass"} {
		res, err := invoke(tenant, "login")
		require.NoError(t, err, tenant)
		assert.Equal(t, rulebox.Allow, res.Decision, tenant)
	}
	assert.Zero(t, ran, "nothing runs for a tenant without rules or behind the break-glass switch")

	off = true
	_, err = invoke("acme", "login")
	require.NoError(t, err)
	assert.Zero(t, ran, "the installation's break-glass switch runs nothing")

	off = false
	_, err = invoke("acme", "login")
	require.NoError(t, err)
	assert.Equal(t, 1, ran)
}
