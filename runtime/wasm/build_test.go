package wasm

// A module in the making: one function of ours beside what it imports. Its body
// is written in the bytes of the binary format.
type module struct {
	imports []imported
	export  string
	returns []byte // types of results
	locals  int    // of type i64
	body    []byte // without its end
	memory  []byte // a limits entry, nil for no memory
	start   bool   // the function is the start function
}

type imported struct {
	module, name    string
	params, results []byte
}

const i32, i64 = 0x7f, 0x7e

// Instructions.
const (
	opUnreachable, opLoop, opBr, opCall, opDrop = 0x00, 0x03, 0x0c, 0x10, 0x1a
	opGet, opSet, opI32, opI64, opEnd           = 0x20, 0x21, 0x41, 0x42, 0x0b
)

func leb(n uint64) []byte {
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

// sleb is the signed form, of numbers that are not negative.
func sleb(n uint64) []byte {
	b := leb(n)
	if b[len(b)-1]&0x40 != 0 {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return b
}

func vec(items ...[]byte) []byte {
	b := leb(uint64(len(items)))
	for _, i := range items {
		b = append(b, i...)
	}
	return b
}

func name(s string) []byte { return append(leb(uint64(len(s))), s...) }

func section(id byte, body []byte) []byte {
	return append(append([]byte{id}, leb(uint64(len(body)))...), body...)
}

func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func signature(params, results []byte) []byte {
	return cat([]byte{0x60}, leb(uint64(len(params))), params, leb(uint64(len(results))), results)
}

func (m module) bytes() []byte {
	var types, imports [][]byte
	for i, f := range m.imports {
		types = append(types, signature(f.params, f.results))
		imports = append(imports, cat(name(f.module), name(f.name), []byte{0}, leb(uint64(i))))
	}
	own := leb(uint64(len(m.imports)))
	types = append(types, signature(nil, m.returns))
	out := cat([]byte(Magic), []byte{1, 0, 0, 0}, section(sectionType, vec(types...)))
	if imports != nil {
		out = append(out, section(sectionImport, vec(imports...))...)
	}
	out = append(out, section(sectionFunction, vec(own))...)
	if m.memory != nil {
		out = append(out, section(5, vec(m.memory))...)
	}
	var exports [][]byte
	if m.export != "" {
		exports = append(exports, cat(name(m.export), []byte{0}, own))
	}
	out = append(out, section(sectionExport, vec(exports...))...)
	if m.start {
		out = append(out, section(8, own)...)
	}
	locals := vec()
	if m.locals > 0 {
		locals = vec(cat(leb(uint64(m.locals)), []byte{i64}))
	}
	code := cat(locals, m.body, []byte{opEnd})
	return append(out, section(sectionCode, vec(cat(leb(uint64(len(code))), code)))...)
}

// call is the instructions that call import n.
func call(n int, args ...[]byte) []byte { return cat(cat(args...), []byte{opCall}, leb(uint64(n))) }

func constI64(n uint64) []byte { return cat([]byte{opI64}, sleb(n)) }
func constI32(n uint64) []byte { return cat([]byte{opI32}, sleb(n)) }

// The imports of plug-ins that tests use, in this order.
var (
	impAlloc  = imported{pluginModule, "alloc", []byte{i64}, []byte{i64}}
	impStore  = imported{pluginModule, "store_u8", []byte{i64, i32}, nil}
	impOutput = imported{pluginModule, "output_set", []byte{i64, i64}, nil}
)

// blockOf is the instructions that put the text into a block, whose address is
// left in local 0. Imports 0 and 1 are alloc and store_u8.
func blockOf(text string, local byte) []byte {
	b := cat(call(0, constI64(uint64(len(text)))), []byte{opSet, local})
	for i := range len(text) {
		b = append(b, call(1, cat([]byte{opGet, local}, constI64(uint64(i)), []byte{0x7c}), constI32(uint64(text[i])))...)
	}
	return b
}
