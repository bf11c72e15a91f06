//go:build !race

package pooltest

import (
	"testing"

	"github.com/rulebox/rulebox/sandbox"
)

func adapt(testing.TB, *sandbox.Options) {}
