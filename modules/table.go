package modules

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

//go:embed js
var sources embed.FS

// source returns the text of js/<name>.js, which is part of the build.
func source(name string) string {
	b, err := sources.ReadFile("js/" + name + ".js")
	if err != nil {
		panic("modules: no source " + name) // a table entry without its file: a test loads every entry
	}
	return string(b)
}

// A Global is a name that scripts see without require(): an export of a module,
// resolved when first touched. Globals are not enumerable, can be overwritten,
// and belong to one realm.
type Global struct {
	Name   string
	Module string
	// Export is the property of the module's exports; empty for all of them.
	Export string
}

// Table lists every module. Its order is that of the documentation.
var Table = sync.OnceValue(func() []Module {
	own := slices.Concat(nodeModules(), webModules(), langModules(), actionModules(), compatModules(), dbModules())
	for _, m := range bundleModules() {
		if m.Retired == "" || !slices.ContainsFunc(own, func(o Module) bool { return o.Name == m.Name }) {
			own = append(own, m)
		}
	}
	return own
})

// Globals lists every global that comes from a module.
var Globals = sync.OnceValue(func() []Global {
	return slices.Concat(nodeGlobals(), webGlobals(), langGlobals(), compatGlobals(), bundleGlobals(), dbGlobals())
})

// index holds the entries of each name, oldest generation first.
var index = sync.OnceValue(func() map[string][]*Module {
	t := Table()
	m := make(map[string][]*Module, len(t))
	for i := range t {
		m[t[i].Name] = append(m[t[i].Name], &t[i])
		if t[i].unit > 0 {
			unitModules.Store(t[i].unit-1, &t[i])
		}
	}
	for _, entries := range m {
		if len(entries) > 1 {
			slices.SortStableFunc(entries, func(a, b *Module) int { return compareVersions(a.Version, b.Version) })
		}
	}
	return m
})

// Lookup returns the entry for what a script or a module gave to require():
// `name`, `node:name` or `name@version`, where the name may go on with a path
// within a package. Without a version it is the standard generation, which is
// what rules and database scripts mean. With one it is the generation that is
// compatible with it; what follows the @ must be a version.
func Lookup(request string) (*Module, bool) {
	bare, isNode := strings.CutPrefix(request, "node:")
	name, version, versioned := splitVersion(bare)
	entries := index()[name]
	if len(entries) == 0 && !isNode {
		return lookupSub(name, version, versioned)
	}
	if len(entries) == 0 || isNode && entries[0].Version != "" {
		return nil, false
	}
	if !versioned || entries[0].Version == "" {
		return standard(entries), true
	}
	return choose(entries, version)
}

// standard is the generation that no version means.
func standard(entries []*Module) *Module {
	for _, m := range entries {
		if m.Standard {
			return m
		}
	}
	return entries[0]
}

// Versions lists the generations of the package that the request names, oldest
// first; nil if there is none or it has no versions.
func Versions(request string) []string {
	name, _, _ := splitVersion(request)
	var versions []string
	for _, m := range index()[name] {
		if m.Version != "" && !m.Internal {
			versions = append(versions, m.Version)
		}
	}
	return versions
}

// Names lists what scripts can require, sorted.
func Names() []string {
	var names []string
	for _, m := range Table() {
		if !m.Internal && m.Retired == "" {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
