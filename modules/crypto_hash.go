package modules

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
	"io"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	//lint:ignore SA1019 scripts ask for it by name (Bitcoin, old checksums)
	"golang.org/x/crypto/ripemd160"
)

// A digestKind is one hash function under its Node.js name.
type digestKind struct {
	name string
	id   crypto.Hash // 0 if signatures do not use it
	make func() hash.Hash
	// xof functions have any output length; size is the default.
	xof  func() *sha3.SHAKE
	size int
}

// digestKinds in the order that getHashes lists.
var digestKinds = []digestKind{
	{name: "blake2b512", make: func() hash.Hash { h, _ := blake2b.New512(nil); return h }},
	{name: "blake2s256", make: func() hash.Hash { h, _ := blake2s.New256(nil); return h }},
	{name: "md5", id: crypto.MD5, make: md5.New},
	{name: "ripemd160", id: crypto.RIPEMD160, make: ripemd160.New},
	{name: "sha1", id: crypto.SHA1, make: sha1.New},
	{name: "sha224", id: crypto.SHA224, make: sha256.New224},
	{name: "sha256", id: crypto.SHA256, make: sha256.New},
	{name: "sha3-224", id: crypto.SHA3_224, make: func() hash.Hash { return sha3.New224() }},
	{name: "sha3-256", id: crypto.SHA3_256, make: func() hash.Hash { return sha3.New256() }},
	{name: "sha3-384", id: crypto.SHA3_384, make: func() hash.Hash { return sha3.New384() }},
	{name: "sha3-512", id: crypto.SHA3_512, make: func() hash.Hash { return sha3.New512() }},
	{name: "sha384", id: crypto.SHA384, make: sha512.New384},
	{name: "sha512", id: crypto.SHA512, make: sha512.New},
	{name: "sha512-224", id: crypto.SHA512_224, make: sha512.New512_224},
	{name: "sha512-256", id: crypto.SHA512_256, make: sha512.New512_256},
	{name: "shake128", xof: sha3.NewSHAKE128, size: 16},
	{name: "shake256", xof: sha3.NewSHAKE256, size: 32},
}

// digestAliases are further names that OpenSSL takes.
var digestAliases = map[string]string{
	"rmd160": "ripemd160", "ripemd": "ripemd160", "ripemd-160": "ripemd160",
	"sha-1": "sha1", "ssl3-sha1": "sha1", "ssl3-md5": "md5", "sha1-2": "sha1",
	"sha-224": "sha224", "sha2-224": "sha224", "sha-256": "sha256", "sha2-256": "sha256",
	"sha-384": "sha384", "sha2-384": "sha384", "sha-512": "sha512", "sha2-512": "sha512",
	"sha512/224": "sha512-224", "sha-512/224": "sha512-224", "sha512/256": "sha512-256", "sha-512/256": "sha512-256",
}

// digestByName finds the function, nil if there is none.
func digestByName(name string) *digestKind {
	name = strings.ToLower(name)
	name = strings.TrimPrefix(name, "rsa-")
	name = strings.TrimSuffix(name, "withrsaencryption")
	name = strings.TrimPrefix(name, "ecdsa-with-")
	if a, ok := digestAliases[name]; ok {
		name = a
	}
	i, ok := slices.BinarySearchFunc(digestKinds, name, func(k digestKind, n string) int { return strings.Compare(k.name, n) })
	if !ok {
		return nil
	}
	return &digestKinds[i]
}

// A digester is a hash or HMAC in the making.
type digester struct {
	kind *digestKind
	h    hash.Hash   // nil for an xof
	xof  *sha3.SHAKE // nil for a hash
	size int         // output length
}

const maxXOF = 1 << 20 // output bytes

// newDigester returns a digester; size < 0 means the function's own.
func newDigester(k *digestKind, size int) (*digester, error) {
	d := &digester{kind: k}
	if k.xof != nil {
		if d.xof, d.size = k.xof(), k.size; size >= 0 {
			d.size = size
		}
		return d, nil
	}
	d.h = k.make()
	d.size = d.h.Size()
	if size >= 0 && size != d.size {
		return nil, Coded("ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH", "Unsupported state or unable to authenticate data: "+k.name+" has no other output length")
	}
	return d, nil
}

func (d *digester) write(b []byte) {
	if d.xof != nil {
		d.xof.Write(b)
		return
	}
	d.h.Write(b)
}

func (d *digester) sum() []byte {
	if d.xof != nil {
		out := make([]byte, d.size)
		d.xof.Read(out)
		return out
	}
	return d.h.Sum(nil)
}

func (d *digester) clone() (*digester, error) {
	c := *d
	if d.xof != nil {
		state, err := d.xof.MarshalBinary()
		if err == nil {
			c.xof = d.kind.xof()
			err = c.xof.UnmarshalBinary(state)
		}
		return &c, err
	}
	if cl, ok := d.h.(hash.Cloner); ok {
		h, err := cl.Clone()
		c.h = h
		return &c, err
	}
	// The rest are pointers to structures without pointers inside.
	v := reflect.New(reflect.TypeOf(d.h).Elem())
	v.Elem().Set(reflect.ValueOf(d.h).Elem())
	c.h = v.Interface().(hash.Hash)
	return &c, nil
}

// hashNatives:
//
//	create(algorithm, outputLength?) → handle;  hmac(algorithm, key) → handle
//	update(handle, data, encoding);  digest(handle, encoding?) → string | bytes
//	copy(handle, outputLength?) → handle;  once(algorithm, data, encoding?)
var hashNatives = map[string]Native{
	"create": hashCreate,
	"hmac":   hashHMAC,
	"update": hashUpdate,
	"digest": hashDigest,
	"copy":   hashCopy,
	"once":   hashOnce,
	"names":  func(*Call, []any) (any, error) { return hashNames(), nil },
}

func hashNames() []string {
	var names []string
	for _, k := range digestKinds {
		if k.id != 0 && k.name != "ripemd160" {
			names = append(names, "RSA-"+strings.ToUpper(k.name))
		}
	}
	for _, k := range digestKinds {
		names = append(names, k.name)
	}
	return names
}

func hashCreate(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	k := digestByName(name)
	if k == nil {
		return nil, Coded("ERR_OSSL_EVP_UNSUPPORTED", "Digest method not supported")
	}
	d, err := newDigester(k, xofSize(args, 1))
	if err != nil {
		return nil, err
	}
	return c.Realm.Keep(d), nil
}

func xofSize(args []any, i int) int {
	if n, ok := webInt(args, i, 0, maxXOF); ok {
		return n
	}
	return -1
}

func hashHMAC(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	k := digestByName(name)
	if k == nil || k.make == nil {
		return nil, Coded("ERR_CRYPTO_INVALID_DIGEST", "Invalid digest: "+name)
	}
	key, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	h := hmac.New(k.make, key)
	return c.Realm.Keep(&digester{kind: k, h: h, size: h.Size()}), nil
}

func hashUpdate(c *Call, args []any) (any, error) {
	d, ok := c.Realm.Handle(webArg(args, 0)).(*digester)
	if !ok {
		return nil, errBadHandle
	}
	if b, ok := webBytes(args, 1); ok {
		d.write(b)
		return nil, nil
	}
	s, _ := webString(args, 1)
	if enc := encodingName(webArg(args, 2)); enc != "" && enc != "utf8" {
		d.write(nodeEncode(s, enc))
	} else if d.h != nil {
		io.WriteString(d.h, s)
	} else {
		d.write([]byte(s))
	}
	return nil, nil
}

func hashDigest(c *Call, args []any) (any, error) {
	d, ok := c.Realm.Handle(webArg(args, 0)).(*digester)
	if !ok {
		return nil, errBadHandle
	}
	c.Realm.Drop(args[0])
	return encoded(d.sum(), webArg(args, 1)), nil
}

func hashCopy(c *Call, args []any) (any, error) {
	d, ok := c.Realm.Handle(webArg(args, 0)).(*digester)
	if !ok {
		return nil, errBadHandle
	}
	n, err := d.clone()
	if err != nil {
		return nil, err
	}
	if size := xofSize(args, 1); size >= 0 && n.xof != nil {
		n.size = size
	}
	return c.Realm.Keep(n), nil
}

func hashOnce(c *Call, args []any) (any, error) {
	name, _ := webString(args, 0)
	k := digestByName(name)
	if k == nil {
		return nil, Coded("ERR_OSSL_EVP_UNSUPPORTED", "Digest method not supported")
	}
	d, err := newDigester(k, -1)
	if err != nil {
		return nil, err
	}
	if b, ok := webBytes(args, 1); ok {
		d.write(b)
	} else {
		s, _ := webString(args, 1)
		d.write([]byte(s))
	}
	return encoded(d.sum(), webArg(args, 2)), nil
}
