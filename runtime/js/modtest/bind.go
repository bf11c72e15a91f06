package modtest

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

const maxDepth = 100

// bindings are the intrinsics that conversions use.
type bindings struct {
	isView, parse                goja.Callable
	buffer, byteOffset, byteLen  goja.Callable
	dvBuffer, dvOffset, dvLength goja.Callable
	date                         *goja.Object
}

func newBindings(vm *goja.Runtime) bindings {
	fn := func(src string) goja.Callable {
		v, err := vm.RunString(src)
		if err != nil {
			panic(err)
		}
		f, _ := goja.AssertFunction(v)
		return f
	}
	typed := func(name string) goja.Callable {
		return fn(`Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), '` + name + `').get`)
	}
	dv := func(name string) goja.Callable {
		return fn(`Object.getOwnPropertyDescriptor(DataView.prototype, '` + name + `').get`)
	}
	return bindings{
		isView: fn("ArrayBuffer.isView"), parse: fn("JSON.parse"),
		buffer: typed("buffer"), byteOffset: typed("byteOffset"), byteLen: typed("byteLength"),
		dvBuffer: dv("buffer"), dvOffset: dv("byteOffset"), dvLength: dv("byteLength"),
		date: vm.Get("Date").(*goja.Object),
	}
}

func (r *Realm) natives(m *modules.Module) *goja.Object {
	o := r.VM.NewObject()
	for name, n := range m.Natives {
		o.Set(name, func(c goja.FunctionCall) goja.Value {
			var then [2]goja.Callable // of the error, of the result
			list := c.Arguments
			for i := range then {
				if len(list) == 0 || !m.Handlers {
					break
				}
				f, ok := goja.AssertFunction(list[len(list)-1])
				if !ok {
					break
				}
				then[i], list = f, list[:len(list)-1]
			}
			args := make([]any, len(list))
			for i, a := range list {
				args[i] = r.toGo(a, 0)
			}
			v, err := n(r.Call, args)
			if err != nil {
				panic(r.toError(err))
			}
			if task, ok := v.(modules.Task); ok {
				return r.start(task, then[1], then[0])
			}
			return fromGo(r, v)
		})
	}
	return o
}

// start runs the task beside the loop and settles the promise on it.
func (r *Realm) start(task modules.Task, onResult, onError goja.Callable) goja.Value {
	p, resolve, reject := r.VM.NewPromise()
	r.loop.open++
	r.loop.tasks.Add(1)
	go func() {
		defer r.loop.tasks.Done()
		v, err := task(r.Call.Ctx)
		select {
		case r.loop.done <- func() {
			var out goja.Value
			f := onResult
			ex := r.VM.Try(func() {
				if err != nil {
					out, f = r.toError(err), onError
					if f == nil {
						panic(out)
					}
				} else {
					out = fromGo(r, v)
				}
				if f != nil {
					var e error
					if out, e = f(goja.Undefined(), out); e != nil {
						panic(e)
					}
				}
			})
			if ex != nil {
				reject(ex.Value())
			} else {
				resolve(out)
			}
		}:
		case <-r.Call.Ctx.Done():
		}
	}()
	return r.VM.ToValue(p)
}

func (r *Realm) toError(err error) goja.Value {
	var t *modules.Throw
	if !errors.As(err, &t) {
		if errors.Is(err, context.DeadlineExceeded) {
			return r.newError("Error", "timeout")
		}
		return r.newError("Error", err.Error())
	}
	class := t.Class
	if class == "" {
		class = "Error"
	}
	e := r.newError(class, t.Message)
	if t.Name != "" {
		e.DefineDataProperty("name", r.VM.ToValue(t.Name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	for _, f := range t.Props {
		e.Set(f.Key, fromGo(r, f.Value))
	}
	return e
}

// toGo converts an argument of a native. It panics with a TypeError for what
// natives do not take.
func (r *Realm) toGo(v goja.Value, depth int) any {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	if depth > maxDepth {
		panic(r.VM.NewTypeError("native argument is nested too deeply"))
	}
	o, ok := v.(*goja.Object)
	if !ok {
		switch x := v.Export().(type) {
		case int64:
			return float64(x)
		case float64, bool, string, *big.Int:
			return x
		}
		panic(r.VM.NewTypeError("native argument of type %s", v.ExportType()))
	}
	if b, ok := r.bytes(o); ok {
		return b
	}
	if _, ok := goja.AssertFunction(o); ok {
		panic(r.VM.NewTypeError("a function cannot be an argument of a native"))
	}
	switch o.ClassName() {
	case "Date":
		if t, ok := o.Export().(time.Time); ok {
			return t
		}
		return nil
	case "Array":
		n := int(o.Get("length").ToInteger())
		list := make([]any, n)
		for i := range list {
			list[i] = r.toGo(o.Get(fmt.Sprint(i)), depth+1)
		}
		return list
	}
	obj := modules.Object{}
	for _, k := range o.Keys() {
		obj = append(obj, modules.Field{Key: k, Value: r.toGo(o.Get(k), depth+1)})
	}
	return obj
}

// bytes returns the view of an ArrayBuffer, typed array or DataView.
func (r *Realm) bytes(o *goja.Object) ([]byte, bool) {
	if ab, ok := o.Export().(goja.ArrayBuffer); ok {
		return ab.Bytes(), true
	}
	if v, err := r.bind.isView(goja.Undefined(), o); err != nil || !v.ToBoolean() {
		return nil, false
	}
	b := r.bind
	buf, off, n := b.buffer, b.byteOffset, b.byteLen
	v, err := buf(o)
	if err != nil || goja.IsUndefined(v) {
		buf, off, n = b.dvBuffer, b.dvOffset, b.dvLength
		if v, err = buf(o); err != nil {
			panic(err)
		}
	}
	ab := v.Export().(goja.ArrayBuffer)
	from, err := off(o)
	if err != nil {
		panic(err)
	}
	length, err := n(o)
	if err != nil {
		panic(err)
	}
	i := from.ToInteger()
	return ab.Bytes()[i : i+length.ToInteger() : i+length.ToInteger()], true
}

// fromGo converts a result of a native.
func fromGo(r *Realm, v any) goja.Value {
	vm := r.VM
	switch x := v.(type) {
	case nil:
		return goja.Undefined()
	case modules.Null:
		return goja.Null()
	case bool, string, int, int64, float64, *big.Int:
		return vm.ToValue(x)
	case modules.JSON:
		v, err := r.bind.parse(goja.Undefined(), vm.ToValue(string(x)))
		if err != nil {
			panic(err)
		}
		return v
	case []byte:
		o, err := vm.New(r.uint8, vm.ToValue(vm.NewArrayBuffer(x)))
		if err != nil {
			panic(err)
		}
		return o
	case time.Time:
		o, err := vm.New(r.bind.date, vm.ToValue(float64(x.UnixMilli())))
		if err != nil {
			panic(err)
		}
		return o
	case []string:
		list := make([]any, len(x))
		for i, s := range x {
			list[i] = s
		}
		return vm.NewArray(list...)
	case []any:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = fromGo(r, e)
		}
		return vm.NewArray(list...)
	case modules.Object:
		o := vm.NewObject()
		for _, f := range x {
			o.DefineDataProperty(f.Key, fromGo(r, f.Value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		return o
	case map[string]any:
		o := vm.NewObject()
		for k, e := range x {
			o.Set(k, fromGoOrNull(r, e))
		}
		return o
	}
	panic(fmt.Sprintf("modtest: a native returned %v, which the ABI does not know", reflect.TypeOf(v)))
}

func fromGoOrNull(r *Realm, v any) goja.Value {
	if v == nil {
		return goja.Null()
	}
	return fromGo(r, v)
}
