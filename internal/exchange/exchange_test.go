//go:build !race

package exchange

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

func TestMain(m *testing.M) { pooltest.Main(m) }

// wall is generous: a heavy package is compiled within it on a busy machine.
const wall = 30 * time.Second

// directHost dials itself: there is no broker in the process.
type directHost struct{}

func (directHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}
func (directHost) Rand() io.Reader { return rand.Reader }

// invokers are where scripts run: in this process, and jailed.
func invokers(t *testing.T) map[string]rulebox.Invoker {
	t.Helper()
	runner := runtime.NewRunner(runtime.Options{Host: directHost{}})
	t.Cleanup(runner.Close)
	return map[string]rulebox.Invoker{"process": runner, "pool": pool(t)}
}

func pool(t *testing.T) *sandbox.Pool {
	t.Helper()
	plan, err := confine.Probe(confine.JS)
	require.NoError(t, err)
	p := pooltest.Start(t, sandbox.Options{Plan: plan, Warm: 1, MaxWorkers: 4})
	return p
}

// An exchange is what a script does with its peers.
type exchange struct {
	// body is that of an async function; `configuration` is the rule's. What it
	// returns is the result.
	body          string
	configuration map[string]string
	egress        []string
	tenant        string // default acme
}

const ruleForm = `async function (user, context, callback) {
  try { context.result = await (async () => { BODY })(); }
  catch (e) { return callback(e); }
  callback(null, user, context);
}`

func (e exchange) run(t *testing.T, inv rulebox.Invoker) (string, error) {
	t.Helper()
	chain := &rulebox.Chain{
		Tenant: cmp.Or(e.tenant, "acme"), Trigger: rulebox.TriggerLogin,
		Scripts:       []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "rule", strings.Replace(ruleForm, "BODY", e.body, 1))},
		Configuration: e.configuration, Egress: e.egress, Limits: rulebox.Limits{Wall: wall}.WithDefaults(),
	}
	res, err := inv.Invoke(context.Background(), &rulebox.Invocation{Chain: chain, Tenant: chain.Tenant, Trigger: chain.Trigger, ID: "tx",
		Args: []json.RawMessage{json.RawMessage(`{"user_id":"auth0|1"}`), json.RawMessage(`{}`)}})
	if err != nil {
		return "", err
	}
	var out struct {
		Result json.RawMessage `json:"result"`
	}
	require.NoError(t, json.Unmarshal(res.Values[1], &out))
	return string(out.Result), nil
}

// everywhere runs the exchange in every invoker and compares its result.
func (e exchange) everywhere(t *testing.T, all map[string]rulebox.Invoker, want string) {
	t.Helper()
	for name, inv := range all {
		got, err := e.run(t, inv)
		require.NoError(t, explain(err), name)
		require.JSONEq(t, want, got, name)
	}
}

// explain shows the parts of an error that its text leaves out.
func explain(err error) error {
	if e, ok := err.(*rulebox.Error); ok {
		return rulebox.Errorf(e.Code, "%s\nhint: %s\n%s\ncause: %v", e.Message, e.Hint, e.Trace, errors.Unwrap(e))
	}
	return err
}

// A request is what a peer was sent.
type request struct {
	Method, Path, Body string
	Header             http.Header
	Host               string
}

// requests are what a peer was sent, oldest first.
type requests struct {
	mu   sync.Mutex
	list []request
}

func (r *requests) add(req *http.Request) request {
	body, _ := io.ReadAll(req.Body)
	one := request{req.Method, req.URL.RequestURI(), string(body), req.Header.Clone(), req.Host}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, one)
	return one
}

// take returns what came since the last take.
func (r *requests) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// serve is a peer that speaks HTTP. It returns its address, host:port.
func serve(t *testing.T, f func(w http.ResponseWriter, r request)) (string, *requests) {
	t.Helper()
	got := &requests{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(w, got.add(r)) }))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), got
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

var _ modules.Host = directHost{}

func closedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
