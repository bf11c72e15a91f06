package confine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// TestOrdinaryUser runs the tests of this package that an ordinary user can pass
// once more, as one.
func TestOrdinaryUser(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(copySelf(t, 0o755), "-test.v", "-test.run",
		"^(TestEverything|TestSurvive|TestAsOrdinaryUser|TestLayersAsOrdinaryUser|TestInherited|TestOnlyThePlan|TestSpawner|TestProgram|TestSignals)$")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range []string{"TestEverything/socket", "TestSurvive", "TestAsOrdinaryUser", "TestLayersAsOrdinaryUser", "TestInherited", "TestOnlyThePlan", "TestSpawner", "TestProgram/spawner", "TestSignals"} {
		require.Contains(t, string(out), "--- PASS: "+name)
	}
}

// TestAsOrdinaryUser says what such a user must get: all but an id of its own,
// and the cgroup unless it is delegated, where user namespaces are allowed.
func TestAsOrdinaryUser(t *testing.T) {
	needAllThreads(t)
	if os.Geteuid() == 0 {
		t.Skip("TestOrdinaryUser starts this")
	}
	p, err := Probe(JS)
	require.NoError(t, err)
	require.True(t, p.Has(Sec) && p.Has(NoNew) && p.Has(Rlimit), "%+v", p.Missing)
	for _, m := range p.Missing {
		require.NotEmpty(t, m.Why)
		require.NotEmpty(t, m.Advice, "%+v", m)
	}
	if !p.Has(UserNS) {
		t.Skipf("no user namespaces here: %+v", p.Missing)
	}
	require.Equal(t, LevelStrong, p.Level(), "%+v", p.Missing)
	require.False(t, p.Has(UID))
	err = p.Require(LevelFull)
	require.ErrorContains(t, err, "start the node as root")
}

// TestLayersAsOrdinaryUser is TestLayers for the crimes that need no root.
func TestLayersAsOrdinaryUser(t *testing.T) {
	needAllThreads(t)
	if os.Geteuid() == 0 {
		t.Skip("TestOrdinaryUser starts this")
	}
	p, err := Probe(JS)
	require.NoError(t, err)
	tried := 0
	for _, c := range layerCases {
		base := slices.Clone(c.base)
		switch c.by {
		case PIDNS, NetNS, MntNS, IPCNS, UTSNS:
			base = append(base, UserNS)
		case UID, Caps:
			continue // who has no privilege loses none
		}
		if !p.Has(c.by) || slices.ContainsFunc(base, func(l Layer) bool { return !p.Has(l) }) {
			continue
		}
		s := stage(t, c.crime)
		if attempt(t, base, s.files, s.crime(c.crime), s.args...) != "done" {
			continue // it takes root, or the base stops it
		}
		tried++
		s = stage(t, c.crime)
		got := attempt(t, append(base, c.by), s.files, s.crime(c.crime), s.args...)
		require.True(t, strings.HasPrefix(got, "stopped: ") || got == killed, "%s by %s: %s", c.crime, c.by, got)
	}
	require.Greater(t, tried, 30)
}

// A container's rule is one call that its seccomp profile refuses.
type refusal struct {
	nr   uint32
	mask uint32 // of the first argument; 0: always
	err  unix.Errno
}

var containers = map[string][]refusal{
	// What Docker and Kubernetes do by default.
	"no-namespaces": {
		{unix.SYS_CLONE, unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS, unix.EPERM},
		{unix.SYS_CLONE3, 0, unix.ENOSYS},
		{unix.SYS_UNSHARE, 0, unix.EPERM},
		{unix.SYS_MOUNT, 0, unix.EPERM},
	},
	"no-user-namespaces": {{unix.SYS_CLONE, unix.CLONE_NEWUSER, unix.ENOSPC}},
	"no-mounts":          {{unix.SYS_FSOPEN, 0, unix.EPERM}},
	"no-landlock":        {{unix.SYS_LANDLOCK_CREATE_RULESET, 0, unix.ENOSYS}},
	"no-seccomp":         {{unix.SYS_SECCOMP, 0, unix.EPERM}},
	"no-mount-and-seccomp": {
		{unix.SYS_PIVOT_ROOT, 0, unix.EPERM}, {unix.SYS_SECCOMP, 0, unix.EINVAL},
	},
}

func init() {
	crimes["probe"] = probeInContainer
}

// probeInContainer puts itself under the named container's filter, and prints
// what Probe finds there.
func probeInContainer(a []string) error {
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offNr, Size: 4}}
	for _, r := range containers[a[0]] {
		body := []bpf.Instruction{bpf.RetConstant{Val: retErrno | uint32(r.err)}}
		if r.mask != 0 {
			body = []bpf.Instruction{
				bpf.LoadAbsolute{Off: offArgs, Size: 4},
				bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: r.mask, SkipFalse: 1},
				body[0],
				bpf.LoadAbsolute{Off: offNr, Size: 4},
			}
		}
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpEqual, Val: r.nr, SkipFalse: uint8(len(body))})
		prog = append(prog, body...)
	}
	raw, err := bpf.Assemble(append(prog, bpf.RetConstant{Val: retAllow}))
	if err != nil {
		return err
	}
	if err := noNewPrivs(); err != nil {
		return err
	}
	if err := loadFilter(raw); err != nil {
		return err
	}
	p, err := Probe(JS)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.NewFile(3, "report")).Encode(p)
}

// TestFallback probes where a container refuses this or that: each layer that
// can be had must still be had, and each that cannot be explained.
func TestFallback(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		container string
		missing   []Layer
		level     Level
		says      string
	}{
		{"none", nil, LevelFull, ""},
		{"no-namespaces", []Layer{UserNS, PIDNS, IPCNS, UTSNS, NetNS, MntNS}, LevelBasic, "operation not permitted"},
		{"no-user-namespaces", []Layer{UserNS}, LevelStrong, "no space left"},
		{"no-mounts", []Layer{MntNS}, LevelBasic, "fsopen"},
		{"no-landlock", []Layer{Land}, LevelStrong, "landlock_create_ruleset"},
		{"no-seccomp", []Layer{Sec}, LevelNone, "seccomp"},
		{"no-mount-and-seccomp", []Layer{Sec, MntNS}, LevelNone, "pivot_root"},
	} {
		t.Run(c.container, func(t *testing.T) {
			got := attempt(t, nil, nil, "free:probe", c.container)
			text, ok := strings.CutSuffix(got, "done")
			require.True(t, ok, got)
			var p Plan
			require.NoError(t, json.Unmarshal([]byte(text), &p))
			var missing []Layer
			why := ""
			for _, m := range p.Missing {
				if m.Layer != Cgroup {
					missing = append(missing, m.Layer)
					require.NotEmpty(t, m.Advice, "%+v", m)
				}
				why += m.Why + "\n"
			}
			require.ElementsMatch(t, c.missing, missing, "%+v", p.Missing)
			require.Contains(t, why, c.says)
			if p.Has(Cgroup) {
				require.Equal(t, c.level, p.Level())
			} else {
				require.Equal(t, min(c.level, LevelStrong), p.Level())
			}
			if c.level < LevelFull {
				require.Error(t, p.Require(c.level+1))
			}
			require.NoError(t, p.Require(p.Level()))
			// What is left must stop crimes.
			if p.Has(Sec) {
				require.Equal(t, killed, attempt(t, p.Layers, nil, "socket"))
			}
		})
	}
}

// TestInherited leaks a descriptor into the child, as a careless parent of the
// node would, and looks for it.
func TestInherited(t *testing.T) {
	needAllThreads(t)
	f, err := os.Open("/etc/passwd")
	require.NoError(t, err)
	defer f.Close()
	for _, from := range []int{5, 200} {
		at, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, from) // not close-on-exec
		require.NoError(t, err)
		defer unix.Close(at)
		fd := fmt.Sprint(at)
		require.Equal(t, "done", attempt(t, nil, nil, "free:descriptor", fd), "it must be there before Enter")
		require.Equal(t, "stopped: bad file descriptor", attempt(t, nil, nil, "descriptor", fd))
		require.Equal(t, "done", attempt(t, nil, []*os.File{f}, "descriptor", "4"), "donated ones stay")
	}
}

// TestSignals sends a worker what ends services and terminals' jobs.
func TestSignals(t *testing.T) {
	needAllThreads(t)
	p, err := Probe(JS)
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	cmd := p.Command([]string{selfExe, "victim", "signals"}, []*os.File{w})
	require.NoError(t, cmd.Start())
	w.Close()
	defer cmd.Wait()
	defer cmd.Process.Kill()
	_, err = io.ReadFull(r, make([]byte, 2)) // it is inside now
	require.NoError(t, err)
	own, err := unix.Getpgid(0)
	require.NoError(t, err)
	its, err := unix.Getpgid(cmd.Process.Pid)
	require.NoError(t, err)
	require.NotEqual(t, own, its, "it must not be in the terminal's job")
	for _, sig := range []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		require.NoError(t, cmd.Process.Signal(sig))
	}
	_, err = io.ReadFull(r, make([]byte, 200)) // it goes on talking
	require.NoError(t, err)
}

func init() {
	crimes["signals"] = func([]string) error {
		for out := os.NewFile(3, "report"); ; time.Sleep(time.Millisecond) {
			if _, err := fmt.Fprint(out, "on"); err != nil {
				return err
			}
		}
	}
}

// TestOnlyThePlan starts a child that says what environment it has.
func TestOnlyThePlan(t *testing.T) {
	t.Setenv("SECRET", "of the node")
	p := &Plan{Profile: JS}
	cmd := p.Command([]string{"/usr/bin/env"}, nil)
	var out bytes.Buffer
	cmd.Stdout = &out
	require.NoError(t, cmd.Run())
	require.Equal(t, "GOMAXPROCS=1\nGODEBUG=containermaxprocs=0,updatemaxprocs=0\nGOTRACEBACK=none\n"+
		"RULEBOX_JAIL=v1;js;0;1073741824;false;\n", out.String())
}

// TestEnterAlone enters without having been started by Command.
func TestEnterAlone(t *testing.T) {
	_, err := Enter()
	require.ErrorContains(t, err, "started only by a node")
}
