package js

import (
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/dop251/goja"
)

// A Cache is what scripts left on `global`, as plain data of Go: a structured
// clone, so that nothing of one realm reaches another. It is immutable.
type Cache struct {
	fields []cacheField
}

// Merge returns what is kept when a run that began with base ends with c, while
// now is kept: other runs may have ended in between. What the run changed wins;
// what it left alone is as the others left it.
func (c *Cache) Merge(base, now *Cache) *Cache {
	if base == now {
		return c
	}
	before, after := base.index(), c.index()
	out := &Cache{}
	if now != nil {
		for _, f := range now.fields {
			old, had := before[f.key]
			mine, has := after[f.key]
			switch {
			case had && !has:
				continue // deleted by this run
			case has && (!had || !reflect.DeepEqual(old, mine)):
				continue // changed by this run: below
			}
			out.fields = append(out.fields, f)
		}
	}
	for _, f := range c.fields {
		if old, had := before[f.key]; !had || !reflect.DeepEqual(old, f.value) {
			out.fields = append(out.fields, f)
		}
	}
	return out
}

func (c *Cache) index() map[string]any {
	if c == nil {
		return nil
	}
	m := make(map[string]any, len(c.fields))
	for _, f := range c.fields {
		m[f.key] = f.value
	}
	return m
}

type cacheField struct {
	key   string
	value any
}

// MaxCache bounds what survives of `global`, in bytes, roughly.
const MaxCache = 1 << 20

// Values of a cache: primitives as goja.Value (they belong to no realm), and
// these. Objects are pointers: one that occurs twice is one.
type (
	cachedObject struct{ fields []cacheField }
	cachedArray  struct {
		length int64
		items  []cacheField // holes have none
	}
	cachedDate   struct{ ms goja.Value }
	cachedRegExp struct{ source, flags string }
	cachedMap    struct{ pairs [][2]any }
	cachedSet    struct{ items []any }
	cachedBytes  struct {
		class string // Uint8Array, Buffer, ArrayBuffer, …
		data  []byte
	}
)

// dropped is what cannot be cloned.
type dropped struct{}

// saveGlobal clones what scripts put on the global object, if they may have.
func (r *Realm) saveGlobal() {
	uses := false
	for _, p := range r.progs[r.first:r.end] {
		uses = uses || p.global
	}
	if !uses || !r.alive() {
		return
	}
	c := &Cache{}
	err := r.guard(func() {
		cl := cloner{r: r, seen: make(map[*goja.Object]any), left: MaxCache}
		g := r.globals.object
		for _, k := range g.Keys() {
			if v := cl.clone(g.Get(k), 0); v != (dropped{}) {
				cl.spend(len(k) + 16)
				c.fields = append(c.fields, cacheField{k, v})
			}
		}
	})
	if err != nil {
		r.warnCache(err)
		c = &Cache{}
	}
	r.saved = c
}

func (r *Realm) warnCache(err error) {
	why := "it could not be copied: " + err.Error()
	if isException(err) {
		why = "reading it throws"
	} else if p, ok := err.(*enginePanic); ok {
		if p.value == errCacheFull {
			r.broken = false // our own panic; the engine is sound
			why = fmt.Sprintf("it holds more than %d bytes", MaxCache)
		}
	}
	r.log("warn", "global was not kept for later logins: "+why)
}

var errCacheFull = fmt.Errorf("js: global holds too much")

type cloner struct {
	r    *Realm
	seen map[*goja.Object]any
	left int
}

func (c *cloner) spend(n int) {
	if c.left -= n; c.left < 0 {
		panic(errCacheFull)
	}
}

func (c *cloner) clone(v goja.Value, depth int) any {
	c.spend(8)
	switch v := v.(type) {
	case nil:
		return goja.Undefined()
	case goja.String:
		c.spend(v.Length() * 2)
		return v
	case *goja.Symbol:
		return dropped{}
	case *goja.Object:
		if old, ok := c.seen[v]; ok {
			return old
		}
		if depth > maxDepth {
			return dropped{}
		}
		return c.object(c.r.codec.Plain(v).(*goja.Object), depth+1)
	}
	if goja.IsBigInt(v) {
		b, _ := v.Export().(*big.Int)
		c.spend(len(b.Bits()) * 8)
		return new(big.Int).Set(b)
	}
	return v
}

func (c *cloner) object(o *goja.Object, depth int) any {
	r := c.r
	c.spend(32)
	if isFunctionValue(o) {
		return dropped{}
	}
	t := o.ExportType()
	switch {
	case t == bufferType || isTyped(t):
		return c.bytes(o)
	case t == timeType:
		return c.keep(o, &cachedDate{r.vm.ToValue(dateMillis(o))})
	case o.ClassName() == "RegExp":
		s, _ := o.Get("source").(goja.String)
		f, _ := o.Get("flags").(goja.String)
		if s == nil || f == nil {
			return dropped{}
		}
		c.spend(s.Length() * 2)
		return c.keep(o, &cachedRegExp{s.String(), f.String()})
	case t == mapType:
		m := &cachedMap{}
		c.seen[o] = m
		r.forOf(o, func(v goja.Value) {
			if pair, ok := v.(*goja.Object); ok {
				k, val := c.clone(pair.Get("0"), depth), c.clone(pair.Get("1"), depth)
				if k != (dropped{}) && val != (dropped{}) {
					m.pairs = append(m.pairs, [2]any{k, val})
				}
			}
		})
		return m
	case t == arrayType && !r.isArray(o):
		s := &cachedSet{}
		c.seen[o] = s
		r.forOf(o, func(v goja.Value) {
			if e := c.clone(v, depth); e != (dropped{}) {
				s.items = append(s.items, e)
			}
		})
		return s
	case r.isArray(o):
		a := &cachedArray{length: o.Get("length").ToInteger()}
		c.seen[o] = a
		a.items = c.fields(o, depth)
		return a
	}
	if !c.plain(o) {
		return dropped{}
	}
	p := &cachedObject{}
	c.seen[o] = p
	p.fields = c.fields(o, depth)
	return p
}

func (c *cloner) keep(o *goja.Object, v any) any {
	c.seen[o] = v
	return v
}

// plain reports whether o is made by a literal: its prototype is that of objects,
// or none.
func (c *cloner) plain(o *goja.Object) bool {
	switch o.ClassName() {
	case "Object":
	default:
		return false
	}
	p := o.Prototype()
	return p == nil || p.Prototype() == nil
}

func (c *cloner) fields(o *goja.Object, depth int) []cacheField {
	keys := o.Keys()
	c.spend(len(keys) * 32)
	fields := make([]cacheField, 0, len(keys))
	for _, k := range keys {
		c.spend(len(k))
		if v := c.clone(o.Get(k), depth); v != (dropped{}) {
			fields = append(fields, cacheField{k, v})
		}
	}
	return fields
}

// bytes clones an ArrayBuffer, a typed array or a Buffer.
func (c *cloner) bytes(o *goja.Object) any {
	in := importer{r: c.r, left: 1}
	b, ok := in.object(o, 0).([]byte)
	if !ok {
		return dropped{}
	}
	c.spend(len(b))
	class := "ArrayBuffer"
	if o.ExportType() != bufferType {
		class = "Uint8Array"
		if ctor, ok := o.Get("constructor").(*goja.Object); ok {
			if n, ok := ctor.Get("name").(goja.String); ok {
				class = clip(n, 64)
			}
		}
	}
	return c.keep(o, &cachedBytes{class: class, data: append([]byte(nil), b...)})
}

// restoreGlobal puts the cache onto the global object.
func (r *Realm) restoreGlobal(c *Cache) {
	if c == nil || len(c.fields) == 0 {
		return
	}
	r.guard(func() {
		re := restorer{r: r, made: make(map[any]*goja.Object)}
		for _, f := range c.fields {
			r.globals.object.DefineDataProperty(f.key, re.value(f.value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
	})
}

type restorer struct {
	r    *Realm
	made map[any]*goja.Object
}

func (re *restorer) value(v any) goja.Value {
	switch v := v.(type) {
	case goja.Value:
		return v
	case *big.Int:
		return re.r.vm.ToValue(v)
	}
	if o, ok := re.made[v]; ok {
		return o
	}
	return re.object(v)
}

func (re *restorer) object(v any) goja.Value {
	vm := re.r.vm
	switch v := v.(type) {
	case *cachedObject:
		o := vm.NewObject()
		re.made[v] = o
		re.fill(o, v.fields)
		return o
	case *cachedArray:
		o := vm.NewArray()
		re.made[v] = o
		re.fill(o, v.items)
		o.Set("length", v.length)
		return o
	case *cachedDate:
		return re.keep(v, re.construct("Date", v.ms))
	case *cachedRegExp:
		return re.keep(v, re.construct("RegExp", vm.ToValue(v.source), vm.ToValue(v.flags)))
	case *cachedMap:
		o := re.keep(v, re.construct("Map"))
		set, _ := goja.AssertFunction(o.Get("set"))
		for _, p := range v.pairs {
			set(o, re.value(p[0]), re.value(p[1]))
		}
		return o
	case *cachedSet:
		o := re.keep(v, re.construct("Set"))
		add, _ := goja.AssertFunction(o.Get("add"))
		for _, e := range v.items {
			add(o, re.value(e))
		}
		return o
	case *cachedBytes:
		return re.keep(v, re.bytes(v))
	}
	return goja.Undefined()
}

func (re *restorer) keep(key any, o *goja.Object) *goja.Object {
	re.made[key] = o
	return o
}

func (re *restorer) fill(o *goja.Object, fields []cacheField) {
	for _, f := range fields {
		o.DefineDataProperty(f.key, re.value(f.value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
}

func (re *restorer) construct(class string, args ...goja.Value) *goja.Object {
	o, err := re.r.vm.New(re.r.vm.Get(class), args...)
	rethrow(err)
	return o
}

func (re *restorer) bytes(v *cachedBytes) *goja.Object {
	vm := re.r.vm
	buf := vm.ToValue(vm.NewArrayBuffer(append([]byte(nil), v.data...))).(*goja.Object)
	if v.class == "ArrayBuffer" {
		return buf
	}
	if v.class == "Buffer" || v.class == "FastBuffer" {
		if b, ok := vm.Get("Buffer").(*goja.Object); ok {
			if from, ok := goja.AssertFunction(b.Get("from")); ok {
				if o, err := from(b, buf); err == nil {
					return o.(*goja.Object)
				}
			}
		}
	}
	switch v.class {
	case "Int8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
		"Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array":
		return re.construct(v.class, buf)
	}
	return re.construct("Uint8Array", buf)
}

func dateMillis(o *goja.Object) float64 {
	if t, ok := o.Export().(time.Time); ok {
		return float64(t.UnixMilli())
	}
	return o.ToFloat()
}

// forOf visits what the object's iterator gives.
func (r *Realm) forOf(o *goja.Object, f func(goja.Value)) {
	r.vm.ForOf(o, func(v goja.Value) bool {
		f(v)
		return true
	})
}
