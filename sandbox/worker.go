package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A worker is the parent's end of one jailed process.
type worker struct {
	pool   *Pool
	supply *supply
	cmd    *exec.Cmd
	conn   *net.UnixConn // frames
	dials  *net.UnixConn // the broker's packets
	stderr *os.File
	page   *wire.Page
	jail   *memoryGroup  // nil without a memory cgroup
	rd     *wire.Reader  // of the worker's goroutine
	lines  atomic.Int64  // that OnLate was given
	ended  chan struct{} // closed by free

	// Under Pool.mu.
	group     *group // nil while blank
	memory    int64  // the limits of the lease; set once, before the first call
	wall      time.Duration
	load      int  // places taken
	heavy     int  // those of them whose calls give way from the start
	exclusive bool // its one invocation runs alone
	leaving   bool // gets no more work, is killed when load is 0
	trimmed   bool
	lastUsed  time.Time
	lastSent  time.Time
	meter     meter

	// demoted says that the worker is to be scheduled as idle work, turn that it is
	// not for a moment. Written under Pool.mu, as is since when it is demoted.
	demoted   atomic.Bool
	turn      atomic.Bool
	demotedAt time.Time
	stint     stint // under Pool.mu
	need      need  // under rota.mu
	// sched guards idle, which says that it is, and is held while that changes.
	sched sync.Mutex
	idle  bool

	// there guards gone: the process id means this process until it was waited
	// for. Taken last.
	there sync.RWMutex
	gone  bool

	// writing is a lock that can be waited for with a deadline. It guards table,
	// the lease, and the order of frames. Taken before mu.
	writing chan struct{}
	table   table
	ours    bool // the lease was sent

	// mu guards what follows. Nothing blocks while it is held.
	mu     sync.Mutex
	death  *death
	calls  map[uint64]*call
	slots  [wire.Slots]bool        // taken
	egress map[uint64]*egressRules // by chain id
	// answered are the last ones that left calls: their scripts may still run.
	answered [32]*call
	next     int
}

// startTimeout bounds the time from the start of a process to its first frame.
const startTimeout = 10 * time.Second

// start starts one blank worker and serves it until it is gone.
func (p *Pool) start(s *supply) {
	defer p.wg.Done()
	began := time.Now()
	w, err := p.spawn(s)
	if err == nil {
		if err = w.ready(); err != nil {
			w.kill(&death{cause: byProtocol})
			state, text := w.reap()
			err = fmt.Errorf("%w (%s%s)", err, state, text)
			w.free()
		}
	}
	p.mu.Lock()
	s.starting--
	if err != nil {
		p.failures++
		p.spawnErr = err
		p.stats.failed(time.Now())
		hopeless := p.hopeless()
		p.mu.Unlock()
		for _, wt := range hopeless {
			wt.ch <- nil
		}
		p.log.Error("a worker could not be started", logError(err))
		p.wake()
		return
	}
	p.failures, p.spawnErr = 0, nil
	p.stats.spawn(time.Since(began))
	dead := p.state == closing
	if !dead {
		p.all[w] = struct{}{}
		w.lastUsed = time.Now()
		s.blanks = append(s.blanks, w)
		for _, g := range p.groups {
			p.pump(g)
		}
	}
	p.mu.Unlock()
	if dead {
		w.kill(&death{cause: byClose})
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		p.broker.serve(w)
	}()
	w.serve()
}

// hopeless takes the waiters of groups that have no worker and, as starts fail,
// get none.
func (p *Pool) hopeless() []*waiter {
	if p.failures < 2 {
		return nil
	}
	var out []*waiter
	for _, g := range p.groups {
		if len(g.workers) == 0 && len(p.supplies[g.key.profile].blanks) == 0 {
			out = append(out, g.waiters...)
			p.queued -= len(g.waiters)
			g.waiters = nil
			p.drop(g)
		}
	}
	return out
}

// spawn starts the process with its descriptors.
func (p *Pool) spawn(s *supply) (_ *worker, err error) {
	w := &worker{
		pool: p, supply: s, writing: make(chan struct{}, 1), table: newTable(),
		calls: map[uint64]*call{}, egress: map[uint64]*egressRules{}, ended: make(chan struct{}),
	}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			w.free()
		}
	}()
	give := func(f *os.File) { theirs = append(theirs, f) }
	var f *os.File
	if w.conn, f, err = socketPair(unix.SOCK_STREAM); err != nil {
		return nil, err
	}
	give(f)
	if w.dials, f, err = socketPair(unix.SOCK_SEQPACKET); err != nil {
		return nil, err
	}
	give(f)
	if w.page, f, err = wire.NewPage(); err != nil {
		return nil, err
	}
	give(f)
	r, errw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.stderr = r
	defer errw.Close()
	w.cmd = p.plan.For(s.profile).CommandOf(p.opt.Program, p.opt.Command, append(slices.Clone(theirs), p.roots))
	w.cmd.Stderr = errw
	if err := p.spawner.Start(w.cmd); err != nil {
		w.cmd = nil
		return nil, fmt.Errorf("start %s: %w", p.opt.Command[0], err)
	}
	if w.jail, err = p.confine(w.cmd.Process.Pid); err != nil {
		w.cmd.Process.Kill()
		w.cmd.Wait()
		return nil, err
	}
	w.rd = wire.NewReader(w.conn, 64<<10)
	return w, nil
}

// socketPair returns a connection and the other end's file.
func socketPair(kind int) (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	mine, theirs := os.NewFile(uintptr(fds[0]), "worker"), os.NewFile(uintptr(fds[1]), "node")
	defer mine.Close()
	c, err := net.FileConn(mine)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}

// ready waits for the first frame and compares the jail with the plan.
func (w *worker) ready() error {
	w.conn.SetReadDeadline(time.Now().Add(startTimeout))
	kind, body, err := w.rd.Next()
	if err != nil {
		return fmt.Errorf("the worker did not come up: %w", err)
	}
	var m wire.Ready
	if err := m.Decode(body); err != nil || kind != wire.KindReady {
		return fmt.Errorf("the worker's first frame is not what it should be: %w", err)
	}
	if m.Version != wire.Version {
		return fmt.Errorf("the worker speaks version %d, this node %d: restart the node, its executable was replaced", m.Version, wire.Version)
	}
	for _, l := range w.pool.plan.Layers {
		if !slices.Contains(m.Layers, string(l)) && !appliedHere(l) {
			return fmt.Errorf("the worker's jail lacks the layer %s, which the plan has", l)
		}
	}
	w.conn.SetReadDeadline(time.Time{})
	if w.supply.profile == confine.WASM {
		w.conn.SetWriteDeadline(time.Now().Add(startTimeout))
		_, err = w.conn.Write(wire.AppendEmpty(nil, wire.KindWASM))
		w.conn.SetWriteDeadline(time.Time{})
	}
	return err
}

// serve reads answers until the process is gone, and then buries it.
func (w *worker) serve() {
	err := w.read()
	d := &death{}
	if !errors.Is(err, io.EOF) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, net.ErrClosed) {
		d.cause, d.detail = byProtocol, err
	}
	d.seq, d.script, _ = w.page.Get()
	if d.cause == byProtocol {
		w.kill(d)
	}
	state, text := w.reap()
	w.mu.Lock()
	ours := w.death
	w.mu.Unlock()
	if ours == nil {
		// It died by itself: what it left behind says why.
		d.attribute(state, text, w.jail)
		if d.cause == byWatchdog || d.cause == byMemory {
			d.seq, d.script = w.page.Last()
		}
		w.kill(d)
		ours = d
	}
	p := w.pool
	p.mu.Lock()
	p.remove(w)
	delete(p.all, w)
	p.mu.Unlock()
	p.wake()
	p.stats.died(ours.cause)
	w.logDeath(ours, text)
	w.free()
}

func (w *worker) read() error {
	for {
		kind, body, err := w.rd.Next()
		if err != nil {
			return err
		}
		if late := w.pool.opt.OnLate; kind == wire.KindLate && late != nil {
			line, err := wire.DecodeLate(body)
			if err != nil {
				return err
			}
			late(line)
			w.lines.Add(1)
			continue
		}
		if kind != wire.KindResult {
			return fmt.Errorf("%w: kind %d from a worker", wire.ErrFrame, kind)
		}
		seq, err := wire.ResultSeq(body)
		if err != nil {
			return err
		}
		c, known := w.take(seq)
		if !known {
			return fmt.Errorf("%w: an answer to nothing that was asked", wire.ErrFrame)
		}
		out, err := c.answer(body)
		if err != nil {
			w.putBack(c)
			return err
		}
		if !c.abandoned {
			c.done <- out
		}
		w.pool.release(w, c)
	}
}

// kill ends the process and answers everything in flight, at once: it does not
// wait for the process to be gone. The first death counts.
func (w *worker) kill(d *death) {
	w.mu.Lock()
	if w.death != nil {
		w.mu.Unlock()
		return
	}
	w.death = d
	d.culprit = w.find(d.seq)
	calls := w.calls
	w.calls = map[uint64]*call{}
	w.mu.Unlock()
	w.cmd.Process.Kill() // by pidfd, and harmless once it was waited for
	for _, c := range calls {
		if !c.abandoned {
			c.done <- d.verdict(w, c)
		}
	}
	w.conn.CloseRead() // wakes the reader
	p := w.pool
	if s, tenant := d.scriptToBlame(); s != nil && d.costsALife() {
		p.taint(tenant, s.Digest)
	}
	if len(calls) > 0 {
		p.mu.Lock()
		p.remove(w)
		w.load -= len(calls)
		p.mu.Unlock()
	}
	p.wake()
}

// whileThere calls f with the process id, unless the process was waited for.
func (w *worker) whileThere(f func(pid int) error) error {
	w.there.RLock()
	defer w.there.RUnlock()
	if w.gone {
		return nil
	}
	return f(w.cmd.Process.Pid)
}

// reap waits for the process, which is dead or as good as, and returns its state
// and the start of what it wrote to standard error.
func (w *worker) reap() (*os.ProcessState, string) {
	w.cmd.Process.Kill()
	return w.reapDead()
}

// reapDead is reap for a process that is ending by itself.
func (w *worker) reapDead() (*os.ProcessState, string) {
	// The lock is taken when there is nothing to wait for any more.
	for unix.Waitid(unix.P_PID, w.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	w.there.Lock()
	w.cmd.Wait()
	w.gone = true
	w.there.Unlock()
	b := make([]byte, 4<<10)
	w.stderr.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	n, _ := io.ReadFull(w.stderr, b)
	return w.cmd.ProcessState, string(b[:n])
}

// free closes what belongs to the worker. Nothing leads to it any more.
func (w *worker) free() {
	close(w.ended)
	if w.conn != nil {
		w.conn.Close()
	}
	if w.dials != nil {
		w.dials.Close()
	}
	if w.stderr != nil {
		w.stderr.Close()
	}
	w.jail.remove()
}

// cancel asks the worker to stop the invocation. It is a courtesy, and is left
// out if somebody else is writing.
func (w *worker) cancel(c *call) {
	w.control(wire.AppendID(nil, wire.KindCancel, c.seq))
}

// control sends a small frame if that is possible at once.
func (w *worker) control(frame []byte) {
	select {
	case w.writing <- struct{}{}:
	default:
		return
	}
	defer func() { <-w.writing }()
	w.conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := w.conn.Write(frame); err != nil && n > 0 {
		w.kill(&death{cause: byProtocol, detail: errors.New("a frame was cut short")})
	}
}

// lock takes the right to write, for the call.
func (w *worker) lock(ctx context.Context, c *call) error {
	select {
	case w.writing <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(c.deadline))
	defer timer.Stop()
	select {
	case w.writing <- struct{}{}:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return rulebox.Errorf(rulebox.CodeUnavailable, "the tenant's worker took no more work within %s; nothing was started", c.allowed.Round(time.Millisecond)).
		WithHint("scripts that keep the processor for long hold up the tenant's other logins").WithCause(ctx.Err())
}
