package wasm

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Magic begins every WebAssembly binary. See
// https://webassembly.github.io/spec/core/binary/modules.html
const Magic = "\x00asm"

// Bounds on a module, checked before it is compiled.
const (
	// MaxSize is of the binary, in bytes.
	MaxSize = 16 << 20
	// maxFunctions is of functions with a body.
	maxFunctions = 200_000
	// maxLocals is of the locals of one function, maxAllLocals of all together.
	maxLocals    = 50_000
	maxAllLocals = 4_000_000
	// maxItems is of the entries of any other section.
	maxItems = 100_000
	// maxArity is of the parameters, and of the results, of one function.
	maxArity = 256
)

// Is reports whether the source is a WebAssembly binary.
func Is(source string) bool { return len(source) >= 4 && source[:4] == Magic }

// An Info is what a binary says of itself.
type Info struct {
	Imports []Import
	// Exports are the names of exported functions, in order.
	Exports []string
	// Memories are the names of exported memories.
	Memories []string
	// MinMemory is what the module's memory begins with, in bytes; Elements what its
	// tables do, in entries.
	MinMemory, Elements int64
	// Starts says that an instance runs code when it is made.
	Starts bool
}

// An Import is a function that the module wants of its host.
type Import struct{ Module, Name string }

// Section ids of the binary format.
const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionTable    = 4
	sectionMemory   = 5
	sectionGlobal   = 6
	sectionExport   = 7
	sectionStart    = 8
	sectionElement  = 9
	sectionCode     = 10
	sectionData     = 11
	sectionLast     = 13 // tag, of the exception proposal
)

// Inspect reads the outline of a binary without compiling it: it allocates in
// proportion to what is there, not to what the binary claims. The error says what
// is not as the format has it, or which bound is broken.
func Inspect(source []byte) (*Info, error) {
	switch {
	case len(source) > MaxSize:
		return nil, fmt.Errorf("the module has %d bytes; at most %d are allowed: strip debug sections, or optimize for size", len(source), MaxSize)
	case !bytes.HasPrefix(source, []byte(Magic)):
		return nil, fmt.Errorf("not a WebAssembly binary: it does not begin with \\0asm; give the .wasm file, not its text form")
	case len(source) < 8:
		return nil, fmt.Errorf("the module ends after %d bytes", len(source))
	}
	if v := binary.LittleEndian.Uint32(source[4:]); v != 1 {
		if source[6] == 1 { // the layer field: a component
			return nil, fmt.Errorf("this is a WebAssembly component; build a core module instead (for example target wasm32-wasip1)")
		}
		return nil, fmt.Errorf("binary format version %d is not known; version 1 is", v)
	}
	info := &Info{}
	r := &reader{b: source, at: 8}
	for r.at < len(r.b) && r.err == nil {
		id := r.byte()
		size := r.u32()
		if r.err == nil && int(size) > len(r.b)-r.at {
			r.fail("section %d claims %d bytes, but %d are left", id, size, len(r.b)-r.at)
		}
		if r.err != nil {
			break
		}
		s := &reader{b: r.b[:r.at+int(size)], at: r.at}
		r.at += int(size)
		if id > sectionLast {
			r.fail("section %d is not known", id)
		} else if s.section(id, info); s.err != nil {
			r.err = s.err
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return info, nil
}

// section reads what matters of one section.
func (r *reader) section(id byte, info *Info) {
	switch id {
	case sectionCustom:
		return
	case sectionType:
		for range r.count("types", maxItems) {
			r.signature()
		}
	case sectionImport:
		for range r.count("imports", maxItems) {
			module, name := r.name(), r.name()
			if kind := r.byte(); r.err == nil && kind == 0 {
				info.Imports = append(info.Imports, Import{module, name})
			} else if r.err == nil {
				r.fail("import %s.%s is not a function: memories, tables and globals are the module's own", clip(module), clip(name))
			}
			r.u32()
		}
	case sectionExport:
		for range r.count("exports", maxItems) {
			name := r.name()
			kind := r.byte()
			r.u32()
			switch {
			case r.err != nil:
			case kind == 0:
				info.Exports = append(info.Exports, name)
			case kind == 2:
				info.Memories = append(info.Memories, name)
			}
		}
	case sectionCode:
		r.bodies()
	case sectionFunction:
		r.count("functions", maxFunctions)
	case sectionMemory:
		for range r.count("memories", maxItems) {
			r.byte() // which of the limits are there
			info.MinMemory = int64(r.u32()) * pageSize
			r.at = len(r.b) // there is one at most
			return
		}
	case sectionTable:
		for range r.count("tables", maxItems) {
			r.byte() // of what
			if r.byte()&1 != 0 {
				info.Elements += int64(r.u32())
				r.u32()
			} else {
				info.Elements += int64(r.u32())
			}
		}
		r.err, r.at = nil, len(r.b) // newer forms are left to the compiler
	case sectionStart:
		info.Starts = true
	case sectionGlobal, sectionElement, sectionData:
		r.count("entries", maxItems)
	}
}

// signature reads a function type; what else proposals allow there is left to
// the compiler.
func (r *reader) signature() {
	if r.byte() != 0x60 {
		r.at = len(r.b)
		return
	}
	for _, what := range []string{"parameters", "results"} {
		n := r.count(what, maxArity)
		r.skip(n)
	}
}

// bodies reads the headers of function bodies.
func (r *reader) bodies() {
	all := 0
	for i := range r.count("functions", maxFunctions) {
		size := int(r.u32())
		end := r.at + size
		if r.err == nil && end > len(r.b) {
			r.fail("function %d claims %d bytes, but %d are left", i, size, len(r.b)-r.at)
		}
		locals := 0
		for range r.count("groups of locals", maxLocals) {
			locals += int(r.u32())
			r.byte()
			if r.err == nil && locals > maxLocals {
				r.fail("function %d has more than %d locals", i, maxLocals)
			}
		}
		if all += locals; r.err == nil && all > maxAllLocals {
			r.fail("the functions have more than %d locals together", maxAllLocals)
		}
		if r.err != nil {
			return
		}
		r.at = end
	}
}

func clip(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// A reader reads the binary format. The first failure sticks.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("the module, at byte %d: %s", r.at, fmt.Sprintf(format, args...))
	}
	r.at = len(r.b)
}

func (r *reader) byte() byte {
	if r.at >= len(r.b) {
		r.fail("it ends too early")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 || n > 5 || v > 1<<32-1 {
		r.fail("a number is not as the format has it")
		return 0
	}
	r.at += n
	return uint32(v)
}

// count reads the length of a list whose elements have a byte each at least.
func (r *reader) count(what string, max int) int {
	n := int(r.u32())
	switch {
	case r.err != nil:
		return 0
	case n > max:
		r.fail("%d %s; at most %d are allowed", n, what, max)
		return 0
	case n > len(r.b)-r.at:
		r.fail("it claims %d %s in %d bytes", n, what, len(r.b)-r.at)
		return 0
	}
	return n
}

func (r *reader) skip(n int) {
	if n > len(r.b)-r.at {
		r.fail("it ends too early")
		return
	}
	r.at += n
}

func (r *reader) name() string {
	n := int(r.u32())
	if r.err != nil || n > len(r.b)-r.at {
		r.fail("a name is longer than its section")
		return ""
	}
	r.at += n
	return string(r.b[r.at-n : r.at])
}
