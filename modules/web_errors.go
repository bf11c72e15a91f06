package modules

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/rulebox/rulebox"
)

var (
	errDialLimit    = errors.New("connect timed out")
	errAborted      = errors.New("aborted by the script")
	errBodyTooLarge = errors.New("response too large")
)

// dialError says which address could not be connected to.
type dialError struct {
	address string
	err     error
	late    bool // the dial limit passed
}

func (e *dialError) Error() string { return "dial " + e.address + ": " + e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// errno pairs a system error with Node's name for it and with the words in
// which it may come over the broker.
var errno = []struct {
	no    syscall.Errno
	name  string
	words string
}{
	{syscall.ECONNREFUSED, "ECONNREFUSED", "connection refused"},
	{syscall.ECONNRESET, "ECONNRESET", "connection reset"},
	{syscall.ETIMEDOUT, "ETIMEDOUT", "connection timed out"},
	{syscall.EHOSTUNREACH, "EHOSTUNREACH", "no route to host"},
	{syscall.ENETUNREACH, "ENETUNREACH", "network is unreachable"},
	{syscall.EPIPE, "EPIPE", "broken pipe"},
	{syscall.ECONNABORTED, "ECONNABORTED", "connection aborted"},
	{syscall.EADDRNOTAVAIL, "EADDRNOTAVAIL", "cannot assign requested address"},
	{syscall.ENETDOWN, "ENETDOWN", "network is down"},
	{syscall.EACCES, "EACCES", "permission denied"},
	{syscall.EPERM, "EPERM", "operation not permitted"},
	{syscall.EMFILE, "EMFILE", "too many open files"},
}

// netThrow turns what the transport or a Host said into the error that Node's
// http module reports, with its code.
func netThrow(err error) *Throw {
	if t := new(*Throw); errors.As(err, t) {
		return *t
	}
	var ours *rulebox.Error
	if errors.As(err, &ours) && ours.Code == rulebox.CodeForbidden {
		return forbiddenThrow(err, ours)
	}
	if t := tlsThrow(err); t != nil {
		return t
	}
	var dial *dialError
	isDial := errors.As(err, &dial)
	var dns *net.DNSError
	if errors.As(err, &dns) || isDial && strings.Contains(err.Error(), "no such host") {
		return dnsThrow(dns, dial)
	}
	text := err.Error()
	for _, e := range errno {
		if errors.Is(err, e.no) || isDial && strings.Contains(text, e.words) {
			return socketThrow(e.name, dial)
		}
	}
	var timeout net.Error
	switch {
	case isDial && dial.late, errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded):
		return socketThrow("ETIMEDOUT", dial)
	case errors.Is(err, errAborted), errors.Is(err, context.Canceled):
		return &Throw{Name: "AbortError", Message: "The operation was aborted", Props: Object{{"code", "ABORT_ERR"}}}
	case errors.Is(err, context.DeadlineExceeded):
		return Coded("ETIMEDOUT", "the invocation's time limit passed while the request was under way")
	case errors.Is(err, errBodyTooLarge):
		return Coded("ERR_RESPONSE_TOO_LARGE", fmt.Sprintf("the response is larger than %d MiB, the most that a script may receive; ask the service for less (pages, fields)", httpMaxBody>>20))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"),
		strings.Contains(text, "EOF"):
		return Coded("ECONNRESET", "socket hang up")
	case strings.Contains(text, "response headers exceeded"):
		return Coded("HPE_HEADER_OVERFLOW", fmt.Sprintf("the response's headers are larger than %d KiB", httpMaxHeader>>10))
	case strings.Contains(text, "malformed"):
		return Coded("HPE_INVALID_CONSTANT", "Parse Error: "+text)
	case isDial:
		return &Throw{Message: "connect failed: " + text, Props: Object{{"code", "EHOSTUNREACH"}, {"syscall", "connect"}}}
	default:
		return Coded("ERR_HTTP", text)
	}
}

// forbiddenThrow is the error for an address that the egress policy refuses. Rules
// pass such errors on to their callback, and then the message is for the user who
// signs in: why it is refused, and the setting that opens it, are in `hint`.
func forbiddenThrow(err error, ours *rulebox.Error) *Throw {
	msg, hint := ours.Message, ours.Hint
	var dial *dialError
	props := Object{{"code", "EFORBIDDEN"}, {"syscall", "connect"}}
	if errors.As(err, &dial) {
		msg = "connecting to " + dial.address + " is not allowed"
		if hint = ours.Message; ours.Hint != "" {
			hint += "; " + ours.Hint
		}
		props = append(props, Field{"address", dial.address})
	}
	if hint != "" {
		props = append(props, Field{"hint", hint})
	}
	return &Throw{Message: msg, Props: props}
}

// eai are Node's numbers for failed look-ups, which are libuv's own.
var eai = map[string]int{"ENOTFOUND": -3008, "EAI_AGAIN": -3001}

func dnsThrow(dns *net.DNSError, dial *dialError) *Throw {
	code, name := "ENOTFOUND", ""
	if dns != nil {
		name = dns.Name
		if !dns.IsNotFound && (dns.IsTemporary || dns.IsTimeout) {
			code = "EAI_AGAIN"
		}
	}
	if name == "" && dial != nil {
		name, _, _ = net.SplitHostPort(dial.address)
	}
	return &Throw{Message: "getaddrinfo " + code + " " + name,
		Props: Object{{"errno", eai[code]}, {"code", code}, {"syscall", "getaddrinfo"}, {"hostname", name}}}
}

func socketThrow(name string, dial *dialError) *Throw {
	number := 0
	for _, e := range errno {
		if e.name == name {
			number = -int(e.no)
		}
	}
	if dial == nil {
		return &Throw{Message: "read " + name, Props: Object{{"errno", number}, {"code", name}, {"syscall", "read"}}}
	}
	props := Object{{"errno", number}, {"code", name}, {"syscall", "connect"}}
	if host, port, err := net.SplitHostPort(dial.address); err == nil {
		props = append(props, Field{"address", host}, Field{"port", atoiOr(port)})
	}
	return &Throw{Message: "connect " + name + " " + dial.address, Props: props}
}

// tlsThrow names certificate failures as OpenSSL does; nil if err is none.
func tlsThrow(err error) *Throw {
	var (
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		verify  *tls.CertificateVerificationError
	)
	var other *hostMismatch
	var chain []*x509.Certificate
	if errors.As(err, &verify) {
		chain = verify.UnverifiedCertificates
	}
	switch {
	case errors.As(err, &other):
		return &Throw{Message: other.Error(), Props: Object{{"code", "ERR_TLS_CERT_ALTNAME_INVALID"}, {"reason", strings.TrimPrefix(other.Error(), "Hostname/IP does not match certificate's altnames: ")}, {"host", other.host}}}
	case errors.As(err, &host):
		return Coded("ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames: "+host.Error())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if strings.Contains(invalid.Detail, "before") && !strings.Contains(invalid.Detail, "after") {
			return Coded("CERT_NOT_YET_VALID", "certificate is not yet valid")
		}
		return Coded("CERT_HAS_EXPIRED", "certificate has expired")
	case errors.As(err, &unknown):
		return unknownIssuer(chain)
	case verify != nil:
		return Coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate: "+verify.Err.Error())
	case errors.As(err, &record):
		return &Throw{Message: "write EPROTO: wrong version number: the server does not speak TLS", Props: Object{{"code", "EPROTO"}, {"reason", "wrong version number"}}}
	}
	return nil
}

func unknownIssuer(chain []*x509.Certificate) *Throw {
	if n := len(chain); n > 0 {
		last := chain[n-1]
		selfSigned := string(last.RawIssuer) == string(last.RawSubject)
		switch {
		case n == 1 && selfSigned:
			return Coded("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate")
		case selfSigned:
			return Coded("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain")
		case n > 1:
			return Coded("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate")
		}
	}
	return Coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate")
}

func atoa(n int) string { return strconv.Itoa(n) }

// atoiOr returns the number that text spells, or the text.
func atoiOr(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}
