package js

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Nothing of the engine's own is among the globals, and its name is free.
func TestNoEngineGlobals(t *testing.T) {
	assert.True(t, hideEngineGlobals(), "the engine changed: realms cost more until unsafe_global.go knows it")
	for range 2 {
		out, fail := run(t, `
			const names = Object.getOwnPropertyNames(globalThis);
			out.has = [typeof GoError, 'GoError' in globalThis, names.includes('GoError'), names.includes('RegExp'), names.includes('globalThis')];
			globalThis.GoError = 1;
			out.mine = [GoError, Object.keys(globalThis).includes('GoError')];
			try { new RegExp('('); } catch (e) { out.error = e.name; }`, nil)
		require.Nil(t, fail)
		assert.JSONEq(t, `{"has":["undefined",false,false,true,true],"mine":[1,true],"error":"SyntaxError"}`, string(out))
	}
}
