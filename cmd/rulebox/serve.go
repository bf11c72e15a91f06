package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/net/netutil"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/gateway"
	"github.com/rulebox/rulebox/gateway/adapters"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

type serveFlags struct {
	tenants, data, listen                      string
	natsListen, natsURL, creds                 string
	tlsCert, tlsKey, stateKey                  string
	logLevel                                   string
	warm, maxWorkers, perTenant, dbConnections int
	bypass                                     bool
	jail                                       jailFlags
}

func serve(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	f := &serveFlags{}
	flags.StringVar(&f.tenants, "tenants", "", "`folder` with one folder a tenant; required")
	flags.StringVar(&f.data, "data", defaultData, "`folder` for keys, tokens and JetStream; made if missing")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` of the HTTP gateway")
	flags.StringVar(&f.natsListen, "nats-listen", bus.DefaultListen, "`address` of the embedded NATS server")
	flags.StringVar(&f.natsURL, "nats", "", "use the NATS server at this `URL` instead of the embedded one")
	flags.StringVar(&f.creds, "nats-creds", "", "credentials `file` of this node for --nats")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "PEM certificate `file` for HTTP and the embedded NATS server; required beyond loopback")
	flags.StringVar(&f.tlsKey, "tls-key", "", "PEM key `file`")
	flags.StringVar(&f.stateKey, "state-key", "", "key `file` of suspended logins, the same on all nodes (default: state.key in the data folder)")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.IntVar(&f.warm, "warm", 2, "blank workers kept ready")
	flags.IntVar(&f.maxWorkers, "max-workers", 256, "workers of all tenants together")
	flags.IntVar(&f.perTenant, "max-workers-per-tenant", 0, "workers of one tenant (default: one a processor, at least 2)")
	flags.IntVar(&f.dbConnections, "db-connections", 0, "connections to databases that one tenant holds on this node (default: two a worker, at least 8)")
	flags.BoolVar(&f.bypass, "bypass-custom-code", false, "break-glass: let every login pass without running any rule")
	f.jail.add(flags)
	if code, done := parse(flags, args, std); done {
		return code
	}
	if f.tenants == "" {
		return misused(std, "--tenants DIR is missing: the folder with one folder a tenant")
	}
	if flags.NArg() > 0 {
		return misused(std, "%q is too much: serve takes flags only", flags.Arg(0))
	}
	if err := f.workers(); err != nil {
		return misused(std, "%v", err)
	}
	log, flush, err := newLogger(f.logLevel, std)
	if err != nil {
		return misused(std, "%v", err)
	}
	defer flush()
	// A login leaves a few kilobytes behind; a node's own heap is small. Collecting
	// at five times the live heap spends memory on latency. GOGC has its say.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if err := f.serve(ctx, log, std); err != nil {
		return fails(std, err)
	}
	return exitOK
}

// maxWarm is more blank workers than any burst of new tenants uses up before
// others have started.
const maxWarm = 64

// workers refuses numbers of workers that cannot be.
func (f *serveFlags) workers() error {
	switch {
	case f.maxWorkers < 1:
		return fmt.Errorf("--max-workers %d: it must be at least 1", f.maxWorkers)
	case f.dbConnections < 0:
		return fmt.Errorf("--db-connections %d: it must be at least 1, or 0 for the default", f.dbConnections)
	case f.perTenant < 0:
		return fmt.Errorf("--max-workers-per-tenant %d: it must be at least 1, or 0 for the default", f.perTenant)
	case f.warm < 1 || f.warm > maxWarm:
		return fmt.Errorf("--warm %d: it must be from 1 to %d", f.warm, maxWarm)
	}
	return nil
}

// logDelay is how long a line may wait for others: a system call for each login
// is one on its way.
const logDelay = 100 * time.Millisecond

// newLogger returns the log, and what writes the last of it.
func newLogger(level string, std stdio) (*zap.Logger, func(), error) {
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, nil, fmt.Errorf("--log-level: %w", err)
	}
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncodeDuration = zapcore.StringDurationEncoder
	direct := zapcore.Lock(zapcore.AddSync(std.err))
	delayed := &zapcore.BufferedWriteSyncer{WS: direct, Size: 64 << 10, FlushInterval: logDelay}
	encoder := zapcore.NewJSONEncoder(c)
	core := zapcore.NewTee(
		zapcore.NewCore(encoder, delayed, zap.LevelEnablerFunc(func(e zapcore.Level) bool { return e >= l && e < zapcore.WarnLevel })),
		zapcore.NewCore(encoder, inOrder{delayed, direct}, max(l, zapcore.WarnLevel)),
	)
	flush := func() { _ = delayed.Stop() } // nobody is left to tell if standard error is gone
	return zap.New(core), flush, nil
}

// inOrder writes at once, after what waits.
type inOrder struct {
	delayed *zapcore.BufferedWriteSyncer
	zapcore.WriteSyncer
}

func (w inOrder) Write(b []byte) (int, error) {
	_ = w.delayed.Sync()
	return w.WriteSyncer.Write(b)
}

// serve builds the node from the inside out and takes it down from the outside
// in: no login that was accepted is lost.
func (f *serveFlags) serve(ctx context.Context, log *zap.Logger, std stdio) error {
	if err := f.loopbackOrTLS(); err != nil {
		return err
	}
	// Whoever reads the log may go away. Logins go on, and the end is in good order;
	// notified rather than ignored, so that workers do not inherit it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// Passwords and secrets pass through this process: it leaves no core file.
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core files could not be switched off: %w", err)
	}
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return dataError(err)
	}
	tokens, err := store.OpenTokens(f.data)
	if err != nil {
		return err
	}
	tokens.OnError = func(err error) { log.Error("nobody gets in over HTTP", zap.Error(err)) }
	key, err := f.key()
	if err != nil {
		return err
	}
	code, err := store.OpenCode(f.data, codeEngine(), key, log)
	if err != nil {
		return err
	}
	pool, err := f.pool(code, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w; choose another with --listen", f.listen, err)
	}
	defer listener.Close()
	if f.bypass {
		log.Warn("--bypass-custom-code: every login of every tenant passes and no rule runs")
	}

	var s stack
	defer s.down()
	conn, err := f.startNATS(ctx, &s, log)
	if err != nil {
		return err
	}
	kv, kvErr := openKV(ctx, conn, log)
	if kvErr == nil {
		if err := kv.ShareCode(ctx, code); err != nil {
			log.Warn("native code of WebAssembly is not shared with other nodes: each compiles its own", zap.Error(err))
		}
	}
	s.start("pool", pool.Run)
	check, err := store.Remember(f.data, engineVersion(), checker(pool))
	if err != nil {
		return err
	}
	folder := store.OpenFolder(f.tenants, check, log)
	folder.CheckEgress = sandbox.ValidateEgress
	folder.Packages = store.OpenPackages(f.data)
	folder.CheckModule = declared(folder.Packages)
	folder.CheckAdapters = adapters.Validate
	if err := folder.Load(ctx); err != nil {
		return err
	}
	debug.FreeOSMemory() // reading leaves several times of what stays
	if err := rememberServed(f.data, f.tenants); err != nil {
		log.Warn("which folder of tenants is served was not written down: commands cannot tell misspelled names", zap.Error(err))
	}
	s.start("tenants", folder.Run)

	// The first login after a start does not pay for the start of a worker.
	if err := pool.Warm(ctx, &rulebox.Chain{}); err != nil && ctx.Err() == nil {
		return <-s.failed()
	}

	numbers := newMetrics()
	numbers.watch(pool)
	pipeline := &transaction.Pipeline{
		Tenants: newHealth(folder), Next: pool, Record: numbers.record(log),
		Bypass: func() bool { return f.bypass },
	}
	if err := f.share(ctx, &s, kv, kvErr, key, pipeline, log); err != nil {
		return err
	}
	directory := &transaction.Directory{Tenants: folder, Next: pipeline, Record: pipeline.Record}
	ready := make(chan struct{})
	s.start("bus", func(ctx context.Context) error {
		return bus.Serve(ctx, bus.ServeOptions{Conn: conn, Handler: directory, Logger: log, Ready: func() { close(ready) }})
	})
	client := bus.NewClient(conn)
	handler := gateway.New(gateway.Options{
		Triggers: client, Unsaved: unsaved{folder.Packages, readied{pool.Ready, directory}}, Authorize: authorize(tokens), Known: func(token string) bool { return tokens.Find(token) != nil },
		Ready: probe(client, f.bypass), Metrics: numbers.handler(), Adapters: adaptersOf(folder), Logger: log,
	})
	s.start("http", f.httpServer(listener, handler, log))

	select {
	case <-ready:
	case err := <-s.failed():
		return err
	}
	if err := firstToken(tokens, std); err != nil {
		return err
	}
	served := tellTenants(folder, f.tenants, std.out)
	fmt.Fprintf(std.out, "rulebox serves %s: NATS at %s, HTTP at %s\n", count(served, "tenant"), conn.ConnectedUrl(), listener.Addr())
	select {
	case <-ctx.Done():
		log.Info("draining")
		return s.down()
	case err := <-s.failed():
		return err
	}
}

// adaptersOf returns the settings that tenants have for identity servers' hooks.
func adaptersOf(tenants transaction.Tenants) func(string) map[string]json.RawMessage {
	return func(name string) map[string]json.RawMessage {
		if t := tenants.Tenant(name); t != nil {
			return t.Adapters
		}
		return nil
	}
}

// loopbackOrTLS refuses to speak plain text beyond this machine.
func (f *serveFlags) loopbackOrTLS() error {
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: it must be host:port: %w", f.listen, err)
	}
	if f.tlsCert != "" {
		if _, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey); err != nil {
			return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.tlsCert, f.tlsKey, err)
		}
	}
	if ip := net.ParseIP(host); f.tlsCert == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s is beyond loopback: that needs --tls-cert and --tls-key, for passwords and tokens travel there", f.listen)
	}
	return nil
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// firstToken makes the first token and prints it, once the server serves: one
// that was printed by a start that failed would be the only one, and be missed.
func firstToken(tokens *store.Tokens, std stdio) error {
	if !tokens.Empty() {
		return nil
	}
	t, err := tokens.Create("first start", nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "operator token: %s\n", t)
	return nil
}

func (f *serveFlags) pool(code *store.Code, log *zap.Logger) (*sandbox.Pool, error) {
	opt, err := f.jail.options(log)
	if err != nil {
		return nil, err
	}
	opt.Code = code
	opt.Program = workerProgram(opt.Plan, log)
	opt.Warm, opt.MaxWorkers, opt.MaxPerTenant, opt.Connections = f.warm, f.maxWorkers, f.perTenant, f.dbConnections
	return sandbox.New(opt)
}

// startNATS returns the node's connection: to the embedded server, or to the one
// that --nats names.
func (f *serveFlags) startNATS(ctx context.Context, s *stack, log *zap.Logger) (*nats.Conn, error) {
	if f.natsURL != "" {
		conn, err := bus.Dial(ctx, bus.ConnectOptions{URL: f.natsURL, Creds: f.creds, Name: "rulebox node"})
		if err == nil {
			s.push(func() { conn.Close() })
		}
		return conn, err
	}
	server, err := bus.StartServer(bus.ServerOptions{
		DataDir: f.data, Listen: f.natsListen, TLSCert: f.tlsCert, TLSKey: f.tlsKey, Logger: log.Named("nats"),
	})
	if err != nil {
		return nil, err
	}
	s.push(server.Close)
	conn, err := server.Conn(nats.Name("rulebox node"))
	if err != nil {
		return nil, err
	}
	s.push(conn.Close)
	return conn, nil
}

// maxConnections bounds the connections over HTTP: without a token nobody gets
// further than to open some, but each takes a descriptor, which workers and
// logins need.
const maxConnections = 4096

func (f *serveFlags) httpServer(l net.Listener, h http.Handler, log *zap.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		errorLog, err := zap.NewStdLogAt(log.Named("http"), zap.WarnLevel)
		if err != nil {
			return err
		}
		srv := &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       time.Minute,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          errorLog,
		}
		l = netutil.LimitListener(l, maxConnections)
		done := make(chan error, 1)
		go func() {
			if f.tlsCert != "" {
				done <- srv.ServeTLS(l, f.tlsCert, f.tlsKey)
			} else {
				done <- srv.Serve(l)
			}
		}()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = srv.Shutdown(ctx)
		<-done
		return err
	}
}

func authorize(tokens *store.Tokens) func(token, tenant string, right gateway.Right) bool {
	return func(token, tenant string, right gateway.Right) bool {
		t := tokens.Find(token)
		switch {
		case t == nil:
			return false
		case t.Operator():
			return true
		}
		return right == gateway.RunTriggers && slices.Contains(t.Tenants, tenant)
	}
}
