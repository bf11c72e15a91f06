package confine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// errCgo is what a binary linked with cgo gets, also under the race detector.
var errCgo = errors.New("this binary is linked with cgo, which cannot set its threads' privileges: build it with CGO_ENABLED=0 (and without -race)")

// linkedWithCgo reports whether system calls on all threads are impossible.
func linkedWithCgo() bool {
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_GETPID, 0, 0, 0)
	return errno == syscall.ENOTSUP
}

// dropCapabilities empties the permitted, effective, inheritable and ambient
// sets on every thread. With lock it also makes sure that executing something
// never fills them again. The plain way is the bounding set, one call on all
// threads for each of 41 capabilities, about a millisecond. Where no_new_privs
// follows, files give nothing, and locked securebits say the same of uid 0 in
// one call.
func dropCapabilities(lock, noNew bool) error {
	var err error
	switch {
	case lock && noNew:
		err = allThreads("prctl(PR_SET_SECUREBITS)", unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, lockedBits, 0)
	case lock:
		err = emptyBounding()
	}
	// Without CAP_SETPCAP the process was never privileged.
	if err != nil && !errors.Is(err, unix.EPERM) {
		return err
	}
	// The ambient set follows the permitted and inheritable ones.
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err = allThreads("capset", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&hdr)), uintptr(unsafe.Pointer(&data[0])), 0)
	runtime.KeepAlive(&hdr)
	runtime.KeepAlive(&data)
	return err
}

// lockedBits is NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE with their locks,
// and the lock of KEEP_CAPS: see capabilities(7).
const lockedBits = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5 | 1<<6 | 1<<7

func emptyBounding() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		err := allThreads("prctl(PR_CAPBSET_DROP)", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0)
		if errors.Is(err, unix.EINVAL) {
			break // an older kernel has fewer
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// landlockRuleset is struct landlock_ruleset_attr of linux/landlock.h.
type landlockRuleset struct{ fs, net, scope uint64 }

// landlockABI returns the kernel's Landlock version, or why there is none.
func landlockABI() (int, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	return int(abi), nil
}

// landlockErrata returns the bits of the faults that the kernel has mended.
func landlockErrata() int {
	bits, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA)
	if errno != 0 {
		return 0
	}
	return int(bits)
}

// denyAll is the ruleset that refuses all that the ABI can refuse.
func denyAll(abi, errata int) landlockRuleset {
	var r landlockRuleset
	switch {
	case abi >= 5:
		r.fs = 0xffff
	case abi >= 3:
		r.fs = 0x7fff
	case abi == 2:
		r.fs = 0x3fff
	default:
		r.fs = 0x1fff
	}
	if abi >= 4 {
		r.net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 6 {
		r.scope = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		// Each thread gets a domain of its own. Before erratum 2 was mended they
		// could not signal one another, and Go's scheduler does.
		if errata&(1<<1) != 0 {
			r.scope |= unix.LANDLOCK_SCOPE_SIGNAL
		}
	}
	return r
}

// landlockBeneath is struct landlock_path_beneath_attr, which is packed.
type landlockBeneath [12]byte

// ownFiles is what a worker may do in a file system of its own: read and write
// regular files, and make, rename and remove them. No links, devices, sockets.
const ownFiles = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR |
	unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE

// allowRoot adds the one rule that a worker with a file system of its own has.
func allowRoot(ruleset int) error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	defer unix.Close(root)
	var b landlockBeneath
	binary.NativeEndian.PutUint64(b[:], ownFiles)
	binary.NativeEndian.PutUint32(b[8:], uint32(root))
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&b)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule", errno)
	}
	return nil
}

// restrictLandlock puts every thread under a ruleset without one rule, or, with
// ownRoot, with one for the root.
func restrictLandlock(ownRoot bool) error {
	abi, err := landlockABI()
	if err != nil {
		return err
	}
	rules := denyAll(abi, landlockErrata())
	size := uintptr(8)
	switch {
	case abi >= 6:
		size = 24
	case abi >= 4:
		size = 16
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), size, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	defer unix.Close(int(fd))
	if ownRoot {
		if err := allowRoot(int(fd)); err != nil {
			return err
		}
	}
	return allThreads("landlock_restrict_self", unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
}

// installFilter seals every thread with the profile's filter. no_new_privs must
// be set.
func installFilter(p Profile, ownRoot bool) error {
	rules, err := policy(p, ownRoot)
	if err != nil {
		return err
	}
	prog, err := assemble(rules, auditArch)
	if err != nil {
		return err
	}
	return loadFilter(prog)
}

func loadFilter(prog []bpf.RawInstruction) error {
	// bpf.RawInstruction and struct sock_filter are laid out alike.
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: (*unix.SockFilter)(unsafe.Pointer(&prog[0]))}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	if r != 0 {
		return fmt.Errorf("seccomp: thread %d could not be sealed", r)
	}
	return nil
}
