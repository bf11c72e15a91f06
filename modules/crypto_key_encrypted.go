package modules

import (
	"context"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"hash"
	"io"
	"strings"
)

// Encrypted private keys: PBES2 of RFC 8018 inside PKCS #8, and the headers of
// OpenSSL's traditional PEM.

type encryptedKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct {
	KDF    pkix.AlgorithmIdentifier
	Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
)

// pbes2PRFs by OID; the first is the default.
var pbes2PRFs = []struct {
	oid  asn1.ObjectIdentifier
	make func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}, sha256.New224},
	{oidSHA256, sha256.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}, sha512.New384},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
}

var pbes2Ciphers = []struct {
	oid  asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, "aes-128-cbc"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, "aes-192-cbc"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, "aes-256-cbc"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, "des-ede3-cbc"},
}

const (
	maxKeyIterations = 10_000_000
	keyIterations    = 2048 // OpenSSL's default when it writes
)

// decryptPKCS8 returns the plain key and true if der is an encrypted one.
func decryptPKCS8(der, passphrase []byte) ([]byte, bool, error) {
	var info encryptedKeyInfo
	if !wholeDER(der, &info) || !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, false, nil
	}
	if passphrase == nil {
		return nil, false, errNeedPassphrase
	}
	var params pbes2Params
	var kdf pbkdf2Params
	var iv []byte
	if !wholeDER(info.Algorithm.Parameters.FullBytes, &params) || !wholeDER(params.KDF.Parameters.FullBytes, &kdf) ||
		!wholeDER(params.Cipher.Parameters.FullBytes, &iv) {
		return nil, false, errUnsupportedKey
	}
	kind := pbes2Cipher(params.Cipher.Algorithm)
	prf := pbes2PRF(kdf.PRF.Algorithm)
	if kind == nil || prf == nil || !params.KDF.Algorithm.Equal(oidPBKDF2) || kdf.Iterations < 1 || kdf.Iterations > maxKeyIterations {
		return nil, false, errUnsupportedKey
	}
	key, err := pbkdf2(context.Background(), prf, passphrase, kdf.Salt, kdf.Iterations, kind.key)
	if err != nil {
		return nil, false, err
	}
	plain, err := decryptWhole(kind, key, iv, info.Data)
	return plain, true, err
}

// wholeDER reads der into the value and says whether it was all of it.
func wholeDER(der []byte, to any) bool {
	rest, err := asn1.Unmarshal(der, to)
	return err == nil && len(rest) == 0
}

func pbes2Cipher(oid asn1.ObjectIdentifier) *cipherKind {
	for _, c := range pbes2Ciphers {
		if c.oid.Equal(oid) {
			return cipherByName(c.name)
		}
	}
	return nil
}

func pbes2PRF(oid asn1.ObjectIdentifier) func() hash.Hash {
	if oid == nil {
		return pbes2PRFs[0].make
	}
	for _, p := range pbes2PRFs {
		if p.oid.Equal(oid) {
			return p.make
		}
	}
	return nil
}

// decryptWhole undoes a padded block cipher.
func decryptWhole(k *cipherKind, key, iv, data []byte) ([]byte, error) {
	x, err := newCipherer(k, key, iv, false, 16)
	if err != nil {
		return nil, errUnsupportedKey
	}
	head, err := x.update(data)
	if err != nil {
		return nil, err
	}
	tail, err := x.final()
	if err != nil {
		return nil, errBadDecrypt
	}
	return append(head, tail...), nil
}

// encryptPKCS8 wraps a PKCS #8 key.
func encryptPKCS8(random io.Reader, der, passphrase []byte, cipherName string) ([]byte, error) {
	kind := cipherByName(cipherName)
	if kind == nil || kind.mode != "cbc" || kind.key < 16 {
		return nil, errUnknownCipher
	}
	seed := make([]byte, 16+kind.iv)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	salt, iv := seed[:16], seed[16:]
	key, err := pbkdf2(context.Background(), sha256.New, passphrase, salt, keyIterations, kind.key)
	if err != nil {
		return nil, err
	}
	block, err := kind.newBlock(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	n := size - len(der)%size
	data := append([]byte{}, der...)
	for range n {
		data = append(data, byte(n))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)

	kdf, err := asn1.Marshal(pbkdf2Params{Salt: salt, Iterations: keyIterations, PRF: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}})
	if err != nil {
		return nil, err
	}
	ivDER, err := asn1.Marshal(iv)
	if err != nil {
		return nil, err
	}
	params := pbes2Params{KDF: pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}}}
	for _, c := range pbes2Ciphers {
		if c.name == kind.name {
			params.Cipher = pkix.AlgorithmIdentifier{Algorithm: c.oid, Parameters: asn1.RawValue{FullBytes: ivDER}}
		}
	}
	paramsDER, err := asn1.Marshal(params)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(encryptedKeyInfo{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: paramsDER}}, Data: data})
}

// decryptLegacyPEM undoes `DEK-Info: AES-256-CBC,<iv>`.
func decryptLegacyPEM(block *pem.Block, passphrase []byte) ([]byte, error) {
	name, ivText, _ := strings.Cut(block.Headers["DEK-Info"], ",")
	kind := cipherByName(strings.TrimSpace(name))
	iv, err := hex.DecodeString(strings.TrimSpace(ivText))
	if kind == nil || kind.mode != "cbc" || err != nil || len(iv) != kind.iv {
		return nil, errUnsupportedKey
	}
	return decryptWhole(kind, evpBytesToKey(passphrase, iv[:8], kind.key), iv, block.Bytes)
}
