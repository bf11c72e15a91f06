package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
)

// packagesDir is the folder of the operator's packages in the data folder: for
// each <digest>.js, the package as one module, and <digest>.json, its lock.
const packagesDir = "packages"

// maxPackage bounds the source of a package, in bytes.
const maxPackage = 8 << 20

// packageName and packageVersion keep what comes from a registry from meaning
// something to a file system, a terminal or a script.
var (
	packageName    = pattern.New(`^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)
	packageVersion = pattern.New(`^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$`)
)

// A PackageLock says what a package is and what it was made of.
type PackageLock struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	License string `json:"license,omitempty"`
	// Digest names the source.
	Digest rulebox.Digest `json:"digest"`
	// Size is that of the source, in bytes; Files how many files are in it.
	Size  int `json:"size"`
	Files int `json:"files"`
	// Cold and Warm are the milliseconds that the first require() in a worker
	// took, and one in a worker that has compiled it, when it was added.
	Cold float64 `json:"cold_ms"`
	Warm float64 `json:"warm_ms"`
	// Parts are the npm packages in it, itself first. Provided are those that
	// come from the module table instead, Requires all that it requires there.
	Parts    []PackagePart `json:"parts"`
	Requires []string      `json:"requires,omitempty"`
	// Missing, Browser and Extra are the flags that it was added with.
	Missing []string `json:"missing,omitempty"`
	Browser bool     `json:"browser,omitempty"`
	Extra   []string `json:"extra_parts,omitempty"`
	// Notes tell what was left out of it.
	Notes []string  `json:"notes,omitempty"`
	Added time.Time `json:"added"`
}

// A PackagePart is one npm package of a source.
type PackagePart struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	License   string `json:"license,omitempty"`
	Integrity string `json:"integrity"`
}

// ID is name@version.
func (l *PackageLock) ID() string { return l.Name + "@" + l.Version }

// Packages are the operator's packages in a data folder. It is safe for
// concurrent use.
type Packages struct {
	dir string
	mu  sync.Mutex // one Load at a time
	now atomic.Pointer[packageSet]
}

type packageSet struct {
	print uint64
	locks []PackageLock
	list  []rulebox.Package // in the order of locks
}

// OpenPackages returns the packages of the data folder. It reads nothing before
// Load.
func OpenPackages(dataDir string) *Packages {
	p := &Packages{dir: filepath.Join(dataDir, packagesDir)}
	p.now.Store(&packageSet{})
	return p
}

// Dir is the folder that holds them. It may not be there.
func (p *Packages) Dir() string { return p.dir }

// Load reads what has changed. What is wrong with one package leaves the others
// alone: they are there when it returns.
func (p *Packages) Load() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	print, files, err := p.scan()
	if err != nil {
		return fmt.Errorf("packages folder: %w", err)
	}
	if print == p.now.Load().print {
		return nil
	}
	next := &packageSet{print: print}
	var wrong []error
	for _, file := range files {
		lock, source, err := p.read(file)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w; remove the file, and add the package again", filepath.Join(p.dir, file), err))
			continue
		}
		next.locks = append(next.locks, *lock)
		next.list = append(next.list, rulebox.Package{
			Name: lock.Name, Version: lock.Version,
			Script: &rulebox.Script{Name: lock.ID(), Kind: rulebox.KindPackage, Source: source, Digest: lock.Digest},
		})
	}
	p.now.Store(next)
	return errors.Join(wrong...)
}

// scan lists the locks, and a number that changes when one does.
func (p *Packages) scan() (print uint64, files []string, err error) {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	h := fnv.New64a()
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if ext != ".json" && ext != ".js" || e.Name()[0] == '.' {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // removed since
		}
		fmt.Fprintf(h, "%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		if ext == ".json" {
			files = append(files, e.Name())
		}
	}
	return h.Sum64() | 1, files, nil
}

// read returns one package, its source verified by digest.
func (p *Packages) read(file string) (*PackageLock, string, error) {
	text, err := readBounded(filepath.Join(p.dir, file), maxFile)
	if err != nil {
		return nil, "", err
	}
	lock := &PackageLock{}
	if err := json.Unmarshal(text, lock); err != nil {
		return nil, "", fmt.Errorf("it is no lock of a package: %w", jsonError(text, err))
	}
	if err := lock.check(); err != nil {
		return nil, "", err
	}
	if file != string(lock.Digest)+".json" {
		return nil, "", errors.New("its name is not the digest that it holds")
	}
	source, err := readBounded(filepath.Join(p.dir, string(lock.Digest)+".js"), maxPackage)
	if err != nil {
		return nil, "", fmt.Errorf("the source of %s: %w", lock.ID(), err)
	}
	if rulebox.DigestOf(rulebox.KindPackage, string(source)) != lock.Digest {
		return nil, "", fmt.Errorf("the source of %s is not the one that was added", lock.ID())
	}
	return lock, string(source), nil
}

var digestForm = pattern.New(`^[0-9a-f]{64}$`)

func (l *PackageLock) check() error {
	switch {
	case !packageName().MatchString(l.Name) || len(l.Name) > 214:
		return fmt.Errorf("name %.80q is no package name", l.Name)
	case !packageVersion().MatchString(l.Version) || len(l.Version) > 128:
		return fmt.Errorf("version %.80q is no version", l.Version)
	case !digestForm().MatchString(string(l.Digest)):
		return fmt.Errorf("digest %.80q is no digest", string(l.Digest))
	}
	return nil
}

func readBounded(path string, max int) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > int64(max):
		return nil, fmt.Errorf("it is larger than %d KiB", max>>10)
	}
	return os.ReadFile(path)
}

// List returns the locks, by name and version.
func (p *Packages) List() []PackageLock {
	locks := slices.Clone(p.now.Load().locks)
	slices.SortFunc(locks, func(a, b PackageLock) int { return strings.Compare(a.Name+"@"+a.Version, b.Name+"@"+b.Version) })
	return locks
}

// All returns every package.
func (p *Packages) All() []rulebox.Package { return p.now.Load().list }

// Has reports whether there is a package of the name.
func (p *Packages) Has(name string) bool {
	return slices.ContainsFunc(p.now.Load().list, func(k rulebox.Package) bool { return k.Name == name })
}

// print changes when the packages do.
func (p *Packages) fingerprint() uint64 { return p.now.Load().print }

// For returns the packages that the chain's scripts may require: those whose name
// stands in a source, or among the declared dependencies. Scripts are not parsed
// for it.
func (p *Packages) For(c *rulebox.Chain) []rulebox.Package {
	var sources []string
	declared := map[string]bool{}
	note := func(s *rulebox.Script, dependencies map[string]string) {
		if s != nil {
			sources = append(sources, s.Source)
		}
		for name := range dependencies {
			declared[name] = true
		}
	}
	for _, s := range c.Scripts {
		note(s, nil)
	}
	for i := range c.Bindings {
		note(nil, c.Bindings[i].Dependencies)
		for _, m := range c.Bindings[i].Modules {
			note(m.Script, m.Dependencies)
		}
	}
	var list []rulebox.Package
	for _, k := range p.now.Load().list {
		if declared[k.Name] || slices.ContainsFunc(sources, func(s string) bool { return strings.Contains(s, k.Name) }) {
			list = append(list, k)
		}
	}
	return list
}

// Put stores a package. One of the same name and version is replaced. The lock's
// digest and size are set from the source.
func (p *Packages) Put(lock PackageLock, source string) error {
	lock.Digest, lock.Size = rulebox.DigestOf(rulebox.KindPackage, source), len(source)
	if err := lock.check(); err != nil {
		return err
	}
	if len(source) > maxPackage {
		return fmt.Errorf("%s is %d bytes; at most %d are stored", lock.ID(), len(source), maxPackage)
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("packages folder: %w", err)
	}
	text, err := json.MarshalIndent(lock, "", "  ")
	if err != nil {
		return err
	}
	old := p.find(lock.Name, lock.Version)
	if err := WriteFile(p.path(lock.Digest, ".js"), []byte(source), 0o600); err != nil {
		return err
	}
	if err := WriteFile(p.path(lock.Digest, ".json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	for _, digest := range old {
		if digest != lock.Digest {
			if err := p.erase(digest); err != nil {
				return err
			}
		}
	}
	return p.Load()
}

// Remove takes a package away; an empty version means all of the name.
func (p *Packages) Remove(name, version string) error {
	for _, digest := range p.find(name, version) {
		if err := p.erase(digest); err != nil {
			return err
		}
	}
	return p.Load()
}

func (p *Packages) path(d rulebox.Digest, ext string) string {
	return filepath.Join(p.dir, string(d)+ext)
}

// erase removes the lock before the source: a lock without a source is an error.
func (p *Packages) erase(d rulebox.Digest) error {
	return errors.Join(os.Remove(p.path(d, ".json")), os.Remove(p.path(d, ".js")))
}

func (p *Packages) find(name, version string) []rulebox.Digest {
	var found []rulebox.Digest
	for _, l := range p.now.Load().locks {
		if l.Name == name && (version == "" || l.Version == version) {
			found = append(found, l.Digest)
		}
	}
	return found
}
