package js

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

// Bounds on what crosses between scripts and natives.
const (
	maxDepth  = 64      // nesting of arrays and objects
	maxValues = 1 << 20 // values in one argument list
	maxTasks  = 1024    // tasks in flight in one realm
	maxString = 64 << 20
)

// natives returns the object `native` that the module's source sees.
func (r *Realm) natives(m *modules.Module) goja.Value {
	if len(m.Natives) == 0 {
		return r.vm.NewObject()
	}
	return r.vm.NewDynamicObject(&nativeObject{r: r, natives: m.Natives, handlers: m.Handlers})
}

// nativeObject is `native`: see goja.DynamicObject. A function is made when the
// source first touches it. Only sources of ours see it.
type nativeObject struct {
	r       *Realm
	natives map[string]modules.Native
	made    map[string]goja.Value

	handlers bool
}

func (o *nativeObject) Get(key string) goja.Value {
	if v, ok := o.made[key]; ok {
		return v
	}
	n, ok := o.natives[key]
	if !ok {
		return nil
	}
	if o.made == nil {
		o.made = make(map[string]goja.Value)
	}
	// Nobody sees its name: sources of ours just call it.
	v := o.r.vm.ToValue(func(call goja.FunctionCall) goja.Value { return o.r.callNative(n, call, o.handlers) })
	o.made[key] = v
	return v
}

func (o *nativeObject) Has(key string) bool         { _, ok := o.natives[key]; return ok }
func (o *nativeObject) Set(string, goja.Value) bool { return false }
func (o *nativeObject) Delete(string) bool          { return false }
func (o *nativeObject) Keys() []string              { return sortedKeys(o.natives) }

// taskGrace is how much later than the run its tasks reach their deadline. Close
// ends them before; but if both had the same deadline, a script could see its
// request fail, and act on it, instead of ending by the limit.
const taskGrace = time.Second

func (r *Realm) nativeCall() *modules.Call {
	if r.call == nil {
		r.native = &modules.Realm{Now: func() time.Time {
			if r.in != nil && !r.in.Now.IsZero() {
				return r.in.Now
			}
			return time.Now()
		}}
		r.call = &modules.Call{Host: r.host, Realm: r.native, Ctx: context.Background()}
	}
	if r.cancel == nil && r.in != nil {
		ctx := context.Background()
		if r.in.Ctx != nil {
			ctx = context.WithoutCancel(r.in.Ctx)
		}
		r.call.Ctx, r.cancel = context.WithDeadline(ctx, r.in.Deadline.Add(taskGrace))
	}
	return r.call
}

func (r *Realm) callNative(n modules.Native, call goja.FunctionCall, handlers bool) goja.Value {
	list, t := call.Arguments, then{}
	if handlers {
		list, t = cutThen(list)
	}
	args := make([]any, len(list))
	in := importer{r: r, left: maxValues}
	for i, v := range list {
		args[i] = in.plain(v, 0)
	}
	c := r.nativeCall()
	v, err := n(c, args)
	if err != nil {
		panic(r.thrown(err))
	}
	if task, ok := v.(modules.Task); ok {
		return r.startTask(c.Ctx, task, t)
	}
	if t.err != nil {
		panic(r.vm.NewTypeError("a function cannot be passed here"))
	}
	return r.value(v, 0)
}

// then is what maps the result and the error of a task; nil where nothing does.
type then struct{ result, err goja.Callable }

// cutThen cuts the functions off the end of a native's arguments.
func cutThen(args []goja.Value) ([]goja.Value, then) {
	var t then
	for _, f := range []*goja.Callable{&t.err, &t.result} {
		if len(args) == 0 {
			break
		}
		o, ok := args[len(args)-1].(*goja.Object)
		if !ok {
			break
		}
		if *f, ok = goja.AssertFunction(o); !ok {
			break
		}
		args = args[:len(args)-1]
	}
	return args, t
}

// startTask runs the task on its own goroutine, which ends when it does; Close
// cancels its context, and Input.Tasks counts it. Its result settles the promise
// in a turn of the script that started it.
func (r *Realm) startTask(ctx context.Context, task modules.Task, t then) goja.Value {
	if r.loop.tasks >= maxTasks {
		panic(r.newError("RangeError", fmt.Sprintf("more than %d operations are in flight", maxTasks)))
	}
	p, resolve, reject := r.vm.NewPromise()
	r.loop.tasks++
	script := r.script
	var tally *Tally
	if r.in != nil && r.in.Tasks != nil {
		tally = r.in.Tasks
		tally.add(1)
	}
	go func() {
		if tally != nil {
			defer tally.add(-1)
		}
		v, err := runTask(ctx, task)
		r.loop.post(turn{script, func() error {
			r.loop.tasks--
			return r.settle(func() goja.Value { return r.outcome(t, v, err) }, resolve, reject)
		}})
	}()
	return r.vm.ToValue(p)
}

// runTask runs the task; a panic in it is a fault of ours, not the process's end.
func runTask(ctx context.Context, task modules.Task) (v any, err error) {
	defer func() {
		if x := recover(); x != nil {
			v, err = nil, fmt.Errorf("internal fault of a module: %v", x)
		}
	}()
	return task(ctx)
}

// settle settles a promise with what f returns or throws, then lets the promise
// jobs run.
func (r *Realm) settle(f func() goja.Value, resolve, reject func(any) error) error {
	settle := r.loop.settler
	if settle == nil {
		// The engine runs promise jobs when a call of a function returns.
		settle = r.vm.ToValue(func(goja.FunctionCall) goja.Value {
			do := r.loop.settling
			r.loop.settling = nil
			rethrow(do())
			return goja.Undefined()
		})
		r.loop.settler = settle
	}
	// Settling may run the jobs already; what ends them, no try can catch.
	r.loop.settling = func() error {
		var v goja.Value
		if ex := r.vm.Try(func() { v = f() }); ex != nil {
			return reject(ex.Value())
		}
		return resolve(v)
	}
	_, e := r.invoke(settle, goja.Undefined())
	return e
}

// outcome is what a task that ended with v and err gives. It throws.
func (r *Realm) outcome(t then, v any, err error) (out goja.Value) {
	f := t.result
	if err != nil {
		out, f = r.thrown(err), t.err
		if f == nil {
			panic(out)
		}
	} else {
		out = r.value(v, 0)
	}
	if f != nil {
		var e error
		out, e = f(goja.Undefined(), out)
		rethrow(e)
	}
	return out
}

// isTyped reports whether t is what a typed array exports to: a slice of numbers.
func isTyped(t reflect.Type) bool {
	if t.Kind() != reflect.Slice {
		return false
	}
	k := t.Elem().Kind()
	return k >= reflect.Int8 && k <= reflect.Float64
}

// importer turns guest values into plain ones. It may run guest code.
type importer struct {
	r    *Realm
	left int
}

var (
	bufferType = reflect.TypeFor[goja.ArrayBuffer]()
	timeType   = reflect.TypeFor[time.Time]()
	arrayType  = reflect.TypeFor[[]any]() // of a Set too
	mapType    = reflect.TypeFor[[][2]any]()
)

func (in *importer) plain(v goja.Value, depth int) any {
	if in.left--; in.left < 0 {
		panic(in.r.newError("RangeError", "too many values for one call"))
	}
	switch v := v.(type) {
	case nil:
		return nil
	case goja.String:
		if v.Length() > maxString {
			panic(in.r.newError("RangeError", "a string is too long for this call"))
		}
		return v.String()
	case *goja.Object:
		return in.object(in.r.codec.Plain(v).(*goja.Object), depth)
	case *goja.Symbol:
		panic(in.r.vm.NewTypeError("Cannot convert a Symbol value"))
	}
	switch {
	case goja.IsUndefined(v), goja.IsNull(v):
		return nil
	case goja.IsNumber(v):
		return v.ToFloat()
	case goja.IsBigInt(v):
		b, _ := v.Export().(*big.Int)
		return b
	}
	return v.ToBoolean()
}

func (in *importer) object(o *goja.Object, depth int) any {
	r := in.r
	if depth >= maxDepth {
		panic(r.newError("RangeError", fmt.Sprintf("a value is nested more than %d levels deep, or contains itself", maxDepth)))
	}
	if _, ok := goja.AssertFunction(o); ok {
		panic(r.vm.NewTypeError("a function cannot be passed here"))
	}
	switch t := o.ExportType(); {
	case t == bufferType:
		b, _ := o.Export().(goja.ArrayBuffer)
		if b.Detached() {
			panic(r.vm.NewTypeError("the ArrayBuffer is detached"))
		}
		return b.Bytes()
	case t == timeType:
		d, ok := o.Export().(time.Time)
		if !ok {
			return time.Time{}
		}
		return d
	case t == arrayType && o.ClassName() == "Array", r.isArray(o):
		return in.array(o, depth)
	case isTyped(t):
		return in.view(o)
	}
	if c := o.ClassName(); c == "Number" || c == "String" || c == "Boolean" {
		return in.plain(r.primitive(o), depth+1)
	}
	keys := o.Keys()
	if len(keys) == 0 && r.isView(o) {
		return in.view(o) // a DataView has no class of its own
	}
	if in.left -= len(keys); in.left < 0 {
		panic(r.newError("RangeError", "too many values for one call"))
	}
	out := make(modules.Object, 0, len(keys))
	for _, k := range keys {
		in.left++
		out = append(out, modules.Field{Key: k, Value: in.plain(o.Get(k), depth+1)})
	}
	return out
}

func (in *importer) array(o *goja.Object, depth int) any {
	n := o.Get("length").ToInteger()
	if n < 0 || n > int64(in.left) {
		panic(in.r.newError("RangeError", "an array is too long for this call"))
	}
	out := make([]any, 0, min(n, 1024))
	for i := range n {
		out = append(out, in.plain(o.Get(strconv.FormatInt(i, 10)), depth+1))
	}
	return out
}

// view returns the bytes of a typed array, or of a DataView.
func (in *importer) view(o *goja.Object) any {
	buf, ok := o.Get("buffer").(*goja.Object)
	if !ok || buf.ExportType() != bufferType {
		panic(in.r.vm.NewTypeError("not a view of an ArrayBuffer"))
	}
	ab := buf.Export().(goja.ArrayBuffer)
	if ab.Detached() {
		panic(in.r.vm.NewTypeError("the ArrayBuffer is detached"))
	}
	all := ab.Bytes()
	off, n := o.Get("byteOffset").ToInteger(), o.Get("byteLength").ToInteger()
	if off < 0 || n < 0 || off > int64(len(all)) || n > int64(len(all))-off {
		panic(in.r.newError("RangeError", "a view lies outside its ArrayBuffer"))
	}
	if n == 0 {
		return []byte{}
	}
	return all[off : off+n : off+n]
}

// isArray is Array.isArray, isView ArrayBuffer.isView. They are looked up when
// first needed: a script that replaced them deceives itself only.
func (r *Realm) isArray(o *goja.Object) bool { return r.is("Array", "isArray", o) }
func (r *Realm) isView(o *goja.Object) bool  { return r.is("ArrayBuffer", "isView", o) }

func (r *Realm) is(class, method string, o *goja.Object) bool {
	f, ok := r.loader.tests[method]
	if !ok {
		if c, ok := r.vm.Get(class).(*goja.Object); ok {
			f, _ = goja.AssertFunction(c.Get(method))
		}
		if r.loader.tests == nil {
			r.loader.tests = make(map[string]goja.Callable)
		}
		r.loader.tests[method] = f
	}
	if f == nil {
		return false
	}
	v, err := f(goja.Undefined(), o)
	rethrow(err)
	return v.ToBoolean()
}

// primitive is what a wrapper object holds.
func (r *Realm) primitive(o *goja.Object) goja.Value {
	switch o.ClassName() {
	case "Number":
		return o.ToNumber()
	case "Boolean":
		b, _ := o.Export().(bool)
		return r.vm.ToValue(b)
	}
	return o.ToString()
}

// value turns a plain value of a native into a guest value.
func (r *Realm) value(v any, depth int) goja.Value {
	if depth > maxDepth {
		panic(r.newError("RangeError", "a result is nested too deeply"))
	}
	switch v := v.(type) {
	case nil:
		return goja.Undefined()
	case modules.Null:
		return goja.Null()
	case bool, string, int, int64, *big.Int:
		return r.vm.ToValue(v)
	case float64:
		if v == 0 && math.Signbit(v) {
			return r.vm.ToValue(math.Copysign(0, -1))
		}
		return r.vm.ToValue(v)
	case []byte:
		return r.bytes(v)
	case modules.JSON:
		return r.parsed(string(v))
	case []string:
		items := make([]any, len(v))
		for i, s := range v {
			items[i] = s
		}
		return r.vm.NewArray(items...)
	case []any:
		items := make([]any, len(v))
		for i, e := range v {
			items[i] = r.value(e, depth+1)
		}
		return r.vm.NewArray(items...)
	case modules.Object:
		o := r.vm.NewObject()
		for _, f := range v {
			o.DefineDataProperty(f.Key, r.value(f.Value, depth+1), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		return o
	case time.Time:
		o, err := r.vm.New(r.vm.Get("Date"), r.vm.ToValue(v.UnixMilli()))
		rethrow(err)
		return o
	}
	panic(r.newError("Error", fmt.Sprintf("internal fault: a module returned a %T", v)))
}

// parsed is what JSON.parse makes of the text, of which big parts come into being
// when they are touched.
func (r *Realm) parsed(text string) goja.Value {
	v, err := r.codec.DecodeOwned([]byte(text))
	switch err.(type) {
	case nil:
		return v
	case *goja.InterruptedError, *goja.StackOverflowError:
		panic(err)
	}
	if message := jsonMessage(text); message != "" {
		panic(r.newError("SyntaxError", message))
	}
	parse := goja.Undefined()
	if o, ok := r.vm.Get("JSON").(*goja.Object); ok {
		parse = o.Get("parse")
	}
	f, ok := goja.AssertFunction(parse)
	if !ok {
		panic(r.newError("SyntaxError", "the text is not JSON"))
	}
	v, err = f(goja.Undefined(), r.vm.ToValue(text))
	rethrow(err)
	return v
}

// bytes returns a Uint8Array over b.
func (r *Realm) bytes(b []byte) goja.Value {
	o, err := r.vm.New(r.vm.Get("Uint8Array"), r.vm.ToValue(r.vm.NewArrayBuffer(b)))
	rethrow(err)
	return o
}

// thrown makes the guest's error of a native's.
func (r *Realm) thrown(err error) goja.Value {
	var t *modules.Throw
	if !errors.As(err, &t) {
		return r.newError("Error", err.Error())
	}
	class := t.Class
	if class == "" {
		class = "Error"
	}
	o := r.newError(class, t.Message)
	if t.Name != "" {
		o.DefineDataProperty("name", r.vm.ToValue(t.Name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	for _, f := range t.Props {
		o.DefineDataProperty(f.Key, r.value(f.Value, 1), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return o
}
