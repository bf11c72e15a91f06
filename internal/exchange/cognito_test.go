//go:build !race

package exchange

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// srpGroup is the 3072-bit group of RFC 3526, with generator 2: Cognito's.
var srpGroup, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)

const (
	poolName = "Pool1"
	poolID   = "eu-north-1_" + poolName
	srpUser  = "ann"
	srpPass  = "Correct-horse-1"
)

// padHex is a number's bytes as Cognito hashes them: whole, and never negative.
func padHex(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) > 0 && b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}

func hashInt(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// cognito is the server's side of the secure remote password protocol, as
// Cognito's user pools do it.
type cognito struct {
	salt, verifier, b, bigB, bigA *big.Int
	block                         []byte
	mu                            sync.Mutex
}

func newCognito(t *testing.T) *cognito {
	random := func() *big.Int {
		b := make([]byte, 32)
		_, err := io.ReadFull(rand.Reader, b)
		require.NoError(t, err)
		return new(big.Int).SetBytes(b)
	}
	c := &cognito{salt: random(), b: random(), block: []byte("an opaque block")}
	g := big.NewInt(2)
	inner := sha256.Sum256([]byte(poolName + srpUser + ":" + srpPass))
	x := hashInt(padHex(c.salt), inner[:])
	c.verifier = new(big.Int).Exp(g, x, srpGroup)
	k := hashInt(padHex(srpGroup), padHex(g))
	c.bigB = new(big.Int).Mul(k, c.verifier)
	c.bigB.Add(c.bigB, new(big.Int).Exp(g, c.b, srpGroup)).Mod(c.bigB, srpGroup)
	return c
}

func (c *cognito) signature(timestamp string) string {
	u := hashInt(padHex(c.bigA), padHex(c.bigB))
	s := new(big.Int).Exp(c.verifier, u, srpGroup)
	s.Mul(s, c.bigA).Exp(s, c.b, srpGroup)
	extract := hmac.New(sha256.New, padHex(u))
	extract.Write(padHex(s))
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte("Caldera Derived Key\x01"))
	m := hmac.New(sha256.New, expand.Sum(nil)[:16])
	m.Write([]byte(poolName + srpUser))
	m.Write(c.block)
	m.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func (c *cognito) serve(w http.ResponseWriter, r request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var in struct{ AuthParameters, ChallengeResponses map[string]string }
	if err := json.Unmarshal([]byte(r.Body), &in); err != nil {
		answer(w, 400, `{"__type":"InvalidParameterException"}`)
		return
	}
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch action {
	case "InitiateAuth":
		c.bigA, _ = new(big.Int).SetString(in.AuthParameters["SRP_A"], 16)
		b, _ := json.Marshal(map[string]any{"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": map[string]string{
			"SALT": c.salt.Text(16), "SRP_B": hex.EncodeToString(c.bigB.Bytes()), "SECRET_BLOCK": base64.StdEncoding.EncodeToString(c.block), "USERNAME": srpUser, "USER_ID_FOR_SRP": srpUser}})
		answer(w, 200, string(b))
	case "RespondToAuthChallenge":
		if in.ChallengeResponses["PASSWORD_CLAIM_SIGNATURE"] != c.signature(in.ChallengeResponses["TIMESTAMP"]) {
			answer(w, 400, `{"__type":"NotAuthorizedException","message":"Incorrect username or password."}`)
			return
		}
		token := strings.Join([]string{"e30", base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"s1","email":"a@b.test","exp":4102444800,"iat":1}`)), "x"}, ".")
		answer(w, 200, `{"AuthenticationResult":{"AccessToken":"`+token+`","IdToken":"`+token+`","RefreshToken":"r","ExpiresIn":3600,"TokenType":"Bearer"},"ChallengeParameters":{}}`)
	default:
		answer(w, 400, `{"__type":"UnknownOperationException"}`)
	}
}

func TestCognito(t *testing.T) {
	c := newCognito(t)
	addr, _ := serve(t, c.serve)
	all := invokers(t)
	for _, tt := range []struct{ password, want string }{
		{srpPass, `["a@b.test","s1"]`},
		{"guess", `["NotAuthorizedException","Incorrect username or password."]`},
	} {
		e := exchange{configuration: map[string]string{"ADDR": addr, "PASSWORD": tt.password}, egress: []string{addr}, body: `
			const { CognitoUserPool, CognitoUser, AuthenticationDetails } = require('amazon-cognito-identity-js');
			const pool = new CognitoUserPool({ UserPoolId: '` + poolID + `', ClientId: 'client', endpoint: 'http://' + configuration.ADDR });
			const user = new CognitoUser({ Username: '` + srpUser + `', Pool: pool });
			return new Promise((ok) => user.authenticateUser(new AuthenticationDetails({ Username: '` + srpUser + `', Password: configuration.PASSWORD }), {
				onSuccess: (s) => ok([s.getIdToken().payload.email, s.getIdToken().payload.sub]), onFailure: (e) => ok([e.code, e.message]) }));`}
		e.everywhere(t, all, tt.want)
	}
}
