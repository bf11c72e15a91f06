package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// pageSize is that of WebAssembly's linear memory, in bytes.
const pageSize = 64 << 10

// An Engine compiles and runs modules. Making one maps executable memory: a
// process that may not do that must not make one.
type Engine struct {
	rt    wazero.Runtime
	cache wazero.CompilationCache // nil if there is none
	// ahead is what instances hold that wait for their run, in bytes.
	ahead atomic.Int64
}

// Options are those of an Engine.
type Options struct {
	// CacheDir, if not empty, is a folder of native code: a module that is in there
	// is loaded, any other is compiled and put there. What is in it is executed
	// without a check: nobody but this process may write to it.
	CacheDir string
}

// NewEngine returns an engine. Close it to give its memory back.
func NewEngine(ctx context.Context, opt Options) (*Engine, error) {
	e := &Engine{}
	// A loop that checks for the end of its context costs up to ten times: the kill
	// of the process ends runs instead.
	conf := wazero.NewRuntimeConfigCompiler().WithDebugInfoEnabled(false)
	if opt.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(opt.CacheDir)
		if err != nil {
			return nil, err
		}
		e.cache = cache
		conf = conf.WithCompilationCache(cache)
	}
	e.rt = wazero.NewRuntimeWithConfig(ctx, conf)
	_, err := wasi_snapshot_preview1.Instantiate(ctx, e.rt)
	if err == nil {
		err = register(ctx, e.rt, pluginModule, pluginFuncs)
	}
	if err == nil {
		err = register(ctx, e.rt, userModule, userFuncs)
	}
	if err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	return e, nil
}

// Close ends the engine and every program of it.
func (e *Engine) Close(ctx context.Context) error {
	err := e.rt.Close(ctx)
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(ctx))
	}
	return err
}

// A Program is a compiled module. It is immutable and serves many runs.
type Program struct {
	ABI    ABI
	info   *Info
	engine *Engine
	code   wazero.CompiledModule
	ready  atomic.Pointer[instance] // made ahead; nil if none is
}

// Compile checks and compiles the source. The error says what is wrong with it in
// words for its author. Compiling is not interruptible.
func (e *Engine) Compile(ctx context.Context, source []byte) (*Program, error) {
	info, err := Inspect(source)
	if err != nil {
		return nil, err
	}
	p := &Program{info: info, engine: e}
	if p.ABI, err = abiOf(info); err != nil {
		return nil, err
	}
	if p.code, err = e.rt.CompileModule(ctx, source); err != nil {
		return nil, fmt.Errorf("it does not compile: %w", err)
	}
	if err := p.linked(); err != nil {
		return nil, errors.Join(err, p.Close(ctx))
	}
	return p, nil
}

// linked returns nil if the host has all that the module imports, of these types.
func (p *Program) linked() error {
	for _, want := range p.code.ImportedFunctions() {
		module, name, _ := want.Import()
		host := p.engine.rt.Module(module)
		if host == nil {
			return fmt.Errorf("it imports from %s, which this host does not have", clip(module))
		}
		have, ok := host.ExportedFunctionDefinitions()[name]
		switch {
		case !ok:
			return fmt.Errorf("it imports %s of %s, which this host does not have", clip(name), clip(module))
		case !slices.Equal(have.ParamTypes(), want.ParamTypes()) || !slices.Equal(have.ResultTypes(), want.ResultTypes()):
			return fmt.Errorf("it imports %s of %s with other types: %s, not %s", clip(name), clip(module), typesOf(want), typesOf(have))
		}
	}
	return nil
}

// typesOf writes a function's type as (i64, i32) -> (i64).
func typesOf(d api.FunctionDefinition) string {
	names := func(types []api.ValueType) string {
		s := make([]string, len(types))
		for i, t := range types {
			s[i] = api.ValueTypeName(t)
		}
		return "(" + strings.Join(s, ", ") + ")"
	}
	return names(d.ParamTypes()) + " -> " + names(d.ResultTypes())
}

// Handlers are the exports that can be called as Input.Function; none for a WASI
// command.
func (p *Program) Handlers() []string {
	if p.ABI == Command {
		return nil
	}
	var names []string
	for _, name := range p.info.Exports {
		if isHandler(name) {
			names = append(names, name)
		}
	}
	return names
}

// Exports reports whether the module has a function of the name that Input.Function
// can be; a WASI command has none.
func (p *Program) Exports(name string) bool { return slices.Contains(p.Handlers(), name) }

// Callable returns nil if the function can be called, or the obvious one for "".
func (p *Program) Callable(function string) error {
	if p.ABI == Command {
		return nil
	}
	name, err := p.handler(function)
	if err != nil {
		return err
	}
	if d := p.code.ExportedFunctions()[name]; len(d.ParamTypes()) != 0 || len(d.ResultTypes()) > 1 {
		return fmt.Errorf("the export %s must take nothing and return an i32 (0 is success) or nothing", clip(name))
	}
	return nil
}

// CompileNothing compiles a module with nothing in it. With a CacheDir that is empty
// it leaves one file, whose path changes with what native code depends on: the
// engine's version and the processor.
func (e *Engine) CompileNothing(ctx context.Context) error {
	code, err := e.rt.CompileModule(ctx, []byte(Magic+"\x01\x00\x00\x00"))
	if err != nil {
		return err
	}
	return code.Close(ctx)
}

// Close gives the native code back.
func (p *Program) Close(ctx context.Context) error {
	p.discard(ctx)
	return p.code.Close(ctx)
}
