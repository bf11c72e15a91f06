package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	planClaim     = "https://acme.example/plan"
	termsClaim    = "https://acme.example/terms"
	languageClaim = "https://acme.example/language"
)

func TestLoginsInABrowser(t *testing.T) {
	chromium, on := chromium(t), start(t, options{})

	t.Run("claims of rules and actions", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("ann@acme.example", "ann-secret")
		require.Equal(t, "Welcome, Ann Archer", b.text("h1"))
		require.Equal(t, "gold", b.claim(planClaim), "a rule's claim")
		require.Equal(t, "2026", b.claim(termsClaim), "an action's")
		require.Equal(t, "auth0|1", b.claim("sub"))
		require.Equal(t, `"gold"`, b.text(`#userinfo [data-claim="`+planClaim+`"]`))

		id, access := verified(t, on, b.text("#raw-id-token")), verified(t, on, b.text("#raw-access-token"))
		assert.Equal(t, "gold", id[planClaim])
		assert.Equal(t, on.issuer, id["iss"])
		assert.Equal(t, "auth0|1", access["https://acme.example/member"])
		assert.NotContains(t, access, planClaim)
		assert.Equal(t, "openid profile email orders", access["scope"])
	})

	t.Run("a wrong password, then the right one", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("ann@acme.example", "bob-secret")
		require.Equal(t, "Wrong email or password.", b.text("#error"))
		b.fill("nobody@acme.example", "ann-secret")
		require.Equal(t, "Wrong email or password.", b.text("#error"))
		b.fill("ann@acme.example", "ann-secret")
		require.Equal(t, "gold", b.claim(planClaim))
	})

	t.Run("denied by an action", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("bob@acme.example", "bob-secret")
		b.refused("access_denied", "Please verify your email address first: we have sent you a link.")
	})

	t.Run("an answer is posted from another site", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("eve@acme.example", "eve-secret")
		q := must(t, b.location()).Query()
		q.Set("answer", "no")
		shop := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := shop.PostForm(on.shop+"/ask/terms", q)
		require.NoError(t, err)
		defer res.Body.Close()
		back, err := res.Location()
		require.NoError(t, err)
		// 127.0.0.1 is another site than localhost.
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!doctype html><form method=post action=%q><input name=state value=%q><input name=session_token value=%q><button id=post>Post</button></form>`,
				on.issuer+"/continue", back.Query().Get("state"), back.Query().Get("session_token"))
		}))
		defer site.Close()
		b.open(site.URL)
		b.click("#post")
		require.Equal(t, on.issuer+"/continue", b.location())
		b.click("#go")
		b.refused("access_denied", "You have not accepted the terms.")
	})

	t.Run("an action redirects", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("eve@acme.example", "eve-secret")
		require.Equal(t, "Our terms", b.text("h1"))
		b.click("button[value=no]")
		b.refused("access_denied", "You have not accepted the terms.")

		b.login("eve@acme.example", "eve-secret")
		b.click(`button[value="2026"]`)
		require.Equal(t, "2026", b.claim(termsClaim), "the claim of the action that went on")
		require.Equal(t, "free", b.claim(planClaim), "a rule's, from before the redirect")
		used := b.cameBack().String()

		b.open(used)
		require.Equal(t, "this step of the login was taken already; begin the login again", b.text("#error"), "Rulebox refuses a state that was used")
		require.True(t, strings.HasPrefix(b.location(), on.issuer), "and the shop gets no second code")

		again := newBrowser(t, chromium, on)
		again.login("eve@acme.example", "eve-secret")
		require.Equal(t, "2026", again.claim(termsClaim), "the user is not asked a second time: what the action set is kept")
		require.Equal(t, map[string]any{"terms": "2026"}, stored(t, on, "auth0|3")["app_metadata"])
	})

	t.Run("a rule redirects", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("kim@acme.example", "kim-secret")
		require.Equal(t, "Your language", b.text("h1"))
		back := b.location()
		b.click("button[value=pl]")
		require.Equal(t, "pl", b.claim(languageClaim))
		require.Equal(t, "free", b.claim(planClaim), "all rules ran again")

		b.open(b.cameBack().String())
		require.Contains(t, b.text("#error"), "This login is not there")
		b.open(back) // the history's page, and another answer
		b.click("button[value=de]")
		require.Contains(t, b.text("#error"), "This login is not there")
	})
}

func TestForgedAnswersInABrowser(t *testing.T) {
	chromium, on := chromium(t), start(t, options{})

	t.Run("an action's", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("eve@acme.example", "eve-secret")
		page := b.location()
		q := must(t, page).Query()
		q.Set("session_token", "e30.e30.e30")
		b.open(on.issuer + "/continue?" + q.Encode())
		b.refused("server_error", "The login could not be completed. Try again later.")
		require.Contains(t, on.log.String(), "Failed signature validation")
		b.open(page)
		b.click(`button[value="2026"]`)
		require.Contains(t, b.text("#error"), "taken already", "the state was used by the forgery")
		require.NotContains(t, stored(t, on, "auth0|3")["app_metadata"], "terms")
	})

	t.Run("a rule's", func(t *testing.T) {
		b := newBrowser(t, chromium, on)
		b.login("kim@acme.example", "kim-secret")
		b.open(on.issuer + "/continue?" + must(t, b.location()).RawQuery) // the question's token is no answer
		b.refused("unauthorized", "Please choose a language on our page.")
	})

	t.Run("another browser's", func(t *testing.T) {
		victim, thief := newBrowser(t, chromium, on), newBrowser(t, chromium, on)
		victim.login("eve@acme.example", "eve-secret")
		thief.open(victim.location())
		thief.click(`button[value="2026"]`)
		require.Contains(t, thief.text("#error"), "This login is not there", "a state is good in the browser of its login only")
		thief.open(on.issuer + "/continue?state=AWsDLZD1yheJ")
		require.Contains(t, thief.text("#error"), "This login is not there")
		victim.click(`button[value="2026"]`)
		require.Equal(t, "2026", victim.claim(termsClaim), "and the thief has spoiled nothing")
	})
}

// verified returns the claims of a token whose signature is good by the keys that
// the login server publishes.
func verified(t *testing.T, on *running, raw string) map[string]any {
	t.Helper()
	res, err := http.Get(on.issuer + "/keys")
	require.NoError(t, err)
	defer res.Body.Close()
	var keys jose.JSONWebKeySet
	require.NoError(t, json.NewDecoder(res.Body).Decode(&keys))
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	require.NoError(t, err)
	claims := map[string]any{}
	require.NoError(t, token.Claims(keys, &claims))
	return claims
}

func must(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

// stored is what the login server keeps of a user.
func stored(t *testing.T, on *running, id string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(on.data, "users.json"))
	require.NoError(t, err)
	var users map[string]map[string]any
	require.NoError(t, json.Unmarshal(text, &users))
	require.Contains(t, users, id)
	return users[id]
}
