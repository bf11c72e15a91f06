package js

import "sync"

// A Tally counts goroutines. Unlike a sync.WaitGroup it may be added to while
// others wait. The zero value is ready.
type Tally struct {
	mu   sync.Mutex
	zero *sync.Cond
	n    int
}

func (t *Tally) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n += n
	if t.n == 0 && t.zero != nil {
		t.zero.Broadcast()
	}
}

// Wait returns when none is counted.
func (t *Tally) Wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.zero == nil {
		t.zero = sync.NewCond(&t.mu)
	}
	for t.n > 0 {
		t.zero.Wait()
	}
}
