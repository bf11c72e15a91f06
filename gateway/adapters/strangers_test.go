package adapters

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// broken is a body that does not arrive whole.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errors.New("reset by peer")
	}
	return n, err
}

// A stranger does not learn which tenants there are and which identity servers they
// have: neither from a signature that does not hold, nor from bodies that are too
// large, do not come, or come in part.
func TestStrangersLearnNoTenants(t *testing.T) {
	e := newEdge(t)
	wrong := sign([]byte("another key, 16+"), "x")
	now := e.webhook("id", e.now, "another key, 16+", "x")
	for hook, headers := range map[string][]string{
		"supabase/send-sms": {"webhook-id", "id", "webhook-timestamp", now[3], "webhook-signature", "v1," + base64.StdEncoding.EncodeToString(wrong)},
		"zitadel":           {"ZITADEL-Signature", "t=" + now[3] + ",v1=" + hex.EncodeToString(wrong)},
		"logto/webhook":     {"logto-signature-sha-256", hex.EncodeToString(wrong)},
		"keycloak/events":   {"X-Keycloak-Signature", hex.EncodeToString(wrong)},
		"kratos/login":      {"X-Api-Key", "no such key"},
		"hydra/token":       {"Authorization", "Bearer no such key"},
	} {
		for name, body := range map[string]func() io.Reader{
			"small":        func() io.Reader { return strings.NewReader(`{}`) },
			"empty":        func() io.Reader { return strings.NewReader(``) },
			"too large":    func() io.Reader { return bytes.NewReader(make([]byte, MaxBody+1)) },
			"endless":      func() io.Reader { return struct{ io.Reader }{bytes.NewReader(make([]byte, MaxBody+1))} },
			"broken off":   func() io.Reader { return broken{strings.NewReader(`{"a":`)} },
			"no signature": nil,
		} {
			answer := func(tenant string) (int, string, int) {
				read := &counted{}
				if body != nil {
					read.Reader = body()
				} else {
					read.Reader = strings.NewReader(`{}`)
				}
				r := httptest.NewRequest("POST", "/v1/tenants/"+tenant+"/adapters/"+hook, read)
				if l, ok := read.Reader.(interface{ Len() int }); ok {
					r.ContentLength = int64(l.Len())
				}
				for i := 0; i < len(headers) && body != nil; i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				w := httptest.NewRecorder()
				e.h.ServeHTTP(w, r)
				return w.Code, w.Body.String() + http.Header.Get(w.Header(), "WWW-Authenticate"), read.n
			}
			code, text, n := answer("shop")
			require.GreaterOrEqual(t, code, 400)
			code2, text2, n2 := answer("nobody")
			assert.Equal(t, []any{code, text, n}, []any{code2, text2, n2}, "%s, %s: what a tenant's and nobody's door answer, and how much of the body they wait for", hook, name)
		}
	}
	assert.Zero(t, e.runs.Load())
}

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// Names of tenants cost nothing to make up. All of them together have one share of
// the room for bodies.
func TestNamesMadeUpShareOneRoom(t *testing.T) {
	rooms := map[string]bool{}
	e := newEdge(t, func(o *Options) {
		o.Admit = func(_ *http.Request, tenant string, _ int64) (func(), error) {
			rooms[tenant] = true
			return func() {}, nil
		}
	})
	h := e.webhook("id", e.now, "another key, 16+", "x")
	for _, tenant := range []string{"shop", "nobody", "somebody"} {
		require.Equal(t, 401, e.send("POST", tenant+"/adapters/supabase/send-sms", "x", h...).Code)
	}
	assert.Equal(t, map[string]bool{"shop": true, "": true}, rooms)
}

// The user writes the query of the address at which Kratos' login begins. Scripts
// read the scopes there that Hydra was asked for, not those that the user added.
func TestUserDoesNotChooseTheScopesThatScriptsSee(t *testing.T) {
	e := newEdge(t)
	var scope string
	e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		var c struct {
			Request struct{ Query struct{ Scope string } }
		}
		require.NoError(t, json.Unmarshal(inv.Args[1], &c))
		scope = c.Request.Query.Scope
		return &rulebox.Result{ID: inv.ID, Decision: rulebox.Allow, Values: inv.Args[:2]}, nil
	}
	body := `{"identity":{"id":"i"},"flow":{"request_url":"https://k.example/self-service/login/browser?login_challenge=x&scope=openid",
		"oauth2_login_request":{"client":{"client_id":"c"},"requested_scope":["openid","admin"]}}}`
	require.Equal(t, 200, e.send("POST", "shop/adapters/kratos/login", body, "X-Api-Key", secret).Code)
	assert.Equal(t, "openid admin", scope)
}
