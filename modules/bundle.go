package modules

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The packages that come from npm are built by internal/bundle, which `make`
// runs, into npm/dist. A tree where it has not run compiles too: then requiring
// such a package fails with that advice.
//
// A package is one or many units. A unit is what the engine compiles at a time:
// a whole package, or one file of a large one. In a unit's text, what it
// requires of other units is written "#number". The files of npm/dist, of
// which the first three have tab-separated lines:
//
//	packages  name, version, number of the unit, "standard" or nothing, licence,
//	          bytes of text of all units that it reaches, their digest, built-ins
//	subs      name@version, sub-path, number of the unit
//	blocks    offset in data, packed length, length
//	data      the blocks, each a DEFLATE stream
//	units     a record for each: kind (j: CommonJS body, d: JSON), block, offset in
//	          it, length, offset and length of the name in names; big-endian, 32 bits
//	names     of units, for stack traces
//
//go:embed npm/dist npm/package.json
var bundled embed.FS

// bundledSources are what packages from npm have in place of Node.js' own
// modules that scripts cannot have.
//
//go:embed npm/builtin
var bundledSources embed.FS

// A Bundle says where a package that comes from npm is from.
type Bundle struct {
	Licence string
	// Size is that of the text of all its files, in bytes; not all of it is
	// loaded by every use.
	Size int
	// Digest is the SHA-256 of that text.
	Digest string
	// Requires are the Node.js built-ins that it uses.
	Requires []string
}

// FromBundle reports whether the source is a package's from npm.
func (m *Module) FromBundle() bool { return m.unit > 0 }

const noBundles = "this build has no npm bundles: run make"

// bundleLines are the fields of each line of a file of the index.
func bundleLines(name string, fields int) [][]string {
	data, err := bundled.ReadFile("npm/dist/" + name)
	if err != nil {
		return nil
	}
	text := string(data)
	lines := make([][]string, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != fields {
			panic("modules: npm/dist/" + name + " is not what internal/bundle writes: run make")
		}
		lines = append(lines, f)
	}
	return lines
}

func bundleNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("modules: npm/dist is not what internal/bundle writes: run make")
	}
	return n
}

// bundleModules are the packages from npm.
func bundleModules() []Module {
	lines := bundleLines("packages", 8)
	if len(lines) == 0 {
		return absentBundles()
	}
	list := make([]Module, 0, len(lines)+16)
	for _, f := range lines {
		m := Module{Name: f[0], Version: f[1], Standard: f[3] == "standard", unit: bundleNumber(f[2]) + 1,
			Bundle: &Bundle{Licence: f[4], Size: bundleNumber(f[5]), Digest: f[6]}}
		if f[7] != "" {
			m.Bundle.Requires = strings.Split(f[7], ",")
		}
		list = append(list, m)
	}
	return append(list, bundledBuiltins()...)
}

// bundleGlobals are the packages from npm among the globals of compatGlobals. They
// had the versions of their time.
func bundleGlobals() []Global {
	return []Global{
		{Name: "_", Module: "lodash@2.4.1"},
		{Name: "async", Module: "async@0.9.0"},
		{Name: "q", Module: "q@1.0.1"},
		{Name: "xml2js", Module: "xml2js@0.2.8"},
		{Name: "xmldom", Module: "xmldom@0.1.13"},
		{Name: "xpath", Module: "xpath@0.0.5"},
	}
}

// absentBundles names the packages that a build without bundles lacks.
func absentBundles() []Module {
	data, err := bundled.ReadFile("npm/package.json")
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		panic("modules: npm/package.json: " + err.Error())
	}
	var names []string
	for name, version := range manifest.Dependencies {
		if alias, ok := strings.CutPrefix(version, "npm:"); ok {
			name, _, _ = splitVersion(alias)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	list := make([]Module, len(names))
	for i, name := range names {
		list[i] = Module{Name: name, Retired: noBundles}
	}
	return list
}

// bundledBuiltins are internal/npm/<name>, where a bundle requires a built-in
// that scripts cannot have.
func bundledBuiltins() []Module {
	files, err := bundledSources.ReadDir("npm/builtin")
	if err != nil {
		panic("modules: " + err.Error())
	}
	var list []Module
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".js")
		if !ok {
			continue
		}
		text, err := bundledSources.ReadFile("npm/builtin/" + f.Name())
		if err != nil {
			panic("modules: " + err.Error())
		}
		list = append(list, Module{Name: "internal/npm/" + strings.ReplaceAll(name, "-", "/"), Internal: true, Source: string(text)})
	}
	return list
}

// A unit is where the text of one is.
type unit struct {
	json                  bool
	block, offset, length int
	name                  string
}

// recordLength is that of a unit's record, in bytes.
const recordLength = 6 * 4

// unitAt reads the record of the unit. There are thousands: they are not kept.
func unitAt(n int) (*unit, error) {
	var record [recordLength]byte
	if err := readAt("units", int64(n)*recordLength, record[:]); err != nil {
		return nil, err
	}
	field := func(i int) int { return int(binary.BigEndian.Uint32(record[i*4:])) }
	name := make([]byte, field(5))
	if err := readAt("names", int64(field(4)), name); err != nil {
		return nil, err
	}
	return &unit{json: field(0) == 'd', block: field(1), offset: field(2), length: field(3), name: string(name)}, nil
}

// readAt fills b from a file of npm/dist.
func readAt(name string, offset int64, b []byte) error {
	f, err := bundled.Open("npm/dist/" + name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.(io.ReaderAt).ReadAt(b, offset)
	if err == io.EOF && len(b) == 0 {
		err = nil
	}
	return err
}

// unitModules holds the modules of units that were asked for, by number. Those
// of packages are the entries of the table.
var unitModules sync.Map // int to *Module

// LookupUnit returns the module that a bundle requires as #number. Scripts must
// not come here.
func LookupUnit(request string) (*Module, bool) {
	if !strings.HasPrefix(request, "#") {
		return nil, false
	}
	n, err := strconv.Atoi(request[1:])
	if err != nil || n < 0 {
		return nil, false
	}
	index() // registers those of packages
	if m, ok := unitModules.Load(n); ok {
		return m.(*Module), true
	}
	u, err := unitAt(n)
	if err != nil {
		return nil, false
	}
	m := &Module{Name: u.name, Internal: true, unit: n + 1, request: request}
	if u.json {
		m.Source = "module.exports = native.json()"
		m.Natives = map[string]Native{"json": func(*Call, []any) (any, error) {
			text, err := u.text()
			return JSON(text), err
		}}
		m.unit = 0
	}
	v, _ := unitModules.LoadOrStore(n, m)
	return v.(*Module), true
}

// subPaths are the units that are required as name@version/path.
var subPaths = sync.OnceValue(func() map[string]*Module {
	m := make(map[string]*Module)
	for _, f := range bundleLines("subs", 3) {
		name, version, _ := splitVersion(f[0])
		m[f[0]+"/"+f[1]] = &Module{Name: name + "/" + f[1], Version: version, Source: "module.exports = require('#" + f[2] + "')"}
	}
	return m
})

// lookupSub returns the module for a path within a package.
func lookupSub(name, version string, versioned bool) (*Module, bool) {
	slash := strings.IndexByte(name, '/')
	if strings.HasPrefix(name, "@") && slash > 0 {
		next := strings.IndexByte(name[slash+1:], '/')
		if next < 0 {
			return nil, false
		}
		slash += 1 + next
	}
	if slash <= 0 {
		return nil, false
	}
	entries := index()[name[:slash]]
	if len(entries) == 0 || entries[0].Version == "" {
		return nil, false
	}
	m, ok := standard(entries), true
	if versioned {
		m, ok = choose(entries, version)
	}
	if !ok || m.Bundle == nil {
		return nil, false
	}
	sub, ok := subPaths()[m.ID()+"/"+strings.TrimSuffix(name[slash+1:], ".js")]
	return sub, ok
}

// text unpacks the text of the unit.
func (u *unit) text() (string, error) {
	block, err := unpack(u.block)
	if err != nil {
		return "", fmt.Errorf("modules: unit %s: %w", u.name, err)
	}
	return string(block[u.offset : u.offset+u.length]), nil
}

// recent holds the blocks that were unpacked last: units of one package are
// loaded together.
var recent struct {
	sync.Mutex
	blocks [4]struct {
		number int // from 1
		text   []byte
	}
	next int
}

// maxRecent is the length in bytes up to which a block is kept in recent.
const maxRecent = 128 << 10

var blocks = sync.OnceValue(func() [][]string { return bundleLines("blocks", 3) })

func unpack(number int) ([]byte, error) {
	recent.Lock()
	for i := range recent.blocks {
		if b := &recent.blocks[i]; b.number == number+1 {
			recent.Unlock()
			return b.text, nil
		}
	}
	recent.Unlock()
	at, length, size := bundleNumber(blocks()[number][0]), bundleNumber(blocks()[number][1]), bundleNumber(blocks()[number][2])
	packed := make([]byte, length)
	if err := readAt("data", int64(at), packed); err != nil {
		return nil, err
	}
	r := flate.NewReader(bytes.NewReader(packed))
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	if size <= maxRecent {
		recent.Lock()
		b := &recent.blocks[recent.next]
		b.number, b.text = number+1, text
		recent.next = (recent.next + 1) % len(recent.blocks)
		recent.Unlock()
	}
	return text, nil
}
