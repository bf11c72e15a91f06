package confine

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	selfExe = "/proc/self/exe"
	// insideID is the user and group of a worker as it sees itself.
	insideID = 65534
	// Host ids from idBase up belong to nobody: above the ranges of systemd and
	// of container runtimes, below the sign bit.
	idBase  = 1_900_000_000
	idCount = 65536
)

var idNext atomic.Uint32

// hostID returns an id for one worker that no other process on the machine has,
// or nobody's where this process is itself in a user namespace without it.
func hostID() int {
	if !idsMapped() {
		return insideID
	}
	return idBase + int((uint32(os.Getpid())*257+idNext.Add(1))%idCount)
}

// idsMapped reports whether both of this process's id maps hold the range.
func idsMapped() bool {
	return mapHolds("/proc/self/uid_map") && mapHolds("/proc/self/gid_map")
}

func mapHolds(file string) bool {
	b, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseUint(f[0], 10, 32)
		count, err2 := strconv.ParseUint(f[2], 10, 33)
		if err1 == nil && err2 == nil && first <= idBase && idBase+idCount <= first+count {
			return true
		}
	}
	return false
}

// Command returns a command for a jailed child, not started: argv[0] is an
// executable path. files become descriptors 3, 4, …, and no other descriptor
// above 2 stays open. The environment is the plan's own and nothing else.
//
// The caller may set Stdout and Stderr before Start, but not ExtraFiles, Env or
// SysProcAttr. Start it with a Spawner if this process has a large heap. The
// child must exit when the caller's end of the donated socket closes.
func (p *Plan) Command(argv []string, files []*os.File) *exec.Cmd {
	return p.command(nil, argv, files, false)
}

// CommandOf is Command for a program that has no path, such as NewProgram's: argv[0]
// is only its name. nil is Command.
func (p *Plan) CommandOf(program *os.File, argv []string, files []*os.File) *exec.Cmd {
	return p.command(program, argv, files, false)
}

func (p *Plan) command(program *os.File, argv []string, files []*os.File, probe bool) *exec.Cmd {
	o := &order{profile: p.Profile, files: len(files), data: p.Data, probe: probe}
	if o.data == 0 {
		o.data = DefaultData
	}
	for _, l := range p.Layers {
		if l != Cgroup {
			o.layers = append(o.layers, l)
		}
	}
	cmd := &exec.Cmd{
		Path:       argv[0],
		Args:       argv,
		ExtraFiles: files,
		Env: []string{
			// Without GOMAXPROCS Go reads the cgroup's processor limit again and
			// again, with a call that seccomp answers with death.
			"GOMAXPROCS=1",
			"GODEBUG=containermaxprocs=0,updatemaxprocs=0",
			"GOTRACEBACK=none",
			envPlan + "=" + o.encode(),
		},
		SysProcAttr: o.attributes(os.Geteuid()),
	}
	if program != nil {
		// One more descriptor, of which the order knows nothing: Enter closes it.
		cmd.ExtraFiles = append(slices.Clone(files), program)
		cmd.Path = descriptorPath + strconv.Itoa(3+len(files))
		return cmd
	}
	// The path may lie in a folder that the worker's id cannot enter, or the file
	// may be replaced by an upgrade; the link always leads to this very program.
	if self, err := os.Executable(); err == nil && self == argv[0] {
		cmd.Path = selfExe
	}
	return cmd
}

// attributes says what the kernel does for the child before it executes.
func (o *order) attributes(euid int) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true} // signals from a terminal are the node's alone
	for _, n := range []struct {
		layer Layer
		flag  uintptr
	}{
		{UserNS, unix.CLONE_NEWUSER}, {PIDNS, unix.CLONE_NEWPID}, {NetNS, unix.CLONE_NEWNET},
		{MntNS, unix.CLONE_NEWNS}, {IPCNS, unix.CLONE_NEWIPC}, {UTSNS, unix.CLONE_NEWUTS},
	} {
		if o.has(n.layer) {
			a.Cloneflags |= n.flag
		}
	}
	switch {
	case o.has(UserNS):
		// Only one id exists inside, and it is not 0: executing as it gains
		// nothing. What the set-up needs comes as ambient capabilities.
		uid, gid := euid, os.Getegid()
		if o.has(UID) {
			uid = hostID()
			gid = uid
		}
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: insideID, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: insideID, HostID: gid, Size: 1}}
		a.GidMappingsEnableSetgroups = euid == 0
		a.Credential = &syscall.Credential{Uid: insideID, Gid: insideID, NoSetGroups: euid != 0}
	case o.has(UID):
		id := uint32(hostID())
		a.Credential = &syscall.Credential{Uid: id, Gid: id}
	default:
		return a
	}
	if o.has(MntNS) || o.has(UTSNS) {
		a.AmbientCaps = append(a.AmbientCaps, unix.CAP_SYS_ADMIN)
	}
	if o.has(Caps) {
		a.AmbientCaps = append(a.AmbientCaps, unix.CAP_SETPCAP)
	}
	return a
}
