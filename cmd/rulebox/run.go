package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonterms"
	tryout "github.com/rulebox/rulebox/internal/unsaved"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// maxInput bounds a file given to run, in bytes.
const maxInput = 8 << 20

type runFlags struct {
	kind, trigger, handler         string
	user, context, event, args     string
	state, states                  string
	configFile, management, memory string
	data                           string
	secrets, dependencies          []string
	modules, cache, config         []string
	timeout                        time.Duration
	jail                           jailFlags

	texts map[string]inputFile // by the member of the input that they are
}

func (f *runFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.kind, "kind", "", "rule, action, hook or dbscript (default: what the files look like)")
	flags.StringVar(&f.trigger, "trigger", "", "the trigger to fire: login, post-login, …, hook.<point> or db.<connection>.<operation> (default: what the first file looks like)")
	flags.StringVar(&f.handler, "handler", "", "the `function` that actions export, if not the trigger's own")
	flags.StringVar(&f.user, "user", "", "JSON `file` with the user of a login (default: an example user)")
	flags.StringVar(&f.context, "context", "", "JSON `file` with the context of a login (default: an example context)")
	flags.StringVar(&f.event, "event", "", "JSON `file` with the event of actions; with --user or --context, what replaces members of the event made of them (default: an example event)")
	flags.StringVar(&f.args, "args", "", "JSON `file` with an array of the arguments of a hook or database script, without the callback (default: example arguments)")
	flags.StringArrayVar(&f.secrets, "secret", nil, "`NAME=VALUE` for event.secrets, or a hook's secrets; may be repeated")
	flags.StringArrayVar(&f.dependencies, "dependency", nil, "the version of a package that the files declare, `NAME@VERSION`; may be repeated")
	flags.StringArrayVar(&f.modules, "module", nil, "`NAME=FILE` for require('actions:NAME'); may be repeated")
	flags.StringArrayVar(&f.cache, "cache", nil, "`KEY=VALUE` that api.cache holds at the start; may be repeated")
	flags.StringVar(&f.state, "state", "", "go on with what was suspended: the `state` of the outcome")
	flags.StringVar(&f.states, "states", "", "`folder` of what is suspended (default: one in the user's cache folder)")
	flags.StringArrayVar(&f.config, "config", nil, "`KEY=VALUE` for `configuration`; may be repeated")
	flags.StringVar(&f.configFile, "config-file", "", "JSON `file` with an object of strings for `configuration`")
	flags.DurationVar(&f.timeout, "timeout", rulebox.DefaultWall, "time for all files together")
	flags.StringVar(&f.memory, "memory", "128MiB", "memory that the scripts may hold, a `size` such as 64MiB")
	flags.StringVar(&f.management, "management", "", "JSON `file` with domain, baseUrl and accessToken of the management API, for auth0.users and the like")
	flags.StringVar(&f.data, "data", defaultData, "the `folder` with the packages of rulebox modules add")
	f.jail.add(flags)
}

func run(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	f := &runFlags{}
	f.add(flags)
	if code, done := parse(flags, args, std); done {
		return code
	}
	inv, err := f.invocation(flags.Args(), std.in)
	if err != nil {
		return misused(std, "%v", err)
	}
	packages, err := usePackages(f.data, inv.Chain)
	if err != nil {
		return fails(std, err)
	}
	versions, err := dependencyNotices(inv.Chain, packages)
	if err != nil {
		return misused(std, "%v", err)
	}
	for _, n := range append(versions, f.notices(inv.Chain)...) {
		fmt.Fprintf(std.err, "rulebox: note: %s\n", n)
	}
	suspensions, err := f.suspensions(inv.Chain)
	if err != nil {
		return fails(std, err)
	}
	opt, err := f.jail.options(zap.NewNop())
	if err != nil {
		return fails(std, err)
	}
	opt.Warm = 1
	rest := &leftover{out: std.err, hide: transaction.HidePassword(inv)}
	opt.OnLate = rest.line
	pool, err := sandbox.New(opt)
	if err != nil {
		return fails(std, err)
	}
	poolCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(poolCtx) }()
	pipeline := &transaction.Pipeline{Next: pool, Suspensions: suspensions}
	var start time.Time
	ready := func(ctx context.Context, chain *rulebox.Chain) error {
		err := readyOf(ctx, pool, chain, rest)
		start = time.Now()
		return err
	}
	next := readied{ready, &transaction.Directory{Next: pipeline, HideUnsaved: true}}
	res, err := next.Invoke(ctx, inv)
	code := exitCode(res, err)
	if err := writeOutcome(std.out, rulebox.AppendOutcome(nil, res, err)); err != nil {
		code = fails(std, err)
	} else {
		rest.wait(ctx, pool, start.Add(f.timeout))
	}
	stop()
	if poolErr := <-ended; poolErr != nil {
		return fails(std, poolErr)
	}
	return code
}

// readyOf compiles what needs it and waits for a worker: the time of --timeout is
// the scripts'.
func readyOf(ctx context.Context, pool *sandbox.Pool, chain *rulebox.Chain, rest *leftover) error {
	if slices.ContainsFunc(chain.Scripts, isWASM) {
		told := time.AfterFunc(patience, func() {
			rest.say("rulebox: compiling WebAssembly to native code, each time anew; a server does so once")
		})
		defer told.Stop()
	}
	if err := pool.Ready(ctx, chain); err != nil {
		return err
	}
	return pool.Warm(ctx, chain)
}

// writeOutcome writes one line, or on a terminal, where somebody reads it, many.
func writeOutcome(out io.Writer, text []byte) error {
	if terminal(out) {
		var indented bytes.Buffer
		if err := json.Indent(&indented, text, "", "  "); err != nil {
			return err
		}
		text = indented.Bytes()
	}
	_, err := out.Write(append(text, '\n'))
	return err
}

func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func exitCode(res *rulebox.Result, err error) int {
	switch res.Decision {
	case rulebox.Allow:
		return exitOK
	case rulebox.Deny:
		return exitDeny
	case rulebox.Redirect:
		return exitRedirect
	case rulebox.Suspend:
		return exitSuspend
	}
	if rulebox.CodeOf(err) == rulebox.CodeInvalid {
		return exitUsage
	}
	return exitFault
}

// invocation reads every input. At most one of them can be standard input.
func (f *runFlags) invocation(files []string, stdin io.Reader) (*rulebox.Invocation, error) {
	if len(files) == 0 {
		return nil, fmt.Errorf("no rule file; it is rulebox run [flags] FILE…, with - for standard input")
	}
	limits, err := f.limits()
	if err != nil {
		return nil, err
	}
	read := reader(stdin)
	try := &tryout.Run{Trigger: f.trigger, Chain: rulebox.Chain{Tenant: "run", Limits: limits}}
	if try.Chain.Configuration, err = f.configuration(read); err != nil {
		return nil, err
	}
	if try.Chain.Management, err = f.api(read); err != nil {
		return nil, err
	}
	binding, err := f.binding(read)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := read(file)
		if err != nil {
			return nil, err
		}
		if filepath.Ext(file) == ".wasm" && !bytes.HasPrefix(source, []byte(wasmMagic)) {
			return nil, fmt.Errorf("%s is no WebAssembly: it does not begin with \\0asm; give a binary that was compiled for it (from Go by GOOS=wasip1 GOARCH=wasm), not its text form and not another program", file)
		}
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".js"), ".wasm")
		try.Scripts = append(try.Scripts, tryout.Script{Name: name, Source: string(source), Kind: rulebox.Kind(f.kind), Binding: binding})
	}
	if try.Parts, err = f.parts(read); err != nil {
		return nil, err
	}
	inv, err := try.Invocation()
	if err != nil {
		return nil, f.inFlagTerms(err)
	}
	inv.Cache, err = f.cached(time.Now())
	return inv, err
}

func (f *runFlags) limits() (l rulebox.Limits, err error) {
	memory, err := store.ParseSize(f.memory)
	switch {
	case err != nil:
		return l, fmt.Errorf("--memory: %w", err)
	case memory < rulebox.MinMemory:
		return l, fmt.Errorf("--memory %s: at least %dMiB", f.memory, rulebox.MinMemory>>20)
	case memory > store.MaxMemory:
		return l, fmt.Errorf("--memory %s: at most %dMiB", f.memory, store.MaxMemory>>20)
	case f.timeout <= 0:
		return l, fmt.Errorf("--timeout %s: it must be more than nothing", f.timeout)
	}
	return rulebox.Limits{Wall: f.timeout, Memory: memory}.WithDefaults(), nil
}

// api reads the management API that the rules may call; nil if none is given.
func (f *runFlags) api(read func(string) ([]byte, error)) (*rulebox.Management, error) {
	if f.management == "" {
		return nil, nil
	}
	text, err := read(f.management)
	if err != nil {
		return nil, fmt.Errorf("--management: %w", err)
	}
	var m struct {
		Domain      string `json:"domain"`
		BaseURL     string `json:"baseUrl"`
		AccessToken string `json:"accessToken"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = jsonterms.Explain(text, d.Decode(&m))
	if err == nil && m.BaseURL == "" {
		err = errors.New("baseUrl is missing")
	}
	if err != nil {
		return nil, fmt.Errorf(`--management %s: it must be {"domain": "…", "baseUrl": "https://…/api/v2", "accessToken": "…"}: %w`, f.management, err)
	}
	return &rulebox.Management{Domain: m.Domain, BaseURL: m.BaseURL, AccessToken: m.AccessToken}, nil
}

func (f *runFlags) configuration(read func(string) ([]byte, error)) (map[string]string, error) {
	configuration := map[string]string{}
	if f.configFile != "" {
		text, err := read(f.configFile)
		if err != nil {
			return nil, fmt.Errorf("--config-file: %w", err)
		}
		var values map[string]*string
		err = jsonterms.Explain(text, json.Unmarshal(text, &values))
		if err == nil && values == nil {
			err = errors.New("it is null")
		}
		for key, value := range values {
			if value == nil {
				err = fmt.Errorf("the value of %q is null", key)
				break
			}
			configuration[key] = *value
		}
		if err != nil {
			return nil, fmt.Errorf("--config-file %s: it must be a JSON object whose values are strings: %w", f.configFile, err)
		}
	}
	for _, kv := range f.config {
		key, value, ok := strings.Cut(kv, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--config %q: it must be KEY=VALUE", kv)
		}
		configuration[key] = value
	}
	return configuration, nil
}

// reader reads files, and standard input for "-", once.
func reader(stdin io.Reader) func(string) ([]byte, error) {
	used := false
	return func(file string) ([]byte, error) {
		var r io.Reader = stdin
		if file == "-" {
			if used {
				return nil, fmt.Errorf("standard input (-) can be read only once")
			}
			used = true
		} else {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			r = f
		}
		b, err := io.ReadAll(io.LimitReader(r, maxInput+1))
		if err == nil && len(b) > maxInput {
			err = fmt.Errorf("%s is larger than %d MiB", file, maxInput>>20)
		}
		return b, err
	}
}
