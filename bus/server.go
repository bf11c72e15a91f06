package bus

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/jwt/v2"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"go.uber.org/zap"
)

// ServerOptions say how the embedded NATS server runs.
type ServerOptions struct {
	// DataDir is the data folder; the server's files are in its folder nats.
	DataDir string
	// Listen is host:port. Default 127.0.0.1:4222; port 0 takes a free one.
	// Beyond loopback TLSCert and TLSKey are required.
	Listen string
	// TLSCert and TLSKey are paths of PEM files.
	TLSCert, TLSKey string
	// MaxPayload is the greatest message, in bytes. Default 4 MiB, which holds
	// values and logs at their default limits.
	MaxPayload int
	// Logger may be nil.
	Logger *zap.Logger
}

// DefaultListen is where the embedded server listens.
const DefaultListen = "127.0.0.1:4222"

const (
	defaultMaxPayload = 4 << 20
	// jetStreamMemory bounds streams kept in memory; configuration is on disk.
	jetStreamMemory = 256 << 20
	startTimeout    = 20 * time.Second
	// revocationCheck is how often the accounts folder is looked at.
	revocationCheck = 250 * time.Millisecond
)

// A Server is a NATS server in this process, with JetStream for the nodes and an
// account for every credential.
type Server struct {
	l      layout
	ns     *natsserver.Server
	lock   *os.File
	url    string
	stop   context.CancelFunc
	joined sync.WaitGroup
	close  sync.Once
}

// StartServer starts the embedded server and returns once it accepts
// connections. Keys and the credentials of the node and of this machine's CLI
// are made when they are not there yet. The caller closes the server.
func StartServer(opt ServerOptions) (*Server, error) {
	if opt.DataDir == "" {
		return nil, errors.New("bus: the embedded NATS server needs a data folder (--data DIR)")
	}
	if opt.Logger == nil {
		opt.Logger = zap.NewNop()
	}
	opt.Listen = cmp.Or(opt.Listen, DefaultListen)
	opt.MaxPayload = cmp.Or(opt.MaxPayload, defaultMaxPayload)
	s := &Server{l: layout(opt.DataDir)}
	if err := s.start(opt); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(opt ServerOptions) error {
	nopt, err := listenOptions(opt)
	if err != nil {
		return err
	}
	k, err := openKeys(s.l)
	if err != nil {
		return err
	}
	if s.lock, err = lockFile(s.l); err != nil {
		return err
	}
	if err := s.l.firstCreds(k); err != nil {
		return err
	}
	accounts, err := s.l.trust(k, nopt)
	if err != nil {
		return err
	}
	// Binding here first gives the system's own words when it cannot be done.
	probe, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return fmt.Errorf("bus: NATS cannot listen on %s (another server there? choose with --nats-listen): %w", opt.Listen, err)
	}
	probe.Close()
	if nopt.Port == 0 {
		nopt.Port = natsserver.RANDOM_PORT
	}

	log := &serverLog{log: opt.Logger.Named("nats")}
	if s.ns, err = natsserver.NewServer(nopt); err != nil {
		return fmt.Errorf("bus: embedded NATS server: %w", err)
	}
	s.ns.SetLoggerV2(log, false, false, false)
	s.ns.Start()
	if !log.failed() && !s.ns.ReadyForConnections(startTimeout) && !log.failed() {
		return fmt.Errorf("bus: the embedded NATS server on %s was not ready within %v", opt.Listen, startTimeout)
	}
	if text := log.fatal(); text != "" {
		return fmt.Errorf("bus: the embedded NATS server (files in %s, listening on %s) did not start: %s", s.l.root(), opt.Listen, text)
	}
	s.url = localURL(nopt, s.ns.Addr())
	if err := writeOver(s.l.url(), []byte(s.url+"\n")); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.joined.Add(1)
	go func() { // joined by Close
		defer s.joined.Done()
		accounts.watch(ctx, s.ns, log.log)
	}()
	return nil
}

// Close ends the server and every connection to it. It waits for its files to be
// written. Closing it again does nothing.
func (s *Server) Close() { s.close.Do(s.shutdown) }

func (s *Server) shutdown() {
	if s.stop != nil {
		s.stop()
		s.joined.Wait()
		_ = os.Remove(s.l.url())
	}
	if s.ns != nil {
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
	}
	if s.lock != nil {
		s.lock.Close() // and with it the lock
	}
}

// localURL returns where clients on this machine reach the server.
func localURL(nopt *natsserver.Options, at net.Addr) string {
	host := nopt.Host
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	scheme := "nats://"
	if nopt.TLS {
		scheme = "tls://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(at.(*net.TCPAddr).Port))
}

// URL returns where clients on this machine reach the server.
func (s *Server) URL() string { return s.url }

// DataDir returns the data folder.
func (s *Server) DataDir() string { return string(s.l) }

// Conn returns a new connection with a node's credentials that does not leave
// the process. The caller closes it, before the server.
func (s *Server) Conn(options ...nats.Option) (*nats.Conn, error) {
	return Dial(context.Background(), ConnectOptions{
		URL:   strings.Replace(s.url, "tls://", "nats://", 1), // for show: it is not dialled
		Creds: s.l.nodeCreds(),
		Name:  "node",
		NATS:  append([]nats.Option{nats.InProcessServer(s.ns)}, options...),
	})
}

func listenOptions(opt ServerOptions) (*natsserver.Options, error) {
	host, portText, err := net.SplitHostPort(opt.Listen)
	if err != nil {
		return nil, fmt.Errorf("bus: --nats-listen %q is not host:port: %w", opt.Listen, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("bus: --nats-listen %q: the port is not a number up to 65535", opt.Listen)
	}
	if opt.MaxPayload < 0 || opt.MaxPayload > 64<<20 {
		return nil, fmt.Errorf("bus: the greatest message is %d bytes; NATS takes up to 64 MiB", opt.MaxPayload)
	}
	nopt := &natsserver.Options{
		ServerName: "rulebox",
		Host:       host,
		Port:       int(port),
		MaxPayload: int32(opt.MaxPayload),
		NoSigs:     true,
	}
	if (opt.TLSCert == "") != (opt.TLSKey == "") {
		return nil, errors.New("bus: TLS needs both a certificate and its key (--tls-cert FILE --tls-key FILE)")
	}
	if opt.TLSCert == "" {
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("bus: NATS on %s would be reachable from other machines, which takes TLS: give --tls-cert FILE and --tls-key FILE, or listen on loopback (--nats-listen %s)", opt.Listen, DefaultListen)
		}
		return nopt, nil
	}
	cert, err := tls.LoadX509KeyPair(opt.TLSCert, opt.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("bus: TLS certificate %s with key %s: %w", opt.TLSCert, opt.TLSKey, err)
	}
	nopt.TLS = true
	nopt.TLSTimeout = 5
	nopt.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return nopt, nil
}

// lockFile keeps a second server off the same files.
func lockFile(l layout) (*os.File, error) {
	f, err := os.OpenFile(l.lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("bus: another server is running on the data folder %s (%s is locked); stop it or give this one its own --data folder", string(l), l.lock())
	}
	return f, nil
}

// firstCreds makes the credentials of the node and of this machine's CLI.
func (l layout) firstCreds(k *keys) error {
	if _, err := os.Stat(l.nodeCreds()); errors.Is(err, fs.ErrNotExist) {
		creds, err := newUser(k.nodes, "node", jwt.Permissions{})
		if err != nil {
			return err
		}
		if err := writeNew(l.nodeCreds(), creds); err != nil {
			return err
		}
	}
	if _, err := os.Stat(l.operatorCreds()); errors.Is(err, fs.ErrNotExist) {
		return k.createCreds(l, l.operatorCreds(), []string{AllTenants}, operatorName)
	}
	return nil
}

// trust puts the operator and the accounts into nopt.
func (l layout) trust(k *keys, nopt *natsserver.Options) (*resolver, error) {
	operatorPublic, err := k.operator.PublicKey()
	if err != nil {
		return nil, err
	}
	// The server's own account. Nobody needs its key, so nobody has it.
	system, err := nkeys.CreateAccount()
	if err != nil {
		return nil, err
	}
	systemPublic, err := system.PublicKey()
	if err != nil {
		return nil, err
	}
	systemClaims := jwt.NewAccountClaims(systemPublic)
	systemClaims.Name = "system"
	systemToken, err := systemClaims.Encode(k.operator)
	if err != nil {
		return nil, err
	}
	nodesToken, err := k.nodesAccount()
	if err != nil {
		return nil, err
	}
	operatorClaims := jwt.NewOperatorClaims(operatorPublic)
	operatorClaims.Name = "rulebox"
	operatorClaims.SystemAccount = systemPublic
	token, err := operatorClaims.Encode(k.operator)
	if err != nil {
		return nil, err
	}
	if operatorClaims, err = jwt.DecodeOperatorClaims(token); err != nil {
		return nil, err
	}
	accounts := &resolver{l: l, fixed: map[string]string{systemPublic: systemToken, k.nodesPublic: nodesToken}}
	nopt.TrustedOperators = []*jwt.OperatorClaims{operatorClaims}
	nopt.SystemAccount = systemPublic
	nopt.AccountResolver = accounts
	nopt.JetStream = true
	nopt.StoreDir = l.file("jetstream")
	nopt.JetStreamMaxMemory = jetStreamMemory
	// What is acknowledged is on disk.
	nopt.SyncAlways = true
	return accounts, nil
}

// A serverLog passes on what the NATS server logs and keeps why it failed.
type serverLog struct {
	log  *zap.Logger
	mu   sync.Mutex
	text string
}

func (g *serverLog) fatal() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text
}

func (g *serverLog) failed() bool { return g.fatal() != "" }

func (g *serverLog) Fatalf(format string, v ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.text = strings.TrimSpace(g.text + " " + fmt.Sprintf(format, v...))
}
func (g *serverLog) Noticef(format string, v ...any) { g.log.Debug(fmt.Sprintf(format, v...)) }
func (g *serverLog) Warnf(format string, v ...any)   { g.log.Warn(fmt.Sprintf(format, v...)) }
func (g *serverLog) Errorf(format string, v ...any)  { g.log.Error(fmt.Sprintf(format, v...)) }
func (g *serverLog) Debugf(string, ...any)           {}
func (g *serverLog) Tracef(string, ...any)           {}
