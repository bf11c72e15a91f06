package adapters

import (
	"net"
	"net/url"
	"strings"
)

// queryOf returns the query of a URL, each name with its first value.
func queryOf(text string) object {
	q := object{}
	u, err := url.Parse(text)
	if err != nil {
		return q
	}
	for name, all := range u.Query() {
		q[name] = all[0]
	}
	return q
}

func hostOf(text string) string {
	if u, err := url.Parse(text); err == nil {
		return u.Hostname()
	}
	return ""
}

// hostOnly returns an address without its port.
func hostOnly(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// leftmost returns the client's address of an X-Forwarded-For.
func leftmost(list string) string {
	ip, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(ip)
}
