//go:build race

package pooltest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/workertest"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// adapt has the node under the race detector, and its workers not. There is no jail
// either: this binary is linked with cgo and cannot find out what holds.
func adapt(t testing.TB, opt *sandbox.Options) {
	if opt.Program != nil || opt.Command != nil || opt.Plan != nil {
		return
	}
	program, err := workertest.Program()
	require.NoError(t, err)
	opt.Program, opt.Plan = program, &confine.Plan{Profile: confine.JS}
}
