package mysqlwire

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// The ways to log in.
const (
	pluginNative  = "mysql_native_password"
	pluginCaching = "caching_sha2_password"
	pluginSHA256  = "sha256_password"
	pluginClear   = "mysql_clear_password"
)

// An AuthError means that the server wants a way to log in that is not here.
type AuthError struct{ Plugin, Why string }

func (e *AuthError) Error() string {
	return fmt.Sprintf("the server asks for the authentication plugin %s, %s", e.Plugin, e.Why)
}

func nativeProof(password string, salt []byte) []byte {
	if password == "" {
		return nil
	}
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	h := sha1.New()
	h.Write(salt)
	h.Write(two[:])
	out := h.Sum(nil)
	subtle.XORBytes(out, out, one[:])
	return out
}

func cachingProof(password string, salt []byte) []byte {
	if password == "" {
		return nil
	}
	one := sha256.Sum256([]byte(password))
	two := sha256.Sum256(one[:])
	h := sha256.New()
	h.Write(two[:])
	h.Write(salt)
	out := h.Sum(nil)
	subtle.XORBytes(out, out, one[:])
	return out
}

// proof is the first answer to a plugin's challenge.
func (c *Conn) proof(plugin string, salt []byte) ([]byte, error) {
	switch plugin {
	case "", pluginNative:
		return nativeProof(c.conf.Password, salt), nil
	case pluginCaching:
		return cachingProof(c.conf.Password, salt), nil
	case pluginSHA256:
		if c.conf.Password == "" {
			return []byte{0}, nil
		}
		if c.secure() {
			return append([]byte(c.conf.Password), 0), nil
		}
		return []byte{1}, nil // asks for the server's public key
	case pluginClear:
		if !c.secure() {
			return nil, &AuthError{plugin, "which sends the password as it is: it is used over TLS only; set option ssl"}
		}
		return append([]byte(c.conf.Password), 0), nil
	case "mysql_old_password":
		return nil, &AuthError{plugin, "which is broken and not available: give the account another one (mysql_native_password or caching_sha2_password)"}
	}
	return nil, &AuthError{plugin, "which is not available here: give the account mysql_native_password or caching_sha2_password"}
}

func (c *Conn) secure() bool {
	_, ok := c.net.(*tls.Conn)
	return ok
}

// authenticate follows the server's questions to OK or an error.
func (c *Conn) authenticate(plugin string, salt []byte) error {
	for range 8 {
		p, err := c.readPacket()
		if err != nil {
			return err
		}
		if len(p) == 0 {
			return errMalformed
		}
		switch p[0] {
		case 0x00:
			_, err := c.ok(p)
			return err
		case 0xff:
			return c.serverError(p)
		case 0xfe: // another plugin, with its own challenge
			if len(p) == 1 {
				return &AuthError{"mysql_old_password", "which is broken and not available: give the account another one"}
			}
			cur := cursor{b: p[1:]}
			plugin = cur.text()
			if salt = cur.b; len(salt) > 20 {
				salt = salt[:20]
			}
			c.hello.plugin, c.hello.salt = plugin, salt // what the next login is held against
			answer, err := c.proof(plugin, salt)
			if err != nil {
				return err
			}
			if err := c.writePacket(answer); err != nil {
				return err
			}
		case 0x01:
			if err := c.more(plugin, salt, p[1:]); err != nil {
				return err
			}
		default:
			return errMalformed
		}
	}
	return &ProtocolError{What: "it never finishes the login"}
}

// more answers what a plugin asks beyond the first proof.
func (c *Conn) more(plugin string, salt, data []byte) error {
	switch {
	case plugin == pluginCaching && len(data) == 1 && data[0] == 3: // it knew the password
		return nil
	case plugin == pluginCaching && len(data) == 1 && data[0] == 4: // it wants all of it
		if c.secure() {
			return c.writePacket(append([]byte(c.conf.Password), 0))
		}
		return c.writePacket([]byte{2}) // asks for the server's public key
	case (plugin == pluginCaching || plugin == pluginSHA256) && len(data) > 1 && !c.secure():
		return c.encrypted(salt, data)
	}
	return errMalformed
}

// maxKey bounds the server's public key, in bytes of PEM: some 16384 bits. What
// encryption under it costs grows with the cube, and cannot be interrupted.
const maxKey = 4 << 10

// encrypted sends the password under the server's public key.
func (c *Conn) encrypted(salt, key []byte) error {
	if len(salt) == 0 {
		return errMalformed
	}
	if len(key) > maxKey {
		return &ProtocolError{What: "its public key is larger than any that servers have"}
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return &ProtocolError{What: "its public key makes no sense"}
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	pub, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return &ProtocolError{What: "its public key makes no sense"}
	}
	text := append([]byte(c.conf.Password), 0)
	for i := range text {
		text[i] ^= salt[i%len(salt)]
	}
	out, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, pub, text, nil)
	if err != nil {
		return errors.New("the password does not fit under the server's public key")
	}
	return c.writePacket(out)
}
