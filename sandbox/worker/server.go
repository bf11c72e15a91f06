package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/runtime/wasm"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A server runs the invocations of one tenant.
type server struct {
	conn   *net.UnixConn
	page   *wire.Page
	layers []confine.Layer
	host   *host
	runner *runtime.Runner
	dog    *watchdog

	// Of the reading goroutine: what the node made known.
	chains  map[uint64]*chain
	scripts map[rulebox.Digest]*script
	shelf   shelf

	jobs chan job // to a goroutine without work
	idle atomic.Int32
	late atomic.Bool // the node wants lines that are logged after the answer

	writing sync.Mutex // one frame at a time

	mu      sync.Mutex // guards cancels
	cancels map[uint64]context.CancelFunc
}

// chain is a chain as the node made it known. err says why it cannot be run.
type chain struct {
	*rulebox.Chain
	id  uint64
	err *rulebox.Error
}

// script is a source, and the number of chains that name it.
type script struct {
	*rulebox.Script
	chains int
}

type job struct {
	chain *chain
	wire.Invoke
	read time.Time
}

// keepIdle is how many goroutines wait for work. One that ran a script has a
// stack that need not grow again.
const keepIdle = 16

func newServer(conn, dials *net.UnixConn, page *wire.Page, roots []byte, layers []confine.Layer) *server {
	s := &server{
		conn: conn, page: page, layers: layers, host: newHost(dials, roots),
		chains: map[uint64]*chain{}, scripts: map[rulebox.Digest]*script{},
		jobs: make(chan job), cancels: map[uint64]context.CancelFunc{},
	}
	s.dog = &watchdog{page: page}
	// A frame is in memory of its own, which nobody uses again.
	s.runner = runtime.NewRunner(runtime.Options{Host: s.host, OwnsArgs: true, OnCPU: s.dog.onCPU, Native: s.shelf.native(),
		OnPending: page.SetLate, OnLate: s.tellLate})
	s.dog.interrupt = func() { s.runner.Interrupt(rulebox.CodeMemory) }
	return s
}

// serve runs until the node closes the connection; then nothing here matters any
// more, and it returns without waiting for what runs. An error means that the
// node's bytes made no sense.
func (s *server) serve() error {
	ready := wire.Ready{Version: wire.Version}
	for _, l := range s.layers {
		ready.Layers = append(ready.Layers, string(l))
	}
	if _, err := s.conn.Write(ready.Append(nil)); err != nil {
		return nil
	}
	go s.host.serve() // ends with the process
	s.warmUp()
	rd := wire.NewReader(s.conn, wire.MaxFrame)
	for {
		kind, body, err := rd.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil {
			err = s.handle(kind, body)
		}
		if err != nil {
			return err
		}
	}
}

// warmUp runs a script of our own in an engine that is thrown away, and answers
// into the void, so that the first login of a tenant finds everything
// initialized and in memory that is not its own.
func (s *server) warmUp() {
	s.dog.lease(rulebox.DefaultMemory)
	r := runtime.NewRunner(runtime.Options{Host: s.host})
	defer r.Close()
	sc := rulebox.NewScript(rulebox.KindRule, "warm-up", `function (user, context, callback) {
		context.idToken.name = (user.app_metadata && user.app_metadata.name) || "none";
		return callback(null, user, context);
	}`)
	c := &rulebox.Chain{Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{sc}}
	args := []json.RawMessage{json.RawMessage(`{"app_metadata":{}}`), json.RawMessage(`{"idToken":{}}`)}
	for range 2 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		res, err := r.Invoke(ctx, &rulebox.Invocation{Chain: c, Args: args})
		wire.DecodeResult(wire.AppendResult(nil, 0, res, asError(err)))
		r.Prepare(c)
		cancel()
	}
}

func (s *server) handle(kind wire.Kind, body []byte) error {
	switch kind {
	case wire.KindInvoke:
		return s.invoke(body)
	case wire.KindLease:
		var m wire.Lease
		if err := m.Decode(body); err != nil {
			return err
		}
		s.dog.lease(m.Memory)
		s.late.Store(m.Late)
		// Not shorter than any invocation here may take: the engine takes a match
		// that was cut off for no match, and a script must not act on that.
		runtime.SetRegexpTimeout(m.Wall)
		if m.Connections > 0 {
			modules.SetMaxConnections(m.Connections)
		}
		return nil
	case wire.KindScript:
		sc, err := wire.DecodeScript(body)
		if err == nil {
			s.scripts[sc.Digest] = &script{Script: sc}
		}
		return err
	case wire.KindChain:
		id, c, err := wire.DecodeChain(body)
		if err == nil {
			s.learn(id, c)
		}
		return err
	case wire.KindForget:
		id, err := wire.DecodeID(body)
		if err == nil {
			s.forget(id)
		}
		return err
	case wire.KindCancel:
		seq, err := wire.DecodeID(body)
		s.mu.Lock()
		cancel := s.cancels[seq]
		s.mu.Unlock()
		if cancel != nil {
			cancel()
		}
		return err
	case wire.KindCheck:
		return s.check(body)
	case wire.KindWASM:
		return s.prepareWASM()
	case wire.KindCode:
		return s.shelf.take(body)
	case wire.KindPackFile, wire.KindPack:
		return s.pack(kind, body)
	case wire.KindTrim:
		debug.FreeOSMemory()
		return nil
	}
	return fmt.Errorf("%w: kind %d from the node", wire.ErrFrame, kind)
}

// learn makes a chain known, with the sources of its scripts verified by hash.
func (s *server) learn(id uint64, c *rulebox.Chain) {
	known := &chain{Chain: c, id: id}
	for named := range wire.Scripts(c) {
		src := s.scripts[named.Digest]
		switch {
		case src == nil:
			known.err = rulebox.Errorf(rulebox.CodeInvalid, "the source of script %q (%s) did not reach the worker", named.Name, named.Digest)
			continue
		case src.chains == 0 && rulebox.DigestOf(src.Kind, src.Source) != src.Digest:
			known.err = rulebox.Errorf(rulebox.CodeInvalid, "script %q is not what its digest says (%s)", named.Name, named.Digest).
				WithHint("make scripts with rulebox.NewScript")
			delete(s.scripts, named.Digest)
			continue
		}
		src.chains++
		named.Kind, named.Source = src.Kind, src.Source
	}
	s.chains[id] = known
}

func (s *server) forget(id uint64) {
	c := s.chains[id]
	if c == nil {
		return
	}
	delete(s.chains, id)
	for named := range wire.Scripts(c.Chain) {
		if src := s.scripts[named.Digest]; src != nil {
			if src.chains--; src.chains <= 0 {
				delete(s.scripts, named.Digest)
				s.shelf.drop(named.Digest)
			}
		}
	}
	s.runner.Forget(c.Chain)
}

func (s *server) invoke(body []byte) error {
	j := job{read: time.Now()}
	if err := j.Decode(body); err != nil {
		return err
	}
	if j.chain = s.chains[j.Chain]; j.chain == nil {
		return fmt.Errorf("%w: chain %d was not made known", wire.ErrFrame, j.Chain)
	}
	s.do(j)
	return nil
}

// do hands the job to a goroutine.
func (s *server) do(j job) {
	select {
	case s.jobs <- j:
	default:
		go s.work(j)
	}
}

// work does jobs until there are enough others that wait for some.
func (s *server) work(j job) {
	for {
		s.run(j)
		if s.idle.Add(1) > keepIdle {
			s.idle.Add(-1)
			return
		}
		j = <-s.jobs
		s.idle.Add(-1)
	}
}

func (s *server) run(j job) {
	if j.chain.err != nil {
		s.answer(j.Seq, nil, j.chain.err)
		return
	}
	ctx, cancel := context.WithDeadline(withChain(context.Background(), j.chain.id), j.read.Add(j.Remaining))
	s.mu.Lock()
	s.cancels[j.Seq] = cancel
	s.mu.Unlock()
	res, err := s.runner.InvokeNumbered(ctx, j.Seq, &rulebox.Invocation{
		Chain: j.chain.Chain, Tenant: j.chain.Tenant, Trigger: j.chain.Trigger, ID: j.ID, Args: j.Args, Now: j.Now,
		Resume: j.Resume, Cache: j.Cache,
	})
	s.mu.Lock()
	delete(s.cancels, j.Seq)
	s.mu.Unlock()
	s.answer(j.Seq, res, asError(err))
	// What runs on after the answer has the invocation's time: its context ends
	// with the deadline then, not here.
	if s.runner.Late() == 0 {
		cancel()
	}
	s.runner.Prepare(j.chain.Chain)
}

func asError(err error) *rulebox.Error {
	var e *rulebox.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	}
	return rulebox.Errorf(rulebox.CodeOf(err), "the engine failed").WithCause(err)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// answer writes the result. What does not fit into a frame becomes an error.
func (s *server) answer(seq uint64, res *rulebox.Result, e *rulebox.Error) {
	if res == nil && e == nil {
		e = rulebox.Errorf(rulebox.CodeInternal, "the engine gave no result")
	}
	buf := buffers.Get().(*[]byte)
	b := wire.AppendResult((*buf)[:0], seq, res, e)
	if len(b) > wire.MaxFrame {
		b = wire.AppendResult(b[:0], seq, nil, rulebox.Errorf(rulebox.CodeMemory, "the result is larger than %d bytes", wire.MaxFrame))
	}
	s.write(b)
	if *buf = b; cap(b) <= 256<<10 {
		buffers.Put(buf)
	}
}

// tellLate passes on a line that was logged after the answer, if the node wants it.
func (s *server) tellLate(_ uint64, l rulebox.Log) {
	if s.late.Load() {
		s.page.CountLine()
		s.write(wire.AppendLate(nil, l))
	}
}

func (s *server) write(b []byte) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.conn.Write(b) // a node that is gone shows as end of file where it is read
}

func (s *server) check(body []byte) error {
	seq, sc, err := wire.DecodeCheck(body)
	if err != nil {
		return err
	}
	s.shelf.compiles = true
	rep, cerr := s.runner.Check(context.Background(), sc)
	if cerr == nil && wasm.Is(sc.Source) {
		cerr = s.sendCode(sc)
	}
	m := wire.Report{Seq: seq, Err: asError(cerr)}
	if rep != nil {
		m.Modules, m.Warnings = rep.Modules, rep.Warnings
	}
	s.write(m.Append(nil))
	return nil
}
