package sandbox

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A meter holds a worker to the processor time that the kernel counts. The shared
// page is the worker's word: one that was taken over says that it is idle, and
// burns. Pool.mu guards it.
type meter struct {
	at   time.Time // of the last look
	cpu  time.Duration
	idle time.Duration // used without an invocation
}

const (
	// meterEvery is the time between two looks at a worker.
	meterEvery = 250 * time.Millisecond
	// meterSlack is what an idle worker may use beside what its last invocation
	// left behind: preparing realms, collecting garbage.
	meterSlack = time.Second
)

// look takes the processor time used so far and says what is wrong with it, or
// that the worker computes with nothing to do. free is since when it has had no
// invocation, zero if it has one; wall is how long one may go on there.
func (m *meter) look(now time.Time, cpu time.Duration, free time.Time, wall time.Duration) (burns bool, err error) {
	span, used, first := now.Sub(m.at), cpu-m.cpu, m.at.IsZero()
	wasFree := !free.IsZero() && !free.After(m.at)
	m.at, m.cpu = now, cpu
	if first {
		return false, nil
	}
	// A worker has one processor (GOMAXPROCS); calls in the kernel come on top.
	if used > 2*span+100*time.Millisecond {
		return false, fmt.Errorf("it used %s of processor time within %s: it has more threads at work than a worker has", used.Round(time.Millisecond), span.Round(time.Millisecond))
	}
	if !wasFree {
		m.idle = 0
		return false, nil
	}
	if m.idle += used; m.idle > wall+meterSlack {
		return false, fmt.Errorf("it used %s of processor time with nothing to do", m.idle.Round(time.Millisecond))
	}
	// On a machine that is busy it gets less than it would take.
	return used > span/2 || m.idle > meterSlack/2, nil
}

// overuses looks at the worker's meter, if it is time to.
func (w *worker) overuses(now time.Time) (burns bool, err error) {
	if w.group == nil || now.Sub(w.meter.at) < meterEvery {
		return false, nil
	}
	// The span must not come out shorter than it was: this goroutine may be held up
	// before and after the call.
	before := time.Now()
	cpu := w.processorTime()
	if cpu == 0 {
		return false, nil // it is gone
	}
	free := w.lastUsed
	if w.load > 0 {
		free = time.Time{}
	}
	burns, err = w.meter.look(time.Now(), cpu, free, w.wall+w.pool.opt.Grace)
	w.meter.at = before
	return burns, err
}

// processorTime is what the worker used so far, 0 if it is gone. It is called with
// Pool.mu held, and so does not wait for one that is being buried.
func (w *worker) processorTime() time.Duration {
	if !w.there.TryRLock() {
		return 0
	}
	defer w.there.RUnlock()
	if w.gone {
		return 0
	}
	cpu, err := processTime(w.cmd.Process.Pid)
	if err != nil {
		return 0
	}
	return cpu
}

// processTime is the processor time that all threads of the process used.
func processTime(pid int) (time.Duration, error) {
	// The clock of a process: see clock_getcpuclockid(3).
	const perProcessSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|perProcessSched), &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}
