package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
)

// safety bounds what would otherwise hang a broken test.
const safety = 30 * time.Second

type handlerFunc func(context.Context, *rulebox.Invocation) (*rulebox.Result, error)

func (f handlerFunc) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return f(ctx, inv)
}

// A desk keeps the last invocation and answers what it was told to.
type desk struct {
	mu    sync.Mutex
	asked rulebox.Invocation
	res   rulebox.Result
	fault error
}

func (d *desk) Invoke(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = *inv
	d.asked.Args = nil
	for _, a := range inv.Args {
		d.asked.Args = append(d.asked.Args, bytes.Clone(a))
	}
	res := d.res
	res.ID = inv.ID
	return &res, d.fault
}

// answer sets the next answers.
func (d *desk) answer(res rulebox.Result, fault error) {
	d.mu.Lock()
	d.res, d.fault = res, fault
	d.mu.Unlock()
}

// got is the last invocation.
func (d *desk) got() rulebox.Invocation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// echo allows every login and returns its arguments.
func echo(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return &rulebox.Result{ID: inv.ID, Decision: rulebox.Allow, Values: inv.Args}, nil
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	t.Cleanup(cancel)
	return ctx
}

func startServer(t testing.TB, opt ServerOptions) *Server {
	if opt.DataDir == "" {
		opt.DataDir = t.TempDir()
	}
	if opt.Listen == "" {
		opt.Listen = "127.0.0.1:0"
	}
	if opt.Logger == nil && testing.Verbose() {
		opt.Logger = zaptest.NewLogger(t)
	}
	s, err := StartServer(opt)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// startNode serves the handler until the test ends, or stop is called, which
// returns what Serve did.
func startNode(t testing.TB, s *Server, opt ServeOptions) (stop func() error) {
	if opt.Conn == nil {
		conn, err := s.Conn()
		require.NoError(t, err)
		t.Cleanup(conn.Close)
		opt.Conn = conn
	}
	ready := make(chan struct{})
	opt.Ready = func() { close(ready) }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, opt) }() // joined by stop
	var stopped bool
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(safety):
			t.Error("Serve does not return")
			return context.DeadlineExceeded
		}
	}
	t.Cleanup(func() { _ = stop() })
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("Serve: %v", err)
	case <-time.After(safety):
		t.Fatal("Serve is not ready")
	}
	return stop
}

// connectAs connects with new credentials for the tenants.
func connectAs(t testing.TB, s *Server, name string, tenants ...string) *Client {
	path, err := CreateCreds(string(s.l), tenants, name)
	require.NoError(t, err)
	client, err := Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: path})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// dialAs is connectAs for tests that speak plain NATS. Errors that the server
// tells of on the side arrive in the channel.
func dialAs(t testing.TB, s *Server, name string, tenants ...string) (*nats.Conn, <-chan error) {
	path, err := CreateCreds(string(s.l), tenants, name)
	require.NoError(t, err)
	errs := make(chan error, 64)
	conn, err := nats.Connect(s.URL(), nats.UserCredentials(path), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		errs <- err
	}))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn, errs
}

func TestLogin(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		require.Nil(t, inv.Chain)
		require.Equal(t, "acme", inv.Tenant)
		require.Equal(t, "login", inv.Trigger)
		require.NotEmpty(t, inv.ID)
		return &rulebox.Result{ID: inv.ID, Values: []json.RawMessage{inv.Args[0], json.RawMessage(`{"seen": [1,2.50]}`)}}, nil
	})})
	client := connectAs(t, s, "shop", "acme")
	res, err := client.Login(testContext(t), "acme", map[string]any{"user_id": "u1"}, json.RawMessage(`{ "a" : 1 }`))
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	require.Equal(t, `{"user_id":"u1"}`, string(res.Values[0]))
	require.Equal(t, `{"seen": [1,2.50]}`, string(res.Values[1]))
}
