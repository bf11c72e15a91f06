package modtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/stretchr/testify/require"
)

// listen serves each connection with f, until the test ends, and returns the
// port.
func listen(t testing.TB, f func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	var wait sync.WaitGroup
	open := map[net.Conn]bool{}
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			wait.Go(func() {
				defer conn.Close()
				f(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

func echoLines(conn net.Conn) {
	in := bufio.NewScanner(conn)
	for in.Scan() {
		fmt.Fprintf(conn, "echo %s\n", in.Text())
	}
}

// ports are the constants that the cases see.
func ports(t testing.TB) map[string]int {
	return map[string]int{
		"PORT":   listen(t, echoLines),
		"MIRROR": listen(t, func(c net.Conn) { io.Copy(c, c) }),
		"SILENT": listen(t, func(c net.Conn) { io.Copy(io.Discard, c) }),
		"BYE":    listen(t, func(c net.Conn) {}),
		"HALF": listen(t, func(c net.Conn) {
			io.WriteString(c, "bye\n")
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		}),
		"RESET": listen(t, func(c net.Conn) {
			c.Read(make([]byte, 1))
			c.(*net.TCPConn).SetLinger(0)
		}),
		"FLOOD": listen(t, func(c net.Conn) {
			b := make([]byte, 64<<10)
			for {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}),
		"CLOSED": closedPort(t),
	}
}

func closedPort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// constants defines them in the realm.
func constants[V any](m map[string]V) Option {
	return func(r *Realm) {
		for name, v := range m {
			r.VM.Set(name, v)
		}
	}
}

func TestNet(t *testing.T) {
	Cases(t, "testdata/net.txtar", WithHost(&dialHost{}), constants(ports(t)))
}

// tlsPorts are servers with certificates of every kind.
func tlsPorts(t testing.TB) (map[string]int, map[string]string) {
	good, self := testserver.NewCertificate(t, nil), testserver.NewSelfSigned(t, "localhost")
	old, other := testserver.NewCertificate(t, nil, testserver.Expired), testserver.NewCertificate(t, []string{"other.example"})
	client := testserver.NewCertificate(t, []string{"client"})
	common := testserver.NewCertificate(t, []string{"localhost"}, func(c *x509.Certificate) { c.DNSNames = nil })
	serve := func(c *testserver.Certificate, conf *tls.Config, f func(net.Conn)) int {
		conf.Certificates = []tls.Certificate{c.Pair(t)}
		return listen(t, func(conn net.Conn) {
			s := tls.Server(conn, conf)
			if s.Handshake() == nil {
				f(s)
				s.Close()
			}
		})
	}
	mutual := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: client.Pool()}
	return map[string]int{
			"GOOD":  serve(good, &tls.Config{NextProtos: []string{"first", "second"}}, echoLines),
			"SELF":  serve(self, &tls.Config{}, echoLines),
			"OLD":   serve(old, &tls.Config{}, echoLines),
			"OTHER": serve(other, &tls.Config{}, echoLines),
			"MUTUAL": serve(good, mutual, func(c net.Conn) {
				fmt.Fprintln(c, c.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName)
			}),
			"ELEVEN": serve(good, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, echoLines),
			"COMMON": serve(common, &tls.Config{}, echoLines),
			"TWELVE": serve(good, &tls.Config{MaxVersion: tls.VersionTLS12}, func(c net.Conn) { io.Copy(c, c) }),
			"PLAIN":  listen(t, func(c net.Conn) { c.Read(make([]byte, 1)); io.WriteString(c, "HTTP/1.1 400 no\r\n\r\n") }),
			"HANGUP": listen(t, func(c net.Conn) { c.Read(make([]byte, 64<<10)) }),
			"STARTTLS": listen(t, func(c net.Conn) {
				in := bufio.NewReader(c)
				io.WriteString(c, "220 hello\n")
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					if strings.TrimSpace(line) != "STARTTLS" {
						io.WriteString(c, "250 "+line)
						continue
					}
					io.WriteString(c, "220 go\n")
					s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{good.Pair(t)}})
					defer s.Close()
					io.WriteString(s, "inside\n")
					echoLines(s)
					return
				}
			}),
		}, map[string]string{
			"CA": good.CA, "OLDCA": old.CA, "OTHERCA": other.CA, "SELFCA": self.CA, "CERT": client.Cert, "KEY": client.Key, "CLIENTCA": client.CA, "COMMONCA": common.CA,
		}
}

func TestTLS(t *testing.T) {
	p, pems := tlsPorts(t)
	Cases(t, "testdata/tls.txtar", WithHost(&dialHost{}), constants(p), constants(pems))
}

// nameHost is a host that knows some names.
type nameHost struct{ dialHost }

func (h *nameHost) Resolve(_ context.Context, kind, name string) ([]string, error) {
	known := map[string][]string{
		"A both.test": {"192.0.2.1", "192.0.2.2"}, "AAAA both.test": {"2001:db8::1"}, "MX both.test": {"10 mail.test"}, "SRV both.test": {"1 2 5060 sip.test"},
		"TXT both.test": {"v=spf1 -all"}, "A alias.test": {"192.0.2.9"},
	}
	switch {
	case name == "secret.test":
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "looking up secret.test is not allowed: it is private")
	case strings.HasSuffix(name, "proxied.test"):
		return nil, &net.DNSError{Err: "names are looked up by the egress proxy", Name: name}
	case known[kind+" "+name] == nil:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return known[kind+" "+name], nil
}

func (h *nameHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if name, _, _ := net.SplitHostPort(address); name == "proxied.test" {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return h.dialHost.Dial(ctx, network, address)
}

func TestDNS(t *testing.T) {
	Cases(t, "testdata/dns.txtar", WithHost(&nameHost{}), constants(ports(t)))
}
