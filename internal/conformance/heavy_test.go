//go:build !race

package conformance

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/stretchr/testify/require"
)

// The packages that keep most, by BenchmarkPackages in runtime/js.
var heavy = []string{
	"twilio@5", "twilio@4", "@aws-sdk/client-s3", "@aws-sdk/client-ssm", "google-libphonenumber",
	"awesome-phonenumber@7", "@aws-sdk/client-cognito-identity-provider", "soap", "node-jose", "zod@4",
}

// Each of the heaviest packages serves one login after the other in a worker with
// half of the default memory.
func TestHeavyPackagesFitIntoHalfOfTheMemory(t *testing.T) {
	if m, ok := modules.Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 8, MaxPerTenant: 1, Warm: 1})
	for _, name := range heavy {
		t.Run(name, func(t *testing.T) {
			source := "function (user, context, callback) { context.idToken.n = Object.keys(require('" + name + "')).length; callback(null, user, context); }"
			chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Session: t.Name(),
				Limits: rulebox.Limits{Memory: rulebox.DefaultMemory / 2}, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", source)}}
			for range 5 {
				ctx, cancel := context.WithTimeout(t.Context(), safety)
				_, err := pool.Invoke(ctx, &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{json.RawMessage(defaultUser), json.RawMessage(defaultContext)}})
				cancel()
				require.NoError(t, err)
			}
		})
	}
}
