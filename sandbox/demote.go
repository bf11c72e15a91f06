package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
)

// A worker that has been computing for a while gives way to every other process
// that has something to do: it is scheduled as idle work until its invocation
// ends, and from the start the next time its chain is invoked. So a tenant's loop
// costs others next to nothing, although it may be on every processor; on a
// machine with time to spare it costs the loop nothing.
const (
	// demoteAfter is the time on the processor after which a worker gives way.
	demoteAfter = 10 * time.Millisecond
	demoteEvery = 5 * time.Millisecond
)

// watch keeps the look-out for such workers going while anything runs.
func (p *Pool) watch() {
	if !p.watching.Load() && !p.watching.Swap(true) {
		p.watcher.Reset(demoteEvery)
	}
}

// look demotes workers, on its own timer.
func (p *Pool) look() {
	p.inspect()
	if p.running.Load() > 0 {
		p.watcher.Reset(demoteEvery)
		return
	}
	p.watching.Store(false)
	if p.running.Load() > 0 {
		p.watch()
	}
}

// inspect demotes workers that compute for long, and ends those whose script
// goes on after its answer and after its time, and those that compute more than
// they can have reason to.
func (p *Pool) inspect() {
	now := time.Now()
	var busy, late []*worker
	var giving []giver
	var liars []func()
	p.mu.Lock()
	for w := range p.all {
		burns, err := w.overuses(now)
		if err != nil {
			liars = append(liars, func() { w.kill(&death{cause: byProtocol, detail: err}) })
			continue
		}
		if burns && w.demote(true, now) {
			busy = append(busy, w)
		}
		if w.demoted.Load() {
			giving = append(giving, giver{w, w.demotedAt})
		}
		seq, _, since := w.page.Get()
		if seq == 0 || p.state == closing {
			continue
		}
		if now.Sub(since) > demoteAfter && w.overstays(seq, since, now, p.opt.Grace) {
			late = append(late, w)
		} else if w.computed(seq) > demoteAfter && w.demote(true, now) {
			busy = append(busy, w)
			p.remember(w.chainOf(seq))
		}
	}
	p.mu.Unlock()
	p.giveTurns(now, giving)
	for _, w := range busy {
		p.stats.demoted.Add(1)
		p.settle(w)
	}
	for _, end := range liars {
		end()
	}
	for _, w := range late {
		d := &death{cause: byDeadline}
		d.seq, d.script, _ = w.page.Get()
		w.kill(d)
	}
}

// maxHeavy bounds the chains that are remembered as heavy.
const maxHeavy = 4096

// remember has the chain give way from the start the next time, until it is done
// in less than demoteAfter again. Caller holds p.mu.
func (p *Pool) remember(c *rulebox.Chain) {
	if len(p.heavy) >= maxHeavy {
		clear(p.heavy)
	}
	if c != nil {
		p.heavy[c] = struct{}{}
	}
}

// lighten forgets a heavy chain whose invocation took little after all. The worker
// counts the time that it was kept from the processor, the kernel what other
// invocations used meanwhile: either will do.
func (p *Pool) lighten(w *worker, c *call, out outcome) {
	if !c.heavy || out.err != nil {
		return
	}
	used := w.processorTime()
	if out.res.Usage.CPU >= demoteAfter && (used == 0 || used-c.used >= demoteAfter) {
		return
	}
	p.mu.Lock()
	delete(p.heavy, c.chain)
	p.mu.Unlock()
}

// chainOf is the chain of an invocation that the worker has; nil if it has none.
func (w *worker) chainOf(seq uint64) *rulebox.Chain {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.find(seq); c != nil {
		return c.chain
	}
	return nil
}

// overstays tells whether the invocation on the processor was answered, and its
// time is up. A number that means nothing gets the time of any invocation.
func (w *worker) overstays(seq uint64, since, now time.Time, grace time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls[seq] != nil {
		return false // its caller waits for it, and sees to it
	}
	if c := w.find(seq); c != nil {
		return now.After(c.deadline.Add(grace))
	}
	return now.Sub(since) > w.wall+grace
}

// demote says whether the worker gives way, and reports whether that is new. The
// caller holds Pool.mu, and settles the worker without it.
func (w *worker) demote(idle bool, now time.Time) (changed bool) {
	if changed = w.demoted.Swap(idle) != idle; changed {
		w.demotedAt = now
		w.turn.Store(false)
	}
	return changed
}

// A stint is an invocation on the processor as the node has seen it: its number,
// and the worker's processor time when it was first seen.
type stint struct {
	seq  uint64
	used time.Duration
}

// computed is the processor time that the worker used since it was first seen with
// the invocation. That a machine is busy with other things makes nobody heavy.
// The caller holds Pool.mu.
func (w *worker) computed(seq uint64) time.Duration {
	used := w.processorTime()
	if w.stint.seq != seq {
		w.stint = stint{seq, used}
	}
	return used - w.stint.used
}

// settle schedules the worker as it should be. Who changes demoted or turn calls it
// afterwards, without Pool.mu: several may at a time, and the last one to come
// sees the last change. A worker that cannot be promoted, for want of the
// privilege, is replaced. If one cannot be demoted, others wait longer, which is
// no reason to do anything.
func (p *Pool) settle(w *worker) (err error) {
	w.sched.Lock()
	idle := w.demoted.Load() && !w.turn.Load()
	if idle != w.idle {
		w.idle = idle
		if idle {
			w.reschedule(unix.SCHED_IDLE)
		} else {
			err = w.reschedule(unix.SCHED_NORMAL)
		}
	}
	w.sched.Unlock()
	if err != nil {
		p.retireSoon(w)
	}
	return err
}

// reschedule sets the policy of the worker's threads. A dead worker is fine.
func (w *worker) reschedule(policy uint32) error {
	return w.whileThere(func(pid int) error { return reschedule(pid, policy) })
}

// ownNice is the node's priority, which workers have while they do not give way.
var ownNice = sync.OnceValue(func() int32 {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return 0
	}
	return attr.Nice
})

// reschedule sets the policy of all threads of the process.
func reschedule(pid int, policy uint32) error {
	dir, err := os.Open(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		tid, err := strconv.Atoi(name)
		if err != nil {
			return err
		}
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Nice: ownNice()}
		if err := unix.SchedSetAttr(tid, &attr, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return os.NewSyscallError("sched_setattr", err)
		}
	}
	return nil
}
