package js

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// The engine makes its own errors with the classes that a field of the runtime
// holds for each. What stands there in their place is asked for every such error,
// and for nothing else: a script that throws none pays nothing. The global of the
// name stays the engine's class.

// hookedClasses are the classes whose texts are Node's: see nodeText.
var hookedClasses = [...]string{"TypeError", "SyntaxError", "URIError"}

// classes are a set of hookedClasses.
type classes uint8

const (
	classTypeError classes = 1 << iota
	classSyntaxError
	classURIError
)

// A hookLayout says where the engine has what is needed.
type hookLayout struct {
	class         [len(hookedClasses)]uintptr
	make          [len(hookedClasses)]func(*goja.Runtime) goja.Value
	vm            uintptr // in the runtime: a pointer
	stack, sp, sb uintptr // in what it points to
	prg           uintptr
}

// hooks holds the *errorHooks of each runtime that has them.
var hooks sync.Map

// errorLayout finds the fields, and has the template of all global objects give
// out the engine's classes where a runtime has hooks. It is nil if the engine is
// not the one that is known here: then its texts stay.
//
// It is called before any other use of the engine here, as hideEngineGlobals is.
var errorLayout = sync.OnceValue(func() *hookLayout {
	hideEngineGlobals()
	rt := reflect.TypeFor[goja.Runtime]()
	object := reflect.TypeFor[*goja.Object]()
	global, ok := rt.FieldByName("global")
	vm, ok2 := rt.FieldByName("vm")
	if !ok || !ok2 || global.Type.Kind() != reflect.Struct || vm.Type.Kind() != reflect.Pointer || vm.Type.Elem().Kind() != reflect.Struct {
		return nil
	}
	l := &hookLayout{vm: vm.Offset}
	for i, name := range hookedClasses {
		f, ok := global.Type.FieldByName(name)
		if !ok || f.Type != object {
			return nil
		}
		l.class[i] = global.Offset + f.Offset
	}
	for name, at := range map[string]*uintptr{"stack": &l.stack, "sp": &l.sp, "sb": &l.sb, "prg": &l.prg} {
		f, ok := vm.Type.Elem().FieldByName(name)
		switch {
		case !ok:
			return nil
		case name == "stack" && (f.Type.Kind() != reflect.Slice || f.Type.Elem() != reflect.TypeFor[goja.Value]()),
			(name == "sp" || name == "sb") && f.Type.Kind() != reflect.Int,
			name == "prg" && f.Type != reflect.TypeFor[*goja.Program]():
			return nil
		}
		*at = f.Offset
	}
	table := globalTemplate()
	for i, name := range hookedClasses {
		if l.make[i] = table[unistring.String(name)]; l.make[i] == nil {
			return nil
		}
	}
	for i, name := range hookedClasses {
		table[unistring.String(name)] = func(r *goja.Runtime) goja.Value {
			if h, ok := hooks.Load(r); ok {
				return h.(*errorHooks).engineClass(i)
			}
			return l.make[i](r)
		}
	}
	return l
})

// globalTemplate is the table from which the engine makes the properties of every
// global object; nil if it is not found.
func globalTemplate() map[unistring.String]func(*goja.Runtime) goja.Value {
	self := reflect.ValueOf(goja.New().GlobalObject()).Elem().FieldByName("self")
	if !self.IsValid() || self.Kind() != reflect.Interface || self.Elem().Kind() != reflect.Pointer || self.Elem().Elem().Kind() != reflect.Struct {
		return nil
	}
	tmpl := self.Elem().Elem().FieldByName("tmpl")
	if !tmpl.IsValid() || tmpl.Kind() != reflect.Pointer || tmpl.Elem().Kind() != reflect.Struct {
		return nil
	}
	props := tmpl.Elem().FieldByName("props")
	if !props.IsValid() || props.Kind() != reflect.Map || props.Type().Key() != reflect.TypeFor[unistring.String]() ||
		!props.Type().Elem().ConvertibleTo(reflect.TypeFor[func(*goja.Runtime) goja.Value]()) {
		return nil
	}
	return *(*map[unistring.String]func(*goja.Runtime) goja.Value)(unsafe.Pointer(props.UnsafeAddr()))
}

// errorHooks are the hooks of one runtime.
type errorHooks struct {
	vm      *goja.Runtime
	layout  *hookLayout
	which   classes
	classes [len(hookedClasses)]*goja.Object // the engine's, nil before they are needed
}

// hookErrors has text make the message of every error of the classes that the
// engine makes in this runtime; it gets the class's name and the engine's message.
func hookErrors(vm *goja.Runtime, which classes, text func(class, message string, at *vmState) string) {
	l := errorLayout()
	if l == nil {
		return
	}
	h := &errorHooks{vm: vm, layout: l, which: which}
	for i, class := range hookedClasses {
		if which&(1<<i) == 0 {
			continue
		}
		f := vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
			h.engineClass(i)
			args := call.Arguments
			if len(args) > 0 {
				if s, ok := args[0].(goja.String); ok && s.Length() <= maxMessage {
					args = []goja.Value{vm.ToValue(text(class, s.String(), (*vmState)(h)))}
				}
			}
			o, err := vm.New(h.classes[i], args...)
			rethrow(err)
			return o
		})
		*h.slot(i) = f.(*goja.Object)
	}
	hooks.Store(vm, h)
}

func unhookErrors(vm *goja.Runtime) { hooks.Delete(vm) }

func (h *errorHooks) slot(i int) **goja.Object {
	return (**goja.Object)(unsafe.Add(unsafe.Pointer(h.vm), h.layout.class[i]))
}

// engineClass returns what the global object has for the class, and keeps the
// class itself.
func (h *errorHooks) engineClass(i int) goja.Value {
	if h.which&(1<<i) == 0 {
		return h.layout.make[i](h.vm)
	}
	slot := h.slot(i)
	hook := *slot
	defer func() { *slot = hook }()
	if *slot = h.classes[i]; *slot == nil {
		v := h.layout.make[i](h.vm)
		h.classes[i] = *slot
		return v
	}
	return h.layout.make[i](h.vm)
}

// vmState is what the engine works with at the moment.
type vmState errorHooks

func (s *vmState) machine() unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(s.vm), s.layout.vm))
}

// native reports whether a function of the engine runs, not the script's code.
func (s *vmState) native() bool {
	return *(**goja.Program)(unsafe.Add(s.machine(), s.layout.prg)) == nil
}

// top returns the n-th value from the top of the stack; nil if there is none.
func (s *vmState) top(n int) goja.Value {
	m := s.machine()
	return s.at(*(*int)(unsafe.Add(m, s.layout.sp)) - n)
}

// argument returns the first argument of the function of the engine that runs.
func (s *vmState) argument() goja.Value {
	m := s.machine()
	return s.at(*(*int)(unsafe.Add(m, s.layout.sb)))
}

func (s *vmState) at(i int) goja.Value {
	stack := *(*[]goja.Value)(unsafe.Add(s.machine(), s.layout.stack))
	if i < 0 || i >= len(stack) {
		return nil
	}
	return stack[i]
}
