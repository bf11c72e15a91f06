// Package jsonscan validates JSON text (RFC 8259) in one pass and says where its
// values are, without decoding them; what takes texts apart and puts them together
// again stands on that.
//
// It is stricter than encoding/json in one way (invalid UTF-8 is an error) and
// bounded in another (MaxDepth). It never panics and never recurses.
package jsonscan

import (
	"errors"
	"fmt"
	"math"
	"runtime"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 1000

// A Kind is the kind of a JSON value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	False
	True
	Number
	String
	Object
	Array
)

var kindNames = [...]string{"null", "boolean", "boolean", "number", "string", "object", "array"}

// String returns the name of the kind as JSON texts call it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Flags say what a decoder can skip.
type Flags uint8

const (
	// Escaped marks a string with at least one backslash.
	Escaped Flags = 1 << iota
	// NonASCII marks a string with at least one byte above 0x7f.
	NonASCII
	// Fraction marks a number with a fraction or an exponent.
	Fraction
	// Nested marks a container with at least one container in it.
	Nested
)

// A Value is one value of a text. Values are listed in the order of the text:
// after an object come, for each member, its key (a String) and its value with
// all that is in it; after an array come its elements.
type Value struct {
	Kind  Kind
	Flags Flags
	// Start and End delimit the value's text; a string's includes its quotes.
	Start, End uint32
	// Next is the index of the first Value that is not within this one.
	Next uint32
	// Len is the number of members or elements, duplicates counted.
	Len uint32
}

// An Error says what is wrong with a text, and where.
type Error struct {
	// Offset is the byte offset of the first byte that cannot be.
	Offset int
	// Message says what was expected or found there.
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.Offset, e.Message)
}

var errHuge = errors.New("invalid JSON: text of more than 2 GiB")

// An Index is the list of the values of one text. The zero Index is ready; it
// can be used again and keeps its buffers.
type Index struct {
	// Values are the values; the first is the whole text's.
	Values []Value
	stack  [MaxDepth]uint32
}

// Texts of largeText bytes and more are scanned only so many at a time: a list of
// digits takes twenty times its length here while it is scanned, and many that
// send such texts at once would take the memory of all.
const largeText = 256 << 10

var large = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// Scan validates text and lists its values. The error is an *Error, or says that
// the text is too long. After an error Values are of no use.
func (x *Index) Scan(text []byte) error {
	if len(text) > math.MaxInt32 {
		return errHuge
	}
	if cap(x.Values) == 0 {
		// Typical texts have a value (or key) for every 12 bytes.
		x.Values = make([]Value, 0, len(text)/12+8)
	}
	if len(text) >= largeText {
		large <- struct{}{}
		defer func() { <-large }()
	}
	s := scanner{text: text, values: x.Values[:0], stack: &x.stack}
	err := s.scan()
	x.Values = s.values
	if err != nil {
		return err
	}
	return nil
}
