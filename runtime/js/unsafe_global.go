package js

import (
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// engineGlobal is a global of the engine that is no JavaScript.
const engineGlobal = "GoError"

// hideEngineGlobals takes engineGlobal out of the template from which the engine
// makes every global object of the process, and reports whether it is out. To
// delete it from each realm makes it first, with the prototypes it inherits
// from: a tenth of what a realm costs.
//
// It is called before any other use of the engine here: nothing else reads the
// template meanwhile. Every type is compared with what is known; where anything
// differs, nothing is done, and realms delete the global themselves.
var hideEngineGlobals = sync.OnceValue(func() bool {
	g := reflect.ValueOf(goja.New().GlobalObject()).Elem()
	self := g.FieldByName("self")
	if !self.IsValid() || self.Kind() != reflect.Interface || self.Elem().Kind() != reflect.Pointer || self.Elem().Elem().Kind() != reflect.Struct {
		return false
	}
	tmpl := self.Elem().Elem().FieldByName("tmpl")
	if !tmpl.IsValid() || tmpl.Kind() != reflect.Pointer || tmpl.Elem().Kind() != reflect.Struct {
		return false
	}
	names, props := tmpl.Elem().FieldByName("propNames"), tmpl.Elem().FieldByName("props")
	if !names.IsValid() || !props.IsValid() || names.Type() != reflect.TypeFor[[]unistring.String]() ||
		props.Kind() != reflect.Map || props.Type().Key() != reflect.TypeFor[unistring.String]() ||
		!props.Type().Elem().ConvertibleTo(reflect.TypeFor[func(*goja.Runtime) goja.Value]()) {
		return false
	}
	list := (*[]unistring.String)(unsafe.Pointer(names.UnsafeAddr()))
	table := *(*map[unistring.String]func(*goja.Runtime) goja.Value)(unsafe.Pointer(props.UnsafeAddr()))
	at := slices.Index(*list, engineGlobal)
	if at < 0 || table[engineGlobal] == nil {
		return false
	}
	*list = slices.Delete(*list, at, at+1)
	delete(table, engineGlobal)
	return true
})
