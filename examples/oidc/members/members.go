// Package members is the web service of a company that has its users already: the
// kind of thing that custom database scripts ask.
package members

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"net/http"

	"golang.org/x/crypto/bcrypt"
)

// A member is one line of the company's table. Password is a bcrypt hash.
type member struct {
	ID       int            `json:"id"`
	Email    string         `json:"email"`
	Verified bool           `json:"verified"`
	Name     string         `json:"name"`
	Password string         `json:"password,omitempty"`
	App      map[string]any `json:"app,omitempty"`
}

//go:embed members.json
var table []byte

// New returns the service. Who asks must have the key.
//
//	POST /check {"email","password"}   200 the member, 401 if the password is wrong or there is none
//	GET  /member?email=                200 the member, 404
func New(key string) (http.Handler, error) {
	var all []member
	if err := json.Unmarshal(table, &all); err != nil {
		return nil, err
	}
	byEmail := map[string]member{}
	for _, m := range all {
		byEmail[m.Email] = m
	}
	// An unknown address takes as long as a wrong password.
	nobody, err := bcrypt.GenerateFromPassword([]byte(key), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Email, Password string }
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&ask) != nil {
			http.Error(w, "send {email, password}", http.StatusBadRequest)
			return
		}
		m, ok := byEmail[ask.Email]
		hash := nobody
		if ok {
			hash = []byte(m.Password)
		}
		if bcrypt.CompareHashAndPassword(hash, []byte(ask.Password)) != nil || !ok {
			http.Error(w, "wrong email or password", http.StatusUnauthorized)
			return
		}
		answer(w, m)
	})
	mux.HandleFunc("GET /member", func(w http.ResponseWriter, r *http.Request) {
		m, ok := byEmail[r.FormValue("email")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		answer(w, m)
	})
	bearer := []byte("Bearer " + key)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), bearer) != 1 {
			http.Error(w, "a key is needed", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

func answer(w http.ResponseWriter, m member) {
	m.Password = ""
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m) // the client has gone
}
