package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime/js"
	"github.com/rulebox/rulebox/runtime/wasm"
)

// A Native says where native code of WebAssembly comes from.
type Native struct {
	// Dir is the engine's folder: see wasm.Options.CacheDir.
	Dir string
	// Load, if not nil, puts the code of the script into Dir, so that the engine
	// does not compile it. Its error ends the invocation, which has not begun then.
	Load func(s *rulebox.Script) error
	// Loaded, if not nil, is called when the engine has taken the code over.
	Loaded func(s *rulebox.Script)
}

// guests are what a Runner has for scripts that are not JavaScript.
type guests struct {
	once   sync.Once
	engine *wasm.Engine // nil before the first use
	err    error
}

// Warm makes the engine of WebAssembly, which a Runner else makes when it is first
// needed, and compiles a module with nothing in it. Only a process that may have
// executable memory can do so.
func (r *Runner) Warm(ctx context.Context) error {
	e, err := r.wasm()
	if err != nil {
		return err
	}
	return e.CompileNothing(ctx)
}

func (r *Runner) wasm() (*wasm.Engine, error) {
	r.guests.once.Do(func() {
		opt := wasm.Options{}
		if r.opt.Native != nil {
			opt.CacheDir = r.opt.Native.Dir
		}
		// Not of any invocation: the engine outlives it.
		r.guests.engine, r.guests.err = wasm.NewEngine(context.Background(), opt)
	})
	return r.guests.engine, r.guests.err
}

// guest compiles a script that is WebAssembly, or loads what was compiled before.
func (r *Runner) guest(s *rulebox.Script) (*js.Program, error) {
	if s.Kind != rulebox.KindRule && s.Kind != rulebox.KindAction {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "%s %q is WebAssembly; only rules and actions can be", s.Kind, s.Name)
	}
	n := r.opt.Native
	if n != nil && n.Load != nil {
		if err := n.Load(s); err != nil {
			return nil, err
		}
	}
	e, err := r.wasm()
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the WebAssembly engine did not start").WithCause(err)
	}
	p, err := e.Compile(context.Background(), []byte(s.Source))
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "%s %q: %v", s.Kind, s.Name, err).
			WithHint("a script in WebAssembly is a WASI command or an Extism plug-in; doc/wasm-abi.md has both")
	}
	// The function of an action may be named where it is bound.
	if err := p.Callable(""); err != nil && (s.Kind == rulebox.KindRule || len(p.Handlers()) < 2) {
		e := rulebox.Errorf(rulebox.CodeInvalid, "%s %q: %v", s.Kind, s.Name, err)
		return nil, e.WithHint("a plug-in's function takes nothing and returns an i32; the one called rule, action, run or main is called, or the only one")
	}
	if n != nil && n.Loaded != nil {
		n.Loaded(s)
	}
	return js.NewGuest(s, &guest{p, r.opt.Host}), nil
}

// guest is a module as runtime/js runs it.
type guest struct {
	program *wasm.Program
	host    modules.Host
}

// Exports implements js.Guest. A command has one function for everything.
func (g *guest) Exports(name string) bool {
	return g.program.ABI == wasm.Command || g.program.Exports(name)
}

// Prepare implements js.Guest.
func (g *guest) Prepare(in *js.GuestInput) {
	g.program.Prepare(context.Background(), wasm.Input{Config: in.Config, Args: g.args(in), Memory: in.Limits.Memory})
}

// args are a command's.
func (g *guest) args(in *js.GuestInput) []string {
	if g.program.ABI == wasm.Command {
		return []string{in.Handler}
	}
	return nil
}

// Run implements js.Guest.
func (g *guest) Run(ctx context.Context, in *js.GuestInput) (*js.GuestOutput, *rulebox.Error) {
	input := wasm.Input{
		Document: in.Document, Config: in.Config, Now: in.Now, Log: in.Log, Cache: in.Cache, Wait: in.Wait,
		Output: in.Limits.Output, Memory: in.Limits.Memory, Args: g.args(in),
	}
	if g.program.ABI == wasm.Plugin && (in.Named || g.program.Exports(in.Handler)) {
		input.Function = in.Handler
	}
	if g.host != nil {
		input.Rand = g.host.Rand()
		transport, err := modules.RoundTripper(ctx, g.host)
		if err != nil {
			return nil, rulebox.Errorf(rulebox.CodeInternal, "the script has no network").WithCause(err)
		}
		input.HTTP = transport
	}
	text, err := g.program.Run(ctx, input)
	if err != nil {
		return nil, g.failed(err)
	}
	a, err := wasm.ParseAnswer(text)
	if err != nil {
		e := rulebox.Errorf(rulebox.CodeThrew, "%v", err)
		e.Name = "Error"
		return nil, e.WithHint(`write one JSON object: {"user":…,"context":…}, {"commands":[…]}, or nothing to change nothing`)
	}
	return &js.GuestOutput{User: a.User, Context: a.Context, Commands: a.Commands}, nil
}

// failed turns an error of a run into one of ours.
func (g *guest) failed(err error) *rulebox.Error {
	var own *rulebox.Error
	var exit *wasm.ExitError
	var trap *wasm.TrapError
	switch {
	case errors.Is(err, wasm.ErrMemory):
		return rulebox.Errorf(rulebox.CodeMemory, "%s", strings.TrimPrefix(err.Error(), wasm.ErrMemory.Error()+": ")).
			WithHint("hold or write less, or raise limits.memory (--memory) or limits.output")
	case errors.As(err, &own):
		e := *own
		return &e
	case errors.As(err, &exit):
		e := rulebox.Errorf(rulebox.CodeThrew, "%s", clip(exit.Error()))
		e.Name = "Error"
		return e.WithHint("%s", g.exitAdvice(exit))
	case errors.As(err, &trap):
		e := rulebox.Errorf(rulebox.CodeThrew, "%s", clip(trap.Message))
		e.Name, e.Trace = "Trap", trap.Stack
		if trap.Err != nil {
			e.Name, e.Cause = "Error", trap.Err
			return e.WithHint("a function of the host refused: what it got is not what it takes, or the network failed")
		}
		return e.WithHint("the module ended itself by a trap: a panic or assertion of its language, or an access out of bounds")
	}
	return rulebox.Errorf(rulebox.CodeInvalid, "%s", clip(err.Error())).
		WithHint("doc/wasm-abi.md says what a module imports and exports")
}

func (g *guest) exitAdvice(e *wasm.ExitError) string {
	if e.Message != "" {
		return "the plug-in set this error"
	}
	if g.program.ABI == wasm.Plugin && e.Code != 0 {
		return fmt.Sprintf("the plug-in's function returned %d, which is not 0 for success, and set no error", e.Code)
	}
	return "what the program wrote to standard error is in the logs"
}

// maxGuestMessage bounds what a module says went wrong, in bytes.
const maxGuestMessage = 4 << 10

func clip(s string) string {
	if len(s) > maxGuestMessage {
		return strings.ToValidUTF8(s[:maxGuestMessage], "") + "…"
	}
	return s
}
