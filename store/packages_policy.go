package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/transaction"
)

// moduleSettings are which modules a tenant's scripts may require, by name
// without version; @scope/* is all of a scope.
type moduleSettings struct {
	// Allow, if it is there, is all that may be required. Deny is taken away.
	Allow *[]string `json:"allow"`
	Deny  []string  `json:"deny"`
}

// moduleEntry is a name of such a list: a package, a path in one, a built-in, or
// a scope.
var moduleEntry = pattern.New(`^(node:)?(@[a-z0-9~-][a-z0-9._~-]*/)?([a-zA-Z0-9~_-][a-zA-Z0-9._~-]*(/[a-zA-Z0-9._~-]+)*|\*)$`)

func (m *moduleSettings) validate() error {
	check := func(field string, names []string) error {
		for _, name := range names {
			switch at := strings.LastIndexByte(name, '@'); {
			case at > 0:
				return fmt.Errorf("%s: %q has a version; a module is allowed or denied with all of its versions: write %q", field, name, name[:at])
			case !moduleEntry().MatchString(name) || name == "*":
				return fmt.Errorf("%s: %q is no name of a module, such as axios, @auth0/rule-utilities, stream/promises or @aws-sdk/*", field, name)
			}
		}
		return nil
	}
	if m.Allow != nil {
		if err := check("modules.allow", *m.Allow); err != nil {
			return err
		}
	}
	return check("modules.deny", m.Deny)
}

func (m *moduleSettings) policy() rulebox.ModulePolicy {
	p := rulebox.ModulePolicy{Deny: m.Deny}
	if m.Allow != nil {
		p.Allow = append([]string{}, *m.Allow...) // not nil, however short
	}
	return p
}

// denies returns the setting that keeps scripts from the package, empty for none.
func (m *moduleSettings) denies(name string) string {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(entry string) bool {
			entry = strings.TrimPrefix(entry, "node:")
			scope, ok := strings.CutSuffix(entry, "/*")
			return entry == name || ok && strings.HasPrefix(name, scope+"/")
		})
	}
	switch {
	case has(m.Deny):
		return "modules.deny"
	case m.Allow != nil && !has(*m.Allow):
		return "modules.allow"
	}
	return ""
}

// warnDenied notes the packages that scripts declare and may not require.
func (l *loader) warnDenied(t *transaction.Tenant) {
	var told []string
	check := func(script string, declared map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(declared)) {
			var text string
			switch l.settings.Modules.denies(name) {
			case "modules.deny":
				text = fmt.Sprintf("%s: it declares %s, which modules.deny in %s keeps scripts from", script, name, settingsFile)
			case "modules.allow":
				text = fmt.Sprintf("%s: it declares %s, which is not in modules.allow in %s", script, name, settingsFile)
			}
			if text != "" && !slices.Contains(told, text) {
				told = append(told, text)
			}
		}
	}
	for _, trigger := range slices.Sorted(maps.Keys(t.Chains)) {
		c := t.Chains[trigger]
		for i, b := range c.Bindings {
			check(fmt.Sprintf("%s %q", c.Scripts[i].Kind, c.Scripts[i].Name), b.Dependencies)
			for _, m := range b.Modules {
				check(fmt.Sprintf("%s %q", m.Script.Kind, m.Name), m.Dependencies)
			}
		}
	}
	for _, text := range told {
		l.warn(true, "%s", text)
	}
}

// grantModules gives the tenant's chains the policy and the operator's packages
// that they require. It is called before anybody has the tenant.
func (f *Folder) grantModules(t *transaction.Tenant, s *settings) {
	done := map[*rulebox.Chain]bool{}
	for _, c := range t.Chains {
		if done[c] {
			continue
		}
		done[c] = true
		c.Modules = s.Modules.policy()
		if f.Packages != nil {
			c.Packages = f.Packages.For(c)
		}
	}
}

// loadPackages reads the operator's packages if they have changed. Caller holds mu.
func (f *Folder) loadPackages() {
	if f.Packages == nil {
		return
	}
	before := f.Packages.fingerprint()
	if err := f.Packages.Load(); err != nil {
		f.log.Error("not all packages were loaded", zap.Error(err))
	} else if f.Packages.fingerprint() != before {
		f.log.Info("packages loaded", zap.Int("packages", len(f.Packages.All())))
	}
}
