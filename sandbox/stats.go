package sandbox

import (
	"sync/atomic"
	"time"

	"github.com/rulebox/rulebox"
)

// Stats is a snapshot of what a pool has and did.
type Stats struct {
	// Blank, Leased and Starting are workers now; Running and Queued invocations.
	Blank, Leased, Starting, Running, Queued int
	// Tenants is the number of tenants and sessions with a worker.
	Tenants int
	// Spawned workers since the start, and the time they took together from the
	// start of the process to its first frame. Failed are those that did not
	// come up.
	Spawned, Failed uint64
	SpawnTime       time.Duration
	// Deaths counts workers by why they ended: deadline, memory, watchdog, stack,
	// panic, syscall, protocol, stuck, itself, close, evict, retire.
	Deaths map[string]uint64
	// Invocations counts answers by code; "ok" is none.
	Invocations map[string]uint64
	// Refused invocations never got a worker; Retried ones lost theirs before
	// they began; Evicted workers made room for another tenant; Retired ones were
	// idle.
	Refused, Retried, Evicted, Retired uint64
	// Demoted counts how often a worker computed for so long that it had to give
	// way to others, Turns how often one that gave way was let in between them.
	Demoted, Turns uint64
	// Dials counts connections opened for scripts, DialsRefused those against the
	// egress policy, DialsFailed those that the network refused.
	Dials, DialsRefused, DialsFailed uint64
}

var codeNames = func() []rulebox.Code { return append([]rulebox.Code{""}, rulebox.Codes...) }()

type counters struct {
	spawned, failedStarts, spawnNanos  atomic.Uint64
	refused, retried, evicted, retired atomic.Uint64
	dials, dialsRefused, dialsFailed   atomic.Uint64
	demoted, turns                     atomic.Uint64
	lastFail                           atomic.Int64
	deaths                             [causes]atomic.Uint64
	codes                              [16]atomic.Uint64
}

func (s *counters) spawn(d time.Duration) {
	s.spawned.Add(1)
	s.spawnNanos.Add(uint64(d))
}

func (s *counters) failed(now time.Time) {
	s.failedStarts.Add(1)
	s.lastFail.Store(now.UnixNano())
}

func (s *counters) lastFailure() time.Time { return time.Unix(0, s.lastFail.Load()) }

func (s *counters) died(c cause) { s.deaths[c].Add(1) }

func (s *counters) invoked(code rulebox.Code) {
	for i, c := range codeNames {
		if c == code {
			s.codes[i].Add(1)
			return
		}
	}
}

// Stats returns a snapshot.
func (p *Pool) Stats() Stats {
	c := &p.stats
	s := Stats{
		Running: int(p.running.Load()),
		Spawned: c.spawned.Load(), Failed: c.failedStarts.Load(), SpawnTime: time.Duration(c.spawnNanos.Load()),
		Refused: c.refused.Load(), Retried: c.retried.Load(), Evicted: c.evicted.Load(), Retired: c.retired.Load(),
		Demoted: c.demoted.Load(), Turns: c.turns.Load(),
		Dials: c.dials.Load(), DialsRefused: c.dialsRefused.Load(), DialsFailed: c.dialsFailed.Load(),
		Deaths: map[string]uint64{}, Invocations: map[string]uint64{},
	}
	for i, name := range causeNames {
		s.Deaths[name] = c.deaths[i].Load()
	}
	for i, code := range codeNames {
		name := string(code)
		if name == "" {
			name = "ok"
		}
		s.Invocations[name] = c.codes[i].Load()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Leased, s.Queued, s.Tenants = p.leased, p.queued, len(p.groups)
	for _, one := range p.supplies {
		s.Blank, s.Starting = s.Blank+len(one.blanks), s.Starting+one.starting
	}
	return s
}
