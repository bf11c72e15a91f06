package modules

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// jwtNatives are the common ways of jsonwebtoken in one step: a key given as text,
// claims in an object. They give undefined for all else, and for all that fails:
// the module then goes its long way, which knows what to say.
//
//	open(token, key) → {alg, type, payload, asymmetricKeyType, asymmetricKeyDetails}
//	  of a token whose signature is right (no type of a secret, no details of RSA)
//	signer(key) → what the text of a private key is, as a KeyObject has it
//	sign(algorithm, header, payload, key) → the token of two texts
//
// A key's text is a secret unless it looks like PEM, and then never one: all the
// world knows a public key, and could sign with it.
var jwtNatives = map[string]Native{
	"open":   jwtOpen,
	"signer": jwtSigner,
	"sign":   jwtSign,
}

// looksPEM is the module's own test of a key.
func looksPEM(key string) bool { return strings.Contains(key, "-----BEGIN") }

// A jwtAlgorithm is the name in a token's header taken apart.
type jwtAlgorithm struct {
	family byte // H, R, P or E
	digest *digestKind
}

func jwtAlgorithmOf(name string) (jwtAlgorithm, bool) {
	if len(name) != 5 || name[1] != 'S' || !strings.Contains("HRPE", name[:1]) {
		return jwtAlgorithm{}, false
	}
	switch name[2:] {
	case "256", "384", "512":
		return jwtAlgorithm{name[0], digestByName("sha" + name[2:])}, true
	}
	return jwtAlgorithm{}, false
}

func (a jwtAlgorithm) sum(text string) []byte {
	h := a.digest.make()
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (a jwtAlgorithm) mac(text, secret string) []byte {
	h := hmac.New(a.digest.make, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func jwtOpen(_ *Call, args []any) (any, error) {
	token, key := argString(args, 0), argString(args, 1)
	head, rest, _ := strings.Cut(token, ".")
	body, tail, _ := strings.Cut(rest, ".")
	if tail == "" || key == "" || len(token) > maxNative/4 {
		return nil, nil
	}
	payload, sig := jwtPart(body), jwtPart(tail)
	if sig == nil || !jwtIsObject(payload) {
		return nil, nil
	}
	name := jwtHeaders.algorithm(head)
	alg, ok := jwtAlgorithmOf(name)
	if !ok {
		return nil, nil
	}
	k := &keyMaterial{kind: keySecret}
	if looksPEM(key) {
		var err error
		if k, err = parsedKeys.parse(keyPublic, "pem", "", key, nil); err != nil {
			return nil, nil
		}
	}
	if !alg.verify(k, key, token[:len(head)+1+len(body)], sig) {
		return nil, nil
	}
	o := Object{{"alg", name}, {"type", k.kind}, {"payload", JSON(payload)}}
	switch k.pub.(type) {
	case nil:
	case *rsa.PublicKey:
		o = append(o, Field{"asymmetricKeyType", k.algorithm()})
	default: // the module asks for the curve
		o = append(o, k.jwtDetails()...)
	}
	return o, nil
}

// jwtHeaders remembers the algorithms of headers, by their whole text: the tokens of
// one issuer have one header.
var jwtHeaders headerCache

type headerCache struct {
	mu    sync.Mutex // guards names
	names *simplelru.LRU[string, string]
}

const (
	maxHeaders    = 64
	maxHeaderText = 512 // bytes of one that is remembered
)

// algorithm is empty if there is none.
func (c *headerCache) algorithm(head string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names, _ = simplelru.NewLRU[string, string](maxHeaders, nil)
	}
	if name, ok := c.names.Get(head); ok {
		return name
	}
	header := jwtPart(head)
	// Not a struct: its members would match without regard to case.
	var members map[string]json.RawMessage
	var name string
	if header == nil || json.Unmarshal(header, &members) != nil || json.Unmarshal(members["alg"], &name) != nil {
		return ""
	}
	if len(head) <= maxHeaderText {
		c.names.Add(strings.Clone(head), name)
	}
	return name
}

// jwtPart decodes a part of a token, nil if it is none.
func jwtPart(text string) []byte {
	if text == "" || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// jwtIsObject says whether the text is a JSON object that Go and JavaScript read
// alike.
func jwtIsObject(text []byte) bool {
	return len(text) > 1 && text[0] == '{' && utf8.Valid(text) && json.Valid(text)
}

// verify holds the signature against the key, which must go with the algorithm.
func (a jwtAlgorithm) verify(k *keyMaterial, secret, text string, sig []byte) bool {
	switch p := k.pub.(type) {
	case nil:
		return a.family == 'H' && k.kind == keySecret && hmac.Equal(a.mac(text, secret), sig)
	case *rsa.PublicKey:
		switch a.family {
		case 'R':
			return rsa.VerifyPKCS1v15(p, a.digest.id, a.sum(text), sig) == nil
		case 'P':
			return rsa.VerifyPSS(p, a.digest.id, a.sum(text), sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.digest.id}) == nil
		}
	case *ecdsa.PublicKey:
		if a.family != 'E' {
			return false
		}
		der, ok := fromP1363(sig, (p.Curve.Params().BitSize+7)/8)
		return ok && ecdsa.VerifyASN1(p, a.sum(text), der)
	}
	return false
}

// jwtDetails are the members of a KeyObject by which the module judges a key.
func (k *keyMaterial) jwtDetails() Object {
	details := Object{}
	switch p := k.pub.(type) {
	case *rsa.PublicKey:
		details = Object{{"modulusLength", p.N.BitLen()}}
	case *ecdsa.PublicKey:
		details = Object{{"namedCurve", curveName(p.Curve)}}
	}
	return Object{{"asymmetricKeyType", k.algorithm()}, {"asymmetricKeyDetails", details}}
}

func jwtSigner(_ *Call, args []any) (any, error) {
	k := jwtPrivate(argString(args, 0))
	if k == nil {
		return nil, nil
	}
	return append(Object{{"type", k.kind}}, k.jwtDetails()...), nil
}

// jwtPrivate is the private key of the text, nil if it is none.
func jwtPrivate(key string) *keyMaterial {
	if !looksPEM(key) {
		return nil
	}
	k, err := parsedKeys.parse(keyPrivate, "pem", "", key, nil)
	if err != nil {
		return nil
	}
	return k
}

func jwtSign(_ *Call, args []any) (any, error) {
	alg, ok := jwtAlgorithmOf(argString(args, 0))
	header, payload, key := argString(args, 1), argString(args, 2), argString(args, 3)
	if !ok || header == "" || payload == "" || key == "" || len(payload) > maxNative/4 {
		return nil, nil
	}
	enc := base64.RawURLEncoding
	text := make([]byte, 0, enc.EncodedLen(len(header))+enc.EncodedLen(len(payload))+700)
	text = enc.AppendEncode(text, []byte(header))
	text = enc.AppendEncode(append(text, '.'), []byte(payload))
	sig := alg.signature(key, string(text))
	if sig == nil {
		return nil, nil
	}
	return string(enc.AppendEncode(append(text, '.'), sig)), nil
}

// signature is nil if the key does not go with the algorithm.
func (a jwtAlgorithm) signature(key, text string) []byte {
	if a.family == 'H' {
		return a.mac(text, key)
	}
	k := jwtPrivate(key)
	if k == nil {
		return nil
	}
	var sig []byte
	var err error
	switch p := k.priv.(type) {
	case *rsa.PrivateKey:
		switch a.family {
		case 'R':
			sig, err = rsa.SignPKCS1v15(nil, p, a.digest.id, a.sum(text))
		case 'P':
			sig, err = rsa.SignPSS(signRandom, p, a.digest.id, a.sum(text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.digest.id})
		}
	case *ecdsa.PrivateKey:
		if a.family != 'E' {
			return nil
		}
		if sig, err = ecdsa.SignASN1(signRandom, p, a.sum(text)); err == nil {
			sig, err = toP1363(sig, (p.Curve.Params().BitSize+7)/8)
		}
	}
	if err != nil {
		return nil
	}
	return sig
}
