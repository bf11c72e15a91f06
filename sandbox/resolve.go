package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// recordResolver is what a Resolver may also look up. *net.Resolver does.
type recordResolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupCNAME(ctx context.Context, name string) (string, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// anyPort stands for whichever port an egress list opens.
const anyPort = 0

// maxRecords bounds the records of an answer, in bytes. What does not fit is left
// out.
const maxRecords = wire.MaxDialReply - 1<<10

// resolve tells a worker what is known of a name. What it tells is not more than
// the policy lets the worker find out by connecting: addresses that may be
// dialled, on some port at least, and records of public names. A refusal is an
// *rulebox.Error, and that there is nothing a *net.DNSError.
func (b *broker) resolve(ctx context.Context, own *egressRules, kind, name string) ([]string, error) {
	list, err := b.resolveAny(ctx, own, kind, name)
	if err == nil && len(list) == 0 {
		err = &net.DNSError{Err: "no records", Name: name, IsNotFound: true}
	}
	return list, err
}

func (b *broker) resolveAny(ctx context.Context, own *egressRules, kind, name string) ([]string, error) {
	if kind == "PTR" {
		return b.resolveAddr(ctx, own, name)
	}
	t := &target{host: strings.ToLower(strings.TrimSuffix(name, ".")), port: anyPort}
	if !isHostName(t.host) {
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "%q is not a host name", clip(name))
	}
	named := b.global.opensName(t.host, anyPort) || own.opensName(t.host, anyPort)
	switch {
	case isLocalName(t.host) && !named:
		return nil, hidden(t.host, thisMachine)
	case b.proxy != nil && !named:
		return nil, &net.DNSError{Err: proxied, Name: t.host}
	case kind == "A" || kind == "AAAA":
		return b.resolveName(ctx, own, t, kind)
	case isInternalName(t.host) && !named:
		return nil, hidden(t.host, "a name of a private network")
	}
	r, ok := b.resolver.(recordResolver)
	if !ok {
		return nil, &net.DNSError{Err: "this node looks up addresses only", Name: t.host}
	}
	list, err := records(ctx, r, kind, t.host+".")
	if err != nil {
		return nil, err
	}
	return bounded(list), nil
}

// proxied is why a name is not looked up: see the modules' dns.
const proxied = "names are looked up by the egress proxy"

func (b *broker) resolveName(ctx context.Context, own *egressRules, t *target, kind string) ([]string, error) {
	network := map[string]string{"A": "ip4", "AAAA": "ip6"}[kind]
	var found []netip.Addr
	if isLocalName(t.host) {
		found = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	} else {
		var err error
		if found, err = b.resolver.LookupNetIP(ctx, network, t.host+"."); err != nil {
			return nil, err
		}
	}
	var list []string
	var refused error
	for _, a := range found {
		if a = a.Unmap(); a.Is4() != (kind == "A") {
			continue
		}
		if what := b.refuses(own, t, a); what == "" {
			list = append(list, a.String())
		} else {
			refused = hidden(t.host, what)
		}
	}
	if len(list) == 0 && refused != nil {
		return nil, refused
	}
	return bounded(list), nil
}

// resolveAddr is the way back, for addresses that may be dialled.
func (b *broker) resolveAddr(ctx context.Context, own *egressRules, text string) ([]string, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "%q is not an address", clip(text))
	}
	if what := b.refuses(own, &target{host: a.String(), port: anyPort}, a); what != "" {
		return nil, hidden(a.String(), what)
	}
	r, ok := b.resolver.(recordResolver)
	if !ok || b.proxy != nil {
		return nil, &net.DNSError{Err: proxied, Name: text}
	}
	list, err := r.LookupAddr(ctx, a.String())
	if err != nil {
		return nil, err
	}
	return bounded(undotted(list)), nil
}

func records(ctx context.Context, r recordResolver, kind, name string) (list []string, err error) {
	switch kind {
	case "MX":
		var all []*net.MX
		all, err = r.LookupMX(ctx, name)
		for _, m := range all {
			list = append(list, fmt.Sprintf("%d %s", m.Pref, m.Host))
		}
	case "SRV":
		var all []*net.SRV
		_, all, err = r.LookupSRV(ctx, "", "", name)
		for _, s := range all {
			list = append(list, fmt.Sprintf("%d %d %d %s", s.Priority, s.Weight, s.Port, s.Target))
		}
	case "NS":
		var all []*net.NS
		all, err = r.LookupNS(ctx, name)
		for _, n := range all {
			list = append(list, n.Host)
		}
	case "CNAME":
		var one string
		if one, err = r.LookupCNAME(ctx, name); err == nil && !strings.EqualFold(one, name) {
			list = append(list, one)
		}
	case "TXT":
		return r.LookupTXT(ctx, name)
	default:
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "records of type %q cannot be asked for", clip(kind))
	}
	var dns *net.DNSError
	if len(list) > 0 && errors.As(err, &dns) {
		err = nil // some of the records were malformed, and left out
	}
	return undotted(list), err
}

func undotted(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], ".")
	}
	return list
}

func bounded(list []string) []string {
	size := 0
	for i, s := range list {
		if size += len(s) + 8; size > maxRecords {
			return list[:i]
		}
	}
	return list
}

// isInternalName tells whether a name is one that only a private network has.
// Sources: RFC 6762, RFC 8375, ICANN's reservation of "internal", and the names
// that RFC 6762's appendix G says are in use.
func isInternalName(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan", ".home.arpa", ".localdomain", ".in-addr.arpa", ".ip6.arpa"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// hidden is the refusal to look up, for the script's author.
func hidden(host, what string) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeForbidden, "looking up %s is not allowed: it is %s", host, what).
		WithHint("scripts are told public addresses only; to open this name, add %q to the tenant's `egress` list or start the node with --egress-allow %s", host+":*", host+":*")
}
