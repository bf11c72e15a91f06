package confine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() {
	crimes["hog"] = hog
}

// hog waits for a byte on descriptor 4 and then takes 200 MiB.
func hog([]string) error {
	in := os.NewFile(4, "go")
	if _, err := io.ReadFull(in, make([]byte, 1)); err != nil {
		return err
	}
	b := make([]byte, 200<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	runtime.KeepAlive(b)
	return nil
}

func openGroups(t *testing.T) *Groups {
	t.Helper()
	g, err := OpenGroups()
	if err != nil {
		t.Skipf("no cgroup memory here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	return g
}

// TestCgroup runs the same hog under limits that it breaks and that it keeps.
func TestCgroup(t *testing.T) {
	needAllThreads(t)
	g := openGroups(t)
	for _, c := range []struct {
		name         string
		start, lease uint64
		dies         bool
	}{
		{"breaks", 64 << 20, 64 << 20, true},
		{"keeps", 512 << 20, 512 << 20, false},
		{"raised at lease", 64 << 20, 512 << 20, false},
		{"lowered at lease", 512 << 20, 64 << 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := g.New(c.start)
			require.NoError(t, err)
			cmd, say, stop := startHog(t)
			defer stop()
			require.NoError(t, w.Add(cmd.Process.Pid))
			require.NoError(t, w.SetMemory(c.lease))
			_, err = say.Write([]byte{1})
			require.NoError(t, err)
			err = cmd.Wait()
			u, uerr := w.Usage()
			require.NoError(t, uerr)
			require.NoError(t, w.Close())
			require.NoDirExists(t, w.memory())
			if c.dies {
				require.ErrorContains(t, err, "signal: killed")
				require.EqualValues(t, 1, u.OOMKills)
				require.LessOrEqual(t, u.Peak, c.lease+1<<20) // the kernel counts in batches
				return
			}
			require.NoError(t, err)
			require.Zero(t, u.OOMKills)
			require.Greater(t, u.Peak, uint64(200<<20))
		})
	}
}

func startHog(t *testing.T, layers ...Layer) (cmd *exec.Cmd, say *os.File, stop func()) {
	t.Helper()
	report, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p := &Plan{Profile: JS, Layers: layers}
	cmd = p.Command([]string{selfExe, "victim", "hog"}, []*os.File{report, r})
	require.NoError(t, cmd.Start())
	r.Close()
	report.Close()
	return cmd, w, func() { cmd.Process.Kill(); w.Close() }
}

// TestSetData bounds the hog by RLIMIT_DATA, as the parent does at a lease, with
// the worker's id its own and not.
func TestSetData(t *testing.T) {
	needAllThreads(t)
	p, err := Probe(JS)
	require.NoError(t, err)
	worlds := [][]Layer{nil, p.Layers}
	if p.Has(UID) {
		worlds = append(worlds, []Layer{UID})
	}
	for _, layers := range worlds {
		for _, limit := range []uint64{128 << 20, 900 << 20} {
			cmd, say, stop := startHog(t, layers...)
			defer stop()
			pid := cmd.Process.Pid
			require.NoError(t, SetData(pid, 100<<20))
			require.NoError(t, SetData(pid, limit), "it can be raised again")
			_, err := say.Write([]byte{1})
			require.NoError(t, err)
			err = cmd.Wait()
			if limit < 200<<20 {
				require.ErrorContains(t, err, "exit status 2", "%v", layers)
			} else {
				require.NoError(t, err, "%v", layers)
			}
		}
	}
	require.Error(t, SetData(1<<22+1, 1<<20), "no such process")
	uid, err := os.ReadFile("/proc/self/task/" + fmt.Sprint(unix.Gettid()) + "/status")
	require.NoError(t, err)
	require.Contains(t, string(uid), fmt.Sprintf("Uid:\t%d\t%[1]d", os.Getuid()))
}

// TestStale leaves a dead node's folder with an orphan in it.
func TestStale(t *testing.T) {
	first := openGroups(t)
	dead := exec.Command("true")
	require.NoError(t, dead.Run())
	node := fmt.Sprintf("%d.1.1", dead.Process.Pid)
	var dirs []string
	for _, base := range first.home.folders() {
		require.NoError(t, makeGroup(base, first.home.version, filepath.Join(groupsDir, node)))
		dir := filepath.Join(base, groupsDir, node, "7")
		require.NoError(t, os.Mkdir(dir, 0o755))
		dirs = append(dirs, filepath.Dir(dir))
	}
	orphan := exec.Command("sleep", "600")
	require.NoError(t, orphan.Start())
	require.NoError(t, write(filepath.Join(dirs[0], "7"), "cgroup.procs", fmt.Sprint(orphan.Process.Pid)))
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()

	mine, err := first.New(1 << 30)
	require.NoError(t, err)
	second := openGroups(t)
	require.NotEqual(t, first.dir, second.dir)
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "signal: killed")
	case <-time.After(30 * time.Second):
		t.Fatal("the orphan lives")
	}
	for _, dir := range dirs {
		require.NoDirExists(t, dir)
	}
	require.DirExists(t, mine.memory(), "the living node's groups stay")
	require.NoError(t, mine.Close())
}

// Groups of dead nodes that the kernel does not let go, though nothing runs in them,
// do not keep a node from its start. A group within a group has that effect.
func TestStaleForGood(t *testing.T) {
	first := openGroups(t)
	dead := exec.Command("true")
	require.NoError(t, dead.Run())
	base := first.home.memory
	node := filepath.Join(base, groupsDir, fmt.Sprintf("%d.1.1", dead.Process.Pid))
	require.NoError(t, os.Mkdir(node, 0o755))
	t.Cleanup(func() { assert.NoError(t, unix.Rmdir(node)) })
	const stuck = 40
	for i := range stuck {
		worker := filepath.Join(node, fmt.Sprint(i))
		within := filepath.Join(worker, "within")
		require.NoError(t, os.Mkdir(worker, 0o755))
		require.NoError(t, os.Mkdir(within, 0o755))
		t.Cleanup(func() { assert.NoError(t, errors.Join(unix.Rmdir(within), unix.Rmdir(worker))) })
	}
	begin := time.Now()
	openGroups(t)
	require.Less(t, time.Since(begin), stuck*busyWait/4, "it waited for them")
	require.DirExists(t, node)
}

// TestHome finds the place for groups in the tables of machines of other kinds.
// The folders are plain ones: what the kernel does there is not tested here.
func TestHome(t *testing.T) {
	for _, c := range []struct {
		name, mountinfo, cgroup string
		files                   map[string]string // under the temporary root @
		want, err               string
	}{
		{
			name:      "v2, systemd service with Delegate and DelegateSubgroup",
			mountinfo: "30 24 0:26 / @/cg rw - cgroup2 cgroup2 rw\n",
			cgroup:    "0::/system.slice/rulebox.service/node\n",
			files: map[string]string{
				"cg/system.slice/rulebox.service/node/cgroup.subtree_control": "",
				"cg/system.slice/rulebox.service/cgroup.subtree_control":      "memory pids\n",
			},
			want: "cg/system.slice/rulebox.service",
		},
		{
			name:      "v2, delegated, to be handed down",
			mountinfo: "30 24 0:26 / @/cg rw - cgroup2 cgroup2 rw\n",
			cgroup:    "0::/user.slice/a.scope\n",
			files: map[string]string{
				"cg/user.slice/cgroup.subtree_control":         "cpu\n",
				"cg/user.slice/a.scope/cgroup.controllers":     "cpu memory pids\n",
				"cg/user.slice/a.scope/cgroup.subtree_control": "",
			},
			want: "cg/user.slice/a.scope",
		},
		{
			name:      "v2, a container that sees its own group as the top",
			mountinfo: "30 24 0:26 /../../x @/cg rw - cgroup2 cgroup2 rw\n",
			cgroup:    "0::/\n",
			files:     map[string]string{"cg/cgroup.controllers": "memory\n", "cg/cgroup.subtree_control": "memory\n"},
			want:      "cg",
		},
		{
			name:      "v2, memory not delegated",
			mountinfo: "30 24 0:26 / @/cg rw - cgroup2 cgroup2 rw\n",
			cgroup:    "0::/a\n",
			files:     map[string]string{"cg/a/cgroup.controllers": "cpu\n"},
			err:       "not delegated",
		},
		{
			name: "v1 beside an empty v2, white space in the path",
			mountinfo: "30 24 0:26 / @/cg/uni rw - cgroup2 cgroup2 rw\n" +
				`31 24 0:27 / @/cg/me\040mory rw shared:9 - cgroup cgroup rw,memory` + "\n" +
				"32 24 0:28 / @/cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
			cgroup: "4:memory:/a/b\n3:cpu,cpuacct:/\n0::/\n",
			files:  map[string]string{"cg/me mory/a/b/tasks": "", "cg/uni/x": "", "cg/cpu/x": ""},
			want:   "cg/me mory/a/b",
		},
		{
			name:      "v1 mounted from within",
			mountinfo: "31 24 0:27 /docker/abc @/cg/memory ro - cgroup cgroup rw,memory\n",
			cgroup:    "4:memory:/docker/abc\n",
			files:     map[string]string{"cg/memory/tasks": ""},
			want:      "cg/memory",
		},
		{name: "none", mountinfo: "24 1 0:1 / / rw - ext4 /dev/vda rw\n", files: map[string]string{}, err: "no cgroup file system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.files["proc/mountinfo"] = strings.ReplaceAll(c.mountinfo, "@", dir)
			c.files["proc/cgroup"] = c.cgroup
			for name, text := range c.files {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
			}
			h, err := findHome(filepath.Join(dir, "proc"), false)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, filepath.Join(dir, c.want), h.memory)
		})
	}
}
