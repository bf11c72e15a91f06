package runtime_test

import (
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
		r.Prepare(chain)
		return r
	})
}
