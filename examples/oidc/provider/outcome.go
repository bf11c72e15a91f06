package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/rulebox/rulebox"
)

// decide does what the scripts have decided. The caller holds req.step.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, req *request, res *rulebox.Result, err error) {
	decision := rulebox.DecisionOf(res, err)
	switch decision {
	case rulebox.Redirect:
		s.sendAway(w, r, req, res)
		return
	case rulebox.Suspend:
		// The chain waits for a form or a second factor, which this server does not
		// have. It must not pass without.
		s.end(w, r, req, nil, "unmet_authentication_requirements", "This login server cannot show forms, nor ask for a second factor.")
		return
	}
	if err := s.save(req, res); err != nil {
		s.log(err, "the user's metadata could not be saved")
		s.end(w, r, req, nil, "server_error", failedLogin)
		return
	}
	switch decision {
	case rulebox.Allow:
		s.allow(w, r, req, res)
	case rulebox.Deny:
		var e *rulebox.Error
		errors.As(err, &e)
		s.end(w, r, req, nil, e.OAuth, e.Message)
	default:
		s.log(err, "the tenant's scripts failed")
		code := "server_error"
		if rulebox.CodeOf(err) == rulebox.CodeUnavailable {
			code = "temporarily_unavailable"
		}
		s.end(w, r, req, nil, code, failedLogin)
	}
}

const failedLogin = "The login could not be completed. Try again later."

// sendAway sends the browser where a script wants it. It comes back to /continue,
// with the state.
func (s *Server) sendAway(w http.ResponseWriter, r *http.Request, req *request, res *rulebox.Result) {
	to := res.RedirectURL
	if res.State != "" {
		// An action's: the state is in the URL already.
		s.storage.requests.wait(res.State, waiting{request: req.id})
	} else {
		state := random()
		u, err := url.Parse(to)
		if err != nil {
			s.log(err, "a rule redirects to what is no URL")
			s.end(w, r, req, nil, "server_error", failedLogin)
			return
		}
		q := u.Query()
		q.Set("state", state)
		u.RawQuery = q.Encode()
		to = u.String()
		s.storage.requests.wait(state, waiting{request: req.id, ours: true})
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// save keeps what actions want to be remembered of the user. It stays after a
// denial too.
func (s *Server) save(req *request, res *rulebox.Result) error {
	if res == nil {
		return nil
	}
	users, apps := map[string]any{}, map[string]any{}
	for _, text := range res.Commands {
		var c []any
		if !decode(text, &c) || len(c) < 2 {
			return fmt.Errorf("a command is not [name, arguments…]")
		}
		var into map[string]any
		switch c[0] {
		case "user.setUserMetadata":
			into = users
		case "user.setAppMetadata":
			into = apps
		default:
			continue // it is in user and context already, or about sessions, which are not here
		}
		key, _ := c[1].(string)
		if into[key] = nil; len(c) > 2 { // nothing or null takes the key away
			into[key] = c[2]
		}
	}
	if len(users)+len(apps) == 0 {
		return nil
	}
	_, err := s.Users.Set(req.proof().ID, users, apps)
	return err
}

// allow ends the login with a grant: the claims and scopes that scripts have left
// in the context.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, req *request, res *rulebox.Result) {
	var c struct {
		IDToken     map[string]any `json:"idToken"`
		AccessToken map[string]any `json:"accessToken"`
		Multifactor map[string]any `json:"multifactor"`
		PrimaryUser string         `json:"primaryUser"`
	}
	if len(res.Values) < 2 || !decode(res.Values[1], &c) {
		s.log(errors.New("the context is not what rules may make of it"), "the outcome cannot be used")
		s.end(w, r, req, nil, "server_error", failedLogin)
		return
	}
	if provider, _ := c.Multifactor["provider"].(string); c.Multifactor != nil && provider != "none" {
		s.end(w, r, req, nil, "unmet_authentication_requirements", "This login server cannot ask for a second factor.")
		return
	}
	id := req.proof().ID
	if c.PrimaryUser != "" {
		id = c.PrimaryUser
	}
	user := s.Users.Get(id)
	if user == nil {
		s.log(fmt.Errorf("there is no user %q", id), "the primary user is unknown")
		s.end(w, r, req, nil, "server_error", failedLogin)
		return
	}
	scopes := slices.Clone([]string(req.ask.Scopes))
	if granted, ok := c.AccessToken["scope"].([]any); ok {
		scopes = scopes[:0]
		for _, v := range granted {
			if name, ok := v.(string); ok {
				scopes = append(scopes, name)
			}
		}
		if !slices.Contains(scopes, oidc.ScopeOpenID) && slices.Contains(req.ask.Scopes, oidc.ScopeOpenID) {
			scopes = append(scopes, oidc.ScopeOpenID) // it is the protocol, not a permission
		}
	}
	s.end(w, r, req, &Grant{User: user, ClientID: req.ask.ClientID, Scopes: scopes, IDToken: c.IDToken, AccessToken: c.AccessToken}, "", "")
}

// end ends the login: with a grant the library makes a code of it, without one the
// application is told why.
func (s *Server) end(w http.ResponseWriter, r *http.Request, req *request, g *Grant, code, text string) {
	req.mu.Lock()
	req.ended, req.grant = true, g
	req.mu.Unlock()
	if g != nil {
		http.Redirect(w, r, s.Issuer+"/authorize/callback?id="+url.QueryEscape(req.id), http.StatusFound)
		return
	}
	answer := struct {
		Error       string `schema:"error"`
		Description string `schema:"error_description"`
		State       string `schema:"state,omitempty"`
	}{code, text, req.ask.State}
	to, err := op.AuthResponseURL(req.GetRedirectURI(), req.GetResponseType(), req.GetResponseMode(), &answer, s.op.Encoder())
	if err != nil {
		s.log(err, "the application cannot be told")
		s.refuse(w, http.StatusInternalServerError, failedLogin)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// log writes what went wrong for the operator: no guest data.
func (s *Server) log(err error, what string) {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		s.Log.Error(what, "error", err)
		return
	}
	s.Log.Error(what, "code", e.Code, "script", e.Script, "message", e.Message, "hint", e.Hint)
}

// scriptUser is the user as scripts know it: the database's profile, and what
// belongs to this server.
func scriptUser(u *User) map[string]any {
	user := make(map[string]any, len(u.Profile)+4)
	maps.Copy(user, u.Profile)
	user["created_at"], user["updated_at"] = u.Created, u.LastLogin
	user["user_metadata"] = metadata(u.Profile["user_metadata"], u.UserMetadata)
	user["app_metadata"] = metadata(u.Profile["app_metadata"], u.AppMetadata)
	return user
}

// decode keeps numbers as they are written.
func decode(text json.RawMessage, into any) bool {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	return d.Decode(into) == nil
}
