package provider

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/transaction"
)

// cookie binds a login to the browser that began it, so that nobody else's browser
// can be made to go on with it.
const cookie = "login"

const (
	noSuchLogin = "This login is not there, or took too long. Go back to the application and begin again."
	endedLogin  = "This login has ended already. Go back to the application."
)

// browser returns the cookie of the browser, made if it has none.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(cookie); err == nil && len(c.Value) == len(random()) {
		return c.Value
	}
	value := random()
	// Lax: not with forms of other sites, but when a page of the tenant's redirects
	// the browser back to /continue.
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	return value
}

type form struct{ Request, Client, Email, Error string }

func (s *Server) showForm(w http.ResponseWriter, r *http.Request) {
	req := s.storage.requests.find(r.FormValue("request"))
	if req == nil || !req.belongs(s.browser(w, r), true) {
		s.refuse(w, http.StatusBadRequest, noSuchLogin)
		return
	}
	s.page(w, http.StatusOK, "login.html", form{Request: req.id, Client: s.storage.clients[req.ask.ClientID].Name, Email: req.ask.LoginHint})
}

func (s *Server) checkPassword(w http.ResponseWriter, r *http.Request) {
	req := s.storage.requests.find(r.PostFormValue("request"))
	if req == nil || !req.belongs(s.browser(w, r), false) {
		s.refuse(w, http.StatusBadRequest, noSuchLogin)
		return
	}
	req.step.Lock()
	defer req.step.Unlock()
	if req.over() {
		s.refuse(w, http.StatusConflict, endedLogin)
		return
	}
	email, password := r.PostFormValue("email"), r.PostFormValue("password")
	user, err := s.prove(r, email, password)
	if err != nil || user == nil {
		text := event.FailedLogin
		if err != nil {
			text = transaction.PublicText(err)
		}
		if err != nil && rulebox.CodeOf(err) != rulebox.CodeDenied {
			s.log(err, "the database script failed")
		}
		s.page(w, http.StatusUnauthorized, "login.html", form{Request: req.id, Client: s.storage.clients[req.ask.ClientID].Name,
			Email: email, Error: text})
		return
	}
	req.proven(user)
	loginContext := s.context(req, r, req.query)
	res, err := s.Rulebox.Login(r.Context(), s.Tenant, scriptUser(user), loginContext)
	s.decide(w, r, req, res, err)
}

// prove asks the database for the user with this password. There is none, and no
// error, if the password is another one or nobody has this address; a denial is a
// refusal in the script's words.
func (s *Server) prove(r *http.Request, email, password string) (*User, error) {
	account, err := s.Rulebox.Directory().Login(r.Context(), event.Query{Tenant: s.Tenant, Connection: s.Connection}, email, password)
	if err != nil || account.Status != event.Found {
		return nil, err
	}
	profile := map[string]any{}
	if !decode(account.Profile, &profile) {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the profile of a user who was found is no object")
	}
	return s.Users.LoggedIn(account.UserID, profile)
}

// goOn is where the browser comes back to after a redirect of a script.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.refuse(w, http.StatusBadRequest, noSuchLogin)
		return
	}
	if _, err := r.Cookie(cookie); err != nil && r.Method == http.MethodPost {
		// A form of another site comes without the cookie. Sent again from here, by
		// the user, it has it.
		s.page(w, http.StatusOK, "again.html", r.PostForm)
		return
	}
	state := r.Form.Get("state")
	req, ours := s.storage.requests.back(state, s.browser(w, r))
	if req == nil {
		s.refuse(w, http.StatusBadRequest, noSuchLogin)
		return
	}
	req.step.Lock()
	defer req.step.Unlock()
	if ours && req.over() {
		s.refuse(w, http.StatusConflict, endedLogin)
		return
	}
	loginContext := s.context(req, r, plain(r.URL.Query()))
	loginContext.Request.Body = plain(r.PostForm)
	user := s.Users.Get(req.proof().ID) // as it is now: the page may have changed it
	if user == nil {
		s.refuse(w, http.StatusBadRequest, noSuchLogin)
		return
	}
	if ours {
		// A rule's redirect: all rules run again, and are told so.
		loginContext.OriginalProtocol, loginContext.Protocol = loginContext.Protocol, "redirect-callback"
		res, err := s.Rulebox.Login(r.Context(), s.Tenant, scriptUser(user), loginContext)
		s.decide(w, r, req, res, err)
		return
	}
	// An action's redirect: the action goes on. Rulebox knows whether the state is
	// still good, so it is asked whatever we think of this login.
	res, err := s.Rulebox.Resume(r.Context(), s.Tenant, rulebox.TriggerLogin, state, scriptUser(user), loginContext)
	if req.over() {
		text := endedLogin
		var e *rulebox.Error
		if errors.As(err, &e) && e.Code == rulebox.CodeDenied {
			text = e.Message
		} else {
			s.log(err, "a state was good for a login that has ended")
		}
		s.refuse(w, http.StatusConflict, text)
		return
	}
	s.decide(w, r, req, res, err)
}

// context is what rules get beside the user.
func (s *Server) context(req *request, r *http.Request, query map[string]any) *event.LoginContext {
	client := s.storage.clients[req.ask.ClientID]
	proof := req.proof()
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	return &event.LoginContext{
		Tenant: s.Tenant, ClientID: client.ID, ClientName: client.Name,
		Connection: s.Connection, ConnectionStrategy: "auth0", Protocol: "oidc-basic-profile",
		Stats:          &event.LoginStats{LoginsCount: float64(proof.Logins)},
		Request:        &event.LoginRequest{UserAgent: r.UserAgent(), IP: ip, Hostname: s.issuer.Host, Query: query},
		Authentication: &event.LoginAuthentication{Methods: []event.LoginMethod{{Name: "pwd", Timestamp: req.GetAuthTime().UnixMilli()}}},
		IDToken:        map[string]any{}, AccessToken: map[string]any{},
	}
}

func (r *request) proven(u *User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.user, r.proved = u, time.Now()
}

func (r *request) proof() *User {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.user
}

func (r *request) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}
