package hostile

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A victim listens on loopback, on all families and on every address of this
// machine. Nobody may reach it.
type victim struct {
	port    int
	reached atomic.Int64
}

func newVictim(t *testing.T) *victim {
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	v := &victim{port: l.Addr().(*net.TCPAddr).Port}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			v.reached.Add(1)
			c.Write([]byte("ESCAPED\r\n"))
			c.Close()
		}
	})
	// It can be reached, by who may.
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.NoError(t, err)
	c.Close()
	v.reached.Store(0)
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	return v
}

// attacker is the zone of names that a script's author points where he likes.
type attacker struct{}

func (attacker) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	label, _, _ := strings.Cut(host, ".")
	a, ok := map[string]string{
		"loop": "127.0.0.1", "loop6": "::1", "any": "0.0.0.0", "mapped": "::ffff:127.0.0.1", "private": "10.0.0.1", "metadata": "169.254.169.254",
		"ula": "fd00:ec2::254", "nat64": "64:ff9b::7f00:1", "six": "2002:7f00:1::", "link": "fe80::1",
	}[label]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr(a)}, nil
}

func (attacker) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: "ESCAPED."}}, nil
}
func (attacker) LookupTXT(context.Context, string) ([]string, error) {
	return []string{"ESCAPED"}, nil
}
func (attacker) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", []*net.SRV{{Target: "ESCAPED."}}, nil
}
func (attacker) LookupNS(context.Context, string) ([]*net.NS, error) {
	return []*net.NS{{Host: "ESCAPED."}}, nil
}
func (attacker) LookupCNAME(context.Context, string) (string, error) { return "ESCAPED.", nil }
func (attacker) LookupAddr(context.Context, string) ([]string, error) {
	return []string{"ESCAPED."}, nil
}
