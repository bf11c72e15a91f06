package modules

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"io"
)

// keyNatives work on handles of keys:
//
//	secret(bytes | text, encoding);  parse(kind, format, type, data, passphrase);  fromJWK(kind, object)
//	public(handle);  export(handle, format, type, cipher, passphrase);  jwk(handle)
//	raw(handle);  equal(handle, handle);  drop(handle)
//	generate(type, options, async) → [private, public] descriptions
//	generated(description) turns what a Task gave into handles
//
// A key comes back as an Object: h (its handle), kind, type and details.
var keyNatives = map[string]Native{
	"secret": func(c *Call, args []any) (any, error) {
		return c.keepKey(&keyMaterial{kind: keySecret, secret: bytes.Clone(dataBytes(args, 0))}), nil
	},
	"parse":    keyParse,
	"fromJWK":  keyReadJWK,
	"public":   keyToPublic,
	"export":   keyExport,
	"jwk":      func(c *Call, args []any) (any, error) { return withKey(c, args, 0, (*keyMaterial).jwkAny) },
	"raw":      keyRaw,
	"fromRaw":  keyFromRaw,
	"equal":    keyEqual,
	"drop":     keyDrop,
	"generate": keyGenerate,
	"take":     keyTake,
	"agree":    keyAgree,
}

func (c *Call) keepKey(k *keyMaterial) Object { return k.describe(c.Realm.Keep(k)) }

func (k *keyMaterial) jwkAny() (any, error) {
	o, err := k.jwk()
	if err != nil {
		return nil, err
	}
	return o, nil
}

// keyAt returns the key of the argument's handle.
func keyAt(c *Call, args []any, i int) (*keyMaterial, error) {
	k, ok := c.Realm.Handle(webArg(args, i)).(*keyMaterial)
	if !ok {
		return nil, errBadHandle
	}
	return k, nil
}

func withKey(c *Call, args []any, i int, do func(*keyMaterial) (any, error)) (any, error) {
	k, err := keyAt(c, args, i)
	if err != nil {
		return nil, err
	}
	return do(k)
}

func keyParse(c *Call, args []any) (any, error) {
	kind, _ := webString(args, 0)
	format, _ := webString(args, 1)
	typ, _ := webString(args, 2)
	var data string
	var passphrase []byte
	switch v := webArg(args, 3).(type) {
	case string:
		data = v
	case []byte:
		data = string(v)
	}
	switch v := webArg(args, 4).(type) {
	case string:
		passphrase = []byte(v)
	case []byte:
		passphrase = v
	}
	k, err := parsedKeys.parse(kind, format, typ, data, passphrase)
	if err != nil {
		return nil, err
	}
	return c.keepKey(k), nil
}

func keyReadJWK(c *Call, args []any) (any, error) {
	kind, _ := webString(args, 0)
	o, ok := webArg(args, 1).(Object)
	if !ok {
		return nil, errJWK
	}
	k, err := keyFromJWK(kind, o)
	if err != nil {
		return nil, err
	}
	return c.keepKey(k), nil
}

func keyToPublic(c *Call, args []any) (any, error) {
	return withKey(c, args, 0, func(k *keyMaterial) (any, error) {
		if k.kind == keySecret {
			return nil, errUnsupportedKey
		}
		return c.keepKey(&keyMaterial{kind: keyPublic, pub: k.pub}), nil
	})
}

func keyExport(c *Call, args []any) (any, error) {
	return withKey(c, args, 0, func(k *keyMaterial) (any, error) {
		format, _ := webString(args, 1)
		typ, _ := webString(args, 2)
		cipherName, encrypted := webString(args, 3)
		if encrypted {
			if typ != "pkcs8" {
				return nil, &Throw{Message: "The selected key encoding " + typ + " does not support encryption here: use pkcs8", Props: Object{{"code", "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS"}}}
			}
			pass, err := secretBytes(c, args, 4)
			if err != nil {
				return nil, err
			}
			der, _, err := k.encode("der", typ)
			if err == nil {
				der, err = encryptPKCS8(c.rand(), der, pass, cipherName)
			}
			if err != nil || format == "der" {
				return der, err
			}
			return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})), nil
		}
		b, _, err := k.encode(format, typ)
		if err != nil || format == "der" {
			return b, err
		}
		return string(b), nil
	})
}

// keyRaw gives a secret key's bytes, the point of an EC public key, the 32 bytes
// of an Ed25519 or X25519 public key.
func keyRaw(c *Call, args []any) (any, error) {
	return withKey(c, args, 0, func(k *keyMaterial) (any, error) {
		if k.kind == keySecret {
			return bytes.Clone(k.secret), nil
		}
		switch p := k.pub.(type) {
		case *ecdsa.PublicKey:
			return p.Bytes()
		case ed25519.PublicKey:
			return []byte(bytes.Clone(p)), nil
		case *ecdh.PublicKey:
			return p.Bytes(), nil
		}
		return nil, errUnsupportedKey
	})
}

// keyFromRaw(type or curve, bytes) reads a raw public key.
func keyFromRaw(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	b, _ := webBytes(args, 1)
	b = bytes.Clone(b)
	bad := &Throw{Name: "DataError", Message: "Invalid key data"}
	switch name {
	case "Ed25519":
		if len(b) != ed25519.PublicKeySize {
			return nil, bad
		}
		return c.keepKey(&keyMaterial{kind: keyPublic, pub: ed25519.PublicKey(b)}), nil
	case "X25519":
		p, err := ecdh.X25519().NewPublicKey(b)
		if err != nil {
			return nil, bad
		}
		return c.keepKey(&keyMaterial{kind: keyPublic, pub: p}), nil
	}
	curve := curveByName(name)
	if curve == nil {
		return nil, bad
	}
	point, err := uncompressedPoint(curve.curve, b)
	if err != nil {
		return nil, bad
	}
	p, err := ecdsa.ParseUncompressedPublicKey(curve.curve, point)
	if err != nil {
		return nil, bad
	}
	return c.keepKey(&keyMaterial{kind: keyPublic, pub: p}), nil
}

func keyEqual(c *Call, args []any) (any, error) {
	a, err := keyAt(c, args, 0)
	if err != nil {
		return nil, err
	}
	b, err := keyAt(c, args, 1)
	if err != nil {
		return nil, err
	}
	return a.equal(b), nil
}

func keyDrop(c *Call, args []any) (any, error) {
	if _, err := keyAt(c, args, 0); err == nil {
		c.Realm.Drop(args[0])
	}
	return nil, nil
}

// keySlot holds what a Task generates until keyTake makes a key of it: a Task
// must not touch the realm.
type keySlot struct{ key *keyMaterial }

// keyGenerate(type, option, async) makes a private key: rsa with the number of
// bits and [bits, exponent], ec with a curve, ed25519, x25519. It returns the
// handle that take makes a description of, or a Promise of it.
func keyGenerate(c *Call, args []any) (any, error) {
	make, err := keyMaker(c.rand(), args)
	if err != nil {
		return nil, err
	}
	slot := &keySlot{}
	h := c.Realm.Keep(slot)
	async, _ := webArg(args, 3).(bool)
	return maybeAsync(c, async, func(context.Context) (any, error) {
		p, err := make()
		if err == nil {
			slot.key, err = privateKey(p)
		}
		return h, err
	})
}

func keyTake(c *Call, args []any) (any, error) {
	s, ok := c.Realm.Handle(webArg(args, 0)).(*keySlot)
	if !ok || s.key == nil {
		return nil, errBadHandle
	}
	c.Realm.Drop(args[0])
	return c.keepKey(s.key), nil
}

func keyMaker(random io.Reader, args []any) (func() (any, error), error) {
	typ, _ := webString(args, 0)
	switch typ {
	case "rsa":
		bits, ok := webInt(args, 1, 1024, 4096)
		if !ok {
			return nil, &Throw{Class: "RangeError", Message: "the modulus length of a new RSA key must be from 1024 to 4096 bits here", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
		}
		if e := webArg(args, 2); e != nil && e != 65537.0 {
			return nil, &Throw{Class: "RangeError", Message: "the public exponent of a new RSA key is 65537 here", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
		}
		return func() (any, error) { return rsa.GenerateKey(random, bits) }, nil
	case "ec":
		name, _ := webString(args, 1)
		curve := curveByName(name)
		if curve == nil {
			return nil, &Throw{Class: "TypeError", Message: "Invalid EC curve name: " + name, Props: Object{{"code", "ERR_CRYPTO_INVALID_CURVE"}}}
		}
		return func() (any, error) { return ecdsa.GenerateKey(curve.curve, random) }, nil
	case "ed25519":
		return func() (any, error) { _, k, err := ed25519.GenerateKey(random); return k, err }, nil
	case "x25519":
		return func() (any, error) { return ecdh.X25519().GenerateKey(random) }, nil
	}
	return nil, &Throw{Class: "TypeError", Message: "The argument 'type' must be a supported key type (rsa, ec, ed25519, x25519). Received '" + typ + "'", Props: Object{{"code", "ERR_INVALID_ARG_VALUE"}}}
}

// keyAgree(private, public) is the shared secret of ECDH.
func keyAgree(c *Call, args []any) (any, error) {
	a, err := keyAt(c, args, 0)
	if err != nil {
		return nil, err
	}
	b, err := keyAt(c, args, 1)
	if err != nil {
		return nil, err
	}
	bad := &Throw{Message: "Incompatible key for Diffie-Hellman: a private and a public key of one curve are needed", Props: Object{{"code", "ERR_CRYPTO_INCOMPATIBLE_KEY"}}}
	var priv *ecdh.PrivateKey
	switch p := a.priv.(type) {
	case *ecdh.PrivateKey:
		priv = p
	case *ecdsa.PrivateKey:
		if priv, err = p.ECDH(); err != nil {
			return nil, bad
		}
	default:
		return nil, bad
	}
	var pub *ecdh.PublicKey
	switch p := b.pub.(type) {
	case *ecdh.PublicKey:
		pub = p
	case *ecdsa.PublicKey:
		if pub, err = p.ECDH(); err != nil {
			return nil, bad
		}
	default:
		return nil, bad
	}
	secret, err := priv.ECDH(pub)
	if err != nil {
		return nil, bad
	}
	return secret, nil
}

// signRandom is the randomness of signatures, which the standard library takes
// from the system whatever it is given.
var signRandom = rand.Reader
