package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/transaction"
)

const (
	// maxFile bounds one file of a tenant's folder, in bytes.
	maxFile = 1 << 20
	// maxScripts is how many scripts a worker takes as one chain.
	maxScripts = 256
)

// A CheckFunc compiles a script in a jailed process and returns nil or what is
// wrong with it.
type CheckFunc func(ctx context.Context, s *rulebox.Script) error

// A fileError is what is wrong with one file of a tenant's folder.
type fileError struct {
	file string
	err  error
}

func (e *fileError) Error() string { return e.file + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

func inFile(file string, err error) error {
	if err == nil {
		return nil
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err // the path is said already
	}
	return &fileError{file, err}
}

// loader reads one tenant's folder, all of it or an error. Nothing outside the
// folder can be reached through it, by .. or by symbolic link.
type loader struct {
	name    string
	root    *os.Root
	environ []string
	// same says whether the files are still those that stood there when reading
	// began.
	same        func() bool
	checkEgress func([]string) error // may be nil
	// checkModule says what is wrong with a declared dependency; it may be nil.
	checkModule func(name, version string) (warning string, err error)
	// checkAdapters says what is wrong with rulebox.json's adapters; it may be nil.
	checkAdapters func(map[string]json.RawMessage) error
	keywords      keywords
	settings      *settings
	reads         map[string]bool    // the files that were read
	claims        map[string][]claim // by the variable that is the owner's own
	warnings      []string           // for the log: what does no harm here
	triggersFile  string             // says which actions run
	missing       []lack             // values that files name and nothing supplies
}

// warn notes a warning if there is cause.
func (l *loader) warn(cause bool, format string, args ...any) {
	if cause {
		l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
	}
}

// errChanging says that files were written while they were read: what was read
// may be half of one version and half of the next.
var errChanging = errors.New("its files change while they are read")

// load returns the tenant's snapshot. Its errors quote no value of a placeholder.
func (l *loader) load(ctx context.Context, check CheckFunc) (*transaction.Tenant, error) {
	t, err := l.loadAll(ctx, check)
	if errors.Is(err, errChanging) || rulebox.CodeOf(err) == rulebox.CodeUnavailable {
		return t, err
	}
	if err = l.withMissing(err); err == nil {
		return t, nil
	}
	return nil, l.keywords.mask(err)
}

func (l *loader) loadAll(ctx context.Context, check CheckFunc) (*transaction.Tenant, error) {
	if err := l.prepare(); err != nil {
		return nil, err
	}
	limits, err := l.settings.limits()
	if err != nil {
		return nil, inFile(settingsFile, err)
	}
	if l.checkEgress != nil {
		if err := l.checkEgress(l.settings.Egress); err != nil {
			return nil, inFile(settingsFile, fmt.Errorf("egress: %w", err))
		}
	}
	adapters, err := l.adapters()
	if err != nil {
		return nil, inFile(settingsFile, err)
	}
	p, err := l.parts()
	if err != nil {
		return nil, err
	}
	if !l.same() {
		return nil, errChanging
	}
	wrong := l.checkAll(ctx, p, check)
	if wrong != nil && (rulebox.CodeOf(wrong) == rulebox.CodeUnavailable || ctx.Err() != nil) {
		return nil, wrong
	}
	t := &transaction.Tenant{
		Name:           l.name,
		OnFault:        transaction.Policy(l.settings.OnFault),
		UnauthorizedAs: l.settings.UnauthorizedError,
		Bypass:         l.settings.CustomCode != nil && !*l.settings.CustomCode,
		ApplyMetadata:  l.settings.ApplyMetadata,
		Adapters:       adapters,
		Connections:    map[string]*transaction.Connection{},
	}
	for _, d := range p.databases {
		t.Connections[d.connection.Name] = d.connection
	}
	t.Chains, err = l.chains(p, limits) // notes what is missing, whatever else is wrong
	if err = cmp.Or(wrong, err); err != nil {
		return nil, err
	}
	l.warnUnset(p)
	l.warnUnbound(p)
	return t, l.warnFolders()
}

// prepare reads what the other files depend on: placeholder values and settings.
func (l *loader) prepare() error {
	l.keywords, l.reads = keywords{}, map[string]bool{}
	if _, err := l.root.Stat("tenant.yaml"); err == nil {
		return inFile("tenant.yaml", errors.New("the YAML form of an export is not read: export with a0deploy export --format=directory"))
	}
	if text, err := l.read("config.json"); err == nil {
		if l.keywords, err = parseMappings(text); err != nil {
			return inFile("config.json", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return inFile("config.json", err)
	}
	if err := l.keywords.add(environment(l.name, l.environ)); err != nil {
		return err
	}
	text, err := l.read(settingsFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inFile(settingsFile, err)
	}
	l.settings = &settings{}
	if err != nil {
		return nil // there is no such file: all defaults
	}
	if err = l.lacks(settingsFile, l.document(text, l.settings)); err != nil {
		return inFile(settingsFile, err)
	}
	return inFile(settingsFile, l.settings.validate())
}

// configuration reads rules-configs/*.json; the environment adds and overrides.
func (l *loader) configuration() (map[string]string, error) {
	configuration := map[string]string{}
	files, err := l.list("rules-configs", ".json")
	if err != nil {
		return nil, err
	}
	from := map[string]string{}
	values := map[string]bool{}
	for key := range environment(l.name, l.environ) {
		values[key] = true
	}
	for _, file := range files {
		var c struct {
			Key   string  `json:"key"`
			Value *string `json:"value"`
		}
		text, err := l.read(file)
		if err == nil {
			err = l.document(text, &c)
		}
		if unset := (*unsetError)(nil); errors.As(err, &unset) && values[c.Key] {
			err = nil // the environment overrides what stands in the file
		}
		err = l.lacks(file, err)
		if c.Value != nil && *c.Value == notShown {
			c.Value = nil
		}
		if err == nil && c.Key == "" {
			err = errors.New(`"key" is missing; the file is like {"key": "API_KEY", "value": "…"}`)
		}
		if other, ok := from[c.Key]; ok && err == nil {
			err = fmt.Errorf("the key %q is also that of %s", c.Key, other)
		}
		if err == nil && c.Value == nil && !values[c.Key] {
			err = l.lacks(file, &valueError{
				text: fmt.Sprintf(`"value" is missing; put it here or into the environment as %s%s`, envPrefix(l.name), c.Key),
				what: `"value"`, from: envPrefix(l.name) + c.Key,
			})
		}
		if err != nil {
			return nil, inFile(file, err)
		}
		from[c.Key] = file
		if c.Value != nil {
			configuration[c.Key] = *c.Value
		}
	}
	for key, value := range environment(l.name, l.environ) {
		configuration[key] = value
	}
	return configuration, nil
}

// ruleFile is rules/<name>.json of the deploy CLI.
type ruleFile struct {
	Name    string   `json:"name"`
	Order   *float64 `json:"order"`
	Enabled *bool    `json:"enabled"`
	Stage   string   `json:"stage"`
	Script  string   `json:"script"`
	ID      string   `json:"id"`
}

type rule struct {
	ruleFile
	file   string // what says its name and order
	source string
	script *rulebox.Script
}

// ruleName is the pattern of Auth0's rule names, with the underscore and the dot
// that file names may bring.
var ruleName = pattern.New(`^[a-zA-Z0-9]([ \-_.a-zA-Z0-9]*[a-zA-Z0-9])?$`)

// rules reads rules/*.json and the scripts they name, and rules/*.js and *.wasm that
// no .json names, and returns them in order.
func (l *loader) rules() ([]*rule, error) {
	metas, err := l.list("rules", ".json")
	if err != nil {
		return nil, err
	}
	sources, err := l.sources("rules")
	if err != nil {
		return nil, err
	}
	var all []*rule
	named := map[string]bool{}
	for _, file := range metas {
		r, source, err := l.ruleMeta(file)
		if err != nil {
			return nil, inFile(file, err)
		}
		named[source] = true
		if r.script, err = l.script(r.Name, source); err != nil {
			return nil, inFile(file, fmt.Errorf("its script %w", err))
		}
		r.source = source
		all = append(all, r)
	}
	for _, file := range sources {
		if named[file] {
			continue
		}
		r := &rule{file: file, source: file, ruleFile: ruleFile{Name: strings.TrimSuffix(path.Base(file), path.Ext(file))}}
		if r.script, err = l.script(r.Name, file); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, sortRules(all)
}

// ruleMeta reads one rules/<name>.json and returns it with the path of its
// script, which the file names relative to itself or to the export's root.
func (l *loader) ruleMeta(file string) (*rule, string, error) {
	text, err := l.read(file)
	if err != nil {
		return nil, "", err
	}
	r := &rule{file: file}
	if err := l.lacks(file, l.document(text, &r.ruleFile)); err != nil {
		return nil, "", err
	}
	if r.Name == "" {
		r.Name = strings.TrimSuffix(path.Base(file), ".json")
	}
	if !ruleName().MatchString(r.Name) {
		return nil, "", fmt.Errorf("name %q: use letters, digits, blanks, dots and hyphens, with a letter or digit at both ends", r.Name)
	}
	if r.Order != nil && *r.Order < 0 {
		return nil, "", fmt.Errorf("order is %v; it must not be negative", *r.Order)
	}
	if r.Stage != "" && r.Stage != "login_success" {
		return nil, "", fmt.Errorf("stage %q is not supported; rules run at login_success", r.Stage)
	}
	source, err := l.sourceOf(path.Join("rules", strings.TrimSuffix(path.Base(file), ".json")))
	if err != nil && r.Script == "" {
		return nil, "", err
	}
	if r.Script != "" {
		source = path.Join("rules", r.Script)
		if strings.HasPrefix(path.Clean(r.Script), "rules/") {
			source = path.Clean(r.Script)
		}
	}
	return r, source, nil
}

// script reads one source.
func (l *loader) script(name, file string) (*rulebox.Script, error) {
	text, err := l.read(file)
	if err != nil {
		return nil, inFile(file, err)
	}
	s, err := l.scriptOf(rulebox.KindRule, name, file, text)
	return s, inFile(file, err)
}

// sortRules orders by the number, rules without one last, by name. Two enabled
// rules of the same number have no order.
func sortRules(rules []*rule) error {
	slices.SortStableFunc(rules, func(a, b *rule) int {
		switch {
		case a.Order != nil && b.Order != nil && *a.Order != *b.Order:
			if *a.Order < *b.Order {
				return -1
			}
			return 1
		case a.Order != nil && b.Order == nil:
			return -1
		case a.Order == nil && b.Order != nil:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	for i := 1; i < len(rules); i++ {
		a, b := rules[i-1], rules[i]
		if a.Order != nil && b.Order != nil && *a.Order == *b.Order {
			return inFile(b.file, fmt.Errorf("order %v is also that of %s; give each rule its own", *b.Order, a.file))
		}
	}
	seen := map[string]string{}
	for _, r := range rules {
		if other, ok := seen[r.Name]; ok {
			return inFile(r.file, fmt.Errorf("the name %q is also that of %s", r.Name, other))
		}
		seen[r.Name] = r.file
	}
	return nil
}

// list returns the files of a folder with the suffix, sorted; none if there is
// no such folder.
func (l *loader) list(dir, suffix string) ([]string, error) {
	entries, err := fs.ReadDir(l.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, inFile(dir, err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), suffix) && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	return files, nil
}

func (l *loader) read(file string) ([]byte, error) {
	l.reads[file] = true
	// A pipe would be waited for, for ever, and all tenants with it.
	f, err := l.root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	limit := limitOf(file)
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("larger than %d KiB", limit>>10)
	}
	return text, nil
}
