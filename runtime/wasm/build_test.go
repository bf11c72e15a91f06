package wasm

import (
	"slices"

	"github.com/rulebox/rulebox/internal/wasmtest"
)

// A module in the making: one function of ours beside what it imports. See
// wasmtest.Raw.
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

const i32, i64 = wasmtest.I32, wasmtest.I64

// Instructions.
const (
	opUnreachable, opLoop, opBr, opCall, opDrop = 0x00, 0x03, 0x0c, 0x10, 0x1a
	opGet, opSet, opI32, opI64, opEnd           = 0x20, 0x21, 0x41, 0x42, 0x0b
)

// sleb is the signed form, of numbers that are not negative.
func sleb(n uint64) []byte {
	b := wasmtest.Leb(int(n))
	if b[len(b)-1]&0x40 != 0 {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return b
}

func (m module) bytes() []byte {
	raw := wasmtest.Raw{Export: m.export, Start: m.start, Functions: [][]byte{m.body}, Returns: m.returns, Locals: m.locals, Local: i64, Memory: m.memory}
	for _, f := range m.imports {
		raw.Imports = append(raw.Imports, wasmtest.Import{Module: f.module, Name: f.name, Params: f.params, Results: f.results})
	}
	return []byte(raw.Bytes())
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// call is the instructions that call import n.
func call(n int, args ...[]byte) []byte { return cat(cat(args...), []byte{opCall}, wasmtest.Leb(n)) }

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
