package js

import (
	"maps"
	"slices"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox/modules"
)

var parserOptions = []parser.Option{parser.WithDisableSourceMaps}

// globals are the names that a realm offers beside the language. None of them is
// made before a script touches it: the global object inherits from an object
// that is asked for names it does not have, and what that makes becomes an own
// property of the global object. A realm that uses none pays for none.
//
// Two things differ from globals that are there from the start: listing the
// global object's own names shows only those that were touched, and strict code
// that assigns to one before it reads it gets a ReferenceError.
type globals struct {
	object     *goja.Object
	making     map[string]bool // guards against a global that needs itself
	touched    []string
	timerProto *goja.Object
}

// builtin are the globals made here; all others come from modules.
var builtin map[string]func(r *Realm) goja.Value

func init() {
	builtin = map[string]func(r *Realm) goja.Value{
		"configuration":  func(r *Realm) goja.Value { return r.configuration() },
		"global":         func(r *Realm) goja.Value { return r.vm.GlobalObject() },
		"console":        func(r *Realm) goja.Value { return r.console() },
		"require":        func(r *Realm) goja.Value { return r.guestRequire() },
		"queueMicrotask": func(r *Realm) goja.Value { return r.fromPrelude("queueMicrotask") },
		"setTimeout":     setter("setTimeout", false, false),
		"setInterval":    setter("setInterval", true, false),
		"setImmediate":   setter("setImmediate", false, true),
		"clearTimeout":   clearer("clearTimeout"),
		"clearInterval":  clearer("clearInterval"),
		"clearImmediate": clearer("clearImmediate"),
	}
	for _, name := range []string{"UnauthorizedError", "ValidationError", "WrongUsernameOrPasswordError"} {
		builtin[name] = func(r *Realm) goja.Value { return r.fromPrelude(name) }
	}
}

func setter(name string, interval, immediate bool) func(r *Realm) goja.Value {
	return func(r *Realm) goja.Value {
		return r.function(name, func(call goja.FunctionCall) goja.Value { return r.addTimer(name, call, interval, immediate) })
	}
}

func clearer(name string) func(r *Realm) goja.Value {
	return func(r *Realm) goja.Value { return r.function(name, r.clearTimer) }
}

func (r *Realm) installGlobals() {
	g := r.vm.GlobalObject()
	r.globals.object = g
	if !hideEngineGlobals() {
		g.Delete(engineGlobal)
	}
	g.SetPrototype(r.vm.NewDynamicObject((*lazyGlobals)(r)))
}

// lazyGlobals is the prototype of the global object: see goja.DynamicObject. Get
// makes the global and moves it to the global object.
type lazyGlobals Realm

func (l *lazyGlobals) Get(key string) goja.Value {
	r := (*Realm)(l)
	if !isGlobal(key) && !r.isHookClass(key) || r.globals.making[key] {
		return nil
	}
	return r.makeGlobal(key)
}

func (l *lazyGlobals) Has(key string) bool {
	return isGlobal(key) || (*Realm)(l).isHookClass(key)
}
func (l *lazyGlobals) Set(key string, v goja.Value) bool { return false }
func (l *lazyGlobals) Delete(key string) bool            { return false }
func (l *lazyGlobals) Keys() []string                    { return nil }

func isGlobal(key string) bool {
	if _, ok := builtin[key]; ok {
		return true
	}
	_, ok := moduleGlobals()[key]
	return ok
}

func (r *Realm) makeGlobal(key string) goja.Value {
	if r.globals.making == nil {
		r.globals.making = make(map[string]bool)
	}
	r.globals.making[key] = true
	defer delete(r.globals.making, key)
	var v goja.Value
	if make, ok := builtin[key]; ok {
		v = make(r)
	} else if r.isHookClass(key) {
		v = r.hookClass(key)
	} else {
		r.permitGlobal(key)
		g := moduleGlobals()[key]
		v = r.requireModule(g.Module)
		if g.Export != "" {
			if o, ok := v.(*goja.Object); ok {
				v = o.Get(g.Export)
			}
		}
	}
	if v == nil {
		v = goja.Undefined()
	}
	r.globals.object.DefineDataProperty(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	r.touch(key)
	return v
}

// Touched names the globals and modules that were used, for Preload of a later
// realm of the same chain.
func (r *Realm) Touched() []string { return r.globals.touched }

// maxTouched bounds what is remembered: a script may delete and touch for ever.
const maxTouched = 128

func (r *Realm) touch(name string) {
	if len(r.globals.touched) < maxTouched {
		r.globals.touched = append(r.globals.touched, name)
	}
}

func (r *Realm) configuration() goja.Value {
	o := r.vm.NewObject()
	for _, k := range sortedKeys(r.chain.Configuration) {
		o.Set(k, r.chain.Configuration[k])
	}
	return o
}

func moduleGlobals() map[string]modules.Global { return tables().globals }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
