// Package confine is the jail: what a parent asks of the kernel when it starts a
// worker, and what the worker gives up before it reads a byte of a customer's.
package confine

import (
	"os"
	"os/exec"
)

// A Profile says what kind of code a worker will run.
type Profile string

const (
	// JS has no executable mappings at all.
	JS Profile = "js"
)

// A Layer is one part of the jail.
type Layer string

const (
	UserNS Layer = "user-namespace"
	PIDNS  Layer = "pid-namespace"
	NetNS  Layer = "net-namespace"
	MntNS  Layer = "mount-namespace" // with pivot_root to an empty read-only tmpfs
	IPCNS  Layer = "ipc-namespace"
	UTSNS  Layer = "uts-namespace"
	UID    Layer = "uid" // an unprivileged user, no groups
	Caps   Layer = "capabilities"
	NoNew  Layer = "no-new-privs"
	Sec    Layer = "seccomp"
	Land   Layer = "landlock"
	Rlimit Layer = "rlimits"
	Cgroup Layer = "cgroup-memory"
)

// A Plan is what Prepare found that this machine can do.
type Plan struct {
	Profile Profile
	Layers  []Layer // to be applied
	Missing []Missing
}

// Missing is a layer that this machine or user cannot have.
type Missing struct {
	Layer  Layer
	Why    string // what the kernel said
	Advice string // what the operator can do
}

// Probe finds out, by trying in throw-away children, which layers hold here.
func Probe(p Profile) (*Plan, error) { panic("confine: unwritten") }

// Command returns a command for a jailed child, not started: argv[0] is an
// executable path. files become descriptors 3, 4, …. The environment is the
// plan's own and nothing else.
func (p *Plan) Command(argv []string, files []*os.File) *exec.Cmd { panic("confine: unwritten") }

// Enter gives up everything, in the child, as the plan that Command encoded in
// the environment says, and returns which layers hold. It is called once, first.
func Enter() (applied []Layer, err error) { panic("confine: unwritten") }
