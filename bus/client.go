package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
)

// DefaultTimeout is how long a Client waits when the context has no deadline. It
// is more than rulebox.DefaultWall, so that by default the node's limit decides.
const DefaultTimeout = 30 * time.Second

// A Client fires triggers on whatever node is free. It is a rulebox.Invoker
// whose invocations have no Chain: the node knows what a tenant has bound.
//
// A request is sent a second time only if it was surely not started (code
// unavailable), once, inside the deadline.
type Client struct {
	conn *nats.Conn
	own  bool // Close closes conn

	mu    sync.Mutex
	calls map[*call]struct{} // waiting for an answer
}

type call struct {
	subject string
	cancel  context.CancelCauseFunc
}

var _ rulebox.Invoker = (*Client)(nil)

// NewClient returns a client on a connection that stays the caller's. It sets
// the connection's error and disconnect handlers and calls the earlier ones
// after its own.
// Connections should be made with nats.ReconnectBufSize(-1): otherwise a request
// sent while NATS is away waits in a buffer and may run late.
func NewClient(conn *nats.Conn) *Client {
	c := &Client{conn: conn, calls: make(map[*call]struct{})}
	earlier := conn.ErrorHandler()
	conn.SetErrorHandler(func(conn *nats.Conn, sub *nats.Subscription, err error) {
		c.refused(err)
		if earlier != nil {
			earlier(conn, sub, err)
		}
	})
	earlierLost := conn.DisconnectErrHandler()
	conn.SetDisconnectErrHandler(func(conn *nats.Conn, err error) {
		c.lost()
		if earlierLost != nil {
			earlierLost(conn, err)
		}
	})
	return c
}

// Close closes the connection if Connect made it. Requests on the way fail.
func (c *Client) Close() {
	if c.own {
		c.conn.Close()
	}
}

// Invoke implements rulebox.Invoker. An invocation without an id gets one.
func (c *Client) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	buf := getBuffer()
	defer putBuffer(buf)
	msg, err := c.request(inv, buf)
	if err != nil {
		return nil, err
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
	}
	res, err := c.send(ctx, msg)
	if rulebox.CodeOf(err) != rulebox.CodeUnavailable || !pause(ctx) {
		return res, err
	}
	return c.send(ctx, msg)
}

// pause waits a little before the second attempt; it reports false if there is
// no time for it. The spread keeps a crowd from coming back at one moment.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(2*time.Millisecond + rand.N(8*time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// request returns the message for inv, its body in buf.
func (c *Client) request(inv *rulebox.Invocation, buf *[]byte) (*nats.Msg, error) {
	if inv.Chain != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "an invocation with a chain cannot go over NATS: nodes run what the tenant has bound").
			WithHint("leave Chain nil and set Tenant and Trigger")
	}
	subject, err := Subject(inv.Tenant, inv.Trigger)
	if err != nil {
		return nil, err
	}
	withID := *inv
	if withID.ID == "" {
		withID.ID = rulebox.NewID()
	}
	if *buf, err = request.Append(*buf, &withID); err != nil {
		return nil, err
	}
	return &nats.Msg{Subject: subject, Header: nats.Header{}, Data: *buf}, nil
}

// send makes one attempt.
func (c *Client) send(ctx context.Context, msg *nats.Msg) (*rulebox.Result, error) {
	setRemaining(ctx, msg.Header)
	if limit := int(c.conn.MaxPayload()); limit > 0 && msg.Size() > limit+len(msg.Subject) {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the request has %d bytes, more than the %d that one NATS message may have; it was not sent", len(msg.Data), limit).
			WithHint("send less, or raise max_payload of the NATS server")
	}
	switch status := c.conn.Status(); status {
	case nats.CLOSED:
		return nil, unavailable("the connection to NATS is closed; nothing was sent")
	case nats.CONNECTED, nats.DRAINING_SUBS:
	default:
		return nil, unavailable("there is no connection to NATS at the moment (%s); nothing was sent", strings.ToLower(status.String()))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	waiting := &call{subject: msg.Subject, cancel: cancel}
	c.mu.Lock()
	c.calls[waiting] = struct{}{}
	c.mu.Unlock()
	reply, err := c.conn.RequestMsgWithContext(ctx, msg)
	c.mu.Lock()
	delete(c.calls, waiting)
	c.mu.Unlock()
	if err != nil {
		err = c.failure(ctx, msg, err)
		cancel(nil)
		return nil, err
	}
	cancel(nil)
	return rulebox.ParseOutcome(reply.Data)
}

func unavailable(format string, args ...any) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeUnavailable, format, args...)
}

// failure says what an error of NATS means for a login.
func (c *Client) failure(ctx context.Context, msg *nats.Msg, err error) error {
	var told *rulebox.Error // by refused or lost
	switch {
	case errors.As(context.Cause(ctx), &told):
		return told
	case errors.Is(err, nats.ErrNoResponders):
		return unavailable("no node serves %s", msg.Subject).
			WithHint("start a node (rulebox serve), or check that it uses the same NATS server and account")
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrConnectionDraining):
		return unavailable("the connection to NATS is lost at the moment; nothing was sent").WithCause(err)
	case errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrConnectionClosed):
		return lostInMidLogin().WithCause(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return rulebox.Errorf(rulebox.CodeTimeout, "no answer from a node within the deadline; the login may or may not have run").
			WithHint("give the login more time, or lower the tenant's limit below the caller's deadline").WithCause(err)
	case errors.Is(err, context.Canceled):
		return rulebox.Errorf(rulebox.CodeInternal, "the caller gave up waiting; the login may or may not have run").WithCause(err)
	}
	return rulebox.Errorf(rulebox.CodeInternal, "the request to NATS failed").WithCause(err)
}

func lostInMidLogin() *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeInternal, "the connection to NATS was lost while the login was on its way; it may or may not have run").
		WithHint("rules can have side effects: look for the transaction's id before you send it again")
}

// lost ends all calls: an answer goes to the connection that asked, and that one
// is gone.
func (c *Client) lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for waiting := range c.calls {
		waiting.cancel(lostInMidLogin())
	}
}

// refused ends the calls that the NATS server does not permit. It tells of that
// on the side, by subject, and sends no answer to the request.
func (c *Client) refused(err error) {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return
	}
	_, rest, ok := strings.Cut(err.Error(), `Publish to "`)
	subject, _, ok2 := strings.Cut(rest, `"`)
	if !ok || !ok2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for waiting := range c.calls {
		if waiting.subject == subject {
			waiting.cancel(rulebox.Errorf(rulebox.CodeForbidden, "these NATS credentials may not send to %s", subject).
				WithHint("create credentials for the tenant: rulebox creds create --tenant NAME").WithCause(err))
		}
	}
}
