package confine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// SetData sets the RLIMIT_DATA that holds for the worker, in bytes, at most the
// plan's Data. Memory that is already mapped stays.
func SetData(pid int, bytes uint64) error {
	err := setData(pid, bytes)
	if !errors.Is(err, unix.EPERM) {
		return err
	}
	// Root without CAP_SYS_RESOURCE, as in containers, may do this only for its
	// own id. A thread takes the worker's for the moment, and is not used again.
	uid, gid, e := ids(pid)
	if e != nil {
		return errors.Join(err, e)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with this
		done <- setDataAs(uid, gid, pid, bytes)
	}()
	return <-done
}

func setData(pid int, bytes uint64) error {
	var old unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, nil, &old); err != nil {
		return os.NewSyscallError("prlimit", err)
	}
	// Only the soft limit: an ordinary user could never raise the hard one again,
	// and the worker cannot raise either.
	now := unix.Rlimit{Cur: min(bytes, old.Max), Max: old.Max}
	return os.NewSyscallError("prlimit", unix.Prlimit(pid, unix.RLIMIT_DATA, &now, nil))
}

// setDataAs changes the real ids of this thread alone, for which the calls are
// made directly: Go's would change all threads.
func setDataAs(uid, gid, pid int, bytes uint64) error {
	const same = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), same, same); errno != 0 {
		return os.NewSyscallError("setresgid", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), same, same); errno != 0 {
		return os.NewSyscallError("setresuid", errno)
	}
	return setData(pid, bytes)
}

// ids returns the real ids of a process.
func ids(pid int) (uid, gid int, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	uid, gid = -1, -1
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "Uid:":
			uid, err = strconv.Atoi(f[1])
		case "Gid:":
			gid, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if uid < 0 || gid < 0 {
		return 0, 0, fmt.Errorf("process %d shows no ids", pid)
	}
	return uid, gid, nil
}
