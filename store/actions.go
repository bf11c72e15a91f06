package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/internal/trigger"
)

// What Auth0 takes; more is told in the log, and runs.
const (
	actionCode      = 100_000 // bytes
	moduleCode      = 65_536
	actionSecrets   = 30
	hookSecrets     = 20
	actionPackages  = 10
	actionModules   = 3
	triggerActions  = 20
	challengeLimit  = 4 // of password-reset-post-challenge
	secretNameBytes = 128
	secretBytes     = 4096
)

// scriptName is what actions, modules and hooks may be called: it stands in logs
// and in stack traces.
var scriptName = pattern.New(`^[^\x00-\x1f/\\]{1,128}$`)

// dependency is {name, version} of exports.
type dependency struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Registry string `json:"registry_url"`
}

// codeFile is what actions/<name>.json and action-modules/<name>.json have in
// common.
type codeFile struct {
	Name         string        `json:"name"`
	Code         string        `json:"code"`
	Dependencies []dependency  `json:"dependencies"`
	Secrets      []secretValue `json:"secrets"`
}

// actionFile is actions/<name>.json of the deploy CLI.
type actionFile struct {
	codeFile
	Deployed          *bool `json:"deployed"`
	SupportedTriggers []struct {
		ID string `json:"id"`
	} `json:"supported_triggers"`
	Modules *[]struct {
		Name string `json:"module_name"`
	} `json:"modules"`
}

// A part is a script of a tenant with what was granted to it.
type part struct {
	codeFile
	file   string // the .json
	source string // the .js
	script *rulebox.Script
}

type action struct {
	part
	deployed bool
	supports []string
	modules  []string // nil for those that its code names
}

// export decodes a file of an export, which holds much that is not ours. A member
// whose name is near a known one is a mistake.
func (l *loader) export(file string, v any, known ...string) error {
	text, err := l.read(file)
	if err != nil {
		return err
	}
	var members map[string]any
	if err := l.lacks(file, l.documentAs(looseJSON, text, &members)); err != nil {
		return err
	}
	for name := range members {
		if n := near.Name(name, known); n != "" && n != name {
			return fmt.Errorf("unknown field %q; did you mean %q?", name, n)
		}
	}
	return l.lacks(file, l.documentAs(looseJSON, text, v))
}

// actions reads actions/*.json and their code.
func (l *loader) actions() (map[string]*action, error) {
	files, err := l.list("actions", ".json")
	if err != nil {
		return nil, err
	}
	all := map[string]*action{}
	for _, file := range files {
		a, err := l.action(file)
		if err != nil {
			return nil, inFile(file, err)
		}
		if other, ok := all[a.Name]; ok {
			return nil, inFile(file, fmt.Errorf("the name %q is also that of %s", a.Name, other.file))
		}
		all[a.Name] = a
	}
	return all, l.orphans("actions", files)
}

func (l *loader) action(file string) (*action, error) {
	var f actionFile
	if err := l.export(file, &f, "name", "code", "dependencies", "secrets", "deployed", "supported_triggers", "modules"); err != nil {
		return nil, err
	}
	a := &action{part: part{codeFile: f.codeFile, file: file}, deployed: f.Deployed == nil || *f.Deployed}
	for _, t := range f.SupportedTriggers {
		a.supports = append(a.supports, t.ID)
	}
	if f.Modules != nil {
		a.modules = []string{}
		for _, m := range *f.Modules {
			a.modules = append(a.modules, m.Name)
		}
		l.warn(len(a.modules) > actionModules, "%s: %d modules; Auth0 takes %d", file, len(a.modules), actionModules)
	}
	return a, l.code(&a.part, "actions", rulebox.KindAction, actionCode)
}

// modules reads action-modules/*.json and their code.
func (l *loader) modules() (map[string]*part, error) {
	files, err := l.list("action-modules", ".json")
	if err != nil {
		return nil, err
	}
	all := map[string]*part{}
	for _, file := range files {
		m := &part{file: file}
		err := l.export(file, &m.codeFile, "name", "code", "dependencies", "secrets")
		if err == nil {
			err = l.code(m, "action-modules", rulebox.KindModule, moduleCode)
		}
		if err != nil {
			return nil, inFile(file, err)
		}
		if other, ok := all[m.Name]; ok {
			return nil, inFile(file, fmt.Errorf("the name %q is also that of %s", m.Name, other.file))
		}
		all[m.Name] = m
	}
	return all, l.orphans("action-modules", files)
}

// code reads the source of an action or a module and looks at what is declared.
func (l *loader) code(p *part, folder string, kind rulebox.Kind, size int) error {
	base := strings.TrimSuffix(path.Base(p.file), ".json")
	if p.Name == "" {
		p.Name = base
	}
	if !scriptName().MatchString(p.Name) {
		return fmt.Errorf("name %q: it must have 1 to 128 characters, no slash and no control character", p.Name)
	}
	switch {
	case p.Code == "":
		var err error
		if p.source, err = l.sourceOf(path.Join(folder, base, "code")); err != nil {
			return err
		}
	case strings.HasPrefix(path.Clean(p.Code), folder+"/"):
		p.source = path.Clean(p.Code)
	default:
		p.source = path.Join(folder, p.Code)
	}
	text, err := l.codeText(p, path.Join(folder, base))
	if err != nil {
		return err
	}
	if p.script, err = l.scriptOf(kind, p.Name, p.source, text); err != nil {
		return inFile(p.source, err)
	}
	l.warn(len(text) > size && !isWASM(p.script), "%s: %d bytes; Auth0 takes %d", p.source, len(text), size)
	l.warn(len(p.Secrets) > actionSecrets, "%s: %d secrets; Auth0 takes %d", p.file, len(p.Secrets), actionSecrets)
	l.warn(len(p.Dependencies) > actionPackages, "%s: %d dependencies; Auth0 takes %d", p.file, len(p.Dependencies), actionPackages)
	_, err = l.dependencies(p.Dependencies)
	return err
}

// codeText reads p.source. Older deploy CLIs write paths that begin with the folder
// that they exported to: then the code is in beside, the folder named as the .json.
func (l *loader) codeText(p *part, beside string) ([]byte, error) {
	text, err := l.read(p.source)
	if errors.Is(err, fs.ErrNotExist) && p.Code == "" {
		return nil, fmt.Errorf("%q is missing, and there is no %s", "code", p.source)
	}
	code := path.Clean(p.Code)
	sibling := path.Join(beside, path.Base(code))
	if err != nil && strings.HasSuffix(code, "/"+sibling) && sibling != p.source {
		other, siblingErr := l.read(sibling)
		if siblingErr == nil {
			p.source = sibling
			return other, nil
		}
		if errors.Is(siblingErr, fs.ErrNotExist) {
			return nil, fmt.Errorf("its code %q: there is no such file, and no %s", p.Code, sibling)
		}
		return nil, fmt.Errorf("its code %w", inFile(sibling, siblingErr))
	}
	if err != nil && p.Code != "" && p.Code != p.source {
		return nil, fmt.Errorf("its code %w (it says %q)", inFile(p.source, err), p.Code)
	}
	if err != nil {
		return nil, fmt.Errorf("its code %w", inFile(p.source, err))
	}
	return text, nil
}

// dependencies returns the declared versions by name. One that the table of
// modules does not have is an error.
func (l *loader) dependencies(list []dependency) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m := make(map[string]string, len(list))
	for _, d := range list {
		if d.Name == "" {
			return nil, errors.New(`dependencies: a "name" is missing`)
		}
		if _, ok := m[d.Name]; ok {
			return nil, fmt.Errorf("dependencies: %q stands there twice", d.Name)
		}
		if d.Version == "" {
			d.Version = "latest"
		}
		if l.checkModule != nil {
			warning, err := l.checkModule(d.Name, d.Version)
			if err != nil {
				return nil, fmt.Errorf("dependencies: %w", err)
			}
			l.warn(warning != "" && !slices.Contains(l.warnings, warning), "%s", warning)
		}
		m[d.Name] = d.Version
	}
	return m, nil
}

// orphans returns an error for code that no .json beside its folder is about.
func (l *loader) orphans(folder string, files []string) error {
	entries, err := fs.ReadDir(l.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return inFile(folder, err)
	}
	for _, e := range entries {
		about := path.Join(folder, e.Name()) + ".json"
		if !e.IsDir() || slices.Contains(files, about) {
			continue
		}
		for _, name := range []string{"code.js", "code.wasm"} {
			code := path.Join(folder, e.Name(), name)
			if _, err := fs.Stat(l.root.FS(), code); err == nil && !l.reads[code] {
				return inFile(code, fmt.Errorf("there is no %s, which would say what it is", about))
			}
		}
	}
	return nil
}

// bindings reads the triggers' lists of actions.
func (l *loader) bindings(actions map[string]*action) (map[string][]*action, error) {
	files, err := l.list("triggers", ".json")
	if err != nil {
		return nil, err
	}
	if len(files) > 1 {
		return nil, inFile("triggers", fmt.Errorf("there are %s; the deploy CLI reads one, so keep one", strings.Join(files, " and ")))
	}
	bound := map[string][]*action{}
	l.triggersFile = "triggers/triggers.json"
	if len(files) == 1 {
		l.triggersFile = files[0]
		if bound, err = l.bound(files[0], actions); err != nil {
			return nil, inFile(files[0], err)
		}
	}
	return bound, l.entityBound(bound, actions)
}

func (l *loader) bound(file string, actions map[string]*action) (map[string][]*action, error) {
	text, err := l.read(file)
	if err != nil {
		return nil, err
	}
	var lists map[string][]struct {
		ActionName  string `json:"action_name"`
		DisplayName string `json:"display_name"`
	}
	if err := l.lacks(file, l.documentAs(looseJSON, text, &lists)); err != nil {
		return nil, err
	}
	bound := map[string][]*action{}
	for name, list := range lists {
		if len(list) == 0 {
			continue // exports list all triggers there are
		}
		if !slices.Contains(trigger.Actions(), name) {
			err := fmt.Errorf("there is no trigger %q; there are %s", name, strings.Join(trigger.Actions(), ", "))
			if n := near.Name(name, trigger.Actions()); n != "" {
				err = fmt.Errorf("there is no trigger %q; did you mean %q?", name, n)
			}
			return nil, err
		}
		for _, b := range list {
			a := actions[b.ActionName]
			switch {
			case b.ActionName == "":
				return nil, fmt.Errorf("%s: an entry has no action_name", name)
			case a == nil:
				return nil, fmt.Errorf("%s: %w", name, noAction(b.ActionName, actions))
			case !a.deployed:
				return nil, fmt.Errorf("%s: the action %q is not deployed: set deployed in %s, or take it off this list", name, a.Name, a.file)
			case len(a.supports) > 0 && !slices.Contains(a.supports, name):
				return nil, fmt.Errorf("%s: the action %q is for %s, as supported_triggers of %s says", name, a.Name, strings.Join(a.supports, ", "), a.file)
			case slices.Contains(bound[name], a):
				return nil, fmt.Errorf("%s: the action %q stands there twice", name, a.Name)
			}
			bound[name] = append(bound[name], a)
		}
		most := triggerActions
		if name == rulebox.TriggerPostChallenge {
			most = challengeLimit
		}
		l.warn(len(list) > most, "%s: %d actions at %s; Auth0 takes %d", file, len(list), name, most)
	}
	return bound, nil
}

func noAction(name string, actions map[string]*action) error {
	all := slices.Sorted(maps.Keys(actions))
	if n := near.Name(name, all); n != "" {
		return fmt.Errorf("there is no action %q; did you mean %q?", name, n)
	}
	return fmt.Errorf("there is no action %q; there are %q", name, all)
}

// entityBound binds actions to the triggers that exports bind elsewhere, to a
// profile or a stream: the one that is deployed for it, if no list says which.
func (l *loader) entityBound(bound map[string][]*action, actions map[string]*action) error {
	for _, name := range []string{rulebox.TriggerTokenExchange, rulebox.TriggerEventStream} {
		if len(bound[name]) > 0 {
			continue
		}
		for _, a := range slices.SortedFunc(maps.Values(actions), func(a, b *action) int { return strings.Compare(a.Name, b.Name) }) {
			if !a.deployed || !slices.Contains(a.supports, name) {
				continue
			}
			if len(bound[name]) == 1 {
				return inFile(a.file, fmt.Errorf("two actions are for %s, this one and %s: say which in triggers/triggers.json", name, bound[name][0].file))
			}
			bound[name] = append(bound[name], a)
		}
	}
	return nil
}

// binding returns what an action that is bound was granted.
func (l *loader) binding(a *action, modules map[string]*part) (rulebox.Binding, error) {
	b := rulebox.Binding{}
	var err error
	if b.Secrets, b.Dependencies, err = l.grants(&a.part); err != nil {
		return b, inFile(a.file, err)
	}
	named := a.modules
	if named == nil {
		for _, name := range slices.Sorted(maps.Keys(modules)) {
			if strings.Contains(a.script.Source, "actions:"+name) {
				named = append(named, name)
			}
		}
	}
	for _, name := range named {
		m := modules[name]
		if m == nil {
			all := slices.Sorted(maps.Keys(modules))
			err := fmt.Errorf("modules: there is no %q in action-modules; there are %q", name, all)
			if n := near.Name(name, all); n != "" {
				err = fmt.Errorf("modules: there is no %q in action-modules; did you mean %q?", name, n)
			}
			return b, inFile(a.file, err)
		}
		am := rulebox.ActionModule{Name: name, Script: m.script}
		if am.Secrets, am.Dependencies, err = l.grants(m); err != nil {
			return b, inFile(m.file, err)
		}
		b.Modules = append(b.Modules, am)
	}
	return b, nil
}

func (l *loader) grants(p *part) (secrets, dependencies map[string]string, err error) {
	if secrets, err = l.secrets(owner{p.Name, p.file}, p.Secrets); err != nil {
		return nil, nil, err
	}
	for name, value := range secrets {
		l.warn(len(name) > secretNameBytes || len(value) > secretBytes, "%s: the secret %q is longer than Auth0 takes", p.file, name)
	}
	dependencies, err = l.dependencies(p.Dependencies)
	return secrets, dependencies, err
}
