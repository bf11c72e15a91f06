package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/glance"
	"github.com/rulebox/rulebox/internal/near"
)

// A valueError says that a value which a file names is nowhere.
type valueError struct {
	text string // what is said of it alone
	what string // the value, when there are several
	from string // the variables that would supply it
}

func (e *valueError) Error() string { return e.text }

// lack is a value that is missing, with the file that names it.
type lack struct {
	*valueError
	file string
	err  error // what is said of it alone, with the place in the file
}

// lacks notes a value that is missing, for all are told at once, and returns nil.
// Any other error it returns.
func (l *loader) lacks(file string, err error) error {
	var value *valueError
	var unset *unsetError
	switch {
	case errors.As(err, &value):
	case errors.As(err, &unset) && unset.decoded:
		value = &valueError{text: unset.Error(), what: strings.Join(unset.placeholders, ", "), from: strings.Join(unset.variables, " and ")}
	default:
		return err
	}
	one := lack{value, file, inFile(file, err)}
	if !slices.ContainsFunc(l.missing, func(m lack) bool { return m.err.Error() == one.err.Error() }) {
		l.missing = append(l.missing, one)
	}
	return nil
}

// withMissing returns what is wrong with the tenant: err, which may be nil, and the
// values that are missing.
func (l *loader) withMissing(err error) error {
	if len(l.missing) == 0 {
		return err
	}
	told := l.missing[0].err
	if len(l.missing) > 1 {
		var b strings.Builder
		fmt.Fprintf(&b, "%d values are missing; put each into its file, or into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS where the file has ##KEY##, or into the environment:", len(l.missing))
		for i, m := range l.missing {
			fmt.Fprintf(&b, " (%d) %s: %s: %s;", i+1, m.file, m.what, m.from)
		}
		told = errors.New(strings.TrimSuffix(b.String(), ";"))
	}
	// What is wrong because a value is missing is no mistake of its own.
	if err == nil || placeholder().MatchString(err.Error()) {
		return told
	}
	return fmt.Errorf("%w; besides, %w", told, err)
}

// maxLooked is how much source of one tenant is looked at, in bytes: other tenants
// wait for this one to load.
const maxLooked = 512 << 10

// warnUnset tells of scripts that run and read values which nothing supplies: they
// find undefined. It looks at the text only, and tells what is sure.
func (l *loader) warnUnset(p *parts) {
	looked := 0
	look := func(of func(rulebox.Kind, string) glance.Reads, s *rulebox.Script) glance.Reads {
		if looked += len(s.Source); looked > maxLooked {
			return glance.Reads{}
		}
		return of(s.Kind, s.Source)
	}
	for _, r := range p.rules {
		if r.Enabled == nil || *r.Enabled {
			l.unset(r.source, "configuration.", look(glance.Configuration, r.script), p.configuration,
				"rules-configs/NAME.json or the environment as "+envPrefix(l.name)+"NAME")
		}
	}
	secrets := func(part *part, object, file string) {
		declared := map[string]string{}
		for _, s := range part.Secrets {
			declared[s.Name] = ""
		}
		l.unset(part.source, object, look(glance.Secrets, part.script), declared, `"secrets" of `+file)
	}
	for _, a := range boundOnce(p) {
		secrets(&a.part, "event.secrets.", a.file)
	}
	for _, h := range p.hooks {
		if h.enabled {
			secrets(&h.part, "context.webtask.secrets.", h.file)
		}
	}
	for _, d := range p.databases {
		if !d.connection.Enabled {
			continue
		}
		// One line, for they mostly read the same.
		var all glance.Reads
		source := ""
		for _, operation := range slices.Sorted(maps.Keys(d.scripts)) {
			s := d.scripts[operation]
			needed := slices.DeleteFunc(look(glance.Configuration, s.script).Needed, func(name string) bool { _, ok := d.configuration[name]; return ok })
			if len(needed) > 0 {
				all.Needed = append(all.Needed, needed...)
				if source != "" {
					source += " or "
				}
				source += s.source
			}
		}
		slices.Sort(all.Needed)
		all.Needed = slices.Compact(all.Needed)
		l.unset(source, "configuration.", all, d.configuration, "options.configuration of "+d.file)
	}
}

func (l *loader) unset(source, object string, reads glance.Reads, values map[string]string, where string) {
	var names []string
	for _, name := range reads.Needed {
		if _, ok := values[name]; !ok {
			names = append(names, object+name)
		}
	}
	l.warn(len(names) > 0, "%s reads %s, undefined here: values come from %s", source, strings.Join(names, ", "), where)
}

// boundOnce lists the actions that a trigger runs, by name.
func boundOnce(p *parts) (all []*action) {
	for _, list := range p.bound {
		for _, a := range list {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	slices.SortFunc(all, func(a, b *action) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// folders are those that a tenant may have and that are read. elsewhere are some of
// an export's that have names like these.
var (
	folders   = []string{"rules", "rules-configs", "actions", "action-modules", "triggers", "hooks", databases}
	elsewhere = []string{"roles", "connections", "pages", "grants"}
)

// warnFolders tells of folders that are not read and have nearly the name of one
// that is: rules in them do not run, and logins pass.
func (l *loader) warnFolders() error {
	entries, err := fs.ReadDir(l.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || slices.Contains(folders, name) || slices.Contains(elsewhere, name) {
			continue
		}
		n := near.Name(name, folders)
		l.warn(n != "", "the folder %s is not read; did you mean %s?", name, n)
	}
	return nil
}

// warnUnbound tells of actions that are deployed and that no trigger runs.
func (l *loader) warnUnbound(p *parts) {
	bound := boundOnce(p)
	var idle []*action
	for _, a := range p.actions {
		if a.deployed && !slices.Contains(bound, a) {
			idle = append(idle, a)
		}
	}
	if len(idle) == 0 {
		return
	}
	slices.SortFunc(idle, func(a, b *action) int { return strings.Compare(a.Name, b.Name) })
	names := make([]string, len(idle))
	for i, a := range idle {
		names[i] = fmt.Sprintf("%q", a.Name)
	}
	at := rulebox.TriggerPostLogin
	if len(idle[0].supports) > 0 {
		at = idle[0].supports[0]
	}
	run := "no trigger runs the action "
	if len(idle) > 1 {
		run = "no trigger runs the actions "
	}
	l.warn(true, "%s%s: name them in %s, such as {%q: [{\"action_name\": %s}]}, or set deployed to false", run, strings.Join(names, ", "), l.triggersFile, at, names[0])
}
