// Package pack puts an npm package and what it needs together to the body of one
// CommonJS module. It parses foreign code, so callers are in a jailed process that
// is thrown away.
//
// Files find each other as in Node.js 18: CommonJS resolution with the exports and
// imports maps. What is not in the package is the module table's: Node's built-ins,
// and packages that the table provides.
package pack

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

// An Input is what is put together.
type Input struct {
	// Packages begin with the one that is added.
	Packages []Package
	// Parts are paths within the first package that can be required beside its
	// main file: lib/a for name/lib/a.
	Parts []string
	// Browser takes what the packages have for browsers where they differ.
	Browser bool
	// Missing are built-ins that are not here and that files may require all the
	// same: the call fails when it is made.
	Missing []string
}

// A Package is an unpacked npm package.
type Package struct {
	Name, Version string
	// Files are by path. Of those that are no code there is the name only.
	Files map[string][]byte
	// Needs are by name the packages that its files find; Provided those of the
	// table, by name, with their version.
	Needs    map[string]int
	Provided map[string]string
}

func (p *Package) id() string { return p.Name + "@" + p.Version }

// An Output is the package, put together.
type Output struct {
	// Source is the body of a CommonJS module that exports a function: it takes a
	// path within the package, empty for the main file, and returns what that
	// exports.
	Source string
	// Files is how many files are in it, Requires what it requires of the table.
	Files    int
	Requires []string
	// Notes tell what was left out.
	Notes []string
}

// A Problem is why a package cannot be put together.
type Problem struct {
	// File is package/path, empty if it is about no file.
	File string
	// Kind tells what can be done about it.
	Kind ProblemKind
	// Request is what the file requires.
	Request string
	Text    string

	more int // files that have it too
}

// ProblemKind is a kind of problem.
type ProblemKind uint8

const (
	// Broken is a file that does not compile, or a module that is not found.
	Broken ProblemKind = iota
	// NoBuiltin is a built-in of Node.js that is not here.
	NoBuiltin
	// NoPart is a file of a package that the table provides, but not that file.
	NoPart
	// Native is a file of machine code.
	Native
	// Undeclared is a package that nobody has named as a dependency.
	Undeclared
)

func (p *Problem) Error() string {
	if p.File == "" {
		return p.Text
	}
	return p.File + ": " + p.Text
}

// maxProblems is how many are told; of built-ins that are not here maxBuiltins,
// each once: an operator decides about all of them at once.
const (
	maxProblems = 10
	maxBuiltins = 50
)

// Pack puts the input together. Problems are in the order in which they were met.
func Pack(in *Input) (*Output, []*Problem) {
	if len(in.Packages) == 0 {
		return nil, []*Problem{{Text: "there is no package"}}
	}
	b := &builder{in: in, index: map[fileKey]int{}, manifests: map[int]*manifest{}, requires: map[string]bool{}, entries: map[string]int{}}
	b.entry("", ".")
	for _, part := range in.Parts {
		b.entry(part, "./"+part)
	}
	if len(b.problems) > 0 {
		return nil, b.told()
	}
	for _, part := range b.manifest(0).exported(in.Browser) {
		b.optionalEntry(part)
	}
	source := b.link()
	if len(source) > lang.MaxPackage {
		return nil, []*Problem{{Text: fmt.Sprintf("put together it has %d KiB; at most %d are taken", len(source)>>10, lang.MaxPackage>>10)}}
	}
	r, err := lang.PreparePackage(in.Packages[0].id(), source)
	if err == nil {
		_, err = r.Compile()
	}
	if err != nil {
		return nil, []*Problem{{Text: "what it was put together to does not compile: " + err.Error()}}
	}
	out := &Output{Source: source, Files: len(b.files), Notes: b.notes}
	for name := range b.requires {
		out.Requires = append(out.Requires, name)
	}
	slices.Sort(out.Requires)
	return out, nil
}

type fileKey struct {
	pkg  int
	path string
}

type file struct {
	fileKey
	code string
	// requires are what its require() calls mean.
	requires []link
}

// link is what one name means to a file: a file, a request to the table, or an
// error text.
type link struct {
	name   string
	file   int
	table  string
	absent string
}

type builder struct {
	in        *Input
	index     map[fileKey]int
	files     []*file
	manifests map[int]*manifest
	requires  map[string]bool // of the table
	entries   map[string]int
	problems  []*Problem
	notes     []string
}

func (b *builder) problem(p *Problem) {
	known, most := 0, maxProblems
	if p.Kind == NoBuiltin {
		most = maxBuiltins
	}
	for _, q := range b.problems {
		if (q.Kind == NoBuiltin) != (p.Kind == NoBuiltin) {
			continue
		}
		if known++; p.Kind == NoBuiltin && q.Request == p.Request {
			q.more++
			return
		}
	}
	if known < most {
		b.problems = append(b.problems, p)
	}
}

// told are the problems as they are shown.
func (b *builder) told() []*Problem {
	for _, p := range b.problems {
		switch p.more {
		case 0:
		case 1:
			p.Text += " (so does another file)"
		default:
			p.Text += fmt.Sprintf(" (so do %d other files)", p.more)
		}
	}
	return b.problems
}

// entry adds what can be required from outside, with all that it needs.
func (b *builder) entry(part, request string) {
	key, err := b.resolvePackage(0, request)
	if err != nil {
		b.problem(&Problem{File: b.in.Packages[0].Name, Text: err.Error()})
		return
	}
	b.entries[part] = b.add(key)
}

// optionalEntry adds a part that the package exports; one that cannot be had is
// left out.
func (b *builder) optionalEntry(part string) {
	if _, ok := b.entries[part]; ok {
		return
	}
	files, index, requires := len(b.files), b.index, b.requires
	b.index, b.requires = maps.Clone(index), maps.Clone(requires)
	b.entry(part, "./"+part)
	if len(b.problems) == 0 {
		return
	}
	b.notes = append(b.notes, fmt.Sprintf("%s/%s is left out: %v", b.in.Packages[0].Name, part, b.problems[0]))
	b.problems, b.files, b.index, b.requires = nil, b.files[:files], index, requires
	delete(b.entries, part)
}

// add takes a file in, and what it requires, and returns its number.
func (b *builder) add(key fileKey) int {
	if i, ok := b.index[key]; ok {
		return i
	}
	first := len(b.files)
	b.index[key] = first
	b.files = append(b.files, &file{fileKey: key})
	for next := first; next < len(b.files); next++ { // it grows meanwhile
		b.prepare(b.files[next])
	}
	return first
}

// number is that of a file; a new one waits for its turn in add.
func (b *builder) number(key fileKey) int {
	i, ok := b.index[key]
	if !ok {
		i = len(b.files)
		b.index[key] = i
		b.files = append(b.files, &file{fileKey: key})
	}
	return i
}

func (b *builder) prepare(f *file) {
	p := &b.in.Packages[f.pkg]
	name := p.Name + "/" + f.path
	switch text := p.Files[f.path]; path.Ext(f.path) {
	case ".json":
		code, err := jsonModule(text)
		if err != nil {
			b.problem(&Problem{File: name, Text: err.Error()})
		}
		f.code = code
	case ".node", ".wasm":
		b.problem(&Problem{File: name, Kind: Native, Text: "it is machine code, which is not run here"})
	default:
		part, err := lang.PreparePart(p.id()+"/"+f.path, strings.ToValidUTF8(string(text), "\ufffd"))
		if err != nil {
			b.problem(&Problem{File: name, Text: err.Error()})
			return
		}
		f.code = part.Code
		for _, r := range part.Requires {
			b.require(f, name, r)
		}
	}
}

// require notes what a name means to the file. What nobody declared may be a peer
// that the package does without: the call fails, as it does in Node.js.
func (b *builder) require(f *file, name string, r lang.PartRequire) {
	t := b.resolve(f.fileKey, r.Name)
	switch {
	case t.problem == nil && t.table != "":
		b.requires[t.table] = true
		f.requires = append(f.requires, link{name: r.Name, table: t.table})
	case t.problem == nil && t.empty:
		f.requires = append(f.requires, link{name: r.Name, table: emptyModule})
	case t.problem == nil:
		f.requires = append(f.requires, link{name: r.Name, file: b.number(t.file)})
	case r.Optional, t.problem.Kind == Undeclared, t.problem.Kind == NoBuiltin && slices.Contains(b.in.Missing, builtinName(r.Name)):
		f.requires = append(f.requires, link{name: r.Name, absent: t.problem.Text})
	default:
		t.problem.File, t.problem.Request = name, r.Name
		b.problem(t.problem)
	}
}

// builtinName is the first part of a built-in's name: fs of node:fs/promises.
func builtinName(request string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(request, "node:"), "/")
	return name
}

// builtin returns the request that a built-in of Node.js is, empty if it is none.
// Those that only watch or print have a stand-in for packages; so have, if the
// operator says so, those that scripts cannot have: they are there, and refuse.
func (b *builder) builtin(request string) (table string, problem *Problem) {
	m, found := modules.Lookup(request)
	if found && !m.Internal && m.Version == "" && m.Retired == "" && m.Bundle == nil {
		return request, nil
	}
	name := strings.TrimPrefix(request, "node:")
	standIn := standInPrefix + name
	_, has := modules.Lookup(standIn)
	node, _ := modules.Lookup("node:" + name)
	if !has && (node == nil || node.Retired == "") {
		return "", nil
	}
	if has && (slices.Contains(harmless, name) || slices.Contains(b.in.Missing, builtinName(request))) {
		return standIn, nil
	}
	advice := "scripts cannot have it"
	if node != nil && node.Retired != "" {
		advice = node.Retired
	}
	return request, &Problem{Kind: NoBuiltin, Text: fmt.Sprintf("it requires %s, which is not here: %s", request, advice)}
}

// standInPrefix begins the table's entries for packages in place of built-ins.
const standInPrefix = "internal/npm/"

// harmless are the built-ins whose stand-in changes nothing that a login needs.
var harmless = []string{"async_hooks", "diagnostics_channel", "console", "domain", "sys", "tty", "stream/web"}
