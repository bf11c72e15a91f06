package modules

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"math/big"
)

// ecdhNatives are what the ECDH class needs beside keyNatives:
//
//	generate(curve) → handle;  setPrivate(curve, bytes) → handle
//	point(handle, format);  scalar(handle);  compute(handle, curve, point)
//	convert(curve, point, format)
//
// Formats are uncompressed, compressed and hybrid.
var ecdhNatives = map[string]Native{
	"create":     ecdhCreate,
	"setPrivate": ecdhSetPrivate,
	"point": func(c *Call, args []any) (any, error) {
		return withKey(c, args, 0, func(k *keyMaterial) (any, error) {
			p, ok := k.pub.(*ecdsa.PublicKey)
			if !ok {
				return nil, errBadHandle
			}
			b, err := p.Bytes()
			if err != nil {
				return nil, err
			}
			return pointFormat(b, webArg(args, 1)), nil
		})
	},
	"scalar": func(c *Call, args []any) (any, error) {
		return withKey(c, args, 0, func(k *keyMaterial) (any, error) {
			if p, ok := k.priv.(*ecdsa.PrivateKey); ok {
				return p.Bytes()
			}
			return nil, errBadHandle
		})
	},
	"compute": ecdhCompute,
	"convert": ecdhConvert,
	"curves": func(*Call, []any) (any, error) {
		var names []string
		for _, c := range keyCurves {
			names = append(names, c.node)
		}
		return names, nil
	},
}

var (
	errECPoint = &Throw{Message: "Public key is not valid for specified curve", Props: Object{{"code", "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY"}}}
	errECKey   = &Throw{Message: "Private key is not valid for specified curve.", Props: Object{{"code", "ERR_CRYPTO_INVALID_KEYTYPE"}}}
)

func curveArg(args []any, i int) (elliptic.Curve, error) {
	name, _ := webString(args, i)
	c := curveByName(name)
	if c == nil {
		return nil, &Throw{Class: "TypeError", Message: "Invalid EC curve name: " + name + " (prime256v1, secp224r1, secp384r1 and secp521r1 are known here)", Props: Object{{"code", "ERR_CRYPTO_INVALID_CURVE"}}}
	}
	return c.curve, nil
}

func ecdhCreate(c *Call, args []any) (any, error) {
	curve, err := curveArg(args, 0)
	if err != nil {
		return nil, err
	}
	if check, _ := webArg(args, 1).(bool); check {
		return nil, nil
	}
	p, err := ecdsa.GenerateKey(curve, c.rand())
	if err != nil {
		return nil, err
	}
	k, err := privateKey(p)
	if err != nil {
		return nil, err
	}
	return c.Realm.Keep(k), nil
}

func ecdhSetPrivate(c *Call, args []any) (any, error) {
	curve, err := curveArg(args, 0)
	if err != nil {
		return nil, err
	}
	b, _ := webBytes(args, 1)
	size := (curve.Params().BitSize + 7) / 8
	if len(b) > size {
		return nil, errECKey
	}
	p, err := ecdsa.ParseRawPrivateKey(curve, leftPad(b, size))
	if err != nil {
		return nil, errECKey
	}
	k, err := privateKey(p)
	if err != nil {
		return nil, err
	}
	return c.Realm.Keep(k), nil
}

func ecdhCompute(c *Call, args []any) (any, error) {
	curve, err := curveArg(args, 1)
	if err != nil {
		return nil, err
	}
	k, err := keyAt(c, args, 0)
	if err != nil {
		return nil, err
	}
	b, _ := webBytes(args, 2)
	point, err := uncompressedPoint(curve, b)
	if err != nil {
		return nil, errECPoint
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, errECPoint
	}
	priv, ok := k.priv.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errECKey
	}
	a, err := priv.ECDH()
	if err != nil {
		return nil, &Throw{Message: "ECDH on this curve is not supported here: use prime256v1, secp384r1 or secp521r1", Props: Object{{"code", "ERR_CRYPTO_INVALID_CURVE"}}}
	}
	p, err := pub.ECDH()
	if err != nil {
		return nil, errECPoint
	}
	return a.ECDH(p)
}

func ecdhConvert(c *Call, args []any) (any, error) {
	curve, err := curveArg(args, 0)
	if err != nil {
		return nil, err
	}
	b, _ := webBytes(args, 1)
	point, err := uncompressedPoint(curve, b)
	if err != nil {
		return nil, errECPoint
	}
	return pointFormat(point, webArg(args, 2)), nil
}

// uncompressedPoint reads a point in any of the three formats of SEC 1.
func uncompressedPoint(curve elliptic.Curve, b []byte) ([]byte, error) {
	size := (curve.Params().BitSize + 7) / 8
	switch {
	case len(b) == 1+size && (b[0] == 2 || b[0] == 3):
		x, y := elliptic.UnmarshalCompressed(curve, b)
		if x == nil {
			return nil, errors.New("not on the curve")
		}
		out := make([]byte, 1+2*size)
		out[0] = 4
		x.FillBytes(out[1 : 1+size])
		y.FillBytes(out[1+size:])
		return out, nil
	case len(b) == 1+2*size && (b[0] == 6 || b[0] == 7) && b[0]&1 == b[2*size]&1, len(b) == 1+2*size && b[0] == 4:
		out := append([]byte{4}, b[1:]...)
		if new(big.Int).SetBytes(out[1:1+size]).Cmp(curve.Params().P) >= 0 {
			return nil, errors.New("not on the curve")
		}
		return out, nil
	}
	return nil, errors.New("not a point")
}

// pointFormat writes an uncompressed point in the format.
func pointFormat(point []byte, format any) []byte {
	size := len(point) / 2
	odd := point[2*size] & 1
	switch format {
	case "compressed":
		return append([]byte{2 + odd}, point[1:1+size]...)
	case "hybrid":
		return append([]byte{6 + odd}, point[1:]...)
	}
	return point
}
