package pgwire

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/text/unicode/norm"
)

func md5Password(user, password string, salt [4]byte) string {
	inner := md5.Sum([]byte(password + user))
	outer := md5.Sum(append([]byte(hex.EncodeToString(inner[:])), salt[:]...))
	return "md5" + hex.EncodeToString(outer[:])
}

const (
	scramPlain   = "SCRAM-SHA-256"
	scramBound   = "SCRAM-SHA-256-PLUS"
	maxIteration = 1_000_000 // of the server's choice: 4096 is its default
)

// errServerProof means that the server could not prove that it knows the password.
var errServerProof = errors.New("SASL: the server could not prove that it knows the password: it may be another one than it claims")

// scram is the exchange of RFC 5802 and RFC 7677, bound to the TLS channel if the
// server offers that.
func (c *Conn) scram(password string, mechanisms []string) error {
	mechanism, header, binding := scramPlain, "n,,", []byte(nil)
	if t, ok := c.net.(*tls.Conn); ok {
		header = "y,,"
		if slices.Contains(mechanisms, scramBound) {
			header = "n,,"
			if b := endPoint(t); b != nil {
				mechanism, header, binding = scramBound, "p=tls-server-end-point,,", b
			}
		}
	}
	if !slices.Contains(mechanisms, mechanism) {
		return fmt.Errorf("SASL: the server offers only %s, which is not available here", strings.Join(mechanisms, ", "))
	}
	if password == "" {
		return errors.New("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string")
	}
	var random [18]byte
	rand.Read(random[:])
	nonce := base64.StdEncoding.EncodeToString(random[:])
	first := "n=*,r=" + nonce // the server takes the name from the startup message
	c.fe.Send(&pgproto3.SASLInitialResponse{AuthMechanism: mechanism, Data: []byte(header + first)})
	serverFirst, err := c.saslStep()
	if err != nil {
		return err
	}
	salt, iterations, full, err := parseServerFirst(serverFirst, nonce)
	if err != nil {
		return err
	}
	final := "c=" + base64.StdEncoding.EncodeToString(append([]byte(header), binding...)) + ",r=" + full
	salted, err := pbkdf2.Key(sha256.New, prepare(password), salt, iterations, sha256.Size)
	if err != nil {
		return err
	}
	auth := first + "," + serverFirst + "," + final
	clientKey := mac(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	proof := mac(stored[:], auth)
	subtle.XORBytes(proof, proof, clientKey)
	c.fe.Send(&pgproto3.SASLResponse{Data: []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof))})
	serverFinal, err := c.saslStep()
	if err != nil {
		return err
	}
	v, ok := strings.CutPrefix(serverFinal, "v=")
	signature, err := base64.StdEncoding.DecodeString(v)
	if !ok || err != nil || !hmac.Equal(signature, mac(mac(salted, "Server Key"), auth)) {
		return errServerProof
	}
	return nil
}

// saslStep sends what is queued and returns the server's next words.
func (c *Conn) saslStep() (string, error) {
	if err := c.flush(); err != nil {
		return "", err
	}
	m, err := c.receive()
	if err != nil {
		return "", err
	}
	switch m := m.(type) {
	case *pgproto3.AuthenticationSASLContinue:
		return string(m.Data), nil
	case *pgproto3.AuthenticationSASLFinal:
		return string(m.Data), nil
	case *pgproto3.ErrorResponse:
		return "", serverError(m)
	}
	return "", unexpected(m, "login")
}

func parseServerFirst(text, nonce string) (salt []byte, iterations int, full string, err error) {
	for _, part := range strings.Split(text, ",") {
		switch {
		case strings.HasPrefix(part, "r="):
			full = part[2:]
		case strings.HasPrefix(part, "s="):
			salt, err = base64.StdEncoding.DecodeString(part[2:])
		case strings.HasPrefix(part, "i="):
			iterations, err = strconv.Atoi(part[2:])
		}
		if err != nil {
			break
		}
	}
	if err != nil || len(salt) == 0 || !strings.HasPrefix(full, nonce) || len(full) == len(nonce) || iterations < 1 || iterations > maxIteration {
		return nil, 0, "", &ProtocolError{"its part of the SCRAM login makes no sense"}
	}
	return salt, iterations, full, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// endPoint is the hash of the server's certificate (RFC 5929), nil where none is
// defined for its signature.
func endPoint(t *tls.Conn) []byte {
	certs := t.ConnectionState().PeerCertificates
	if len(certs) == 0 {
		return nil
	}
	switch certs[0].SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		sum := sha256.Sum256(certs[0].Raw)
		return sum[:]
	}
	return nil
}

// prepare is SASLprep (RFC 4013) as far as PostgreSQL follows it: a password that
// has characters it prohibits is used as it is.
func prepare(password string) string {
	ascii := true
	for i := range len(password) {
		ascii = ascii && password[i] >= ' ' && password[i] < 0x7f
	}
	if ascii {
		return password
	}
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r == 0xad, r == 0x34f, r == 0x1806, r >= 0x180b && r <= 0x180d, r >= 0x200b && r <= 0x200d, r == 0x2060, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff:
			return -1 // commonly mapped to nothing
		case r != ' ' && unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, password)
	out := norm.NFKC.String(mapped)
	for _, r := range out {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || r == unicode.ReplacementChar {
			return password
		}
	}
	return out
}
