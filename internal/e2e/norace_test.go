//go:build !race

package e2e

import (
	"testing"

	"github.com/rulebox/rulebox/sandbox"
)

// poolOptions are the product's own: the jail of this machine, and this binary as
// the worker, as the server is.
func poolOptions(testing.TB) sandbox.Options { return sandbox.Options{} }
