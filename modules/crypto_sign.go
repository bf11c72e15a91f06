package modules

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
)

// Padding and salt lengths as OpenSSL numbers them (crypto.constants).
const (
	padPKCS1 = 1
	padNone  = 3
	padOAEP  = 4
	padPSS   = 6

	saltDigest = -1 // as long as the digest
	saltAuto   = -2 // the longest when signing, any when verifying
)

// signNatives:
//
//	sign(handle, algorithm, data | digester handle, padding, salt, p1363) → bytes
//	verify(handle, algorithm, data | digester handle, padding, salt, p1363, signature) → boolean
//	rsa(handle, operation, data, padding, oaepHash, label, mgfHash) → bytes
var signNatives = map[string]Native{
	"sign":   signData,
	"verify": verifyData,
	"rsa":    rsaCrypt,
}

// A signing is what sign and verify are told.
type signing struct {
	key     *keyMaterial
	kind    *digestKind // nil: the whole data (Ed25519)
	data    []byte      // the digest, or the whole data
	padding int
	salt    int
	p1363   bool
}

func readSigning(c *Call, args []any) (*signing, error) {
	s := &signing{}
	var err error
	if s.key, err = keyAt(c, args, 0); err != nil {
		return nil, err
	}
	_, isEd := s.key.pub.(ed25519.PublicKey)
	name, _ := webString(args, 1)
	if name == "" && !isEd {
		name = "sha256"
	}
	if name != "" {
		if isEd {
			return nil, &Throw{Message: "error:1C800083:Provider routines::invalid digest: Ed25519 signs the data itself: use crypto.sign(null, data, key)", Props: Object{{"code", "ERR_OSSL_INVALID_DIGEST"}}}
		}
		if s.kind = digestByName(name); s.kind == nil || s.kind.id == 0 {
			return nil, errInvalidDigest(name)
		}
	}
	switch v := webArg(args, 2).(type) {
	case []byte:
		s.data = v
		if s.kind != nil {
			h := s.kind.make()
			h.Write(v)
			s.data = h.Sum(nil)
		}
	case float64:
		d, ok := c.Realm.Handle(v).(*digester)
		if !ok {
			return nil, errBadHandle
		}
		s.kind, s.data = d.kind, d.sum()
		c.Realm.Drop(v)
	default:
		return nil, errBadHandle
	}
	s.padding, s.salt = padPKCS1, saltAuto
	if n, ok := webInt(args, 3, 0, 16); ok {
		s.padding = n
	}
	if n, ok := webInt(args, 4, -2, 1<<16); ok {
		s.salt = n
	}
	s.p1363, _ = webArg(args, 5).(bool)
	return s, nil
}

func (s *signing) pssOptions() *rsa.PSSOptions {
	o := &rsa.PSSOptions{Hash: s.kind.id, SaltLength: s.salt}
	switch {
	case s.salt == saltDigest:
		o.SaltLength = rsa.PSSSaltLengthEqualsHash
	case s.salt == saltAuto:
		o.SaltLength = rsa.PSSSaltLengthAuto
	}
	return o
}

var (
	errNoSigning    = &Throw{Message: "error:03000096:digital envelope routines::operation not supported for this keytype", Props: Object{{"code", "ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE"}}}
	errBadPadding   = &Throw{Message: "error:1C8000A5:Provider routines::illegal or unsupported padding mode", Props: Object{{"code", "ERR_OSSL_ILLEGAL_OR_UNSUPPORTED_PADDING_MODE"}}}
	errNeedsPrivate = &Throw{Class: "TypeError", Message: "a private key is needed to sign", Props: Object{{"code", "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE"}}}
)

func signData(c *Call, args []any) (any, error) {
	s, err := readSigning(c, args)
	if err != nil {
		return nil, err
	}
	switch k := s.key.priv.(type) {
	case nil:
		return nil, errNeedsPrivate
	case *rsa.PrivateKey:
		switch s.padding {
		case padPKCS1:
			return opaque(rsa.SignPKCS1v15(nil, k, s.kind.id, s.data))
		case padPSS:
			if s.salt == 0 {
				return nil, &Throw{Class: "RangeError", Message: "a PSS signature without salt is not supported here", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
			}
			return opaque(rsa.SignPSS(signRandom, k, s.kind.id, s.data, s.pssOptions()))
		}
		return nil, errBadPadding
	case *ecdsa.PrivateKey:
		der, err := ecdsa.SignASN1(signRandom, k, s.data)
		if err != nil || !s.p1363 {
			return der, err
		}
		return toP1363(der, (k.Curve.Params().BitSize+7)/8)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, s.data), nil
	}
	return nil, errNoSigning
}

// opaque gives a failed RSA operation the code that it has in Node.js.
func opaque(b []byte, err error) (any, error) {
	if err != nil {
		return nil, Coded("ERR_OSSL_RSA_OPERATION_FAILED", "RSA operation failed: "+err.Error())
	}
	return b, nil
}

func verifyData(c *Call, args []any) (any, error) {
	s, err := readSigning(c, args)
	if err != nil {
		return nil, err
	}
	sig, _ := webBytes(args, 6)
	switch p := s.key.pub.(type) {
	case *rsa.PublicKey:
		switch s.padding {
		case padPKCS1:
			return rsa.VerifyPKCS1v15(p, s.kind.id, s.data, sig) == nil, nil
		case padPSS:
			return rsa.VerifyPSS(p, s.kind.id, s.data, sig, s.pssOptions()) == nil, nil
		}
		return nil, errBadPadding
	case *ecdsa.PublicKey:
		if s.p1363 {
			var ok bool
			if sig, ok = fromP1363(sig, (p.Curve.Params().BitSize+7)/8); !ok {
				return false, nil
			}
		}
		return ecdsa.VerifyASN1(p, s.data, sig), nil
	case ed25519.PublicKey:
		return ed25519.Verify(p, s.data, sig), nil
	}
	return nil, errNoSigning
}

type ecSignature struct{ R, S *big.Int }

// toP1363 makes r‖s of a DER signature, as JWTs and WebCrypto have it.
func toP1363(der []byte, size int) ([]byte, error) {
	var sig ecSignature
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, err
	}
	out := make([]byte, 2*size)
	sig.R.FillBytes(out[:size])
	sig.S.FillBytes(out[size:])
	return out, nil
}

func fromP1363(sig []byte, size int) ([]byte, bool) {
	if len(sig) != 2*size {
		return nil, false
	}
	der, err := asn1.Marshal(ecSignature{new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])})
	return der, err == nil
}

// rsaCrypt does publicEncrypt, privateDecrypt, privateEncrypt and publicDecrypt.
func rsaCrypt(c *Call, args []any) (any, error) {
	k, err := keyAt(c, args, 0)
	if err != nil {
		return nil, err
	}
	pub, ok := k.pub.(*rsa.PublicKey)
	if !ok {
		return nil, errNoSigning
	}
	priv, _ := k.priv.(*rsa.PrivateKey)
	op, _ := webString(args, 1)
	data, _ := webBytes(args, 2)
	padding, _ := webInt(args, 3, 0, 16)
	if op[:min(len(op), 7)] == "private" && priv == nil {
		return nil, errNeedsPrivate
	}
	if padding == padOAEP {
		return rsaOAEP(args, op, pub, priv, data)
	}
	if padding != padPKCS1 && padding != padNone {
		return nil, errBadPadding
	}
	switch op {
	case "publicEncrypt":
		if padding == padNone {
			return rsaRawPublic(pub, data)
		}
		//lint:ignore SA1019 scripts choose PKCS #1 v1.5 for old services
		return opaque(rsa.EncryptPKCS1v15(signRandom, pub, data))
	case "privateDecrypt":
		if padding == padNone {
			return nil, errBadPadding
		}
		//lint:ignore SA1019 scripts choose PKCS #1 v1.5 for old services
		b, err := rsa.DecryptPKCS1v15(nil, priv, data)
		if err != nil {
			return nil, Coded("ERR_OSSL_RSA_OAEP_DECODING_ERROR", "error:02000079:rsa routines::oaep decoding error")
		}
		return b, nil
	case "privateEncrypt":
		if padding == padNone {
			return nil, errBadPadding
		}
		return opaque(rsa.SignPKCS1v15(nil, priv, crypto.Hash(0), data))
	case "publicDecrypt":
		m, err := rsaRawPublic(pub, data)
		if err != nil || padding == padNone {
			return m, err
		}
		return unpadType1(m)
	}
	return nil, errNoSigning
}

func rsaOAEP(args []any, op string, pub *rsa.PublicKey, priv *rsa.PrivateKey, data []byte) (any, error) {
	name, _ := webString(args, 4)
	if name == "" {
		name = "sha1"
	}
	k := digestByName(name)
	if k == nil || k.id == 0 {
		return nil, errInvalidDigest(name)
	}
	label, _ := webBytes(args, 5)
	switch op {
	case "publicEncrypt":
		return opaque(rsa.EncryptOAEP(k.make(), signRandom, pub, data, label))
	case "privateDecrypt":
		b, err := rsa.DecryptOAEP(k.make(), nil, priv, data, label)
		if err != nil {
			return nil, Coded("ERR_OSSL_RSA_OAEP_DECODING_ERROR", "error:02000079:rsa routines::oaep decoding error")
		}
		return b, nil
	}
	return nil, errBadPadding
}

// rsaRawPublic is the bare operation with the public key.
func rsaRawPublic(pub *rsa.PublicKey, data []byte) ([]byte, error) {
	m := new(big.Int).SetBytes(data)
	if len(data) != pub.Size() || m.Cmp(pub.N) >= 0 || pub.E < 2 {
		return nil, Coded("ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE", "error:0200006E:rsa routines::data too large for key size")
	}
	return m.Exp(m, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size())), nil
}

// unpadType1 undoes the padding of a PKCS #1 v1.5 signature.
func unpadType1(m []byte) (any, error) {
	bad := Coded("ERR_OSSL_RSA_INVALID_PADDING", "error:0200008A:rsa routines::invalid padding")
	if len(m) < 11 || m[0] != 0 || m[1] != 1 {
		return nil, bad
	}
	i := 2
	for i < len(m) && m[i] == 0xff {
		i++
	}
	if i < 10 || i >= len(m) || m[i] != 0 {
		return nil, bad
	}
	return append([]byte{}, m[i+1:]...), nil
}
