package js

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

// loader is the module loader of one realm: each module is evaluated at most
// once, when first required.
type loader struct {
	loaded   map[*modules.Module]*goja.Object // module objects
	guest    goja.Value
	internal goja.Value
	packages map[rulebox.Digest]goja.Callable // started ones: see package.go
	call     *goja.Object                     // internal/invocation
	tests    map[string]goja.Callable
	shared   map[*rulebox.ActionModule]*sharedModule
	// polyfills are the groups that were installed.
	polyfills map[string]bool
	depth     int                      // of modules that are being evaluated
	used      map[*modules.Module]bool // by the run, not only made ready
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
	// patterns says that it makes regular expressions of text.
	patterns bool
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
		source, err := m.Text()
		if err != nil {
			c.err = err
			return
		}
		text := "(function (exports, require, module, native) {" + source + "\n})"
		tree, err := goja.Parse(internalFile+m.ID(), text, parser.WithDisableSourceMaps)
		if err == nil && lang.MentionsProperties(source) {
			err = lang.RewritePatterns(tree)
		}
		if err == nil {
			lang.MendScopes(tree)
			c.prg, err = goja.CompileAST(tree, false)
		}
		c.patterns = m.FromBundle() && strings.Contains(source, "RegExp(")
		if m.Name != polyfillModule {
			c.polyfills = lang.Polyfills(source)
		}
		c.err = err
	})
	return c, c.err
}

// mentionsProperties reports whether a script may give a package a pattern with
// \p{…}.
func (r *Realm) mentionsProperties() bool {
	return slices.ContainsFunc(r.progs, func(p *Program) bool { return lang.MentionsProperties(p.Script.Source) })
}

// use notes that the run asked for the module, so that the next realm has it: one
// that a script requires, or a part that a module loads late. What is needed while
// a module is evaluated comes with that.
func (r *Realm) use(m *modules.Module) {
	if r.in == nil || r.loader.depth > 0 || r.loader.used[m] {
		return
	}
	if r.loader.used == nil {
		r.loader.used = make(map[*modules.Module]bool)
	}
	r.loader.used[m] = true
	name := m.Unit()
	if name == "" {
		name = m.ID()
	}
	r.touch(modulePrefix + name)
}

func (r *Realm) evaluate(m *modules.Module) goja.Value {
	if m.Internal || m.Unit() != "" {
		r.use(m)
	}
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
	r.loader.depth++
	defer func() { r.loader.depth-- }()
	r.polyfill(c.polyfills)
	if c.patterns && r.mentionsProperties() {
		r.polyfill([]string{"regexp"})
	}
	v, err := r.vm.RunProgram(c.prg)
	if err == nil {
		f, _ := goja.AssertFunction(v)
		var natives goja.Value = goja.Undefined()
		if len(m.Natives) > 0 || !m.FromBundle() {
			natives = r.natives(m)
		}
		_, err = f(exports, exports, r.internalRequire(), module, natives)
	}
	if err != nil {
		delete(r.loader.loaded, m)
		panic(err)
	}
	return module.Get("exports")
}
