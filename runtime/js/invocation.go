package js

import "github.com/dop251/goja"

// newError makes an error of a class of the language.
func (r *Realm) newError(class, msg string) *goja.Object {
	ctor := r.vm.Get(class)
	o, err := r.vm.New(ctor, r.vm.ToValue(msg))
	if err != nil { // a script replaced the class
		return r.vm.NewTypeError(msg)
	}
	return o
}

func (r *Realm) coded(class, code, msg string) *goja.Object {
	o := r.newError(class, msg)
	o.Set("code", code)
	return o
}

// invocation is the module internal/invocation: what the realm works for.
func (r *Realm) invocation() goja.Value {
	if r.loader.call == nil {
		o := r.vm.NewObject()
		o.Set("tenant", r.chain.Tenant)
		o.Set("trigger", r.chain.Trigger)
		o.Set("management", goja.Null())
		if m := r.chain.Management; m != nil {
			mo := r.vm.NewObject()
			mo.Set("domain", m.Domain)
			mo.Set("baseUrl", m.BaseURL)
			mo.Set("accessToken", m.AccessToken)
			o.Set("management", mo)
		}
		o.Set("configuration", r.configuration())
		// The realm may have been made ahead of its invocation.
		o.DefineAccessorProperty("id", r.function("id", func(goja.FunctionCall) goja.Value {
			if r.in == nil {
				return goja.Undefined()
			}
			return r.vm.ToValue(r.in.ID)
		}), nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
		r.loader.call = o
	}
	return r.loader.call
}

// realmModule is the module internal/realm: the loop and the console's sink, for
// modules.
func (r *Realm) realmModule() goja.Value {
	o := r.vm.NewObject()
	o.Set("nextTick", r.fromPrelude("nextTick"))
	o.Set("queueMicrotask", r.fromPrelude("queueMicrotask"))
	o.Set("log", r.function("log", func(call goja.FunctionCall) goja.Value {
		r.log(clipValue(call.Argument(0), 16), clipValue(call.Argument(1), maxLine))
		return goja.Undefined()
	}))
	o.Set("cache", r.function("cache", func(goja.FunctionCall) goja.Value { return r.cacheModule() }))
	return o
}

func clipValue(v goja.Value, max int) string {
	if s, ok := v.(goja.String); ok {
		return clip(s, max)
	}
	return ""
}
