package confine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Groups makes one control group for every worker of a node, under
// rulebox/<the node's process>/ in the node's own group. Everything is plain files.
type Groups struct {
	home home
	dir  string // of this node, relative to home's folders
	next atomic.Uint64
}

// home is where groups can be made.
type home struct {
	version int      // 1 or 2
	memory  string   // a folder whose subfolders get the memory controller
	others  []string // v1: the same for pids, if it can be had
	pids    bool
}

// A Group is the control group of one worker.
type Group struct {
	home  home
	dir   string
	limit uint64
}

// Usage is what a group's memory was used for, in bytes.
type Usage struct {
	Current, Peak uint64
	// OOMKills is how often the kernel killed a process of the group for memory.
	OOMKills uint64
}

const (
	groupsDir  = "rulebox"
	groupTasks = 96 // threads of one worker; it needs about ten
	// busyWait bounds the wait for the kernel to let go of a dead worker.
	busyWait = 500 * time.Millisecond
)

// OpenGroups finds a memory controller that this process may write to, and
// removes what dead nodes left there, with their orphaned workers. With cgroup
// v2 it may move this process into a subgroup of its own group, because a group
// with processes cannot hand controllers down.
func OpenGroups() (*Groups, error) {
	h, err := findHome("/proc/self", false)
	if err != nil {
		return nil, err
	}
	self := processName(os.Getpid())
	if self == "" {
		return nil, errors.New("/proc does not show this process: mount it")
	}
	name := fmt.Sprintf("%s.%d", self, opened.Add(1))
	g := &Groups{home: *h, dir: filepath.Join(groupsDir, name)}
	g.removeStale()
	for _, base := range h.folders() {
		if err := makeNode(base, h.version, g.dir); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

// opened counts the Groups of this process.
var opened atomic.Uint64

// processName names a living process for ever: by its id and when it started.
// It is empty for one that is no more.
func processName(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The fields behind the name in brackets; the 22nd is the start.
	end := strings.LastIndex(string(b), ")")
	if f := strings.Fields(string(b[end+1:])); end >= 0 && len(f) > 19 {
		return fmt.Sprintf("%d.%s", pid, f[19])
	}
	return ""
}

// makeNode makes the node's folder. Another node that ends may remove the one
// above it at any moment.
func makeNode(base string, version int, dir string) (err error) {
	for range 20 {
		if err = makeGroup(base, version, groupsDir); err != nil {
			return err
		}
		if err = makeGroup(base, version, dir); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

func (h *home) folders() []string { return append([]string{h.memory}, h.others...) }

// makeGroup makes one folder and, with v2, lets its own subfolders have the
// controllers.
func makeGroup(base string, version int, name string) error {
	dir := filepath.Join(base, name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if version == 2 {
		return enable(dir)
	}
	return nil
}

// enable hands the memory controller, and pids if there, down to subgroups.
func enable(dir string) error {
	if err := write(dir, "cgroup.subtree_control", "+memory"); err != nil {
		return err
	}
	write(dir, "cgroup.subtree_control", "+pids") // its absence is no harm
	return nil
}

// New makes a group with the memory limit in bytes. Swap is not allowed.
func (g *Groups) New(memory uint64) (*Group, error) {
	w := &Group{home: g.home, dir: filepath.Join(g.dir, strconv.FormatUint(g.next.Add(1), 10))}
	for _, base := range w.home.folders() {
		if err := os.Mkdir(filepath.Join(base, w.dir), 0o755); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	if err := w.SetMemory(memory); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if w.home.version == 2 {
		// Files that some kernels lack: no swap then, or one process to kill anyway.
		write(w.memory(), "memory.swap.max", "0")
		write(w.memory(), "memory.oom.group", "1")
		write(w.memory(), "pids.max", strconv.Itoa(groupTasks))
	} else {
		write(w.memory(), "memory.swappiness", "0")
		for _, base := range w.home.others {
			write(filepath.Join(base, w.dir), "pids.max", strconv.Itoa(groupTasks))
		}
	}
	return w, nil
}

func (w *Group) memory() string { return filepath.Join(w.home.memory, w.dir) }

// Add moves the process into the group. What it had allocated before stays
// where it was charged: add a worker before its first frame.
func (w *Group) Add(pid int) error {
	for _, base := range w.home.folders() {
		if err := write(filepath.Join(base, w.dir), "cgroup.procs", strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	return nil
}

// SetMemory changes the limit, in bytes. A limit below what is in use and cannot
// be reclaimed is an error (EBUSY) with v1, and the end of the worker with v2.
func (w *Group) SetMemory(limit uint64) error {
	text := strconv.FormatUint(limit, 10)
	if w.home.version == 2 {
		if err := write(w.memory(), "memory.max", text); err != nil {
			return err
		}
		w.limit = limit
		return nil
	}
	// Memory with swap may never be the smaller of the two.
	files := []string{"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}
	if w.limit != 0 && limit > w.limit {
		slices.Reverse(files)
	}
	for _, file := range files {
		err := write(w.memory(), file, text)
		// Kernels without swap accounting lack the second file.
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && strings.Contains(file, "memsw")) {
			return err
		}
	}
	w.limit = limit
	return nil
}

// Usage reads the counters. It may be called after the worker's death, and
// before Close.
func (w *Group) Usage() (Usage, error) {
	current, peak, events := "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"
	if w.home.version == 2 {
		current, peak, events = "memory.current", "memory.peak", "memory.events"
	}
	var u Usage
	var err error
	if u.Current, err = readNumber(w.memory(), current); err != nil {
		return u, err
	}
	// memory.peak came with 5.19.
	if u.Peak, err = readNumber(w.memory(), peak); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return u, err
	}
	u.OOMKills, err = readKey(w.memory(), events, "oom_kill")
	return u, err
}

// Close removes the group. Its worker must be dead; the kernel may take a moment
// to let go of it, for which Close waits a little.
func (w *Group) Close() error {
	var errs []error
	for _, base := range w.home.folders() {
		errs = append(errs, rmdir(filepath.Join(base, w.dir)))
	}
	return errors.Join(errs...)
}

// Close removes the node's folder, which must have no groups any more.
func (g *Groups) Close() error {
	var errs []error
	for _, base := range g.home.folders() {
		errs = append(errs, rmdir(filepath.Join(base, g.dir)))
		os.Remove(filepath.Join(base, groupsDir)) // unless other nodes use it
	}
	return errors.Join(errs...)
}

func rmdir(dir string) error { return rmdirUntil(dir, time.Now().Add(busyWait)) }

// rmdirUntil tries at least once.
func rmdirUntil(dir string, deadline time.Time) error {
	for ; ; time.Sleep(time.Millisecond) {
		err := unix.Rmdir(dir)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return &fs.PathError{Op: "rmdir", Path: dir, Err: err}
		}
	}
}

// removeStale clears the folders of nodes that are no more. What fails is left
// for the next node. It waits for orphans that it ends, all of them together, and
// for nothing else: the kernel may keep a group busy for good that has no process.
func (g *Groups) removeStale() {
	var deadline time.Time // none until an orphan was ended
	for _, base := range g.home.folders() {
		nodes, _ := os.ReadDir(filepath.Join(base, groupsDir))
		for _, n := range nodes {
			first, _, _ := strings.Cut(n.Name(), ".")
			pid, err := strconv.Atoi(first)
			if err != nil || !n.IsDir() {
				continue
			}
			if living := processName(pid); living != "" && strings.HasPrefix(n.Name(), living+".") {
				continue
			}
			dir := filepath.Join(base, groupsDir, n.Name())
			groups, _ := os.ReadDir(dir)
			for _, w := range groups {
				if w.IsDir() {
					if killAll(filepath.Join(dir, w.Name())) && deadline.IsZero() {
						deadline = time.Now().Add(busyWait)
					}
					rmdirUntil(filepath.Join(dir, w.Name()), deadline)
				}
			}
			unix.Rmdir(dir)
		}
	}
}

// killAll kills the workers that outlived their node, and reports whether there
// were any.
func killAll(dir string) (any bool) {
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, f := range strings.Fields(string(b)) {
		if pid, err := strconv.Atoi(f); err == nil && pid > 1 {
			unix.Kill(pid, unix.SIGKILL)
			any = true
		}
	}
	return any
}

func write(dir, file, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func readNumber(dir, file string) (uint64, error) {
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 64)
}

// readKey returns the number after the key in a file of "key number" lines.
func readKey(dir, file, key string) (uint64, error) {
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == key {
			return strconv.ParseUint(f[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s: no %s: the kernel is older than 4.13", filepath.Join(dir, file), key)
}
