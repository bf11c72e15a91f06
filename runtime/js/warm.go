package js

import (
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// The engine makes each built-in method when a realm first touches it, and the
// prototype of regular expressions as a whole: a fifth of the time of an ordinary
// chain of rules. A realm that is made ahead touches those that the sources
// mention. Doing so runs nothing of the customer's.

// An intrinsic is a kind of object whose methods are touched ahead.
type intrinsic int

const (
	stringProto intrinsic = iota
	arrayProto
	functionProto
	regexpProto
	objectClass
	intrinsics // their number
)

// of returns the intrinsic object of the realm.
func (k intrinsic) of(vm *goja.Runtime) *goja.Object {
	switch k {
	case stringProto:
		return vm.ToValue("").ToObject(vm).Prototype()
	case arrayProto:
		return vm.NewArray().Prototype()
	case functionProto:
		if o, ok := vm.Get("Object").(*goja.Object); ok {
			return o.Prototype()
		}
	case regexpProto:
		if v, err := vm.RunProgram(regexpProgram()); err == nil {
			return v.(*goja.Object).Prototype()
		}
	case objectClass:
		o, _ := vm.Get("Object").(*goja.Object)
		return o
	}
	return nil
}

var regexpProgram = sync.OnceValue(func() *goja.Program {
	return goja.MustCompile(internalFile+"warm", "/x/", true)
})

// methods says of which intrinsics a name is a method.
var methods = sync.OnceValue(func() map[string][]intrinsic {
	hideEngineGlobals() // it must have no other user meanwhile
	vm := goja.New()
	m := make(map[string][]intrinsic)
	for k := range intrinsics {
		for _, name := range k.of(vm).GetOwnPropertyNames() {
			switch name {
			case "constructor", "length", "name", "caller", "arguments": // no methods
			default:
				m[name] = append(m[name], k)
			}
		}
	}
	return m
})

// A warmth is what to touch of one intrinsic.
type warmth struct {
	kind  intrinsic
	names []string
}

// warmthOf finds the methods that the source mentions as members.
func warmthOf(source string) []warmth {
	var found [intrinsics][]string
	seen := make(map[string]bool)
	table := methods()
	for {
		i := strings.IndexByte(source, '.')
		if i < 0 {
			break
		}
		source = source[i+1:]
		n := 0
		for n < len(source) && (source[n]|0x20 >= 'a' && source[n]|0x20 <= 'z') {
			n++
		}
		name := source[:n]
		source = source[n:]
		if n == 0 || n > 24 || seen[name] {
			continue
		}
		kinds := table[name]
		if len(kinds) == 0 {
			continue
		}
		seen[name] = true
		for _, k := range kinds {
			found[k] = append(found[k], name)
		}
	}
	var out []warmth
	for k, names := range found {
		if len(names) > 0 {
			out = append(out, warmth{intrinsic(k), names})
		}
	}
	return out
}

// warm touches the methods.
func (r *Realm) warm(w []warmth) {
	r.guard(func() {
		for _, x := range w {
			if o := x.kind.of(r.vm); o != nil {
				for _, name := range x.names {
					o.Get(name)
				}
			}
		}
	})
}
