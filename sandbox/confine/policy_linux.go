package confine

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// policy returns what a worker of the profile may ask of the kernel. It is made
// from what the Go runtime and package net do over descriptors they are given:
// threads, memory without execution, timers, and streams that are connected
// already. Everything else kills the worker. ownRoot says that the worker has a
// file system of its own, which a WASM worker may use.
func policy(p Profile, ownRoot bool) ([]rule, error) {
	if auditArch == 0 {
		return nil, errArch
	}
	if !p.known() {
		return nil, fmt.Errorf("seccomp: no policy for profile %q", p)
	}
	var rules []rule
	// Most frequent first; the kernel keeps a bitmap of those without conditions.
	for _, nr := range []uint32{
		unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_EPOLL_PWAIT, unix.SYS_READ, unix.SYS_WRITE,
		unix.SYS_SCHED_YIELD, unix.SYS_CLOCK_GETTIME, unix.SYS_GETPID, unix.SYS_GETTID,
		unix.SYS_RT_SIGRETURN, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGACTION, unix.SYS_SIGALTSTACK,
		unix.SYS_MUNMAP, unix.SYS_EPOLL_CTL, unix.SYS_CLOSE, unix.SYS_RECVMSG, unix.SYS_RECVFROM,
		unix.SYS_WRITEV, unix.SYS_SHUTDOWN, unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME,
		unix.SYS_GETRANDOM, unix.SYS_GETTIMEOFDAY, unix.SYS_SCHED_GETAFFINITY, unix.SYS_RESTART_SYSCALL,
		unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
		unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	} {
		rules = append(rules, rule{nr: nr})
	}
	rules = append(rules, memoryRules(p)...)
	rules = append(rules, threadRules()...)
	rules = append(rules, socketRules()...)
	rules = append(rules, fileRules(p == WASM && ownRoot)...)
	return append(rules,
		// esbuild asks whether standard error is a terminal.
		rule{nr: unix.SYS_IOCTL, errno: uint32(unix.ENOTTY)},
		// io.Copy tries these between sockets, and else copies by hand.
		rule{nr: unix.SYS_PIPE2, errno: uint32(unix.ENOSYS)},
		rule{nr: unix.SYS_SPLICE, errno: uint32(unix.EINVAL)},
		rule{nr: unix.SYS_SENDFILE, errno: uint32(unix.EINVAL)},
		rule{nr: unix.SYS_UNAME, errno: uint32(unix.ENOSYS)}), nil
}

// noExec is a protection without PROT_EXEC, and without what is unknown.
func noExec(index uint32) arg {
	return arg{index: index, mask: ^uint32(unix.PROT_READ | unix.PROT_WRITE), values: []uint32{0}}
}

func memoryRules(p Profile) []rule {
	const anon, fixed, droppable = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, unix.MAP_FIXED, 0x08
	// The last kind is the state of the vDSO's getrandom.
	mmap := rule{nr: unix.SYS_MMAP, when: [][]arg{{noExec(2), {index: 3, values: []uint32{anon, anon | fixed, droppable | unix.MAP_ANONYMOUS}}}}}
	mprotect := rule{nr: unix.SYS_MPROTECT, when: [][]arg{{noExec(2)}}}
	if p == WASM {
		// The engine asks for huge pages first, and takes no for an answer.
		mmap.otherwise = uint32(unix.ENOMEM)
		// It maps code writable, fills it, and makes it executable.
		mprotect.when = append(mprotect.when, []arg{{index: 2, values: []uint32{unix.PROT_READ | unix.PROT_EXEC}}})
	}
	return []rule{
		mmap, mprotect,
		{nr: unix.SYS_MADVISE, when: [][]arg{{{index: 2, values: []uint32{
			unix.MADV_DONTNEED, unix.MADV_FREE, unix.MADV_HUGEPAGE, unix.MADV_NOHUGEPAGE, unix.MADV_COLLAPSE}}}}},
		// Go names its mappings.
		{nr: unix.SYS_PRCTL, when: [][]arg{{{index: 0, values: []uint32{unix.PR_SET_VMA}}, {index: 1, values: []uint32{unix.PR_SET_VMA_ANON_NAME}}}}},
	}
}

// fileRules are about files. Libraries look for optional files and facts: they
// are told "no" and live. A worker with a file system of its own may use it.
func fileRules(own bool) (rules []rule) {
	for _, nr := range []uint32{unix.SYS_OPENAT, unix.SYS_NEWFSTATAT} {
		if own {
			rules = append(rules, rule{nr: nr})
		} else {
			rules = append(rules, rule{nr: nr, errno: uint32(unix.ENOENT)})
		}
	}
	for _, nr := range []uint32{unix.SYS_READLINKAT, unix.SYS_STATX, unix.SYS_FACCESSAT2} {
		rules = append(rules, rule{nr: nr, errno: uint32(unix.ENOENT)})
	}
	if own {
		for _, nr := range []uint32{unix.SYS_FSTAT, unix.SYS_GETDENTS64, unix.SYS_MKDIRAT, unix.SYS_RENAMEAT, unix.SYS_UNLINKAT, unix.SYS_FSYNC} {
			rules = append(rules, rule{nr: nr})
		}
	}
	return rules
}

func threadRules() []rule {
	const thread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD
	return []rule{
		{nr: unix.SYS_CLONE, when: [][]arg{{{index: 0, values: []uint32{thread, thread | unix.CLONE_SETTLS}}}}},
		// Its flags lie in memory, out of the filter's sight.
		{nr: unix.SYS_CLONE3, errno: uint32(unix.ENOSYS)},
		{nr: unix.SYS_TGKILL, when: [][]arg{{{index: 0, values: []uint32{uint32(os.Getpid())}}}}},
	}
}

func socketRules() []rule {
	// Not MSG_FASTOPEN: it would connect a reset socket, which belongs to the
	// node's network, to an address of the worker's choice.
	flags := func(index uint32) arg {
		return arg{index: index, mask: ^uint32(unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT), values: []uint32{0}}
	}
	return []rule{
		{nr: unix.SYS_SENDMSG, when: [][]arg{{flags(2)}}},
		{nr: unix.SYS_SENDTO, when: [][]arg{{flags(3), {index: 4, values: []uint32{0}}}}},
		{nr: unix.SYS_FCNTL, when: [][]arg{{{index: 1, values: []uint32{
			unix.F_GETFL, unix.F_SETFL, unix.F_GETFD, unix.F_SETFD, unix.F_DUPFD_CLOEXEC}}}}},
		{nr: unix.SYS_GETSOCKOPT, when: [][]arg{{
			{index: 1, values: []uint32{unix.SOL_SOCKET}}, {index: 2, values: []uint32{unix.SO_TYPE, unix.SO_ERROR}}}}},
		// Not TCP_ULP, not SO_ATTACH_FILTER, not TCP_FASTOPEN_CONNECT.
		{nr: unix.SYS_SETSOCKOPT, when: [][]arg{
			{{index: 1, values: []uint32{unix.SOL_TCP}}, {index: 2, values: []uint32{
				unix.TCP_NODELAY, unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT}}},
			{{index: 1, values: []uint32{unix.SOL_SOCKET}}, {index: 2, values: []uint32{unix.SO_KEEPALIVE, unix.SO_LINGER}}},
		}},
	}
}
