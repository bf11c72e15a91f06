package js

import (
	"reflect"

	"github.com/dop251/goja"
)

var timerType = reflect.TypeFor[*timer]()

// timerOf returns the timer behind what a script gave to a clear function: the
// object, or its number.
func (r *Realm) timerOf(v goja.Value) *timer {
	switch v := v.(type) {
	case *goja.Object:
		if v.ExportType() == timerType {
			if t, ok := v.Export().(*timer); ok && t.r == r {
				return t
			}
		}
	case nil:
	default:
		if goja.IsNumber(v) || goja.IsString(v) {
			return r.loop.byID[int(v.ToFloat())]
		}
	}
	return nil
}

func (r *Realm) clearTimer(call goja.FunctionCall) goja.Value {
	if t := r.timerOf(call.Argument(0)); t != nil {
		t.clear()
	}
	return goja.Undefined()
}

// timerProto is the prototype of Timeout and Immediate objects.
func (r *Realm) timerProto() *goja.Object {
	if r.globals.timerProto != nil {
		return r.globals.timerProto
	}
	proto := r.vm.NewObject()
	r.globals.timerProto = proto
	def := func(name string, f func(t *timer) goja.Value) {
		fn := r.function(name, func(call goja.FunctionCall) goja.Value {
			t := r.timerOf(call.This)
			if t == nil {
				r.throwType("%s was not called on a timer", name)
			}
			if v := f(t); v != nil {
				return v
			}
			return call.This
		})
		proto.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	def("ref", func(t *timer) goja.Value { t.setRef(true); return nil })
	def("unref", func(t *timer) goja.Value { t.setRef(false); return nil })
	def("hasRef", func(t *timer) goja.Value { return r.vm.ToValue(t.ref) })
	def("refresh", func(t *timer) goja.Value {
		if !t.immediate {
			t.start()
		}
		return nil
	})
	def("close", func(t *timer) goja.Value { t.clear(); return nil })
	prim := r.function("[Symbol.toPrimitive]", func(call goja.FunctionCall) goja.Value {
		if t := r.timerOf(call.This); t != nil {
			return r.vm.ToValue(t.id)
		}
		return goja.NaN()
	})
	proto.DefineDataPropertySymbol(goja.SymToPrimitive, prim, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return proto
}
