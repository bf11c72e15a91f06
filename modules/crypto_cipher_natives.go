package modules

import (
	"strconv"
	"strings"
)

// cipherNatives:
//
//	create(name, key, iv, encrypt, tagLength) → handle
//	update(handle, data, inEncoding, outEncoding);  final(handle, outEncoding)
//	padding(handle, on);  aad(handle, bytes);  setTag(handle, bytes);  tag(handle)
//	info(name or nid) → Object;  names()
var cipherNatives = map[string]Native{
	"create":  cipherCreate,
	"update":  cipherUpdate,
	"final":   cipherFinal,
	"padding": cipherPadding,
	"aad":     cipherAAD,
	"setTag":  cipherSetTag,
	"tag":     cipherTag,
	"info":    cipherInfo,
	"names": func(*Call, []any) (any, error) {
		var names []string
		for _, k := range cipherKinds {
			names = append(names, k.name)
		}
		return append(names, "aes128", "aes192", "aes256", "des3"), nil
	},
}

func cipherCreate(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	k := cipherByName(name)
	if k == nil {
		return nil, errUnknownCipher
	}
	key, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	var iv []byte
	if v := webArg(args, 2); v != nil {
		if iv, err = secretBytes(c, args, 2); err != nil {
			return nil, err
		}
	}
	encrypt, _ := webArg(args, 3).(bool)
	tagSize := 16
	if n, ok := webArg(args, 4).(float64); ok {
		if tagSize, ok = tagLength(k, n); !ok {
			return nil, errAuthTag
		}
	}
	x, err := newCipherer(k, key, iv, encrypt, tagSize)
	if err != nil {
		return nil, err
	}
	return c.Realm.Keep(x), nil
}

func tagLength(k *cipherKind, n float64) (int, bool) {
	switch {
	case k.mode == "gcm" && (n == 4 || n == 8 || n >= 12 && n <= 16 && n == float64(int(n))):
		return int(n), true
	case k.mode == "stream" && n >= 1 && n <= 16 && n == float64(int(n)):
		return int(n), true
	}
	return 0, k.mode != "gcm" && k.mode != "stream"
}

// withCipher runs do on the cipherer of the first argument.
func withCipher(c *Call, args []any, do func(*cipherer) (any, error)) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*cipherer)
	if !ok {
		return nil, errCipherDone
	}
	return do(x)
}

func cipherUpdate(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		out, err := x.update(dataBytes(args, 1))
		if err != nil {
			return nil, err
		}
		return out, nil
	})
}

func cipherFinal(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		out, err := x.final()
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = []byte{}
		}
		return out, nil
	})
}

func cipherPadding(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		if x.done {
			return nil, errCipherDone
		}
		x.padding, _ = webArg(args, 1).(bool)
		return nil, nil
	})
}

func cipherAAD(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		if x.aead == nil || x.done || len(x.plain) > 0 {
			return nil, errCipherDone
		}
		x.aad = append(x.aad, dataBytes(args, 1)...)
		return nil, nil
	})
}

func cipherSetTag(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		if x.aead == nil || x.encrypt || x.done || x.tag != nil {
			return nil, errCipherDone
		}
		tag := dataBytes(args, 1)
		if _, ok := tagLength(x.kind, float64(len(tag))); !ok || webArg(args, 3) != nil && len(tag) != x.tagSize {
			return nil, &Throw{Class: "TypeError", Message: "Invalid authentication tag length: " + strconv.Itoa(len(tag)), Props: Object{{"code", "ERR_CRYPTO_INVALID_AUTH_TAG"}}}
		}
		x.tag = append([]byte{}, tag...)
		return nil, nil
	})
}

func cipherTag(c *Call, args []any) (any, error) {
	return withCipher(c, args, func(x *cipherer) (any, error) {
		if x.aead == nil || !x.encrypt || !x.done {
			return nil, &Throw{Message: "Invalid state for operation getAuthTag", Props: Object{{"code", "ERR_CRYPTO_INVALID_STATE"}}}
		}
		return append([]byte{}, x.tag...), nil
	})
}

func cipherInfo(c *Call, args []any) (any, error) {
	var k *cipherKind
	switch v := webArg(args, 0).(type) {
	case string:
		k = cipherByName(v)
	case float64:
		for i := range cipherKinds {
			if float64(cipherKinds[i].nid) == v {
				k = &cipherKinds[i]
			}
		}
	}
	if k == nil {
		return nil, nil
	}
	name, block := k.name, 1
	switch k.mode {
	case "gcm":
		name = "id-" + strings.Replace(k.name, "-", "", 1) // as OpenSSL calls it: id-aes256-gcm
	case "cbc", "ecb":
		b, err := k.newBlock(make([]byte, k.key))
		if err != nil {
			return nil, err
		}
		block = b.BlockSize()
	}
	o := Object{{"name", name}, {"nid", k.nid}}
	if k.mode != "stream" {
		o = append(o, Field{"blockSize", block})
	}
	if k.iv > 0 {
		o = append(o, Field{"ivLength", k.iv})
	}
	return append(o, Field{"keyLength", k.key}, Field{"mode", k.mode}), nil
}
