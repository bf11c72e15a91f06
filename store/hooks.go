package store

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/trigger"
)

// hookFile is hooks/<name>.json of the deploy CLI.
type hookFile struct {
	Name         string            `json:"name"`
	TriggerID    string            `json:"triggerId"`
	Script       string            `json:"script"`
	Enabled      *bool             `json:"enabled"`
	Secrets      map[string]string `json:"secrets"`
	Dependencies map[string]string `json:"dependencies"`
}

type hook struct {
	part
	point   string
	enabled bool
}

// hooks reads hooks/*.json and their scripts. At each extensibility point one may
// be enabled.
func (l *loader) hooks() ([]*hook, error) {
	files, err := l.list("hooks", ".json")
	if err != nil {
		return nil, err
	}
	var all []*hook
	enabled, named := map[string]*hook{}, map[string]*hook{}
	for _, file := range files {
		h, err := l.hook(file)
		if err != nil {
			return nil, inFile(file, err)
		}
		if other := named[h.Name]; other != nil {
			return nil, inFile(file, fmt.Errorf("the name %q is also that of %s", h.Name, other.file))
		}
		if other := enabled[h.point]; h.enabled && other != nil {
			return nil, inFile(file, fmt.Errorf("%s is enabled at %s too; one hook may be", other.file, h.point))
		}
		named[h.Name] = h
		if h.enabled {
			enabled[h.point] = h
		}
		all = append(all, h)
	}
	return all, nil
}

func (l *loader) hook(file string) (*hook, error) {
	var f hookFile
	if err := l.export(file, &f, "name", "triggerId", "script", "enabled", "secrets", "dependencies"); err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(path.Base(file), ".json")
	h := &hook{part: part{file: file}, point: f.TriggerID, enabled: f.Enabled == nil || *f.Enabled}
	if h.Name = f.Name; h.Name == "" {
		h.Name = base
	}
	if !scriptName().MatchString(h.Name) {
		return nil, fmt.Errorf("name %q: it must have 1 to 128 characters, no slash and no control character", h.Name)
	}
	if err := checkPoint(h); err != nil {
		return nil, err
	}
	h.source = path.Join("hooks", base+".js")
	if f.Script != "" {
		h.source = path.Join("hooks", f.Script)
		if strings.HasPrefix(path.Clean(f.Script), "hooks/") {
			h.source = path.Clean(f.Script)
		}
	}
	text, err := l.read(h.source)
	if err != nil {
		return nil, fmt.Errorf("its script %w", inFile(h.source, err))
	}
	whole, err := l.keywords.replace(text)
	if err != nil {
		return nil, fmt.Errorf("its script %w", inFile(h.source, err))
	}
	h.script = rulebox.NewScript(rulebox.KindHook, h.Name, string(whole))
	for _, name := range slices.Sorted(maps.Keys(f.Secrets)) {
		value := f.Secrets[name]
		h.Secrets = append(h.Secrets, secretValue{name, &value})
	}
	for _, name := range slices.Sorted(maps.Keys(f.Dependencies)) {
		h.Dependencies = append(h.Dependencies, dependency{Name: name, Version: f.Dependencies[name]})
	}
	l.warn(len(h.Secrets) > hookSecrets, "%s: %d secrets; Auth0 takes %d", file, len(h.Secrets), hookSecrets)
	_, err = l.dependencies(h.Dependencies)
	return h, err
}

func checkPoint(h *hook) error {
	switch {
	case slices.Contains(trigger.Points, h.point):
		return nil
	case h.point == "":
		return errors.New(`"triggerId" is missing; it is one of ` + strings.Join(trigger.Points, ", "))
	case !h.enabled:
		return nil // what does not run harms nobody
	}
	if n := near.Name(h.point, trigger.Points); n != "" {
		return fmt.Errorf("there is no extensibility point %q; did you mean %q?", h.point, n)
	}
	return fmt.Errorf("there is no extensibility point %q; there are %s", h.point, strings.Join(trigger.Points, ", "))
}
