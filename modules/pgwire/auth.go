package pgwire

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/rulebox/rulebox/modules/dbwire"
)

func md5Password(user, password string, salt [4]byte) string {
	inner := md5.Sum([]byte(password + user))
	outer := md5.Sum(append([]byte(hex.EncodeToString(inner[:])), salt[:]...))
	return "md5" + hex.EncodeToString(outer[:])
}

const (
	scramPlain = "SCRAM-SHA-256"
	scramBound = "SCRAM-SHA-256-PLUS"
)

// errServerProof means that the server could not prove that it knows the password.
var errServerProof = errors.New("SASL: the server could not prove that it knows the password: it may be another one than it claims")

// scram is a login by SCRAM (see dbwire.Scram), bound to the TLS channel if the
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
	// The server takes the name from the startup message.
	s := dbwire.Scram{Hash: sha256.New, User: "*", Secret: prepare(password), Header: header, Binding: binding}
	c.fe.Send(&pgproto3.SASLInitialResponse{AuthMechanism: mechanism, Data: s.First()})
	serverFirst, err := c.saslStep()
	if err != nil {
		return err
	}
	final, err := s.Final(serverFirst)
	if errors.Is(err, dbwire.ErrScram) {
		return &ProtocolError{"its part of the SCRAM login makes no sense"}
	}
	if err != nil {
		return err
	}
	c.fe.Send(&pgproto3.SASLResponse{Data: final})
	serverFinal, err := c.saslStep()
	if err != nil {
		return err
	}
	if !s.Check(serverFinal) {
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
	out := dbwire.Prepare(password)
	for _, r := range out {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || r == unicode.ReplacementChar {
			return password
		}
	}
	return out
}
