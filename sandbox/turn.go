package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Beside something that never rests, idle work never runs: a login that computes for
// a moment longer than others would end by its time limit, on a machine that is
// merely busy. So workers that give way and are kept from the processor get turns
// with all others, one worker at a time, whoever had least first. It costs others
// at most a third of one processor, and only while every processor is in use.
const (
	// turnAfter is the time with less than a tenth of a processor that earns a turn.
	turnAfter = 20 * time.Millisecond
	// turnTime is the processor time of a turn, and turnLimit bounds the time in which
	// a machine that is very busy gives it.
	turnTime  = 15 * time.Millisecond
	turnLimit = 10 * turnTime
	// turnRest is the time between turns, in lengths of the last one's processor time.
	turnRest = 2
)

// A rota says whose turn it is.
type rota struct {
	mu    sync.Mutex // of who looks; nobody waits for it. Taken before Pool.mu
	turn  giver      // of nobody if it has no worker
	began time.Time
	used  time.Duration // the worker's processor time when it began
	next  time.Time     // no turn before
	// denied says that a worker's turn cannot be had without a privilege that the
	// node lacks.
	denied bool
}

// A giver is a worker that gives way, since when.
type giver struct {
	w     *worker
	since time.Time
}

// need is what the rota knows of a giver.
type need struct {
	since time.Time // the giver's; what follows is nothing for another
	first time.Duration
	at    time.Time // of the last look that found it served
	used  time.Duration
}

// giveTurns looks at the workers that give way, and ends or begins a turn. It is
// called every few milliseconds while anything runs. One that computes with nothing
// to do has turns like others, and so comes to its end sooner: see meter.
func (p *Pool) giveTurns(now time.Time, giving []giver) {
	r := &p.rota
	if !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if r.denied {
		return
	}
	if r.turn.w != nil {
		used := r.turn.w.processorTime() - r.used
		if used < turnTime && now.Sub(r.began) < turnLimit && r.turn.w.waits() {
			return
		}
		p.setTurn(r.turn, false)
		r.turn, r.next = giver{}, now.Add(turnRest*max(used, 0))
	}
	var neediest giver
	var least time.Duration
	for _, g := range giving {
		had, kept := g.lacks(now)
		if kept && (neediest.w == nil || had < least) && g.w.waits() {
			neediest, least = g, had
		}
	}
	if neediest.w == nil || now.Before(r.next) {
		return
	}
	if p.setTurn(neediest, true) != nil {
		r.denied = true
		return
	}
	r.turn, r.began, r.used = neediest, now, neediest.w.processorTime()
	p.stats.turns.Add(1)
}

func (p *Pool) setTurn(g giver, on bool) error {
	p.mu.Lock()
	if g.w.demoted.Load() && g.w.demotedAt.Equal(g.since) {
		g.w.turn.Store(on)
	}
	p.mu.Unlock()
	return p.settle(g.w)
}

// lacks tells how much the giver has had since it gives way, and whether it got next
// to nothing for long.
func (g giver) lacks(now time.Time) (had time.Duration, kept bool) {
	n := &g.w.need
	used := g.w.processorTime()
	if !n.since.Equal(g.since) {
		*n = need{since: g.since, first: used, at: now, used: used}
	}
	span := now.Sub(n.at)
	if used-n.used > span/10 && span >= turnAfter/2 {
		n.at, n.used = now, used
	}
	return used - n.first, span >= turnAfter && used-n.used <= span/10
}

// waits tells whether any thread of the worker has something to do.
func (w *worker) waits() (yes bool) {
	w.whileThere(func(pid int) error {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, path := range stats {
			text, err := os.ReadFile(path)
			// The name, in parentheses, may hold anything: proc(5).
			if i := bytes.LastIndexByte(text, ')'); err == nil && i >= 0 && bytes.HasPrefix(text[i:], []byte(") R")) {
				yes = true
				break
			}
		}
		return nil
	})
	return yes
}
