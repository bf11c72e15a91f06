package js

import (
	"errors"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"
)

// The text of a panic reaches the node's log as the cause of an error: what a
// script threw is not in it.
func TestPanicsQuoteNoGuest(t *testing.T) {
	vm := goja.New()
	thrown, err := vm.RunString(`({toString() { return "hunter2"; }, message: "hunter2"})`)
	require.NoError(t, err)
	for _, v := range []any{vm.ToValue("hunter2"), thrown, vm.NewTypeError("hunter2"), goja.NewSymbol("hunter2")} {
		require.NotContains(t, (&enginePanic{v}).Error(), "hunter2", "%T", v)
	}
	require.Equal(t, "index out of range", (&enginePanic{errors.New("index out of range")}).Error())
}
