// Command oidc is an OpenID Connect login server whose logins run a tenant's code
// in Rulebox, with an application that uses it. It starts all that it needs:
//
//	rulebox serve     runs the scripts in tenants/acme
//	the login server  http://localhost:9998
//	the shop          http://localhost:9999, where to begin
//	the members       a web service that knows the passwords
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/examples/oidc/members"
	"github.com/rulebox/rulebox/examples/oidc/provider"
	"github.com/rulebox/rulebox/examples/oidc/shop"
)

type options struct {
	binary, tenants, data string
	// Addresses, with port 0 for any that is free.
	login, shop, members, http, nats string
	// More for rulebox serve.
	env, egress []string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "rulebox", "../../bin/rulebox", "the rulebox `binary`")
	flag.StringVar(&o.tenants, "tenants", "tenants", "the `folder` with the tenant acme")
	flag.StringVar(&o.data, "data", "../../data/oidc", "the `folder` for what is to be remembered")
	flag.StringVar(&o.login, "login", "127.0.0.1:9998", "`address` of the login server")
	flag.StringVar(&o.shop, "shop", "127.0.0.1:9999", "`address` of the shop")
	flag.StringVar(&o.members, "members", "127.0.0.1:0", "`address` of the members' web service")
	flag.StringVar(&o.http, "rulebox-http", "127.0.0.1:0", "`address` for Rulebox's HTTP")
	flag.StringVar(&o.nats, "rulebox-nats", "127.0.0.1:0", "`address` for Rulebox's NATS")
	flag.Parse()
	// rulebox serve must not outlive the thread that starts it: see serve.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, o, slog.New(slog.NewTextHandler(os.Stderr, nil)), func(issuer, shop string) {
		fmt.Printf("The login server is %s, with discovery at %s/.well-known/openid-configuration.\n"+
			"Open %s and log in as ann@acme.example with the password ann-secret. Ctrl-C ends.\n", issuer, issuer, shop)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "oidc:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, or a part fails. It calls ready when all is
// there.
func run(ctx context.Context, o options, log *slog.Logger, ready func(issuer, shop string)) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var parts parts
	defer func() {
		cancel(nil)
		parts.wait()
		if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}()
	listen := func(address string) (l net.Listener, local string) {
		if err == nil {
			l, err = net.Listen("tcp", address)
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w (-help has the flags that choose others)", err)
		}
		if err != nil {
			return nil, ""
		}
		parts.listeners = append(parts.listeners, l)
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return l, "http://localhost:" + port
	}
	loginListener, issuer := listen(o.login)
	shopListener, shopURL := listen(o.shop)
	membersListener, _ := listen(o.members)
	if err != nil {
		return err
	}
	siteSecret, membersKey := rand.Text()+rand.Text(), rand.Text() // HS256 wants 256 bits
	company, err := members.New(membersKey)
	if err != nil {
		return err
	}
	parts.serve(ctx, cancel, membersListener, company)

	rulebox := &child{binary: o.binary, env: append([]string{
		"RULEBOX_CONFIG_ACME_SITE_URL=" + shopURL, "RULEBOX_SECRET_ACME_SITE_URL=" + shopURL,
		"RULEBOX_CONFIG_ACME_SITE_SECRET=" + siteSecret, "RULEBOX_SECRET_ACME_SITE_SECRET=" + siteSecret,
		"RULEBOX_SECRET_ACME_MEMBERS_URL=http://" + membersListener.Addr().String(), "RULEBOX_SECRET_ACME_MEMBERS_KEY=" + membersKey,
	}, o.env...), args: []string{"serve", "--tenants", o.tenants, "--data", filepath.Join(o.data, "rulebox"),
		"--listen", o.http, "--nats-listen", o.nats, "--log-level", "warn"}}
	for _, address := range append([]string{membersListener.Addr().String()}, o.egress...) {
		rulebox.args = append(rulebox.args, "--egress-allow", address)
	}
	if err := rulebox.start(); err != nil {
		return err
	}
	defer rulebox.stop()

	client, err := bus.Connect(ctx, bus.ConnectOptions{DataDir: filepath.Join(o.data, "rulebox")})
	if err != nil {
		return err
	}
	defer client.Close()
	users, err := provider.OpenUsers(filepath.Join(o.data, "users.json"))
	if err != nil {
		return err
	}
	const shopID = "shop"
	login, err := provider.New(provider.Options{Issuer: issuer, Rulebox: client, Tenant: "acme", Connection: "members", Users: users, Log: log,
		Clients: []provider.Client{{ID: shopID, Name: "The shop", RedirectURIs: []string{shopURL + shop.CallbackPath}, Scopes: []string{"orders"}}}})
	if err != nil {
		return err
	}
	parts.serve(ctx, cancel, loginListener, login)
	application, err := shop.New(ctx, shop.Options{Issuer: issuer, URL: shopURL, ClientID: shopID, Secret: siteSecret})
	if err != nil {
		return err
	}
	parts.serve(ctx, cancel, shopListener, application)
	ready(issuer, shopURL)
	select {
	case <-ctx.Done():
		return nil
	case <-rulebox.ended:
		return fmt.Errorf("rulebox serve has ended by itself: %v", rulebox.err)
	}
}

// parts are HTTP servers.
type parts struct {
	listeners []net.Listener
	done      []chan struct{}
}

// serve serves until the context ends; a failure ends it.
func (p *parts) serve(ctx context.Context, cancel context.CancelCauseFunc, l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	p.done = append(p.done, done)
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	}()
	stopped := make(chan struct{})
	p.done = append(p.done, stopped)
	go func() {
		defer close(stopped)
		<-ctx.Done()
		_ = server.Close() // what is on its way is a login that can be begun again
	}()
}

func (p *parts) wait() {
	for _, done := range p.done {
		<-done
	}
	for _, l := range p.listeners {
		_ = l.Close() // those that nothing has served yet
	}
}
