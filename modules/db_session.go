package modules

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A dbTarget is where to connect and under which options; its JSON text is what
// connections are told apart by.
type dbTarget struct {
	Host     string            `json:"h"`
	Port     int               `json:"p"`
	User     string            `json:"u"`
	Password string            `json:"w"`
	Database string            `json:"d"`
	TLS      *tlsChoice        `json:"t,omitempty"` // nil: none
	Params   map[string]string `json:"o,omitempty"`
	Number   int               `json:"n,omitempty"` // of the character set
	Multiple bool              `json:"m,omitempty"`
	Changed  bool              `json:"r,omitempty"`
	// AnyName verifies who issued the server's certificate, not the name in it.
	AnyName bool `json:"a,omitempty"`

	limit time.Duration // for connecting
}

// dbTargetOf reads the object that a module made of a script's options: host,
// port, user, password, database, timeout in milliseconds, tls.
func dbTargetOf(o Object) (*dbTarget, error) {
	text := func(k string) string { s, _ := o.Get(k).(string); return s }
	t := &dbTarget{Host: text("host"), User: text("user"), Password: text("password"), Database: text("database")}
	port, _ := o.Get("port").(float64)
	t.Port = int(port)
	if t.Port < 1 || t.Port > 65535 {
		return nil, &Throw{Class: "RangeError", Message: fmt.Sprintf("port %v of the database is not between 1 and 65535", o.Get("port")), Props: Object{{"code", "ERR_SOCKET_BAD_PORT"}}}
	}
	if t.Host == "" || len(t.Host) > 255 {
		return nil, Coded("ERR_INVALID_ARG_VALUE", "option `host` of the database is missing or longer than 255 characters")
	}
	if t.Host[0] == '/' || t.Host[0] == '@' {
		return nil, Coded("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "unix sockets are not available here: connect by host name and port")
	}
	if number, ok := o.Get("number").(float64); ok {
		t.Number = int(number)
	}
	t.Multiple, _ = o.Get("multiple").(bool)
	t.Changed, _ = o.Get("changed").(bool)
	if params, ok := o.Get("params").(Object); ok {
		t.Params = map[string]string{}
		for _, f := range params {
			t.Params[f.Key], _ = f.Value.(string)
		}
	}
	if c, ok := o.Get("tls").(Object); ok {
		text := func(k string) string { s, _ := c.Get(k).(string); return s }
		insecure, _ := c.Get("insecure").(bool)
		t.AnyName, _ = c.Get("anyname").(bool)
		t.TLS = &tlsChoice{Insecure: insecure, ServerName: text("servername"), CA: text("ca"), Cert: text("cert"), Key: text("key")}
	}
	t.limit = dbConnectLimit
	if ms, ok := o.Get("timeout").(float64); ok && ms > 0 && ms < float64(dbConnectLimit/time.Millisecond) {
		t.limit = time.Duration(ms * float64(time.Millisecond))
	}
	return t, nil
}

func (t *dbTarget) address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

func (t *dbTarget) key(ctx context.Context, h Host, driver string) dbKey {
	k := dbKey{driver: driver}
	if s, ok := h.(scoped); ok {
		k.scope = s.Scope(ctx)
	}
	text, _ := json.Marshal(t) // plain fields: cannot fail
	k.config = sha256.Sum256(text)
	return k
}

// tlsConfig is nil where no TLS is wanted.
func (t *dbTarget) tlsConfig(h Host) (*tls.Config, error) {
	if t.TLS == nil {
		return nil, nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.TLS.ServerName, InsecureSkipVerify: t.TLS.Insecure} // the script's own rejectUnauthorized: false
	if conf.ServerName == "" {
		conf.ServerName = t.Host
	}
	if r, ok := h.(rooted); ok {
		conf.RootCAs = r.Roots()
	}
	if t.TLS.CA != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(t.TLS.CA)) {
			return nil, Coded("ERR_INVALID_ARG_VALUE", "option `ssl.ca` holds no PEM certificate")
		}
	}
	if t.AnyName && !t.TLS.Insecure {
		roots := conf.RootCAs
		conf.InsecureSkipVerify = true // the chain is verified here
		conf.VerifyConnection = func(s tls.ConnectionState) error {
			opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, c := range s.PeerCertificates[1:] {
				opts.Intermediates.AddCert(c)
			}
			_, err := s.PeerCertificates[0].Verify(opts)
			return err
		}
	}
	if t.TLS.Cert != "" || t.TLS.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.TLS.Cert), []byte(t.TLS.Key))
		if err != nil {
			return nil, Coded("ERR_INVALID_ARG_VALUE", "options `ssl.cert` and `ssl.key` do not make a key pair in PEM")
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// A dbDriver logs in over an open connection, which it owns from then on.
type dbDriver struct {
	name  string
	login func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error)
}

// A dbSession is a script's connection: a lease that it holds from connect until
// the script ends it, or its realm is closed. One call at a time uses it; the
// modules queue.
type dbSession struct {
	mu     sync.Mutex // guards what follows
	lease  *dbLease
	busy   bool
	ended  bool
	cancel context.CancelCauseFunc // of the call that is under way
}

var (
	errSessionEnded = errors.New("the connection was ended by the script")
	errConnectLimit = errors.New("connecting took too long")
)

// Close gives the connection back; a call that is under way is ended.
func (s *dbSession) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.cancel != nil {
		s.cancel(errSessionEnded)
	}
	s.leave()
	return nil
}

// destroy is Close without keeping the connection.
func (s *dbSession) destroy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.cancel != nil {
		s.cancel(errSessionEnded)
	}
	if !s.busy && s.lease != nil && s.lease.conn != nil {
		s.lease.conn.Close()
	}
	s.leave()
}

// leave gives the lease back if nothing uses it. It is called with the lock held.
func (s *dbSession) leave() {
	if s.ended && !s.busy && s.lease != nil {
		s.lease.giveBack()
		s.lease = nil
	}
}

// do runs f with the session to itself.
func (s *dbSession) do(ctx context.Context, f func(ctx context.Context) error) error {
	s.mu.Lock()
	if s.ended || s.busy {
		s.mu.Unlock()
		return errSessionEnded
	}
	s.busy = true
	ctx, s.cancel = context.WithCancelCause(ctx)
	cancel := s.cancel
	s.mu.Unlock()
	err := f(ctx)
	cancel(nil)
	s.mu.Lock()
	s.busy, s.cancel = false, nil
	s.leave()
	s.mu.Unlock()
	return err
}

// connect takes a lease and logs in if it is a new one.
func (s *dbSession) connect(ctx context.Context, h Host, d *dbDriver, t *dbTarget) error {
	if h == nil {
		return Coded("EFORBIDDEN", "there is no network here")
	}
	conf, err := t.tlsConfig(h)
	if err != nil {
		return err
	}
	return s.do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, t.limit, errConnectLimit)
		defer cancel()
		l, err := dbStoreOf(h).lease(ctx, t.key(ctx, h, d.name))
		if err != nil {
			return err
		}
		if l.conn == nil {
			if err := l.open(ctx, h, d, t, conf); err != nil {
				l.giveBack()
				return err
			}
		}
		scope := context.WithoutCancel(ctx) // says for whom to dial
		l.dial = func(ctx context.Context) (net.Conn, error) {
			d, _ := ctx.Deadline()
			within, cancel := context.WithDeadline(scope, d)
			defer cancel()
			return h.Dial(within, "tcp", t.address())
		}
		s.mu.Lock()
		s.lease = l
		s.mu.Unlock()
		return nil
	})
}

func (l *dbLease) open(ctx context.Context, h Host, d *dbDriver, t *dbTarget, conf *tls.Config) error {
	c, err := h.Dial(ctx, "tcp", t.address())
	if errors.Is(err, syscall.EMFILE) { // connections that nobody uses have taken all descriptors
		transports.closeIdle()
		c, err = h.Dial(ctx, "tcp", t.address())
	}
	if err != nil {
		return &dialError{address: t.address(), err: err, late: context.Cause(ctx) == errConnectLimit}
	}
	l.raw = c
	conn, err := d.login(ctx, c, t, conf)
	if err != nil {
		return err
	}
	l.conn = conn
	return nil
}

// use runs f with the session's connection.
func (s *dbSession) use(ctx context.Context, f func(ctx context.Context, c dbConn) error) error {
	return s.do(ctx, func(ctx context.Context) error {
		s.mu.Lock()
		l := s.lease
		s.mu.Unlock()
		if l == nil {
			return errSessionEnded
		}
		return f(ctx, l.conn)
	})
}

// dbSessionNatives are what both drivers have: open() → handle, end(handle) gives
// the connection back, destroy(handle) closes it, free() tells whether another
// connection could be had at once.
var dbSessionNatives = map[string]Native{
	"free": func(c *Call, args []any) (any, error) { return c.Host == nil || dbStoreOf(c.Host).free(), nil },
	"open": func(c *Call, args []any) (any, error) { return c.Realm.Keep(&dbSession{}), nil },
	"end": func(c *Call, args []any) (any, error) {
		if s := sessionOf(c, args); s != nil {
			s.Close()
			c.Realm.Drop(args[0])
		}
		return nil, nil
	},
	"destroy": func(c *Call, args []any) (any, error) {
		if s := sessionOf(c, args); s != nil {
			s.destroy()
			c.Realm.Drop(args[0])
		}
		return nil, nil
	},
}

func sessionOf(c *Call, args []any) *dbSession {
	s, _ := c.Realm.Handle(webArg(args, 0)).(*dbSession)
	return s
}

// dbThrow is the error of everything but the server's own: network, time, bounds.
func dbThrow(err error, t *dbTarget) error {
	var throw *Throw
	var dial *dialError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &throw):
		return throw
	case errors.Is(err, errDBBusy):
		return &Throw{Message: fmt.Sprintf("timeout exceeded when trying to connect: all %d connections to databases are in use", maxConnections()),
			Props: Object{{"errno", -int(syscall.ETIMEDOUT)}, {"code", "ETIMEDOUT"}, {"syscall", "connect"},
				{"hint", "scripts of one tenant share these connections: end each as soon as its queries are done, and make slow queries faster"}}}
	case errors.As(err, &dial):
		return netThrow(err)
	case errors.Is(err, errConnectLimit):
		return &Throw{Message: "connect ETIMEDOUT " + t.address() + ": the server took the connection but did not finish the login in time",
			Props: Object{{"errno", -int(syscall.ETIMEDOUT)}, {"code", "ETIMEDOUT"}, {"syscall", "connect"}, {"address", t.Host}, {"port", t.Port}}}
	case errors.Is(err, errSessionEnded), errors.Is(err, errDBClosed):
		return Coded("ECONNABORTED", err.Error())
	}
	return netThrow(err)
}

// dbConnect is the native connect of a driver: it opens a session with the options
// and gives what greet takes of its connection. C is the driver's connection.
func dbConnect[C dbConn](driver *dbDriver, throw func(error, *dbTarget) error, greet func(C) any) Native {
	return func(c *Call, args []any) (any, error) {
		s := sessionOf(c, args)
		o, _ := webArg(args, 1).(Object)
		t, err := dbTargetOf(o)
		if err != nil {
			return nil, err
		}
		host := c.Host
		return Task(func(ctx context.Context) (any, error) {
			if s == nil {
				return nil, throw(errSessionEnded, t)
			}
			if err := s.connect(ctx, host, driver, t); err != nil {
				return nil, throw(err, t)
			}
			var greeting any
			err := s.use(ctx, func(_ context.Context, conn dbConn) error {
				greeting = greet(conn.(C))
				return nil
			})
			return greeting, throw(err, t)
		}), nil
	}
}

// dbTask is a native's work on the session of its first argument: do has the
// connection to itself, and plain makes of what it gives what the script gets. C is
// the driver's connection.
func dbTask[C dbConn, R any](c *Call, args []any, throw func(error, *dbTarget) error, do func(context.Context, C) (R, error), plain func(R) any) (any, error) {
	s := sessionOf(c, args)
	return Task(func(ctx context.Context) (any, error) {
		if s == nil {
			return nil, throw(errSessionEnded, nil)
		}
		var result R
		err := s.use(ctx, func(ctx context.Context, conn dbConn) (err error) {
			result, err = do(ctx, conn.(C))
			return err
		})
		if err != nil {
			return nil, throw(err, nil)
		}
		return plain(result), nil
	}), nil
}
