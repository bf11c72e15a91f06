// Package confine is the jail: what a parent asks of the kernel when it starts a
// worker, and what the worker gives up before it reads a byte of a customer's.
//
// The parent calls Probe once, then Plan.Command for every worker, which it
// starts itself or, if its heap is large, through a Spawner. Memory is bounded
// from outside by Groups and SetData. The child is any program that calls Init
// first in main (or TestMain) and then, when it is a worker, Enter:
//
//	func main() {
//		confine.Init() // does not return in a probe's child
//		…
//	}
//
// How parent and child agree. Command puts the plan into one environment
// variable, RULEBOX_JAIL. Enter reads it, and fails when it is not there: a
// worker that was not started by Command does not run. Probe starts the running
// executable itself (/proc/self/exe) with a plan that is marked as a probe; Init
// sees the mark, enters the jail, works a little under it, says on descriptor 3
// how that went, and exits.
//
// A jail ends with its parent because the donated socket closes: the worker must
// exit at end of file. Pdeathsig is not used, because it follows the thread that
// started the child, not the process, and Go's threads come and go.
//
// The binary must be built with CGO_ENABLED=0. With cgo, and so under the race
// detector, Go cannot make a system call on all of its threads, and the layers
// that need it are reported as missing.
package confine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Profile says what kind of code a worker will run.
type Profile string

const (
	// JS has no executable mappings at all.
	JS Profile = "js"
	// WASM may make memory executable that was writable before, never both at a
	// time. With MntNS, the root is a small file system of its own that can be
	// written to: the engine takes native code from files only.
	WASM Profile = "wasm"
)

func (p Profile) known() bool { return p == JS || p == WASM }

// A Layer is one part of the jail.
type Layer string

// The layers. Each is a net of its own under the others.
const (
	UserNS Layer = "user-namespace"
	PIDNS  Layer = "pid-namespace"
	NetNS  Layer = "net-namespace"
	MntNS  Layer = "mount-namespace" // with pivot_root to an empty read-only tmpfs
	IPCNS  Layer = "ipc-namespace"
	UTSNS  Layer = "uts-namespace"
	UID    Layer = "uid" // an unprivileged id that nothing else has, no groups
	Caps   Layer = "capabilities"
	NoNew  Layer = "no-new-privs"
	Sec    Layer = "seccomp"
	Land   Layer = "landlock"
	Rlimit Layer = "rlimits"
	Cgroup Layer = "cgroup-memory" // applied by the parent, see Groups
)

// AllLayers is every layer in the order in which Probe tries them.
var AllLayers = []Layer{
	Rlimit, NoNew, Sec, Land, UserNS, UID, Caps, PIDNS, IPCNS, UTSNS, NetNS, MntNS, Cgroup,
}

// A Plan is what Probe found that this machine can do. Its zero value is no jail
// at all. It is not changed after Probe and may be shared.
type Plan struct {
	Profile Profile   `json:"profile"`
	Layers  []Layer   `json:"layers"`  // to be applied
	Missing []Missing `json:"missing"` // cannot be had
	// Data is the hard RLIMIT_DATA of a new worker in bytes, which SetData stays
	// below. 0 is DefaultData.
	Data uint64 `json:"data,omitempty"`
}

// DefaultData is the RLIMIT_DATA of a worker unless the plan says otherwise. Go
// maps its heap in arenas of 64 MiB, all of which count.
const DefaultData = 1 << 30

// Missing is a layer that this machine or user cannot have.
type Missing struct {
	Layer  Layer  `json:"layer"`
	Why    string `json:"why"`    // what the kernel said
	Advice string `json:"advice"` // what the operator can do
}

// For returns the plan for workers of another profile.
func (p *Plan) For(profile Profile) *Plan {
	q := *p
	q.Profile = profile
	return &q
}

// Has reports whether the plan applies the layer.
func (p *Plan) Has(l Layer) bool { return slices.Contains(p.Layers, l) }

// A Level sums a plan up.
type Level int

// The levels, each with all of those before it.
const (
	// LevelNone promises nothing.
	LevelNone Level = iota
	// LevelBasic is seccomp, no_new_privs and rlimits: the worker can ask the
	// kernel for next to nothing.
	LevelBasic
	// LevelStrong adds namespaces and the loss of capabilities: a slip in the
	// system call filter still finds no files, network or other processes.
	LevelStrong
	// LevelFull is every layer, with memory bounded by a cgroup.
	LevelFull
)

var levelNames = []string{"none", "basic", "strong", "full"}

func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel is the reverse of Level.String.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(levelNames, s); i >= 0 {
		return Level(i), nil
	}
	return 0, fmt.Errorf("isolation level %q is not one of %s", s, strings.Join(levelNames, ", "))
}

// need is what a level asks for beyond the one before it. Strong also asks for
// UserNS or UID: an id that is not the node's, or a namespace around its own.
var need = map[Level][]Layer{
	LevelBasic:  {Rlimit, NoNew, Sec},
	LevelStrong: {Caps, PIDNS, IPCNS, UTSNS, NetNS, MntNS},
	LevelFull:   AllLayers,
}

// lacks returns the layers that keep the plan below the level.
func (p *Plan) lacks(level Level) (out []Layer) {
	for l := LevelBasic; l <= level; l++ {
		for _, layer := range need[l] {
			if !p.Has(layer) && !slices.Contains(out, layer) {
				out = append(out, layer)
			}
		}
		if l == LevelStrong && !p.Has(UserNS) && !p.Has(UID) {
			out = append(out, UserNS)
		}
	}
	return out
}

// Level returns the highest level whose layers the plan has.
func (p *Plan) Level() Level {
	for l := LevelFull; l > LevelNone; l-- {
		if len(p.lacks(l)) == 0 {
			return l
		}
	}
	return LevelNone
}

// Require returns an error if the plan is below the level. It names every layer
// that lacks, why, and what to do.
func (p *Plan) Require(level Level) error {
	lacks := p.lacks(level)
	if len(lacks) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "this machine gives workers isolation level %s, and %s is required; missing:", p.Level(), level)
	for _, layer := range lacks {
		m := p.why(layer)
		fmt.Fprintf(&b, "\n  %s: %s", layer, m.Why)
		if m.Advice != "" {
			fmt.Fprintf(&b, "\n    %s", m.Advice)
		}
	}
	return errors.New(b.String())
}

// notInPlan is why a layer is missing that nobody tried.
const notInPlan = "not part of the plan"

func (p *Plan) why(l Layer) Missing {
	for _, m := range p.Missing {
		if m.Layer == l {
			return m
		}
	}
	return Missing{Layer: l, Why: notInPlan}
}
