package worker

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A host is what modules may ask of the outside: connections that the node
// opens, and randomness.
type host struct {
	conn  *net.UnixConn
	roots []byte // PEM
	once  sync.Once

	mu      sync.Mutex // guards what follows
	next    uint64
	pending map[uint64]chan dialed
	gone    bool
}

type dialed struct {
	conn    net.Conn
	records []string
	err     error
}

func newHost(conn *net.UnixConn, roots []byte) *host {
	return &host{conn: conn, roots: roots, pending: map[uint64]chan dialed{}}
}

type chainKey struct{}

// withChain says for which chain to dial. It reaches Dial through modules and
// Go's own HTTP client, which know nothing of chains.
func withChain(ctx context.Context, id uint64) context.Context {
	return context.WithValue(ctx, chainKey{}, id)
}

// Rand implements modules.Host.
func (h *host) Rand() io.Reader { return rand.Reader }

// Dial implements modules.Host.
func (h *host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
	}
	h.once.Do(h.trust)
	d := h.ask(ctx, wire.DialRequest{Address: address})
	return d.conn, d.err
}

// RootPEM is what modules ask of a Host that can list its authorities.
func (h *host) RootPEM() []byte { return h.roots }

// Resolve is what modules ask of a Host that knows names.
func (h *host) Resolve(ctx context.Context, kind, name string) ([]string, error) {
	d := h.ask(ctx, wire.DialRequest{Resolve: kind, Address: name})
	if d.conn != nil {
		d.conn.Close()
	}
	return d.records, d.err
}

// ask sends the request and waits for the answer.
func (h *host) ask(ctx context.Context, req wire.DialRequest) dialed {
	if err := ctx.Err(); err != nil {
		return dialed{err: err}
	}
	req.Chain = h.Scope(ctx)
	if d, ok := ctx.Deadline(); ok {
		req.Timeout = max(time.Until(d), 1)
	}
	if len(req.Address)+len(req.Resolve) > 1<<10 {
		return dialed{err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.AddrError{Err: "address too long", Addr: req.Address[:min(64, len(req.Address))] + "…"}}}
	}
	ch := make(chan dialed, 1)
	h.mu.Lock()
	h.next++
	req.ID = h.next
	h.pending[req.ID] = ch
	gone := h.gone
	h.mu.Unlock()
	if !gone {
		if _, err := h.conn.Write(req.Append(nil)); err != nil {
			h.take(req.ID)
			return dialed{err: err}
		}
	}
	select {
	case d := <-ch:
		return d
	case <-ctx.Done():
		if h.take(req.ID) == nil {
			// It came at the same moment.
			if d := <-ch; d.conn != nil {
				d.conn.Close()
			}
		}
		return dialed{err: ctx.Err()}
	}
}

// trust makes the node's roots the process's, at the first connection: many
// workers never open one. Without it crypto/x509 would trust nothing, as it can
// read no files here.
func (h *host) trust() {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(h.roots)
	x509.SetFallbackRoots(pool)
}

func (h *host) take(id uint64) chan dialed {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := h.pending[id]
	delete(h.pending, id)
	return ch
}

// serve hands replies to those who wait for them, until the node is gone.
func (h *host) serve() {
	p, oob := make([]byte, wire.MaxDialReply), make([]byte, unix.CmsgSpace(4))
	for {
		n, oobn, _, _, err := h.conn.ReadMsgUnix(p, oob)
		if err != nil || n == 0 {
			h.mu.Lock()
			h.gone = true
			h.mu.Unlock()
			return
		}
		file := received(oob[:oobn])
		var m wire.DialReply
		if err := m.Decode(p[:n]); err != nil {
			closeFile(file)
			continue
		}
		ch := h.take(m.ID)
		if ch == nil {
			closeFile(file) // nobody waits any more
			continue
		}
		ch <- connect(&m, file)
	}
}

func closeFile(f *os.File) {
	if f != nil {
		f.Close()
	}
}

// received returns the descriptor in the control data, nil if there is none.
func received(oob []byte) *os.File {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(msgs) != 1 {
		return nil
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return nil
	}
	return os.NewFile(uintptr(fds[0]), "socket")
}

func connect(m *wire.DialReply, file *os.File) dialed {
	defer closeFile(file)
	switch {
	case m.Err != nil:
		return dialed{err: m.Err}
	case m.Net != "":
		return dialed{err: networkError(m.Net, m.Text)}
	case len(m.Records) > 0: // what does not exist is an error
		return dialed{records: m.Records}
	case file == nil:
		// The kernel drops a descriptor for which there is no room.
		return dialed{err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EMFILE)}}
	}
	c, err := net.FileConn(file)
	if err != nil {
		return dialed{err: fmt.Errorf("take over the connection: %w", err)}
	}
	return dialed{conn: c}
}

// networkError rebuilds the error that the node's dial had.
func networkError(class, text string) error {
	switch class {
	case "ENOTFOUND":
		return &net.DNSError{Err: text, IsNotFound: true}
	case "EPROXIED":
		return &net.DNSError{Err: text}
	case "EAI_AGAIN":
		return &net.DNSError{Err: text, IsTemporary: true}
	}
	for errno := syscall.Errno(1); errno < 134; errno++ {
		if unix.ErrnoName(errno) == class {
			return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
		}
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %s", class, text)}
}

// Scope keeps connections of one chain from others of the tenant, which may have
// been granted less. See the modules' HTTP client.
func (h *host) Scope(ctx context.Context) uint64 {
	id, _ := ctx.Value(chainKey{}).(uint64)
	return id
}
