package modules

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
)

// JSON Web Keys, RFC 7517 and 7518, as plain objects.

var errJWK = &Throw{Message: "Invalid JWK data", Props: Object{{"code", "ERR_CRYPTO_INVALID_JWK"}}}

// jwkBytes returns a base64url field, nil if it is missing or wrong.
func jwkBytes(o Object, name string) []byte {
	s, ok := o.Get(name).(string)
	if !ok || len(s) > maxKeyText {
		return nil
	}
	return decodeBase64(s)
}

// keyFromJWK reads a key of the kind: keyPublic drops the private part.
func keyFromJWK(kind string, o Object) (*keyMaterial, error) {
	var k *keyMaterial
	var err error
	switch o.Get("kty") {
	case "oct":
		b := jwkBytes(o, "k")
		if b == nil {
			return nil, errJWK
		}
		k = &keyMaterial{kind: keySecret, secret: b}
	case "RSA":
		k, err = rsaFromJWK(o)
	case "EC":
		k, err = ecFromJWK(o)
	case "OKP":
		k, err = okpFromJWK(o)
	default:
		return nil, errJWK
	}
	if err != nil {
		return nil, err
	}
	if kind == keyPublic && k.kind == keyPrivate {
		k = &keyMaterial{kind: keyPublic, pub: k.pub}
	}
	if kind != k.kind {
		return nil, errJWK
	}
	return k, nil
}

func rsaFromJWK(o Object) (*keyMaterial, error) {
	n, e := jwkBytes(o, "n"), jwkBytes(o, "e")
	if len(n) == 0 || len(n) > maxRSABits/8 || len(e) == 0 || len(e) > 4 {
		return nil, errJWK
	}
	pub := rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	d := jwkBytes(o, "d")
	if d == nil {
		if pub.E < 2 || pub.N.Sign() == 0 {
			return nil, errJWK
		}
		return publicKey(&pub)
	}
	p, q := jwkBytes(o, "p"), jwkBytes(o, "q")
	if p == nil || q == nil || len(d) > len(n) || len(p) > len(n) || len(q) > len(n) {
		return nil, errJWK
	}
	k := &rsa.PrivateKey{PublicKey: pub, D: new(big.Int).SetBytes(d), Primes: []*big.Int{new(big.Int).SetBytes(p), new(big.Int).SetBytes(q)}}
	k.Precompute()
	if err := k.Validate(); err != nil {
		return nil, errJWK
	}
	return privateKey(k)
}

func ecFromJWK(o Object) (*keyMaterial, error) {
	name, _ := o.Get("crv").(string)
	c := curveByName(name)
	if c == nil || c.jwk != name {
		return nil, &Throw{Message: "Unsupported JWK EC curve: " + name + " (P-256, P-384 and P-521 are known here)", Props: Object{{"code", "ERR_CRYPTO_INVALID_CURVE"}}}
	}
	size := (c.curve.Params().BitSize + 7) / 8
	x, y := jwkBytes(o, "x"), jwkBytes(o, "y")
	if len(x) == 0 || len(y) == 0 || len(x) > size || len(y) > size {
		return nil, errJWK
	}
	point := make([]byte, 1+2*size)
	point[0] = 4
	copy(point[1+size-len(x):], x)
	copy(point[1+2*size-len(y):], y)
	pub, err := ecdsa.ParseUncompressedPublicKey(c.curve, point)
	if err != nil {
		return nil, errJWK
	}
	d := jwkBytes(o, "d")
	if d == nil {
		return publicKey(pub)
	}
	if len(d) > size {
		return nil, errJWK
	}
	k, err := ecdsa.ParseRawPrivateKey(c.curve, leftPad(d, size))
	if err != nil || !k.PublicKey.Equal(pub) {
		return nil, errJWK
	}
	return privateKey(k)
}

func okpFromJWK(o Object) (*keyMaterial, error) {
	x, d := jwkBytes(o, "x"), jwkBytes(o, "d")
	switch o.Get("crv") {
	case "Ed25519":
		if len(x) != ed25519.PublicKeySize {
			return nil, errJWK
		}
		if d == nil {
			return publicKey(ed25519.PublicKey(x))
		}
		if len(d) != ed25519.SeedSize {
			return nil, errJWK
		}
		k := ed25519.NewKeyFromSeed(d)
		if !ed25519.PublicKey(x).Equal(k.Public()) {
			return nil, errJWK
		}
		return privateKey(k)
	case "X25519":
		if d == nil {
			pub, err := ecdh.X25519().NewPublicKey(x)
			if err != nil {
				return nil, errJWK
			}
			return publicKey(pub)
		}
		k, err := ecdh.X25519().NewPrivateKey(d)
		if err != nil {
			return nil, errJWK
		}
		return privateKey(k)
	}
	return nil, errJWK
}

func leftPad(b []byte, n int) []byte {
	if len(b) >= n {
		return b
	}
	return append(make([]byte, n-len(b)), b...)
}

// jwk writes the key.
func (k *keyMaterial) jwk() (Object, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	num := func(i *big.Int) string { return b64(i.Bytes()) }
	if k.kind == keySecret {
		return Object{{"kty", "oct"}, {"k", b64(k.secret)}}, nil
	}
	switch pub := k.pub.(type) {
	case *rsa.PublicKey:
		o := Object{{"kty", "RSA"}, {"n", num(pub.N)}, {"e", num(big.NewInt(int64(pub.E)))}}
		if p, ok := k.priv.(*rsa.PrivateKey); ok && len(p.Primes) == 2 {
			p.Precompute()
			o = append(o, Field{"d", num(p.D)}, Field{"p", num(p.Primes[0])}, Field{"q", num(p.Primes[1])},
				Field{"dp", num(p.Precomputed.Dp)}, Field{"dq", num(p.Precomputed.Dq)}, Field{"qi", num(p.Precomputed.Qinv)})
		}
		return o, nil
	case *ecdsa.PublicKey:
		c := curveByName(curveName(pub.Curve))
		point, err := pub.Bytes()
		if err != nil || c == nil || c.jwk == "" {
			return nil, &Throw{Message: "Unsupported JWK EC curve: " + curveName(pub.Curve), Props: Object{{"code", "ERR_CRYPTO_JWK_UNSUPPORTED_CURVE"}}}
		}
		size := len(point) / 2
		o := Object{{"kty", "EC"}, {"x", b64(point[1 : 1+size])}, {"y", b64(point[1+size:])}, {"crv", c.jwk}}
		if p, ok := k.priv.(*ecdsa.PrivateKey); ok {
			d, err := p.Bytes()
			if err != nil {
				return nil, err
			}
			o = append(o, Field{"d", b64(d)})
		}
		return o, nil
	case ed25519.PublicKey:
		o := Object{{"crv", "Ed25519"}}
		if p, ok := k.priv.(ed25519.PrivateKey); ok {
			o = append(o, Field{"d", b64(p.Seed())})
		}
		return append(o, Field{"x", b64(pub)}, Field{"kty", "OKP"}), nil
	case *ecdh.PublicKey:
		o := Object{{"crv", "X25519"}}
		if p, ok := k.priv.(*ecdh.PrivateKey); ok {
			o = append(o, Field{"d", b64(p.Bytes())})
		}
		return append(o, Field{"x", b64(pub.Bytes())}, Field{"kty", "OKP"}), nil
	}
	return nil, errUnsupportedKey
}
