package lazy

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

// layout says where in the engine's objects are the fields that become writes.
//
// The engine keeps an object in two parts: goja.Object, whose address is its
// identity, and an implementation behind an interface in its field self, which
// the engine itself exchanges when an array becomes sparse. A node exchanges its
// proxy implementation for that of a real object in the same way, so that
// nothing of the proxy is left: not its cost, not its differences.
//
// Offsets come from reflection over the engine in use and every type is
// compared; where anything is not as known there is no layout, and nothing is
// lazy.
type layout struct {
	self, val, extensible, target uintptr
	proxy, object, array          unsafe.Pointer // type words of the implementations
}

// impl is an interface value with methods.
type impl struct{ tab, data unsafe.Pointer }

var engineLayout = sync.OnceValue(func() *layout {
	vm := goja.New()
	self, ok := reflect.TypeFor[goja.Object]().FieldByName("self")
	if !ok || self.Type.Kind() != reflect.Interface || self.Type.NumMethod() == 0 {
		return nil
	}
	l := &layout{self: self.Offset}
	pointer, boolean := reflect.TypeFor[*goja.Object](), reflect.TypeFor[bool]()
	plain, array := vm.NewObject(), vm.NewArray()
	proxy := vm.ToValue(vm.NewProxy(plain, &goja.ProxyTrapConfig{})).(*goja.Object)
	for _, f := range []struct {
		o      *goja.Object
		name   string
		ftype  reflect.Type
		offset *uintptr
		tab    *unsafe.Pointer
	}{
		{plain, "val", pointer, &l.val, &l.object},
		{plain, "extensible", boolean, &l.extensible, &l.object},
		{array, "val", pointer, &l.val, &l.array},
		{array, "extensible", boolean, &l.extensible, &l.array},
		{proxy, "target", pointer, &l.target, &l.proxy},
	} {
		t := reflect.ValueOf(f.o).Elem().FieldByIndex(self.Index).Elem().Type()
		if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
			return nil
		}
		at, ftype, ok := fieldOffset(t.Elem(), f.name)
		if !ok || ftype != f.ftype || *f.offset != 0 && *f.offset != at {
			return nil
		}
		*f.offset, *f.tab = at, l.implOf(f.o).tab
	}
	return l
})

// fieldOffset returns the offset of the field, which may be promoted.
func fieldOffset(t reflect.Type, name string) (uintptr, reflect.Type, bool) {
	f, ok := t.FieldByName(name)
	if !ok {
		return 0, nil, false
	}
	var offset uintptr
	for _, i := range f.Index {
		if t.Kind() != reflect.Struct {
			return 0, nil, false
		}
		offset += t.Field(i).Offset
		t = t.Field(i).Type
	}
	return offset, f.Type, true
}

func (l *layout) implOf(o *goja.Object) *impl {
	return (*impl)(unsafe.Add(unsafe.Pointer(o), l.self))
}

// become makes o, a proxy, the object that real is. Code of the engine that is
// in the midst of an operation on the proxy goes on with o. real must not be used
// after, but as a dummy that a trap shapes for its checks.
func (l *layout) become(o, real *goja.Object) {
	mine, theirs := l.implOf(o), l.implOf(real)
	if mine.tab != l.proxy || theirs.tab != l.object && theirs.tab != l.array {
		panic("lazy: not a proxy, or not a plain object")
	}
	*(**goja.Object)(unsafe.Add(mine.data, l.target)) = o
	*(**goja.Object)(unsafe.Add(theirs.data, l.val)) = o
	*mine = *theirs
}

// lend gives target, the proxy's former target, the implementation of from, so
// that the engine's checks after a trap see it.
func (l *layout) lend(target, from *goja.Object) {
	*l.implOf(target) = *l.implOf(from)
}

// preventExtensions is Object.preventExtensions for a plain object or array.
func (l *layout) preventExtensions(o *goja.Object) {
	*(*bool)(unsafe.Add(l.implOf(o).data, l.extensible)) = false
}
