package js

import (
	"container/heap"
	"math"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// loop is the realm's event loop: timers, immediates and what Go posted.
//
// A turn is one macrotask; the engine runs all promise jobs at its end. Turns
// are gathered in rounds as Node does: timers that are due, then what was
// posted, then immediates.
type loop struct {
	timers    timerHeap
	byID      map[int]*timer
	nextID    int
	immediate []*timer
	round     []turn
	refs      int // timers and immediates that keep the loop alive
	tasks     int // tasks in flight
	settler   goja.Value
	settling  func() error

	mu     sync.Mutex // guards posted, closed
	posted []turn
	closed bool
	notify chan struct{} // one slot; told when something is posted
}

// A turn is one macrotask of a script.
type turn struct {
	script int
	run    func() error
}

func (l *loop) init() { l.notify = make(chan struct{}, 1) }

func (l *loop) pending() bool {
	if l.refs > 0 || l.tasks > 0 || len(l.round) > 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posted) > 0
}

// post queues a turn. It may be called by any goroutine.
func (l *loop) post(t turn) {
	l.mu.Lock()
	if !l.closed {
		l.posted = append(l.posted, t)
	}
	l.mu.Unlock()
	select {
	case l.notify <- struct{}{}:
	default:
	}
}

func (l *loop) close() {
	l.mu.Lock()
	l.closed, l.posted = true, nil
	l.mu.Unlock()
}

// next returns the next turn that is ready.
func (l *loop) next(now time.Time) (turn, bool) {
	if len(l.round) == 0 {
		l.gather(now)
	}
	if len(l.round) == 0 {
		return turn{}, false
	}
	t := l.round[0]
	l.round[0] = turn{}
	l.round = l.round[1:]
	return t, true
}

func (l *loop) gather(now time.Time) {
	l.round = l.round[:0]
	for len(l.timers) > 0 && !l.timers[0].at.After(now) {
		t := heap.Pop(&l.timers).(*timer)
		l.round = append(l.round, turn{t.script, t.fire})
	}
	l.mu.Lock()
	l.round = append(l.round, l.posted...)
	clear(l.posted)
	l.posted = l.posted[:0]
	l.mu.Unlock()
	for _, t := range l.immediate {
		l.round = append(l.round, turn{t.script, t.fire})
	}
	clear(l.immediate)
	l.immediate = l.immediate[:0]
}

// A timer is what setTimeout, setInterval and setImmediate return.
type timer struct {
	r         *Realm
	id        int
	fn        goja.Value
	args      []goja.Value
	script    int
	delay     time.Duration
	at        time.Time
	seq       int
	index     int // in the heap; -1 when not there
	interval  bool
	immediate bool
	active    bool
	ref       bool
	props     map[string]goja.Value // what a script put on the object
}

// delayOf is how Node reads a delay: milliseconds, at least 1, and 1 for what
// does not fit 31 bits.
func delayOf(v goja.Value) time.Duration {
	ms := 1.0
	if v != nil && !goja.IsUndefined(v) {
		ms = v.ToFloat()
	}
	if math.IsNaN(ms) || ms < 1 || ms > math.MaxInt32 {
		ms = 1
	}
	return time.Duration(math.Trunc(ms)) * time.Millisecond
}

func (r *Realm) addTimer(name string, call goja.FunctionCall, interval, immediate bool) goja.Value {
	fn := call.Argument(0)
	if _, ok := goja.AssertFunction(fn); !ok {
		e := r.vm.NewTypeError("The \"callback\" argument must be of type function. (in " + name + ")")
		e.Set("code", "ERR_INVALID_ARG_TYPE")
		panic(e)
	}
	if len(r.loop.byID) >= maxTimers {
		panic(r.newError("RangeError", "too many timers at once"))
	}
	t := &timer{r: r, fn: fn, script: r.script, interval: interval, immediate: immediate, index: -1, ref: true}
	rest := 1
	if !immediate {
		t.delay = delayOf(call.Argument(1))
		rest = 2
	}
	if len(call.Arguments) > rest {
		t.args = append(t.args, call.Arguments[rest:]...)
	}
	r.loop.nextID++
	t.id = r.loop.nextID
	t.start()
	o := r.vm.NewDynamicObject(t)
	o.SetPrototype(r.timerProto())
	return o
}

const maxTimers = 100_000

func (t *timer) start() {
	l := &t.r.loop
	if !t.active {
		t.active = true
		if l.byID == nil {
			l.byID = make(map[int]*timer)
		}
		l.byID[t.id] = t
		if t.ref {
			l.refs++
		}
	}
	if t.immediate {
		l.immediate = append(l.immediate, t)
		return
	}
	t.at = time.Now().Add(t.delay)
	l.nextID++
	t.seq = l.nextID
	if t.index >= 0 {
		heap.Fix(&l.timers, t.index)
	} else {
		heap.Push(&l.timers, t)
	}
}

func (t *timer) clear() {
	if !t.active {
		return
	}
	t.active = false
	l := &t.r.loop
	delete(l.byID, t.id)
	if t.ref {
		l.refs--
	}
	if t.index >= 0 {
		heap.Remove(&l.timers, t.index)
	}
}

func (t *timer) setRef(ref bool) {
	if t.active && t.ref != ref {
		if ref {
			t.r.loop.refs++
		} else {
			t.r.loop.refs--
		}
	}
	t.ref = ref
}

// fire is the timer's turn.
func (t *timer) fire() error {
	if !t.active || t.index >= 0 {
		return nil // cleared, or refreshed, since the round was gathered
	}
	if !t.interval {
		t.clear()
	}
	_, err := t.r.invoke(t.fn, goja.Undefined(), t.args...)
	if t.interval && t.active && t.index < 0 {
		t.start()
	}
	return err
}

// Timeout objects: see goja.DynamicObject. They hold only what a script puts on
// them; their methods are on the prototype.

func (t *timer) Get(key string) goja.Value { return t.props[key] }
func (t *timer) Set(key string, v goja.Value) bool {
	if t.props == nil {
		t.props = make(map[string]goja.Value)
	}
	t.props[key] = v
	return true
}
func (t *timer) Has(key string) bool { _, ok := t.props[key]; return ok }
func (t *timer) Delete(key string) bool {
	delete(t.props, key)
	return true
}
func (t *timer) Keys() []string { return sortedKeys(t.props) }

// timerHeap orders timers by time, then by age.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
