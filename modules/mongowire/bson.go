package mongowire

import (
	"encoding/binary"
	"errors"
	"math"
)

// Types of elements, as "BSON Specification" 1.1 numbers them.
const (
	typeDouble   = 0x01
	typeString   = 0x02
	typeDocument = 0x03
	typeArray    = 0x04
	typeBinary   = 0x05
	typeBool     = 0x08
	typeInt32    = 0x10
	typeInt64    = 0x12
)

var errDocument = errors.New("a document makes no sense")

// A writer makes a document; end finishes it. Documents of scripts are made
// elsewhere: these are the few of the login.
type writer struct{ b []byte }

func newWriter() *writer { return &writer{make([]byte, 4, 128)} }

func (w *writer) key(kind byte, name string) {
	w.b = append(append(append(w.b, kind), name...), 0)
}

func (w *writer) str(name, v string) *writer {
	w.key(typeString, name)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(v)+1))
	w.b = append(append(w.b, v...), 0)
	return w
}

func (w *writer) bin(name string, v []byte) *writer {
	w.key(typeBinary, name)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(v)))
	w.b = append(append(w.b, 0), v...)
	return w
}

func (w *writer) i32(name string, v int32) *writer {
	w.key(typeInt32, name)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(v))
	return w
}

func (w *writer) i64(name string, v int64) *writer {
	w.key(typeInt64, name)
	w.b = binary.LittleEndian.AppendUint64(w.b, uint64(v))
	return w
}

func (w *writer) boolean(name string, v bool) *writer {
	w.key(typeBool, name)
	if v {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
	return w
}

func (w *writer) sub(kind byte, name string, doc []byte) *writer {
	w.key(kind, name)
	w.b = append(w.b, doc...)
	return w
}

func (w *writer) end() []byte {
	b := append(w.b, 0)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

// A value is one element of a document: its type and bytes.
type value struct {
	kind byte
	b    []byte
}

// each calls f for the elements of a document, until f returns false.
func each(doc []byte, f func(name string, v value) bool) error {
	if len(doc) < 5 || binary.LittleEndian.Uint32(doc) != uint32(len(doc)) || doc[len(doc)-1] != 0 {
		return errDocument
	}
	for b := doc[4 : len(doc)-1]; len(b) > 0; {
		kind := b[0]
		name, rest, ok := cstring(b[1:])
		if !ok {
			return errDocument
		}
		n := size(kind, rest)
		if n < 0 || n > len(rest) {
			return errDocument
		}
		if !f(name, value{kind, rest[:n]}) {
			return nil
		}
		b = rest[n:]
	}
	return nil
}

func cstring(b []byte) (string, []byte, bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return "", nil, false
}

// size is how many bytes the value of an element has, -1 if that is not known.
func size(kind byte, b []byte) int {
	prefixed := func(extra int) int {
		if len(b) < 4 {
			return -1
		}
		n := int(int32(binary.LittleEndian.Uint32(b)))
		if n < 0 || n > len(b) {
			return -1
		}
		return n + extra
	}
	switch kind {
	case typeDouble, 0x09, 0x11, typeInt64:
		return 8
	case typeString, 0x0d, 0x0e:
		return prefixed(4)
	case typeDocument, typeArray, 0x0f:
		if n := prefixed(0); n >= 5 {
			return n
		}
		return -1
	case typeBinary:
		return prefixed(5)
	case 0x06, 0x0a, 0x7f, 0xff:
		return 0
	case 0x07:
		return 12
	case typeBool:
		return 1
	case 0x0b:
		_, rest, ok := cstring(b)
		if !ok {
			return -1
		}
		if _, rest, ok = cstring(rest); !ok {
			return -1
		}
		return len(b) - len(rest)
	case 0x0c:
		return prefixed(16)
	case typeInt32:
		return 4
	case 0x13:
		return 16
	}
	return -1
}

// find returns the element of the name; the zero value if there is none.
func find(doc []byte, name string) (found value) {
	each(doc, func(n string, v value) bool {
		if n == name {
			found = v
		}
		return n != name
	})
	return found
}

func (v value) text() string {
	if v.kind != typeString || len(v.b) < 5 {
		return ""
	}
	return string(v.b[4 : len(v.b)-1])
}

func (v value) bytes() []byte {
	if v.kind != typeBinary || len(v.b) < 5 {
		return nil
	}
	return v.b[5:]
}

// number is the value of any kind of number, and of a boolean; else 0.
func (v value) number() int64 {
	switch v.kind {
	case typeInt32:
		return int64(int32(binary.LittleEndian.Uint32(v.b)))
	case typeInt64:
		return int64(binary.LittleEndian.Uint64(v.b))
	case typeDouble:
		if f := math.Float64frombits(binary.LittleEndian.Uint64(v.b)); f > -(1<<53) && f < 1<<53 {
			return int64(f)
		}
	case typeBool:
		return int64(v.b[0])
	}
	return 0
}

func (v value) document() []byte {
	if v.kind != typeDocument && v.kind != typeArray {
		return nil
	}
	return v.b
}
