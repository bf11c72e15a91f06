package main

import (
	"fmt"

	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/store"
)

// declared returns what says whether a dependency that an action or a hook
// declares is in the table of modules, or among the operator's packages. A version
// is not looked at: require() takes the generation that is nearest.
func declared(packages *store.Packages) func(name, version string) error {
	return func(name, version string) error {
		m, ok := modules.Lookup(name)
		switch {
		case packages.Has(name), ok && m.Retired == "":
			return nil
		case ok:
			return fmt.Errorf("%s cannot be required: %s", name, m.Retired)
		}
		hint := ""
		if n := near.Name(name, modules.Names()); n != "" {
			hint = fmt.Sprintf("did you mean %q? Else ", n)
		}
		return fmt.Errorf("there is no %q in the table of modules, which `rulebox modules` lists: %sadd it with `rulebox modules add %s@%s`, or take it off the list if the code does not require it", name, hint, name, version)
	}
}
