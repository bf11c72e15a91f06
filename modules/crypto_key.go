package modules

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
)

const (
	keySecret  = "secret"
	keyPrivate = "private"
	keyPublic  = "public"

	maxKeyText = 64 << 10 // bytes of one encoded key
	maxRSABits = 16384
)

// keyMaterial is what a KeyObject or CryptoKey stands for. It is immutable.
type keyMaterial struct {
	kind   string
	secret []byte            // of a secret key
	priv   crypto.PrivateKey // of a private key: *rsa, *ecdsa, ed25519, *ecdh (X25519)
	pub    crypto.PublicKey  // of a private and of a public key
}

func privateKey(k crypto.PrivateKey) (*keyMaterial, error) {
	pub, ok := k.(interface{ Public() crypto.PublicKey })
	if !ok {
		return nil, errUnsupportedKey
	}
	return &keyMaterial{kind: keyPrivate, priv: k, pub: pub.Public()}, nil
}

// algorithm is Node's asymmetricKeyType.
func (k *keyMaterial) algorithm() string {
	switch k.pub.(type) {
	case *rsa.PublicKey:
		return "rsa"
	case *ecdsa.PublicKey:
		return "ec"
	case ed25519.PublicKey:
		return "ed25519"
	case *ecdh.PublicKey:
		return "x25519"
	}
	return ""
}

// describe is what scripts see of a key beside its handle.
func (k *keyMaterial) describe(handle int) Object {
	o := Object{{"h", handle}, {"kind", k.kind}}
	switch p := k.pub.(type) {
	case nil:
		return append(o, Field{"size", len(k.secret)})
	case *rsa.PublicKey:
		return append(o, Field{"type", "rsa"}, Field{"modulusLength", p.N.BitLen()}, Field{"publicExponent", big.NewInt(int64(p.E))})
	case *ecdsa.PublicKey:
		return append(o, Field{"type", "ec"}, Field{"namedCurve", curveName(p.Curve)})
	}
	return append(o, Field{"type", k.algorithm()})
}

func (k *keyMaterial) equal(other *keyMaterial) bool {
	if k.kind != other.kind {
		return false
	}
	switch k.kind {
	case keySecret:
		return bytes.Equal(k.secret, other.secret)
	case keyPrivate:
		p, ok := k.priv.(interface{ Equal(crypto.PrivateKey) bool })
		return ok && p.Equal(other.priv)
	}
	p, ok := k.pub.(interface{ Equal(crypto.PublicKey) bool })
	return ok && p.Equal(other.pub)
}

// keyCurve ties the names of a curve together.
type keyCurve struct {
	node, jwk string
	aliases   []string
	curve     elliptic.Curve
}

var keyCurves = []keyCurve{
	{"prime256v1", "P-256", []string{"P-256", "secp256r1"}, elliptic.P256()},
	{"secp224r1", "", []string{"P-224"}, elliptic.P224()},
	{"secp384r1", "P-384", []string{"P-384"}, elliptic.P384()},
	{"secp521r1", "P-521", []string{"P-521"}, elliptic.P521()},
}

func curveName(c elliptic.Curve) string {
	for _, k := range keyCurves {
		if k.curve == c {
			return k.node
		}
	}
	return c.Params().Name
}

func curveByName(name string) *keyCurve {
	for i, k := range keyCurves {
		if strings.EqualFold(name, k.node) {
			return &keyCurves[i]
		}
		for _, a := range k.aliases {
			if strings.EqualFold(name, a) {
				return &keyCurves[i]
			}
		}
	}
	return nil
}

var (
	errUnsupportedKey = &Throw{Message: "error:1E08010C:DECODER routines::unsupported: not a key of a kind that is known here (RSA, EC P-224 to P-521, Ed25519, X25519; PEM, DER or JWK)", Props: Object{
		{"library", "DECODER routines"}, {"reason", "unsupported"}, {"code", "ERR_OSSL_UNSUPPORTED"}}}
	errNeedPassphrase = &Throw{Class: "TypeError", Message: "Passphrase required for encrypted key", Props: Object{{"code", "ERR_MISSING_PASSPHRASE"}}}
	errKeyTooLarge    = &Throw{Message: "the key is too large"}
)

// parseKey reads a key that must become the kind: a private key serves as a
// public one. format is pem, der or empty (pem if it looks so); typ is pkcs1,
// pkcs8, spki, sec1 or empty. passphrase is nil if none was given.
func parseKey(kind, format, typ string, data, passphrase []byte) (*keyMaterial, error) {
	if len(data) > maxKeyText {
		return nil, errKeyTooLarge
	}
	var k *keyMaterial
	var err error
	if format == "der" {
		k, err = parseDER(typ, data, passphrase)
	} else {
		k, err = parsePEM(data, passphrase)
	}
	if err != nil {
		return nil, err
	}
	if r, ok := k.pub.(*rsa.PublicKey); ok && r.N.BitLen() > maxRSABits {
		return nil, errKeyTooLarge
	}
	if kind == keyPublic && k.kind == keyPrivate {
		return &keyMaterial{kind: keyPublic, pub: k.pub}, nil
	}
	if kind != k.kind {
		return nil, errUnsupportedKey
	}
	return k, nil
}

func parsePEM(data, passphrase []byte) (*keyMaterial, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		// OpenSSL tolerates blanks around lines.
		var b strings.Builder
		for line := range strings.Lines(string(data)) {
			b.WriteString(strings.TrimSpace(line) + "\n")
		}
		if block, _ = pem.Decode([]byte(b.String())); block == nil {
			return nil, errUnsupportedKey
		}
	}
	der := block.Bytes
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		if passphrase == nil {
			return nil, errNeedPassphrase
		}
		var err error
		if der, err = decryptLegacyPEM(block, passphrase); err != nil {
			return nil, err
		}
	}
	switch block.Type {
	case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return parseDER("pkcs8", der, passphrase)
	case "RSA PRIVATE KEY":
		return parsePrivate(der)
	case "EC PRIVATE KEY":
		return parseDER("sec1", der, nil)
	case "PUBLIC KEY":
		return parseDER("spki", der, nil)
	case "RSA PUBLIC KEY":
		return parseDER("pkcs1", der, nil)
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, errUnsupportedKey
		}
		return publicKey(cert.PublicKey)
	}
	return nil, errUnsupportedKey
}

func publicKey(pub any) (*keyMaterial, error) {
	k := &keyMaterial{kind: keyPublic, pub: pub}
	if k.algorithm() == "" {
		return nil, errUnsupportedKey
	}
	return k, nil
}

// parsePrivate reads a PKCS #1 private key.
func parsePrivate(der []byte) (*keyMaterial, error) {
	r, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, keyError(err)
	}
	return privateKey(r)
}

func parseDER(typ string, der, passphrase []byte) (*keyMaterial, error) {
	switch typ {
	case "pkcs8":
		if plain, ok, err := decryptPKCS8(der, passphrase); err != nil {
			return nil, err
		} else if ok {
			der = plain
		}
		p, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, keyError(err)
		}
		return privateKey(p)
	case "sec1":
		p, err := x509.ParseECPrivateKey(der)
		if err != nil {
			return nil, keyError(err)
		}
		return privateKey(p)
	case "spki":
		p, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, keyError(err)
		}
		return publicKey(p)
	case "pkcs1":
		if k, err := parsePrivate(der); err == nil {
			return k, nil
		}
		p, err := x509.ParsePKCS1PublicKey(der)
		if err != nil {
			return nil, keyError(err)
		}
		return publicKey(p)
	}
	return nil, &Throw{Class: "TypeError", Message: "The property 'options.type' is invalid: a key in DER needs the type pkcs1, pkcs8, spki or sec1", Props: Object{{"code", "ERR_INVALID_ARG_VALUE"}}}
}

// keyError keeps what helps an author of Go's message: a size or a curve that is
// refused.
func keyError(err error) error {
	t := *errUnsupportedKey
	if s := err.Error(); !strings.Contains(s, "asn1") {
		t.Message += ": " + s
	}
	return &t
}

// encodeKey writes the key. format is pem or der.
func (k *keyMaterial) encode(format, typ string) ([]byte, string, error) {
	var der []byte
	var err error
	label := ""
	switch {
	case typ == "pkcs8" && k.kind == keyPrivate:
		label = "PRIVATE KEY"
		der, err = x509.MarshalPKCS8PrivateKey(k.priv)
	case typ == "spki" && k.kind == keyPublic:
		label = "PUBLIC KEY"
		der, err = x509.MarshalPKIXPublicKey(k.pub)
	case typ == "pkcs1":
		switch r := k.priv.(type) {
		case *rsa.PrivateKey:
			label, der = "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)
		case nil:
			if p, ok := k.pub.(*rsa.PublicKey); ok {
				label, der = "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(p)
			}
		}
	case typ == "sec1":
		if p, ok := k.priv.(*ecdsa.PrivateKey); ok {
			label = "EC PRIVATE KEY"
			der, err = x509.MarshalECPrivateKey(p)
		}
	}
	if err != nil {
		return nil, "", err
	}
	if label == "" {
		return nil, "", &Throw{Message: "The selected key encoding " + typ + " cannot be used for this " + k.kind + " " + k.algorithm() + " key.", Props: Object{{"code", "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS"}}}
	}
	if format == "der" {
		return der, label, nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}), label, nil
}
