package sandbox

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// metadataService is what an address is that serves a machine's credentials.
const metadataService = "a cloud's metadata service"

// special lists the addresses that are not the public Internet, with what they
// are. The first that matches names the reason. Sources: the IANA special-purpose
// address registries, RFC 6890, and the addresses at which clouds serve metadata
// and credentials.
var special = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("169.254.169.254/32"), metadataService},
	{netip.MustParsePrefix("169.254.170.2/32"), metadataService},
	{netip.MustParsePrefix("100.100.100.200/32"), metadataService},
	{netip.MustParsePrefix("168.63.129.16/32"), metadataService},
	{netip.MustParsePrefix("192.0.0.192/32"), metadataService},
	{netip.MustParsePrefix("fd00:ec2::/32"), metadataService},
	{netip.MustParsePrefix("fd20:ce::254/128"), metadataService},
	{netip.MustParsePrefix("0.0.0.0/8"), "this machine (0.0.0.0/8)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private address"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private address (100.64.0.0/10)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private address"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("192.31.196.0/24"), "reserved (AS112)"},
	{netip.MustParsePrefix("192.52.193.0/24"), "reserved (AMT)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private address"},
	{netip.MustParsePrefix("192.175.48.0/24"), "reserved (AS112)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "reserved for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved (240.0.0.0/4)"},
	{netip.MustParsePrefix("::/128"), "this machine (::)"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::ffff:0:0/96"), "an IPv4 address mapped into IPv6"},
	{netip.MustParsePrefix("::/96"), "an IPv4 address embedded in IPv6"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "an IPv4 address translated into IPv6"},
	{netip.MustParsePrefix("64:ff9b::/96"), "an IPv4 address translated by NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "an IPv4 address translated by NAT64"},
	{netip.MustParsePrefix("100::/64"), "a discard address"},
	{netip.MustParsePrefix("2001::/32"), "a Teredo address"},
	{netip.MustParsePrefix("2001:db8::/32"), "reserved for documentation"},
	{netip.MustParsePrefix("2001::/23"), "reserved for protocols"},
	{netip.MustParsePrefix("2002::/16"), "an IPv4 address embedded by 6to4"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), "reserved (AS112)"},
	{netip.MustParsePrefix("3fff::/20"), "reserved for documentation"},
	{netip.MustParsePrefix("fc00::/7"), "a private address"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address"},
	{netip.MustParsePrefix("fec0::/10"), "a site-local address"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

var globalUnicast = netip.MustParsePrefix("2000::/3")

// notPublic says what the address is if it is not a public one, else "".
func notPublic(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "not an address"
	case a.Zone() != "":
		return "a link-local address"
	}
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.what
		}
	}
	if a.Is4() {
		return ""
	}
	if !globalUnicast.Contains(a) {
		return "outside of the public range (2000::/3)"
	}
	// ISATAP carries an IPv4 address in its last half: 0:5efe or 200:5efe.
	if b := a.As16(); b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		return "an IPv4 address embedded by ISATAP"
	}
	return ""
}

// thisMachine is what an address of one of the node's interfaces is.
const thisMachine = "an address of the node's own machine"

// ownAddresses knows the addresses of this machine's interfaces. A public one is
// no way to the Internet: what listens on it would take the node, or a script,
// for a neighbour, and a firewall sees the loopback interface only.
type ownAddresses struct {
	list func() ([]net.Addr, error)

	mu   sync.Mutex // guards what follows
	at   time.Time
	have map[netip.Addr]struct{}
}

// ownAge is how old the list may be: interfaces come and go.
const ownAge = 5 * time.Second

func (o *ownAddresses) has(a netip.Addr) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); o.have == nil || now.Sub(o.at) > ownAge {
		o.read(now)
	}
	_, own := o.have[a.Unmap()]
	return own
}

// read asks the kernel. When it does not tell, the last list stands; what is
// connected to is looked at again in any case.
func (o *ownAddresses) read(now time.Time) {
	o.at = now
	list, err := o.list()
	if err != nil {
		return
	}
	o.have = make(map[netip.Addr]struct{}, len(list))
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				o.have[ip.Unmap()] = struct{}{}
			}
		}
	}
}
