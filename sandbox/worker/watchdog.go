package worker

import (
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

const (
	// watchEvery is how often the watchdog looks while something runs.
	watchEvery = 5 * time.Millisecond
	// watchGrace is what an interrupted script gets before the worker ends itself.
	watchGrace = 100 * time.Millisecond
)

// A watchdog ends what holds too much memory: politely at the limit, by the end
// of the process at twice the limit or after a grace. It sleeps while nothing is
// on the processor, so that an idle worker never wakes.
type watchdog struct {
	page      *wire.Page
	interrupt func()
	armed     atomic.Bool

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	limit uint64    // bytes; 0 before the lease
	since time.Time // over the limit since; zero if it is not
}

// lease sets the limit. What the worker itself holds comes on top.
func (d *watchdog) lease(memory int64) {
	base, _ := held()
	debug.SetMemoryLimit(int64(base) + memory + goOverhead)
	d.mu.Lock()
	d.limit = base + uint64(memory)
	d.timer = time.AfterFunc(time.Hour, d.look)
	d.timer.Stop()
	d.mu.Unlock()
}

const (
	// goOverhead is what Go's own memory limit counts beside the heap, in bytes.
	goOverhead = 8 << 20
	// garbage is what may lie about beyond the limit before it counts, in bytes:
	// the collector, which works at the limit, needs a moment.
	garbage = 24 << 20
)

// onCPU is the runner's mark of what is on the processor.
func (d *watchdog) onCPU(seq uint64, script int) {
	d.page.Set(seq, script)
	if seq != 0 && !d.armed.Load() && !d.armed.Swap(true) {
		d.rearm()
	}
}

func (d *watchdog) rearm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Reset(watchEvery)
	} else {
		d.armed.Store(false)
	}
}

func (d *watchdog) look() {
	if d.over() {
		d.interrupt()
	}
	if !d.page.Idle() {
		d.rearm()
		return
	}
	d.rest()
	d.armed.Store(false)
	// Something may have come on between the look and the mark.
	if !d.page.Idle() && !d.armed.Swap(true) {
		d.rearm()
	}
}

// over tells whether too much is held, and ends the process when that is hopeless.
func (d *watchdog) over() bool {
	n, live := held()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == 0 || n <= d.limit+garbage && live <= d.limit-d.limit/16 {
		d.since = time.Time{}
		return false
	}
	now := time.Now()
	if d.since.IsZero() {
		d.since = now
	}
	if n > 2*d.limit || now.Sub(d.since) > watchGrace {
		fmt.Fprintln(os.Stderr, wire.MemoryMark)
		os.Exit(wire.ExitMemory)
	}
	return true
}

// rest gives back what an interrupted script left: the next one must not pay
// for it.
func (d *watchdog) rest() {
	d.mu.Lock()
	left := !d.since.IsZero()
	d.since = time.Time{}
	d.mu.Unlock()
	if left {
		debug.FreeOSMemory()
	}
}

// held is the memory of heap objects and stacks, garbage included, and the part
// of it that the last collection found alive; in bytes. It costs less than a
// microsecond and stops nobody.
func held() (all, live uint64) {
	s := [3]metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(s[:])
	stacks := s[1].Value.Uint64()
	return s[0].Value.Uint64() + stacks, s[2].Value.Uint64() + stacks
}
