// Package store holds what tenants have configured: their scripts, bindings,
// settings and secrets, and the operator's tokens.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/transaction"
)

// TenantName is what a tenant may be called: it is a folder, a NATS subject
// token and a path segment.
var TenantName = pattern.New(`^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$`)

const (
	// settle is how long the folder must be quiet before it is read: an editor
	// or a deployment writes several files.
	settle = 40 * time.Millisecond
	// sweep is how often the folder is compared without having been told: file
	// systems without notifications, and missed ones.
	sweep = 5 * time.Second
	// recheck and recheckAfter say how often, and after what time, tenants are
	// tried again that could not be checked: a node that starts, or is busy.
	recheck      = 20
	recheckAfter = 100 * time.Millisecond
)

// A Folder keeps tenants in files: one folder a tenant, in the layout of the
// Auth0 deploy CLI's directory export, with rulebox.json for what is ours. It
// implements transaction.Tenants.
//
// A tenant changes atomically: all of its files are read and checked, then the
// new snapshot takes the place of the old. One broken file keeps the tenant's
// last good snapshot.
type Folder struct {
	// CheckEgress, if not nil, returns an error for a tenant's egress list that
	// workers would not take. It is set before Load.
	CheckEgress func([]string) error
	// CheckModule, if not nil, returns an error for a dependency that an action or
	// hook declares and that there is not, and a warning if another generation of it
	// runs than the one declared. It is set before Load.
	CheckModule func(name, version string) (warning string, err error)
	// CheckAdapters, if not nil, returns an error for a tenant's adapters that the
	// gateway would not take. It is set before Load.
	CheckAdapters func(map[string]json.RawMessage) error
	// Packages, if not nil, are the operator's, for all tenants. It is set before
	// Load.
	Packages *Packages

	dir     string
	check   CheckFunc
	log     *zap.Logger
	environ []string

	now atomic.Pointer[map[string]*transaction.Tenant]

	mu        sync.Mutex        // guards what follows; held while reading
	prints    map[string]uint64 // by tenant: the fingerprint of what was read last
	broken    map[string]error  // by tenant: what is wrong with what stands there
	seen      map[string]bool   // every tenant that ever stood there: see rivals
	unchecked bool              // a tenant could not be read or checked now, and was left as it is
}

// OpenFolder returns the tenants of dir. It reads nothing before Load.
func OpenFolder(dir string, check CheckFunc, log *zap.Logger) *Folder {
	f := &Folder{dir: dir, check: check, log: log, environ: os.Environ(), prints: map[string]uint64{}, broken: map[string]error{}, seen: map[string]bool{}}
	f.now.Store(&map[string]*transaction.Tenant{})
	return f
}

// Tenant implements transaction.Tenants.
func (f *Folder) Tenant(name string) *transaction.Tenant { return (*f.now.Load())[name] }

// Names lists the tenants, sorted.
func (f *Folder) Names() []string { return slices.Sorted(maps.Keys(*f.now.Load())) }

// Broken returns what is wrong with the files of the tenants, by name. A tenant
// in it runs on its last good version, or faults if there is none.
func (f *Folder) Broken() map[string]error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.broken)
}

// Load reads what has changed. Its error is about the folder itself; what is
// wrong within a tenant is logged and kept for Broken.
func (f *Folder) Load(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) == 0 {
		if err := tooDeep(f.dir); err != nil {
			return err
		}
	}
	for range recheck {
		f.unchecked = false
		if err := f.loadAll(ctx); err != nil || !f.unchecked {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(recheckAfter):
		}
	}
	f.log.Error("some tenants were not read: their files keep changing, or the node starts no workers; they will be tried again")
	return ctx.Err()
}

// loadAll is one pass of Load. Caller holds mu.
func (f *Folder) loadAll(ctx context.Context) error {
	f.loadPackages()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("tenants folder: %w", err)
	}
	present := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		if name[0] == '.' || !isDir(filepath.Join(f.dir, name)) {
			continue
		}
		if !TenantName().MatchString(name) {
			if f.broken[name] == nil {
				f.broken[name] = errors.New("a tenant's folder is named with small letters, digits, - and _, at most 63")
				f.log.Error("tenant ignored", zap.String("tenant", name), zap.Error(f.broken[name]))
			}
			continue
		}
		present[name], f.seen[name] = true, true
	}
	all := prefixes(f.seen)
	for _, name := range slices.Sorted(maps.Keys(present)) {
		f.loadTenant(ctx, name, rivals(name, all))
	}
	for name := range *f.now.Load() {
		if !present[name] {
			f.remove(name)
		}
	}
	return ctx.Err()
}

// loadTenant reads one tenant if its files or its rivals changed. Caller holds mu.
func (f *Folder) loadTenant(ctx context.Context, name string, others []string) {
	dir := filepath.Join(f.dir, name)
	print, err := f.fingerprint(dir, others)
	old, known := f.prints[name]
	if err == nil && known && print == old {
		return
	}
	var t *transaction.Tenant
	if err == nil {
		same := func() bool { now, err := f.fingerprint(dir, others); return err == nil && now == print }
		if t, err = f.read(ctx, name, dir, others, same); err != nil && !same() {
			err = errChanging // what is wrong may be half of what comes
		}
	}
	if ctx.Err() != nil {
		return // not the tenant's fault, and to be read again
	}
	var e *rulebox.Error
	if errors.Is(err, errChanging) || errors.As(err, &e) && e.Code == rulebox.CodeUnavailable {
		f.log.Debug("tenant not loaded, will be tried again", zap.String("tenant", name), zap.Error(err))
		f.unchecked = true
		return
	}
	f.prints[name] = print
	if err == nil {
		delete(f.broken, name)
		f.set(name, t)
		f.report(t)
		return
	}
	f.broken[name] = err
	if good := f.Tenant(name); good != nil && good.Broken == nil {
		f.log.Error("tenant not changed: its last good version goes on", zap.String("tenant", name), zap.Error(err))
		return
	}
	f.log.Error("tenant does not load: its logins fault", zap.String("tenant", name), zap.Error(err))
	f.set(name, &transaction.Tenant{Name: name, Broken: rulebox.Errorf(rulebox.CodeInvalid, "the scripts of tenant %s did not load", name).
		WithHint("%v", err)})
}

// report logs a tenant that was loaded, and what about it lets every login pass.
func (f *Folder) report(t *transaction.Tenant) {
	name := zap.String("tenant", t.Name)
	scripts := map[rulebox.Kind]int{}
	for trigger, c := range t.Chains {
		for _, s := range c.Scripts {
			if s.Kind != rulebox.KindAction || trigger != rulebox.TriggerLogin { // post-login has them too
				scripts[s.Kind]++
			}
		}
	}
	f.log.Info("tenant loaded", name, zap.Int("rules", scripts[rulebox.KindRule]), zap.Int("actions", scripts[rulebox.KindAction]),
		zap.Int("hooks", scripts[rulebox.KindHook]), zap.Int("database_scripts", scripts[rulebox.KindDBScript]))
	if t.Bypass {
		f.log.Warn("custom_code is false in "+settingsFile+": every login of the tenant passes and no script runs", name)
	} else if len(t.Chains[rulebox.TriggerLogin].Scripts) == 0 {
		f.log.Warn("the tenant has no enabled rules and no post-login actions: every login passes", name)
	}
}

// tooDeep returns an error if dir looks like one tenant instead of the folder of
// all: its parts would be taken for tenants without rules, whose logins all pass.
func tooDeep(dir string) error {
	wrong := fmt.Errorf("tenants folder: %s looks like one tenant; name its parent, the folder with one folder a tenant", dir)
	if info, err := os.Stat(filepath.Join(dir, settingsFile)); err == nil && info.Mode().IsRegular() {
		return wrong
	}
	for _, part := range []string{"rules", "rules-configs", "actions", "action-modules", "triggers", "hooks"} {
		entries, _ := os.ReadDir(filepath.Join(dir, part)) // there may be none
		for _, e := range entries {
			ext := filepath.Ext(e.Name())
			if (ext == ".js" || ext == ".wasm" || ext == ".json") && e.Name() != settingsFile && e.Name() != "config.json" && e.Name() != "tenant.json" {
				return wrong
			}
		}
	}
	return nil
}

func (f *Folder) read(ctx context.Context, name, dir string, others []string, same func() bool) (*transaction.Tenant, error) {
	environ, err := own(name, f.environ, others)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	l := &loader{name: name, root: root, environ: environ, same: same, checkEgress: f.CheckEgress, checkModule: f.CheckModule, checkAdapters: f.CheckAdapters}
	t, err := l.load(ctx, f.check)
	if err == nil {
		f.grantModules(t, l.settings)
		l.warnDenied(t)
		for _, text := range l.warnings {
			f.log.Warn("tenant: "+text, zap.String("tenant", name))
		}
	}
	return t, err
}

func (f *Folder) set(name string, t *transaction.Tenant) {
	next := maps.Clone(*f.now.Load())
	next[name] = t
	f.now.Store(&next)
}

func (f *Folder) remove(name string) {
	next := maps.Clone(*f.now.Load())
	delete(next, name)
	f.now.Store(&next)
	delete(f.prints, name)
	delete(f.broken, name)
	f.log.Info("tenant removed", zap.String("tenant", name))
}

// Run follows the folder until ctx ends.
func (f *Folder) Run(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		f.log.Warn("no file notifications: the tenants folder is compared every few seconds", zap.Error(err))
		w = &fsnotify.Watcher{}
	} else {
		defer w.Close()
	}
	watch := func() {
		if w.Events == nil {
			return
		}
		if f.Packages != nil {
			_ = w.Add(f.Packages.Dir()) // it may not be there yet
		}
		_ = w.Add(f.dir) // a folder that cannot be watched is found by the sweep
		entries, _ := os.ReadDir(f.dir)
		for _, e := range entries {
			_ = walk(filepath.Join(f.dir, e.Name()), func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					_ = w.Add(path)
				}
				return nil
			})
		}
	}
	watch()
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.Events:
			quiet.Reset(settle)
			continue
		case err := <-w.Errors:
			f.log.Warn("file notifications", zap.Error(err))
			quiet.Reset(settle)
			continue
		case <-quiet.C:
		case <-tick.C:
		}
		watch()
		if err := f.Load(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("tenants not read: the last good versions go on", zap.Error(err))
		}
	}
}

// fingerprint changes when a file of the tenant does, or its rivals or the
// operator's packages do.
func (f *Folder) fingerprint(dir string, rivals []string) (uint64, error) {
	h := fnv.New64a()
	if f.Packages != nil {
		fmt.Fprintf(h, "%d\n", f.Packages.fingerprint())
	}
	fmt.Fprintf(h, "%q\n", rivals)
	err := walk(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed since, or a link to nowhere: the loader will say
		}
		if err != nil {
			return err
		}
		size := info.Size()
		if info.IsDir() {
			size = 0
		}
		fmt.Fprintf(h, "%s %d %d %v\n", path, size, info.ModTime().UnixNano(), info.IsDir())
		return nil
	})
	return h.Sum64(), err
}

// walk is filepath.WalkDir for a folder that may be a symbolic link itself, as
// deployments switch from one version to the next.
func walk(dir string, visit fs.WalkDirFunc) error {
	target, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(target, visit)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
