//go:build !race

package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

const serviceKey = "service-key"

// userService is a web service with users, as customers have them.
type userService struct {
	mu  sync.Mutex // guards all
	all []*serviceUser
}

type serviceUser struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	password string
}

func (s *userService) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}

func (s *userService) find(email string) *serviceUser {
	for _, u := range s.all {
		if u.Email == email {
			return u
		}
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (s *userService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	email, password, basic := r.BasicAuth()
	if basic && strings.HasPrefix(email, "slow@") {
		<-r.Context().Done()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case basic:
		s.profile(w, email, password)
	case r.Header.Get("X-Key") != serviceKey:
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodGet:
		found := []*serviceUser{}
		if u := s.find(r.URL.Query().Get("email")); u != nil {
			found = append(found, u)
		}
		_ = json.NewEncoder(w).Encode(found)
	case r.Method == http.MethodDelete:
		for i, u := range s.all {
			if "/users/"+u.ID == r.URL.Path {
				s.all = append(s.all[:i], s.all[i+1:]...)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	default:
		s.change(w, r)
	}
}

func (s *userService) profile(w http.ResponseWriter, email, password string) {
	u := s.find(email)
	switch {
	case strings.HasPrefix(email, "broken@"):
		w.WriteHeader(http.StatusInternalServerError)
	case strings.HasPrefix(email, "garbage@"):
		_, _ = w.Write([]byte("<html>\x00\xff{"))
	case u == nil:
		w.WriteHeader(http.StatusUnauthorized)
	case u.password != password:
		w.Header().Set("X-User", u.ID)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		_ = json.NewEncoder(w).Encode(u)
	}
}

func (s *userService) change(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Email, Password, To string
		Verified            bool
	}
	if r.Header.Get("Content-Type") != "" && json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if body.Email == "" {
		body.Email = r.URL.Query().Get("email")
	}
	u := s.find(body.Email)
	switch {
	case r.Method == http.MethodPost && u != nil:
		w.WriteHeader(http.StatusConflict)
		return
	case r.Method == http.MethodPost:
		name, _, _ := strings.Cut(body.Email, "@")
		s.all = append(s.all, &serviceUser{ID: "u-" + name, Email: body.Email, password: body.Password})
		w.WriteHeader(http.StatusCreated)
		return
	case u == nil:
		w.WriteHeader(http.StatusNotFound)
		return
	case r.URL.Path == "/users/password":
		u.password = body.Password
	case r.URL.Path == "/users/email":
		u.Email, u.Verified = body.To, body.Verified
	default:
		u.Verified = true
	}
	w.WriteHeader(http.StatusNoContent)
}
