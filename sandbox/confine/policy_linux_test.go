package confine

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestPolicy asks the JavaScript profile's filter about single calls.
func TestPolicy(t *testing.T) {
	rules, err := policy(JS, true) // a root of its own changes nothing
	require.NoError(t, err)
	_, err = policy("python", false)
	require.Error(t, err)

	seen := map[uint32]bool{}
	for _, r := range rules {
		require.False(t, seen[r.nr], "call %d has two rules: the second is never reached", r.nr)
		seen[r.nr] = true
	}
	const (
		rw   = unix.PROT_READ | unix.PROT_WRITE
		anon = unix.MAP_PRIVATE | unix.MAP_ANON
	)
	pid := uint64(os.Getpid())
	for _, c := range []struct {
		nr   uint32
		args []uint64
		want int
	}{
		{unix.SYS_FUTEX, nil, retAllow},
		{unix.SYS_MMAP, []uint64{0, 4096, rw, anon}, retAllow},
		{unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_NONE, anon | unix.MAP_FIXED}, retAllow},
		{unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_EXEC, anon}, retKill},
		{unix.SYS_MMAP, []uint64{0, 4096, rw | unix.PROT_EXEC, anon}, retKill},
		{unix.SYS_MMAP, []uint64{0, 4096, rw, unix.MAP_PRIVATE}, retKill}, // a file
		{unix.SYS_MMAP, []uint64{0, 4096, rw, unix.MAP_SHARED | unix.MAP_ANON}, retKill},
		{unix.SYS_MPROTECT, []uint64{0, 4096, rw}, retAllow},
		{unix.SYS_MPROTECT, []uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, retKill},
		{unix.SYS_PKEY_MPROTECT, []uint64{0, 4096, unix.PROT_EXEC}, retKill},
		{unix.SYS_MREMAP, nil, retKill},
		{unix.SYS_CLONE, []uint64{0x50f00}, retAllow},
		{unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, retKill},
		{unix.SYS_CLONE, []uint64{0x50f00 | unix.CLONE_NEWUSER}, retKill},
		{unix.SYS_CLONE3, nil, retErrno | int(unix.ENOSYS)},
		{unix.SYS_TGKILL, []uint64{pid, pid, 23}, retAllow},
		{unix.SYS_TGKILL, []uint64{pid + 1, pid, 23}, retKill},
		{unix.SYS_KILL, []uint64{pid, 23}, retKill},
		{unix.SYS_SENDMSG, []uint64{3, 0, unix.MSG_NOSIGNAL}, retAllow},
		{unix.SYS_SENDMSG, []uint64{3, 0, unix.MSG_FASTOPEN}, retKill},
		{unix.SYS_SENDMSG, []uint64{3, 0, unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL}, retKill},
		{unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 0, 0}, retAllow},
		{unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 1, 16}, retKill},
		{unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 1 << 32, 16}, retKill},
		{unix.SYS_SENDTO, []uint64{3, 1, 1, unix.MSG_FASTOPEN, 0, 0}, retKill},
		{unix.SYS_SENDMMSG, nil, retKill},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_TCP, unix.TCP_NODELAY}, retAllow},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_TCP, unix.TCP_ULP}, retKill},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_TCP, unix.TCP_FASTOPEN_CONNECT}, retKill},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_TCP, unix.TCP_REPAIR}, retKill},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER}, retKill},
		{unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_IP, unix.SO_KEEPALIVE}, retKill},
		{unix.SYS_FCNTL, []uint64{3, unix.F_SETFL}, retAllow},
		{unix.SYS_FCNTL, []uint64{3, unix.F_SETOWN}, retKill},
		{unix.SYS_PRCTL, []uint64{unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME}, retAllow},
		{unix.SYS_PRCTL, []uint64{unix.PR_SET_DUMPABLE, 1}, retKill},
		{unix.SYS_MADVISE, []uint64{0, 4096, unix.MADV_DONTNEED}, retAllow},
		{unix.SYS_MADVISE, []uint64{0, 4096, unix.MADV_MERGEABLE}, retKill},
		{unix.SYS_OPENAT, nil, retErrno | int(unix.ENOENT)},
		{unix.SYS_OPENAT2, nil, retKill},
		{unix.SYS_IOCTL, nil, retErrno | int(unix.ENOTTY)},
		{unix.SYS_PREAD64, nil, retKill},
		{unix.SYS_ACCEPT4, nil, retKill},
		{unix.SYS_EXECVEAT, nil, retKill},
		{unix.SYS_PIDFD_GETFD, nil, retKill},
		{unix.SYS_SECCOMP, nil, retKill},
	} {
		require.Equal(t, uint32(c.want), uint32(run(t, rules, 7, c.nr, c.args...)), "%+v", c)
	}
}
