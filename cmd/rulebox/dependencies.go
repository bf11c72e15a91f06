package main

import (
	"fmt"
	"strings"

	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/store"
)

// declared returns what says whether a dependency that an action or a hook
// declares is in the table of modules, or among the operator's packages. If there
// is only another generation than the declared one, which require() takes then, it
// is a warning.
func declared(packages *store.Packages) func(name, version string) (string, error) {
	return func(name, version string) (string, error) {
		m, ok := modules.Lookup(name)
		switch {
		case packages.Has(name), ok && m.Retired == "":
			return otherGeneration(packages, name, version), nil
		case ok:
			return "", fmt.Errorf("%s cannot be required: %s", name, m.Retired)
		}
		hint := ""
		if n := near.Name(name, modules.Names()); n != "" {
			hint = fmt.Sprintf("did you mean %q? Else ", n)
		}
		return "", fmt.Errorf("there is no %q in the table of modules, which `rulebox modules` lists: %sadd it with `rulebox modules add %s@%s`, or take it off the list if the code does not require it", name, hint, name, version)
	}
}

// otherGeneration tells that what runs for the declared version is of another
// generation; empty if it is not.
func otherGeneration(packages *store.Packages, name, version string) string {
	m, ok := modules.Lookup(name + "@" + version)
	asked := strings.TrimLeft(version, "^~v=")
	if !ok || m.Version == "" || sameGeneration(name, asked) != "" {
		return "" // a built-in, "latest", or what is there
	}
	for _, p := range packages.All() {
		if p.Name == name && npm.Generation(p.Version) == npm.Generation(asked) {
			return ""
		}
	}
	return fmt.Sprintf("%s@%s is declared; %s runs: add the other with `rulebox modules add %s@%s`, or declare one of %s", name, version, m.Version, name, asked, strings.Join(modules.Versions(name), ", "))
}
