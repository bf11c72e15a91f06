package modules

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// tlsNatives are what tls has beyond netNatives:
//
//	secure(handle, options) → Promise of what was agreed; the socket speaks TLS
//	from then on
//	identity(host, DER) → undefined, or why the certificate is not the host's
//	context(options) → undefined; throws if they cannot be used
//	roots() → the authorities that are trusted, in PEM
//
// options: servername (sent), host (verified), skipHost, insecure, ca, cert, key,
// passphrase, alpn, min, max, prefix (bytes that were read already).
var tlsNatives = map[string]Native{
	"secure":   tlsSecure,
	"identity": tlsIdentity,
	"context":  tlsContext,
	"roots":    tlsRoots,
}

// rootList is what a Host may also offer: the authorities of rooted, or the
// system's, in PEM.
type rootList interface{ RootPEM() []byte }

// maxRoots bounds tls.rootCertificates.
const maxRoots = 1000

func tlsRoots(c *Call, args []any) (any, error) {
	h, ok := c.Host.(rootList)
	if !ok {
		return nil, Coded("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "this realm cannot list the authorities that it trusts; leave `ca` out to trust them")
	}
	list := []string{}
	for rest := h.RootPEM(); len(list) < maxRoots; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		list = append(list, strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: b.Bytes}))))
	}
	return list, nil
}

func tlsContext(c *Call, args []any) (any, error) {
	opt, _ := webArg(args, 0).(Object)
	_, err := tlsConfig(c.Host, opt)
	return nil, err
}

// tlsVersions are the names of Node.js.
var tlsVersions = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

func versionName(v uint16) string {
	for name, n := range tlsVersions {
		if n == v {
			return name
		}
	}
	return "unknown"
}

// tlsConfig reads the options, verification left out.
func tlsConfig(host Host, opt Object) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	for name, to := range map[string]*uint16{"min": &conf.MinVersion, "max": &conf.MaxVersion} {
		if v, ok := opt.Get(name).(string); ok {
			n, known := tlsVersions[v]
			if !known {
				return nil, &Throw{Class: "TypeError", Message: fmt.Sprintf("%q is not a valid %simum TLS protocol version", v, name), Props: Object{{"code", "ERR_TLS_INVALID_PROTOCOL_VERSION"}}}
			}
			*to = n
		}
	}
	if r, ok := host.(rooted); ok {
		conf.RootCAs = r.Roots()
	}
	if ca, _ := opt.Get("ca").(string); ca != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, Coded("ERR_INVALID_ARG_VALUE", "option `ca` holds no PEM certificate")
		}
	}
	conf.ServerName, _ = opt.Get("servername").(string)
	if list, ok := opt.Get("alpn").([]any); ok {
		for _, v := range list {
			if name, ok := v.(string); ok {
				conf.NextProtos = append(conf.NextProtos, name)
			}
		}
	}
	return conf, ownCertificate(conf, opt)
}

// ownCertificate reads cert, key and passphrase.
func ownCertificate(conf *tls.Config, opt Object) error {
	cert, _ := opt.Get("cert").(string)
	key, _ := opt.Get("key").(string)
	passphrase, _ := opt.Get("passphrase").(string)
	if cert == "" && key == "" {
		return nil
	}
	m, err := parsePEM([]byte(key), []byte(passphrase))
	if err != nil || m.priv == nil {
		return Coded("ERR_OSSL_PEM_NO_START_LINE", "option `key` is no private key in PEM, or its passphrase is wrong")
	}
	der, err := x509.MarshalPKCS8PrivateKey(m.priv)
	if err != nil {
		return Coded("ERR_INVALID_ARG_VALUE", "option `key` is a key that TLS cannot use")
	}
	pair, err := tls.X509KeyPair([]byte(cert), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		return Coded("ERR_OSSL_X509_KEY_VALUES_MISMATCH", "options `cert` and `key` do not make a key pair")
	}
	conf.Certificates = []tls.Certificate{pair}
	return nil
}

func tlsSecure(c *Call, args []any) (any, error) {
	s, err := socketArg(c, args)
	if err != nil {
		return nil, err
	}
	opt, _ := webArg(args, 1).(Object)
	conf, err := tlsConfig(c.Host, opt)
	if err != nil {
		return nil, err
	}
	prefix, _ := opt.Get("prefix").([]byte)
	prefix = slices.Clone(prefix)
	host, _ := opt.Get("host").(string)
	insecure, _ := opt.Get("insecure").(bool)
	if skip, _ := opt.Get("skipHost").(bool); skip {
		host = ""
	}
	return Task(func(ctx context.Context) (any, error) {
		return s.secure(ctx, conf, prefix, host, insecure)
	}), nil
}

// secure does the handshake. The certificate is always verified; insecure means
// that a failure is told and not fatal. An empty host is not compared.
func (s *socket) secure(ctx context.Context, conf *tls.Config, prefix []byte, host string, insecure bool) (any, error) {
	under, err := s.take()
	if err != nil {
		return nil, socketError("connect", err)
	}
	if len(prefix) > 0 {
		under = &preread{Conn: under, left: prefix}
	}
	var verdict error
	conf.InsecureSkipVerify = true // verified here, to say what is wrong in Node's words
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		if verdict = verifyPeer(cs, conf.RootCAs, host); verdict != nil && !insecure {
			return verdict
		}
		return nil
	}
	conn := tls.Client(under, conf)
	if err := conn.HandshakeContext(ctx); err != nil {
		s.Close()
		return nil, handshakeError(err)
	}
	if !s.give(&tlsConn{Conn: conn, under: under}) {
		return nil, socketError("connect", net.ErrClosed)
	}
	cs := conn.ConnectionState()
	name := tls.CipherSuiteName(cs.CipherSuite)
	out := Object{{"protocol", versionName(cs.Version)}, {"cipher", opensslCipher(name)}, {"standardCipher", name}, {"authorized", verdict == nil}}
	if verdict != nil {
		code, _ := netThrow(verdict).Props.Get("code").(string)
		out = append(out, Field{"authorizationError", code})
	}
	if cs.NegotiatedProtocol != "" {
		out = append(out, Field{"alpn", cs.NegotiatedProtocol})
	}
	chain := []any{}
	for _, c := range cs.PeerCertificates {
		chain = append(chain, certificateObject(c))
	}
	return append(out, Field{"chain", chain}), nil
}

// tlsConn ends its direction of the connection below, too, as Node.js does.
type tlsConn struct {
	*tls.Conn
	under net.Conn
}

func (c *tlsConn) CloseWrite() error {
	err := c.Conn.CloseWrite()
	if e := closeWrite(c.under); err == nil {
		err = e
	}
	return err
}

func handshakeError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Coded("ECONNRESET", "Client network socket disconnected before secure TLS connection was established")
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return Coded("ERR_SSL_"+strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(alert.Error(), "tls: "), " ", "_")), "the server refused the TLS handshake: "+alert.Error())
	}
	return socketError("read", err)
}

// hostMismatch is Node's error for a certificate of another host.
type hostMismatch struct{ host, names string }

func (e *hostMismatch) Error() string {
	kind := "Host: " + e.host + ". is not in the cert's altnames: "
	if net.ParseIP(e.host) != nil {
		kind = "IP: " + e.host + " is not in the cert's list: "
	}
	return "Hostname/IP does not match certificate's altnames: " + kind + e.names
}

func verifyPeer(cs tls.ConnectionState, roots *x509.CertPool, host string) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	leaf, opts := cs.PeerCertificates[0], x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
	}
	if host != "" {
		if err := leaf.VerifyHostname(host); err != nil {
			return &hostMismatch{host, altNames(leaf)}
		}
	}
	return nil
}

func tlsIdentity(c *Call, args []any) (any, error) {
	host, _ := webString(args, 0)
	der, _ := webBytes(args, 1)
	leaf, err := x509.ParseCertificate(slices.Clone(der))
	if err != nil {
		return "Cert does not contain a DNS name", nil
	}
	if leaf.VerifyHostname(host) == nil {
		return nil, nil
	}
	return (&hostMismatch{host, altNames(leaf)}).Error(), nil
}

// opensslCipher is the name that OpenSSL has for a cipher suite.
func opensslCipher(standard string) string {
	if !strings.Contains(standard, "_WITH_") {
		return standard // TLS 1.3
	}
	s := strings.NewReplacer("TLS_", "", "_WITH_", "-", "AES_128", "AES128", "AES_256", "AES256", "_CBC_", "-", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "_", "-").Replace(standard)
	return strings.TrimPrefix(s, "RSA-")
}

// opensslTime is how OpenSSL writes a time.
func opensslTime(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }
