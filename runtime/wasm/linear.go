package wasm

import "github.com/tetratelabs/wazero/experimental"

// maxLinear is what a linear memory can have at most, in bytes.
const maxLinear = 1 << 32

// linear is the memory of one instance, in Go's heap, where the worker's watchdog
// sees it. It grows up to a bound.
type linear struct {
	max     uint64
	refused bool // the module asked for more
	b       []byte
}

// Allocate implements experimental.MemoryAllocator.
func (l *linear) Allocate(_, _ uint64) experimental.LinearMemory { return l }

// Reallocate implements experimental.LinearMemory.
func (l *linear) Reallocate(size uint64) []byte {
	switch {
	case size > l.max:
		l.refused = true
		return nil
	case size <= uint64(cap(l.b)):
		l.b = l.b[:size]
	default:
		// Modules grow again and again by a little.
		grown := make([]byte, size, min(max(size, 2*uint64(len(l.b))), l.max))
		copy(grown, l.b)
		l.b = grown
	}
	return l.b
}

// Free implements experimental.LinearMemory.
func (l *linear) Free() { l.b = nil }
