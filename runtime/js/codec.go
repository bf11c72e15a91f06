package js

import (
	"errors"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/runtime/js/lazy"
)

func newCodec(vm *goja.Runtime) *lazy.Codec { return lazy.New(vm) }

func isTooLarge(err error) bool { return errors.Is(err, lazy.ErrTooLarge) }
