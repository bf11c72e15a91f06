package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// checkTime bounds the compilation of one script.
const checkTime = 10 * time.Second

// A Report is what compiling a script tells.
type Report struct {
	// Modules are the names given to require() as literals.
	Modules []string
	// Warnings are for the author.
	Warnings []string
}

// Check compiles the script in a worker that is thrown away, and reports on it
// without running it. A script that does not compile is CodeInvalid, one that
// compiles for more than 10 s or with more than 512 MiB too: the message says
// which. CodeUnavailable means that it was not looked at.
func (p *Pool) Check(ctx context.Context, s *rulebox.Script) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	w, free, err := p.throwaway(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	return w.check(ctx, s)
}

// throwaway starts a worker for one piece of compiling. The caller reaps it, and
// calls free after that.
func (p *Pool) throwaway(ctx context.Context) (w *worker, free func(), err error) {
	var undo []func()
	release := func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	select {
	case p.checks <- struct{}{}:
		undo = append(undo, func() { <-p.checks })
	case <-ctx.Done():
		return nil, nil, rulebox.Errorf(rulebox.CodeUnavailable, "too many scripts are being checked").WithHint("try again").WithCause(ctx.Err())
	}
	p.running.Add(1)
	undo = append(undo, func() { p.running.Add(-1) })
	p.mu.Lock()
	state := p.state
	if state != closing {
		p.wg.Add(1)
		undo = append(undo, p.wg.Done)
	}
	p.mu.Unlock()
	switch state {
	case closing:
		return nil, nil, errClosing()
	case fresh:
		return nil, nil, rulebox.Errorf(rulebox.CodeUnavailable, "the pool is not running yet")
	}
	w, err = p.spawn()
	if err == nil {
		undo = append(undo, w.free)
		if err = w.ready(); err != nil {
			w.reap()
		}
	}
	if err != nil {
		return nil, nil, rulebox.Errorf(rulebox.CodeUnavailable, "this node cannot start workers").
			WithHint("`rulebox doctor` on the node tells what is missing").WithCause(err)
	}
	p.mu.Lock()
	p.all[w] = struct{}{} // so that the pool's end is the worker's
	p.mu.Unlock()
	undo = append(undo, func() {
		p.mu.Lock()
		delete(p.all, w)
		p.mu.Unlock()
	})
	return w, release, nil
}

func (w *worker) check(ctx context.Context, s *rulebox.Script) (*Report, error) {
	w.confineTo(checkMemory)
	b := (&wire.Lease{Memory: checkMemory, Wall: checkTime}).Append(nil)
	b = wire.AppendCheck(b, 1, s)
	if len(s.Source) > wire.MaxFrame/2 {
		w.reap()
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "script %q is %d bytes; at most %d can be checked", s.Name, len(s.Source), wire.MaxFrame/2)
	}
	stop := context.AfterFunc(ctx, func() { w.cmd.Process.Kill() })
	defer stop()
	w.rd.SetMax(1 << 20)
	_, err := w.conn.Write(b)
	var kind wire.Kind
	var body []byte
	if err == nil {
		kind, body, err = w.rd.Next()
	}
	var m wire.Report
	if err == nil {
		if err = m.Decode(body); err == nil && (kind != wire.KindReport || m.Seq != 1) {
			err = fmt.Errorf("%w: kind %d", wire.ErrFrame, kind)
		}
	}
	if err == nil {
		w.reap()
		if m.Err != nil {
			return nil, m.Err
		}
		return &Report{Modules: m.Modules, Warnings: m.Warnings}, nil
	}
	w.mu.Lock()
	closing := w.death != nil
	w.mu.Unlock()
	switch {
	case closing:
		w.reap()
		return nil, errClosing()
	case errors.Is(ctx.Err(), context.Canceled):
		w.reap()
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the caller gave up while the script was checked").WithCause(ctx.Err())
	case ctx.Err() != nil:
		w.reap()
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "%s %q does not compile within %s", s.Kind, s.Name, checkTime).
			WithHint("look for huge constant expressions or extreme nesting").WithCause(ctx.Err())
	}
	state, text := w.reapDead()
	d := &death{}
	d.attribute(state, text, w.jail)
	e := rulebox.Errorf(rulebox.CodeInvalid, "%s %q cannot be compiled: the compiler died of it (%s)", s.Kind, s.Name, causeNames[d.cause])
	e.Script = s.Name
	return nil, e.WithHint("look for huge constant expressions or extreme nesting").WithCause(err)
}
