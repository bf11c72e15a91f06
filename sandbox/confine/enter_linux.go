package confine

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Enter gives up everything, in the child, as the plan that Command encoded in
// the environment says, and returns which layers hold. It is called once, first
// in main, before any goroutine is started. An error means that the jail is not
// whole: the child must exit without reading anything.
//
// After it: time.Local is UTC, nothing can be opened, the donated descriptors
// are as they were, and a system call outside the profile ends the process.
func Enter() (applied []Layer, err error) {
	o, err := decode(os.Getenv(envPlan))
	if err != nil {
		return nil, err
	}
	return o.layers, o.enter()
}

// enter applies the layers. The order matters: each step may use only what the
// steps before it left.
func (o *order) enter() error {
	if err := closeInherited(3 + o.files); err != nil {
		return fmt.Errorf("confine: closing inherited descriptors: %w", err)
	}
	if err := preload(o.ownRoot()); err != nil {
		return fmt.Errorf("confine: preloading: %w", err)
	}
	steps := []struct {
		layer Layer
		on    bool
		do    func() error
	}{
		{MntNS, o.has(MntNS), func() error { return emptyRoot(o.has(UserNS), o.ownRoot()) }},
		{UTSNS, o.has(UTSNS), func() error { return unix.Sethostname([]byte("worker")) }},
		{Rlimit, o.has(Rlimit), o.limit},
		{UID, o.has(UID) || o.has(UserNS), checkID},
		{Caps, o.drops(), func() error { return dropCapabilities(o.has(Caps), o.has(NoNew)) }},
		{NoNew, o.has(NoNew) || o.has(Land) || o.has(Sec), noNewPrivs},
		{Land, o.has(Land), func() error { return restrictLandlock(o.ownRoot()) }},
		{Sec, o.has(Sec), func() error { return installFilter(o.profile, o.ownRoot()) }},
	}
	for _, s := range steps {
		if !s.on {
			continue
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("confine: %s: %w", s.layer, err)
		}
	}
	return nil
}

// preload does what Go does late and would do with calls that are gone by then.
func preload(ownRoot bool) error {
	time.Local = time.UTC
	ignoreSignals()
	if unix.Umask(0o777); ownRoot {
		unix.Umask(0o077)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	// The first pollable file makes the poller: an epoll and an event descriptor.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
}

// ignoreSignals makes the process deaf to what ends whole services: only the
// node ends it, by closing its socket or by SIGKILL, after it has drained.
func ignoreSignals() {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
}

// closeInherited closes every descriptor from first up that this program did not
// open itself. Go opens everything close-on-exec, so that what came through the
// exec is exactly what lacks the mark.
func closeInherited(first int) error {
	for fd := range openDescriptors(first) {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		if err := unix.Close(fd); err != nil {
			return err
		}
	}
	return nil
}

// openDescriptors yields candidates for open descriptors from first up.
func openDescriptors(first int) func(func(int) bool) {
	var fds []int
	if d, err := os.Open("/proc/self/fd"); err == nil {
		names, _ := d.Readdirnames(-1)
		d.Close()
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil && fd >= first {
				fds = append(fds, fd)
			}
		}
	} else {
		// No /proc: try them all.
		var lim unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) != nil {
			lim.Max = 1 << 20
		}
		for fd := first; fd < int(min(lim.Max, 1<<20)); fd++ {
			fds = append(fds, fd)
		}
	}
	return func(yield func(int) bool) {
		for _, fd := range fds {
			if !yield(fd) {
				return
			}
		}
	}
}

// ownRoot reports whether the worker may use its root, which is then its own.
func (o *order) ownRoot() bool { return o.profile == WASM && o.has(MntNS) }

// ownRootSize is the size of a root that can be written to, in bytes: the native
// code of some large modules. It counts as the worker's memory.
const ownRootSize = 256 << 20

// emptyRoot makes an empty tmpfs the whole file system, read-only or the
// worker's to write.
func emptyRoot(ownUserNS, writable bool) error {
	// In a user namespace of its own every mount is a slave already.
	if !ownUserNS {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return os.NewSyscallError("mount", err)
		}
	}
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	options, attributes := [][2]string{{"size", "4096"}, {"nr_inodes", "1"}, {"mode", "0555"}}, unix.MOUNT_ATTR_RDONLY
	if writable {
		options, attributes = [][2]string{{"size", strconv.Itoa(ownRootSize)}, {"nr_inodes", "512"}, {"mode", "0700"}}, 0
	}
	for _, kv := range options {
		if err := unix.FsconfigSetString(fs, kv[0], kv[1]); err != nil {
			return fmt.Errorf("fsconfig %s: %w", kv[0], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return os.NewSyscallError("fsconfig", err)
	}
	root, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attributes|
		unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return os.NewSyscallError("fsmount", err)
	}
	defer unix.Close(root)
	// It is laid over the old root, entered, and the two are exchanged.
	if err := unix.MoveMount(root, "", unix.AT_FDCWD, "/", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return os.NewSyscallError("move_mount", err)
	}
	if err := unix.Fchdir(root); err != nil {
		return os.NewSyscallError("fchdir", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("umount", err)
	}
	return os.Chdir("/")
}

// limit sets the rlimits, soft and hard, but for the soft DATA of a tenant.
func (o *order) limit() error {
	file := uint64(0)
	if o.ownRoot() {
		file = ownRootSize
	}
	for _, l := range []struct {
		resource int
		max      uint64
	}{
		{unix.RLIMIT_DATA, o.data},
		{unix.RLIMIT_NOFILE, 512}, // two hundred waiting logins, each with a socket or two
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, file},
		{unix.RLIMIT_MEMLOCK, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
	} {
		if err := setrlimit(l.resource, l.max); err != nil {
			return err
		}
	}
	// The count is the user's. Only an id of the worker's own, or a namespace of
	// its own in kernels that count by namespace, makes it the worker's.
	if o.has(UserNS) && kernelAtLeast(5, 14) || os.Getuid() >= idBase {
		return setrlimit(unix.RLIMIT_NPROC, 64)
	}
	return nil
}

func setrlimit(resource int, limit uint64) error {
	var old unix.Rlimit
	if err := unix.Prlimit(0, resource, nil, &old); err != nil {
		return os.NewSyscallError("prlimit", err)
	}
	limit = min(limit, old.Max)
	// The node may have set a lower soft DATA already.
	now := unix.Rlimit{Cur: min(limit, old.Cur), Max: limit}
	// The descriptor limit goes through package syscall, which else puts back the
	// one it found at start when it executes something.
	if resource == unix.RLIMIT_NOFILE {
		return os.NewSyscallError("setrlimit", syscall.Setrlimit(resource, &syscall.Rlimit{Cur: now.Cur, Max: now.Max}))
	}
	return os.NewSyscallError("prlimit", unix.Prlimit(0, resource, &now, nil))
}

func kernelAtLeast(major, minor int) bool {
	ma, mi := kernelVersion()
	return ma > major || ma == major && mi >= minor
}

func kernelVersion() (major, minor int) {
	f := strings.SplitN(kernelRelease(), ".", 3)
	if len(f) < 2 {
		return 0, 0
	}
	major, _ = strconv.Atoi(f[0])
	end := strings.IndexFunc(f[1], func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(f[1])
	}
	minor, _ = strconv.Atoi(f[1][:end])
	return major, minor
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// checkID makes sure of what Command asked for, and hides the process from
// others with its id: no ptrace, no /proc/PID/mem.
func checkID() error {
	if u, e := os.Getuid(), os.Geteuid(); u == 0 || e == 0 {
		return fmt.Errorf("the worker still runs as root (uid %d, euid %d)", u, e)
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// noNewPrivs sets no_new_privs on every thread.
func noNewPrivs() error {
	return allThreads("prctl(PR_SET_NO_NEW_PRIVS)", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0)
}

// allThreads makes the system call on every thread: credentials, Landlock and
// no_new_privs are each thread's own.
func allThreads(name string, trap, a, b, c uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(trap, a, b, c, 0, 0, 0)
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return fmt.Errorf("%s on all threads: %w", name, errCgo)
	}
	return os.NewSyscallError(name, errno)
}
