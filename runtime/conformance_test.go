package runtime_test

import (
	"context"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/conformance"
	"github.com/rulebox/rulebox/runtime"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{})
		t.Cleanup(r.Close)
		return r
	})
}

// A prepared realm must not be told from a fresh one.
func TestConformancePrepared(t *testing.T) {
	conformance.Run(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		r := runtime.NewRunner(runtime.Options{})
		t.Cleanup(r.Close)
		for _, s := range chain.Scripts {
			r.Check(context.Background(), s) // Prepare compiles nothing
		}
		r.Prepare(chain)
		return r
	})
}
