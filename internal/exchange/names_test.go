//go:build !race

package exchange

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// zone knows one name that leads to this machine, and one public one.
type zone struct{}

func (zone) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host {
	case "peer.test.", "other.test.":
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	case "public.test.":
		return []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("10.0.0.1")}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// A jailed script is told of names what it may dial, and dials a name that was
// opened to it also by the address that it was told.
func TestNamesInTheJail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "hello")
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	plan, err := confine.Probe(confine.JS)
	require.NoError(t, err)
	p := pooltest.Start(t, sandbox.Options{Plan: plan, Warm: 1, Egress: sandbox.Egress{Resolver: zone{}}})
	got, err := exchange{configuration: map[string]string{"PORT": port}, egress: []string{"peer.test:" + port}, body: `
		const dns = require('dns').promises, net = require('net'), tls = require('tls');
		const told = async (p) => { try { return await p; } catch (e) { return e.code; } };
		const out = [await told(dns.lookup('peer.test')), await told(dns.resolve4('public.test')), await told(dns.lookup('other.test')), await told(dns.lookup('none.test')), await told(dns.resolve6('public.test'))];
		const read = (host) => new Promise((ok) => { const s = net.connect(configuration.PORT, host); let all = ''; s.on('data', (d) => { all += d; }); s.on('error', (e) => ok(e.code)); s.on('end', () => ok(all)); });
		out.push(await read('127.0.0.1'), await read('peer.test'), await read('other.test'));
		out.push(tls.rootCertificates.length > 20, /^-----BEGIN CERTIFICATE-----/.test(tls.rootCertificates[0]), tls.createSecureContext({ ca: [...tls.rootCertificates] }) instanceof tls.SecureContext);
		return out;`}.run(t, p)
	require.NoError(t, explain(err))
	require.JSONEq(t, `[{"address":"127.0.0.1","family":4},["8.8.8.8"],"EFORBIDDEN","ENOTFOUND","ENOTFOUND","hello","hello","EFORBIDDEN",true,true,true]`, got)
	got, err = exchange{configuration: map[string]string{"PORT": port}, egress: []string{"peer.test:" + port}, body: `
		return new Promise((ok) => require('net').connect(configuration.PORT, '127.0.0.1').on('connect', () => ok('connected')).on('error', (e) => ok(e.code)));`}.run(t, p)
	require.NoError(t, explain(err))
	require.JSONEq(t, `"EFORBIDDEN"`, got, "the address alone was not opened")
}
