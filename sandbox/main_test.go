package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/workertest"
	"github.com/rulebox/rulebox/sandbox/confine"
	child "github.com/rulebox/rulebox/sandbox/worker"
)

// The test binary is its own worker, as the server is.
func TestMain(m *testing.M) {
	confine.Init()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		child.Main()
	}
	if len(os.Args) > 2 && os.Args[1] == "villain" {
		villainMain(os.Args[2])
	}
	if len(os.Args) > 1 && os.Args[1] == "echo" {
		conn, err := net.FileConn(os.NewFile(3, "echo"))
		if err == nil {
			io.Copy(struct{ io.Writer }{conn}, conn)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "spin" {
		for parent := os.Getppid(); os.Getppid() == parent; {
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// thePlan is the whole jail of this machine, found once.
var thePlan = sync.OnceValues(func() (*confine.Plan, error) { return confine.Probe(confine.JS) })

// open returns a running pool with the whole jail; it ends with the test.
func open(t testing.TB, opt Options) *Pool {
	t.Helper()
	plan, err := thePlan()
	require.NoError(t, err)
	opt.Plan = plan
	if raceDetector && opt.Program == nil && opt.Command == nil {
		opt.Program, err = workertest.Program()
		require.NoError(t, err)
	}
	if opt.Logger == nil && os.Getenv("SANDBOX_LOG") != "" {
		opt.Logger, _ = zap.NewDevelopment()
	}
	p, err := New(opt)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.Empty(t, p.all, "workers left")
	})
	return p
}

func chainOf(tenant string, sources ...string) *rulebox.Chain {
	c := &rulebox.Chain{Tenant: tenant, Trigger: rulebox.TriggerLogin}
	for i, s := range sources {
		c.Scripts = append(c.Scripts, rulebox.NewScript(rulebox.KindRule, string(rune('a'+i)), s))
	}
	return c
}

// login runs the chain on a small user and context.
func login(ctx context.Context, p rulebox.Invoker, c *rulebox.Chain) (*rulebox.Result, error) {
	return p.Invoke(ctx, &rulebox.Invocation{
		Chain: c, ID: "tx-1",
		Args: []json.RawMessage{json.RawMessage(`{"user_id":"auth0|1","email":"a@b.example"}`), json.RawMessage(`{"idToken":{},"accessToken":{}}`)},
	})
}

const (
	okRule   = `function (user, context, callback) { context.idToken.seen = true; callback(null, user, context); }`
	spinRule = `function (user, context, callback) { for (;;) {} }`
)

func bg(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}
