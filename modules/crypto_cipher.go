package modules

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"
)

// A cipherKind is one cipher under its OpenSSL name. Lengths are in bytes.
type cipherKind struct {
	name     string
	nid      int
	key, iv  int
	mode     string // cbc, ctr, ecb, gcm, stream
	newBlock func(key []byte) (cipher.Block, error)
}

// cipherKinds are sorted by name.
var cipherKinds = []cipherKind{
	{"aes-128-cbc", 419, 16, 16, "cbc", aes.NewCipher},
	{"aes-128-ctr", 904, 16, 16, "ctr", aes.NewCipher},
	{"aes-128-ecb", 418, 16, 0, "ecb", aes.NewCipher},
	{"aes-128-gcm", 895, 16, 12, "gcm", aes.NewCipher},
	{"aes-192-cbc", 423, 24, 16, "cbc", aes.NewCipher},
	{"aes-192-ctr", 905, 24, 16, "ctr", aes.NewCipher},
	{"aes-192-ecb", 422, 24, 0, "ecb", aes.NewCipher},
	{"aes-192-gcm", 898, 24, 12, "gcm", aes.NewCipher},
	{"aes-256-cbc", 427, 32, 16, "cbc", aes.NewCipher},
	{"aes-256-ctr", 906, 32, 16, "ctr", aes.NewCipher},
	{"aes-256-ecb", 426, 32, 0, "ecb", aes.NewCipher},
	{"aes-256-gcm", 901, 32, 12, "gcm", aes.NewCipher},
	{"chacha20-poly1305", 1018, 32, 12, "stream", nil},
	{"des-cbc", 31, 8, 8, "cbc", des.NewCipher},
	{"des-ecb", 29, 8, 0, "ecb", des.NewCipher},
	{"des-ede3-cbc", 44, 24, 8, "cbc", des.NewTripleDESCipher},
	{"des-ede3-ecb", 33, 24, 0, "ecb", des.NewTripleDESCipher},
}

var cipherAliases = map[string]string{
	"aes128": "aes-128-cbc", "aes192": "aes-192-cbc", "aes256": "aes-256-cbc",
	"id-aes128-gcm": "aes-128-gcm", "id-aes192-gcm": "aes-192-gcm", "id-aes256-gcm": "aes-256-gcm",
	"des3": "des-ede3-cbc", "des-ede3": "des-ede3-ecb", "des": "des-cbc",
}

func cipherByName(name string) *cipherKind {
	name = strings.ToLower(name)
	if a, ok := cipherAliases[name]; ok {
		name = a
	}
	i, ok := slices.BinarySearchFunc(cipherKinds, name, func(k cipherKind, n string) int { return strings.Compare(k.name, n) })
	if !ok {
		return nil
	}
	return &cipherKinds[i]
}

// A cipherer encrypts or decrypts a stream of bytes.
type cipherer struct {
	kind    *cipherKind
	encrypt bool
	padding bool
	done    bool

	block  cipher.Block
	chain  cipher.BlockMode // cbc
	stream cipher.Stream    // ctr; for aead the stream inside it
	rest   []byte           // input that makes no whole block yet

	aead    cipher.AEAD // gcm and chacha20-poly1305
	iv      []byte
	aad     []byte
	plain   []byte // all plaintext, for the tag
	tag     []byte
	tagSize int
}

var (
	errUnknownCipher = &Throw{Message: "Unknown cipher", Props: Object{{"code", "ERR_CRYPTO_UNKNOWN_CIPHER"}}}
	errCipherKey     = &Throw{Class: "RangeError", Message: "Invalid key length", Props: Object{{"code", "ERR_CRYPTO_INVALID_KEYLEN"}}}
	errCipherIV      = &Throw{Class: "TypeError", Message: "Invalid initialization vector", Props: Object{{"code", "ERR_CRYPTO_INVALID_IV"}}}
	errCipherDone    = &Throw{Message: "Unsupported state", Props: Object{{"code", "ERR_CRYPTO_INVALID_STATE"}}}
	errCipherAuth    = &Throw{Message: "Unsupported state or unable to authenticate data"}
	errBadDecrypt    = &Throw{Message: "error:1C800064:Provider routines::bad decrypt", Props: Object{
		{"library", "Provider routines"}, {"reason", "bad decrypt"}, {"code", "ERR_OSSL_BAD_DECRYPT"}}}
	errFinalBlock = &Throw{Message: "error:1C80006B:Provider routines::wrong final block length", Props: Object{
		{"library", "Provider routines"}, {"reason", "wrong final block length"}, {"code", "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH"}}}
	errAuthTag = &Throw{Class: "TypeError", Message: "Invalid authentication tag length", Props: Object{{"code", "ERR_CRYPTO_INVALID_AUTH_TAG"}}}
)

func newCipherer(k *cipherKind, key, iv []byte, encrypt bool, tagSize int) (*cipherer, error) {
	if len(key) != k.key {
		return nil, errCipherKey
	}
	if k.mode == "gcm" && len(iv) == 0 || k.mode != "gcm" && len(iv) != k.iv || len(iv) > 1<<10 {
		return nil, errCipherIV
	}
	x := &cipherer{kind: k, encrypt: encrypt, padding: true, iv: slices.Clone(iv), tagSize: tagSize}
	var err error
	if k.newBlock != nil {
		if x.block, err = k.newBlock(key); err != nil {
			return nil, err
		}
	}
	switch k.mode {
	case "cbc":
		if encrypt {
			x.chain = cipher.NewCBCEncrypter(x.block, iv)
		} else {
			x.chain = cipher.NewCBCDecrypter(x.block, iv)
		}
	case "ctr":
		x.stream = cipher.NewCTR(x.block, iv)
	case "gcm":
		x.stream = newGCMStream(x.block, iv)
		x.aead, err = cipher.NewGCMWithNonceSize(x.block, len(iv))
	case "stream":
		var s *chacha20.Cipher
		if s, err = chacha20.NewUnauthenticatedCipher(key, iv); err != nil {
			return nil, err
		}
		s.SetCounter(1)
		x.stream = s
		x.aead, err = chacha20poly1305.New(key)
	}
	return x, err
}

// update returns what more of the output is known after in.
func (x *cipherer) update(in []byte) ([]byte, error) {
	if x.done {
		return nil, errCipherDone
	}
	if x.aead != nil {
		if len(x.plain)+len(in) > httpMaxBody*4 {
			return nil, &Throw{Class: "RangeError", Message: "the data is too large for an authenticated cipher"}
		}
		out := make([]byte, len(in))
		x.stream.XORKeyStream(out, in)
		if x.encrypt {
			x.plain = append(x.plain, in...)
		} else {
			x.plain = append(x.plain, out...)
		}
		return out, nil
	}
	if x.stream != nil {
		out := make([]byte, len(in))
		x.stream.XORKeyStream(out, in)
		return out, nil
	}
	size := x.block.BlockSize()
	data := append(x.rest, in...)
	n := len(data) - len(data)%size
	// The last whole block may be padding: it waits for final.
	if !x.encrypt && x.padding && n == len(data) && n > 0 {
		n -= size
	}
	out := make([]byte, n)
	x.crypt(out, data[:n])
	x.rest = slices.Clone(data[n:])
	return out, nil
}

// crypt does whole blocks.
func (x *cipherer) crypt(dst, src []byte) {
	if x.chain != nil {
		x.chain.CryptBlocks(dst, src)
		return
	}
	size := x.block.BlockSize()
	for i := 0; i < len(src); i += size {
		if x.encrypt {
			x.block.Encrypt(dst[i:], src[i:])
		} else {
			x.block.Decrypt(dst[i:], src[i:])
		}
	}
}

// final returns the rest of the output.
func (x *cipherer) final() ([]byte, error) {
	if x.done {
		return nil, errCipherDone
	}
	x.done = true
	switch {
	case x.aead != nil:
		return nil, x.authenticate()
	case x.stream != nil:
		return nil, nil
	}
	size := x.block.BlockSize()
	if !x.padding {
		if len(x.rest) != 0 {
			return nil, errFinalBlock
		}
		return nil, nil
	}
	if x.encrypt {
		n := size - len(x.rest)
		for range n {
			x.rest = append(x.rest, byte(n))
		}
		out := make([]byte, size)
		x.crypt(out, x.rest)
		return out, nil
	}
	if len(x.rest) != size {
		return nil, errFinalBlock
	}
	out := make([]byte, size)
	x.crypt(out, x.rest)
	n := int(out[size-1])
	if n == 0 || n > size {
		return nil, errBadDecrypt
	}
	for _, b := range out[size-n:] {
		if int(b) != n {
			return nil, errBadDecrypt
		}
	}
	return out[:size-n], nil
}

// authenticate makes the tag, or compares it.
func (x *cipherer) authenticate() error {
	sealed := x.aead.Seal(nil, x.iv, x.plain, x.aad)
	tag := sealed[len(sealed)-16:]
	x.plain = nil
	if x.encrypt {
		x.tag = tag[:x.tagSize]
		return nil
	}
	if x.tag == nil || subtle.ConstantTimeCompare(tag[:len(x.tag)], x.tag) != 1 {
		return errCipherAuth
	}
	return nil
}

// gcmStream is the key stream inside GCM: counter mode that counts in the last
// four bytes only (NIST SP 800-38D, section 6.5).
type gcmStream struct {
	block cipher.Block
	ctr   [16]byte
	now   cipher.Stream
	left  uint64 // bytes until the counter wraps
}

func newGCMStream(block cipher.Block, iv []byte) *gcmStream {
	g := &gcmStream{block: block}
	if len(iv) == 12 {
		copy(g.ctr[:], iv)
		g.ctr[15] = 1
	} else {
		g.ctr = gcmCounter(block, iv)
	}
	g.count(1)
	return g
}

// count starts the stream n blocks after the counter.
func (g *gcmStream) count(n uint32) {
	c := uint32(g.ctr[12])<<24 | uint32(g.ctr[13])<<16 | uint32(g.ctr[14])<<8 | uint32(g.ctr[15])
	c += n
	g.ctr[12], g.ctr[13], g.ctr[14], g.ctr[15] = byte(c>>24), byte(c>>16), byte(c>>8), byte(c)
	g.now = cipher.NewCTR(g.block, g.ctr[:])
	g.left = (1<<32 - uint64(c)) * 16
}

func (g *gcmStream) XORKeyStream(dst, src []byte) {
	for len(src) > 0 {
		n := int(min(uint64(len(src)), g.left))
		g.now.XORKeyStream(dst[:n], src[:n])
		dst, src, g.left = dst[n:], src[n:], g.left-uint64(n)
		if g.left == 0 {
			g.ctr[12], g.ctr[13], g.ctr[14], g.ctr[15] = 0, 0, 0, 0
			g.count(0)
		}
	}
}

// gcmCounter is J₀ of SP 800-38D for an IV that is not 96 bits: GHASH of the
// padded IV and its length.
func gcmCounter(block cipher.Block, iv []byte) [16]byte {
	var h, y [16]byte
	block.Encrypt(h[:], h[:])
	mix := func(b []byte) {
		for i, v := range b {
			y[i] ^= v
		}
		y = gcmMul(y, h)
	}
	for i := 0; i < len(iv); i += 16 {
		mix(iv[i:min(i+16, len(iv))])
	}
	var length [16]byte
	bits := uint64(len(iv)) * 8
	for i := range 8 {
		length[15-i] = byte(bits >> (8 * i))
	}
	mix(length[:])
	return y
}

// gcmMul multiplies in GCM's field, bit by bit: it is for IVs only.
func gcmMul(x, y [16]byte) (z [16]byte) {
	v := y
	for i := range 128 {
		if x[i/8]>>(7-i%8)&1 == 1 {
			for j := range z {
				z[j] ^= v[j]
			}
		}
		low := v[15] & 1
		for j := 15; j > 0; j-- {
			v[j] = v[j]>>1 | v[j-1]<<7
		}
		v[0] >>= 1
		if low == 1 {
			v[0] ^= 0xe1
		}
	}
	return z
}
