package sandbox

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// Who waits for a worker first needs none of the script's time for its start.
func TestWarm(t *testing.T) {
	plan, err := thePlan()
	require.NoError(t, err)
	p, err := New(Options{Plan: plan})
	require.NoError(t, err)
	c := chainOf("acme", okRule)
	ctx, cancel := context.WithTimeout(bg(t), 20*time.Millisecond)
	defer cancel()
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(p.Warm(ctx, c)), "nobody has called Run")
	run, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(run) }()
	require.NoError(t, p.Warm(bg(t), c))
	require.NotZero(t, p.Stats().Blank)
	_, err = login(bg(t), p, c)
	require.NoError(t, err)
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(p.Warm(bg(t), c)), "it is closed")
}
