package mongowire

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	minIterations = 4096      // what the specification of the drivers demands
	maxIterations = 1_000_000 // of the server's choice: 15000 is its default
)

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

// scram is the exchange of RFC 5802 and RFC 7677. The server must prove that it
// knows the password, too.
func (c *Conn) scram(mechanism string) error {
	var random [24]byte
	rand.Read(random[:])
	nonce := base64.StdEncoding.EncodeToString(random[:])
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(c.conf.User)
	first := "n=" + name + ",r=" + nonce
	reply, err := c.start(mechanism, []byte("n,,"+first))
	if err != nil {
		return err
	}
	serverFirst := string(find(reply, "payload").bytes())
	salt, iterations, full, ok := parseFirst(serverFirst, nonce)
	if !ok {
		return &ProtocolError{"its part of the SCRAM login makes no sense"}
	}
	of, secret := hash.Hash(nil), c.conf.Password
	digest := sha256.New
	if mechanism == "SCRAM-SHA-1" {
		digest = sha1.New
		sum := md5.Sum([]byte(c.conf.User + ":mongo:" + c.conf.Password))
		secret = hex.EncodeToString(sum[:])
	} else {
		secret = prepare(secret)
	}
	of = digest()
	salted, err := pbkdf2.Key(digest, secret, salt, iterations, of.Size())
	if err != nil {
		return err
	}
	final := "c=biws,r=" + full
	auth := first + "," + serverFirst + "," + final
	key := mac(digest, salted, "Client Key")
	of.Write(key)
	proof := mac(digest, of.Sum(nil), auth)
	subtle.XORBytes(proof, proof, key)
	conversation := find(reply, "conversationId").number()
	if reply, err = c.next(conversation, []byte(final+",p="+base64.StdEncoding.EncodeToString(proof))); err != nil {
		return err
	}
	v, ok := strings.CutPrefix(string(find(reply, "payload").bytes()), "v=")
	signature, err := base64.StdEncoding.DecodeString(v)
	if !ok || err != nil || !hmac.Equal(signature, mac(digest, mac(digest, salted, "Server Key"), auth)) {
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

func parseFirst(text, nonce string) (salt []byte, iterations int, full string, ok bool) {
	var err, bad error
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
			bad = err
		}
	}
	return salt, iterations, full, bad == nil && len(salt) > 0 && strings.HasPrefix(full, nonce) && len(full) > len(nonce) && iterations >= minIterations && iterations <= maxIterations
}

func mac(digest func() hash.Hash, key []byte, text string) []byte {
	h := hmac.New(digest, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// prepare is SASLprep (RFC 4013) of a password, as far as it changes characters.
func prepare(password string) string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r == 0xad, r == 0x34f, r == 0x1806, r >= 0x180b && r <= 0x180d, r >= 0x200b && r <= 0x200d, r == 0x2060, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff:
			return -1 // commonly mapped to nothing
		case r != ' ' && unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, password)
	return norm.NFKC.String(mapped)
}
