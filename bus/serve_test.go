package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// ask sends a request as any NATS client would and returns the reply's parts.
func ask(t *testing.T, conn *nats.Conn, subject, body string, h nats.Header) (*nats.Msg, *rulebox.Result, error) {
	msg, err := conn.RequestMsgWithContext(testContext(t), &nats.Msg{Subject: subject, Header: h, Data: []byte(body)})
	require.NoError(t, err)
	require.True(t, json.Valid(msg.Data), "%s", msg.Data)
	res, err := rulebox.ParseOutcome(msg.Data)
	require.NotNil(t, res)
	require.Equal(t, string(rulebox.CodeOf(err)), header(msg.Header, HeaderCode))
	require.Equal(t, string(res.Decision), header(msg.Header, HeaderDecision))
	return msg, res, err
}

func TestBadRequests(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		t.Error("a bad request was run")
		return nil, nil
	})})
	conn, _ := dialAs(t, s, "shop", "acme")
	for _, c := range badBodies {
		_, _, err := ask(t, conn, loginSubject, c.body, nil)
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), c.body)
		require.ErrorContains(t, err, c.names)
	}
	const good = `{"id":"tx-7","user":{},"context":{}}`
	_, res, err := ask(t, conn, loginSubject, `{"id":"tx-7","user":{},"context":0}`, nil)
	require.ErrorContains(t, err, "context")
	require.Equal(t, "tx-7", res.ID, "the answer has the id even when the rest is bad")

	_, _, err = ask(t, conn, "rulebox.v1.acme.-x", good, nil)
	require.ErrorContains(t, err, "trigger")
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))

	_, res, err = ask(t, conn, loginSubject, good, nats.Header{HeaderRemaining: {"soon"}})
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	require.ErrorContains(t, err, HeaderRemaining)
	require.Equal(t, "tx-7", res.ID)

	for _, past := range []string{"0", "-20"} {
		_, _, err = ask(t, conn, loginSubject, good, nats.Header{HeaderRemaining: {past}})
		require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

func TestServeReplies(t *testing.T) {
	for _, c := range []struct {
		name     string
		res      *rulebox.Result
		err      error
		code     rulebox.Code
		decision rulebox.Decision
	}{
		{"allow", &rulebox.Result{Values: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}}, nil, "", rulebox.Allow},
		{"redirect", &rulebox.Result{RedirectURL: "https://x.example/"}, nil, "", rulebox.Redirect},
		{"deny", &rulebox.Result{Logs: []rulebox.Log{{Level: "log", Text: "x"}}}, rulebox.Errorf(rulebox.CodeDenied, "no"), rulebox.CodeDenied, rulebox.Deny},
		{"threw", nil, rulebox.Errorf(rulebox.CodeThrew, "x"), rulebox.CodeThrew, rulebox.Fault},
		{"plain error", nil, errors.New("a secret"), rulebox.CodeInternal, rulebox.Fault},
		{"nothing", nil, nil, rulebox.CodeInternal, rulebox.Fault},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, ServerOptions{})
			startNode(t, s, ServeOptions{Handler: handlerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
				if c.res != nil {
					c.res.ID = inv.ID
				}
				return c.res, c.err
			})})
			conn, _ := dialAs(t, s, "shop", "acme")
			msg, res, err := ask(t, conn, loginSubject, `{"id":"tx-7","user":{},"context":{}}`, nats.Header{HeaderTrace: {"00-ab-cd-01"}})
			require.Equal(t, c.code, rulebox.CodeOf(err))
			require.Equal(t, c.decision, res.Decision)
			require.Equal(t, "tx-7", res.ID)
			require.Equal(t, "00-ab-cd-01", header(msg.Header, HeaderTrace))
			require.NotContains(t, string(msg.Data), "a secret")
		})
	}
}

func TestServeSurvivesAPanic(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Logger: zap.New(core), Handler: handlerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		panic("guest data")
	})})
	client := connectAs(t, s, "shop", "acme")
	for range 2 {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
	}
	require.NotZero(t, logs.FilterMessage("the handler panicked").Len())
	for _, entry := range logs.All() {
		require.NotContains(t, fmt.Sprint(entry.ContextMap()), "guest data")
	}
}

func TestDeadlineTravels(t *testing.T) {
	s := startServer(t, ServerOptions{})
	deadlines := make(chan time.Duration, 1)
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		deadlines <- time.Until(deadline)
		return echo(ctx, inv)
	})})
	client := connectAs(t, s, "shop", "acme")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.NoError(t, err)
	left := <-deadlines
	require.Greater(t, left, 5*time.Second)
	require.Less(t, left, 10*time.Second-200*time.Millisecond, "the node stops a margin earlier, so that its answer arrives")
}

// The node's own words on a passed deadline reach a caller that waits no longer
// than its deadline.
func TestNodeAnswersBeforeTheCallerGivesUp(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		<-ctx.Done()
		return nil, rulebox.Errorf(rulebox.CodeTimeout, "rule slow did not call back")
	})})
	client := connectAs(t, s, "shop", "acme")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "rule slow")
}

func TestSlotsFull(t *testing.T) {
	s := startServer(t, ServerOptions{})
	started, release := make(chan struct{}, 8), make(chan struct{})
	startNode(t, s, ServeOptions{MaxInflight: 2, MaxTenant: 2, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		started <- struct{}{}
		<-release
		return echo(ctx, inv)
	})})
	client := connectAs(t, s, "shop", "acme")
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
			results <- err
		}()
		<-started
	}
	for range 5 {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
		require.ErrorContains(t, err, "all 2 requests")
	}
	conn, _ := dialAs(t, s, "raw", "acme")
	_, res, err := ask(t, conn, loginSubject, `{"id":"tx-7","user":{},"context":{}}`, nil)
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	require.Equal(t, "tx-7", res.ID)
	close(release)
	for range 2 {
		require.NoError(t, <-results)
	}
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err, "slots come back")
}

// A tenant whose logins hang does not keep the others out.
func TestOneTenantLeavesRoom(t *testing.T) {
	s := startServer(t, ServerOptions{})
	started, release := make(chan struct{}, 8), make(chan struct{})
	startNode(t, s, ServeOptions{MaxInflight: 4, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		if inv.Tenant == "acme" {
			started <- struct{}{}
			<-release
		}
		return echo(ctx, inv)
	})})
	client := connectAs(t, s, "all", AllTenants)
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
			results <- err
		}()
		<-started
	}
	_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "tenant acme: all 2")
	for range 10 {
		_, err = client.Login(testContext(t), "beta", struct{}{}, struct{}{})
		require.NoError(t, err)
	}
	close(release)
	for range 2 {
		require.NoError(t, <-results)
	}
}

// A node that is told to end answers what it has taken.
func TestDrainFinishesWhatItHas(t *testing.T) {
	s := startServer(t, ServerOptions{})
	started, release := make(chan struct{}, 1000), make(chan struct{})
	stop := startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		started <- struct{}{}
		select {
		case <-release:
			return echo(ctx, inv)
		case <-ctx.Done():
			return nil, rulebox.Errorf(rulebox.CodeInternal, "the context of a login ended with the node's")
		}
	})})
	client := connectAs(t, s, "shop", "acme")
	const n = 20
	results := make(chan error, n)
	for range n {
		go func() {
			_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
			results <- err
		}()
	}
	for range n {
		<-started
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	// Once nobody answers new requests, the subscription is gone.
	require.Eventually(t, func() bool {
		// One that is still taken waits with the others.
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := client.Login(ctx, "acme", struct{}{}, struct{}{})
		return rulebox.CodeOf(err) == rulebox.CodeUnavailable && strings.Contains(err.Error(), "no node")
	}, safety, time.Millisecond)
	select {
	case err := <-stopped:
		t.Fatalf("Serve ended (%v) with logins in flight", err)
	default:
	}
	close(release)
	require.NoError(t, <-stopped)
	for range n {
		require.NoError(t, <-results)
	}
}

// Nodes come and go under load; no login fails.
func TestRollingNodesLoseNothing(t *testing.T) {
	s := startServer(t, ServerOptions{})
	client := connectAs(t, s, "shop", "acme")
	handler := handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		time.Sleep(200 * time.Microsecond)
		return echo(ctx, inv)
	})
	stop := startNode(t, s, ServeOptions{Handler: handler})
	var wait sync.WaitGroup
	var done atomic.Bool
	var logins atomic.Int64
	for range 8 {
		wait.Go(func() {
			for !done.Load() {
				if _, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{}); err != nil {
					t.Errorf("login %d: %v", logins.Load(), err)
					return
				}
				logins.Add(1)
			}
		})
	}
	for range 10 {
		next := startNode(t, s, ServeOptions{Handler: handler})
		before := logins.Load()
		require.Eventually(t, func() bool { return logins.Load() > before+20 || t.Failed() }, safety, time.Millisecond)
		require.NoError(t, stop())
		stop = next
	}
	done.Store(true)
	wait.Wait()
}

// A drain is bounded: at its end, logins that still run are given up.
func TestDrainTimeout(t *testing.T) {
	s := startServer(t, ServerOptions{})
	started := make(chan struct{})
	stop := startNode(t, s, ServeOptions{DrainTimeout: 10 * time.Millisecond, Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		close(started)
		<-ctx.Done()
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the node was stopped")
	})})
	client := connectAs(t, s, "shop", "acme")
	result := make(chan error, 1)
	go func() {
		_, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
		result <- err
	}()
	<-started
	require.NoError(t, stop())
	require.ErrorContains(t, <-result, "the node was stopped")
}

func TestServeEndsWithItsConnection(t *testing.T) {
	s := startServer(t, ServerOptions{})
	conn, err := s.Conn()
	require.NoError(t, err)
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Serve(context.Background(), ServeOptions{Conn: conn, Handler: handlerFunc(echo), Ready: func() { close(ready) }})
	}()
	<-ready
	conn.Close()
	select {
	case err := <-done:
		require.ErrorIs(t, err, nats.ErrConnectionClosed)
	case <-time.After(safety):
		t.Fatal("Serve goes on without a connection")
	}
	require.ErrorIs(t, Serve(context.Background(), ServeOptions{Conn: conn, Handler: handlerFunc(echo)}), nats.ErrConnectionClosed)
	require.Error(t, Serve(context.Background(), ServeOptions{}))
}

func TestOversizedReply(t *testing.T) {
	s := startServer(t, ServerOptions{MaxPayload: 64 << 10})
	big := strings.Repeat("x", 80<<10)
	outcome := make(chan handlerFunc, 1)
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		return (<-outcome)(ctx, inv)
	})})
	client := connectAs(t, s, "shop", "acme")

	outcome <- func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{ID: inv.ID, Values: []json.RawMessage{[]byte(`"` + big + `"`), []byte(`{}`)}}, nil
	}
	res, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "65536")
	require.Contains(t, err.(*rulebox.Error).Hint, "max_payload")
	require.NotEmpty(t, res.ID)

	// A verdict stays a verdict whatever its logs weigh.
	outcome <- func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{ID: inv.ID, Logs: []rulebox.Log{{Level: "log", Text: big}}}, &rulebox.Error{Code: rulebox.CodeDenied, Message: big, Trace: big, OAuth: "unauthorized"}
	}
	res, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err))
	require.Equal(t, rulebox.Deny, res.Decision)
	require.Equal(t, "unauthorized", err.(*rulebox.Error).OAuth)

	// Right at the limit nothing is lost: every size on both sides of it gets an
	// answer.
	for size := 64<<10 - 700; size < 64<<10+100; size += 7 {
		outcome <- func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			return &rulebox.Result{ID: inv.ID, Values: []json.RawMessage{[]byte(`"` + big[:size] + `"`), []byte(`{}`)}}, nil
		}
		if _, err := client.Login(testContext(t), "acme", struct{}{}, struct{}{}); err != nil {
			require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
		}
	}
}

// A request that nobody waits for is not run: rules have side effects.
func TestNoReplySubject(t *testing.T) {
	s := startServer(t, ServerOptions{})
	ran := make(chan string, 4)
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		ran <- inv.ID
		return echo(ctx, inv)
	})})
	conn, _ := dialAs(t, s, "shop", "acme")
	require.NoError(t, conn.Publish(loginSubject, []byte(`{"id":"one","user":{},"context":{}}`)))
	_, _, err := ask(t, conn, loginSubject, `{"id":"two","user":{},"context":{}}`, nil)
	require.NoError(t, err)
	require.Equal(t, "two", <-ran)
}
