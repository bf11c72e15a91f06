package sandbox

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// recordDNS answers for every kind of record.
type recordDNS struct{ fakeDNS }

func (*recordDNS) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: "mail.example.", Pref: 10}}, nil
}
func (*recordDNS) LookupTXT(context.Context, string) ([]string, error) {
	return []string{"v=spf1 -all", strings.Repeat("x", 15<<10)}, nil
}
func (*recordDNS) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	return name, []*net.SRV{{Target: "sip.example.", Port: 5060, Priority: 1, Weight: 2}}, nil
}
func (*recordDNS) LookupNS(context.Context, string) ([]*net.NS, error) {
	return []*net.NS{{Host: "ns.example."}}, nil
}
func (*recordDNS) LookupCNAME(_ context.Context, name string) (string, error) {
	return "www." + name, nil
}
func (*recordDNS) LookupAddr(context.Context, string) ([]string, error) {
	return []string{"host.example."}, nil
}

func resolverFor(t *testing.T, o Egress) *broker {
	o.Resolver = &recordDNS{fakeDNS{answers: map[string][][]netip.Addr{
		"public.example": {addrs("8.8.8.8", "2606:4700::1111")}, "private.example": {addrs("10.1.2.3")}, "mixed.example": {addrs("192.168.0.1", "8.8.4.4", "fd00::1")},
		"metadata.example": {addrs("169.254.169.254")}, "mapped.example": {addrs("::ffff:10.0.0.1")}, "nat64.example": {addrs("64:ff9b::a00:1")},
		"db.corp.example": {addrs("10.0.0.5")},
	}}}
	b, err := newBroker(o)
	require.NoError(t, err)
	return b
}

// What a worker is told of names is not more than it could find out by
// connecting.
func TestResolve(t *testing.T) {
	b := resolverFor(t, Egress{})
	own, err := parseEgress([]string{"db.corp.example:5432", "sip.lan:*"})
	require.NoError(t, err)
	for ask, want := range map[string][]string{
		"A public.example": {"8.8.8.8"}, "AAAA PUBLIC.example.": {"2606:4700::1111"}, "A mixed.example": {"8.8.4.4"}, "A db.corp.example": {"10.0.0.5"},
		"MX public.example": {"10 mail.example"}, "SRV _sip._tcp.public.example": {"1 2 5060 sip.example"}, "NS public.example": {"ns.example"},
		"CNAME public.example": {"www.public.example"}, "TXT public.example": {"v=spf1 -all"}, "PTR 8.8.8.8": {"host.example"}, "MX sip.lan": {"10 mail.example"},
	} {
		kind, name, _ := strings.Cut(ask, " ")
		got, err := b.resolve(context.Background(), own, kind, name)
		require.NoError(t, err, ask)
		assert.Equal(t, want, got, ask)
	}
	for _, ask := range []string{
		"A private.example", "A metadata.example", "A mapped.example", "AAAA nat64.example", "AAAA mixed.example", "A localhost", "AAAA foo.localhost",
		"A 10.0.0.1", "A 2130706433", "A 0x7f000001", "A ", "A a b.example", "MX localhost", "MX server", "TXT box.internal", "SRV _ldap._tcp.dc.corp", "NS x.local",
		"TXT 1.0.0.10.in-addr.arpa", "PTR 10.0.0.1", "PTR 127.0.0.1", "PTR ::1", "PTR fe80::1%eth0", "PTR 169.254.169.254", "PTR public.example", "ANY public.example", "SOA public.example",
	} {
		kind, name, _ := strings.Cut(ask, " ")
		got, err := b.resolve(context.Background(), own, kind, name)
		assert.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%s: %v %v", ask, got, err)
		assert.Empty(t, got, ask)
	}
	var dns *net.DNSError
	_, err = b.resolve(context.Background(), nil, "A", "nowhere.example")
	require.True(t, errors.As(err, &dns) && dns.IsNotFound, "%v", err)
	_, err = b.resolve(context.Background(), nil, "A", "db.corp.example")
	require.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "another chain's list")
}

// Behind a proxy that looks names up the node does not.
func TestResolveBehindProxy(t *testing.T) {
	b := resolverFor(t, Egress{Proxy: "http://proxy.example:3128", Allow: []string{"db.corp.example:5432"}})
	for _, kind := range []string{"A", "MX", "TXT"} {
		_, err := b.resolve(context.Background(), nil, kind, "public.example")
		require.ErrorContains(t, err, proxied)
	}
	got, err := b.resolve(context.Background(), nil, "A", "db.corp.example")
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.5"}, got)
	require.Empty(t, b.resolver.(*recordDNS).asked[1:], "only what is dialled directly is looked up")
}
