package modules

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"
	"fmt"
	"hash"

	"golang.org/x/crypto/scrypt"
)

const (
	maxDerived   = 1 << 20   // bytes of key
	maxScryptMem = 128 << 20 // what maxmem may ask for
)

// cpuSlots bound how much of the machine work off the script's goroutine takes.
var cpuSlots = make(chan struct{}, 2)

// heavy is a Task that computes for long. do must watch ctx if it can.
func heavy(do func(ctx context.Context) (any, error)) Task {
	return func(ctx context.Context) (any, error) {
		select {
		case cpuSlots <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		defer func() { <-cpuSlots }()
		return do(ctx)
	}
}

// kdfNatives take a last argument that says whether to run as a Task:
//
//	pbkdf2(password, salt, iterations, length, digest, async)
//	scrypt(password, salt, length, N, r, p, maxmem, async)
//	hkdf(digest, key, salt, info, length) → bytes
//	evp(password, keyLength, ivLength) → bytes of key, then IV
var kdfNatives = map[string]Native{
	"pbkdf2": kdfPBKDF2,
	"scrypt": kdfScrypt,
	"hkdf":   kdfHKDF,
	"evp":    kdfEVP,
}

// maybeAsync runs do now or later. do gets copies, never views.
func maybeAsync(c *Call, async bool, do func(ctx context.Context) (any, error)) (any, error) {
	if async {
		return heavy(do), nil
	}
	return do(c.Ctx)
}

func errInvalidDigest(name string) *Throw {
	return &Throw{Class: "TypeError", Message: "Invalid digest: " + name, Props: Object{{"code", "ERR_CRYPTO_INVALID_DIGEST"}}}
}

func errKeyLength(limit int) *Throw {
	return &Throw{Class: "RangeError", Message: fmt.Sprintf("the key length must be a whole number of at most %d bytes", limit), Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
}

func kdfPBKDF2(c *Call, args []any) (any, error) {
	password, err := secretBytes(c, args, 0)
	if err != nil {
		return nil, err
	}
	salt, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	iterations, ok := webInt(args, 2, 1, 1<<31-1)
	if !ok {
		return nil, &Throw{Class: "RangeError", Message: "iterations must be a whole number from 1 to 2147483647", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
	}
	length, ok := webInt(args, 3, 0, maxDerived)
	if !ok {
		return nil, errKeyLength(maxDerived)
	}
	name, _ := webString(args, 4)
	k := digestByName(name)
	if k == nil || k.make == nil {
		return nil, errInvalidDigest(name)
	}
	async, _ := webArg(args, 5).(bool)
	if async {
		password, salt = bytes.Clone(password), bytes.Clone(salt)
	}
	return maybeAsync(c, async, func(ctx context.Context) (any, error) {
		return pbkdf2(ctx, k.make, password, salt, iterations, length)
	})
}

// pbkdf2 is RFC 8018, section 5.2. It ends early when ctx does, which the
// standard library's cannot.
func pbkdf2(ctx context.Context, h func() hash.Hash, password, salt []byte, iterations, length int) ([]byte, error) {
	prf := hmac.New(h, password)
	size := prf.Size()
	out := make([]byte, 0, length+size)
	u := make([]byte, size)
	for block := uint32(1); len(out) < length; block++ {
		prf.Reset()
		prf.Write(salt)
		prf.Write([]byte{byte(block >> 24), byte(block >> 16), byte(block >> 8), byte(block)})
		u = prf.Sum(u[:0])
		out = append(out, u...)
		t := out[len(out)-size:]
		for i := 1; i < iterations; i++ {
			if i&0x3ff == 0 && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for j, b := range u {
				t[j] ^= b
			}
		}
	}
	return out[:length], nil
}

func kdfScrypt(c *Call, args []any) (any, error) {
	password, err := secretBytes(c, args, 0)
	if err != nil {
		return nil, err
	}
	salt, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	length, ok := webInt(args, 2, 0, maxDerived)
	if !ok {
		return nil, errKeyLength(maxDerived)
	}
	bad := func(why string) error {
		return &Throw{Class: "RangeError", Message: "Invalid scrypt params" + why, Props: Object{{"code", "ERR_CRYPTO_INVALID_SCRYPT_PARAMS"}}}
	}
	n, ok1 := webInt(args, 3, 2, 1<<30)
	r, ok2 := webInt(args, 4, 1, 1<<20)
	p, ok3 := webInt(args, 5, 1, 1<<20)
	maxmem, ok4 := webInt(args, 6, 0, 1<<53)
	if !ok1 || !ok2 || !ok3 || !ok4 || n&(n-1) != 0 || r*p >= 1<<30 {
		return nil, bad("")
	}
	if maxmem > maxScryptMem {
		maxmem = maxScryptMem
	}
	if 128*n*r > maxmem || 128*r*p > maxmem {
		return nil, bad(fmt.Sprintf(": memory limit exceeded (it needs %d bytes; maxmem, at most %d here, is %d)", 128*n*r, maxScryptMem, maxmem))
	}
	// Time is bounded too: p repeats the work that n and r bound.
	if uint64(n)*uint64(r)*uint64(p) > maxScryptMem/16 {
		return nil, bad(": N·r·p is too large")
	}
	async, _ := webArg(args, 7).(bool)
	if async {
		password, salt = bytes.Clone(password), bytes.Clone(salt)
	}
	return maybeAsync(c, async, func(context.Context) (any, error) {
		if length == 0 {
			return []byte{}, nil
		}
		return scrypt.Key(password, salt, n, r, p, length)
	})
}

func kdfHKDF(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	k := digestByName(name)
	if k == nil || k.make == nil {
		return nil, errInvalidDigest(name)
	}
	key, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	salt, err := secretBytes(c, args, 2)
	if err != nil {
		return nil, err
	}
	info, err := secretBytes(c, args, 3)
	if err != nil {
		return nil, err
	}
	length, ok := webInt(args, 4, 0, 255*k.make().Size())
	if !ok {
		return nil, &Throw{Class: "RangeError", Message: "Invalid key length", Props: Object{{"code", "ERR_CRYPTO_INVALID_KEYLEN"}}}
	}
	if length == 0 {
		return []byte{}, nil
	}
	return hkdf.Key(k.make, key, salt, string(info), length)
}

// kdfEVP is OpenSSL's EVP_BytesToKey with MD5, one iteration and no salt, which
// crypto.createCipher used.
func kdfEVP(c *Call, args []any) (any, error) {
	password, err := secretBytes(c, args, 0)
	if err != nil {
		return nil, err
	}
	keyLen, _ := webInt(args, 1, 0, 64)
	ivLen, _ := webInt(args, 2, 0, 64)
	return evpBytesToKey(password, nil, keyLen+ivLen), nil
}

func evpBytesToKey(password, salt []byte, n int) []byte {
	var out, last []byte
	for len(out) < n {
		h := md5.New()
		h.Write(last)
		h.Write(password)
		h.Write(salt)
		last = h.Sum(nil)
		out = append(out, last...)
	}
	return out[:n]
}
