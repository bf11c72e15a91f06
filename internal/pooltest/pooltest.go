// Package pooltest runs jailed workers, and other parts of a node, for tests.
package pooltest

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/worker"
)

// Main is what TestMain does where pools are started: the test binary is its own
// worker, as the server is.
func Main(m *testing.M) {
	confine.Init()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		worker.Main()
	}
	os.Exit(m.Run())
}

// Start returns a running pool, which ends with the test. Under the race detector
// its workers are a program without it, and not jailed, unless opt has a program,
// a command or a plan.
func Start(t testing.TB, opt sandbox.Options) *sandbox.Pool {
	t.Helper()
	adapt(t, &opt)
	p, err := sandbox.New(opt)
	require.NoError(t, err)
	Run(t, p.Run)
	return p
}

// Run runs a part of a node until the test ends, and waits for it.
func Run(t testing.TB, part func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
}
