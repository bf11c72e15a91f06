// Command bench prints the tables of doc/performance.md: each figure beside its
// floor or rival, measured in the same run, in turns.
//
// It starts real servers: bin/rulebox with its jail, logging and metrics on, a
// bare NATS echo, and the rival of internal/bench/rival if npm could install it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

type bench struct {
	dir    string // temporary
	binary string
	older  string // binaries to compare with, by commas
	quick  bool

	payload []byte // {user, context}, 4.7 KB
	echo    *candidate
	own     *candidate // the echo, its NATS server in another process
	rulebox *candidate
	rival   *candidate // nil if not installed
	web     *web
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "echo" {
		echoMain(os.Args[2:])
	}
	if len(os.Args) > 2 && os.Args[1] == "realm" {
		realmMain(os.Args[2:])
	}
	b := &bench{}
	flag.StringVar(&b.binary, "rulebox", "bin/rulebox", "the binary to measure")
	flag.StringVar(&b.older, "before", "", "older binaries to measure beside it, by commas, in the table before")
	flag.BoolVar(&b.quick, "quick", false, "few rounds: to see that it works")
	only := flag.String("only", "", "one table: latency, throughput, actions, web, first, density, noisy, kill, save, native, database, modules, wasm, memory, before")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only string) error {
	dir, err := os.MkdirTemp("", "rulebox-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	b.payload = payload()
	if b.web, err = startWeb(); err != nil {
		return err
	}
	defer b.web.close()
	if err := b.start(ctx); err != nil {
		return err
	}
	defer b.stop()
	fmt.Printf("Payload %d bytes; %s; figures are of this run, on this machine.\n", len(b.payload), machine())
	for _, table := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"latency", b.latency}, {"throughput", b.throughput}, {"actions", b.rulesAndActions}, {"web", b.waiting}, {"first", b.firstLogin},
		{"noisy", b.noisy}, {"kill", b.kill}, {"save", b.save}, {"native", b.native}, {"database", b.database}, {"modules", b.moduleLoads}, {"wasm", b.webAssembly}, {"memory", b.realmMemory}, {"density", b.density},
		{"before", b.compareBefore},
	} {
		if only != "" && only != table.name {
			continue
		}
		if err := table.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// start brings up every candidate.
func (b *bench) start(ctx context.Context) (err error) {
	if b.echo, err = startEcho(ctx, "embedded"); err != nil {
		return err
	}
	if b.own, err = startEcho(ctx, "own"); err != nil {
		return err
	}
	if err := writeTenants(filepath.Join(b.dir, "tenants"), b.web.addr); err != nil {
		return err
	}
	if b.rulebox, err = b.startRulebox(ctx, "tenants"); err != nil {
		return err
	}
	if b.rival, err = b.startRival(ctx); err != nil {
		fmt.Println("No rival in this run:", err)
		b.rival = nil
	}
	return nil
}

func (b *bench) stop() {
	for _, c := range []*candidate{b.rival, b.rulebox, b.own, b.echo} {
		if c != nil {
			c.close()
		}
	}
}

// rounds is how often each candidate has its turn.
func (b *bench) rounds() int {
	if b.quick {
		return 2
	}
	return 8
}

func (b *bench) turn() time.Duration {
	if b.quick {
		return 300 * time.Millisecond
	}
	return 1500 * time.Millisecond
}

// payload is a login as transaction servers send them.
func payload() []byte {
	b, err := os.ReadFile(filepath.Join("internal", "bench", "testdata", "payload.json"))
	if err != nil {
		panic(err) // run from the module's root, as the Makefile does
	}
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }
