// Package nodeclient_test runs the JavaScript example against a real server.
package nodeclient_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/stretchr/testify/require"
)

type judge struct{}

func (judge) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	res := &rulebox.Result{ID: inv.ID, Values: inv.Args, Logs: []rulebox.Log{{Level: "log", Text: "é \u2028 " + inv.Tenant}}}
	var user struct{ Name string }
	if err := json.Unmarshal(inv.Args[0], &user); err != nil {
		return nil, err
	}
	if _, ok := ctx.Deadline(); !ok {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "no deadline came")
	}
	if user.Name == "denied" {
		return res, &rulebox.Error{Code: rulebox.CodeDenied, Name: "UnauthorizedError", Message: "not you", OAuth: "unauthorized"}
	}
	if user.Name == "sent away" {
		res.RedirectURL = "https://example.com/mfa"
	}
	return res, nil
}

func TestNodeClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	if _, err := os.Stat("node_modules/nats"); err != nil {
		t.Fatal("the example's packages are missing: run npm ci in examples/node-client (make test does)")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	defer server.Close()
	creds, err := bus.CreateCreds(server.DataDir(), []string{"acme"}, "shop")
	require.NoError(t, err)

	login := func(body string, env ...string) (int, map[string]any, string) {
		cmd := exec.CommandContext(ctx, node, "login.mjs", "acme")
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdin = strings.NewReader(body)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		var outcome map[string]any
		if stdout.Len() > 0 {
			require.NoError(t, json.Unmarshal(stdout.Bytes(), &outcome), stdout.String())
		}
		return cmd.ProcessState.ExitCode(), outcome, stderr.String()
	}
	own := []string{"RULEBOX_NATS=" + server.URL(), "RULEBOX_CREDS=" + creds}
	status, outcome, errs := login(`{"user":{},"context":{}}`, own...)
	require.Equal(t, 5, status, errs)
	require.NotNil(t, outcome, errs)
	require.Equal(t, "unavailable", outcome["error"].(map[string]any)["code"])

	conn, err := server.Conn()
	require.NoError(t, err)
	defer conn.Close()
	serving, stop := context.WithCancel(ctx)
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- bus.Serve(serving, bus.ServeOptions{Conn: conn, Handler: judge{}, Ready: func() { close(ready) }})
	}()
	defer func() { stop(); require.NoError(t, <-done) }()
	<-ready

	status, outcome, errs = login(`{"id":"tx-1","user":{"name":"Ann"},"context":{"é":[1,2]}}`, own...)
	require.Equal(t, 0, status, errs)
	require.Equal(t, "allow", outcome["decision"])
	require.Equal(t, "tx-1", outcome["id"])
	require.Equal(t, map[string]any{"name": "Ann"}, outcome["user"])
	require.Equal(t, map[string]any{"é": []any{1.0, 2.0}}, outcome["context"])
	require.Equal(t, []any{map[string]any{"level": "log", "text": "é \u2028 acme"}}, outcome["logs"])

	status, outcome, errs = login(`{"user":{"name":"denied"},"context":{}}`, "RULEBOX_DATA="+server.DataDir())
	require.Equal(t, 3, status, errs)
	require.Equal(t, map[string]any{"code": "denied", "name": "UnauthorizedError", "message": "not you", "oauth_error": "unauthorized"}, outcome["error"])

	status, outcome, errs = login(`{"user":{"name":"sent away"},"context":{}}`, own...)
	require.Equal(t, 4, status, errs)
	require.Equal(t, map[string]any{"url": "https://example.com/mfa"}, outcome["redirect"])

	status, outcome, _ = login(`{"user":{}}`, own...)
	require.Equal(t, 5, status)
	require.Equal(t, "invalid", outcome["error"].(map[string]any)["code"])

	status, _, errs = login(`{"user":{},"context":{}}`, "RULEBOX_NATS="+server.URL(), "RULEBOX_CREDS=", "RULEBOX_DATA=")
	require.Equal(t, 5, status)
	require.Contains(t, errs, "Authorization Violation")

	status, _, errs = login(`{"user":{},"context":{}}`, "RULEBOX_CREDS=", "RULEBOX_DATA="+t.TempDir())
	require.Equal(t, 5, status)
	require.Contains(t, errs, "no data folder of rulebox serve")
}
