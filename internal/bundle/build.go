package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// A unit is what the engine compiles at a time: a file, or a whole package.
type unit struct {
	name string // for stack traces
	kind byte   // j: JavaScript, d: JSON
	text string
	// needs are the units and the built-ins that the text requires.
	needs []int
	names []string
}

// An entry is a package or a sub-path with the unit that it is.
type entry struct {
	pkg      *pkg
	sub      string
	version  string
	licence  string
	unit     int
	requires []string // built-ins, of all units it reaches
	bytes    int
	digest   string
}

// A builder collects units.
type builder struct {
	work     string
	units    []*unit
	packages []*entry
	subs     []*entry
	files    map[string]int // path of a file to its unit
	graph    *graph         // of the files
	owners   map[string]*owner
}

func build(work string, list []pkg) (*builder, error) {
	work, err := filepath.Abs(work)
	if err != nil {
		return nil, err
	}
	b := &builder{work: work, files: map[string]int{}, owners: map[string]*owner{}}
	if err := b.addFiles(list); err != nil {
		return nil, err
	}
	for i := range list {
		if p := &list[i]; !p.files {
			if err := b.addBundle(p); err != nil {
				return nil, fmt.Errorf("%s: %w", p.source(), err)
			}
		}
	}
	order := func(e *entry) int {
		return slices.IndexFunc(list, func(p pkg) bool { return p.source() == e.pkg.source() })
	}
	slices.SortStableFunc(b.packages, func(x, y *entry) int { return order(x) - order(y) })
	for _, e := range b.packages {
		b.measure(e)
	}
	return b, nil
}

// specOf is what the package or sub-path is resolved by, from the work folder.
func specOf(p *pkg, sub string) string {
	switch {
	case sub != "":
		return p.source() + "/" + sub
	case p.shim != "":
		return "./shims/" + p.shim
	}
	return p.source()
}

// add registers what scripts can require.
func (b *builder) add(p *pkg, sub string, unit int) error {
	o, err := b.ownerOf("node_modules/" + p.source() + "/package.json")
	if err != nil {
		return err
	}
	e := &entry{pkg: p, sub: sub, version: o.Version, licence: o.licence(), unit: unit}
	if sub == "" {
		b.packages = append(b.packages, e)
	} else {
		b.subs = append(b.subs, e)
	}
	return nil
}

// addFiles adds the packages of which each file is a unit. They share files.
func (b *builder) addFiles(list []pkg) error {
	type root struct {
		p         *pkg
		sub, spec string
	}
	var roots []root
	var stdin strings.Builder
	for i := range list {
		p := &list[i]
		if !p.files && !p.splitSubs {
			continue
		}
		subs, err := p.subPaths(b.work)
		if err != nil {
			return err
		}
		if p.files {
			subs = append([]string{""}, subs...)
		}
		for _, sub := range subs {
			roots = append(roots, root{p, sub, specOf(p, sub)})
			fmt.Fprintf(&stdin, "require(%q);\n", specOf(p, sub))
		}
	}
	o := options(b.work)
	o.Stdin = &api.StdinOptions{Contents: stdin.String(), ResolveDir: b.work, Sourcefile: "roots.js"}
	o.Plugins = []api.Plugin{common(b.work)}
	res := api.Build(o)
	if err := failure("the files", res.Errors); err != nil {
		return err
	}
	g, err := parseGraph(res.Metafile)
	if err != nil {
		return err
	}
	b.graph = g
	found := map[string]string{}
	for _, imp := range g.Inputs["roots.js"].Imports {
		found[imp.Original] = imp.Path
	}
	seen := map[string]bool{}
	var order []string
	for _, r := range roots {
		file, ok := found[r.spec]
		if !ok {
			return fmt.Errorf("%s was not found", r.spec)
		}
		g.reach(file, seen, func(f string) {
			b.files[f] = len(order)
			order = append(order, f)
		})
		if err := b.add(r.p, r.sub, b.files[file]); err != nil {
			return err
		}
	}
	return b.lowerFiles(order)
}

// lowerFiles makes the files units, in this order. What a file requires becomes
// the number of a unit.
func (b *builder) lowerFiles(order []string) error {
	b.units = make([]*unit, len(order))
	var scripts []string
	for i, f := range order {
		u := &unit{kind: 'j'}
		b.units[i] = u
		o, err := b.ownerOf(f)
		if err != nil {
			return err
		}
		if err := b.note(f); err != nil {
			return err
		}
		u.name = o.Name + "@" + o.Version + strings.TrimPrefix(f, o.dir)
		if !strings.HasSuffix(f, ".json") {
			scripts = append(scripts, f)
			continue
		}
		data, err := os.ReadFile(filepath.Join(b.work, f))
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := json.Compact(&text, data); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		u.kind, u.text = 'd', text.String()
	}
	for part := range slices.Chunk(scripts, batch) {
		if err := b.lowerPart(part); err != nil {
			return err
		}
	}
	return nil
}

// batch is how many files one run of esbuild lowers: its time grows faster than
// their number.
const batch = 200

func (b *builder) lowerPart(files []string) error {
	o := options(b.work)
	for _, f := range files {
		o.EntryPointsAdvanced = append(o.EntryPointsAdvanced, api.EntryPoint{InputPath: "./" + f, OutputPath: strconv.Itoa(b.files[f])})
	}
	o.Outdir = filepath.Join(b.work, "lowered")
	o.Plugins = []api.Plugin{b.numbers(), common(b.work)}
	res := api.Build(o)
	if err := failure("the files", res.Errors); err != nil {
		return err
	}
	for _, out := range res.OutputFiles {
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(out.Path), ".js"))
		if err != nil {
			return fmt.Errorf("%s: %w", out.Path, err)
		}
		b.units[n].text = string(out.Contents)
	}
	g, err := parseGraph(res.Metafile)
	if err != nil {
		return err
	}
	for _, f := range files {
		u := b.units[b.files[f]]
		for _, imp := range g.Inputs[f].Imports {
			if n, err := strconv.Atoi(strings.TrimPrefix(imp.Path, "#")); err == nil {
				u.needs = append(u.needs, n)
			} else if imp.External {
				u.names = append(u.names, imp.Path)
			}
		}
	}
	return nil
}

// numbers is the plugin that leaves every import of a file as a unit's number.
func (b *builder) numbers() api.Plugin {
	return api.Plugin{Name: "numbers", Setup: func(pb api.PluginBuild) {
		pb.OnResolve(api.OnResolveOptions{Filter: `.*`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if _, ok := external(a.Path); ok || a.Kind == api.ResolveEntryPoint {
				return api.OnResolveResult{}, nil // common does
			}
			from, err := filepath.Rel(b.work, a.Importer)
			if err != nil {
				return api.OnResolveResult{}, err
			}
			file, ok := b.graph.resolved[link{filepath.ToSlash(from), a.Path, kinds[a.Kind]}]
			if !ok {
				return api.OnResolveResult{Path: a.Path, External: true}, nil // absent: require fails when it is called
			}
			n, ok := b.files[file]
			if !ok {
				return api.OnResolveResult{}, fmt.Errorf("%s, which %s requires, is in no package", file, from)
			}
			return api.OnResolveResult{Path: fmt.Sprintf("#%d", n), External: true}, nil
		})
	}}
}

// kinds are the graph's words for the ways to import.
var kinds = map[api.ResolveKind]string{
	api.ResolveJSImportStatement: "import-statement", api.ResolveJSRequireCall: "require-call",
	api.ResolveJSDynamicImport: "dynamic-import", api.ResolveJSRequireResolve: "require-resolve",
}

// addBundle adds a package, and each of its sub-paths, as one unit.
func (b *builder) addBundle(p *pkg) error {
	subs, err := p.subPaths(b.work)
	if err != nil {
		return err
	}
	if p.splitSubs {
		subs = nil
	}
	for _, sub := range append([]string{""}, subs...) {
		spec := specOf(p, sub)
		text := fmt.Sprintf("module.exports = require(%q)", spec)
		if p.esm {
			text = fmt.Sprintf("export * from %q", spec)
		}
		o := options(b.work)
		o.KeepNames = p.keepNames
		o.Stdin = &api.StdinOptions{Contents: text, ResolveDir: b.work, Sourcefile: "root.js"}
		o.Plugins = []api.Plugin{common(b.work)}
		res := api.Build(o)
		if err := failure(spec, res.Errors); err != nil {
			return err
		}
		if len(res.OutputFiles) != 1 {
			return errors.New("not one output")
		}
		g, err := parseGraph(res.Metafile)
		if err != nil {
			return err
		}
		own, err := b.ownerOf("node_modules/" + p.source() + "/package.json")
		if err != nil {
			return err
		}
		u := &unit{kind: 'j', name: p.name + "@" + own.Version, text: string(res.OutputFiles[0].Contents)}
		if sub != "" {
			u.name += "/" + sub
		}
		for file, in := range g.Inputs {
			if err := b.note(file); err != nil {
				return err
			}
			for _, imp := range in.Imports {
				if imp.External {
					u.names = append(u.names, imp.Path)
				}
			}
		}
		if err := b.add(p, sub, len(b.units)); err != nil {
			return err
		}
		b.units = append(b.units, u)
	}
	return nil
}

// measure fills in what of the entry depends on all that it reaches.
func (b *builder) measure(e *entry) {
	seen := map[int]bool{}
	var all []int
	var visit func(n int)
	visit = func(n int) {
		if seen[n] {
			return
		}
		seen[n] = true
		all = append(all, n)
		for _, m := range b.units[n].needs {
			visit(m)
		}
	}
	visit(e.unit)
	h := sha256.New()
	for _, n := range all {
		u := b.units[n]
		sum := sha256.Sum256([]byte(u.text))
		h.Write(sum[:])
		e.bytes += len(u.text)
		for _, name := range u.names {
			if _, ok := builtins[strings.TrimPrefix(name, "internal/npm/")]; ok {
				e.requires = append(e.requires, strings.TrimPrefix(name, "internal/npm/"))
			}
		}
	}
	slices.Sort(e.requires)
	e.requires = slices.Compact(e.requires)
	e.digest = hex.EncodeToString(h.Sum(nil))
}

func (b *builder) sourceBytes() int {
	n := 0
	for _, u := range b.units {
		n += len(u.text)
	}
	return n
}
