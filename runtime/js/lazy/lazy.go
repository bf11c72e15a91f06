// Package lazy turns JSON text into JavaScript values that come into being only
// where a script touches them, and writes values back as JSON text, copying what
// was not touched as the bytes it came as.
package lazy

import "github.com/dop251/goja"

// A Codec decodes into and encodes from one realm. It is used by the realm's
// goroutine only.
type Codec struct{ vm *goja.Runtime }

// New returns a codec for the realm. Call it before any guest code runs in vm:
// it captures the intrinsics that it needs.
func New(vm *goja.Runtime) *Codec { return &Codec{vm: vm} }

// Decode returns the value of the JSON text, exactly as JSON.parse would give it
// to every operation of the language. It keeps text. The error names the offset.
func (c *Codec) Decode(text []byte) (goja.Value, error) { panic("lazy: unwritten") }

// Append appends to dst the JSON text of v, as JSON.stringify would write it but
// for the spelling of untouched parts, and returns the extended slice. A value
// that JSON.stringify leaves out (undefined, a function) appends `null`. It runs
// guest code (getters, toJSON), whose exceptions come back as
// *goja.Exception and interrupts as *goja.InterruptedError. More than max bytes
// of new text is ErrTooLarge.
func (c *Codec) Append(dst []byte, v goja.Value, max int) ([]byte, error) { panic("lazy: unwritten") }
