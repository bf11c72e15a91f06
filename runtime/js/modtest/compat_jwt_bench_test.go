package modtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// BenchmarkJWT is what one call of jsonwebtoken costs within a login, after the
// first; `go` is the bare operation with the key parsed before.
func BenchmarkJWT(b *testing.B) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	const secret = "a secret of thirty-two bytes, about"
	payload := []byte(`{"sub":"auth0|1","iss":"https://acme.example/","iat":1795370000,"exp":1795373600}`)
	encode := base64.RawURLEncoding.EncodeToString
	data := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(payload)
	digest := sha256.Sum256([]byte(data))
	rsaSig, _ := rsa.SignPKCS1v15(nil, rsaKey, 5, digest[:])
	ecSig, _ := ecdsa.SignASN1(rand.Reader, ecKey, digest[:])
	for _, c := range []struct {
		alg, private, public string
		sign, verify         func()
	}{
		{"RS256", privatePEM(b, rsaKey), publicPEM(b, &rsaKey.PublicKey),
			func() { rsa.SignPKCS1v15(nil, rsaKey, 5, digest[:]) },
			func() { rsa.VerifyPKCS1v15(&rsaKey.PublicKey, 5, digest[:], rsaSig) }},
		{"ES256", privatePEM(b, ecKey), publicPEM(b, &ecKey.PublicKey),
			func() { ecdsa.SignASN1(rand.Reader, ecKey, digest[:]) },
			func() { ecdsa.VerifyASN1(&ecKey.PublicKey, digest[:], ecSig) }},
		{"HS256", secret, secret,
			func() { h := hmac.New(sha256.New, []byte(secret)); h.Write([]byte(data)); h.Sum(nil) },
			func() { h := hmac.New(sha256.New, []byte(secret)); h.Write([]byte(data)); h.Sum(nil) }},
	} {
		setup := `const jwt = require('jsonwebtoken@9'), secret = ` + quoted(c.private) + `, key = ` + quoted(c.public) + `;
		  const sign = () => jwt.sign({ sub: 'auth0|1', iss: 'https://acme.example/' }, secret, { algorithm: '` + c.alg + `', expiresIn: 3600 });
		  const token = sign();`
		b.Run(c.alg+"/sign", func(b *testing.B) { manyTimes(b, setup, `sign()`) })
		b.Run(c.alg+"/sign/go", func(b *testing.B) { repeat(b, c.sign) })
		b.Run(c.alg+"/verify", func(b *testing.B) {
			manyTimes(b, setup, `jwt.verify(token, key, { algorithms: ['`+c.alg+`'], issuer: 'https://acme.example/' })`)
		})
		b.Run(c.alg+"/verify/go", func(b *testing.B) { repeat(b, c.verify) })
	}
}

func repeat(b *testing.B, f func()) {
	for b.Loop() {
		f()
	}
}

// manyTimes runs body b.N times in one realm.
func manyTimes(b *testing.B, setup, body string) {
	runner := runtime.NewRunner(runtime.Options{Host: closedHost{}})
	defer runner.Close()
	source := "function (user, context, callback) {" + setup + " for (let i = 0; i < user.n; i++) {" + body + "; } callback(null, user, context); }"
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Limits: rulebox.Limits{Wall: 1e12},
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", source)}}
	times := func(n int) {
		user, _ := json.Marshal(map[string]int{"n": n})
		if _, err := runner.Invoke(context.Background(), &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{user, []byte(`{}`)}}); err != nil {
			b.Fatal(err)
		}
	}
	times(1)
	b.ReportAllocs()
	b.ResetTimer()
	times(b.N)
}

func privatePEM(b *testing.B, key any) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(b *testing.B, key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		b.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
