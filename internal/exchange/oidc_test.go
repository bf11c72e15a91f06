//go:build !race

package exchange

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sign makes a JWT with ES256.
func sign(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	require.NoError(t, err)
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"ES256","kid":"k1"}`)) + "." + enc.EncodeToString(body)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + enc.EncodeToString(sig)
}

// An OpenID provider that signs with its own key.
func TestOpenIDClient(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	addr, _ := serve(t, func(w http.ResponseWriter, r request) {
		issuer := "http://" + r.Host
		switch path, _, _ := strings.Cut(r.Path, "?"); path {
		case "/.well-known/openid-configuration":
			answer(w, 200, fmt.Sprintf(`{"issuer":%q,"token_endpoint":"%s/token","jwks_uri":"%s/jwks","authorization_endpoint":"%s/auth","userinfo_endpoint":"%s/me","id_token_signing_alg_values_supported":["ES256"]}`, issuer, issuer, issuer, issuer, issuer))
		case "/jwks":
			enc := base64.RawURLEncoding
			answer(w, 200, fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","use":"sig","alg":"ES256","x":%q,"y":%q}]}`, enc.EncodeToString(key.X.FillBytes(make([]byte, 32))), enc.EncodeToString(key.Y.FillBytes(make([]byte, 32)))))
		case "/token":
			form, _ := url.ParseQuery(r.Body)
			if r.Header.Get("Authorization") != basic("client", "secret") || form.Get("code") != "good" {
				answer(w, 400, `{"error":"invalid_grant","error_description":"the code is not good"}`)
				return
			}
			id := sign(t, key, map[string]any{"iss": issuer, "sub": "u1", "aud": "client", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()})
			answer(w, 200, fmt.Sprintf(`{"access_token":"at","token_type":"Bearer","id_token":%q}`, id))
		case "/me":
			answer(w, 200, `{"sub":"u1","email":"`+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+`@b.test"}`)
		}
	})
	all := invokers(t)
	exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const { Issuer } = require('openid-client');
		const issuer = await Issuer.discover('http://' + configuration.ADDR);
		const client = new issuer.Client({ client_id: 'client', client_secret: 'secret', redirect_uris: ['https://a.test/cb'], id_token_signed_response_alg: 'ES256' });
		const set = await client.callback('https://a.test/cb', { code: 'good' });
		const me = await client.userinfo(set);
		const failed = await client.callback('https://a.test/cb', { code: 'bad' }).catch((e) => [e.name, e.error, e.error_description]);
		return [set.claims().sub, me.email, failed];`}.everywhere(t, all, `["u1","at@b.test",["OPError","invalid_grant","the code is not good"]]`)
}

// firebase-admin verifies tokens and fetches keys over https; here it signs one,
// which needs nobody.
func TestFirebaseAdmin(t *testing.T) {
	all := invokers(t)
	exchange{body: `
		const admin = require('firebase-admin');
		const { privateKey, publicKey } = require('crypto').generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
		const app = admin.initializeApp({ credential: admin.credential.cert({ projectId: 'p', clientEmail: 'x@p.iam.gserviceaccount.com', privateKey }) }, 'a' + Math.random());
		const token = await app.auth().createCustomToken('u1', { plan: 'gold' });
		const claims = require('jsonwebtoken').verify(token, publicKey, { algorithms: ['RS256'] });
		return [claims.uid, claims.claims.plan, claims.iss];`}.everywhere(t, all, `["u1","gold","x@p.iam.gserviceaccount.com"]`)
}
