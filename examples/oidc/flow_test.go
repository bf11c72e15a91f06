package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client speaks the protocol by hand, where the shop and a browser would do it
// right. It stops at the shop's door.
type client struct {
	t        *testing.T
	on       *running
	http     *http.Client
	verifier string
	last     *http.Response // its body is read
	body     string
}

func newClient(t *testing.T, on *running) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &client{t: t, on: on, verifier: rand.Text() + rand.Text(), http: &http.Client{Jar: jar, Timeout: safety,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if !strings.HasPrefix(r.URL.String(), on.issuer) {
				return http.ErrUseLastResponse
			}
			return nil
		}}}
}

func (c *client) send(r *http.Request, err error) int {
	c.t.Helper()
	require.NoError(c.t, err)
	c.last, err = c.http.Do(r)
	require.NoError(c.t, err)
	defer c.last.Body.Close()
	text, err := io.ReadAll(c.last.Body)
	require.NoError(c.t, err)
	c.body = string(text)
	return c.last.StatusCode
}

func (c *client) get(address string) int {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	return c.send(r, err)
}

func (c *client) post(path string, form url.Values) int {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodPost, c.on.issuer+path, strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(r, err)
}

// authorize begins a login; more replaces what a right request has.
func (c *client) authorize(more url.Values) int {
	c.t.Helper()
	sum := sha256.Sum256([]byte(c.verifier))
	q := url.Values{"client_id": {"shop"}, "redirect_uri": {c.on.shop + "/callback"}, "response_type": {"code"}, "scope": {"openid email orders"},
		"state": {"s"}, "nonce": {"n-1"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for name, v := range more {
		if q[name] = v; len(v) == 0 {
			delete(q, name)
		}
	}
	return c.get(c.on.issuer + "/authorize?" + q.Encode())
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// login sends the form of the page that is open.
func (c *client) login(email, password string) int {
	c.t.Helper()
	m := hidden.FindStringSubmatch(c.body)
	require.NotNil(c.t, m, c.body)
	return c.post("/login", url.Values{"request": {m[1]}, "email": {email}, "password": {password}})
}

// told returns what the shop is told.
func (c *client) told() url.Values {
	c.t.Helper()
	to, err := c.last.Location()
	require.NoError(c.t, err, c.body)
	require.True(c.t, strings.HasPrefix(to.String(), c.on.shop+"/callback?"), to)
	require.Equal(c.t, "s", to.Query().Get("state"))
	return to.Query()
}

func (c *client) exchange(code, verifier string) (status int, answer map[string]any) {
	c.t.Helper()
	status = c.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"shop"}, "code": {code},
		"redirect_uri": {c.on.shop + "/callback"}, "code_verifier": {verifier}})
	require.NoError(c.t, json.Unmarshal([]byte(c.body), &answer), c.body)
	return status, answer
}

// acts is a rule that does what the parameter act of /authorize says.
const acts = `function acts(user, context, callback) {
  switch (context.request.query.act) {
  case 'reserved':
    Object.assign(context.idToken, { sub: 'auth0|2', iss: 'https://evil.example', aud: 'evil', exp: 1, nonce: 'other', amr: ['mfa'], acr: 'gold', act: { sub: 'auth0|2' }, email: 'new@acme.example', fine: [1, { a: null }] });
    Object.assign(context.accessToken, { sub: 'auth0|2', client_id: 'evil', act: { sub: 'auth0|2' }, permissions: ['all'], scope: ['orders', 'read:all'], fine: 1.5 });
    break;
  case 'multifactor': context.multifactor = { provider: 'any' }; break;
  case 'nobody': context.primaryUser = 'auth0|99'; break;
  case 'ann': context.primaryUser = 'auth0|1'; break;
  case 'throw': throw new Error('secret detail');
  case 'loop': for (;;) {}
  case 'deny': return callback(new UnauthorizedError('100% sure: no & <b>never</b>'));
  case 'nonsense': context.idToken = 'text'; break;
  }
  callback(null, user, context);
}`

// This action asks for a second factor, which the login server does not have.
const challenges = `exports.onExecutePostLogin = async (event, api) => {
  if (event.request.query.act === 'challenge') api.authentication.challengeWithAny([{ type: 'otp' }]);
  if (event.request.query.act === 'metadata') {
    api.user.setUserMetadata('count', event.stats.logins_count);
    api.user.setAppMetadata('terms', null);
    if (event.request.query.refuse) api.access.deny('not now');
  }
};`

func variants(t *testing.T) *running {
	tenants := tenant(t)
	at := func(name string) string { return filepath.Join(tenants, "acme", name) }
	write(t, at("rules/acts.js"), acts)
	write(t, at("rules/acts.json"), `{"name": "Acts", "order": 9, "enabled": true}`)
	write(t, at("actions/challenges/code.js"), challenges)
	write(t, at("actions/challenges.json"), `{"name": "challenges", "code": "./actions/challenges/code.js", "supported_triggers": [{"id": "post-login", "version": "v3"}], "deployed": true}`)
	write(t, at("triggers/triggers.json"), `{"post-login": [{"action_name": "challenges"}]}`)
	write(t, at("rulebox.json"), `{"limits": {"wall": "1s"}}`)
	return start(t, options{tenants: tenants})
}

func TestWhatScriptsDecide(t *testing.T) {
	on := variants(t)
	attempt := func(t *testing.T, query url.Values) *client {
		c := newClient(t, on)
		require.Equal(t, http.StatusOK, c.authorize(query))
		require.Equal(t, http.StatusFound, c.login("ann@acme.example", "ann-secret"), c.body)
		return c
	}
	const failed = "The login could not be completed. Try again later."
	for act, want := range map[string][2]string{
		"multifactor": {"unmet_authentication_requirements", "This login server cannot ask for a second factor."},
		"challenge":   {"unmet_authentication_requirements", "This login server cannot show forms, nor ask for a second factor."},
		"nobody":      {"server_error", failed},
		"throw":       {"server_error", failed},
		"loop":        {"server_error", failed},
		"nonsense":    {"server_error", failed},
		"deny":        {"unauthorized", "100% sure: no & <b>never</b>"},
	} {
		t.Run(act, func(t *testing.T) {
			told := attempt(t, url.Values{"act": {act}}).told()
			assert.Equal(t, want[0], told.Get("error"))
			assert.Equal(t, want[1], told.Get("error_description"))
			assert.NotContains(t, told, "code")
		})
	}
	assert.Contains(t, on.log.String(), "code=timeout", "the operator's log has the reasons")
	assert.Contains(t, on.log.String(), "secret detail")

	t.Run("what is the server's own stays", func(t *testing.T) {
		c := attempt(t, url.Values{"act": {"reserved"}})
		status, answer := c.exchange(c.told().Get("code"), c.verifier)
		require.Equal(t, http.StatusOK, status, c.body)
		id, access := verified(t, on, answer["id_token"].(string)), verified(t, on, answer["access_token"].(string))
		assert.Equal(t, "auth0|1", id["sub"])
		assert.Equal(t, on.issuer, id["iss"])
		assert.Equal(t, []any{"shop"}, id["aud"])
		assert.Equal(t, "n-1", id["nonce"])
		assert.Equal(t, []any{"pwd"}, id["amr"])
		for _, name := range []string{"acr", "act", "permissions"} {
			assert.NotContains(t, id, name, "nor may a rule set what the server leaves out")
			assert.NotContains(t, access, name)
		}
		assert.Equal(t, "new@acme.example", id["email"], "the profile's claims are a rule's to change")
		assert.Equal(t, []any{1.0, map[string]any{"a": nil}}, id["fine"])
		assert.Equal(t, "auth0|1", access["sub"])
		assert.Equal(t, "shop", access["client_id"])
		assert.Equal(t, 1.5, access["fine"])
		assert.Equal(t, "orders read:all openid", access["scope"], "scopes are what the rule has granted")
	})

	t.Run("the primary user", func(t *testing.T) {
		c := newClient(t, on)
		require.Equal(t, http.StatusOK, c.authorize(url.Values{"act": {"ann"}}))
		require.Equal(t, http.StatusFound, c.login("bob@acme.example", "bob-secret"))
		_, answer := c.exchange(c.told().Get("code"), c.verifier)
		assert.Equal(t, "auth0|1", verified(t, on, answer["id_token"].(string))["sub"])
	})

	t.Run("metadata", func(t *testing.T) {
		told := attempt(t, url.Values{"act": {"metadata"}, "refuse": {"yes"}}).told()
		require.Equal(t, "not now", told.Get("error_description"))
		user := stored(t, on, "auth0|1")
		assert.Equal(t, map[string]any{"terms": nil}, user["app_metadata"], "what an action sets is kept after a denial too")
		assert.Equal(t, user["logins"], user["user_metadata"].(map[string]any)["count"])
	})
}

func TestProtocol(t *testing.T) {
	on := start(t, options{})
	for name, c := range map[string]struct {
		query url.Values
		error string
	}{
		"no PKCE":       {url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		"plain PKCE":    {url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		"no session":    {url.Values{"prompt": {"none"}}, "login_required"},
		"implicit flow": {url.Values{"response_type": {"id_token"}}, "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := newClient(t, on)
			require.Equal(t, http.StatusFound, c2.authorize(c.query), c2.body)
			to, err := c2.last.Location()
			require.NoError(t, err)
			answer := to.Query()
			if answer.Get("error") == "" {
				answer, err = url.ParseQuery(to.Fragment)
				require.NoError(t, err)
			}
			assert.Equal(t, c.error, answer.Get("error"), to)
		})
	}
	for name, query := range map[string]url.Values{"another's address": {"redirect_uri": {"http://evil.example/callback"}}, "an unknown client": {"client_id": {"other"}}} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, on)
			require.Equal(t, http.StatusBadRequest, c.authorize(query), "the browser is sent nowhere")
		})
	}

	t.Run("a code is good once, with its verifier", func(t *testing.T) {
		c := newClient(t, on)
		c.authorize(nil)
		require.Equal(t, http.StatusFound, c.login("ann@acme.example", "ann-secret"))
		callback := c.last.Request.URL.String() // of the library: /authorize/callback?id=…
		code := c.told().Get("code")
		status, answer := c.exchange(code, "another verifier, of another application")
		require.Equal(t, http.StatusBadRequest, status)
		require.NotContains(t, answer, "id_token")
		status, _ = c.exchange(code, c.verifier)
		require.Equal(t, http.StatusBadRequest, status, "who has guessed wrong has used it up")

		require.Contains(t, callback, "/authorize/callback")
		c.get(callback)
		if to, err := c.last.Location(); err == nil {
			require.NotContains(t, to.Query(), "code", "a login has one code")
		}
	})

	t.Run("userinfo and revocation", func(t *testing.T) {
		c := newClient(t, on)
		c.authorize(nil)
		c.login("ann@acme.example", "ann-secret")
		_, answer := c.exchange(c.told().Get("code"), c.verifier)
		token := answer["access_token"].(string)
		info := func(token string) int {
			r, err := http.NewRequest(http.MethodGet, on.issuer+"/userinfo", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+token)
			return c.send(r, nil)
		}
		require.Equal(t, http.StatusOK, info(token))
		require.Contains(t, c.body, `"https://acme.example/plan":"gold"`)
		require.NotContains(t, c.body, "Ann Archer", "the scope profile was not asked for")
		require.Equal(t, http.StatusUnauthorized, info(token+"x"))
		require.Equal(t, http.StatusOK, c.post("/revoke", url.Values{"client_id": {"shop"}, "token": {token}}), c.body)
		require.Equal(t, http.StatusForbidden, info(token))
	})

	t.Run("the form", func(t *testing.T) {
		c := newClient(t, on)
		c.authorize(nil)
		form := c.body
		thief := newClient(t, on)
		thief.body = form
		require.Equal(t, http.StatusBadRequest, thief.login("bob@acme.example", "bob-secret"), "another browser cannot log in for this one")
		require.Equal(t, http.StatusBadRequest, c.post("/login", url.Values{"request": {"none"}}))
		require.Equal(t, http.StatusBadRequest, c.get(on.issuer+"/login?request=none"))
		c.body = form
		require.Equal(t, http.StatusUnauthorized, c.login(`"><script>alert(1)</script>`, "x"))
		require.NotContains(t, c.body, "<script>")
		require.Equal(t, http.StatusFound, c.login("ann@acme.example", "ann-secret"))
		c.body = form
		require.Equal(t, http.StatusConflict, c.login("ann@acme.example", "ann-secret"), "a login ends once")
	})
}
