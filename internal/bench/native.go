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
	// n is how often, in one login: what computes for more than 10 ms gives way to
	// others, and few logins do more.
	n      int
	native func() error
}

// rule returns the source of a rule that does the work n times, and says what it
// came to. Its time is taken outside, less that of the rule with n = 0: the clock
// of scripts is a coarse one.
func (t *task) rule(n int) string {
	return fmt.Sprintf(`async function work(user, context, callback) {
  const n = %d;
  let proof;
  %s
  for (let i = 0; i < n; i++) { %s }
  context.idToken.proof = String(proof);
  callback(null, user, context);
}`, n, t.setup, t.work)
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
			`proof = jwt.sign({ sub: 'auth0|1', iss: 'https://acme.example/' }, key, { algorithm: 'RS256', expiresIn: 3600 });`, 4, func() error {
				_, err := sign()
				return err
			}},
		{"verify", "JWT, RS256, 2048 bits: verify", `const jwt = require('jsonwebtoken'), key = ` + quote(publicPEM) + `, token = ` + quote(token) + `;`,
			`proof = jwt.verify(token, key, { algorithms: ['RS256'], issuer: 'https://acme.example/' }).sub;`, 20, func() error {
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
	type times struct{ guest, idle, host []time.Duration }
	all := make([]times, len(list))
	for round := range 3*b.rounds() + 1 {
		for i, t := range list {
			idle, err := c.work(ctx, t.tenant+"-0", b.payload)
			if err != nil {
				return err
			}
			guest, err := c.work(ctx, t.tenant, b.payload)
			if err != nil {
				return err
			}
			begin := time.Now()
			for range t.n {
				if err := t.native(); err != nil {
					return err
				}
			}
			host := time.Since(begin)
			if a := &all[i]; round > 0 {
				a.idle, a.guest, a.host = append(a.idle, idle), append(a.guest, guest), append(a.host, host)
			}
		}
	}
	table("Work that modules do in Go", "what", "in a rule, µs", "native Go, µs", "ratio", "goal")
	for i, t := range list {
		a, n := &all[i], time.Duration(t.n)
		if t.tenant == "sha" {
			n = 1 // 8 MiB are the n times
		}
		g, h := (percentile(a.guest, 50)-percentile(a.idle, 50))/n, percentile(a.host, 50)/n
		row(t.what, us(g), us(h), ratio(g, h), "≤ 1.1")
	}
	return nil
}

func (b *bench) startTasks(ctx context.Context, dir string, list []*task) (*candidate, error) {
	for _, t := range list {
		for tenant, n := range map[string]int{t.tenant: t.n, t.tenant + "-0": 0} {
			if err := writeTenant(b.path(dir), tenant, []string{t.rule(n)}, "{}", b.web.addr); err != nil {
				return nil, err
			}
		}
	}
	return b.startRulebox(ctx, dir, "--max-workers-per-tenant", "1")
}

// work asks once, after a pause in which the worker makes a realm ready.
func (c *candidate) work(ctx context.Context, tenant string, payload []byte) (time.Duration, error) {
	time.Sleep(5 * time.Millisecond)
	begin := time.Now()
	m, err := c.conn.RequestWithContext(ctx, c.subject(tenant), payload)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	var out struct {
		Context struct {
			IDToken struct{ Proof string } `json:"idToken"`
		} `json:"context"`
	}
	if err := json.Unmarshal(m.Data, &out); err != nil || out.Context.IDToken.Proof == "" {
		return 0, fmt.Errorf("%s: %.400s", tenant, m.Data)
	}
	return took, nil
}
