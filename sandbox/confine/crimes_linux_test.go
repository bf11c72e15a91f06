package confine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// crimes are what a compromised worker would try. Nil means it succeeded. They
// make their system calls themselves, so that nothing else gets in the way.
var crimes = map[string]func(args []string) error{
	"open":      func(a []string) error { return openFile(a[0]) },
	"write":     writeFile,
	"list-root": listRoot,
	"mkdir-root": func([]string) error {
		name := fmt.Sprintf("/confine-crime-%d", os.Getpid())
		if err := unix.Mkdir(name, 0o700); err != nil {
			return err
		}
		return unix.Rmdir(name)
	},

	"socket": func([]string) error {
		_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		return err
	},
	"connect-tcp":      func(a []string) error { return connectTCP(atoi(a[0])) },
	"bind-tcp":         bindTCP,
	"connect-abstract": func(a []string) error { return connectUnix("@" + a[0]) },
	"fastopen":         fastOpen,
	"reconnect":        reconnect,
	"tcp-ulp":          tcpULP,
	"attach-filter": func([]string) error {
		return unix.SetsockoptInt(4, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	},

	"exec":        func([]string) error { return unix.Exec("/bin/sh", []string{"sh", "-c", "printf done >&3"}, nil) },
	"exec-setuid": func(a []string) error { return unix.Exec(a[0], []string{a[0], "victim", "free:is-root"}, nil) },
	"is-root":     isRoot,
	"exec-caps":   func(a []string) error { return unix.Exec(a[0], []string{a[0], "victim", "free:has-caps"}, nil) },
	"has-caps":    func([]string) error { return hasCaps("CapEff", "CapPrm") },
	"has-bounding": func([]string) error {
		return hasCaps("CapBnd")
	},
	"fork":      func([]string) error { return fork(1) },
	"fork-many": func([]string) error { return fork(200) },
	"unshare":   func([]string) error { return unix.Unshare(unix.CLONE_FILES) },
	"setuid":    func([]string) error { return rawErr(unix.SYS_SETRESUID, 0, 0, 0) },
	"setuid-other": func([]string) error {
		return rawErr(unix.SYS_SETRESUID, 4242, 4242, 4242)
	},
	"groups": func([]string) error {
		return rawErr(unix.SYS_SETGROUPS, 0, 0, 0)
	},
	"mount": func(a []string) error {
		if err := unix.Mount("crime", a[0], "tmpfs", 0, ""); err != nil {
			return err
		}
		return unix.Unmount(a[0], unix.MNT_DETACH)
	},

	"ptrace": func(a []string) error { return unix.PtraceSeize(atoi(a[0])) },
	"kill":   func(a []string) error { return unix.Kill(atoi(a[0]), 0) },
	"tgkill": func(a []string) error { return unix.Tgkill(atoi(a[0]), atoi(a[0]), 0) },
	"kill-parent": func([]string) error {
		if unix.Getppid() == 0 {
			return errors.New("the parent is out of sight")
		}
		return unix.Kill(unix.Getppid(), 0)
	},
	"read-memory":  func(a []string) error { return openFile("/proc/" + a[0] + "/mem") },
	"read-environ": func(a []string) error { return readSome("/proc/" + a[0] + "/environ") },
	"vm-read":      vmRead,
	"shm":          func(a []string) error { return rawErr(unix.SYS_SHMAT, uintptr(atoi(a[0])), 0, unix.SHM_RDONLY) },
	"hostname":     sameHostname,

	"mmap-wx": func([]string) error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	},
	"mprotect-rx": mprotectRX,
	"mmap-shared": func([]string) error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_ANON)
		return err
	},
	"mmap-2g": func([]string) error {
		_, err := unix.Mmap(-1, 0, 2<<30, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
		return err
	},
	"mlock": func([]string) error {
		b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return err
		}
		return unix.Mlock(b)
	},
	"dup-600":     dupMany,
	"core":        coreAllowed,
	"raise-limit": raiseLimit,

	"io-uring":    ioURing,
	"bpf":         bpfMap,
	"userfaultfd": func([]string) error { return rawErr(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0) },
	"keyctl": func([]string) error {
		_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_PROCESS_KEYRING, true)
		return err
	},
	"perf": func([]string) error {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK}
		attr.Size = unix.PERF_ATTR_SIZE_VER0
		_, err := unix.PerfEventOpen(&attr, 0, -1, -1, 0)
		return err
	},
	"settime": func([]string) error {
		var t unix.Timex
		if _, err := unix.Adjtimex(&t); err != nil {
			return err
		}
		t.Modes = 0x4000 // ADJ_TICK, to what it is
		_, err := unix.Adjtimex(&t)
		return err
	},
	"descriptor": func(a []string) error {
		_, err := unix.FcntlInt(uintptr(atoi(a[0])), unix.F_GETFD, 0)
		return err
	},
	"new-privs": func([]string) error {
		on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		if err == nil && on == 1 {
			err = errors.New("no_new_privs is set")
		}
		return err
	},
	"survive": survive,
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func rawErr(trap, a, b, c uintptr) error {
	if _, _, errno := unix.Syscall(trap, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

func openFile(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func readSome(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var b [16]byte
	n, err := unix.Read(fd, b[:])
	if err == nil && n == 0 {
		return errors.New("empty")
	}
	return err
}

func writeFile(a []string) error {
	fd, err := unix.Open(a[0]+"/crime", unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte("crime"))
	return err
}

func listRoot([]string) error {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	n, err := unix.ReadDirent(fd, make([]byte, 4096))
	if err != nil {
		return err
	}
	if n <= 48 { // "." and ".."
		return errors.New("the root is empty")
	}
	return nil
}

func loopback(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

func connectTCP(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, loopback(port))
}

func bindTCP([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Bind(fd, loopback(0))
}

func connectUnix(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrUnix{Name: name})
}

// fastOpen uses a donated socket whose peer is gone to reach an address of its
// own choice: sending with MSG_FASTOPEN connects.
func fastOpen(a []string) error {
	return thrice(func() error {
		return unix.Sendmsg(4, []byte("x"), nil, loopback(atoi(a[0])), unix.MSG_FASTOPEN)
	})
}

func reconnect(a []string) error {
	return thrice(func() error { return unix.Connect(4, loopback(atoi(a[0]))) })
}

// thrice does it again while the socket reports how its last connection ended.
func thrice(do func() error) (err error) {
	for range 3 {
		if err = do(); err == nil || err == unix.EINPROGRESS {
			return nil
		}
	}
	return err
}

func tcpULP([]string) error {
	err := unix.SetsockoptString(4, unix.SOL_TCP, unix.TCP_ULP, "tls")
	if errors.Is(err, unix.ENOENT) {
		return nil // the kernel looked for the module: the call went through
	}
	return err
}

func isRoot([]string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("euid %d", os.Geteuid())
	}
	return nil
}

func hasCaps(sets ...string) error {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		for _, set := range sets {
			if v, ok := strings.CutPrefix(line, set+":"); ok && strings.Trim(v, "0\t\n") != "" {
				return nil
			}
		}
	}
	return errors.New("no capabilities")
}

// fork makes n children that wait, and ends them.
func fork(n int) error {
	var children []int
	defer func() {
		for _, pid := range children {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, 0, nil)
		}
	}()
	for range n {
		pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno != 0 {
			return fmt.Errorf("after %d: %w", len(children), errno)
		}
		if pid == 0 {
			for {
				syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
			}
		}
		children = append(children, int(pid))
	}
	return nil
}

func sameHostname(a []string) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	if name := unix.ByteSliceToString(u.Nodename[:]); name != a[0] {
		return fmt.Errorf("the name is %q", name)
	}
	return nil
}

func mprotectRX([]string) error {
	b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	return unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC)
}

func dupMany([]string) error {
	for range 600 {
		if _, err := unix.FcntlInt(3, unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return err
		}
	}
	return nil
}

// coreAllowed asks for what a core dump needs.
func coreAllowed([]string) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil {
		return err
	}
	if l.Max == 0 {
		return errors.New("RLIMIT_CORE is 0")
	}
	return nil
}

func raiseLimit([]string) error {
	var l unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_DATA, nil, &l); err != nil {
		return err
	}
	return unix.Prlimit(0, unix.RLIMIT_DATA, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}, nil)
}

// survive is honest work under the filter; files: 4 is a socket to a TLS server.
func survive(a []string) error {
	for _, work := range []func([]string) error{workMemory, workThreads, workText, workTLS, workFiles} {
		if err := work(a); err != nil {
			return err
		}
	}
	if time.Local != time.UTC {
		return errors.New("time.Local is not UTC")
	}
	return nil
}
