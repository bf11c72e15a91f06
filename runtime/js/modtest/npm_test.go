package modtest

import (
	"testing"

	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/npm"
	"github.com/stretchr/testify/require"
)

// TestPackages runs the cases of the packages from npm.
func TestPackages(t *testing.T) {
	if m, ok := modules.Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
	cases, err := npm.Cases()
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { Case(t, c.Name, c.Body) })
	}
}
