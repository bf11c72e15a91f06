package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A Resolver looks names up. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// egressRules is a parsed allow list. A nil one allows nothing beyond public
// addresses.
type egressRules struct {
	prefixes []netip.Prefix
	hosts    []hostRule
}

// A hostRule opens one name, or all names below one, on one port or (0) on all.
type hostRule struct {
	name string // lower case, no dot at the end
	wild bool   // *.name
	port uint16
}

// ValidateEgress returns an error that names the first entry that is not a CIDR
// prefix, an address, host:port or *.domain:port.
func ValidateEgress(entries []string) error {
	_, err := parseEgress(entries)
	return err
}

func parseEgress(entries []string) (*egressRules, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	r := &egressRules{}
	for _, e := range entries {
		if err := r.add(strings.TrimSpace(e)); err != nil {
			return nil, fmt.Errorf("%q: %w", e, err)
		}
	}
	return r, nil
}

func (r *egressRules) add(e string) error {
	if p, err := netip.ParsePrefix(e); err == nil {
		if p.Addr().Is4In6() {
			return errors.New("write the prefix as IPv4")
		}
		r.prefixes = append(r.prefixes, p.Masked())
		return nil
	}
	if a, err := netip.ParseAddr(e); err == nil && a.Zone() == "" {
		a = a.Unmap()
		r.prefixes = append(r.prefixes, netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	host, port, err := net.SplitHostPort(e)
	if err != nil {
		return errors.New("not a CIDR prefix (10.0.0.0/8), an address, host:port or *.domain:port")
	}
	h := hostRule{name: strings.ToLower(strings.TrimSuffix(host, "."))}
	if port != "*" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("port %q is not 1 to 65535 or *", port)
		}
		h.port = uint16(n)
	}
	h.name, h.wild = strings.CutPrefix(h.name, "*.")
	if a, err := netip.ParseAddr(h.name); err == nil && !h.wild && a.Zone() == "" {
		h.name = a.Unmap().String()
	} else if !isHostName(h.name) {
		return fmt.Errorf("%q is not a host name", host)
	}
	r.hosts = append(r.hosts, h)
	return nil
}

// opensName tells whether an entry names the host (a name, or an address as
// text) on the port, which may be anyPort.
func (r *egressRules) opensName(host string, port uint16) bool {
	if r == nil {
		return false
	}
	for _, h := range r.hosts {
		if h.port != 0 && port != anyPort && h.port != port {
			continue
		}
		if h.wild && strings.HasSuffix(host, h.name) && len(host) > len(h.name) && host[len(host)-len(h.name)-1] == '.' || !h.wild && host == h.name {
			return true
		}
	}
	return false
}

// opensAddr tells whether a prefix holds the address, or an entry names it.
func (r *egressRules) opensAddr(a netip.Addr, port uint16) bool {
	if r == nil {
		return false
	}
	for _, p := range r.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return r.opensName(a.String(), port)
}

// isHostName tells whether s is a DNS name in ASCII, and no address in one of
// the spellings that some resolvers accept (0x7f000001, 2130706433, 0177.0.0.1).
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	last := s
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
		last = label
	}
	return !isNumber(last)
}

// isNumber tells whether a label would be read as part of an IPv4 address.
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// isLocalName tells whether the name means this machine, whatever a resolver
// says.
func isLocalName(host string) bool {
	for _, n := range []string{"localhost", "localhost.localdomain", "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"} {
		if host == n {
			return true
		}
	}
	return strings.HasSuffix(host, ".localhost")
}
