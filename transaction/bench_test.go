package transaction

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rulebox/rulebox"
)

// BenchmarkPipeline measures what the pipeline adds to a login of five scripts
// with a user and a context of 3 KB each: without effects, and with three.
func BenchmarkPipeline(b *testing.B) {
	text := json.RawMessage(`{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","identities":[` + strings.Repeat(`{"provider":"auth0","connection":"users","isSocial":false},`, 40) + `{}]}`)
	for name, tc := range map[string]struct {
		script   *rulebox.Script
		commands []json.RawMessage
	}{
		"rules":   {rulebox.NewScript(rulebox.KindRule, "r", "x"), nil},
		"actions": {action("a"), rawCommands(`["idToken.setCustomClaim","https://x/plan","free"]`, `["accessToken.setCustomClaim","https://x/plan","free"]`, `["user.setAppMetadata","n",1]`)},
	} {
		b.Run(name, func(b *testing.B) {
			s := tc.script
			chain := &rulebox.Chain{Tenant: "acme", Trigger: "login", Scripts: []*rulebox.Script{s, s, s, s, s}}
			p := &Pipeline{
				Caches:  NewMemoryCaches(),
				Tenants: tenants{"acme": {Name: "acme", Chains: map[string]*rulebox.Chain{"login": chain}}},
				Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
					return &rulebox.Result{Values: inv.Args, Commands: tc.commands}, nil
				}),
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: []json.RawMessage{text, text}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
