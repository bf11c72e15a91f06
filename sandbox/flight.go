package sandbox

import (
	"fmt"
	"time"

	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// take removes the call from those in flight.
func (w *worker) take(seq uint64) (*call, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.calls[seq]
	if ok {
		delete(w.calls, seq)
		w.slots[wire.SlotOf(seq)] = false
		w.answered[w.next] = c
		w.next = (w.next + 1) % len(w.answered)
	}
	return c, ok
}

func (w *worker) putBack(c *call) {
	w.mu.Lock()
	if w.death == nil {
		w.calls[c.seq] = c
		w.mu.Unlock()
		return
	}
	d := w.death
	w.mu.Unlock()
	if !c.abandoned {
		c.done <- d.verdict(w, c)
	}
	w.pool.release(w, c)
}

// abandon marks the call as answered by the node; false if the worker's answer
// came first.
func (w *worker) abandon(c *call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls[c.seq] != c {
		return false
	}
	c.abandoned = true
	return true
}

// inTime tells whether the invocation is in flight and has time left.
func (w *worker) inTime(seq uint64, grace time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.calls[seq]
	return c != nil && !c.abandoned && time.Until(c.deadline)+grace > 0
}

// find returns the invocation, in flight or just answered; nil if unknown.
func (w *worker) find(seq uint64) *call {
	if c := w.calls[seq]; c != nil || seq == 0 {
		return c
	}
	for _, c := range w.answered {
		if c != nil && c.seq == seq {
			return c
		}
	}
	return nil
}

func (w *worker) nameOf(seq uint64, script int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.find(seq); c != nil && script >= 0 && script < len(c.chain.Scripts) {
		return fmt.Sprintf("%s %q", c.kind(script), c.chain.Scripts[script].Name)
	}
	return "name unknown"
}
