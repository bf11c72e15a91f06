package adapters

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// keycloak answers extensions of Keycloak, which itself calls nobody over HTTP:
// protocol mappers that fetch claims (claims), authenticators that ask (login) and
// event listeners that tell (events).
var keycloak = &server{
	hooks: map[string]hook{
		"claims": {run: (*call).keycloakClaims, method: http.MethodGet},
		"login":  {run: (*call).keycloakLogin},
		"events": {run: (*call).keycloakEvent, guard: signedEvent{"X-Keycloak-Signature", keycloakEventID}},
	},
	guard: shared{},
	fail:  hydraError,
}

// keycloakOwn are claims that Keycloak's own mappers make authorization of.
var keycloakOwn = object{"realm_access": nil, "resource_access": nil, "session_state": nil, "allowed-origins": nil, "groups": nil, "preferred_username": nil, "email": nil, "email_verified": nil}

// keycloakClaims is called by a protocol mapper, with what it knows in the query. Its
// answer are the claims and nothing else, for mappers put all of it into the token.
func (c *call) keycloakClaims() (any, error) {
	q := object{}
	for name, all := range c.r.URL.Query() {
		q[name] = all[0]
	}
	p := &person{
		id: first(str(q, "user_id"), str(q, "sub"), str(q, "username")), username: first(str(q, "username"), str(q, "preferred_username")), email: str(q, "email"),
		name: str(q, "name"), given: str(q, "given_name"), family: str(q, "family_name"), locale: str(q, "locale"), phone: str(q, "phone_number"),
	}
	if p.id == "" {
		return nil, missing("user_id or username in the query")
	}
	p.emailVerified = truth(str(q, "email_verified") == "true")
	o := &occasion{protocol: "oidc-basic-profile", clientID: str(q, "client_id"), sessionID: first(str(q, "session_id"), str(q, "sid")), ip: str(q, "ip"), query: q}
	v, err := c.login(p, o)
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Keycloak's mappers save none")
	}
	return claimsOf(v.context, keycloakOwn, "idToken", "accessToken"), nil
}

// keycloakLogin is called by an authenticator, with what it knows of the user; 200
// lets him pass and 403 does not.
func (c *call) keycloakLogin() (any, error) {
	var b struct {
		ID         string   `json:"id"`
		Attributes object   `json:"attributes"`
		Roles      []string `json:"roles"`
		Groups     []string `json:"groups"`
		ClientID   string   `json:"client_id"`
		IP         string   `json:"ip"`
		// Verified stands beside the attributes: those may be the user's to change.
		Verified bool `json:"email_verified"`
	}
	if err := decodeOwn(c.body, &b); err != nil {
		return nil, err
	}
	text := func(name string) string {
		if all := texts(b.Attributes[name]); len(all) > 0 { // Keycloak's attributes are lists
			return all[0]
		}
		return ""
	}
	p := &person{
		username: text("username"), email: text("email"), given: text("firstName"), family: text("lastName"), locale: text("locale"), phone: text("phoneNumber"),
		userMetadata: b.Attributes, more: object{"roles": listOf(b.Roles), "groups": listOf(b.Groups)},
	}
	if p.id = first(b.ID, p.username); p.id == "" {
		return nil, missing("id or attributes.username")
	}
	p.emailVerified = truth(b.Verified)
	v, err := c.login(p, &occasion{protocol: "oidc-basic-profile", roles: listOf(b.Roles), clientID: b.ClientID, ip: b.IP})
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Keycloak's authenticators save none")
	}
	return object{"claims": claimsOf(v.context, keycloakOwn, "idToken", "accessToken")}, nil
}

// keycloakHook is an event of the extension keycloak-events, in the form of its
// HTTP sender or, with uid and authDetails, of its web hooks.
type keycloakHook struct {
	ID      string            `json:"id"`
	UID     string            `json:"uid"`
	Time    json.Number       `json:"time"`
	Type    string            `json:"type"`
	UserID  string            `json:"userId"`
	Client  string            `json:"clientId"`
	IP      string            `json:"ipAddress"`
	Session string            `json:"sessionId"`
	Error   string            `json:"error"`
	Details map[string]string `json:"details"`
	Auth    struct {
		UserID   string `json:"userId"`
		Username string `json:"username"`
		Client   string `json:"clientId"`
		IP       string `json:"ipAddress"`
		Session  string `json:"sessionId"`
	} `json:"authDetails"`
}

func keycloakEventID(body []byte) (string, time.Time, error) {
	var b keycloakHook
	if err := decode(body, &b); err != nil {
		return "", time.Time{}, err
	}
	at, err := b.Time.Int64()
	if err != nil {
		return "", time.Time{}, invalid("time is missing, or no number of milliseconds")
	}
	id := first(b.UID, b.ID)
	if id == "" {
		k := keyOf(string(body))
		id = hex.EncodeToString(k[:])
	}
	return id, time.UnixMilli(at), nil
}

func (c *call) keycloakEvent() (any, error) {
	var b keycloakHook
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	var run func(*call, *person, *occasion) error
	switch strings.TrimPrefix(b.Type, "access.") {
	case "REGISTER":
		run = (*call).afterRegistration
	case "UPDATE_PASSWORD":
		run = (*call).afterPassword
	case "UPDATE_CREDENTIAL":
		if b.Details["credential_type"] == "password" {
			run = (*call).afterPassword
		}
	}
	if run == nil || b.Error != "" {
		return nil, nil // nothing of ours is about it
	}
	p := &person{
		id: first(b.UserID, b.Auth.UserID), username: first(b.Details["username"], b.Auth.Username), email: b.Details["email"],
		given: b.Details["first_name"], family: b.Details["last_name"],
	}
	if p.id == "" {
		return nil, missing("userId")
	}
	o := &occasion{clientID: first(b.Client, b.Auth.Client), ip: first(b.IP, b.Auth.IP), sessionID: first(b.Session, b.Auth.Session)}
	return nil, run(c, p, o)
}
