package js

import (
	_ "embed"
	"sync"

	"github.com/dop251/goja"
)

//go:embed prelude.js
var preludeSource string

var preludeProgram = sync.OnceValue(func() *goja.Program {
	return goja.MustCompile(internalFile+"prelude", preludeSource, true)
})

// fromPrelude returns one export of prelude.js, which is evaluated when first
// needed.
func (r *Realm) fromPrelude(name string) goja.Value {
	if r.prelude == nil {
		v, err := r.vm.RunProgram(preludeProgram())
		rethrow(err)
		f, _ := goja.AssertFunction(v)
		report := r.function("report", func(call goja.FunctionCall) goja.Value {
			r.uncaught(r.exception(call.Argument(0)))
			return goja.Undefined()
		})
		tickWaits := r.function("tickWaits", func(goja.FunctionCall) goja.Value {
			r.tickWaits = true
			return goja.Undefined()
		})
		v, err = f(goja.Undefined(), report, tickWaits)
		rethrow(err)
		o := v.(*goja.Object)
		r.prelude = make(map[string]goja.Value)
		for _, k := range o.Keys() {
			r.prelude[k] = o.Get(k)
		}
	}
	return r.prelude[name]
}
