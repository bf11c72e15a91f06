package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/crypto/bcrypt"
)

// task is a rule that does work in Go through a module, and the same in Go.
type task struct {
	tenant, what string
	// work is JavaScript that may use n and await, and leaves something in proof.
	// setup is run before, outside of the time.
	setup, work string
	n           int // how often, in one login
	native      func() error
}

// rule returns the rule's source. It reports the time of the work alone, as the
// floor has it, and what the work came to.
func (t *task) rule() string {
	return fmt.Sprintf(`async function work(user, context, callback) {
  const n = %d;
  let proof;
  %s
  const begin = process.hrtime.bigint();
  for (let i = 0; i < n; i++) { %s }
  context.idToken.ns = Number(process.hrtime.bigint() - begin);
  context.idToken.proof = String(proof);
  callback(null, user, context);
}`, t.n, t.setup, t.work)
}

const bcryptHash = "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe" // of no known password

// tasks returns the work. Keys are made for each run.
func tasks() ([]*task, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	publicPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	sign := func() (string, error) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
		if err != nil {
			return "", err
		}
		now := time.Now()
		return jwt.Signed(signer).Claims(jwt.Claims{Subject: "auth0|1", Issuer: "https://acme.example/", IssuedAt: jwt.NewNumericDate(now),
			Expiry: jwt.NewNumericDate(now.Add(time.Hour))}).Serialize()
	}
	token, err := sign()
	if err != nil {
		return nil, err
	}
	block := bytes.Repeat([]byte("x"), 1<<20)
	return []*task{
		{"sha", "SHA-256 of 8 MiB", `const crypto = require('crypto'), block = Buffer.alloc(1 << 20, 'x');`,
			`proof = crypto.createHash('sha256').update(block).digest('hex');`, 8, func() error {
				sha256.Sum256(block)
				return nil
			}},
		{"bcrypt", "bcrypt, cost 10: compare", `const bcrypt = require('bcrypt');`,
			`proof = await bcrypt.compare(user.user_id, ` + quote(bcryptHash) + `);`, 2, func() error {
				if bcrypt.CompareHashAndPassword([]byte(bcryptHash), []byte("auth0|6a1b2c3d4e5f60718293a4b5")) == nil {
					return fmt.Errorf("the password is right")
				}
				return nil
			}},
		{"sign", "JWT, RS256, 2048 bits: sign", `const jwt = require('jsonwebtoken'), key = ` + quote(private) + `;`,
			`proof = jwt.sign({ sub: 'auth0|1', iss: 'https://acme.example/' }, key, { algorithm: 'RS256', expiresIn: 3600 });`, 40, func() error {
				_, err := sign()
				return err
			}},
		{"verify", "JWT, RS256, 2048 bits: verify", `const jwt = require('jsonwebtoken'), key = ` + quote(publicPEM) + `, token = ` + quote(token) + `;`,
			`proof = jwt.verify(token, key, { algorithms: ['RS256'], issuer: 'https://acme.example/' }).sub;`, 400, func() error {
				t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
				if err != nil {
					return err
				}
				var c jwt.Claims
				if err := t.Claims(&key.PublicKey, &c); err != nil {
					return err
				}
				return c.Validate(jwt.Expected{Issuer: "https://acme.example/", Time: time.Now()})
			}},
	}, nil
}

// native measures work that modules do in Go against the same in Go.
func (b *bench) native(ctx context.Context) error {
	list, err := tasks()
	if err != nil {
		return err
	}
	c, err := b.startTasks(ctx, "native", list)
	if err != nil {
		return err
	}
	defer c.close()
	guest, host := make([][]time.Duration, len(list)), make([][]time.Duration, len(list))
	for round := range b.rounds() + 1 {
		for i, t := range list {
			took, err := c.work(ctx, t.tenant, b.payload)
			if err != nil {
				return err
			}
			begin := time.Now()
			for range t.n {
				if err := t.native(); err != nil {
					return err
				}
			}
			if round > 0 {
				guest[i], host[i] = append(guest[i], took/time.Duration(t.n)), append(host[i], time.Since(begin)/time.Duration(t.n))
			}
		}
	}
	table("Work that modules do in Go", "what", "in a rule, µs", "native Go, µs", "ratio", "goal")
	for i, t := range list {
		g, h := percentile(guest[i], 50), percentile(host[i], 50)
		if t.tenant == "sha" {
			g, h = g*time.Duration(t.n), h*time.Duration(t.n)
		}
		row(t.what, us(g), us(h), ratio(g, h), "≤ 1.1")
	}
	return nil
}

func (b *bench) startTasks(ctx context.Context, dir string, list []*task) (*candidate, error) {
	for _, t := range list {
		if err := writeTenant(b.path(dir), t.tenant, []string{t.rule()}, "{}", b.web.addr); err != nil {
			return nil, err
		}
	}
	return b.startRulebox(ctx, dir, "--max-workers-per-tenant", "1")
}

// work asks once and returns the time that the rule measured.
func (c *candidate) work(ctx context.Context, tenant string, payload []byte) (time.Duration, error) {
	m, err := c.conn.RequestWithContext(ctx, c.subject(tenant), payload)
	if err != nil {
		return 0, err
	}
	var out struct {
		Context struct {
			IDToken struct {
				NS    int64
				Proof string
			} `json:"idToken"`
		} `json:"context"`
	}
	if err := json.Unmarshal(m.Data, &out); err != nil || out.Context.IDToken.NS == 0 || out.Context.IDToken.Proof == "" {
		return 0, fmt.Errorf("%s: %.400s", tenant, m.Data)
	}
	return time.Duration(out.Context.IDToken.NS), nil
}
