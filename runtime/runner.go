// Package runtime runs scripts: programs from a cache, a fresh realm for every
// invocation, and the rules of who may be on the processor.
package runtime

import (
	"context"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
)

// Options say what a Runner works with.
type Options struct {
	Host modules.Host
	// Programs is how many compiled programs are kept. Default 256.
	Programs int
	// OnCPU, if not nil, is called when an invocation takes the processor (its
	// number) and when it leaves it (0), and names the script that runs: its
	// index in the chain, or -1. It must be quick.
	OnCPU func(invocation uint64, script int)
}

// A Runner is an Invoker in this process. It has no jail and no memory bound: a
// worker has one, and tests. One invocation at a time is on the processor;
// others may wait on timers and I/O.
type Runner struct{ opt Options }

// NewRunner returns a Runner. It starts nothing.
func NewRunner(opt Options) *Runner { return &Runner{opt: opt} }

// Invoke implements rulebox.Invoker. inv.Chain must not be nil.
func (r *Runner) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	panic("runtime: unwritten")
}

// InvokeNumbered is Invoke under the number that OnCPU reports.
func (r *Runner) InvokeNumbered(ctx context.Context, number uint64, inv *rulebox.Invocation) (*rulebox.Result, error) {
	panic("runtime: unwritten")
}

// Prepare makes a realm ready for the next invocation of the chain, if the chain
// allows it and none is ready. It returns soon and runs on the caller's time.
func (r *Runner) Prepare(chain *rulebox.Chain) { panic("runtime: unwritten") }

// Forget drops what is kept for the chain: prepared realms, not the tenant's
// `global`.
func (r *Runner) Forget(chain *rulebox.Chain) {}

// Interrupt ends every invocation that is on the processor now with the code.
func (r *Runner) Interrupt(code rulebox.Code) {}

// Check compiles the script and reports on it without running it. The error, if
// any, is a *rulebox.Error with CodeInvalid whose message has line and column.
func (r *Runner) Check(ctx context.Context, s *rulebox.Script) (*Report, error) {
	panic("runtime: unwritten")
}

// Report is what compiling a script tells.
type Report struct {
	// Modules are the names given to require() as literals.
	Modules []string
	// Warnings are for the author: what will probably not do what is meant.
	Warnings []string
}
