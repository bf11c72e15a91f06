package wasm

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// An instance serves one run.
type instance struct {
	run    *run
	module api.Module // nil before it is made
	cost   int64      // what it holds while it waits, in bytes
}

func newInstance(in *Input) *instance {
	return &instance{run: &run{in: in, linear: linear{max: uint64(min(in.Memory, maxLinear))}}}
}

// begin gives the run its input.
func (r *run) begin(ctx context.Context, in *Input) {
	r.ctx, r.in = ctx, in
	r.mem.max = int(in.Memory)
	r.stdin.Reset(in.Document)
	r.stdout.max, r.stderr.log = in.Output, r.log
}

// random is the run's source of random bytes.
type random struct{ r *run }

// Read implements io.Reader.
func (s random) Read(b []byte) (int, error) {
	if s.r.in.Rand != nil {
		return s.r.in.Rand.Read(b)
	}
	return rand.Read(b)
}

// instantiate makes the instance. A start function runs then.
func (p *Program) instantiate(ctx context.Context, i *instance) (err error) {
	i.module, err = p.engine.rt.InstantiateModule(experimental.WithMemoryAllocator(ctx, &i.run.linear), p.code, p.config(i.run))
	return err
}

const (
	// aheadShare is the part of a run's memory that instances may hold, of all
	// programs together, that wait for their run.
	aheadShare = 4
	// aheadCost and elementCost are what an instance, and an entry of its tables,
	// count beside the memory, in bytes.
	aheadCost, elementCost = 64 << 10, 16
)

// Prepare makes an instance ahead, for a run with the same Config, Args and Memory.
// It runs nothing of the module's; where that cannot be, and where memory is short,
// it does nothing.
func (p *Program) Prepare(ctx context.Context, in Input) {
	if p.ready.Load() != nil || p.info.Starts {
		return
	}
	i := newInstance(&Input{Config: in.Config, Args: in.Args, Memory: in.Memory, Now: in.Now})
	i.cost = aheadCost + p.info.MinMemory + elementCost*p.info.Elements
	if p.engine.ahead.Load()+i.cost > in.Memory/aheadShare {
		return
	}
	if p.instantiate(ctx, i) != nil {
		return // the run meets it again, and reports it
	}
	p.engine.ahead.Add(i.cost)
	if old := p.ready.Swap(i); old != nil {
		p.drop(ctx, old)
	}
}

// take returns the instance that was made ahead for such an input, nil if there is
// none.
func (p *Program) take(ctx context.Context, in *Input) *instance {
	i := p.ready.Swap(nil)
	if i == nil {
		return nil
	}
	was := i.run.in
	if was.Memory != in.Memory || !slices.Equal(was.Args, in.Args) || !maps.Equal(was.Config, in.Config) {
		p.drop(ctx, i)
		return nil
	}
	p.engine.ahead.Add(-i.cost)
	return i
}

func (p *Program) drop(ctx context.Context, i *instance) {
	p.engine.ahead.Add(-i.cost)
	i.module.Close(ctx)
}

func (p *Program) discard(ctx context.Context) {
	if i := p.ready.Swap(nil); i != nil {
		p.drop(ctx, i)
	}
}
