package lazy

import "github.com/dop251/goja"

// What the engine's Go interface cannot say is said in JavaScript's own syntax,
// on which guest code has no influence: it cannot replace `super` or `in` as it
// can Reflect.get or Reflect.has. All of this is rarely needed.
var syntax = goja.MustCompile("rulebox:lazy", `'use strict'; ({
	get(k) { return super[k] },
	set(k, v) { super[k] = v },
	has(o, k) { return k in o },
	put(o, k, v) { o[k] = v },
	each(o, f) { const own = {__proto__: null, ...o}; for (const k in own) f(k, own[k]) },
})`, true)

// super is the realm's instance of syntax. home is the object whose prototype
// `super` means.
type super struct {
	home                     *goja.Object
	get, set, has, put, each goja.Callable
}

func (c *Codec) syntax() *super {
	if c.super != nil {
		return c.super
	}
	v, err := c.vm.RunProgram(syntax)
	if err != nil {
		panic(err)
	}
	s := &super{home: v.(*goja.Object)}
	for name, f := range map[string]*goja.Callable{"get": &s.get, "set": &s.set, "has": &s.has, "put": &s.put, "each": &s.each} {
		*f, _ = goja.AssertFunction(s.home.Get(name))
	}
	c.super = s
	return s
}

// getVia is Reflect.get(o, key, receiver).
func (c *Codec) getVia(o *goja.Object, key, receiver goja.Value) goja.Value {
	s := c.syntax()
	_ = s.home.SetPrototype(o)
	v, err := s.get(receiver, key)
	if err != nil {
		panic(err)
	}
	return v
}

// setVia is Reflect.set(o, key, v, receiver), but for its refusals: they are
// TypeErrors.
func (c *Codec) setVia(o *goja.Object, key, v, receiver goja.Value) error {
	s := c.syntax()
	_ = s.home.SetPrototype(o)
	_, err := s.set(receiver, key, v)
	return err
}

// has is Reflect.has(o, key).
func (c *Codec) has(o *goja.Object, key goja.Value) bool {
	v, err := c.syntax().has(goja.Undefined(), o, key)
	if err != nil {
		panic(err)
	}
	return v.ToBoolean()
}

// defineExact makes a data property whose key has lone surrogates, on a new
// plain object.
func (c *Codec) defineExact(o *goja.Object, key, v goja.Value) {
	if _, err := c.syntax().put(goja.Undefined(), o, key, v); err != nil {
		panic(err)
	}
}

// each calls f with every own enumerable property of o whose key is a string.
func (c *Codec) each(o *goja.Object, f func(key goja.String, v goja.Value) error) error {
	var failed error
	_, err := c.syntax().each(goja.Undefined(), o, c.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		if key, ok := call.Argument(0).(goja.String); ok && failed == nil {
			failed = f(key, call.Argument(1))
		}
		return goja.Undefined()
	}))
	if err != nil {
		return err
	}
	return failed
}
