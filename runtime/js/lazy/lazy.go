// Package lazy turns JSON text into JavaScript values that come into being only
// where a script touches them, and writes values back as JSON text, copying what
// was not touched as the bytes it came as.
//
// An object or array of some size starts as a node: a Proxy over an empty
// target whose traps read single members straight from the text. The first
// operation that needs more than reading a member makes the node whole: all its
// members are put into a real object, one level deep, and the Proxy becomes that
// object (see become). Small flat containers are real from the start.
//
// Scripts can tell a node from a plain object only in corners, and only by the
// first operation on it that is no reading of a member:
//   - where an operation is refused with a TypeError, or a node is called like a
//     function, the error's message has the engine's words for proxies;
//   - an own name with a lone surrogate that is set or defined then becomes
//     U+FFFD, as the engine names it to traps;
//   - reading a member that is not there runs a getter of that name on
//     Object.prototype twice, if a script has put one there.
package lazy

import (
	"errors"
	"sync"

	"github.com/dop251/goja"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// MaxDepth is how deep values may nest in Append.
const MaxDepth = 1000

// ErrTooLarge means that a value's JSON text is longer than allowed.
var ErrTooLarge = errors.New("JSON text is longer than the output limit")

// ErrTooDeep means that a value nests deeper than MaxDepth.
var ErrTooDeep = errors.New("value nests deeper than 1000 levels and cannot be written as JSON")

// A Codec decodes into and encodes from one realm. It is used by the realm's
// goroutine only.
type Codec struct {
	vm *goja.Runtime
	// The intrinsic prototypes, which guest code may change but not replace.
	objProto, arrProto *goja.Object
	// nodes finds a node that is not whole by its object as scripts see it, and by
	// its target.
	nodes map[*goja.Object]*node
	docs  []*doc
	// traps is what every node's configuration starts as.
	traps goja.ProxyTrapConfig
	// layout is nil if the engine is not the one we know: then nothing is lazy.
	layout *layout
	super  *super
}

// New returns a codec for the realm. Call it before any guest code runs in vm:
// it captures the intrinsics that it needs.
func New(vm *goja.Runtime) *Codec { return newCodec(vm, engineLayout()) }

func newCodec(vm *goja.Runtime, l *layout) *Codec {
	c := &Codec{
		vm:       vm,
		objProto: vm.NewObject().Prototype(),
		arrProto: vm.NewArray().Prototype(),
		nodes:    make(map[*goja.Object]*node),
		layout:   l,
	}
	c.setTraps()
	return c
}

// doc is one decoded text.
type doc struct {
	text   string // strings are parts of it
	values []jsonscan.Value
	index  *jsonscan.Index // whose values they are
}

// maxPooled is the longest list of values that is kept for the next text.
const maxPooled = 1 << 12

var indexes = sync.Pool{New: func() any { return new(jsonscan.Index) }}

// Decode returns the value of the JSON text, exactly as JSON.parse would give it
// to every operation of the language. It does not keep text. The error names the
// offset.
func (c *Codec) Decode(text []byte) (goja.Value, error) { return c.decode(text, false) }

// DecodeOwned is Decode for text that nobody writes to any more: strings are
// parts of it.
func (c *Codec) DecodeOwned(text []byte) (goja.Value, error) { return c.decode(text, true) }

func (c *Codec) decode(text []byte, owned bool) (goja.Value, error) {
	x := indexes.Get().(*jsonscan.Index)
	if err := x.Scan(text); err != nil {
		return nil, err
	}
	d := &doc{values: x.Values, index: x}
	if owned {
		d.text = alias(text)
	} else {
		d.text = string(text)
	}
	c.docs = append(c.docs, d)
	var v goja.Value
	err := c.guard(func() error {
		v = c.value(d, 0)
		return nil
	})
	return v, err
}

// Close gives memory back for the next codec. No value of this one may be used
// after it.
func (c *Codec) Close() {
	for _, d := range c.docs {
		if cap(d.values) <= maxPooled {
			indexes.Put(d.index)
		}
		*d = doc{} // a use after all meets a panic, not another's text
	}
	c.docs = nil
}

// node returns the node that v is, or nil.
func (c *Codec) node(v goja.Value) *node {
	if o, ok := v.(*goja.Object); ok {
		return c.nodes[o]
	}
	return nil
}

// Plain makes the value whole if it is a node, so that Go code which asks for
// its class, exports it or lists it sees the plain object or array that it is
// to scripts. Other values are returned as they are. It runs no guest code.
func (c *Codec) Plain(v goja.Value) goja.Value {
	n := c.node(v)
	if n == nil {
		return v
	}
	c.makeWhole(n)
	return n.obj
}

// Member returns the value of the property of v, nil if v is no object or has
// none. It runs guest code only where a script has put an accessor or a proxy in
// the way, and returns what that threw.
func (c *Codec) Member(v goja.Value, key string) (m goja.Value, err error) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, nil
	}
	if n := c.nodes[o]; n != nil && !n.array {
		if ord, at, ok := n.find(key); ok {
			return n.child(ord, at), nil
		}
	}
	err = c.guard(func() error {
		m = o.Get(key)
		return nil
	})
	return m, err
}

// guard runs f, which may run guest code, and returns what it threw.
func (c *Codec) guard(f func() error) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *goja.InterruptedError:
			err = x
		case *goja.StackOverflowError:
			err = x
		default:
			panic(x)
		}
	}()
	if ex := c.vm.Try(func() { err = f() }); ex != nil {
		return ex
	}
	return err
}
