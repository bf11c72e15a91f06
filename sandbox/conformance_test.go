package sandbox

import (
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/conformance"
)

// Scripts cannot tell a jailed worker from the engine in process. A session for
// each case keeps the cases apart.
func TestConformance(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs more memory than a worker may have")
	}
	p := open(t, Options{MaxWorkers: 64, MaxPerTenant: 1, Warm: 4})
	conformance.Run(t, func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker {
		chain.Session = t.Name()
		return p
	})
}
