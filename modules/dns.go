package modules

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox"
)

// resolving is what a Host may also offer: what is known of names. It looks up
// kind (A, AAAA, MX, TXT, SRV, NS, CNAME, PTR) and returns a record a string,
// written as in a zone file: "10 mail.example", "0 5 5060 sip.example". It tells
// no address that it would not dial. A refusal is a *rulebox.Error with
// CodeForbidden, other failures are *net.DNSError.
type resolving interface {
	Resolve(ctx context.Context, kind, name string) ([]string, error)
}

// dnsNatives are behind dns:
//
//	lookup(name, family) → Promise of [[address, family]…]; family 0 is both
//	resolve(kind, name) → Promise of the records, as Node.js shows them
var dnsNatives = map[string]Native{
	"lookup":  dnsLookup,
	"resolve": dnsResolve,
}

func dnsLookup(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	family, _ := webInt(args, 1, 0, 6)
	if v := ipVersion(name); v != 0 {
		return Task(func(context.Context) (any, error) { return []any{[]any{name, v}}, nil }), nil
	}
	r, err := resolverOf(c)
	if err != nil {
		return nil, err
	}
	return Task(func(ctx context.Context) (any, error) {
		if strings.EqualFold(strings.TrimSuffix(name, "."), "localhost") {
			// Everybody knows it. Whether it may be dialled is another question.
			return localhost(family), nil
		}
		var found []any
		var failed error
		for _, kind := range []struct {
			name   string
			family int
		}{{"A", 4}, {"AAAA", 6}} {
			if family != 0 && family != kind.family {
				continue
			}
			list, err := r.Resolve(ctx, kind.name, name)
			if failed == nil || rulebox.CodeOf(err) == rulebox.CodeForbidden {
				failed = err // that it is refused says more than that there is none
			}
			for _, a := range list {
				found = append(found, []any{a, kind.family})
			}
		}
		if len(found) == 0 {
			return nil, lookupThrow("getaddrinfo", name, failed)
		}
		return found, nil
	}), nil
}

func localhost(family int) []any {
	if family == 6 {
		return []any{[]any{"::1", 6}}
	}
	return []any{[]any{"127.0.0.1", 4}}
}

func resolverOf(c *Call) (resolving, error) {
	if r, ok := c.Host.(resolving); ok {
		return r, nil
	}
	return nil, Coded("ENOTIMP", "this realm has nobody who looks up names; connections by name may work nevertheless")
}

// recordKinds are what can be asked for; the others of Node.js have no reader.
var recordKinds = []string{"A", "AAAA", "MX", "TXT", "SRV", "NS", "CNAME", "PTR"}

func dnsResolve(c *Call, args []any) (any, error) {
	kind, _ := webString(args, 0)
	name, _ := webString(args, 1)
	if !slices.Contains(recordKinds, kind) {
		return nil, &Throw{Message: "query" + queryName(kind) + " ENOTIMP " + name + ": records of type " + kind + " cannot be asked for; there are " + strings.Join(recordKinds, ", "),
			Props: Object{{"code", "ENOTIMP"}, {"syscall", "query" + queryName(kind)}, {"hostname", name}}}
	}
	r, err := resolverOf(c)
	if err != nil {
		return nil, err
	}
	return Task(func(ctx context.Context) (any, error) {
		list, err := r.Resolve(ctx, kind, name)
		if err == nil && len(list) == 0 {
			err = &net.DNSError{Err: "no records", Name: name, IsNotFound: true}
		}
		if err != nil {
			return nil, lookupThrow("query"+queryName(kind), name, err)
		}
		out := make([]any, 0, len(list))
		for _, text := range list {
			out = append(out, record(kind, text))
		}
		return out, nil
	}), nil
}

// queryName is how Node.js writes a record type in the name of a query.
func queryName(kind string) string {
	if kind == "A" {
		return "A"
	}
	if kind == "AAAA" {
		return "Aaaa"
	}
	return kind[:min(1, len(kind))] + strings.ToLower(kind[min(1, len(kind)):])
}

func record(kind, text string) any {
	f := strings.Fields(text)
	switch {
	case kind == "MX" && len(f) == 2:
		return Object{{"exchange", f[1]}, {"priority", number(f[0])}}
	case kind == "SRV" && len(f) == 4:
		return Object{{"name", f[3]}, {"port", number(f[2])}, {"priority", number(f[0])}, {"weight", number(f[1])}}
	case kind == "TXT":
		return []any{text}
	}
	return text
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// lookupThrow is the error of a look-up in Node's words.
func lookupThrow(call, name string, err error) error {
	var ours *rulebox.Error
	if errors.As(err, &ours) {
		props := Object{{"code", "EFORBIDDEN"}, {"syscall", call}, {"hostname", name}}
		if hint := strings.TrimSuffix(ours.Message+"; "+ours.Hint, "; "); hint != "" {
			props = append(props, Field{"hint", hint})
		}
		return &Throw{Message: "looking up " + name + " is not allowed", Props: props}
	}
	code := "ENOTFOUND"
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.Err == proxied:
		code = "EPROXIED"
	case errors.As(err, &dns) && dns.IsNotFound, err == nil:
	case call == "getaddrinfo":
		code = "EAI_AGAIN"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &dns) && dns.IsTimeout:
		code = "ETIMEOUT"
	default:
		code = "ESERVFAIL"
	}
	props := Object{{"code", code}, {"syscall", call}, {"hostname", name}}
	if n, ok := eai[code]; ok && call == "getaddrinfo" {
		props = append(Object{{"errno", n}}, props...)
	}
	return &Throw{Message: call + " " + code + " " + name, Props: props}
}

// proxied is the text of a Host's DNSError for names that only a proxy looks up.
const proxied = "names are looked up by the egress proxy"
