package js

import (
	"fmt"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

// loader is the module loader of one realm: each module is evaluated at most
// once, when first required.
type loader struct {
	loaded   map[*modules.Module]*goja.Object // module objects
	guest    goja.Value
	internal goja.Value
	call     *goja.Object // internal/invocation
	tests    map[string]goja.Callable
	// polyfills are the groups that were installed.
	polyfills map[string]bool
}

type moduleTables struct {
	globals map[string]modules.Global
}

var tables = sync.OnceValue(func() *moduleTables {
	t := &moduleTables{globals: make(map[string]modules.Global)}
	for _, g := range modules.Globals() {
		t.globals[g.Name] = g
	}
	return t
})

// compiled holds the programs of module sources, once for the process.
var compiled sync.Map // *modules.Module to *compiledModule

type compiledModule struct {
	once sync.Once
	prg  *goja.Program
	err  error
	// polyfills are the groups that the source needs.
	polyfills []string
}

// polyfillModule exports a function for every group of language members that the
// engine lacks.
const polyfillModule = "internal/polyfill"

// polyfill installs the groups that are not yet there.
func (r *Realm) polyfill(groups []string) {
	for _, g := range groups {
		if r.loader.polyfills[g] {
			continue
		}
		if r.loader.polyfills == nil {
			r.loader.polyfills = make(map[string]bool)
		}
		r.loader.polyfills[g] = true
		if _, ok := modules.Lookup(polyfillModule); !ok {
			return
		}
		o, ok := r.requireModule(polyfillModule).(*goja.Object)
		if !ok {
			return
		}
		if f, ok := goja.AssertFunction(o.Get(g)); ok {
			_, err := f(o)
			rethrow(err)
		}
	}
}

func compileModule(m *modules.Module) (*compiledModule, error) {
	v, ok := compiled.Load(m)
	if !ok {
		v, _ = compiled.LoadOrStore(m, new(compiledModule))
	}
	c := v.(*compiledModule)
	c.once.Do(func() {
		text := "(function (exports, require, module, native) {" + m.Source + "\n})"
		tree, err := goja.Parse(internalFile+m.ID(), text, parser.WithDisableSourceMaps)
		if err == nil {
			c.prg, err = goja.CompileAST(tree, false)
		}
		if m.Name != polyfillModule {
			c.polyfills = lang.Polyfills(m.Source)
		}
		c.err = err
	})
	return c, c.err
}

func (r *Realm) guestRequire() goja.Value {
	if r.loader.guest == nil {
		r.loader.guest = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.require(call.Argument(0), false)
		})
	}
	return r.loader.guest
}

func (r *Realm) internalRequire() goja.Value {
	if r.loader.internal == nil {
		r.loader.internal = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.require(call.Argument(0), true)
		})
	}
	return r.loader.internal
}

func (r *Realm) require(request goja.Value, internal bool) goja.Value {
	s, ok := request.(goja.String)
	if !ok {
		e := r.vm.NewTypeError("The \"id\" argument must be of type string.")
		e.Set("code", "ERR_INVALID_ARG_TYPE")
		panic(e)
	}
	name := clip(s, 256)
	if internal {
		switch name {
		case "internal/invocation":
			return r.invocation()
		case "internal/realm":
			return r.realmModule()
		}
	}
	m, ok := modules.Lookup(name)
	if !ok || m.Internal && !internal {
		panic(r.notFound(name))
	}
	if m.Retired != "" {
		panic(r.coded("Error", "MODULE_NOT_FOUND", fmt.Sprintf("Cannot find module '%s': %s", name, m.Retired)))
	}
	if _, ok := r.loader.loaded[m]; !ok && !internal {
		r.touch(modulePrefix + m.ID())
	}
	return r.evaluate(m)
}

// requireModule is require for the engine's own use.
func (r *Realm) requireModule(name string) goja.Value {
	return r.require(r.vm.ToValue(name), true)
}

func (r *Realm) evaluate(m *modules.Module) goja.Value {
	if module, ok := r.loader.loaded[m]; ok {
		return module.Get("exports")
	}
	c, err := compileModule(m)
	if err != nil {
		panic(r.newError("Error", fmt.Sprintf("module '%s' of this build does not compile: %v", m.Name, err)))
	}
	module, exports := r.vm.NewObject(), r.vm.NewObject()
	module.Set("exports", exports)
	module.Set("id", m.Name)
	if r.loader.loaded == nil {
		r.loader.loaded = make(map[*modules.Module]*goja.Object)
	}
	r.loader.loaded[m] = module
	r.polyfill(c.polyfills)
	v, err := r.vm.RunProgram(c.prg)
	if err == nil {
		f, _ := goja.AssertFunction(v)
		_, err = f(exports, exports, r.internalRequire(), module, r.natives(m))
	}
	if err != nil {
		delete(r.loader.loaded, m)
		panic(err)
	}
	return module.Get("exports")
}

// notFound is the error for a module that does not exist.
func (r *Realm) notFound(name string) goja.Value {
	msg := fmt.Sprintf("Cannot find module '%s'", name)
	bare := name
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		bare = name[:i]
	}
	if text, ok := absent[bare]; ok {
		return r.coded("Error", "MODULE_NOT_FOUND", msg+": "+text)
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
		msg += ": there are no files here; a script can require only the modules of the table"
	} else if versions := modules.Versions(name); len(versions) > 0 {
		// The name is known: what follows the @ is no version.
		msg += fmt.Sprintf(": write a version such as %s; there are the generations %s", versions[0], strings.Join(versions, " and "))
		return r.coded("Error", "MODULE_NOT_FOUND", msg)
	} else if near := nearest(name); near != "" {
		return r.coded("Error", "MODULE_NOT_FOUND", msg+fmt.Sprintf("; did you mean '%s'?", near))
	}
	msg += ". Available modules: " + strings.Join(modules.Names(), ", ")
	return r.coded("Error", "MODULE_NOT_FOUND", msg)
}

// nearest returns the module whose name is at most two edits away.
func nearest(name string) string {
	name = strings.TrimPrefix(name, "node:")
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	best, at := "", 3
	for _, n := range modules.Names() {
		if d := distance(name, n); d < at && d < len(n) {
			best, at = n, d
		}
	}
	return best
}

// distance is the number of edits between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(diag+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

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
	return o
}

func clipValue(v goja.Value, max int) string {
	if s, ok := v.(goja.String); ok {
		return clip(s, max)
	}
	return ""
}
