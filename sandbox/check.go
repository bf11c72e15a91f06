package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
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

	code []byte // native, of a script that is WebAssembly
}

// Check compiles the script in a worker that is thrown away, and reports on it
// without running it. A script that does not compile is CodeInvalid, one that
// compiles for more than 10 s or with more than 512 MiB too: the message says
// which. CodeUnavailable means that it was not looked at.
//
// The native code of a script that is WebAssembly is kept (Options.Code); one whose
// code is there already is not compiled again.
func (p *Pool) Check(ctx context.Context, s *rulebox.Script) (*Report, error) {
	if isWASM(s) {
		return p.checkWASM(ctx, s)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	w, free, err := p.throwaway(ctx, confine.JS)
	if err != nil {
		return nil, err
	}
	defer free()
	return w.check(ctx, s, checkTime)
}

// throwaway starts a worker for one piece of compiling. The caller reaps it, and
// calls free after that.
func (p *Pool) throwaway(ctx context.Context, profile confine.Profile) (w *worker, free func(), err error) {
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
	w, err = p.spawn(p.supplies[profile])
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

func (w *worker) check(ctx context.Context, s *rulebox.Script, limit time.Duration) (*Report, error) {
	w.confineTo(checkMemory)
	b := (&wire.Lease{Memory: checkMemory, Wall: limit}).Append(nil)
	b = wire.AppendCheck(b, 1, s)
	if len(s.Source) > wire.MaxFrame/2 {
		w.reap()
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "script %q is %d bytes; at most %d can be checked", s.Name, len(s.Source), wire.MaxFrame/2)
	}
	stop := context.AfterFunc(ctx, func() { w.cmd.Process.Kill() })
	defer stop()
	m, code, err := w.report(b, s)
	if err == nil {
		w.reap()
		if m.Err != nil {
			return nil, m.Err
		}
		return &Report{Modules: m.Modules, Warnings: m.Warnings, code: code}, nil
	}
	what := fmt.Sprintf("%s %q", s.Kind, s.Name)
	return nil, w.unanswered(ctx, err, compilation{
		doing: "the script was checked", late: fmt.Sprintf("%s does not compile within %s", what, limit), died: what + " cannot be compiled",
		script: s.Name, hint: "look for huge constant expressions or extreme nesting",
	})
}

// A compilation is the work of a throw-away worker, in the words of its errors: the
// caller gave up while doing, what is late, and what cannot be done.
type compilation struct{ doing, late, died, script, hint string }

// unanswered ends a worker that gave no answer, and says why: err is what came
// instead.
func (w *worker) unanswered(ctx context.Context, err error, t compilation) error {
	w.mu.Lock()
	closing := w.death != nil
	w.mu.Unlock()
	switch {
	case closing:
		w.reap()
		return errClosing()
	case errors.Is(ctx.Err(), context.Canceled):
		w.reap()
		return rulebox.Errorf(rulebox.CodeUnavailable, "the caller gave up while %s", t.doing).WithCause(ctx.Err())
	case ctx.Err() != nil:
		w.reap()
		return rulebox.Errorf(rulebox.CodeInvalid, "%s", t.late).WithHint("%s", t.hint).WithCause(ctx.Err())
	}
	state, text := w.reapDead()
	d := &death{}
	d.attribute(state, text, w.jail)
	e := rulebox.Errorf(rulebox.CodeInvalid, "%s: the compiler died of it (%s)", t.died, causeNames[d.cause])
	e.Script = t.script
	return e.WithHint("%s", t.hint).WithCause(err)
}

// report sends the frames that ask for a check and reads the answer: the report,
// and before it, of a script that is WebAssembly, its native code.
func (w *worker) report(ask []byte, s *rulebox.Script) (m *wire.Report, code []byte, err error) {
	w.rd.SetMax(wire.CodePart + 4<<10)
	if _, err := w.conn.Write(ask); err != nil {
		return nil, nil, err
	}
	for {
		kind, body, err := w.rd.Next()
		if err != nil {
			return nil, nil, err
		}
		switch {
		case kind == wire.KindCode && isWASM(s):
			if code, err = gather(code, s.Digest, body); err != nil {
				return nil, nil, err
			}
			continue
		case kind != wire.KindReport:
			return nil, nil, fmt.Errorf("%w: kind %d", wire.ErrFrame, kind)
		}
		m = &wire.Report{}
		if err = m.Decode(body); err == nil && (m.Seq != 1 || m.Err == nil && isWASM(s) != (code != nil) || len(code) < cap(code)) {
			err = fmt.Errorf("%w: a report of something else", wire.ErrFrame)
		}
		return m, code, err
	}
}
