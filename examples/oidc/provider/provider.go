// Package provider is an OpenID Connect login server that runs a tenant's scripts:
// the database scripts of a connection to prove a password, then rules and
// post-login actions. What they decide ends in real, signed tokens.
//
// The protocol (authorization code with PKCE, discovery, keys, tokens, userinfo)
// is github.com/zitadel/oidc's part. This package has the login form, the users,
// and the talk with Rulebox.
package provider

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/rulebox/rulebox/bus"
)

// Options are all required.
type Options struct {
	// Issuer is this server's address as browsers know it: http://localhost:9998,
	// or https.
	Issuer string
	// Rulebox runs the tenant's scripts.
	Rulebox *bus.Client
	Tenant  string
	// Connection is the tenant's database, with the scripts that know passwords.
	Connection string
	Users      *Users
	Clients    []Client
	Log        *slog.Logger
}

// A Server is the login server. It serves HTTP.
type Server struct {
	Options
	issuer  *url.URL
	secure  bool // cookies over TLS only
	storage *storage
	op      *op.Provider
	mux     *http.ServeMux
}

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// New returns a server; it starts nothing.
func New(o Options) (*Server, error) {
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" || issuer.Path != "" {
		return nil, errors.New("the issuer must be like http://localhost:9998, without a path")
	}
	s := &Server{Options: o, issuer: issuer, secure: issuer.Scheme == "https", mux: http.NewServeMux()}
	if s.storage, err = newStorage(o.Clients, !s.secure); err != nil {
		return nil, err
	}
	config := &op.Config{CryptoKeyId: "codes", CodeMethodS256: true, SupportedScopes: []string{"openid", "profile", "email"}}
	_, _ = rand.Read(config.CryptoKey[:]) // never fails
	options := []op.Option{op.WithCORSOptions(nil)}
	if !s.secure {
		options = append(options, op.WithAllowInsecure())
	}
	if s.op, err = op.NewProvider(config, s.storage, op.StaticIssuer(o.Issuer), options...); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET /login", s.showForm)
	s.mux.HandleFunc("POST /login", s.checkPassword)
	s.mux.HandleFunc("/continue", s.goOn)
	s.mux.Handle("/", withQuery(s.op))
	return s, nil
}

// maxBody bounds forms, in bytes.
const maxBody = 64 << 10

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer") // addresses here have states
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// withQuery keeps the query for CreateAuthRequest.
func withQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/authorize" && r.ParseForm() == nil {
			r = r.WithContext(context.WithValue(r.Context(), queryKey{}, plain(r.Form)))
		}
		next.ServeHTTP(w, r)
	})
}

// plain is a form in the shape that scripts know: a string for each name, or an
// array if it is there more than once.
func plain(form url.Values) map[string]any {
	m := make(map[string]any, len(form))
	for name, values := range form {
		if m[name] = values; len(values) == 1 {
			m[name] = values[0]
		}
	}
	return m
}

func (s *Server) page(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		s.Log.Warn("a page could not be written", "page", name, "error", err)
	}
}

// refuse shows the browser that there is nothing to go on with.
func (s *Server) refuse(w http.ResponseWriter, status int, text string) {
	s.page(w, status, "error.html", text)
}
