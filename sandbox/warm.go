package sandbox

import (
	"context"
	"time"

	"github.com/rulebox/rulebox"
)

// Warm waits until a worker that the chain can have has started: the clock of its
// scripts then does not run while a process starts. For callers that invoke once.
// The error is a *rulebox.Error; nothing was started then.
func (p *Pool) Warm(ctx context.Context, c *rulebox.Chain) error {
	s := p.supplies[profileOf(c)]
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		ready, state, err := len(s.blanks) > 0, p.state, p.runs(s.profile)
		if err == nil && s.warm == 0 {
			s.warm = 1
		}
		p.mu.Unlock()
		p.wake()
		switch {
		case err != nil:
			return err
		case state == closing:
			return errClosing()
		case ready:
			return nil
		}
		select {
		case <-ctx.Done():
			return rulebox.Errorf(rulebox.CodeUnavailable, "the caller gave up before a worker had started").WithCause(ctx.Err())
		case <-tick.C:
		}
	}
}
