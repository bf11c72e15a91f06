package dbwire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ErrScram means that the server's first message is none, or asks for more work
// than a login is worth, or for too little.
var ErrScram = errors.New("the server's part of the SCRAM login makes no sense")

// maxIterations bounds the work of a login, which is of the server's choice:
// PostgreSQL's default is 4096, MongoDB's 15000.
const maxIterations = 1_000_000

// A Scram is the client's side of one login by RFC 5802 and RFC 7677: First, Final
// and Check, in this order. The server must prove that it knows the password, too.
type Scram struct {
	// Hash is the mechanism's.
	Hash func() hash.Hash
	// User is the name, as it is; Secret the password as the server prepares it.
	User, Secret string
	// Header says whether the login is bound to its channel: "n,," is not. Binding
	// is the channel's part, if it is.
	Header  string
	Binding []byte
	// MinIterations is the least that the server may ask for; 0 means 1.
	MinIterations int

	nonce  string
	first  string // without the header
	auth   string // all that was said
	salted []byte
}

// First is what the client begins with.
func (s *Scram) First() []byte {
	var random [24]byte
	rand.Read(random[:])
	return s.begin(base64.StdEncoding.EncodeToString(random[:]))
}

func (s *Scram) begin(nonce string) []byte {
	s.nonce = nonce
	s.first = "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.User) + ",r=" + nonce
	return []byte(s.Header + s.first)
}

// Final answers the server's first message with a proof of the password. The error
// is ErrScram if the message is unfit.
func (s *Scram) Final(serverFirst string) ([]byte, error) {
	salt, iterations, nonce, ok := parseFirst(serverFirst)
	if !ok || len(salt) == 0 || !strings.HasPrefix(nonce, s.nonce) || len(nonce) == len(s.nonce) || iterations < max(s.MinIterations, 1) || iterations > maxIterations {
		return nil, ErrScram
	}
	h := s.Hash()
	var err error
	if s.salted, err = pbkdf2.Key(s.Hash, s.Secret, salt, iterations, h.Size()); err != nil {
		return nil, err
	}
	final := "c=" + base64.StdEncoding.EncodeToString(append([]byte(s.Header), s.Binding...)) + ",r=" + nonce
	s.auth = s.first + "," + serverFirst + "," + final
	key := s.mac(s.salted, "Client Key")
	h.Write(key)
	proof := s.mac(h.Sum(nil), s.auth)
	subtle.XORBytes(proof, proof, key)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

// Check reports whether the server's last message proves that it knows the password.
func (s *Scram) Check(serverFinal string) bool {
	v, ok := strings.CutPrefix(serverFinal, "v=")
	signature, err := base64.StdEncoding.DecodeString(v)
	return ok && err == nil && hmac.Equal(signature, s.mac(s.mac(s.salted, "Server Key"), s.auth))
}

func (s *Scram) mac(key []byte, text string) []byte {
	h := hmac.New(s.Hash, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func parseFirst(text string) (salt []byte, iterations int, nonce string, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		var err error
		switch {
		case strings.HasPrefix(part, "r="):
			nonce = part[2:]
		case strings.HasPrefix(part, "s="):
			salt, err = base64.StdEncoding.DecodeString(part[2:])
		case strings.HasPrefix(part, "i="):
			iterations, err = strconv.Atoi(part[2:])
		}
		if err != nil {
			return nil, 0, "", false
		}
	}
	return salt, iterations, nonce, true
}

// Prepare is SASLprep (RFC 4013) of a password, as far as it changes characters;
// what it prohibits stays.
func Prepare(password string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		switch {
		case r == 0xad, r == 0x34f, r == 0x1806, r >= 0x180b && r <= 0x180d, r >= 0x200b && r <= 0x200d, r == 0x2060, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff:
			return -1 // commonly mapped to nothing
		case r != ' ' && unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, password))
}
