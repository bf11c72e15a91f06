package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
)

// An Input is what one run works with.
type Input struct {
	// Document is the JSON text that the module reads.
	Document []byte
	// Function is the export of a plug-in to call; empty for the obvious one.
	Function string
	// Config is what a plug-in asks for by key, and a command's environment.
	Config map[string]string
	// Now, if not zero, is the fixed time that the module sees.
	Now  time.Time
	Rand io.Reader
	// Log takes one line.
	Log func(level, text string)
	// HTTP sends a plug-in's requests; nil for no network.
	HTTP http.RoundTripper
	// Cache may be nil.
	Cache Cache
	// Output bounds what the module writes, in bytes.
	Output int
	// Memory bounds the linear memory of the instance, and apart from it what a
	// plug-in holds of its host's memory, in bytes.
	Memory int64
	// Args are a command's arguments after its name.
	Args []string
	// Wait calls f, which waits for something, in a place where that keeps nobody
	// up; nil means here. An error ends the run.
	Wait func(f func()) error
}

// A Cache is api.cache as a module sees it. Set and Delete return the code of
// what is wrong, empty for nothing.
type Cache interface {
	Get(key string) (string, bool)
	Set(key, value string, ttl int64) string
	Delete(key string) string
}

// A run is one instance at work. It is used by one goroutine.
type run struct {
	ctx     context.Context
	in      *Input
	mem     blocks
	inputAt uint64
	output  []byte
	failure string // what error_set said
	vars    map[string][]byte
	status  int
	headers map[string]string
	ended   error // why a host function ended the run
	linear  linear
	stdin   bytes.Reader
	stdout  capped
	stderr  lines
}

// Errors of runs, beside *ExitError and *TrapError.
var (
	// errOutput means that the module wrote more than it may.
	errOutput = errors.New("the module's output is longer than the limit allows")
	// ErrMemory means that the module broke a bound on memory or output.
	ErrMemory = errors.New("memory")
)

// An ExitError is a module that says itself that it failed.
type ExitError struct {
	Code    uint32
	Message string // a plug-in's; may be empty
}

func (e *ExitError) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return fmt.Sprintf("it exited with code %d", e.Code)
}

// A TrapError is a module that the engine or the host stopped.
type TrapError struct {
	Message string
	Stack   string // functions of the module, innermost first
	Err     error  // what a host function returned; may be nil
}

func (e *TrapError) Error() string { return e.Message }
func (e *TrapError) Unwrap() error { return e.Err }

// end keeps why the run ends; it is what a host function panics with.
func (r *run) end(err error) error {
	if r.ended == nil {
		r.ended = err
	}
	return err
}

func (r *run) log(level, text string) {
	if r.in.Log != nil {
		r.in.Log(level, strings.TrimSuffix(text, "\n"))
	}
}

// Run makes a fresh instance, runs it to its end, and returns what it wrote. The
// error is an *ExitError, a *TrapError, or says what is wrong with the module;
// errors.Is(err, ErrMemory) holds for broken bounds.
func (p *Program) Run(ctx context.Context, in Input) ([]byte, error) {
	function := startExport
	if p.ABI == Plugin {
		var err error
		if function, err = p.handler(in.Function); err == nil {
			err = p.Callable(function)
		}
		if err != nil {
			return nil, err
		}
	}
	i := p.take(ctx, &in)
	if i == nil {
		i = newInstance(&in)
		if p.info.MinMemory > int64(i.run.linear.max) {
			return nil, fmt.Errorf("%w: the module begins with %d MiB of memory; the limit is %d MiB", ErrMemory, p.info.MinMemory>>20, i.run.linear.max>>20)
		}
	}
	r := i.run
	r.begin(ctx, &in)
	ctx = context.WithValue(ctx, runKey{}, r)
	code, err := p.call(ctx, i, function)
	r.stderr.flush()
	if err != nil {
		return nil, r.failed(err)
	}
	if r.stdout.full {
		return nil, r.failed(errOutput) // although the module took it well
	}
	if p.ABI == Command {
		return r.stdout.b, nil
	}
	if code != 0 || r.failure != "" {
		return nil, r.failed(&ExitError{Code: code, Message: r.failure})
	}
	return r.output, nil
}

// Instantiate makes an instance and throws it away, without calling anything: to
// measure what of a run that is.
func (p *Program) Instantiate(ctx context.Context, memory int64) error {
	m, err := p.engine.rt.InstantiateModule(experimental.WithMemoryAllocator(ctx, &linear{max: uint64(memory)}), p.code,
		wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return err
	}
	return m.Close(ctx)
}

// call makes the instance if it is not made yet, and calls the function. The result
// is that of a plug-in's function.
func (p *Program) call(ctx context.Context, i *instance, function string) (uint32, error) {
	if i.module == nil {
		if err := p.instantiate(ctx, i); err != nil {
			return 0, err
		}
	}
	defer i.module.Close(ctx)
	if p.ABI == Command {
		_, err := i.module.ExportedFunction(function).Call(ctx)
		if exit := (*sys.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 0 {
			return 0, nil
		}
		return 0, err
	}
	var err error
	if i.run.inputAt, err = i.run.mem.put(i.run.in.Document); err != nil {
		return 0, i.run.end(err)
	}
	if f := i.module.ExportedFunction(initializeExport); f != nil {
		if _, err := f.Call(ctx); err != nil {
			return 0, err
		}
	}
	out, err := i.module.ExportedFunction(function).Call(ctx)
	if err != nil || len(out) == 0 {
		return 0, err
	}
	return uint32(out[0]), nil
}

// config is what the module has of the outside.
func (p *Program) config(r *run) wazero.ModuleConfig {
	conf := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(&r.stdout).WithStderr(&r.stderr).WithRandSource(random{r})
	if p.ABI == Command {
		conf = conf.WithArgs(append([]string{"rule"}, r.in.Args...)...).WithStdin(&r.stdin)
		for _, k := range slices.Sorted(maps.Keys(r.in.Config)) {
			v := r.in.Config[k]
			if k != "" && !strings.ContainsAny(k, "=\x00") && !strings.Contains(v, "\x00") {
				conf = conf.WithEnv(k, v)
			}
		}
	}
	start := time.Now()
	now := func() time.Time {
		if !r.in.Now.IsZero() {
			return r.in.Now
		}
		return time.Now()
	}
	return conf.
		WithWalltime(func() (int64, int32) { t := now(); return t.Unix(), int32(t.Nanosecond()) }, 1000).
		WithNanotime(func() int64 { return int64(time.Since(start)) + 1 }, 1000).
		WithNanosleep(func(ns int64) {
			if err := r.sleep(time.Duration(ns)); err != nil {
				panic(r.end(err))
			}
		})
}

// sleep ends early with the run's context.
func (r *run) sleep(d time.Duration) error {
	return r.wait(func() error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	})
}

// wait calls f where waiting keeps nobody up.
func (r *run) wait(f func() error) (err error) {
	if r.in.Wait == nil {
		return f()
	}
	if left := r.in.Wait(func() { err = f() }); left != nil {
		return left
	}
	return err
}

// failed turns what the engine returned into an error of this package.
func (r *run) failed(err error) error {
	var exit *sys.ExitError
	switch {
	case r.ended != nil:
		if errors.Is(r.ended, errBlockFull) || errors.Is(r.ended, errOutput) {
			return fmt.Errorf("%w: %w", ErrMemory, r.ended)
		}
		return &TrapError{Message: r.ended.Error(), Err: r.ended}
	case r.stdout.full:
		return fmt.Errorf("%w: %w", ErrMemory, errOutput)
	case r.linear.refused:
		// What a module does then is its own affair: it traps, exits, or says so.
		return fmt.Errorf("%w: the module asked for more memory than the limit of %d MiB", ErrMemory, r.linear.max>>20)
	case errors.As(err, &exit):
		if exit.ExitCode() == 0 {
			return &ExitError{Message: "it ended the process before it answered"}
		}
		return &ExitError{Code: exit.ExitCode(), Message: r.failure}
	}
	if own := (*ExitError)(nil); errors.As(err, &own) {
		return own
	}
	message, stack, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	message = strings.TrimPrefix(strings.TrimPrefix(message, "wasm error: "), "module[] function[_start] failed: wasm error: ")
	if message = strings.TrimSpace(message); strings.HasSuffix(message, stackOverflow) {
		return fmt.Errorf("%w: the module's stack overflowed: too deep a recursion", ErrMemory)
	}
	return &TrapError{Message: message, Stack: clipText(stack, 4<<10)}
}

// stackOverflow is what the engine says of one.
const stackOverflow = "stack overflow"

func clipText(s string, max int) string {
	if len(s) > max {
		return s[:max] + "…"
	}
	return s
}

// capped keeps what is written, up to a bound.
type capped struct {
	b    []byte
	max  int
	full bool
}

func (w *capped) Write(p []byte) (int, error) {
	if len(w.b)+len(p) > w.max {
		w.full = true
		return 0, errOutput
	}
	w.b = append(w.b, p...)
	return len(p), nil
}

// lines passes on each line that is written.
type lines struct {
	log func(level, text string)
	b   []byte
}

// maxLine is where a line without an end is cut, in bytes.
const maxLine = 8 << 10

func (w *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c == '\n' || len(w.b) >= maxLine {
			w.flush()
		}
		if c != '\n' {
			w.b = append(w.b, c)
		}
	}
	return len(p), nil
}

func (w *lines) flush() {
	if len(w.b) > 0 {
		w.log("log", string(w.b))
		w.b = w.b[:0]
	}
}
