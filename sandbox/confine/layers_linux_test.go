package confine

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A case is one crime that one layer stops. It must succeed with the layers in
// base alone, else the test proves nothing, and must not once the layer is added.
type layerCase struct {
	crime string
	base  []Layer
	by    Layer
	want  string // part of how it is stopped
}

// scene is what the crimes are about, made anew for each attempt.
type scene struct {
	files []*os.File
	args  []string
}

const killed = "killed: SIGSYS"

var layerCases = []layerCase{
	{"open", nil, Sec, "no such file"},
	{"open", nil, Land, "permission denied"},
	{"open", nil, MntNS, "no such file"},
	{"open-private", nil, UID, "permission denied"},
	{"write", nil, Sec, "no such file"},
	{"write", nil, Land, "permission denied"},
	{"write", nil, MntNS, "no such file"},
	{"write", nil, Rlimit, "file too large"},
	{"list-root", nil, MntNS, "the root is empty"},
	{"mkdir-root", nil, MntNS, "read-only file system"},
	{"open-proc", nil, MntNS, "no such file"},
	{"open-sys", nil, MntNS, "no such file"},

	{"socket", nil, Sec, killed},
	{"connect-tcp", nil, Sec, killed},
	{"connect-tcp", nil, NetNS, "network is unreachable"},
	{"connect-tcp", nil, Land, "permission denied"},
	{"bind-tcp", nil, Land, "permission denied"},
	{"connect-abstract", nil, Sec, killed},
	{"connect-abstract", nil, NetNS, "connection refused"},
	{"connect-abstract", nil, Land, "operation not permitted"},
	{"fastopen", nil, Sec, killed},
	{"reconnect", nil, Sec, killed},
	{"tcp-ulp", nil, Sec, killed},
	{"attach-filter", nil, Sec, killed},

	{"exec", nil, Sec, killed},
	{"exec", nil, Land, "permission denied"},
	{"exec", nil, MntNS, "no such file"},
	{"exec-setuid", []Layer{UID}, NoNew, "euid 19"},
	{"exec-caps", nil, Caps, "no capabilities"},
	{"exec-caps", []Layer{NoNew}, Caps, "no capabilities"},
	{"has-bounding", nil, Caps, "no capabilities"},
	{"fork", nil, Sec, killed},
	{"fork-many", []Layer{UserNS, UID, PIDNS}, Rlimit, "resource temporarily unavailable"},
	{"unshare", nil, Sec, killed},

	{"setuid", nil, UID, "operation not permitted"},
	{"setuid", nil, UserNS, "invalid argument"},
	{"setuid-other", nil, Caps, "operation not permitted"},
	{"setuid", nil, Sec, killed},
	{"groups", nil, UID, "operation not permitted"},
	{"groups", nil, Caps, "operation not permitted"},
	{"mount", nil, Caps, "operation not permitted"},
	{"mount", nil, UserNS, "operation not permitted"},
	{"mount", nil, UID, "operation not permitted"},
	{"mount", nil, Land, "operation not permitted"},
	{"mount", nil, Sec, killed},
	{"settime", nil, Caps, "operation not permitted"},
	{"settime", nil, UserNS, "operation not permitted"},

	{"ptrace", nil, Sec, killed},
	{"ptrace", nil, PIDNS, "no such process"},
	{"ptrace", nil, Land, "operation not permitted"},
	{"ptrace", nil, UID, "operation not permitted"},
	{"ptrace", nil, Caps, "operation not permitted"},
	{"ptrace", nil, UserNS, "operation not permitted"},
	{"kill", nil, Sec, killed},
	{"kill", nil, PIDNS, "no such process"},
	{"kill", nil, Land, "operation not permitted"},
	{"kill", nil, UID, "operation not permitted"},
	{"tgkill", nil, Sec, killed},
	{"tgkill", nil, PIDNS, "no such process"},
	{"kill-parent", nil, Sec, killed},
	{"kill-parent", nil, PIDNS, "out of sight"},
	{"kill-parent", nil, Land, "operation not permitted"},
	{"kill-parent", nil, UID, "operation not permitted"},
	{"read-memory", nil, Sec, "no such file"},
	{"read-memory", nil, Land, "permission denied"},
	{"read-memory", nil, MntNS, "no such file"},
	{"read-memory", nil, UID, "permission denied"},
	{"read-memory", nil, Caps, "permission denied"},
	{"read-memory", nil, UserNS, "permission denied"},
	{"read-environ", nil, Sec, "no such file"},
	{"read-environ", nil, Land, "permission denied"},
	{"read-environ", nil, MntNS, "no such file"},
	{"read-environ", nil, UID, "permission denied"},
	{"read-environ", nil, Caps, "permission denied"},
	{"read-environ", nil, UserNS, "permission denied"},
	{"vm-read", nil, Sec, killed},
	{"vm-read", nil, PIDNS, "no such process"},
	{"shm", nil, Sec, killed},
	{"shm", nil, IPCNS, "invalid argument"},
	{"shm", nil, UID, "permission denied"},
	{"hostname", nil, UTSNS, `"worker"`},

	{"mmap-wx", nil, Sec, killed},
	{"mprotect-rx", nil, Sec, killed},
	{"mmap-shared", nil, Sec, killed},
	{"mmap-2g", nil, Rlimit, "cannot allocate memory"},
	{"mlock", []Layer{UID}, Rlimit, "cannot allocate memory|operation not permitted"},
	{"dup-600", nil, Rlimit, "too many open files"},
	{"core", nil, Rlimit, "RLIMIT_CORE is 0"},
	{"raise-limit", nil, Sec, killed},

	{"io-uring", nil, Sec, killed},
	{"bpf", nil, Sec, killed},
	{"bpf", nil, Caps, "operation not permitted"},
	{"userfaultfd", nil, Sec, killed},
	{"keyctl", nil, Sec, killed},
	{"perf", nil, Sec, killed},
}

// TestLayers tries every crime with the layer under test as the only one on.
func TestLayers(t *testing.T) {
	needRoot(t)
	for _, c := range layerCases {
		t.Run(fmt.Sprintf("%s/%s", c.crime, c.by), func(t *testing.T) {
			s := stage(t, c.crime)
			without := attempt(t, c.base, s.files, s.crime(c.crime), s.args...)
			switch without {
			case "stopped: function not implemented", "stopped: operation not supported":
				t.Skipf("this kernel cannot do it even without the layer: %s", without)
			}
			require.Equal(t, "done", without, "without the layer the crime must succeed")
			s = stage(t, c.crime)
			with := attempt(t, append(slices.Clone(c.base), c.by), s.files, s.crime(c.crime), s.args...)
			requireStopped(t, with, c.want)
		})
	}
}

func requireStopped(t *testing.T, got, want string) {
	t.Helper()
	require.True(t, strings.HasPrefix(got, "stopped: ") || got == killed, "not stopped: %s", got)
	for _, w := range strings.Split(want, "|") {
		if strings.Contains(got, w) {
			return
		}
	}
	require.Contains(t, got, want)
}

// TestAllThreads commits crimes on threads that were there before Enter: the
// layers that are each thread's own must hold on them too.
func TestAllThreads(t *testing.T) {
	needRoot(t)
	for _, c := range []layerCase{
		{"socket", nil, Sec, killed},
		{"open", nil, Land, "permission denied"},
		{"open", nil, MntNS, "no such file"},
		{"new-privs", nil, NoNew, "no_new_privs is set"},
		{"new-privs", nil, Land, "no_new_privs is set"},
		{"mount", nil, Caps, "operation not permitted"},
		{"exec-caps", []Layer{NoNew}, Caps, "no capabilities"},
		{"mount", nil, UserNS, "operation not permitted"},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.crime, c.by), func(t *testing.T) {
			s := stage(t, c.crime)
			require.Equal(t, "done", attempt(t, c.base, s.files, "threads:"+c.crime, s.args...))
			got := attempt(t, append(slices.Clone(c.base), c.by), s.files, "threads:"+c.crime, s.args...)
			requireStopped(t, got, c.want)
		})
	}
}

// TestEverything tries every crime with every layer that holds here.
func TestEverything(t *testing.T) {
	needAllThreads(t)
	p, err := Probe(JS)
	require.NoError(t, err)
	require.GreaterOrEqual(t, p.Level(), LevelBasic, "%+v", p.Missing)
	tried := map[string]bool{"core": true} // needs no system call to be stopped
	for _, c := range layerCases {
		if tried[c.crime] {
			continue
		}
		tried[c.crime] = true
		t.Run(c.crime, func(t *testing.T) {
			s := stage(t, c.crime)
			got := attempt(t, p.Layers, s.files, s.crime(c.crime), s.args...)
			require.True(t, strings.HasPrefix(got, "stopped: ") || got == killed, "not stopped: %s", got)
		})
	}
}

// crime is the name under which the victim knows the case.
func (s *scene) crime(name string) string {
	if strings.HasPrefix(name, "open-") {
		return "open"
	}
	return name
}

// stage makes what the crime needs and returns its arguments.
func stage(t *testing.T, crime string) *scene {
	t.Helper()
	s := &scene{}
	switch crime {
	case "open":
		s.args = []string{"/etc/passwd"}
	case "open-private":
		file := openFolder(t) + "/private"
		require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
		s.args = []string{file}
	case "open-proc":
		s.args = []string{"/proc/self/status"}
	case "open-sys":
		s.args = []string{"/sys/kernel"}
	case "write", "mount":
		s.args = []string{openFolder(t)}
	case "connect-tcp":
		s.args = []string{fmt.Sprint(listen(t))}
	case "connect-abstract":
		name := "confine-test-" + rand.Text()
		l, err := net.Listen("unix", "@"+name)
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		s.args = []string{name}
	case "fastopen", "reconnect":
		s.files = []*os.File{resetSocket(t)}
		s.args = []string{fmt.Sprint(listen(t))}
	case "tcp-ulp", "attach-filter":
		s.files = []*os.File{openSocket(t)}
	case "exec-setuid":
		s.args = []string{copySelf(t, 0o4755)}
	case "exec-caps":
		s.args = []string{copySelf(t, 0o755)}
	case "ptrace", "kill", "tgkill", "read-memory", "read-environ", "vm-read":
		s.args = []string{sleeper(t)}
	case "shm":
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
		s.args = []string{fmt.Sprint(id)}
	case "hostname":
		name, err := os.Hostname()
		require.NoError(t, err)
		s.args = []string{name}
	}
	return s
}

func listen(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// openSocket returns a connected TCP socket, as the broker would donate it.
func openSocket(t *testing.T) *os.File {
	t.Helper()
	f, _ := donate(t)
	return f
}

// resetSocket returns one whose peer reset it.
func resetSocket(t *testing.T) *os.File {
	t.Helper()
	f, peer := donate(t)
	require.NoError(t, peer.(*net.TCPConn).SetLinger(0))
	require.NoError(t, peer.Close())
	return f
}

func donate(t *testing.T) (*os.File, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	conn, err := net.Dial("tcp4", l.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	peer, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { peer.Close() })
	f, err := conn.(*net.TCPConn).File()
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f, peer
}

// copySelf copies the test binary to where everyone can execute it.
func copySelf(t testing.TB, mode uint32) string {
	t.Helper()
	path := openFolder(t) + "/victim"
	in, err := os.Open(selfExe)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(path)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.NoError(t, unix.Chmod(path, mode))
	return path
}
