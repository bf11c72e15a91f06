package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/glance"
	"github.com/rulebox/rulebox/internal/trigger"
)

// parts are the scripts of a tenant as its files have them.
type parts struct {
	configuration map[string]string
	rules         []*rule
	actions       map[string]*action
	modules       map[string]*part
	bound         map[string][]*action // by trigger
	hooks         []*hook
	databases     []*database
}

func (l *loader) parts() (p *parts, err error) {
	p = &parts{}
	if p.configuration, err = l.configuration(); err != nil {
		return nil, err
	}
	if p.rules, err = l.rules(); err != nil {
		return nil, err
	}
	if p.modules, err = l.modules(); err != nil {
		return nil, err
	}
	if p.actions, err = l.actions(); err != nil {
		return nil, err
	}
	if p.bound, err = l.bindings(p.actions); err != nil {
		return nil, err
	}
	if p.hooks, err = l.hooks(); err != nil {
		return nil, err
	}
	if p.databases, err = l.databases(); err != nil {
		return nil, err
	}
	l.claim(p)
	for _, d := range p.databases {
		if err := l.configure(d); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// checkAll compiles every script, also those that are switched off.
func (l *loader) checkAll(ctx context.Context, p *parts, check CheckFunc) error {
	one := func(s *rulebox.Script, file string) error {
		err := check(ctx, s)
		if err == nil {
			return nil
		}
		if rulebox.CodeOf(err) == rulebox.CodeInvalid {
			err = withHint(l.keywords.conceal(s.Name, err))
		}
		if left := unreplaced(s.Source); left != "" && !isWASM(s) {
			err = fmt.Errorf("%w (%s has no value: put one into config.json under AUTH0_KEYWORD_REPLACE_MAPPINGS, or into the environment as %s…)", err, left, envPrefix(l.name))
		}
		return inFile(file, err)
	}
	for _, r := range p.rules {
		if err := one(r.script, r.source); err != nil {
			return err
		}
	}
	var all []*part
	for _, name := range slices.Sorted(maps.Keys(p.modules)) {
		all = append(all, p.modules[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.actions)) {
		all = append(all, &p.actions[name].part)
	}
	for _, h := range p.hooks {
		all = append(all, &h.part)
	}
	for _, d := range p.databases {
		for _, operation := range slices.Sorted(maps.Keys(d.scripts)) {
			all = append(all, d.scripts[operation])
		}
	}
	for _, part := range all {
		if err := one(part.script, part.source); err != nil {
			return err
		}
	}
	return nil
}

// withHint adds what to do to an error of a compiler.
func withHint(err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) || e.Hint == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, e.Hint)
}

// chains returns what runs at each trigger. Triggers at which nothing needs to
// run have a chain without scripts.
func (l *loader) chains(p *parts, limits rulebox.Limits) (map[string]*rulebox.Chain, error) {
	cache, err := l.settings.cache()
	if err != nil {
		return nil, inFile(settingsFile, err)
	}
	var management *rulebox.Management
	if m := l.settings.Management; m != nil {
		management = &rulebox.Management{Domain: m.Domain, BaseURL: m.BaseURL, AccessToken: m.AccessToken}
	}
	chains := map[string]*rulebox.Chain{}
	add := func(name string) *rulebox.Chain {
		c := &rulebox.Chain{Tenant: l.name, Trigger: name, Scripts: []*rulebox.Script{}, Limits: limits, Egress: l.settings.Egress, Cache: cache}
		chains[name] = c
		return c
	}
	login := add(rulebox.TriggerLogin)
	login.Configuration, login.Management = p.configuration, management
	for _, r := range p.rules {
		if r.Enabled == nil || *r.Enabled {
			login.Scripts = append(login.Scripts, r.script)
		}
	}
	if len(login.Scripts) > maxScripts {
		return nil, inFile("rules", fmt.Errorf("%d rules are enabled; a login runs at most %d", len(login.Scripts), maxScripts))
	}
	for _, name := range trigger.Actions() {
		t, err := trigger.Lookup(name)
		if err != nil {
			return nil, err
		}
		if t.Provider && len(p.bound[name]) == 0 {
			continue
		}
		c := add(name)
		c.Management = management
		if err := l.bind(c, p.bound[name], p.modules); err != nil {
			return nil, err
		}
		for _, a := range p.bound[name] {
			if isWASM(a.script) {
				continue
			}
			if err := glance.Misspelled(a.script.Source, "onExecute"+t.Function, name); err != nil {
				return nil, inFile(a.source, err)
			}
			l.warn(!strings.Contains(a.script.Source, t.Function), "%s: it has no onExecute%s, which %s calls", a.source, t.Function, name)
		}
		if name == rulebox.TriggerPostLogin && len(c.Scripts) > 0 {
			login.Bindings = append(make([]rulebox.Binding, len(login.Scripts)), c.Bindings...)
			login.Scripts = append(login.Scripts, c.Scripts...)
		}
	}
	if len(login.Scripts) > maxScripts {
		return nil, inFile("triggers", fmt.Errorf("a login has %d rules and actions; it runs at most %d", len(login.Scripts), maxScripts))
	}
	if err := l.hookChains(p, add); err != nil {
		return nil, err
	}
	for _, d := range p.databases {
		if !d.connection.Enabled {
			continue
		}
		for operation, script := range d.scripts {
			c := add(trigger.Database(d.connection.Name, operation))
			c.Scripts, c.Configuration = append(c.Scripts, script.script), d.configuration
		}
	}
	return chains, nil
}

// bind puts the actions into the chain, with what each was granted.
func (l *loader) bind(c *rulebox.Chain, actions []*action, modules map[string]*part) error {
	for _, a := range actions {
		b, err := l.binding(a, modules)
		if err != nil {
			return err
		}
		c.Scripts, c.Bindings = append(c.Scripts, a.script), append(c.Bindings, b)
	}
	if len(c.Scripts) > maxScripts {
		return inFile("triggers", fmt.Errorf("%s has %d actions; it runs at most %d", c.Trigger, len(c.Scripts), maxScripts))
	}
	return nil
}

func (l *loader) hookChains(p *parts, add func(string) *rulebox.Chain) error {
	for _, point := range trigger.Points {
		t, err := trigger.Lookup(rulebox.HookPrefix + point)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(p.hooks, func(h *hook) bool { return h.enabled && h.point == point })
		if at < 0 {
			if !t.Provider {
				add(t.Name)
			}
			continue
		}
		h := p.hooks[at]
		b := rulebox.Binding{}
		if b.Secrets, b.Dependencies, err = l.grants(&h.part); err != nil {
			return inFile(h.file, err)
		}
		c := add(t.Name)
		c.Scripts, c.Bindings = append(c.Scripts, h.script), []rulebox.Binding{b}
	}
	return nil
}
