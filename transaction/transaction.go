// Package transaction is the login pipeline: it looks up what a tenant has bound
// to a trigger, hands it to an Invoker, and turns what comes back into a
// decision. It decides and never executes.
package transaction

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
)

// A Policy says what a fault does to a login.
type Policy string

const (
	// FailDeny ends the login. The default.
	FailDeny Policy = "deny"
	// FailContinue lets the login go on as if the scripts had not run.
	FailContinue Policy = "continue"
)

// A Tenant is an immutable snapshot of a tenant's bindings and settings.
type Tenant struct {
	Name string
	// Chains are what runs, by trigger. A trigger of the tenant without scripts
	// has a chain without scripts.
	Chains map[string]*rulebox.Chain
	// OnFault is the failure policy; empty means FailDeny.
	OnFault Policy
	// UnauthorizedAs is OAuth's error for an UnauthorizedError; empty means
	// "unauthorized". Every other refusal is "access_denied".
	UnauthorizedAs string
	// Bypass is the break-glass switch: logins pass without running any code.
	Bypass bool
	// Connections are the tenant's user databases, by name.
	Connections map[string]*Connection
	// ApplyMetadata says that we save what actions ask for with api.user.set…,
	// through the management API of the trigger's chain. Otherwise the caller does.
	ApplyMetadata bool
	// Adapters are the settings for the hooks of identity servers, by adapter. Only
	// the edge that answers them reads them; secrets stand in them.
	Adapters map[string]json.RawMessage
	// Broken, if not nil, is why the tenant has no version that could be loaded.
	Broken *rulebox.Error
}

// Tenants finds tenants by name. It is safe for concurrent use.
type Tenants interface {
	// Tenant returns the tenant's present snapshot, nil if there is no such
	// tenant.
	Tenant(name string) *Tenant
}

// An Execution is the record of one invocation. It holds no guest data.
type Execution struct {
	ID, Tenant, Trigger string
	// Unsaved says that the caller brought the code: it tried something.
	Unsaved bool
	// Bypassed says that a break-glass switch kept the scripts from running.
	Bypassed bool
	Decision rulebox.Decision
	Err      error
	Scripts  []rulebox.ScriptUsage
	Usage    rulebox.Usage
	Duration time.Duration
}

// A Pipeline is the Invoker that transaction servers reach. Its results carry a
// Decision always, also when they come with an error.
type Pipeline struct {
	// Tenants and Next must be set.
	Tenants Tenants
	// Next runs the scripts.
	Next rulebox.Invoker
	// Record, if not nil, is called once for each invocation.
	Record func(Execution)
	// Bypass, if not nil, is the installation's break-glass switch.
	Bypass func() bool
	// Suspensions keep chains that wait for the user. Without them they are kept in
	// this process.
	Suspensions *Suspensions
	// Caches are what api.cache holds; nil means that it is empty for each login.
	// Unsaved code does not see them.
	Caches Caches
	// Metadata, if not nil, saves the metadata of tenants that want that.
	Metadata *MetadataClient
	// OnError, if not nil, is told what went wrong beside the decision: metadata
	// that could not be saved, a state that could not be given back.
	OnError func(tenant, id string, err error)

	local sync.Once
}

// Invoke implements rulebox.Invoker. An invocation without a chain runs what its
// tenant has bound to its trigger; one with a chain (unsaved code) runs that,
// under the default policy.
func (p *Pipeline) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	start := time.Now()
	tenant, err := p.tenant(inv)
	var res *rulebox.Result
	bypassed := false
	if err == nil {
		if bypassed = tenant.Bypass || p.Bypass != nil && p.Bypass(); bypassed {
			res, err = unanswered(inv, "custom code is switched off")
		} else {
			res, err = p.run(ctx, tenant, inv)
		}
	}
	if res == nil {
		res = &rulebox.Result{}
	}
	res.ID = inv.ID
	err = decide(tenant, inv, res, err)
	if p.Record != nil {
		p.Record(Execution{
			ID: inv.ID, Tenant: inv.Tenant, Trigger: inv.Trigger, Unsaved: inv.Chain != nil, Bypassed: bypassed,
			Decision: res.Decision, Err: err, Scripts: res.Scripts, Usage: res.Usage,
			Duration: time.Since(start),
		})
	}
	return res, err
}

// tenant returns the snapshot that the invocation runs under.
func (p *Pipeline) tenant(inv *rulebox.Invocation) (*Tenant, error) {
	if inv.Chain != nil {
		return &Tenant{Name: inv.Tenant, Chains: map[string]*rulebox.Chain{inv.Trigger: inv.Chain}}, nil
	}
	t := p.Tenants.Tenant(inv.Tenant)
	if t == nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "there is no tenant %q", inv.Tenant).
			WithHint("the subject or path names the tenant: its folder must stand in the tenants folder")
	}
	return t, nil
}

func (p *Pipeline) run(ctx context.Context, t *Tenant, inv *rulebox.Invocation) (*rulebox.Result, error) {
	if t.Broken != nil {
		e := *t.Broken
		return nil, &e
	}
	chain := t.Chains[inv.Trigger]
	if chain == nil {
		return nil, unbound(t, inv.Trigger)
	}
	pass := &passage{p: p, tenant: t, chain: chain, inv: inv, bound: *inv}
	pass.bound.Chain, pass.bound.State = chain, ""
	if inv.State != "" {
		if err := pass.resume(ctx); err != nil {
			return nil, err
		}
	}
	if len(chain.Scripts) == 0 {
		return unanswered(inv, "no script is enabled")
	}
	pass.fillCache()
	res, err := p.Next.Invoke(ctx, &pass.bound)
	return res, pass.settle(ctx, res, err)
}

// suspensions returns where suspended chains are kept.
func (p *Pipeline) suspensions() *Suspensions {
	p.local.Do(func() {
		if p.Suspensions == nil {
			p.Suspensions = newLocalSuspensions()
		}
	})
	return p.Suspensions
}

func (p *Pipeline) report(inv *rulebox.Invocation, err error) {
	if p.OnError != nil && err != nil {
		p.OnError(inv.Tenant, inv.ID, err)
	}
}
