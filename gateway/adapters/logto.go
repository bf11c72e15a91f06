package adapters

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/rulebox/rulebox/event"
)

// logto answers Logto. Logto asks nobody over HTTP for the claims of a token: it runs
// a script of its own, getCustomJwtClaims, which may fetch. The script of
// examples/adapters/logto sends us what it is given. Web hooks are signed.
var logto = &server{
	hooks: map[string]hook{
		"access-token":       {run: (*call).logtoUserToken},
		"client-credentials": {run: (*call).logtoMachineToken},
		"webhook":            {run: (*call).logtoWebhook, guard: signedEvent{"logto-signature-sha-256", logtoEvent}},
	},
	guard: shared{},
	fail:  hydraError, // the script reads the status, and the message
}

type logtoUser struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	Email      string `json:"primaryEmail"`
	Phone      string `json:"primaryPhone"`
	Name       string `json:"name"`
	Avatar     string `json:"avatar"`
	CustomData object `json:"customData"`
	Profile    object `json:"profile"`
	Identities map[string]struct {
		UserID  string `json:"userId"`
		Details object `json:"details"`
	} `json:"identities"`
	CreatedAt any `json:"createdAt"`
	UpdatedAt any `json:"updatedAt"`
	Roles     []struct {
		Name string `json:"name"`
	} `json:"roles"`
}

// person: customData is the user's metadata, and its member app_metadata that of the
// applications. A primary address of Logto is a verified one.
func (u *logtoUser) person() *person {
	p := &person{
		id: u.ID, email: u.Email, username: u.Username, phone: u.Phone, name: u.Name, picture: u.Avatar, given: str(u.Profile, "givenName"),
		family: str(u.Profile, "familyName"), nickname: str(u.Profile, "nickname"), locale: str(u.Profile, "locale"),
		created: milliseconds(u.CreatedAt), updated: milliseconds(u.UpdatedAt), emailVerified: truth(u.Email != ""), phoneVerified: truth(u.Phone != ""),
		userMetadata: without(orEmpty(u.CustomData), "app_metadata"), appMetadata: obj(u.CustomData, "app_metadata"),
	}
	for name, i := range u.Identities {
		p.identities = append(p.identities, identity{provider: name, connection: name, id: i.UserID, social: true, profile: i.Details})
	}
	slices.SortFunc(p.identities, func(a, b identity) int { return strings.Compare(a.provider, b.provider) })
	return p
}

type logtoApplication struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CustomData object `json:"customData"`
}

type logtoToken struct {
	Token   object `json:"token"`
	Context struct {
		User        *logtoUser        `json:"user"`
		Application *logtoApplication `json:"application"`
		Interaction struct {
			Records []struct {
				Type string `json:"type"`
			} `json:"verificationRecords"`
		} `json:"interaction"`
		Organization *struct {
			ID         string `json:"id"`
			Name       string `json:"name"`
			CustomData object `json:"customData"`
		} `json:"organization"`
		Grant struct {
			Type string `json:"type"`
		} `json:"grant"`
	} `json:"context"`
}

// logtoFactors are what Logto counts as second factors.
var logtoFactors = []string{"Totp", "WebAuthn", "BackupCode", "MfaEmailVerificationCode", "MfaPhoneVerificationCode"}

var logtoMethods = map[string]string{"Password": "pwd", "Social": "federated", "EnterpriseSso": "federated", "EmailVerificationCode": "email", "PhoneVerificationCode": "sms", "SignInPasskey": "passkey"}

func (c *call) logtoUserToken() (any, error) {
	var b logtoToken
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	u := b.Context.User
	if u == nil || u.ID == "" {
		return nil, missing("context.user.id")
	}
	o := &occasion{protocol: "oidc-basic-profile", roles: []string{}, clientID: str(b.Token, "clientId"), sessionID: str(b.Token, "sessionUid")}
	switch str(b.Token, "gty") {
	case "refresh_token":
		o.protocol = "oauth2-refresh-token"
	case "urn:ietf:params:oauth:grant-type:token-exchange":
		o.protocol = "oauth2-token-exchange"
	}
	if scope := str(b.Token, "scope"); scope != "" {
		o.scope = strings.Fields(scope)
	}
	if a := b.Context.Application; a != nil {
		o.clientID, o.clientName = first(a.ID, o.clientID), a.Name
	}
	if g := b.Context.Organization; g != nil {
		o.organization = object{"id": g.ID, "name": g.Name, "display_name": g.Name, "metadata": orEmpty(g.CustomData)}
	}
	for _, r := range u.Roles {
		o.roles = append(o.roles, r.Name)
	}
	for _, r := range b.Context.Interaction.Records {
		name := first(logtoMethods[r.Type], r.Type)
		if slices.Contains(logtoFactors, r.Type) {
			o.mfa, name = true, "mfa"
		}
		o.methods = append(o.methods, method{name: name})
	}
	v, err := c.login(u.person(), o)
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Logto's script saves none")
	}
	return object{"claims": claimsOf(v.context, b.Token, "idToken", "accessToken")}, nil
}

func (c *call) logtoMachineToken() (any, error) {
	var b logtoToken
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	id := str(b.Token, "clientId")
	client := event.Client{ClientID: id, Metadata: map[string]any{}}
	if a := b.Context.Application; a != nil {
		client.ClientID, client.Name, client.Metadata = first(a.ID, id), a.Name, orEmpty(a.CustomData)
	}
	if client.ClientID == "" {
		return nil, missing("token.clientId")
	}
	claims, err := c.machine(&event.CredentialsExchange{
		AccessToken: event.AccessToken{CustomClaims: map[string]any{}, Scope: listOf(strings.Fields(str(b.Token, "scope")))},
		Client:      client,
		Request:     event.Request{Query: object{}, Body: object{"grant_type": "client_credentials", "client_id": client.ClientID}},
	}, texts(b.Token["aud"]), b.Token)
	return object{"claims": claims}, err
}

type logtoHook struct {
	Event       string            `json:"event"`
	CreatedAt   string            `json:"createdAt"`
	UserIP      string            `json:"userIp"`
	UserAgent   string            `json:"userAgent"`
	SessionID   string            `json:"sessionId"`
	User        *logtoUser        `json:"user"`
	Application *logtoApplication `json:"application"`
}

// logtoEvent: a delivery has no number, but is the same bytes when it comes again.
func logtoEvent(body []byte) (string, time.Time, error) {
	var b struct {
		CreatedAt string `json:"createdAt"`
	}
	if err := decode(body, &b); err != nil {
		return "", time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, b.CreatedAt)
	if err != nil {
		return "", at, invalid("createdAt is missing, or no time")
	}
	k := keyOf(string(body))
	return hex.EncodeToString(k[:]), at, nil
}

func (c *call) logtoWebhook() (any, error) {
	var b logtoHook
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	run := map[string]func(*call, *person, *occasion) error{"PostRegister": (*call).afterRegistration, "PostResetPassword": (*call).afterPassword}[b.Event]
	if run == nil {
		return nil, nil // nothing of ours is about it
	}
	if b.User == nil || b.User.ID == "" {
		return nil, missing("user.id")
	}
	o := &occasion{ip: b.UserIP, userAgent: b.UserAgent, sessionID: b.SessionID}
	if a := b.Application; a != nil {
		o.clientID, o.clientName = a.ID, a.Name
	}
	return nil, run(c, b.User.person(), o)
}
