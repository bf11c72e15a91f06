package lazy

import (
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// Append appends to dst the JSON text of v, as JSON.stringify would write it but
// for the spelling of untouched parts, and returns the extended slice. A value
// that JSON.stringify leaves out (undefined, a function) appends `null`. It runs
// guest code (getters, toJSON), whose exceptions come back as
// *goja.Exception and interrupts as *goja.InterruptedError. More than max bytes
// of new text is ErrTooLarge, more than MaxDepth levels ErrTooDeep. After an
// error dst is returned as it was.
func (c *Codec) Append(dst []byte, v goja.Value, max int) ([]byte, error) {
	w := writer{c: c, dst: dst, limit: len(dst) + max, skips: max}
	if n := c.node(v); n != nil {
		w.dst = slices.Grow(dst, min(max, int(n.self().End-n.self().Start)+slack))
	}
	err := c.guard(func() error {
		w.look()
		written, err := w.value(v, "", -1)
		if err == nil && !written {
			w.dst = append(w.dst, "null"...)
		}
		return err
	})
	if err == nil && len(w.dst) > w.limit {
		err = ErrTooLarge
	}
	if err != nil {
		return dst, err
	}
	return w.dst, nil
}

// slack is how many bytes a script typically adds.
const slack = 512

// writer writes one value. stack are the objects that are being written. skips
// is how many members may still be passed over: they cost time but no text.
type writer struct {
	c     *Codec
	dst   []byte
	limit int
	skips int
	exact bool
	stack []*goja.Object
}

// look finds out whether a prototype has a toJSON: it must be called for every
// object below, so that nothing may be copied. That is asked again after every
// toJSON; a getter that puts one there while its object is written is not
// noticed before.
func (w *writer) look() {
	c := w.c
	w.exact = w.exact || c.objProto.Get("toJSON") != nil || c.arrProto.Get("toJSON") != nil ||
		c.arrProto.Prototype() != c.objProto
}

// value writes v. It reports false if JSON.stringify leaves such a value out.
// The value's key is key, or index if that is not negative.
func (w *writer) value(v goja.Value, key string, index int) (bool, error) {
	if len(w.dst) > w.limit {
		return false, ErrTooLarge
	}
	switch x := v.(type) {
	case nil, *goja.Symbol:
		return false, nil
	case *goja.Object:
		return w.object(x, key, index)
	case goja.String:
		return true, w.string(x)
	}
	if goja.IsUndefined(v) {
		return false, nil
	}
	return w.primitive(v, key, index)
}

// primitive writes null, a boolean or a number.
func (w *writer) primitive(v goja.Value, key string, index int) (bool, error) {
	switch x := v.Export().(type) {
	case nil:
		w.dst = append(w.dst, "null"...)
	case bool:
		w.dst = strconv.AppendBool(w.dst, x)
	case int64:
		w.dst = strconv.AppendInt(w.dst, x, 10)
	case float64:
		switch {
		case x-x != 0: // NaN or infinite
			w.dst = append(w.dst, "null"...)
		case x == 0: // may be -0
			w.dst = append(w.dst, '0')
		default:
			w.dst = append(w.dst, v.String()...)
		}
	case *big.Int:
		return w.bigInt(v, key, index)
	default:
		return false, nil
	}
	return true, nil
}

// bigInt writes what BigInt.prototype.toJSON makes of v.
func (w *writer) bigInt(v goja.Value, key string, index int) (bool, error) {
	toJSON := v.ToObject(w.c.vm).Get("toJSON")
	if f, ok := function(toJSON); ok {
		r, err := f(v, w.key(key, index))
		if err != nil {
			return false, err
		}
		w.look()
		return w.converted(r)
	}
	return w.converted(v)
}

// converted writes a value whose toJSON, if any, has been called.
func (w *writer) converted(v goja.Value) (bool, error) {
	if o, ok := v.(*goja.Object); ok {
		return w.plain(o)
	}
	if v != nil && v.ExportType() == bigIntType {
		panic(w.c.vm.NewTypeError("Do not know how to serialize a BigInt"))
	}
	return w.value(v, "", -1)
}

var (
	bigIntType = reflect.TypeFor[*big.Int]()
	proxyType  = reflect.TypeFor[goja.Proxy]()
)

func (w *writer) key(key string, index int) goja.Value {
	if index >= 0 {
		key = strconv.Itoa(index)
	}
	return w.c.vm.ToValue(key)
}

func (w *writer) object(o *goja.Object, key string, index int) (bool, error) {
	n := w.c.nodes[o]
	if n != nil && !w.exact && n.pristine() {
		return true, w.node(n)
	}
	if f, ok := function(o.Get("toJSON")); ok {
		v, err := f(o, w.key(key, index))
		if err != nil {
			return false, err
		}
		w.look()
		return w.converted(v)
	}
	return w.plain(o)
}

// function returns v as a function, if it is one.
func function(v goja.Value) (goja.Callable, bool) {
	if v == nil {
		return nil, false
	}
	return goja.AssertFunction(v)
}

// pristine reports whether the node, not yet whole, inherits what it should.
func (n *node) pristine() bool {
	if n.array {
		return n.target.Prototype() == n.c.arrProto
	}
	return n.target.Prototype() == n.c.objProto
}

// enter puts o on the stack.
func (w *writer) enter(o *goja.Object) error {
	for _, p := range w.stack {
		if p == o {
			panic(w.c.vm.NewTypeError("Converting circular structure to JSON"))
		}
	}
	if len(w.stack) == MaxDepth {
		return ErrTooDeep
	}
	w.stack = append(w.stack, o)
	return nil
}

func (w *writer) leave() { w.stack = w.stack[:len(w.stack)-1] }

// node writes a node that is not whole: copies of what was not read, and what
// became of the rest.
func (w *writer) node(n *node) error {
	d := n.doc
	self := n.self()
	if n.vals == nil && n.extra == nil {
		return w.raw(d.text[self.Start:self.End])
	}
	if err := w.enter(n.obj); err != nil {
		return err
	}
	defer w.leave()
	open, end, step := byte('{'), byte('}'), uint32(1)
	if n.array {
		open, end, step = '[', ']', 0
	}
	w.dst = append(w.dst, open)
	first := len(w.dst)
	size, i := int(self.Len), n.at+1
	extra := n.extra
	for ord := range size {
		before := len(w.dst)
		if before > first {
			w.dst = append(w.dst, ',')
		}
		key := ""
		if !n.array {
			k := &d.values[i]
			key = d.key(i)
			w.dst = append(w.dst, d.text[k.Start:k.End]...)
			w.dst = append(w.dst, ':')
		}
		at := i + step
		v := &d.values[at]
		i = v.Next
		if member, changed := w.current(n, key, ord, at); changed {
			if err := w.member(member, key, ord, n.array, before); err != nil {
				return err
			}
		} else if err := w.raw(d.text[v.Start:v.End]); err != nil {
			return err
		}
	}
	for j := range extra {
		var v goja.Value
		if n.whole {
			v = n.obj.Get(extra[j].key)
		} else {
			v = n.extra[j].value
		}
		if err := w.extra(extra[j].key, v, first); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, end)
	return nil
}

// extra writes a member that was added to a node, whose members begin at first.
func (w *writer) extra(key string, v goja.Value, first int) error {
	before := len(w.dst)
	if before > first {
		w.dst = append(w.dst, ',')
	}
	if err := w.quote(key); err != nil {
		return err
	}
	w.dst = append(w.dst, ':')
	return w.member(v, key, -1, false, before)
}

// current returns the member with the key and ordinal, whose value in the text is
// at, if that value may not be copied. A toJSON that ran in the midst of writing
// may have made the node whole.
func (w *writer) current(n *node, key string, ord int, at uint32) (v goja.Value, changed bool) {
	switch {
	case n.whole && n.array:
		return n.obj.Get(strconv.Itoa(ord)), true
	case n.whole:
		return n.obj.Get(key), true
	case w.exact:
		return n.child(ord, at), true
	}
	if n.vals == nil {
		return nil, false
	}
	v = n.vals[ord]
	_, changed = v.(*goja.Object)
	return v, changed || n.replaced&(1<<ord) != 0
}

// member writes a value in its place: what is left out is null in an array, and
// in an object takes its key with it, which begins at before.
func (w *writer) member(v goja.Value, key string, index int, array bool, before int) error {
	if !array {
		index = -1
	}
	written, err := w.value(v, key, index)
	if err != nil || written {
		return err
	}
	if array {
		w.dst = append(w.dst, "null"...)
		return nil
	}
	w.dst = w.dst[:before]
	if w.skips--; w.skips < 0 {
		return ErrTooLarge
	}
	return nil
}

func (w *writer) raw(text string) error {
	if len(text) > w.limit-len(w.dst) {
		return ErrTooLarge
	}
	w.dst = append(w.dst, text...)
	return nil
}

// plain writes an object whose toJSON has been called.
func (w *writer) plain(o *goja.Object) (bool, error) {
	array := false
	switch o.ClassName() {
	case "Array":
		array = true
	case "Object":
		switch o.ExportType() {
		case proxyType:
			array = isArray(o)
		case bigIntType: // Object(1n)
			return w.converted(w.c.vm.ToValue(o.Export()))
		}
	case "Number":
		return w.value(o.ToNumber(), "", -1)
	case "String":
		return w.value(o.ToString(), "", -1)
	case "Boolean":
		if x, ok := o.Export().(bool); ok {
			return w.value(w.c.vm.ToValue(x), "", -1)
		}
	case "RawJSON":
		return true, w.raw(o.Get("rawJSON").String())
	case "Function", "AsyncFunction", "GeneratorFunction":
		return false, nil
	default:
		if _, ok := goja.AssertFunction(o); ok {
			return false, nil
		}
	}
	if err := w.enter(o); err != nil {
		return false, err
	}
	defer w.leave()
	if array {
		return true, w.array(o)
	}
	return true, w.members(o)
}

// isArray is Array.isArray for a proxy.
func isArray(o *goja.Object) bool {
	for o.ExportType() == proxyType {
		p, _ := o.Export().(goja.Proxy)
		if o = p.Target(); o == nil {
			return false
		}
	}
	return o.ClassName() == "Array"
}

func (w *writer) array(o *goja.Object) error {
	n := 0
	if length := o.Get("length"); length != nil {
		if l := length.ToInteger(); l > 0 {
			// Every element takes two bytes at least: a comma or bracket, and a digit.
			if l > int64(w.limit-len(w.dst))/2 {
				return ErrTooLarge
			}
			n = int(l)
		}
	}
	w.dst = append(w.dst, '[')
	for i := range n {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		if err := w.member(o.Get(strconv.Itoa(i)), "", i, true, 0); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, ']')
	return nil
}

func (w *writer) members(o *goja.Object) error {
	w.dst = append(w.dst, '{')
	first := len(w.dst)
	one := func(name string, key goja.String, v goja.Value) error {
		before := len(w.dst)
		if before > first {
			w.dst = append(w.dst, ',')
		}
		var err error
		if key == nil {
			err = w.quote(name)
		} else {
			err = w.string(key)
		}
		if err != nil {
			return err
		}
		w.dst = append(w.dst, ':')
		return w.member(v, name, -1, false, before)
	}
	names := o.Keys()
	for _, name := range names {
		if strings.Contains(name, "\uFFFD") {
			// Perhaps a lone surrogate, which Go's strings do not have.
			err := w.c.each(o, func(key goja.String, v goja.Value) error { return one(key.String(), key, v) })
			w.dst = append(w.dst, '}')
			return err
		}
	}
	for _, name := range names {
		if err := one(name, nil, o.Get(name)); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, '}')
	return nil
}

// string writes a string value.
func (w *writer) string(x goja.String) error {
	if x.Length() > w.limit-len(w.dst) {
		return ErrTooLarge
	}
	s := x.String()
	if !strings.Contains(s, "\uFFFD") {
		return w.quote(s)
	}
	return w.quoteUnits(x)
}
