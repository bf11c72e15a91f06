package wasmtest

import (
	"cmp"
	"slices"
)

// Types of values.
const I32, I64 = 0x7f, 0x7e

// Raw is a module in the bytes of the binary format: functions that take nothing.
type Raw struct {
	// Imports are functions too, and have the first numbers.
	Imports []Import
	// Export names the first function that is not imported.
	Export string
	// Start makes it the start function too.
	Start bool
	// Functions are bodies, without their last end.
	Functions [][]byte
	// Returns are the types of what each function returns.
	Returns []byte
	// Locals are those of each function, of the type Local, which is I32 if none is
	// given.
	Locals int
	Local  byte
	// Tables and Memory are limits: 0x00 and a minimum.
	Tables [][]byte
	Memory []byte
}

// An Import is a function of the host's.
type Import struct {
	Module, Name    string
	Params, Results []byte // types
}

// Leb is n, which is not negative, in the format's variable length.
func Leb(n int) []byte {
	var b []byte
	for {
		c := byte(n & 0x7f)
		if n >>= 7; n != 0 {
			b = append(b, c|0x80)
			continue
		}
		return append(b, c)
	}
}

// Sized is the bytes with their length before them.
func Sized(b []byte) []byte { return append(Leb(len(b)), b...) }

// Named is a name, with its length before it.
func Named(s string) []byte { return Sized([]byte(s)) }

// List is the items with their number before them.
func List(items ...[]byte) []byte { return slices.Concat(Leb(len(items)), slices.Concat(items...)) }

// Section is a section of the module.
func Section(id byte, body []byte) []byte { return append([]byte{id}, Sized(body)...) }

// Signature is the type of a function.
func Signature(params, results []byte) []byte {
	return slices.Concat([]byte{0x60}, Sized(params), Sized(results))
}

// Bytes returns the module.
func (m Raw) Bytes() string {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, items ...[]byte) {
		if len(items) > 0 {
			out = append(out, Section(id, List(items...))...)
		}
	}
	var types, imports [][]byte
	for i, f := range m.Imports {
		types = append(types, Signature(f.Params, f.Results))
		imports = append(imports, slices.Concat(Named(f.Module), Named(f.Name), []byte{0}, Leb(i)))
	}
	own := Leb(len(m.Imports)) // the number of our type, and of our first function
	section(1, append(types, Signature(nil, m.Returns))...)
	section(2, imports...)
	section(3, slices.Repeat([][]byte{own}, len(m.Functions))...)
	tables := make([][]byte, len(m.Tables))
	for i, t := range m.Tables {
		tables[i] = append([]byte{0x70}, t...)
	}
	section(4, tables...)
	if m.Memory != nil {
		section(5, m.Memory)
	}
	if m.Export != "" {
		section(7, slices.Concat(Named(m.Export), []byte{0}, own))
	}
	if m.Start {
		out = append(out, Section(8, own)...)
	}
	section(10, m.codes()...)
	return string(out)
}

func (m Raw) codes() [][]byte {
	locals := List()
	if m.Locals > 0 {
		locals = List(append(Leb(m.Locals), cmp.Or(m.Local, I32)))
	}
	codes := make([][]byte, len(m.Functions))
	for i, body := range m.Functions {
		codes[i] = Sized(slices.Concat(locals, body, []byte{0x0b}))
	}
	return codes
}
