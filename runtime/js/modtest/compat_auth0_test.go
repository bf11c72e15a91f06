package modtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// authServer answers as Auth0's APIs do, and tells what it was asked.
func authServer(limited *atomic.Int64) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), "wrong") {
			answer(w, 401, map[string]any{"error": "access_denied", "error_description": "Unauthorized"})
			return
		}
		answer(w, 200, map[string]any{"access_token": "granted", "expires_in": 100, "asked": string(b), "type": r.Header.Get("Content-Type")})
	})
	mux.HandleFunc("GET /api/v2/users/missing", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 404, map[string]any{"statusCode": 404, "error": "Not Found", "message": "The user does not exist.", "errorCode": "inexistent_user"})
	})
	mux.HandleFunc("GET /api/v2/users/broken", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(502)
		io.WriteString(w, "<html>")
	})
	mux.HandleFunc("GET /api/v2/users/limited", func(w http.ResponseWriter, r *http.Request) {
		if limited.Add(1) < 3 {
			answer(w, 429, map[string]any{"message": "Global limit has been reached"})
			return
		}
		answer(w, 200, map[string]any{"ok": true})
	})
	mux.HandleFunc("DELETE /api/v2/", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Asked", r.Method+" "+r.RequestURI+" "+string(b))
		w.WriteHeader(204)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		answer(w, 200, map[string]any{"asked": strings.TrimSpace(r.Method + " " + r.RequestURI + " " + string(b)), "auth": r.Header.Get("Authorization")})
	})
	return mux
}

func authOptions(t testing.TB) Option {
	s := httptest.NewTLSServer(authServer(new(atomic.Int64)))
	t.Cleanup(s.Close)
	h := &dialHost{roots: x509.NewCertPool()}
	h.roots.AddCert(s.Certificate())
	own := WithInvocation(map[string]any{"configuration": map[string]any{}, "management": map[string]any{
		"domain": "login.example", "baseUrl": s.URL + "/api/v2", "accessToken": "tok",
	}})
	return func(r *Realm) {
		own(r)
		r.Call.Host = h
		r.VM.Set("DOMAIN", strings.TrimPrefix(s.URL, "https://"))
	}
}

func TestCompatAuth0(t *testing.T) { Cases(t, "testdata/compat_auth0*.txtar", authOptions(t)) }

// TestCompatJWKS verifies tokens with keys of a real set.
func TestCompatJWKS(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	set := map[string]any{"keys": []any{
		map[string]any{"kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB"},
		map[string]any{"kty": "RSA", "use": "sig", "kid": "one", "alg": "RS256", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())},
		map[string]any{"kty": "EC", "use": "sig", "kid": "two", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
	}}
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, r *http.Request) { asked.Add(1); json.NewEncoder(w).Encode(set) })
	mux.HandleFunc("/empty", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"keys":[]}`) })
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(asked.Swap(0)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	Cases(t, "testdata/compat_jwks.txtar", func(r *Realm) {
		r.Call.Host = &dialHost{}
		r.VM.Set("BASE", s.URL)
		r.VM.Set("PRIVATE", private)
	})
}
