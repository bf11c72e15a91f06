// Package shop is an application that has its users log in at the login server. It
// shows what it is told of them. It also has the pages that a rule and an action of
// the tenant send users to in the middle of a login.
package shop

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Options are all required.
type Options struct {
	// Issuer is the login server; URL is the address of this application.
	Issuer, URL string
	ClientID    string
	// Secret is shared with the tenant's scripts: it signs questions and answers.
	Secret string
}

// CallbackPath is where the login server sends users back to.
const CallbackPath = "/callback"

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// A Shop serves HTTP.
type Shop struct {
	Options
	party rp.RelyingParty
	mux   *http.ServeMux
}

// New returns the shop. It asks the login server for its addresses and keys, so
// that one must serve already.
func New(ctx context.Context, o Options) (*Shop, error) {
	hash, block := make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(hash) // never fails
	_, _ = rand.Read(block)
	cookies := []httphelper.CookieHandlerOpt{httphelper.WithMaxAge(int(time.Hour.Seconds()))}
	if strings.HasPrefix(o.URL, "http://") {
		cookies = append(cookies, httphelper.WithUnsecure())
	}
	s := &Shop{Options: o, mux: http.NewServeMux()}
	var err error
	s.party, err = rp.NewRelyingPartyOIDC(ctx, o.Issuer, o.ClientID, "", o.URL+CallbackPath,
		[]string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, "orders"},
		rp.WithPKCE(httphelper.NewCookieHandler(hash, block, cookies...)), rp.WithSigningAlgsFromDiscovery(),
		rp.WithVerifierOpts(rp.WithIssuedAtOffset(5*time.Second)),
		rp.WithErrorHandler(s.refused), rp.WithUnauthorizedHandler(s.unauthorized))
	if err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.page(w, http.StatusOK, "home.html", nil) })
	s.mux.Handle("GET /login", rp.AuthURLHandler(rand.Text, s.party))
	s.mux.Handle("GET "+CallbackPath, rp.CodeExchangeHandler(rp.UserinfoCallback(s.welcome), s.party))
	s.mux.HandleFunc("GET /ask/{what}", s.ask)
	s.mux.HandleFunc("POST /ask/{what}", s.answer)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

func (s *Shop) page(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, name, data) // the browser has gone
}

type failure struct{ Code, Text string }

// refused shows the error that the login server has answered.
func (s *Shop) refused(w http.ResponseWriter, _ *http.Request, code, text, _ string) {
	s.page(w, http.StatusForbidden, "refused.html", failure{code, text})
}

// unauthorized shows what is wrong with an answer of the login server.
func (s *Shop) unauthorized(w http.ResponseWriter, _ *http.Request, text, _ string) {
	s.page(w, http.StatusUnauthorized, "refused.html", failure{"unauthorized", text})
}

type welcome struct {
	Name, Scope       string
	IDToken, UserInfo map[string]string // claims, as JSON
	RawID, RawAccess  string
}

// welcome shows who has logged in. The library has verified the ID token.
func (s *Shop) welcome(w http.ResponseWriter, _ *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], _ string, _ rp.RelyingParty, info *oidc.UserInfo) {
	scope, _ := tokens.Extra("scope").(string)
	s.page(w, http.StatusOK, "welcome.html", welcome{
		Name: tokens.IDTokenClaims.Name, IDToken: rows(tokens.IDTokenClaims.Claims), UserInfo: rows(info.Claims),
		RawID: tokens.IDToken, RawAccess: tokens.AccessToken, Scope: scope,
	})
}

// rows has each claim as JSON.
func rows(claims map[string]any) map[string]string {
	m := make(map[string]string, len(claims))
	for name, v := range claims {
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		m[name] = string(text)
	}
	return m
}

// goBack sends the browser to the login server with the answer.
func (s *Shop) goBack(w http.ResponseWriter, r *http.Request, state, token string) {
	q := url.Values{"state": {state}, "session_token": {token}}
	http.Redirect(w, r, s.Issuer+"/continue?"+q.Encode(), http.StatusSeeOther)
}
