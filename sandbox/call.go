package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A call is one invocation on its way through the pool. Its fields are written
// before it is sent; the rest is in the worker's hands, under worker.mu.
type call struct {
	chain    *rulebox.Chain
	inv      *rulebox.Invocation // of Invoke's goroutine, gone when that returns
	id       string              // of the invocation, for the log
	limits   rulebox.Limits
	start    time.Time
	deadline time.Time
	// allowed is deadline - start; byCaller says that the caller's deadline, not
	// the chain's limit, set it.
	allowed   time.Duration
	byCaller  bool
	exclusive bool // under Pool.mu
	heavy     bool // under Pool.mu: its chain gives way from the start
	// used is the processor time of its worker before it, if it is heavy.
	used time.Duration

	seq  uint64
	sent time.Time
	// done gets the one answer.
	done chan outcome
	// abandoned says that the caller has its answer. Under worker.mu.
	abandoned bool
}

// givesWay tells whether the worker is scheduled as idle work from the start.
// Caller holds Pool.mu.
func (c *call) givesWay() bool { return c.heavy || c.exclusive }

// An outcome is the answer to a call, or (again) the news that it was lost with
// its worker before it began.
type outcome struct {
	res   *rulebox.Result
	err   *rulebox.Error
	again bool
}

func (o outcome) unpack() (*rulebox.Result, error) {
	if o.err == nil {
		return o.res, nil
	}
	return o.res, o.err
}

// errNotStarted means that a worker was gone before it got the invocation.
var errNotStarted = errors.New("the worker was gone before it got the invocation")

// Invoke implements rulebox.Invoker. inv.Chain must not be nil.
func (p *Pool) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	p.running.Add(1)
	defer p.running.Add(-1)
	p.watch()
	res, err := p.invoke(ctx, inv)
	if res != nil {
		res.ID = inv.ID
	}
	p.stats.invoked(rulebox.CodeOf(err))
	return res, err
}

func (p *Pool) invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	c, err := newCall(ctx, inv)
	if err != nil {
		return nil, err
	}
	// Workers remember calls for a while, and must not hold what is the caller's.
	defer func() { c.inv = nil }()
	if !c.deadline.After(c.start) {
		return &rulebox.Result{}, rulebox.Errorf(rulebox.CodeTimeout, "the deadline had passed before anything was started").
			WithHint("leave the node more time: raise the caller's deadline").WithCause(context.DeadlineExceeded)
	}
	for attempt := 0; ; attempt++ {
		w, err := p.acquire(ctx, c)
		if err != nil {
			return nil, err
		}
		err = w.send(ctx, c)
		var e *rulebox.Error
		switch {
		case err == nil:
			out := p.await(ctx, w, c)
			if !out.again {
				p.lighten(w, c, out)
				return out.unpack()
			}
		case errors.As(err, &e):
			p.release(w, c)
			return nil, e
		default:
			p.lose(w)
		}
		// It was never started, so that once more is safe.
		p.stats.retried.Add(1)
		if attempt > 0 || !time.Now().Before(c.deadline) {
			return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the worker ended before it began with this login; nothing was started").
				WithHint("try again").WithCause(errNotStarted)
		}
	}
}

func newCall(ctx context.Context, inv *rulebox.Invocation) (*call, error) {
	if inv.Chain == nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the invocation has no chain").
			WithHint("a pool runs what it is given; fill in Invocation.Chain, or ask a node that holds the tenant's bindings")
	}
	i := 0
	for s := range wire.Scripts(inv.Chain) {
		if i++; s == nil || s.Digest == "" {
			return nil, rulebox.Errorf(rulebox.CodeInvalid, "script %d of the chain of trigger %q is missing or has no digest", i, inv.Chain.Trigger).
				WithHint("make scripts with rulebox.NewScript")
		}
	}
	if n := len(inv.Chain.Bindings); n > 0 && n != len(inv.Chain.Scripts) {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the chain of trigger %q has %d scripts, but %d bindings", inv.Chain.Trigger, len(inv.Chain.Scripts), n)
	}
	c := &call{
		chain: inv.Chain, inv: inv, id: inv.ID, limits: inv.Chain.Limits.WithDefaults(),
		start: time.Now(), done: make(chan outcome, 1),
	}
	c.deadline = c.start.Add(c.limits.Wall)
	if d, ok := ctx.Deadline(); ok && d.Before(c.deadline) {
		c.deadline, c.byCaller = d, true
	}
	c.allowed = c.deadline.Sub(c.start)
	return c, nil
}

// await waits for the answer, and sees to it that there is one in time.
func (p *Pool) await(ctx context.Context, w *worker, c *call) outcome {
	timer := time.NewTimer(time.Until(c.deadline) + p.opt.Grace)
	defer timer.Stop()
	cancelled := ctx.Done()
	for {
		select {
		case out := <-c.done:
			return c.account(out)
		case <-timer.C:
			return c.account(p.overdue(w, c))
		case <-cancelled:
			cancelled = nil
			if errors.Is(ctx.Err(), context.Canceled) {
				// The worker is asked to stop and gets the grace to do so.
				w.cancel(c)
				timer.Reset(p.opt.Grace)
				c.deadline, c.byCaller = time.Now(), true
			}
		}
	}
}

// account adds what the node knows of the time. Of an invocation that a worker
// did not end by itself there is nothing else.
func (c *call) account(out outcome) outcome {
	if out.res != nil && !out.again {
		out.res.Usage.Queue += c.sent.Sub(c.start)
		if out.res.Usage.Run == 0 {
			out.res.Usage.Run = time.Since(c.sent)
		}
	}
	return out
}

// overdue ends an invocation that its worker did not end in time. The worker is
// killed, unless another invocation is on the processor whose time is not up: it
// is in nobody's way but this one's, and has a deadline itself. Then the worker
// gets no further work.
func (p *Pool) overdue(w *worker, c *call) outcome {
	d := &death{cause: byDeadline, late: c}
	d.seq, d.script, _ = w.page.Get()
	if d.seq != 0 && d.seq != c.seq && w.inTime(d.seq, p.opt.Grace) && w.abandon(c) {
		p.retireSoon(w)
		e := c.timeout(-1)
		e.Message += fmt.Sprintf("; another login's script of the tenant held the processor (%s)", w.nameOf(d.seq, d.script))
		return outcome{res: &rulebox.Result{}, err: e}
	}
	w.kill(d)
	return <-c.done
}

// retireSoon keeps new work from the worker, which is killed when it is free of
// the old.
func (p *Pool) retireSoon(w *worker) {
	p.mu.Lock()
	p.remove(w)
	end := w.load == 0
	p.mu.Unlock()
	p.wake()
	if end {
		w.kill(&death{cause: byRetire})
	}
}

// timeout is the error of a call whose time is up. script is the one that runs,
// -1 if that is not known.
func (c *call) timeout(script int) *rulebox.Error {
	who, name := "the scripts were", ""
	if script >= 0 && script < len(c.chain.Scripts) {
		name = c.chain.Scripts[script].Name
		who = fmt.Sprintf("%s %q was", c.kind(script), name)
	} else if len(c.chain.Scripts) == 1 {
		name = c.chain.Scripts[0].Name
		who = fmt.Sprintf("%s %q was", c.kind(0), name)
	}
	var e *rulebox.Error
	if c.byCaller {
		e = rulebox.Errorf(rulebox.CodeTimeout, "%s not done when the caller's time (%s) was over", who, c.allowed.Round(time.Millisecond)).
			WithHint("make it faster, or raise the caller's deadline")
	} else {
		e = rulebox.Errorf(rulebox.CodeTimeout, "%s still running at the limit of %s for all scripts of one login together", who, c.allowed.Round(time.Millisecond)).
			WithHint("look for an endless loop or a slow service; else raise limits.wall (--timeout)")
	}
	e.Script = name
	return e.WithCause(context.DeadlineExceeded)
}

func (c *call) kind(script int) string {
	switch k := c.chain.Scripts[script].Kind; k {
	case rulebox.KindDBScript:
		return "database script"
	case "":
		return "script"
	default:
		return string(k)
	}
}
