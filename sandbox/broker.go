package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A broker dials for workers: it decides, connects, and hands the connected
// socket over. It is the only way out of a worker.
type broker struct {
	global   *egressRules
	proxy    *url.URL
	resolver Resolver
	maxDials int
	rate     int
	machine  *ownAddresses
}

// maxDialTime bounds one connection attempt, names looked up included.
const maxDialTime = 30 * time.Second

func newBroker(o Egress) (*broker, error) {
	rules, err := parseEgress(o.Allow)
	if err != nil {
		return nil, fmt.Errorf("sandbox: --egress-allow: %w", err)
	}
	b := &broker{global: rules, resolver: o.Resolver, maxDials: o.MaxDials, rate: o.Rate, machine: &ownAddresses{list: net.InterfaceAddrs}}
	if b.resolver == nil {
		b.resolver = &net.Resolver{PreferGo: true}
	}
	if o.Proxy != "" {
		u, err := url.Parse(o.Proxy)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return nil, fmt.Errorf("sandbox: --egress-proxy: %q is not http://host:port", redact(o.Proxy))
		}
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), "80")
		}
		b.proxy = u
	}
	return b, nil
}

func redact(proxy string) string {
	if i := strings.LastIndexByte(proxy, '@'); i >= 0 {
		return "…" + proxy[i:]
	}
	return proxy
}

// A session is the broker's service to one worker.
type session struct {
	broker  *broker
	w       *worker
	ctx     context.Context // ends with the worker's socket; for what outlives a dial
	wg      sync.WaitGroup
	relays  chan struct{} // one slot for each relayed connection
	refused refusals
}

// serve answers the worker's dial requests until its socket closes. It waits for
// what it started.
func (b *broker) serve(w *worker) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{broker: b, w: w, ctx: ctx, relays: make(chan struct{}, b.maxDials)}
	defer s.wg.Wait()
	defer cancel()
	slots := make(chan struct{}, b.maxDials)
	pace := pace{rate: b.rate}
	p := make([]byte, wire.MaxDial+1)
	for {
		// Read takes no control data: the kernel drops descriptors that a worker
		// sends.
		n, err := w.dials.Read(p)
		if err != nil || n == 0 {
			return
		}
		var req wire.DialRequest
		if err := req.Decode(p[:n]); err != nil {
			w.kill(&death{cause: byProtocol, detail: err})
			return
		}
		// A worker that asks for too much waits here, and is not read from: that
		// it is gone must show in another way.
		select {
		case slots <- struct{}{}:
		case <-w.ended:
			return
		}
		pace.wait()
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			defer func() { <-slots }()
			s.answer(&req)
		}()
	}
}

// pace spreads events to at most rate a second, after a burst of as many.
type pace struct {
	rate int
	next time.Time // when the burst is used up
}

func (p *pace) wait() {
	now := time.Now()
	if floor := now.Add(-time.Second); p.next.Before(floor) {
		p.next = floor
	}
	p.next = p.next.Add(time.Second / time.Duration(p.rate))
	if d := p.next.Sub(now); d > 0 {
		time.Sleep(d)
	}
}

// refusals sees to it that a worker's refused hosts are logged once each, and
// not without end.
type refusals struct {
	mu   sync.Mutex
	seen map[string]struct{}
}

func (r *refusals) first(host string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, old := r.seen[host]; old || len(r.seen) >= 32 {
		return false
	}
	if r.seen == nil {
		r.seen = map[string]struct{}{}
	}
	r.seen[host] = struct{}{}
	return true
}

func (s *session) answer(req *wire.DialRequest) {
	w, stats := s.w, &s.w.pool.stats
	if req.Timeout <= 0 || req.Timeout > maxDialTime {
		req.Timeout = maxDialTime
	}
	ctx, cancel := context.WithTimeout(s.ctx, req.Timeout)
	defer cancel()
	w.mu.Lock()
	own := w.egress[req.Chain]
	w.mu.Unlock()
	reply := wire.DialReply{ID: req.ID}
	var conn net.Conn
	var err error
	if req.Resolve != "" {
		if reply.Records, err = s.broker.resolve(ctx, own, req.Resolve, req.Address); err == nil {
			w.hand(&reply, nil)
			return
		}
	} else if conn, err = s.dial(ctx, own, req.Address); err == nil {
		stats.dials.Add(1)
		defer conn.Close()
		w.hand(&reply, conn)
		return
	}
	var e *rulebox.Error
	if errors.As(err, &e) {
		stats.dialsRefused.Add(1)
		reply.Err = e
		if s.refused.first(req.Address) {
			w.logRefusal(req.Address)
		}
	} else {
		stats.dialsFailed.Add(1)
		reply.Net, reply.Text = netError(err)
	}
	w.hand(&reply, nil)
}

func (w *worker) logRefusal(address string) {
	tenant := ""
	w.pool.mu.Lock()
	if w.group != nil {
		tenant = w.group.key.tenant
	}
	w.pool.mu.Unlock()
	w.pool.log.Info("the egress policy refused a connection", zap.String("tenant", tenant), zap.String("address", address[:min(len(address), 300)]))
}

// hand sends the reply, with the socket.
func (w *worker) hand(reply *wire.DialReply, conn net.Conn) {
	p := reply.Append(nil)
	w.dials.SetWriteDeadline(time.Now().Add(time.Second)) // a worker that does not read loses its dials
	if conn == nil {
		w.dials.Write(p)
		return
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		w.dials.WriteMsgUnix(p, unix.UnixRights(int(fd)), nil)
	})
}

// netError names a failure of the network the way Node.js does.
func netError(err error) (class, text string) {
	var dns *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &dns) && dns.Err == proxied:
		return "EPROXIED", proxied
	case errors.As(err, &dns) && dns.IsNotFound:
		return "ENOTFOUND", "the name does not exist"
	case errors.As(err, &dns):
		return "EAI_AGAIN", "the name could not be looked up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "ETIMEDOUT", "no connection in time"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno), errno.Error()
	}
	return "ECONNREFUSED", "the connection could not be made"
}

// A target is where a dial may go.
type target struct {
	host  string // as asked for: a name, or an address
	port  uint16
	addrs []netip.Addr // permitted ones; empty: through the proxy
}

// dial connects to the address if the policy permits it. A refusal is an
// *rulebox.Error.
func (s *session) dial(ctx context.Context, own *egressRules, address string) (net.Conn, error) {
	b := s.broker
	t, err := b.decide(ctx, own, address)
	if err != nil {
		return nil, err
	}
	if len(t.addrs) == 0 {
		return s.dialProxy(ctx, t)
	}
	var first error
	for i, a := range t.addrs {
		// An address that does not answer leaves time for the others.
		part, cancel := context.WithTimeout(ctx, share(ctx, len(t.addrs)-i))
		conn, err := b.connect(part, own, t, a)
		cancel()
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// share is the n-th part of the time left.
func share(ctx context.Context, n int) time.Duration {
	d, ok := ctx.Deadline()
	if !ok {
		return maxDialTime / time.Duration(n)
	}
	return time.Until(d) / time.Duration(n)
}

// decide applies the policy. Names are looked up here, once; what comes out is
// addresses.
func (b *broker) decide(ctx context.Context, own *egressRules, address string) (*target, error) {
	host, portText, err := net.SplitHostPort(address)
	port, perr := strconv.ParseUint(portText, 10, 16)
	if err != nil || perr != nil || port == 0 {
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "%q is not an address to connect to (host:port)", clip(address))
	}
	t := &target{host: strings.ToLower(strings.TrimSuffix(host, ".")), port: uint16(port)}
	if a, err := netip.ParseAddr(host); err == nil {
		if what := b.refuses(own, t, a); what != "" {
			return nil, refusal(t.host, "", what, t.port)
		}
		if b.proxy == nil || b.opens(own, t, a) {
			t.addrs = []netip.Addr{a}
		}
		return t, nil
	}
	named := b.global.opensName(t.host, t.port) || own.opensName(t.host, t.port)
	switch {
	case !isHostName(t.host):
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "%q is neither a host name nor an address in its usual form", clip(host))
	case isLocalName(t.host) && !named:
		return nil, refusal(t.host, "", "this machine", t.port)
	case isLocalName(t.host):
		t.addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
		return t, nil
	case b.proxy != nil && !named:
		return t, nil
	}
	// The dot keeps search domains out: a name is what it says.
	found, err := b.resolver.LookupNetIP(ctx, "ip", t.host+".")
	if err != nil {
		return nil, err
	}
	var refused error
	for _, a := range found {
		a = a.Unmap()
		if what := b.refuses(own, t, a); what == "" {
			t.addrs = append(t.addrs, a)
		} else if refused == nil {
			refused = refusal(t.host, a.String(), what, t.port)
		}
	}
	if len(t.addrs) == 0 {
		if refused == nil {
			refused = &net.DNSError{Err: "no addresses", Name: t.host, IsNotFound: true}
		}
		return nil, refused
	}
	return t, nil
}

// refuses says what the address is if it may not be dialled for the target.
func (b *broker) refuses(own *egressRules, t *target, a netip.Addr) string {
	what := notPublic(a)
	if what == "" && b.machine.has(a) {
		what = thisMachine
	}
	switch {
	case what == metadataService && !b.global.opensAddr(a, t.port) && !own.opensAddr(a, t.port):
		// A name is its owner's to point anywhere: it opens no credentials.
		return what
	case what != "" && b.opens(own, t, a):
		return ""
	}
	return what
}

// opens tells whether an allow list names the target or holds the address.
func (b *broker) opens(own *egressRules, t *target, a netip.Addr) bool {
	return b.global.opensName(t.host, t.port) || own.opensName(t.host, t.port) ||
		b.global.opensAddr(a, t.port) || own.opensAddr(a, t.port)
}

// connect dials the literal address, and checks again what the kernel is asked
// to connect to, and what it is connected to.
func (b *broker) connect(ctx context.Context, own *egressRules, t *target, a netip.Addr) (net.Conn, error) {
	d := net.Dialer{Control: func(network, address string, c syscall.RawConn) error {
		if err := c.Control(boundBuffers); err != nil {
			return err
		}
		return b.recheck(own, t, address)
	}}
	conn, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(a, t.port).String())
	if err != nil {
		return nil, err
	}
	if err := b.recheck(own, t, conn.RemoteAddr().String()); err != nil {
		conn.Close()
		return nil, err
	}
	// Nobody but this machine connects from the address that it connects to.
	if conn.LocalAddr().(*net.TCPAddr).IP.Equal(conn.RemoteAddr().(*net.TCPAddr).IP) && !b.opens(own, t, a) {
		conn.Close()
		return nil, refusal(t.host, a.String(), thisMachine, t.port)
	}
	return conn, nil
}

// maxBuffer bounds what the kernel holds for each direction of a connection, in
// bytes. It would grow to megabytes of what a worker does not read, outside of
// every limit of the worker's: the socket is the node's.
const maxBuffer = 128 << 10

func boundBuffers(fd uintptr) {
	// Refused only for numbers that are not; a connection works without, too.
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, maxBuffer)
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, maxBuffer)
}

func (b *broker) recheck(own *egressRules, t *target, address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || ap.Port() != t.port {
		return refusal(t.host, clip(address), "not the address that was decided on", t.port)
	}
	if what := b.refuses(own, t, ap.Addr().Unmap()); what != "" {
		return refusal(t.host, ap.Addr().String(), what, t.port)
	}
	return nil
}

// refusal is the sentence for the script's author.
func refusal(host, addr, what string, port uint16) *rulebox.Error {
	entry := host
	if addr == "" {
		addr = host
	} else {
		host = fmt.Sprintf("%s (%s)", host, addr)
	}
	if what == metadataService {
		entry = addr // a name does not open it
	}
	return rulebox.Errorf(rulebox.CodeForbidden, "connecting to %s is not allowed: it is %s", host, what).
		WithHint("scripts reach public addresses only; to open this one, add %q to the tenant's `egress` list or start the node with --egress-allow %s", net.JoinHostPort(entry, strconv.Itoa(int(port))), net.JoinHostPort(entry, strconv.Itoa(int(port))))
}

func clip(s string) string { return s[:min(len(s), 200)] }
