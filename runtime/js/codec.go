package js

import (
	"errors"

	"github.com/dop251/goja"
)

// A codec turns JSON text into values of one realm and back.
type codec interface {
	Decode(text []byte) (goja.Value, error)
	Append(dst []byte, v goja.Value, max int) ([]byte, error)
}

var errTooLarge = errors.New("js: too much output")

// plainCodec is JSON.parse and JSON.stringify as they were before any script
// ran.
type plainCodec struct {
	vm               *goja.Runtime
	parse, stringify goja.Callable
}

func newCodec(vm *goja.Runtime) codec {
	json := vm.Get("JSON").(*goja.Object)
	p, _ := goja.AssertFunction(json.Get("parse"))
	s, _ := goja.AssertFunction(json.Get("stringify"))
	return &plainCodec{vm: vm, parse: p, stringify: s}
}

func (c *plainCodec) Decode(text []byte) (goja.Value, error) {
	return c.parse(goja.Undefined(), c.vm.ToValue(string(text)))
}

func (c *plainCodec) Append(dst []byte, v goja.Value, max int) ([]byte, error) {
	out, err := c.stringify(goja.Undefined(), v)
	if err != nil {
		return dst, err
	}
	s, ok := out.(goja.String)
	if !ok {
		return append(dst, "null"...), nil
	}
	if s.Length() > max {
		return dst, errTooLarge
	}
	return append(dst, s.String()...), nil
}
