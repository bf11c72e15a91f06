package transaction

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// The record tells a try from a login, and a login that passed without any rule
// from one that rules let pass.
func TestRecordSaysWhatRan(t *testing.T) {
	var last Execution
	glass := false
	p := &Pipeline{
		Tenants: tenants{
			"acme":  {Name: "acme", Chains: map[string]*rulebox.Chain{"login": chain()}},
			"glass": {Name: "glass", Bypass: true, Chains: map[string]*rulebox.Chain{"login": chain()}},
		},
		Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			return &rulebox.Result{Values: inv.Args}, nil
		}),
		Record: func(e Execution) { last = e },
		Bypass: func() bool { return glass },
	}
	for _, tc := range []struct {
		tenant            string
		chain             *rulebox.Chain
		glass             bool
		unsaved, bypassed bool
	}{
		{tenant: "acme"},
		{tenant: "acme", chain: chain(), unsaved: true},
		{tenant: "glass", bypassed: true},
		{tenant: "acme", glass: true, bypassed: true},
		{tenant: "nobody", glass: true},
	} {
		glass = tc.glass
		_, err := p.Invoke(context.Background(), &rulebox.Invocation{Tenant: tc.tenant, Trigger: "login", Chain: tc.chain, Args: args(`{}`)})
		require.Equal(t, tc.tenant == "nobody", err != nil)
		assert.Equal(t, tc.unsaved, last.Unsaved, tc)
		assert.Equal(t, tc.bypassed, last.Bypassed, tc)
	}
}
