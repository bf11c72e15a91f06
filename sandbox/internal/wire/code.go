package wire

import (
	"github.com/rulebox/rulebox"
)

const (
	// MaxCode bounds the native code of one script, in bytes.
	MaxCode = 64 << 20
	// CodePart is what one frame carries of it, in bytes.
	CodePart = 1 << 20
)

// Code is one part of a script's native code. The parts come in order. A compile
// worker sends them before its report; a worker that runs scripts gets them before
// the first chain that names the script. What the bytes mean is the workers' own
// affair: the node keeps them as they are.
type Code struct {
	Digest rulebox.Digest
	// Sum is the SHA-256 of the whole, Size its length.
	Sum  []byte
	Size uint64
	Part []byte
}

// Append appends the frame.
func (m *Code) Append(b []byte) []byte {
	b, at := Begin(b, KindCode)
	b = appendBytes(b, m.Digest)
	b = appendBytes(b, m.Sum)
	b = appendUint(b, m.Size)
	b = appendBytes(b, m.Part)
	return End(b, at)
}

// Decode reads the body. Sum and Part are views of it.
func (m *Code) Decode(body []byte) error {
	d := decoder{b: body}
	m.Digest, m.Sum, m.Size, m.Part = rulebox.Digest(d.string()), d.bytes(), d.uint(), d.bytes()
	switch {
	case d.err != nil:
	case len(m.Sum) != 32:
		d.fail("sum")
	case m.Size == 0 || m.Size > MaxCode:
		d.fail("size of code")
	case len(m.Part) == 0 || uint64(len(m.Part)) > m.Size:
		d.fail("part of code")
	}
	return d.end()
}

// AppendCode appends the frames that carry the code.
func AppendCode(b []byte, digest rulebox.Digest, sum [32]byte, code []byte) []byte {
	m := Code{Digest: digest, Sum: sum[:], Size: uint64(len(code))}
	for len(code) > 0 {
		n := min(len(code), CodePart)
		m.Part, code = code[:n], code[n:]
		b = m.Append(b)
	}
	return b
}
