package shop

import (
	"errors"
	"net/http"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// A question is a page that a script sends users to.
type question struct {
	Title, Text string
	Answers     []choice
}

type choice struct{ Value, Text string }

var questions = map[string]question{
	"terms":    {"Our terms", "You may read them on paper. Do you accept them?", []choice{{"2026", "I accept"}, {"no", "I do not"}}},
	"language": {"Your language", "Which language shall we write to you in?", []choice{{"de", "Deutsch"}, {"en", "English"}, {"pl", "Polski"}}},
}

type claims struct {
	jwt.Claims
	State  string `json:"state,omitempty"`
	Answer string `json:"answer,omitempty"`
}

var errToken = errors.New("this page was not opened by a login, or too long ago")

// asked verifies the token that the script has signed and returns whom it is about.
func (s *Shop) asked(r *http.Request) (q question, user string, err error) {
	what := r.PathValue("what")
	q, ok := questions[what]
	if !ok || r.FormValue("state") == "" {
		return q, "", errToken
	}
	token, err := jwt.ParseSigned(r.FormValue("session_token"), []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return q, "", errToken
	}
	var c claims
	if err := token.Claims([]byte(s.Secret), &c); err != nil {
		return q, "", errToken
	}
	if c.Expiry == nil || c.Subject == "" || c.ValidateWithLeeway(jwt.Expected{Issuer: "login", AnyAudience: jwt.Audience{what}, Time: time.Now()}, 0) != nil {
		return q, "", errToken
	}
	return q, c.Subject, nil
}

func (s *Shop) ask(w http.ResponseWriter, r *http.Request) {
	q, _, err := s.asked(r)
	if err != nil {
		s.page(w, http.StatusBadRequest, "refused.html", failure{"invalid_request", err.Error()})
		return
	}
	s.page(w, http.StatusOK, "ask.html", map[string]any{"Question": q, "State": r.FormValue("state"), "Token": r.FormValue("session_token")})
}

// answer signs what the user has chosen, for this login only.
func (s *Shop) answer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	q, user, err := s.asked(r)
	chosen := r.PostFormValue("answer")
	if err == nil && !slices.ContainsFunc(q.Answers, func(c choice) bool { return c.Value == chosen }) {
		err = errToken
	}
	if err != nil {
		s.page(w, http.StatusBadRequest, "refused.html", failure{"invalid_request", err.Error()})
		return
	}
	state, now := r.FormValue("state"), time.Now()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(s.Secret)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	token, err := jwt.Signed(signer).Claims(claims{
		Claims: jwt.Claims{Issuer: "shop", Subject: user, Audience: jwt.Audience{r.PathValue("what")}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute))},
		State:  state, Answer: chosen,
	}).Serialize()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.goBack(w, r, state, token)
}
