// Package modtest runs the JavaScript of package modules in a small realm, for
// tests: require over modules.Table, natives bound, globals, timers, promises
// and a console that is kept. It has no limits and no jail; runtime/js has the
// realm that customers get.
package modtest

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js/lang"
)

//go:embed harness.js
var harness string

// Harness is the source of the assertions that cases have as the global `t`.
func Harness() string { return harness }

// safety ends a case that hangs.
const safety = 30 * time.Second

// A Realm is one fresh set of globals with its own event loop.
type Realm struct {
	VM   *goja.Runtime
	Call *modules.Call
	// Logs are the console's lines, level first: "log: hello".
	Logs []string

	loop       loop
	cache      map[string]goja.Value
	invocation map[string]any
	uint8      *goja.Object
	rejected   map[*goja.Promise]bool
	bind       bindings
}

// An Option changes a realm before anything runs in it.
type Option func(*Realm)

// WithHost replaces the host, whose Dial otherwise refuses everything.
func WithHost(h modules.Host) Option { return func(r *Realm) { r.Call.Host = h } }

// WithInvocation sets what require('internal/invocation') gives. Its values are
// plain maps, slices, strings, numbers and booleans.
func WithInvocation(v map[string]any) Option { return func(r *Realm) { r.invocation = v } }

// WithNow fixes the time.
func WithNow(now time.Time) Option {
	return func(r *Realm) {
		r.Call.Realm.Now = func() time.Time { return now }
		r.VM.SetTimeSource(r.Call.Realm.Now)
	}
}

// New returns a realm that is closed when the test ends.
func New(t testing.TB, opts ...Option) *Realm {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	vm := goja.New()
	vm.SetMaxCallStackSize(400)
	vm.SetParserOptions(parser.WithDisableSourceMaps)
	r := &Realm{
		VM:         vm,
		Call:       &modules.Call{Ctx: ctx, Host: closedHost{}, Realm: &modules.Realm{Now: time.Now}},
		loop:       newLoop(),
		cache:      map[string]goja.Value{},
		invocation: map[string]any{"id": "tx_1", "tenant": "acme", "trigger": "login", "management": nil, "configuration": map[string]any{}},
		rejected:   map[*goja.Promise]bool{},
	}
	for _, o := range opts {
		o(r)
	}
	vm.SetPromiseRejectionTracker(func(p *goja.Promise, op goja.PromiseRejectionOperation) {
		r.rejected[p] = op == goja.PromiseRejectionReject
	})
	r.install()
	t.Cleanup(func() {
		cancel()
		r.loop.tasks.Wait()
		r.Call.Realm.Close()
	})
	return r
}

type closedHost struct{}

func (closedHost) Dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("modtest: this realm has no network")
}
func (closedHost) Rand() io.Reader { return rand.Reader }

var programs sync.Map // name → *goja.Program

func compile(name, src string) (*goja.Program, error) {
	if p, ok := programs.Load(name); ok {
		return p.(*goja.Program), nil
	}
	ast, err := goja.Parse(name, src, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	lang.MendScopes(ast)
	p, err := goja.CompileAST(ast, false)
	if err != nil {
		return nil, err
	}
	programs.Store(name, p)
	return p, nil
}

// install defines what a realm has beside the language.
func (r *Realm) install() {
	vm := r.VM
	g := vm.GlobalObject()
	r.uint8 = g.Get("Uint8Array").(*goja.Object)
	r.bind = newBindings(vm)
	hidden := func(name string, v any) {
		g.DefineDataProperty(name, vm.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	hidden("global", g)
	hidden("require", r.requirer(false))
	r.installTimers(hidden)
	r.installConsole(hidden)
	for _, gl := range modules.Globals() {
		r.lazyGlobal(g, gl)
	}
	r.mustRun("modtest/harness.js", harness)
}

const polyfillModule = "internal/polyfill"

// polyfill installs what the engine lacks and the source mentions. A group that
// is there already does nothing.
func (r *Realm) polyfill(source string) {
	groups := lang.Polyfills(source)
	if _, ok := modules.Lookup(polyfillModule); !ok || len(groups) == 0 {
		return
	}
	o := r.require(polyfillModule, true).(*goja.Object)
	for _, g := range groups {
		if f, ok := goja.AssertFunction(o.Get(g)); ok {
			if _, err := f(o); err != nil {
				panic(err)
			}
		}
	}
}

func (r *Realm) mustRun(name, src string) {
	p, err := compile(name, src)
	if err == nil {
		_, err = r.VM.RunProgram(p)
	}
	if err != nil {
		panic(fmt.Sprintf("modtest: %s: %v", name, err))
	}
}

// lazyGlobal resolves the global when it is first read.
func (r *Realm) lazyGlobal(g *goja.Object, gl modules.Global) {
	define := func(v goja.Value) {
		g.DefineDataProperty(gl.Name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	get := r.VM.ToValue(func(goja.FunctionCall) goja.Value {
		v := r.require(gl.Module, true)
		if gl.Export != "" {
			v = v.ToObject(r.VM).Get(gl.Export)
		}
		if v == nil {
			panic(r.VM.NewTypeError("modtest: module %s has no export %s", gl.Module, gl.Export))
		}
		define(v)
		return v
	})
	set := r.VM.ToValue(func(c goja.FunctionCall) goja.Value { define(c.Argument(0)); return goja.Undefined() })
	g.DefineAccessorProperty(gl.Name, get, set, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (r *Realm) requirer(internal bool) func(goja.FunctionCall) goja.Value {
	return func(c goja.FunctionCall) goja.Value { return r.require(c.Argument(0).String(), internal) }
}

// require returns the exports of the module. It panics with JavaScript errors.
func (r *Realm) require(request string, internal bool) goja.Value {
	if request == "internal/invocation" && internal {
		if v, ok := r.cache[request]; ok {
			return v
		}
		v := fromGo(r, r.invocation)
		r.cache[request] = v
		return v
	}
	m, ok := modules.Lookup(request)
	if internal && strings.HasPrefix(request, "#") {
		m, ok = modules.LookupUnit(request)
	}
	if !ok || m.Internal && !internal {
		e := r.newError("Error", "Cannot find module '"+request+"'")
		e.Set("code", "MODULE_NOT_FOUND")
		panic(e)
	}
	if m.Retired != "" {
		e := r.newError("Error", "Cannot use module '"+m.Name+"': "+m.Retired)
		e.Set("code", "MODULE_RETIRED")
		panic(e)
	}
	if mod, ok := r.cache[m.ID()]; ok {
		return mod.(*goja.Object).Get("exports")
	}
	source, err := m.Text()
	if err != nil {
		panic(r.newError("Error", err.Error()))
	}
	if m.Name != polyfillModule {
		r.polyfill(source)
	}
	p, err := compile("rulebox:"+m.ID(), "(function (module, exports, require, native) {"+source+"\n})")
	if err != nil {
		panic(r.newError("SyntaxError", err.Error()))
	}
	f, err := r.VM.RunProgram(p)
	if err != nil {
		panic(err)
	}
	fn, _ := goja.AssertFunction(f)
	mod, exports := r.VM.NewObject(), r.VM.NewObject()
	mod.Set("exports", exports)
	mod.Set("id", m.Name)
	r.cache[m.ID()] = mod
	if _, err := fn(exports, mod, exports, r.VM.ToValue(r.requirer(true)), r.natives(m)); err != nil {
		delete(r.cache, m.ID())
		panic(err)
	}
	return mod.Get("exports")
}

func (r *Realm) newError(class, msg string) *goja.Object {
	ctor := r.VM.Get(class)
	if ctor == nil {
		ctor = r.VM.Get("Error")
	}
	o, err := r.VM.New(ctor, r.VM.ToValue(msg))
	if err != nil {
		panic(err)
	}
	return o
}

// Require returns a module's exports, internal modules included.
func (r *Realm) Require(name string) (v goja.Value, err error) {
	if ex := r.VM.Try(func() { v = r.require(name, true) }); ex != nil {
		return nil, ex
	}
	return v, nil
}

// Run runs src as the body of an async function and the loop until the function
// has settled and nothing is pending. It returns what the body returned.
func (r *Realm) Run(name, src string) (goja.Value, error) {
	ast, err := goja.Parse(name, "(async function (require, internal) {"+src+"\n})", parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	lang.MendScopes(ast)
	p, err := goja.CompileAST(ast, false)
	if err != nil {
		return nil, err
	}
	f, err := r.VM.RunProgram(p)
	if err != nil {
		return nil, err
	}
	fn, _ := goja.AssertFunction(f)
	v, err := fn(goja.Undefined(), r.VM.ToValue(r.requirer(false)), r.VM.ToValue(r.requirer(true)))
	if err != nil {
		return nil, err
	}
	promise := v.Export().(*goja.Promise)
	r.handled(promise)
	if err := r.loop.run(r.Call.Ctx, r.VM); err != nil {
		return nil, err
	}
	for p, open := range r.rejected {
		if open && p != promise {
			return nil, fmt.Errorf("unhandled rejection: %s", r.describe(p.Result()))
		}
	}
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, errors.New(r.describe(promise.Result()))
	}
	return nil, errors.New("the case never ended: nothing is pending and its promise is not settled")
}

func (r *Realm) handled(p *goja.Promise) { delete(r.rejected, p) }

func (r *Realm) describe(v goja.Value) string {
	if o, ok := v.(*goja.Object); ok {
		var s string
		if ex := r.VM.Try(func() {
			s = o.String()
			if st := o.Get("stack"); st != nil && !goja.IsUndefined(st) {
				s = strings.TrimSpace(st.String())
				if msg := o.Get("message"); msg != nil && !strings.Contains(s, msg.String()) {
					s = msg.String() + "\n" + s
				}
			}
		}); ex == nil {
			return s
		}
	}
	return fmt.Sprint(v)
}

// Eval is Run for a test that expects no error.
func (r *Realm) Eval(t testing.TB, src string) goja.Value {
	t.Helper()
	v, err := r.Run(t.Name(), src)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v
}
