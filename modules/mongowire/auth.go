package mongowire

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// minIterations is what the specification of the drivers demands.
const minIterations = 4096

// login proves who we are.
func (c *Conn) login() error {
	if c.conf.User == "" && c.conf.Mechanism != "MONGODB-X509" {
		return nil
	}
	switch m := c.conf.Mechanism; m {
	case "":
		return c.scram(c.offered())
	case "SCRAM-SHA-256", "SCRAM-SHA-1":
		return c.scram(m)
	case "MONGODB-X509":
		if c.conf.TLS == nil {
			return &AuthError{"MONGODB-X509 needs TLS and a certificate of the client"}
		}
		w := newWriter().i32("authenticate", 1).str("mechanism", m)
		if c.conf.User != "" {
			w.str("user", c.conf.User)
		}
		_, err := c.run(w.str("$db", c.source()).end())
		return err
	case "PLAIN":
		if c.conf.TLS == nil {
			return &AuthError{"the mechanism PLAIN would send the password in clear: it needs TLS"}
		}
		_, err := c.start(m, []byte("\x00"+c.conf.User+"\x00"+c.conf.Password))
		return err
	default:
		return &AuthError{fmt.Sprintf("authMechanism %s is not available here: use SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509 or PLAIN", m)}
	}
}

// offered is the best mechanism that the server has for the user.
func (c *Conn) offered() string {
	best := "SCRAM-SHA-1"
	if list := find(c.Hello, "saslSupportedMechs").document(); list != nil {
		each(list, func(_ string, v value) bool {
			if v.text() == "SCRAM-SHA-256" {
				best = "SCRAM-SHA-256"
			}
			return true
		})
	}
	return best
}

func (c *Conn) start(mechanism string, payload []byte) ([]byte, error) {
	return c.run(newWriter().i32("saslStart", 1).str("mechanism", mechanism).bin("payload", payload).i32("autoAuthorize", 1).
		sub(typeDocument, "options", newWriter().boolean("skipEmptyExchange", true).end()).str("$db", c.source()).end())
}

func (c *Conn) next(conversation int64, payload []byte) ([]byte, error) {
	return c.run(newWriter().i32("saslContinue", 1).i32("conversationId", int32(conversation)).bin("payload", payload).str("$db", c.source()).end())
}

// scram is a login by one of the SCRAM mechanisms; see dbwire.Scram.
func (c *Conn) scram(mechanism string) error {
	s := dbwire.Scram{User: c.conf.User, Header: "n,,", MinIterations: minIterations}
	if mechanism == "SCRAM-SHA-1" {
		sum := md5.Sum([]byte(c.conf.User + ":mongo:" + c.conf.Password))
		s.Hash, s.Secret = sha1.New, hex.EncodeToString(sum[:])
	} else {
		s.Hash, s.Secret = sha256.New, dbwire.Prepare(c.conf.Password)
	}
	reply, err := c.start(mechanism, s.First())
	if err != nil {
		return err
	}
	conversation := find(reply, "conversationId").number()
	final, err := s.Final(string(find(reply, "payload").bytes()))
	if errors.Is(err, dbwire.ErrScram) {
		return &ProtocolError{"its part of the SCRAM login makes no sense"}
	}
	if err != nil {
		return err
	}
	if reply, err = c.next(conversation, final); err != nil {
		return err
	}
	if !s.Check(string(find(reply, "payload").bytes())) {
		return &AuthError{"the server could not prove that it knows the password: it may be another one than it claims"}
	}
	if find(reply, "done").number() == 0 { // servers before 4.4 want one more
		reply, err = c.next(conversation, nil)
		if err == nil && find(reply, "done").number() == 0 {
			err = &ProtocolError{"it never finishes the login"}
		}
	}
	return err
}
