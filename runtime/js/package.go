package js

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/dop251/goja"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

// An operator's package is a third party's code. It is evaluated only inside of
// an invocation that requires it, in that invocation's realm: never ahead.

// findPackage returns the operator's package that the request means, nil if none.
// A name that the table has too is the operator's only if the version is.
func (r *Realm) findPackage(q *requirer, req moduleRequest) *rulebox.Package {
	if req.node || len(r.chain.Packages) == 0 {
		return nil
	}
	var list []*rulebox.Package
	for i := range r.chain.Packages {
		if p := &r.chain.Packages[i]; p.Name == req.name {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b *rulebox.Package) int { return compareVersions(a.Version, b.Version) })
	version := q.versionOf(req)
	if version == "" || version == newestVersion && req.version == "" {
		if inTable(req.name) != "" {
			return nil
		}
		if version == "" {
			return list[0]
		}
		return list[len(list)-1]
	}
	return choosePackage(list, version)
}

// choosePackage returns the package of that very version, or else the newest of
// its generation; nil if there is none.
func choosePackage(list []*rulebox.Package, version string) *rulebox.Package {
	asked := generationOf(plainVersion(version))
	for _, p := range slices.Backward(list) {
		if p.Version == strings.TrimLeft(version, "^~v= ") {
			return p
		}
	}
	for _, p := range slices.Backward(list) {
		if asked != "" && generationOf(p.Version) == asked {
			return p
		}
	}
	return nil
}

// generationOf is what a version is compatible with: its major number, with the
// minor one while the major is 0; empty if it is none.
func generationOf(version string) string {
	n, ok := numbers(version)
	switch {
	case !ok:
		return ""
	case n[0] > 0:
		return strconv.Itoa(n[0])
	}
	return "0." + strconv.Itoa(n[1])
}

func compareVersions(a, b string) int {
	x, _ := numbers(a)
	y, _ := numbers(b)
	return cmp.Or(slices.Compare(x[:], y[:]), strings.Compare(a, b))
}

// numbers are the first three numbers of a version.
func numbers(version string) (n [3]int, ok bool) {
	version, _, _ = strings.Cut(version, "-")
	version, _, _ = strings.Cut(version, "+")
	for i, part := range strings.SplitN(version, ".", 4) {
		v, err := strconv.ParseUint(part, 10, 31)
		if err != nil || i > 2 {
			return n, i > 0
		}
		n[i] = int(v)
	}
	return n, true
}

// packageVersions are the versions of the operator's package in the chain.
func (r *Realm) packageVersions(name string) []string {
	var versions []string
	for _, p := range r.chain.Packages {
		if p.Name == name {
			versions = append(versions, p.Version)
		}
	}
	slices.SortFunc(versions, compareVersions)
	return versions
}

// packagePrograms are compiled packages by the digest of their source: they serve
// every realm of the process.
var packagePrograms = sync.OnceValue(func() *lru.Cache[rulebox.Digest, *packageProgram] {
	c, _ := lru.New[rulebox.Digest, *packageProgram](maxPackagePrograms)
	return c
})

const maxPackagePrograms = 64

type packageProgram struct {
	prg       *goja.Program
	polyfills []string
	lines     []lang.FileLine
}

func compilePackage(p *rulebox.Package) (*packageProgram, error) {
	if c, ok := packagePrograms().Get(p.Script.Digest); ok {
		return c, nil
	}
	if rulebox.DigestOf(rulebox.KindPackage, p.Script.Source) != p.Script.Digest {
		return nil, fmt.Errorf("its source is not what its digest says (%s)", p.Script.Digest)
	}
	res, err := lang.PreparePackage(packageID(p), p.Script.Source)
	if err != nil {
		return nil, err
	}
	prg, err := res.Compile()
	if err != nil {
		return nil, err
	}
	c := &packageProgram{prg: prg, polyfills: res.Polyfills, lines: lang.FileLines(p.Script.Source)}
	packagePrograms().Add(p.Script.Digest, c)
	return c, nil
}

func packageID(p *rulebox.Package) string { return p.Name + "@" + p.Version }

// evaluatePackage returns what the package exports, or one of its files: the body
// of a package is a module that exports a function from paths to exports.
func (r *Realm) evaluatePackage(p *rulebox.Package, req moduleRequest) goja.Value {
	load, ok := r.loader.packages[p.Script.Digest]
	if !ok {
		var err error
		if load, err = r.startPackage(p); err != nil {
			panic(err)
		}
	}
	v, err := load(goja.Undefined(), r.vm.ToValue(req.sub))
	rethrow(err)
	return v
}

// startPackage runs the package's body, which declares its files and evaluates
// none of them. It returns what loads them, by path.
func (r *Realm) startPackage(p *rulebox.Package) (goja.Callable, error) {
	c, err := compilePackage(p)
	if err != nil {
		panic(r.newError("Error", fmt.Sprintf("the package %s does not load: %v; let the operator remove and add it again", packageID(p), err)))
	}
	r.polyfill(c.polyfills)
	v, err := r.vm.RunProgram(c.prg)
	if err != nil {
		return nil, err
	}
	module, exports := r.vm.NewObject(), r.vm.NewObject()
	module.Set("exports", exports)
	q := &requirer{kind: rulebox.KindPackage, pkg: packageID(p)}
	var load goja.Callable
	body, ok := goja.AssertFunction(v)
	if ok {
		if _, err := body(exports, exports, r.requireFor(q), module); err != nil {
			return nil, err
		}
		load, ok = goja.AssertFunction(module.Get("exports"))
	}
	if !ok {
		panic(r.newError("Error", fmt.Sprintf("the package %s is no module", packageID(p))))
	}
	if r.loader.packages == nil {
		r.loader.packages = make(map[rulebox.Digest]goja.Callable)
	}
	r.loader.packages[p.Script.Digest] = load
	return load, nil
}

// packageFrame puts a frame of a package into positions of its files. Frames of
// the package's loader are none.
func (r *Realm) packageFrame(f frame) (_ frame, ok bool) {
	for i := range r.chain.Packages {
		p := &r.chain.Packages[i]
		if packageID(p) != f.file {
			continue
		}
		c, ok := packagePrograms().Peek(p.Script.Digest)
		if !ok || len(c.lines) == 0 {
			continue
		}
		i := sort.Search(len(c.lines), func(i int) bool { return c.lines[i].Line > f.line }) - 1
		if i < 0 || strings.HasPrefix(f.function, "$") {
			return f, false
		}
		f.file, f.line = c.lines[i].Name, f.line-c.lines[i].Line+1
		return f, true
	}
	return f, true
}
