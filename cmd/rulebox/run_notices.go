package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/glance"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/store"
)

// dependencyNotices says what runs in place of a --dependency of another
// generation. One that there is not at all is an error.
func dependencyNotices(chain *rulebox.Chain, packages *store.Packages) (notices []string, err error) {
	check := declared(packages)
	if len(chain.Bindings) == 0 {
		return nil, nil
	}
	given := chain.Bindings[0].Dependencies // all files have the same
	for _, name := range slices.Sorted(maps.Keys(given)) {
		warning, err := check(name, given[name])
		if err != nil {
			return nil, fmt.Errorf("--dependency %s@%s: %w", name, given[name], err)
		}
		if warning != "" {
			notices = append(notices, "--dependency "+warning)
		}
	}
	return notices, nil
}

// sharedModule finds the modules of actions that a source requires by a name that
// stands in it.
var sharedModule = pattern.New(`\brequire\s*\(\s*['"\x60]actions:([^'"\x60\n]+)['"\x60]\s*\)`)

// notices says what of the files and of the flags does not fit together: values
// that are read and not given, and those that are given and read nowhere. It looks
// at the text only, and tells what is sure.
func (f *runFlags) notices(chain *rulebox.Chain) (all []string) {
	for i, s := range chain.Scripts {
		var b rulebox.Binding
		if len(chain.Bindings) > 0 {
			b = chain.Bindings[i]
		}
		all = append(all, unset(s, "event.secrets", "--secret", glance.Secrets(s.Kind, s.Source), b.Secrets)...)
		all = append(all, unset(s, "configuration", "--config", glance.Configuration(s.Kind, s.Source), chain.Configuration)...)
		for _, m := range sharedModule().FindAllStringSubmatch(s.Source, -1) {
			if !slices.ContainsFunc(b.Modules, func(am rulebox.ActionModule) bool { return am.Name == m[1] }) {
				all = append(all, fmt.Sprintf("%s requires actions:%s, which is not given: --module %s=FILE", s.Name, m[1], m[1]))
			}
		}
	}
	all = append(all, f.unused(chain)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// unset tells of the members that the script reads and that have no value.
func unset(s *rulebox.Script, object, flag string, reads glance.Reads, values map[string]string) []string {
	if s.Kind == rulebox.KindHook {
		object = "context.webtask.secrets"
	}
	var names, flags []string
	for _, name := range reads.Needed {
		if _, ok := values[name]; !ok {
			names, flags = append(names, object+"."+name), append(flags, flag+" "+name+"=…")
		}
	}
	if len(names) == 0 {
		return nil
	}
	are := "is"
	if len(names) > 1 {
		are = "are"
	}
	return []string{fmt.Sprintf("%s reads %s, which %s undefined here: %s", s.Name, strings.Join(names, ", "), are, strings.Join(flags, " "))}
}

// unused tells of what was given and no file reads.
func (f *runFlags) unused(chain *rulebox.Chain) (all []string) {
	sources := slices.Clone(chain.Scripts)
	if len(chain.Bindings) > 0 {
		for _, m := range chain.Bindings[0].Modules {
			sources = append(sources, m.Script)
		}
	}
	none := func(uses func(s *rulebox.Script) bool) bool { return !slices.ContainsFunc(sources, uses) }
	says := func(text string) func(*rulebox.Script) bool {
		return func(s *rulebox.Script) bool { return isWASM(s) || strings.Contains(s.Source, text) }
	}
	for _, kv := range f.secrets {
		name, _, _ := strings.Cut(kv, "=")
		if none(func(s *rulebox.Script) bool { return isWASM(s) || glance.Secrets(s.Kind, s.Source).Has(name) }) {
			all = append(all, "--secret "+name+": no file reads it"+otherFlag(chain, name, rulebox.KindRule, rulebox.KindDBScript))
		}
	}
	for _, kv := range f.config {
		name, _, _ := strings.Cut(kv, "=")
		if none(func(s *rulebox.Script) bool { return isWASM(s) || glance.Configuration(s.Kind, s.Source).Has(name) }) {
			all = append(all, "--config "+name+": no file reads it"+otherFlag(chain, name, rulebox.KindAction, rulebox.KindHook))
		}
	}
	for _, d := range f.dependencies {
		name := d[:strings.LastIndexByte(d, '@')]
		if none(says(name)) {
			all = append(all, "--dependency "+d+": no file requires "+name)
		}
	}
	for _, m := range f.modules {
		name, _, _ := strings.Cut(m, "=")
		name = strings.TrimPrefix(name, "actions:")
		if none(says("actions:")) || none(says(name)) {
			all = append(all, "--module "+m+": no file requires actions:"+name)
		}
	}
	if len(f.cache) > 0 && none(says("cache")) {
		all = append(all, "--cache: no file uses api.cache")
	}
	return all
}

// otherFlag says where the value belongs if a script of one of the kinds runs.
func otherFlag(chain *rulebox.Chain, name string, kinds ...rulebox.Kind) string {
	for _, s := range chain.Scripts {
		switch {
		case !slices.Contains(kinds, s.Kind):
		case s.Kind == rulebox.KindRule || s.Kind == rulebox.KindDBScript:
			return fmt.Sprintf("; rules and database scripts have configuration.%s, by --config %s=…", name, name)
		case s.Kind == rulebox.KindAction:
			return fmt.Sprintf("; actions have event.secrets.%s, by --secret %s=…", name, name)
		case s.Kind == rulebox.KindHook:
			return fmt.Sprintf("; hooks have context.webtask.secrets.%s, by --secret %s=…", name, name)
		}
	}
	return ""
}

// wasmMagic begins every WebAssembly binary.
const wasmMagic = "\x00asm"

func isWASM(s *rulebox.Script) bool { return strings.HasPrefix(s.Source, wasmMagic) }
