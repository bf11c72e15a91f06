package modules

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"reflect"
	"sync"
	"syscall"
	"time"
)

const (
	httpMaxHeader  = 256 << 10
	httpMaxBody    = 10 << 20 // decoded bytes of one response
	httpMaxRequest = 10 << 20
	httpDialLimit  = 10 * time.Second
	httpIdleLimit  = 30 * time.Second
	httpIdleConns  = 128 // open without a request, of one transport: most scripts call one service, from many logins at once
	httpTransports = 32  // transports kept in this process, least recently used goes
)

// rooted is what a Host may also offer: the certificate authorities to trust.
// Without it, or when it returns nil, the system's are used.
type rooted interface{ Roots() *x509.CertPool }

// scoped is what a Host may also offer: requests share connections only with
// those of the same scope. A Host whose egress policy depends on the context
// needs it; without it all of its requests share.
type scoped interface {
	Scope(ctx context.Context) uint64
}

// tlsChoice is what a script may ask of TLS beyond the default.
type tlsChoice struct {
	Insecure   bool   `json:"i,omitempty"`
	ServerName string `json:"s,omitempty"`
	CA         string `json:"a,omitempty"` // PEM
	Cert       string `json:"c,omitempty"` // PEM
	Key        string `json:"k,omitempty"` // PEM
}

func (t tlsChoice) digest() [32]byte {
	if t == (tlsChoice{}) {
		return [32]byte{}
	}
	b, _ := json.Marshal(t) // five plain fields: cannot fail
	return sha256.Sum256(b)
}

// transportKey tells transports apart. Connections are shared by all realms of
// one Host: a Host belongs to one tenant.
type transportKey struct {
	host  Host
	scope uint64
	tls   [32]byte
}

type transportCache struct {
	mu   sync.Mutex // guards all below
	m    map[transportKey]*http.Transport
	used []transportKey // least recently used first
}

var transports = transportCache{m: map[transportKey]*http.Transport{}}

// transportFor returns the transport of the host for the choice, shared if the
// host can be a map key.
func transportFor(ctx context.Context, host Host, choice tlsChoice) (*http.Transport, error) {
	var scope uint64
	if s, ok := host.(scoped); ok {
		scope = s.Scope(ctx)
	}
	if !reflect.TypeOf(host).Comparable() {
		return newTransport(host, choice)
	}
	return transports.get(transportKey{host, scope, choice.digest()}, choice)
}

func (c *transportCache) get(key transportKey, choice tlsChoice) (*http.Transport, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.used {
		if k == key {
			copy(c.used[i:], c.used[i+1:])
			c.used[len(c.used)-1] = key
			return c.m[key], nil
		}
	}
	t, err := newTransport(key.host, choice)
	if err != nil {
		return nil, err
	}
	if len(c.used) >= httpTransports {
		c.m[c.used[0]].CloseIdleConnections()
		delete(c.m, c.used[0])
		c.used = append(c.used[:0], c.used[1:]...)
	}
	c.m[key], c.used = t, append(c.used, key)
	return t, nil
}

// closeIdle closes every connection without a request.
func (c *transportCache) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.m {
		t.CloseIdleConnections()
	}
}

func newTransport(host Host, choice tlsChoice) (*http.Transport, error) {
	conf := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         choice.ServerName,
		InsecureSkipVerify: choice.Insecure, // the script's own rejectUnauthorized: false
	}
	if r, ok := host.(rooted); ok {
		conf.RootCAs = r.Roots()
	}
	if choice.CA != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(choice.CA)) {
			return nil, Coded("ERR_INVALID_ARG_VALUE", "option `ca` holds no PEM certificate")
		}
	}
	if choice.Cert != "" || choice.Key != "" {
		pair, err := tls.X509KeyPair([]byte(choice.Cert), []byte(choice.Key))
		if err != nil {
			return nil, Coded("ERR_INVALID_ARG_VALUE", "options `cert` and `key` do not make a key pair: "+err.Error())
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeoutCause(ctx, httpDialLimit, errDialLimit)
			defer cancel()
			conn, err := host.Dial(ctx, network, address)
			if errors.Is(err, syscall.EMFILE) { // connections that nobody uses have taken all descriptors
				transports.closeIdle()
				conn, err = host.Dial(ctx, network, address)
			}
			if err != nil {
				return nil, &dialError{address: address, err: err, late: context.Cause(ctx) == errDialLimit}
			}
			return conn, nil
		},
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    httpDialLimit,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only, as Node's clients
		DisableCompression:     true,                                                   // decoded by the exchange, which keeps the headers
		MaxIdleConns:           httpIdleConns,
		MaxIdleConnsPerHost:    httpIdleConns,
		IdleConnTimeout:        httpIdleLimit,
		MaxResponseHeaderBytes: httpMaxHeader,
		ExpectContinueTimeout:  time.Second,
	}, nil
}
