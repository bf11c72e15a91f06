package lazy

import (
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

const (
	// maxFlat is up to how many members an object without containers in it is
	// made real at once: that is cheaper than a node.
	maxFlat = 6
	// maxFlatArray is the same for the elements of arrays, which are cheaper.
	maxFlatArray = 32
	// maxSmall is up to how many members single members are read from the text.
	// Larger nodes become whole when they are touched: to look for each member
	// anew would take quadratic time.
	maxSmall = 64
	// maxExtra is how many members a node gets that are not in its text, before it
	// becomes whole.
	maxExtra = 8
)

// A node is an object or array of the text.
type node struct {
	// cfg is this node's own copy of the codec's traps; empty once it is whole.
	cfg   goja.ProxyTrapConfig
	c     *Codec
	doc   *doc
	at    uint32 // its index in doc.values
	array bool
	whole bool
	// obj is what scripts hold, target what the proxy is over.
	obj, target *goja.Object
	// vals are the members that were read already or replaced, by ordinal; nil if
	// none. replaced has a bit for each of the latter.
	vals     []goja.Value
	replaced uint64
	// extra are members that were added to an object, in order.
	extra []member
}

// member is one that is not in the text.
type member struct {
	key   string
	value goja.Value
}

func (n *node) self() *jsonscan.Value { return &n.doc.values[n.at] }

// key returns the text within the quotes of the key that is value i.
func (d *doc) key(i uint32) string {
	v := &d.values[i]
	return d.text[v.Start+1 : v.End-1]
}

// find returns the ordinal of the member of the object and the index of its
// value. Nodes have no escaped keys, and only large ones duplicates, of which
// the last counts.
func (n *node) find(name string) (ord int, at uint32, ok bool) {
	d := n.doc
	self := n.self()
	i := n.at + 1
	for j := range int(self.Len) {
		k := &d.values[i]
		if int(k.End-k.Start)-2 == len(name) && d.text[k.Start+1:k.End-1] == name {
			ord, at, ok = j, i+1, true
			if self.Len <= maxSmall {
				break
			}
		}
		i = d.values[i+1].Next
	}
	return ord, at, ok
}

// element returns the index of the value of the element of the array.
func (n *node) element(ord int) uint32 {
	d := n.doc
	i := n.at + 1
	if n.self().Flags&jsonscan.Nested == 0 {
		return i + uint32(ord)
	}
	for ; ord > 0; ord-- {
		i = d.values[i].Next
	}
	return i
}

// child returns the member with the ordinal, whose value is at.
func (n *node) child(ord int, at uint32) goja.Value {
	if n.vals == nil {
		n.vals = make([]goja.Value, n.self().Len)
	}
	v := n.vals[ord]
	if v == nil {
		v = n.c.value(n.doc, at)
		n.vals[ord] = v
	}
	return v
}

// value makes the value that is at.
func (c *Codec) value(d *doc, at uint32) goja.Value {
	v := &d.values[at]
	switch v.Kind {
	case jsonscan.Null:
		return goja.Null()
	case jsonscan.False:
		return c.vm.ToValue(false)
	case jsonscan.True:
		return c.vm.ToValue(true)
	case jsonscan.Number:
		return c.number(d.text[v.Start:v.End], v.Flags)
	case jsonscan.String:
		return c.string(d, v)
	case jsonscan.Object:
		flat := v.Flags&jsonscan.Nested == 0 && v.Len <= maxFlat
		if flat || c.layout == nil || d.odd(at) {
			o := c.vm.NewObject()
			if v.Len > 0 {
				c.fill(o, d, at, nil)
			}
			return o
		}
	default:
		if v.Flags&jsonscan.Nested == 0 && v.Len <= maxFlatArray || c.layout == nil {
			return c.newArray(d, at, nil)
		}
	}
	return c.newNode(d, at, v.Kind == jsonscan.Array)
}

// odd reports whether the object has keys that the traps cannot serve, because
// they are escaped or twice there, or could be confused: the engine gives traps
// a lone surrogate as U+FFFD.
func (d *doc) odd(at uint32) bool {
	var seen uint64
	v := &d.values[at]
	for i := at + 1; i < v.Next; i = d.values[i+1].Next {
		k := &d.values[i]
		if k.Flags != 0 && (k.Flags&jsonscan.Escaped != 0 || strings.Contains(d.key(i), "\uFFFD")) {
			return true
		}
		if v.Len > maxSmall {
			continue
		}
		bit := uint64(1) << (keyHash(d.text[k.Start+1:k.End-1]) & 63)
		if seen&bit != 0 && d.repeated(at, i) {
			return true
		}
		seen |= bit
	}
	return false
}

func keyHash(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(len(s))*31 + uint32(s[0])
	return h*31 + uint32(s[len(s)-1]) + uint32(s[len(s)/2])*7
}

// repeated reports whether a key of the object before value i is the same.
func (d *doc) repeated(at, i uint32) bool {
	key := d.key(i)
	for j := at + 1; j < i; j = d.values[j+1].Next {
		if d.key(j) == key {
			return true
		}
	}
	return false
}

func (c *Codec) newNode(d *doc, at uint32, array bool) *goja.Object {
	n := &node{cfg: c.traps, c: c, doc: d, at: at, array: array}
	if array {
		n.target = c.vm.NewArray()
	} else {
		n.target = c.vm.NewObject()
	}
	n.obj = c.vm.ToValue(c.vm.NewProxy(n.target, &n.cfg)).(*goja.Object)
	c.nodes[n.obj] = n
	c.nodes[n.target] = n
	return n.obj
}

// makeWhole puts all members into a real object and ends the traps.
func (c *Codec) makeWhole(n *node) {
	if n.whole {
		return
	}
	n.whole = true
	n.cfg = goja.ProxyTrapConfig{}
	delete(c.nodes, n.target)
	delete(c.nodes, n.obj)
	real := n.target
	if n.array {
		real = c.newArray(n.doc, n.at, n.vals)
		if p := n.target.Prototype(); p != c.arrProto {
			// real is new and extensible: this cannot fail but for a cycle,
			// which the target would have refused.
			_ = real.SetPrototype(p)
		}
	} else {
		c.fill(real, n.doc, n.at, n.vals)
		for _, m := range n.extra {
			c.define(real, m.key, m.value)
		}
	}
	c.layout.become(n.obj, real)
	n.vals, n.doc, n.extra = nil, nil, nil
}

// fill defines the members of the object on o, taking those already read from
// vals.
func (c *Codec) fill(o *goja.Object, d *doc, at uint32, vals []goja.Value) {
	end := d.values[at].Next
	ord := 0
	for i := at + 1; i < end; i = d.values[i+1].Next {
		var v goja.Value
		if vals != nil {
			v = vals[ord]
		}
		if v == nil {
			v = c.value(d, i+1)
		}
		ord++
		k := &d.values[i]
		if k.Flags&jsonscan.Escaped == 0 {
			c.define(o, d.key(i), v)
			continue
		}
		key := c.string(d, k)
		if name := key.String(); strings.Contains(name, "\uFFFD") {
			c.defineExact(o, key, v)
		} else {
			c.define(o, name, v)
		}
	}
}

// define makes a data property on an object that allows it.
func (c *Codec) define(o *goja.Object, name string, v goja.Value) {
	if err := o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}

func (c *Codec) newArray(d *doc, at uint32, vals []goja.Value) *goja.Object {
	v := &d.values[at]
	items := make([]any, 0, v.Len)
	for i := at + 1; i < v.Next; i = d.values[i].Next {
		var item goja.Value
		if vals != nil {
			item = vals[len(items)]
		}
		if item == nil {
			item = c.value(d, i)
		}
		items = append(items, item)
	}
	return c.vm.NewArray(items...)
}

func (c *Codec) string(d *doc, v *jsonscan.Value) goja.Value {
	if v.Flags&jsonscan.Escaped == 0 {
		return c.vm.ToValue(d.text[v.Start+1 : v.End-1])
	}
	raw := []byte(d.text[v.Start+1 : v.End-1])
	s, whole := jsonscan.AppendString(make([]byte, 0, len(raw)), raw)
	if whole {
		return c.vm.ToValue(string(s))
	}
	return goja.StringFromUTF16(jsonscan.AppendUTF16(make([]uint16, 0, len(raw)), raw))
}

// maxInt is up to how many characters an integer is certainly exact as int64 and
// as float64.
const maxInt = 15

func (c *Codec) number(s string, f jsonscan.Flags) goja.Value {
	if f&jsonscan.Fraction == 0 && len(s) <= maxInt {
		i, neg := 0, s[0] == '-'
		if neg {
			i = 1
		}
		var x int64
		for ; i < len(s); i++ {
			x = x*10 + int64(s[i]-'0')
		}
		if !neg {
			return c.vm.ToValue(x)
		}
		if x != 0 {
			return c.vm.ToValue(-x)
		}
		return c.vm.ToValue(math.Copysign(0, -1))
	}
	// Out of range is an infinity, as in JavaScript.
	x, _ := strconv.ParseFloat(s, 64)
	return c.vm.ToValue(x)
}
