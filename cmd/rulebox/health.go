package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/transaction"
)

// healthTenant runs the synthetic rule. Its capitals keep it apart: NATS takes
// them, a tenant's folder cannot have them.
const healthTenant = "Rulebox-Health"

// withHealth adds the health tenant to the others.
type withHealth struct {
	transaction.Tenants
	health *transaction.Tenant
}

func (w withHealth) Tenant(name string) *transaction.Tenant {
	if name == healthTenant {
		return w.health
	}
	return w.Tenants.Tenant(name)
}

func newHealth(next transaction.Tenants) withHealth {
	chain := &rulebox.Chain{
		Tenant: healthTenant, Trigger: rulebox.TriggerLogin, Limits: rulebox.Limits{}.WithDefaults(),
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "health",
			`function (user, context, callback) { context.idToken = { echo: user.nonce }; callback(null, user, context); }`)},
	}
	return withHealth{next, &transaction.Tenant{Name: healthTenant, Chains: map[string]*rulebox.Chain{rulebox.TriggerLogin: chain}}}
}

// probe sends a login of the health tenant over NATS and compares what the rule
// made of it. With bypass no login runs a rule, this one neither: then it is
// enough that it passes, for a node that lets all logins pass must be asked.
func probe(client *bus.Client, bypass bool) func(context.Context) error {
	return func(ctx context.Context) error {
		nonce := rulebox.NewID()
		res, err := client.Login(ctx, healthTenant, map[string]string{"nonce": nonce}, map[string]any{})
		if err != nil || bypass {
			return err
		}
		var got struct {
			IDToken struct{ Echo string } `json:"idToken"`
		}
		if len(res.Values) != 2 {
			return fmt.Errorf("the synthetic rule gave %d values", len(res.Values))
		}
		if err := json.Unmarshal(res.Values[1], &got); err != nil || got.IDToken.Echo != nonce {
			return fmt.Errorf("the synthetic rule gave something else than it was sent")
		}
		return nil
	}
}
