package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/program"
)

// levels are what --isolation and --require take.
const levels = "none, basic, strong or full"

// proxyVariable is --egress-proxy in the environment: every user of a machine can
// read command lines.
const proxyVariable = "RULEBOX_EGRESS_PROXY"

// jailFlags are the flags of every command that runs customers' code.
type jailFlags struct {
	allow  []string
	proxy  string
	ca     string
	level  string
	accept bool
}

func (j *jailFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&j.allow, "egress-allow", nil, "let scripts reach this private `address`: CIDR, host:port or *.domain:port; may be repeated")
	flags.StringVar(&j.proxy, "egress-proxy", "", "send scripts' connections through the HTTP proxy at this `URL`, http://[user:password@]host:port; with a password better in the environment, as "+proxyVariable)
	flags.StringVar(&j.ca, "egress-ca", "", "trust the authorities in this PEM `file` too")
	flags.StringVar(&j.level, "isolation", confine.LevelStrong.String(), "refuse to start below this `level`: "+levels)
	flags.BoolVar(&j.accept, "accept-weak-isolation", false, "start below that level all the same")
}

// options returns what a pool needs, after having found out what the machine can
// do.
func (j *jailFlags) options(log *zap.Logger) (sandbox.Options, error) {
	opt := sandbox.Options{Logger: log, Egress: sandbox.Egress{Allow: j.allow, Proxy: cmp.Or(j.proxy, os.Getenv(proxyVariable))}}
	if j.ca != "" {
		pem, err := os.ReadFile(j.ca)
		if err != nil {
			return opt, fmt.Errorf("--egress-ca: %w", err)
		}
		opt.Egress.CA = pem
	}
	level, err := confine.ParseLevel(j.level)
	if err != nil {
		return opt, fmt.Errorf("--isolation: %w", err)
	}
	plan, err := confine.Probe(confine.JS)
	if err != nil {
		return opt, fmt.Errorf("find out about isolation: %w", err)
	}
	if err := plan.Require(level); err != nil {
		if !j.accept {
			return opt, fmt.Errorf("%w\n`rulebox doctor` tells more; --isolation or --accept-weak-isolation start all the same", err)
		}
		log.Warn("isolation is weaker than required, as accepted by flag", zap.Stringer("level", plan.Level()), zap.Error(err))
	}
	opt.Plan = plan
	return opt, nil
}

// workerProgram returns what a server's workers execute, nil for this executable: where
// the worker was not built in, or the machine does not execute what is in memory only.
// A process for one login has nothing from it.
func workerProgram(plan *confine.Plan, log *zap.Logger) *os.File {
	f, err := program.Open()
	if f == nil && err == nil {
		return nil
	}
	if err == nil {
		if err = plan.TryProgram(f); err == nil {
			return f
		}
		f.Close()
	}
	log.Warn("workers run the whole of this binary, which takes about 1 MB more of memory for each: their own program cannot be executed from memory (sysctl vm.memfd_noexec, or a security module, may forbid it)",
		zap.Error(err))
	return nil
}

// checker makes the store's compile check of the pool's.
func checker(pool *sandbox.Pool) func(context.Context, *rulebox.Script) error {
	return func(ctx context.Context, s *rulebox.Script) error {
		_, err := pool.Check(ctx, s)
		return err
	}
}

// engineVersion changes with what decides whether a script compiles.
func engineVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	parts := []string{info.GoVersion, info.Main.Version}
	for _, m := range info.Deps {
		if strings.Contains(m.Path, "goja") || strings.Contains(m.Path, "esbuild") || strings.Contains(m.Path, "regexp2") {
			parts = append(parts, m.Path+"@"+m.Version)
		}
	}
	return strings.Join(parts, " ")
}
