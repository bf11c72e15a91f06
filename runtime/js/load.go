package js

import (
	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
)

// load evaluates program i to its function.
func (r *Realm) load(i int) (err error) {
	p := r.progs[i]
	if !r.alive() {
		return errStopped
	}
	defer func() {
		if x := recover(); x != nil {
			err = r.recovered(x)
		}
	}()
	v, err := r.vm.RunProgram(p.prg)
	if err != nil {
		if !isException(err) {
			r.broken = true
		}
		return err
	}
	if p.module {
		if v, err = r.loadModule(v); err != nil {
			return err
		}
	}
	if _, ok := goja.AssertFunction(v); !ok {
		return rulebox.Errorf(rulebox.CodeInvalid, "%s %q is not a function", p.Script.Kind, p.Script.Name).
			WithHint("supplied code must return or export a function: %s", form(p.Script.Kind))
	}
	r.fns[i] = v
	return nil
}

// loadModule runs the body of a CommonJS script and returns what it exports.
func (r *Realm) loadModule(body goja.Value) (goja.Value, error) {
	f, _ := goja.AssertFunction(body)
	module, exports := r.vm.NewObject(), r.vm.NewObject()
	module.Set("exports", exports)
	if _, err := f(exports, exports, r.guestRequire(), module); err != nil {
		if !isException(err) {
			r.broken = true
		}
		return nil, err
	}
	var v goja.Value
	err := r.guard(func() {
		v = module.Get("exports")
		if o, ok := v.(*goja.Object); ok && !isFunctionValue(o) {
			if d := o.Get("default"); d != nil && !goja.IsUndefined(d) {
				v = d
			}
		}
	})
	return v, err
}
