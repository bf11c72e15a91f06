package npm

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
)

// A Manifest is what matters here of a package.json. Fields of a form that npm
// would not take are as if absent: registries are full of them.
type Manifest struct {
	Name, Version string
	License       string
	Dependencies  map[string]string
	// Peers are the peer dependencies that are not optional.
	Peers map[string]string
	// Scripts are those that an installation would run: preinstall, install,
	// postinstall.
	Scripts map[string]string
	// Gyp says that the package asks for a native build.
	Gyp  bool
	Dist Dist
}

// Dist is where a version's tarball is, in a registry's metadata.
type Dist struct {
	Tarball, Integrity, Shasum string
}

// ParseManifest reads a package.json, or one version of a registry's metadata.
func ParseManifest(text []byte) (*Manifest, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(trimBOM(text), &raw); err != nil || raw == nil {
		return nil, fmt.Errorf("package.json is no JSON object")
	}
	m := &Manifest{Dependencies: map[string]string{}, Peers: map[string]string{}, Scripts: map[string]string{}}
	get(raw["name"], &m.Name)
	get(raw["version"], &m.Version)
	get(raw["gypfile"], &m.Gyp)
	m.License = license(raw)
	get(raw["dependencies"], &m.Dependencies)
	var optional map[string]json.RawMessage
	get(raw["optionalDependencies"], &optional)
	maps.DeleteFunc(m.Dependencies, func(name, _ string) bool { _, ok := optional[name]; return ok })
	get(raw["peerDependencies"], &m.Peers)
	var meta map[string]struct {
		Optional bool `json:"optional"`
	}
	get(raw["peerDependenciesMeta"], &meta)
	maps.DeleteFunc(m.Peers, func(name, _ string) bool { return meta[name].Optional })
	var scripts map[string]string
	get(raw["scripts"], &scripts)
	for _, s := range []string{"preinstall", "install", "postinstall"} {
		if scripts[s] != "" {
			m.Scripts[s] = scripts[s]
		}
	}
	var dist map[string]json.RawMessage
	get(raw["dist"], &dist)
	get(dist["tarball"], &m.Dist.Tarball)
	get(dist["integrity"], &m.Dist.Integrity)
	get(dist["shasum"], &m.Dist.Shasum)
	return m, nil
}

// get decodes the value if it has the form of v, and leaves v alone otherwise.
func get[T any](text json.RawMessage, v *T) {
	var fresh T
	if len(text) > 0 && json.Unmarshal(text, &fresh) == nil && string(text) != "null" {
		*v = fresh
	}
}

func trimBOM(b []byte) []byte { return []byte(strings.TrimPrefix(string(b), "\ufeff")) }

// license reads the field in each of the forms that it has had.
func license(raw map[string]json.RawMessage) string {
	var one string
	if get(raw["license"], &one); one != "" {
		return oneLine(one)
	}
	type typed struct {
		Type string `json:"type"`
	}
	var o typed
	if get(raw["license"], &o); o.Type != "" {
		return oneLine(o.Type)
	}
	var list []typed
	get(raw["licenses"], &list)
	var names []string
	for _, l := range list {
		if l.Type != "" {
			names = append(names, oneLine(l.Type))
		}
	}
	return strings.Join(names, " OR ")
}

// oneLine makes foreign text fit for a table on a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // nor what turns the writing around
			return -1
		}
		return r
	}, s)
	return clip(s)
}

// ID is name@version.
func (m *Manifest) ID() string { return m.Name + "@" + m.Version }

// A Need is a package that another needs, and the name that its files have for
// it.
type Need struct {
	As string
	Spec
}

// Needs are the packages that this one needs: its dependencies, and its peers, by
// name in order.
func (m *Manifest) Needs() []Need {
	all := maps.Clone(m.Peers)
	maps.Copy(all, m.Dependencies)
	needs := make([]Need, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		n := Need{name, Spec{name, strings.TrimSpace(all[name])}}
		if alias, ok := strings.CutPrefix(n.Range, "npm:"); ok {
			n.Spec = Spec{Name: alias}
			if i := strings.LastIndexByte(alias, '@'); i > 0 {
				n.Spec = Spec{alias[:i], strings.TrimSpace(alias[i+1:])}
			}
		}
		needs = append(needs, n)
	}
	return needs
}

// nativeHelpers are packages that only native code needs.
var nativeHelpers = []string{"bindings", "nan", "node-addon-api", "node-gyp", "node-gyp-build", "node-pre-gyp", "@mapbox/node-pre-gyp", "prebuild-install", "cmake-js", "@napi-rs/triples"}

// Native returns why the package needs code that is not JavaScript, empty if it
// does not. Files may be nil.
func (m *Manifest) Native(files map[string][]byte) string {
	for _, file := range slices.Sorted(maps.Keys(files)) {
		switch {
		case path.Base(file) == "binding.gyp":
			return "native code: it has " + shown(file)
		case path.Ext(file) == ".node":
			return "native code: it has " + shown(file)
		}
	}
	for _, name := range nativeHelpers {
		if _, ok := m.Dependencies[name]; ok {
			return "native code: it depends on " + name
		}
	}
	if m.Gyp {
		return "native code: gypfile is set in its package.json"
	}
	return ""
}

// InstallScripts names the scripts that an installation would run.
func (m *Manifest) InstallScripts() string {
	return strings.Join(slices.Sorted(maps.Keys(m.Scripts)), ", ")
}
