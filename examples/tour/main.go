// Command tour starts a Rulebox server on the example tenants, fires example
// logins at it over NATS, and prints what each of them decided.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
)

func main() {
	binary := flag.String("rulebox", "bin/rulebox", "the rulebox `binary`")
	data := flag.String("data", "data/tour", "the server's data `folder`")
	once := flag.Bool("once", false, "end after the example logins")
	listen := flag.String("listen", "127.0.0.1:8080", "`address` for the server's HTTP")
	natsListen := flag.String("nats-listen", bus.DefaultListen, "`address` for the server's NATS")
	flag.Parse()
	// The server must not outlive this process: see SysProcAttr below, which
	// means the thread that starts it.
	runtime.LockOSThread()
	// SIGPIPE: who reads this has gone, as in `make run | head`.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE, syscall.SIGHUP)
	defer stop()
	err := tour(ctx, os.Stdout, *once, *data, *binary, "serve", "--tenants", "examples/tenants", "--data", *data,
		"--listen", *listen, "--nats-listen", *natsListen, "--log-level", "error")
	if err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

// tour runs the server as a child process, so that its end is this one's too.
func tour(ctx context.Context, out io.Writer, once bool, data string, command ...string) error {
	server := exec.Command(command[0], command[1:]...)
	server.Stderr = os.Stderr
	// Ctrl-C reaches this process; it tells the server. If this one is killed, the
	// kernel does.
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Wait() //nolint:errcheck // its own error is on standard error
	defer server.Process.Signal(syscall.SIGTERM)
	if err := ready(stdout, out); err != nil {
		return err
	}
	if err := logins(ctx, out, data); err != nil && ctx.Err() == nil || once {
		return err
	}
	fmt.Fprintf(out, "\nIt serves on. Edit examples/tenants/acme/rules and fire again:\n"+
		"  echo '{\"user\":{\"email_verified\":true},\"context\":{\"idToken\":{}}}' | RULEBOX_DATA=%s go run ./examples/login acme\n"+
		"Ctrl-C ends.\n", data)
	<-ctx.Done()
	return nil
}

// ready copies the server's lines until the one that says it serves.
func ready(stdout io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		if strings.HasPrefix(lines.Text(), "rulebox serves") {
			return nil
		}
	}
	return errors.New("the server did not start; its message is above (for other ports: make run LISTEN=HOST:PORT NATS_LISTEN=HOST:PORT)")
}

// examples are the logins to fire at the tenant acme.
var examples = []struct{ title, user string }{
	{"A login that is allowed, with claims", `{"user_id":"auth0|ann","email":"ann@acme.example","email_verified":true,
		"app_metadata":{"terms_accepted":true,"plan":"enterprise","groups":["admins:billing","staff"]}}`},
	{"A denial: the address is not verified", `{"user_id":"auth0|bob","email":"bob@acme.example","email_verified":false}`},
	{"A redirect: the terms are not accepted", `{"user_id":"auth0|eve","email":"eve@acme.example","email_verified":true}`},
	{"A rule with an endless loop, killed at its limit", `{"user_id":"auth0|kim","email":"kim@acme.example","email_verified":true,
		"app_metadata":{"terms_accepted":true},"user_metadata":{"recommendations":1000}}`},
	{"And the next login", `{"user_id":"auth0|ann","email":"ann@acme.example","email_verified":true,"app_metadata":{"terms_accepted":true}}`},
}

const loginContext = `{"tenant":"acme","clientID":"q2hn3KfJ8sLw0ZxV","protocol":"oidc-basic-profile","idToken":{},"accessToken":{},"request":{"query":{}}}`

func logins(ctx context.Context, out io.Writer, data string) error {
	client, err := bus.Connect(ctx, bus.ConnectOptions{DataDir: data})
	if err != nil {
		return err
	}
	defer client.Close()
	for _, e := range examples {
		res, err := client.Login(ctx, "acme", json.RawMessage(e.user), json.RawMessage(loginContext))
		fmt.Fprintf(out, "\n%s\n", e.title)
		var fault *rulebox.Error
		if err != nil && !errors.As(err, &fault) {
			return err
		}
		show(out, res, fault)
	}
	return nil
}

func show(out io.Writer, res *rulebox.Result, fault *rulebox.Error) {
	fmt.Fprintf(out, "  decision  %s\n", rulebox.DecisionOf(res, asError(fault)))
	if fault != nil {
		fmt.Fprintf(out, "  code      %s\n  message   %s\n", fault.Code, fault.Message)
		line(out, "rule", fault.Script)
		line(out, "hint", fault.Hint)
	}
	if res == nil {
		return
	}
	line(out, "go to", res.RedirectURL)
	if len(res.Values) == 2 {
		var c struct {
			IDToken json.RawMessage `json:"idToken"`
		}
		if json.Unmarshal(res.Values[1], &c) == nil {
			line(out, "id token", string(c.IDToken))
		}
	}
	for _, l := range res.Logs {
		line(out, "log", l.Script+": "+l.Text)
	}
}

func asError(e *rulebox.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func line(out io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(out, "  %-9s %s\n", name, value)
	}
}
