package store

import (
	"fmt"
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
