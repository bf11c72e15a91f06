package wire

import (
	"maps"
	"slices"
)

// Frames for putting an operator's package together. They are numbered apart from
// those of logins: only workers that are thrown away get them.
const (
	// KindPackFile carries one file (node → worker), before KindPack.
	KindPackFile Kind = iota + 64
	KindPack
	// KindPacked is the answer.
	KindPacked
)

// PackFile is one file of a package.
type PackFile struct {
	// Package is the index of its package in Pack.
	Package uint64
	Path    string
	Text    []byte
}

// Append appends the frame.
func (m *PackFile) Append(b []byte) []byte {
	b, at := Begin(b, KindPackFile)
	b = appendUint(b, m.Package)
	b = appendBytes(b, m.Path)
	b = appendBytes(b, m.Text)
	return End(b, at)
}

// Decode reads the body. Text is a view of it.
func (m *PackFile) Decode(body []byte) error {
	d := decoder{b: body}
	m.Package, m.Path, m.Text = d.uint(), d.string(), d.bytes()
	return d.end()
}

// Pack asks for the package that the files before it are.
type Pack struct {
	Packages []PackPackage
	Parts    []string
	Missing  []string
	Browser  bool
}

// PackPackage is one package, whose files were sent before.
type PackPackage struct {
	Name, Version string
	Needs         map[string]int
	Provided      map[string]string
}

// Append appends the frame.
func (m *Pack) Append(b []byte) []byte {
	b, at := Begin(b, KindPack)
	b = appendUint(b, uint64(len(m.Packages)))
	for i := range m.Packages {
		p := &m.Packages[i]
		b = appendBytes(b, p.Name)
		b = appendBytes(b, p.Version)
		b = appendUint(b, uint64(len(p.Needs)))
		for _, name := range slices.Sorted(maps.Keys(p.Needs)) {
			b = appendBytes(b, name)
			b = appendUint(b, uint64(p.Needs[name]))
		}
		b = appendUint(b, uint64(len(p.Provided)))
		for _, name := range slices.Sorted(maps.Keys(p.Provided)) {
			b = appendBytes(b, name)
			b = appendBytes(b, p.Provided[name])
		}
	}
	b = appendStrings(b, m.Parts)
	b = appendStrings(b, m.Missing)
	b = appendBool(b, m.Browser)
	return End(b, at)
}

// Decode reads the body.
func (m *Pack) Decode(body []byte) error {
	d := decoder{b: body}
	m.Packages = make([]PackPackage, d.count(4))
	for i := range m.Packages {
		p := PackPackage{Name: d.string(), Version: d.string(), Needs: map[string]int{}, Provided: map[string]string{}}
		for range d.count(2) {
			name := d.string()
			if p.Needs[name] = int(d.uint()); p.Needs[name] < 0 || p.Needs[name] >= len(m.Packages) {
				d.fail("index of a package")
			}
		}
		for range d.count(2) {
			name := d.string()
			p.Provided[name] = d.string()
		}
		m.Packages[i] = p
	}
	m.Parts, m.Missing, m.Browser = d.strings(), d.strings(), d.bool()
	return d.end()
}

// Packed is the package, or why there is none.
type Packed struct {
	Source          string
	Files           uint64
	Requires, Notes []string
	Problems        []PackProblem
}

// Kinds of problems: those that something can be done about.
const (
	PackBroken  = iota
	PackBuiltin // a built-in that is not here
	PackPart    // a part that the table's package has not
)

// PackProblem is one reason.
type PackProblem struct {
	Kind                byte
	File, Request, Text string
}

// Append appends the frame.
func (m *Packed) Append(b []byte) []byte {
	b, at := Begin(b, KindPacked)
	b = appendBytes(b, m.Source)
	b = appendUint(b, m.Files)
	b = appendStrings(b, m.Requires)
	b = appendStrings(b, m.Notes)
	b = appendUint(b, uint64(len(m.Problems)))
	for _, p := range m.Problems {
		b = append(b, p.Kind)
		b = appendBytes(b, p.File)
		b = appendBytes(b, p.Request)
		b = appendBytes(b, p.Text)
	}
	return End(b, at)
}

// Decode reads the body.
func (m *Packed) Decode(body []byte) error {
	d := decoder{b: body}
	m.Source, m.Files, m.Requires, m.Notes = d.string(), d.uint(), d.strings(), d.strings()
	m.Problems = make([]PackProblem, d.count(4))
	for i := range m.Problems {
		m.Problems[i] = PackProblem{Kind: d.byte(), File: d.string(), Request: d.string(), Text: d.string()}
	}
	return d.end()
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("byte")
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}
