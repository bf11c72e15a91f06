package lazy

import (
	"errors"
	"regexp"
	"strings"

	"github.com/dop251/goja"
)

// The traps. All but the reading, replacing and adding of one member make the node
// whole first, which ends its traps; then they do the operation, this once, on the real
// object.

func (c *Codec) setTraps() {
	c.traps = goja.ProxyTrapConfig{
		Get:                      c.trapGet,
		Has:                      c.trapHas,
		Set:                      c.trapSet,
		SetSym:                   c.trapSetSym,
		GetOwnPropertyDescriptor: c.trapGetOwn,
		DefineProperty:           c.trapDefine,
		DefinePropertySym:        c.trapDefineSym,
		DeleteProperty:           c.trapDelete,
		OwnKeys:                  c.trapOwnKeys,
		PreventExtensions:        c.trapPrevent,
	}
}

// lookup returns the ordinal of the member that name means and the index of its
// value.
func (n *node) lookup(name string) (ord int, at uint32, ok bool) {
	if !n.array {
		return n.find(name)
	}
	if ord, ok = index(name); !ok || ord >= int(n.self().Len) {
		return 0, 0, false
	}
	return ord, n.element(ord), true
}

// replace gives a member that is there a new value, if that can be done without
// making the node whole. No setter can be in the way: it is an own property.
func (n *node) replace(name string, v goja.Value) bool {
	if n.self().Len > maxSmall {
		return false
	}
	ord, _, ok := n.lookup(name)
	if !ok {
		return n.add(name, v)
	}
	if n.vals == nil {
		n.vals = make([]goja.Value, n.self().Len)
	}
	n.vals[ord] = v
	n.replaced |= 1 << ord
	return true
}

// add gives the object a member that is not in its text, or replaces one that
// was added. It does not where the prototype has a say (a setter, __proto__), and
// where the member would not come last, as names that may be indices come first, nor
// for toJSON, which rules over the text.
func (n *node) add(name string, v goja.Value) bool {
	if n.array {
		return false
	}
	if m := n.added(name); m != nil {
		m.value = v
		return true
	}
	if len(n.extra) == maxExtra || name == "toJSON" || name != "" && name[0] >= '0' && name[0] <= '9' ||
		strings.Contains(name, "\uFFFD") || !n.c.absent(n, name) {
		return false
	}
	n.extra = append(n.extra, member{name, v})
	return true
}

// added returns the member that add made, nil if there is none.
func (n *node) added(name string) *member {
	for i := range n.extra {
		if n.extra[i].key == name {
			return &n.extra[i]
		}
	}
	return nil
}

// own returns the value of the property that the node has by its text, or that
// was added. A node with many members becomes whole.
func (c *Codec) own(n *node, name string) (v goja.Value, ok bool) {
	size := int(n.self().Len)
	if n.array && name == "length" {
		v, ok = c.vm.ToValue(int64(size)), true
	} else if ord, at, found := n.lookup(name); found {
		v, ok = n.child(ord, at), true
	} else if m := n.added(name); m != nil {
		v, ok = m.value, true
	}
	if size > maxSmall {
		c.makeWhole(n)
	}
	return v, ok
}

// index returns the number whose canonical spelling is name.
func index(name string) (int, bool) {
	if name == "" || len(name) > 9 || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	i := 0
	for j := range len(name) {
		d := name[j] - '0'
		if d > 9 {
			return 0, false
		}
		i = i*10 + int(d)
	}
	return i, true
}

// absent reports whether nothing named so is on the node's prototype chain.
func (c *Codec) absent(n *node, name string) bool {
	p := n.target.Prototype()
	if p == nil {
		return true
	}
	return (p == c.objProto || p == c.arrProto) && p.Get(name) == nil
}

func (c *Codec) trapGet(target *goja.Object, name string, receiver goja.Value) goja.Value {
	n := c.nodes[target]
	if v, ok := c.own(n, name); ok {
		return v
	}
	if c.absent(n, name) {
		return goja.Undefined()
	}
	c.makeWhole(n)
	return n.get(name, receiver)
}

// get is an ordinary get on a whole node.
func (n *node) get(name string, receiver goja.Value) goja.Value {
	if receiver == goja.Value(n.obj) {
		if v := n.obj.Get(name); v != nil {
			return v
		}
		return goja.Undefined()
	}
	return n.c.getVia(n.obj, n.c.vm.ToValue(name), receiver)
}

func (c *Codec) trapHas(target *goja.Object, name string) bool {
	n := c.nodes[target]
	if _, ok := c.own(n, name); ok {
		return true
	}
	if c.absent(n, name) {
		return false
	}
	c.makeWhole(n)
	return c.has(n.obj, c.vm.ToValue(name))
}

func (c *Codec) trapSet(target *goja.Object, name string, v, receiver goja.Value) bool {
	n := c.nodes[target]
	mine := receiver == goja.Value(n.obj)
	if mine && n.replace(name, v) {
		return true
	}
	c.makeWhole(n)
	if mine {
		return c.assigned(n.obj.Set(name, v))
	}
	return c.assigned(c.setVia(n.obj, c.vm.ToValue(name), v, receiver))
}

func (c *Codec) trapSetSym(target *goja.Object, sym *goja.Symbol, v, receiver goja.Value) bool {
	n := c.nodes[target]
	c.makeWhole(n)
	if receiver == goja.Value(n.obj) {
		return c.assigned(n.obj.SetSymbol(sym, v))
	}
	return c.assigned(c.setVia(n.obj, sym, v, receiver))
}

// refusals matches what the engine says when it refuses an assignment.
var refusals = regexp.MustCompile("^TypeError: (Cannot assign to read only property|Cannot (add|define) property|Receiver (property|is not an object))")

// assigned turns the engine's refusal of an assignment into false, so that only
// strict code hears of it, and throws on what a setter threw.
func (c *Codec) assigned(err error) bool {
	if err == nil {
		return true
	}
	var ex *goja.Exception
	if errors.As(err, &ex) {
		if o, ok := ex.Value().(*goja.Object); ok && o.ClassName() == "Error" && refusals.MatchString(ex.Error()) {
			return false
		}
	}
	panic(err)
}

func (c *Codec) trapGetOwn(target *goja.Object, name string) goja.PropertyDescriptor {
	n := c.nodes[target]
	v, ok := c.own(n, name)
	if !ok {
		return goja.PropertyDescriptor{}
	}
	d := goja.PropertyDescriptor{Value: v, Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE, Configurable: goja.FLAG_TRUE}
	if n.array && name == "length" {
		d.Enumerable, d.Configurable = goja.FLAG_FALSE, goja.FLAG_FALSE
	}
	return d
}

func (c *Codec) trapDefine(target *goja.Object, name string, d goja.PropertyDescriptor) bool {
	n := c.nodes[target]
	c.makeWhole(n)
	return c.defined(n, d, func(o *goja.Object, d *goja.PropertyDescriptor) error {
		if d.IsAccessor() {
			return o.DefineAccessorProperty(name, d.Getter, d.Setter, d.Configurable, d.Enumerable)
		}
		return o.DefineDataProperty(name, d.Value, d.Writable, d.Configurable, d.Enumerable)
	})
}

func (c *Codec) trapDefineSym(target *goja.Object, sym *goja.Symbol, d goja.PropertyDescriptor) bool {
	n := c.nodes[target]
	c.makeWhole(n)
	return c.defined(n, d, func(o *goja.Object, d *goja.PropertyDescriptor) error {
		if d.IsAccessor() {
			return o.DefineAccessorPropertySymbol(sym, d.Getter, d.Setter, d.Configurable, d.Enumerable)
		}
		return o.DefineDataPropertySymbol(sym, d.Value, d.Writable, d.Configurable, d.Enumerable)
	})
}

// defined runs the definition on the whole node, and once more on a dummy for
// the check that the engine does after the trap. The engine's check of accessors
// is the wrong way round (it refuses the very functions that were asked for), so
// the dummy gets others.
func (c *Codec) defined(n *node, d goja.PropertyDescriptor, define func(*goja.Object, *goja.PropertyDescriptor) error) bool {
	if err := define(n.obj, &d); err != nil {
		var ex *goja.Exception
		if errors.As(err, &ex) && strings.HasPrefix(ex.Error(), "TypeError") {
			return false
		}
		panic(err)
	}
	dummy := c.vm.NewObject()
	other := c.vm.ToValue(func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	if d.Getter != nil {
		d.Getter = other
	}
	if d.Setter != nil {
		d.Setter = other
	}
	if err := define(dummy, &d); err != nil {
		panic(err)
	}
	c.layout.lend(n.target, dummy)
	return true
}

func (c *Codec) trapDelete(target *goja.Object, name string) bool {
	n := c.nodes[target]
	c.makeWhole(n)
	return n.obj.Delete(name) == nil
}

func (c *Codec) trapOwnKeys(target *goja.Object) *goja.Object {
	n := c.nodes[target]
	c.makeWhole(n)
	names := n.obj.GetOwnPropertyNames()
	keys := make([]any, len(names))
	for i, name := range names {
		keys[i] = name
	}
	return c.vm.NewArray(keys...)
}

func (c *Codec) trapPrevent(target *goja.Object) bool {
	n := c.nodes[target]
	c.makeWhole(n)
	c.layout.preventExtensions(n.obj)
	c.layout.lend(target, n.obj)
	return true
}
