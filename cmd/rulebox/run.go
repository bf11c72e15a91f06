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
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// maxInput bounds a file given to run, in bytes.
const maxInput = 4 << 20

type runFlags struct {
	user, context, configFile, management, memory, trigger string

	data    string
	config  []string
	timeout time.Duration
	jail    jailFlags
}

func run(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	f := &runFlags{}
	flags.StringVar(&f.user, "user", "", "JSON `file` with the user (default: an example user)")
	flags.StringVar(&f.context, "context", "", "JSON `file` with the context (default: an example context)")
	flags.StringArrayVar(&f.config, "config", nil, "`KEY=VALUE` for `configuration`; may be repeated")
	flags.StringVar(&f.configFile, "config-file", "", "JSON `file` with an object of strings for `configuration`")
	flags.DurationVar(&f.timeout, "timeout", rulebox.DefaultWall, "time for all files together")
	flags.StringVar(&f.memory, "memory", "128MiB", "memory that the scripts may hold, a `size` such as 64MiB")
	flags.StringVar(&f.trigger, "trigger", rulebox.TriggerLogin, "the trigger to fire")
	flags.StringVar(&f.management, "management", "", "JSON `file` with domain, baseUrl and accessToken of the management API, for auth0.users and the like")
	flags.StringVar(&f.data, "data", defaultData, "the `folder` with the packages of rulebox modules add")
	f.jail.add(flags)
	if code, done := parse(flags, args, std); done {
		return code
	}
	inv, err := f.invocation(flags.Args(), std.in)
	if err != nil {
		return misused(std, "%v", err)
	}
	if err := usePackages(f.data, inv.Chain); err != nil {
		return fails(std, err)
	}
	opt, err := f.jail.options(zap.NewNop())
	if err != nil {
		return fails(std, err)
	}
	opt.Warm = 1
	pool, err := sandbox.New(opt)
	if err != nil {
		return fails(std, err)
	}
	poolCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(poolCtx) }()
	pipeline := &transaction.Pipeline{Next: pool}
	res, err := pipeline.Invoke(ctx, inv)
	stop()
	if poolErr := <-ended; poolErr != nil {
		return fails(std, poolErr)
	}
	if err := writeOutcome(std.out, rulebox.AppendOutcome(nil, res, err)); err != nil {
		return fails(std, err)
	}
	return exitCode(res, err)
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
	if f.trigger != rulebox.TriggerLogin {
		return nil, fmt.Errorf("--trigger %q: there is only %q", f.trigger, rulebox.TriggerLogin)
	}
	memory, err := store.ParseSize(f.memory)
	if err != nil {
		return nil, fmt.Errorf("--memory: %w", err)
	}
	if memory < rulebox.MinMemory {
		return nil, fmt.Errorf("--memory %s: at least %dMiB", f.memory, rulebox.MinMemory>>20)
	}
	if memory > store.MaxMemory {
		return nil, fmt.Errorf("--memory %s: at most %dMiB", f.memory, store.MaxMemory>>20)
	}
	if f.timeout <= 0 {
		return nil, fmt.Errorf("--timeout %s: it must be more than nothing", f.timeout)
	}
	read := reader(stdin)
	chain := &rulebox.Chain{
		Tenant: "run", Trigger: f.trigger,
		Limits: rulebox.Limits{Wall: f.timeout, Memory: memory}.WithDefaults(),
	}
	if chain.Configuration, err = f.configuration(read); err != nil {
		return nil, err
	}
	if chain.Management, err = f.api(read); err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := read(file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".js")
		chain.Scripts = append(chain.Scripts, rulebox.NewScript(rulebox.KindRule, name, string(source)))
	}
	user, err := object("--user", f.user, exampleUser, read)
	if err != nil {
		return nil, err
	}
	context, err := object("--context", f.context, exampleContext, read)
	if err != nil {
		return nil, err
	}
	return &rulebox.Invocation{
		Chain: chain, Tenant: chain.Tenant, Trigger: f.trigger, ID: rulebox.NewID(),
		Args: []json.RawMessage{user, context},
	}, nil
}

// api reads the management API that the rules may call; nil if none is given.
func (f *runFlags) api(read func(string) ([]byte, error)) (*rulebox.Management, error) {
	if f.management == "" {
		return nil, nil
	}
	text, err := read(f.management)
	if err != nil {
		return nil, err
	}
	var m struct {
		Domain      string `json:"domain"`
		BaseURL     string `json:"baseUrl"`
		AccessToken string `json:"accessToken"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || m.BaseURL == "" {
		return nil, fmt.Errorf(`--management %s: it must be {"domain": "…", "baseUrl": "https://…/api/v2", "accessToken": "…"}`, f.management)
	}
	return &rulebox.Management{Domain: m.Domain, BaseURL: m.BaseURL, AccessToken: m.AccessToken}, nil
}

func (f *runFlags) configuration(read func(string) ([]byte, error)) (map[string]string, error) {
	configuration := map[string]string{}
	if f.configFile != "" {
		text, err := read(f.configFile)
		if err != nil {
			return nil, err
		}
		var values map[string]*string
		err = json.Unmarshal(text, &values)
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
			return nil, fmt.Errorf("%s: it must be a JSON object whose values are strings: %w", f.configFile, err)
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

// object reads a file that must hold one JSON object.
func object(flag, file, fallback string, read func(string) ([]byte, error)) (json.RawMessage, error) {
	if file == "" {
		return json.RawMessage(fallback), nil
	}
	text, err := read(file)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		if err == nil {
			err = errors.New("it is null")
		}
		return nil, fmt.Errorf("%s %s: it must be a JSON object: %w", flag, file, err)
	}
	return json.RawMessage(strings.TrimSpace(string(text))), nil
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

const exampleUser = `{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","email":"jane@example.com","email_verified":true,` +
	`"name":"Jane Example","nickname":"jane","picture":"https://example.com/jane.png","created_at":"2024-01-15T09:30:00.000Z",` +
	`"identities":[{"connection":"Username-Password-Authentication","provider":"auth0","user_id":"5f7c8ec7c33c6c004bbafe82","isSocial":false}],` +
	`"app_metadata":{},"user_metadata":{}}`

const exampleContext = `{"tenant":"run","clientID":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","clientName":"Example App","clientMetadata":{},` +
	`"connection":"Username-Password-Authentication","connectionStrategy":"auth0","connectionID":"con_0000000000000001",` +
	`"protocol":"oidc-basic-profile","stats":{"loginsCount":1},"sso":{"with_auth0":false,"with_dbconn":false,"current_clients":[]},` +
	`"authentication":{"methods":[{"name":"pwd","timestamp":1763046133771}]},"authorization":{"roles":[]},` +
	`"accessToken":{},"idToken":{},"samlConfiguration":{},` +
	`"request":{"userAgent":"Mozilla/5.0","ip":"203.0.113.7","hostname":"login.example.com","query":{"scope":"openid profile"},"body":{},` +
	`"geoip":{"country_code":"US","country_name":"United States","city_name":"Springfield","time_zone":"America/Chicago"}}}`
