// Command rulebox runs customers' own code in the login path, safely.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/worker"
)

// Exit codes of `rulebox run`; the others use ok, usage and failed.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitDeny     = 3
	exitRedirect = 4
	exitFault    = 5
	exitSuspend  = 6
)

// A stdio is what a command talks to.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

type command struct {
	name, args, short string
	run               func(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int
}

var commands = []command{
	{"serve", "--tenants DIR --data DIR", "serve logins over NATS and HTTP", serve},
	{"run", "FILE…", "run rules, actions, hooks or database scripts once, in the same jail, without a server", run},
	{"code", "clear --data DIR", "remove native code of WebAssembly scripts that a node keeps", code},
	{"modules", "[list|add|remove]", "what scripts can require; add npm packages to it", modulesCommand},
	{"doctor", "", "say which isolation layers hold on this machine", doctor},
	{"token", "create|revoke", "make or revoke a bearer token for HTTP", token},
	{"creds", "create|revoke --tenant T", "make or revoke credentials for NATS", creds},
	{"version", "", "print the version", version},
}

func main() {
	confine.Init()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		worker.Main()
	}
	os.Exit(Main(os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// Main runs the command line and returns the exit code.
func Main(args []string, std stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends what runs in good order, a later one at once. Those that
	// come together are one: of a parent's death the kernel may tell for each of its
	// threads.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	if len(args) == 0 {
		usage(std.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help":
		usage(std.out)
		return exitOK
	case "--version":
		args[0] = "version"
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.call(ctx, args[1:], std)
		}
	}
	fmt.Fprintf(std.err, "rulebox: there is no command %q\n", args[0])
	usage(std.err)
	return exitUsage
}

func (c command) call(ctx context.Context, args []string, std stdio) int {
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.SortFlags = false
	flags.Usage = func() {
		fmt.Fprintf(std.out, "rulebox %s %s\n%s\n\n%s", c.name, c.args, c.short, flags.FlagUsages())
	}
	return c.run(ctx, flags, args, std)
}

// parse parses args into flags; done is true when the command has ended.
func parse(flags *pflag.FlagSet, args []string, std stdio) (code int, done bool) {
	err := flags.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return exitOK, true
	case err != nil:
		return misused(std, "%v; see rulebox %s --help", err, flags.Name()), true
	}
	return exitOK, false
}

func misused(std stdio, format string, args ...any) int {
	fmt.Fprintf(std.err, "rulebox: "+format+"\n", args...)
	return exitUsage
}

func fails(std stdio, err error) int {
	fmt.Fprintf(std.err, "rulebox: %s\n", printable(err.Error()))
	return exitFailed
}

func usage(w io.Writer) {
	fmt.Fprint(w, "rulebox runs customers' own code in the login path, safely.\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  rulebox %-8s %-26s %s\n", c.name, c.args, c.short)
	}
	fmt.Fprint(w, "\nEach command has --help.\n")
}

func version(_ context.Context, _ *pflag.FlagSet, _ []string, std stdio) int {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	fmt.Fprintln(std.out, "rulebox", buildVersion(info))
	return exitOK
}

// buildVersion is the module's version, or else the commit of the build.
func buildVersion(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := settings["vcs.revision"]
	if commit == "" {
		return "(devel)"
	}
	commit = "(devel) " + commit[:min(12, len(commit))]
	if t := settings["vcs.time"]; t != "" {
		commit += " of " + t
	}
	if settings["vcs.modified"] == "true" {
		commit += ", modified"
	}
	return commit
}
