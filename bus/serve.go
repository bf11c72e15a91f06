package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"go.uber.org/zap"
)

// ServeOptions say what Serve works with.
type ServeOptions struct {
	// Conn is the node's connection. The caller opens and closes it.
	Conn *nats.Conn
	// Handler answers requests. Its invocations have no Chain.
	Handler rulebox.Invoker
	// Logger may be nil.
	Logger *zap.Logger
	// MaxInflight is how many requests may be with the handler at once; one more
	// is answered unavailable at once. Default 1024.
	MaxInflight int
	// MaxTenant is how many of them may be of one tenant. Default half.
	MaxTenant int
	// DrainTimeout is how long requests may go on after Serve's context ends.
	// Default 30 s. Then their contexts end too.
	DrainTimeout time.Duration
	// Ready, if not nil, is called once requests can arrive.
	Ready func()
}

const (
	defaultInflight = 1024
	defaultDrain    = 30 * time.Second
	// flushTimeout bounds waiting for the NATS server, not for logins.
	flushTimeout = 5 * time.Second
)

// Serve answers requests for all tenants until ctx ends; then it takes no new
// ones, lets those it has finish and sends their answers, and returns nil. It
// returns an error if the connection is closed under it.
func Serve(ctx context.Context, opt ServeOptions) error {
	if opt.Conn == nil || opt.Handler == nil {
		return errors.New("bus: Serve needs a connection and a handler")
	}
	if opt.Logger == nil {
		opt.Logger = zap.NewNop()
	}
	if opt.MaxInflight <= 0 {
		opt.MaxInflight = defaultInflight
	}
	if opt.MaxTenant <= 0 {
		opt.MaxTenant = (opt.MaxInflight + 1) / 2
	}
	if opt.DrainTimeout <= 0 {
		opt.DrainTimeout = defaultDrain
	}
	// Requests outlive ctx: they end by their own deadlines while draining.
	base, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	s := &server{opt: opt, base: base, jobs: make(chan job), slots: slots{max: opt.MaxInflight, maxTenant: opt.MaxTenant, tenants: make(map[string]share)}}
	return s.serve(ctx, abandon)
}

type server struct {
	opt   ServeOptions
	base  context.Context
	slots slots
	wait  sync.WaitGroup // requests with the handler
	muted time.Time      // when the log last told of a request without reply subject

	jobs    chan job // to a goroutine without work; closed when no more will come
	idle    atomic.Int32
	workers sync.WaitGroup // goroutines that work
}

// A job is a request that has its place.
type job struct {
	msg     *nats.Msg
	arrived time.Time
	tenant  string
	size    int
}

// keepIdle is how many goroutines wait for work. One that has handled a request has
// a stack that need not grow again, which takes as long as half of decoding one.
const keepIdle = 8

func (s *server) serve(ctx context.Context, abandon func()) error {
	closed := s.opt.Conn.StatusChanged(nats.CLOSED)
	defer s.opt.Conn.RemoveStatusListener(closed)
	sub, err := s.opt.Conn.QueueSubscribe(serveSubject, serveQueue, s.receive)
	if err != nil {
		return fmt.Errorf("bus: subscribe to %s: %w", serveSubject, err)
	}
	defer func() { // the subscription has been drained
		close(s.jobs)
		s.workers.Wait()
	}()
	// A subscription that is drained calls this after its last message.
	drained := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(drained) })
	if err := s.opt.Conn.FlushTimeout(flushTimeout); err != nil {
		_ = sub.Unsubscribe()
		<-drained
		abandon()
		s.wait.Wait()
		return fmt.Errorf("bus: the NATS server does not confirm the subscription to %s: %w", serveSubject, err)
	}
	if s.opt.Ready != nil {
		s.opt.Ready()
	}
	select {
	case <-ctx.Done():
		return s.drain(sub, drained, abandon)
	case <-closed:
		<-drained
		abandon()
		s.wait.Wait()
		return fmt.Errorf("bus: the connection to NATS was closed: %w", nats.ErrConnectionClosed)
	}
}

// drain goes in this order so that no request is lost: tell NATS that we want no
// more; handle what it sent before it knew; wait for the handler; send the
// answers.
func (s *server) drain(sub *nats.Subscription, drained <-chan struct{}, abandon func()) error {
	timeout := time.AfterFunc(s.opt.DrainTimeout, abandon)
	defer timeout.Stop()
	connected := s.opt.Conn.IsConnected()
	if !connected || sub.Drain() != nil {
		_ = sub.Unsubscribe() // no NATS that could send or take anything
	}
	<-drained
	s.wait.Wait()
	if !connected {
		return nil
	}
	if err := s.opt.Conn.FlushTimeout(flushTimeout); err != nil {
		return fmt.Errorf("bus: sending the last answers: %w", err)
	}
	return nil
}

// receive takes one message. NATS calls it for one message at a time, so it must
// not wait.
func (s *server) receive(msg *nats.Msg) {
	arrived := time.Now()
	if msg.Reply == "" {
		s.mute("request without a reply subject was dropped", msg.Subject)
		return
	}
	if !answerable(msg.Reply) {
		s.mute("request that wants its answer sent to a service was dropped", msg.Subject)
		return
	}
	tenant := tenantOf(msg.Subject)
	size := len(msg.Data)
	if busy := s.slots.take(tenant, size); busy != nil {
		id := ""
		if size <= maxBusyBody {
			_, id, _ = decodeRequest(msg.Subject, msg.Data)
		}
		s.reply(msg, &rulebox.Result{ID: id}, busy)
		return
	}
	s.wait.Add(1)
	j := job{msg, arrived, tenant, size}
	select {
	case s.jobs <- j:
	default:
		s.workers.Add(1)
		go s.work(j) // joined by s.workers, in serve
	}
}

// work does jobs until there are enough others that wait for some.
func (s *server) work(j job) {
	defer s.workers.Done()
	for ok := true; ok; {
		s.do(j)
		if s.idle.Add(1) > keepIdle {
			s.idle.Add(-1)
			return
		}
		j, ok = <-s.jobs
		s.idle.Add(-1)
	}
}

func (s *server) do(j job) {
	defer s.wait.Done()
	res, err := s.handle(j.msg, j.arrived)
	// Free before the answer: who asks one at a time needs one slot.
	s.slots.give(j.tenant, j.size)
	s.reply(j.msg, res, err)
}

// maxBusyBody is the largest body, in bytes, that is read for the id in it
// although the request is refused. All tenants' requests wait for that: it must
// not take long, least of all while the node is flooded.
const maxBusyBody = 16 << 10

// muteEvery is how often at most the log tells of requests that ask for no answer.
const muteEvery = time.Second

// answerable reports whether the subject may be where somebody waits for an answer.
// The node may publish what its callers may not: where an account is shared, they
// could have it order JetStream about, write to its buckets, or ask itself.
func answerable(reply string) bool {
	return !strings.HasPrefix(reply, "$") && !strings.HasPrefix(reply, prefix)
}

// mute is about a request that was dropped. NATS calls receive one message at a
// time, so that nothing guards muted.
func (s *server) mute(text, subject string) {
	if now := time.Now(); now.Sub(s.muted) >= muteEvery {
		s.muted = now
		s.opt.Logger.Warn(text, zap.String("subject", subject[:min(len(subject), 256)]))
	}
}

// handle returns what to answer; the result is never nil.
func (s *server) handle(msg *nats.Msg, arrived time.Time) (*rulebox.Result, error) {
	inv, id, err := decodeRequest(msg.Subject, msg.Data)
	if err != nil {
		return &rulebox.Result{ID: id}, err
	}
	remaining, ok, err := remainingOf(msg.Header)
	if err != nil {
		return &rulebox.Result{ID: id}, err
	}
	ctx := s.base
	if ok {
		if remaining <= 0 {
			return &rulebox.Result{ID: id}, rulebox.Errorf(rulebox.CodeTimeout, "the caller's deadline had passed before the request was sent; nothing was run").
				WithHint("give the login more time; header %s was %s", HeaderRemaining, header(msg.Header, HeaderRemaining))
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, arrived.Add(remaining))
		defer cancel()
	}
	res, err := s.invoke(ctx, inv)
	if res == nil {
		if err == nil {
			err = rulebox.Errorf(rulebox.CodeInternal, "the node's handler gave neither a result nor an error")
		}
		res = &rulebox.Result{ID: id}
	}
	return res, err
}

// invoke calls the handler and survives it.
func (s *server) invoke(ctx context.Context, inv *rulebox.Invocation) (res *rulebox.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			// The value may hold guest data; the stack holds none.
			s.opt.Logger.Error("the handler panicked", zap.String("id", inv.ID), zap.String("type", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
			res, err = nil, rulebox.Errorf(rulebox.CodeInternal, "internal error; the node's log has the cause under the transaction's id")
		}
	}()
	return s.opt.Handler.Invoke(ctx, inv)
}

func (s *server) reply(req *nats.Msg, res *rulebox.Result, err error) {
	buf := getBuffer()
	defer putBuffer(buf)
	*buf = rulebox.AppendOutcome(*buf, res, err)
	msg := s.message(req, *buf, res, err)
	if limit := int(s.opt.Conn.MaxPayload()); msg.Size() > limit+len(msg.Subject) {
		res, err = shrink(res, err, len(msg.Data), limit)
		msg = s.message(req, rulebox.AppendOutcome(nil, res, err), res, err)
	}
	if sendErr := s.opt.Conn.PublishMsg(msg); sendErr != nil {
		s.opt.Logger.Error("an answer could not be sent", zap.String("id", res.ID), zap.Error(sendErr))
	}
	if code := rulebox.CodeOf(err); code == rulebox.CodeInternal {
		s.opt.Logger.Error("a request failed", zap.String("id", res.ID), zap.String("subject", req.Subject), zap.Error(err))
	}
}

func (s *server) message(req *nats.Msg, body []byte, res *rulebox.Result, err error) *nats.Msg {
	h := nats.Header{HeaderDecision: {string(rulebox.DecisionOf(res, err))}}
	if err != nil {
		h[HeaderCode] = []string{string(rulebox.CodeOf(err))}
	}
	if trace := header(req.Header, HeaderTrace); trace != "" {
		h[HeaderTrace] = []string{trace}
	}
	return &nats.Msg{Subject: req.Reply, Header: h, Data: body}
}

// shrink returns what can be said in place of an answer that is too large for
// NATS: a result without values and logs, and the error, shortened, that it had
// or else one that tells of the limit.
func shrink(res *rulebox.Result, err error, size, limit int) (*rulebox.Result, error) {
	res = &rulebox.Result{ID: res.ID, Usage: res.Usage}
	var had *rulebox.Error
	if errors.As(err, &had) {
		e := *had
		e.Trace, e.Hint = "", fmt.Sprintf("logs and stack were left out: with them the answer had %d bytes, more than the %d that one NATS message may have", size, limit)
		e.Message = e.Message[:min(len(e.Message), maxShrunk)]
		e.Name, e.Script = e.Name[:min(len(e.Name), maxShrunk)], e.Script[:min(len(e.Script), maxShrunk)]
		return res, &e
	}
	return res, rulebox.Errorf(rulebox.CodeMemory, "the answer has %d bytes, more than the %d that one NATS message may have", size, limit).
		WithHint("let rules put less into user and context and write fewer log lines, or raise max_payload of the NATS server")
}

// maxShrunk is what is kept, in bytes, of each text of a shortened error.
const maxShrunk = 512
