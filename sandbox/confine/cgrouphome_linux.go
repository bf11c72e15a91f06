package confine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A mount is a line of mountinfo for a control group file system.
type cgroupMount struct {
	root, point string
	v2          bool
	options     []string // v1: its controllers are among them
}

// findHome looks for a place for groups: v1's memory controller if it is mounted
// at all (a controller is in one version only), else v2. proc is /proc/self. With look nothing is
// changed.
func findHome(proc string, look bool) (*home, error) {
	mounts, err := cgroupMounts(filepath.Join(proc, "mountinfo"))
	if err != nil {
		return nil, err
	}
	own, err := ownGroups(filepath.Join(proc, "cgroup"))
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		if !m.v2 && slices.Contains(m.options, "memory") {
			return homeV1(m, mounts, own)
		}
	}
	for _, m := range mounts {
		if m.v2 {
			return homeV2(m.folder(own[""]), look)
		}
	}
	return nil, errors.New("no cgroup file system is mounted")
}

// folder returns where the group at path lies in the file system.
func (m *cgroupMount) folder(path string) string {
	rel, err := filepath.Rel(m.root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return m.point // the mount shows another part: its top is ours
	}
	dir := filepath.Join(m.point, rel)
	if _, err := os.Stat(dir); err != nil {
		return m.point
	}
	return dir
}

func homeV1(memory cgroupMount, mounts []cgroupMount, own map[string]string) (*home, error) {
	h := &home{version: 1, memory: memory.folder(own["memory"])}
	if err := writable(h.memory); err != nil {
		return nil, fmt.Errorf("cgroup v1 memory controller: %w", err)
	}
	for _, m := range mounts {
		if dir := m.folder(own["pids"]); !m.v2 && slices.Contains(m.options, "pids") && writable(dir) == nil {
			h.others, h.pids = []string{dir}, true
		}
	}
	return h, nil
}

// homeV2 finds or makes a group that hands the memory controller down: one that
// already does, the process's own or the one above (as systemd's
// DelegateSubgroup= leaves it), or else its own after moving out into a subgroup.
func homeV2(own string, look bool) (*home, error) {
	var errs []error
	for _, dir := range []string{own, filepath.Dir(own)} {
		if lists(dir, "cgroup.subtree_control", "memory") {
			if err := writable(dir); err != nil {
				errs = append(errs, err)
				continue
			}
			return v2At(dir), nil
		}
	}
	if !lists(own, "cgroup.controllers", "memory") {
		errs = append(errs, fmt.Errorf("cgroup v2: the memory controller is not delegated to %s", own))
		return nil, errors.Join(errs...)
	}
	if err := writable(own); err != nil {
		return nil, fmt.Errorf("cgroup v2: %w", err)
	}
	if look {
		return v2At(own), nil
	}
	if err := handDown(own); err != nil {
		return nil, fmt.Errorf("cgroup v2: enabling the memory controller in %s: %w", own, err)
	}
	return v2At(own), nil
}

func v2At(dir string) *home {
	return &home{version: 2, memory: dir, pids: lists(dir, "cgroup.subtree_control", "pids")}
}

// handDown enables the controllers for subgroups of the process's own group.
func handDown(own string) error {
	err := enable(own)
	if !errors.Is(err, unix.EBUSY) {
		return err
	}
	// The group has processes: this one moves down, and tries again.
	node := filepath.Join(own, "node")
	if err := os.Mkdir(node, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	if err := write(node, "cgroup.procs", "0"); err != nil {
		return err
	}
	return enable(own)
}

func lists(dir, file, word string) bool {
	b, err := os.ReadFile(filepath.Join(dir, file))
	return err == nil && slices.Contains(strings.Fields(string(b)), word)
}

func writable(dir string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "write", Path: dir, Err: err}
	}
	return nil
}

// cgroupMounts reads mountinfo: see proc_pid_mountinfo(5).
func cgroupMounts(file string) ([]cgroupMount, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []cgroupMount
	for line := range strings.Lines(string(b)) {
		left, right, ok := strings.Cut(strings.TrimSpace(line), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 || r[0] != "cgroup" && r[0] != "cgroup2" {
			continue
		}
		out = append(out, cgroupMount{root: unescape(l[3]), point: unescape(l[4]),
			v2: r[0] == "cgroup2", options: strings.Split(r[2], ",")})
	}
	return out, nil
}

// unescape undoes mountinfo's octal escapes of white space and backslash.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// ownGroups reads /proc/PID/cgroup: the path in each hierarchy by controller;
// v2's is under the empty name.
func ownGroups(file string) (map[string]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, c := range strings.Split(f[1], ",") {
			out[c] = f[2]
		}
	}
	return out, nil
}

// probeCgroup makes a group, limits it and removes it.
func probeCgroup() error {
	g, err := OpenGroups()
	if err != nil {
		return err
	}
	w, err := g.New(64 << 20)
	if err != nil {
		return errors.Join(err, g.Close())
	}
	_, err = w.Usage()
	return errors.Join(err, w.Close(), g.Close())
}

func cgroupAdvice() string {
	if os.Geteuid() == 0 {
		return "mount the cgroup file system read-write (containers: a cgroup namespace of its own with delegation, or --cgroupns=host with /sys/fs/cgroup writable); until then memory is bounded by RLIMIT_DATA and the watchdog"
	}
	return "have systemd delegate the memory controller: Delegate=memory pids in the unit, or start with `systemd-run --user --scope -p Delegate=yes`; until then memory is bounded by RLIMIT_DATA and the watchdog"
}
