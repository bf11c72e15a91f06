package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/stretchr/testify/require"
)

// A judge decides by the user's name, in place of a tenant's rules.
type judge struct{}

func (judge) Invoke(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	var user struct{ Name string }
	if err := json.Unmarshal(inv.Args[0], &user); err != nil {
		return nil, err
	}
	res := &rulebox.Result{ID: inv.ID, Values: inv.Args, Logs: []rulebox.Log{{Level: "log", Text: inv.Tenant + " " + inv.Trigger}}}
	switch user.Name {
	case "denied":
		return res, rulebox.Errorf(rulebox.CodeDenied, "not you")
	case "slow":
		return res, rulebox.Errorf(rulebox.CodeTimeout, "too slow")
	case "sent away":
		res.RedirectURL = "https://example.com/mfa"
	case "challenged":
		res.Decision, res.State = rulebox.Suspend, "s1"
		res.Commands = []json.RawMessage{json.RawMessage(`["authentication.challengeWith",{"type":"otp"}]`)}
	}
	return res, nil
}

func TestLogin(t *testing.T) {
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	defer server.Close()
	creds, err := bus.CreateCreds(server.DataDir(), []string{"acme"}, "shop")
	require.NoError(t, err)
	t.Setenv("RULEBOX_NATS", server.URL())
	t.Setenv("RULEBOX_CREDS", creds)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	login := func(body string, args ...string) (status int, out, errs string) {
		var stdout, stderr bytes.Buffer
		status = run(ctx, args, strings.NewReader(body), &stdout, &stderr)
		return status, stdout.String(), stderr.String()
	}
	status, out, _ := login(`{"user":{},"context":{}}`, "acme")
	require.Equal(t, 5, status)
	require.Contains(t, out, `"code":"unavailable"`)

	node, err := server.Conn()
	require.NoError(t, err)
	defer node.Close()
	serving, stop := context.WithCancel(ctx)
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- bus.Serve(serving, bus.ServeOptions{Conn: node, Handler: judge{}, Ready: func() { close(ready) }})
	}()
	defer func() { stop(); require.NoError(t, <-done) }()
	<-ready

	for _, c := range []struct {
		name, tenant string
		status       int
		says         string
	}{
		{"Ann", "acme", 0, `"decision":"allow","user":{"name":"Ann"},"context":{"a": 1.50}`},
		{"denied", "acme", 3, `"decision":"deny","error":{"code":"denied","message":"not you"}`},
		{"sent away", "acme", 4, `"redirect":{"url":"https://example.com/mfa"}`},
		{"challenged", "acme", 6, `"decision":"suspend"`},
		{"slow", "acme", 5, `"code":"timeout"`},
		{"Ann", "beta", 5, `"code":"forbidden"`},
	} {
		status, out, errs := login(`{"user":{"name":"`+c.name+`"},"context":{"a": 1.50}}`, c.tenant)
		require.Equal(t, c.status, status, out)
		require.Contains(t, out, c.says)
		require.Empty(t, errs)
		require.True(t, json.Valid([]byte(out)))
	}
	status, _, errs := login(`{}`)
	require.Equal(t, 2, status)
	require.Contains(t, errs, "usage")
	status, _, errs = login(`{`, "acme")
	require.Equal(t, 2, status)
	require.Contains(t, errs, "standard input")
	t.Setenv("RULEBOX_CREDS", "")
	t.Setenv("RULEBOX_DATA", t.TempDir())
	status, _, errs = login(`{"user":{},"context":{}}`, "acme")
	require.Equal(t, 5, status)
	require.Contains(t, errs, "credentials")
}
