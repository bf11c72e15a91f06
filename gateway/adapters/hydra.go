package adapters

import (
	"net/http"
	"slices"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// hydra answers the token hook of Ory Hydra, which has the tokens that Kratos lacks.
var hydra = &server{
	hooks: map[string]hook{"token": {run: (*call).hydraToken}},
	guard: shared{},
	fail:  hydraError,
}

// hydraBody is TokenHookRequest of Hydra's oauth2/token_hook.go.
type hydraBody struct {
	Session *struct {
		IDToken struct {
			Claims  object `json:"id_token_claims"`
			Subject string `json:"subject"`
		} `json:"id_token"`
		Extra    object `json:"extra"`
		ClientID string `json:"client_id"`
	} `json:"session"`
	Request struct {
		ClientID        string   `json:"client_id"`
		RequestedScopes []string `json:"requested_scopes"`
		GrantedScopes   []string `json:"granted_scopes"`
		GrantedAudience []string `json:"granted_audience"`
		GrantTypes      []string `json:"grant_types"`
	} `json:"request"`
}

func (c *call) hydraToken() (any, error) {
	var b hydraBody
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	if b.Session == nil {
		return nil, missing("session")
	}
	// The answer takes the place of all extra claims: those that are there go back.
	access, id := orEmpty(b.Session.Extra), orEmpty(obj(b.Session.IDToken.Claims, "ext"))
	if slices.Contains(b.Request.GrantTypes, "client_credentials") {
		claims, err := c.machine(&event.CredentialsExchange{
			AccessToken: event.AccessToken{CustomClaims: map[string]any{}, Scope: listOf(b.Request.GrantedScopes)},
			Client:      event.Client{ClientID: b.Request.ClientID, Metadata: map[string]any{}},
			Request:     event.Request{Query: object{}, Body: object{"grant_type": "client_credentials", "client_id": b.Request.ClientID}},
		}, b.Request.GrantedAudience, access)
		if err != nil {
			return nil, err
		}
		return object{"session": object{"access_token": merged(access, claims), "id_token": id}}, nil
	}
	p, o, err := b.login()
	if err != nil {
		return nil, err
	}
	v, err := c.login(p, o)
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Hydra has no users")
	}
	return object{"session": object{
		"access_token": merged(access, claimsOf(v.context, access, "accessToken")),
		"id_token":     merged(id, claimsOf(v.context, id, "idToken")),
	}}, nil
}

func (b *hydraBody) login() (*person, *occasion, error) {
	claims, ext := b.Session.IDToken.Claims, obj(b.Session.IDToken.Claims, "ext")
	p := &person{
		id: first(b.Session.IDToken.Subject, str(claims, "sub")), email: str(ext, "email"), username: str(ext, "preferred_username"), name: str(ext, "name"),
		given: str(ext, "given_name"), family: str(ext, "family_name"), picture: str(ext, "picture"), locale: str(ext, "locale"), phone: str(ext, "phone_number"),
		userMetadata: obj(ext, "user_metadata"), appMetadata: obj(ext, "app_metadata"),
	}
	if p.id == "" {
		return nil, nil, missing("session.id_token.subject")
	}
	if verified, ok := ext["email_verified"].(bool); ok {
		p.emailVerified = truth(verified)
	}
	o := &occasion{protocol: "oidc-basic-profile", clientID: b.Request.ClientID, scope: listOf(b.Request.GrantedScopes)}
	switch {
	case slices.Contains(b.Request.GrantTypes, "refresh_token"):
		o.protocol = "oauth2-refresh-token"
	case slices.Contains(b.Request.GrantTypes, "urn:ietf:params:oauth:grant-type:jwt-bearer"):
		o.protocol = "oauth2-resource-owner-jwt-bearer"
	}
	if acr := str(claims, "acr"); acr == "aal2" || acr == "aal3" {
		o.mfa = true
	}
	return p, o, nil
}

// machine fires credentials-exchange, and returns the claims that actions set.
func (c *call) machine(e *event.CredentialsExchange, audience []string, set object) (object, error) {
	e.Tenant = event.Tenant{ID: c.tenant}
	if len(audience) > 0 {
		e.ResourceServer.Identifier = audience[0]
	}
	e.Transaction = &event.Transaction{RequestedScopes: e.AccessToken.Scope}
	var answer object
	if err := c.result(&answer, rulebox.TriggerCredentialsExchange, e); err != nil {
		return nil, err
	}
	return claimsOf(answer, set, "accessToken"), nil
}

func merged(all ...object) object {
	m := object{}
	for _, o := range all {
		for name, value := range o {
			m[name] = value
		}
	}
	return m
}

// hydraError: 403 refuses the token; of anything else Hydra makes a server_error. It
// reads no body.
func hydraError(c *call, e *rulebox.Error) answer {
	status := http.StatusUnprocessableEntity
	switch {
	case mayRetry(e):
		status = http.StatusServiceUnavailable
	case e.Code == rulebox.CodeDenied:
		status = http.StatusForbidden
	case e.Code == rulebox.CodeInvalid:
		status = http.StatusBadRequest
	}
	return answer{status, plainError(c, e)}
}

// plainError is the body for servers without a form of their own.
func plainError(c *call, e *rulebox.Error) object {
	o := object{"code": string(e.Code), "message": c.deniedText(e), "id": c.id}
	if e.Code == rulebox.CodeInvalid {
		o["message"] = e.Message
	}
	return object{"error": o}
}
