// Command login is a transaction server in a few lines: it asks Rulebox to run a
// tenant's rules on one login and prints the outcome.
//
//	login TENANT < body.json
//
// The body is {"user":{…},"context":{…}}. The NATS server and the credentials
// are those in RULEBOX_NATS and RULEBOX_CREDS, or of the server on this machine
// whose data folder is RULEBOX_DATA. Exit status: 0 allow, 3 deny, 4 redirect,
// 6 a form or challenge waits, 5 fault, 2 bad usage.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
)

var exits = map[rulebox.Decision]int{rulebox.Allow: 0, rulebox.Deny: 3, rulebox.Redirect: 4, rulebox.Suspend: 6}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var body struct{ User, Context json.RawMessage }
	if len(args) != 1 {
		fmt.Fprintln(stderr, "usage: login TENANT < body.json")
		return 2
	}
	if err := json.NewDecoder(stdin).Decode(&body); err != nil {
		fmt.Fprintln(stderr, "login: standard input:", err)
		return 2
	}
	client, err := bus.Connect(ctx, bus.ConnectOptions{})
	if err != nil {
		fmt.Fprintln(stderr, "login:", err)
		return 5
	}
	defer client.Close()
	res, err := client.Login(ctx, args[0], body.User, body.Context)
	fmt.Fprintf(stdout, "%s\n", rulebox.AppendOutcome(nil, res, err))
	status, known := exits[rulebox.DecisionOf(res, err)]
	if !known {
		return 5 // a fault, or what a newer node decides: nobody is let in by it
	}
	return status
}
