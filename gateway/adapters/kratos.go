package adapters

import (
	"net/http"
	"strings"

	"github.com/rulebox/rulebox"
)

// kratos answers the web hooks of Ory Kratos. Their bodies are what the operator's
// Jsonnet makes of the hook's context; ours passes on the members below.
var kratos = &server{
	hooks: map[string]hook{
		"login":                {run: (*call).kratosLogin},
		"registration":         {run: (*call).kratosRegistration},
		"after-registration":   {run: (*call).kratosRegistered},
		"after-password":       {run: (*call).kratosPassword},
		"after-recovery-login": {run: (*call).kratosLogin},
	},
	guard: shared{},
	fail:  kratosError,
}

// kratosBody is the context of a web hook (templateContext in Kratos'
// selfservice/hook/web_hook.go).
type kratosBody struct {
	Flow struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		RequestURL string `json:"request_url"`
		Active     string `json:"active"`
		Transient  object `json:"transient_payload"`
		OAuth2     *struct {
			Client struct {
				ID   string `json:"client_id"`
				Name string `json:"client_name"`
			} `json:"client"`
			Scope []string `json:"requested_scope"`
		} `json:"oauth2_login_request"`
		OrganizationID string `json:"organization_id"`
	} `json:"flow"`
	Headers  map[string][]string `json:"request_headers"`
	Identity *kratosIdentity     `json:"identity"`
	Session  *kratosSession      `json:"session"`
}

type kratosIdentity struct {
	ID         string `json:"id"`
	ExternalID string `json:"external_id"`
	SchemaID   string `json:"schema_id"`
	State      string `json:"state"`
	Traits     object `json:"traits"`
	Verifiable []struct {
		Value    string `json:"value"`
		Via      string `json:"via"`
		Verified bool   `json:"verified"`
	} `json:"verifiable_addresses"`
	MetadataPublic object `json:"metadata_public"`
	MetadataAdmin  object `json:"metadata_admin"`
	CreatedAt      string `json:"created_at"`
	UpdatedAt      string `json:"updated_at"`
	OrganizationID string `json:"organization_id"`
}

type kratosSession struct {
	ID      string `json:"id"`
	AAL     string `json:"authenticator_assurance_level"`
	Methods []struct {
		Method      string `json:"method"`
		AAL         string `json:"aal"`
		CompletedAt string `json:"completed_at"`
		Provider    string `json:"provider"`
	} `json:"authentication_methods"`
	Devices []struct {
		IP        string `json:"ip_address"`
		UserAgent string `json:"user_agent"`
	} `json:"devices"`
	Identity *kratosIdentity `json:"identity"`
}

// kratosPayload decodes the body, which must have an identity.
func (c *call) kratosPayload() (*kratosBody, *person, *occasion, error) {
	var b kratosBody
	if err := decode(c.body, &b); err != nil {
		return nil, nil, nil, err.(*rulebox.Error).WithHint("the hook's body must be the Jsonnet of examples/adapters/kratos/body.jsonnet")
	}
	if b.Identity == nil && b.Session != nil {
		b.Identity = b.Session.Identity
	}
	if b.Identity == nil {
		return nil, nil, nil, missing("identity").WithHint("the hook's body must be the Jsonnet of examples/adapters/kratos/body.jsonnet, and the hook one of those after something")
	}
	if c.hook != "registration" && b.Identity.ID == "" {
		return nil, nil, nil, missing("identity.id")
	}
	c.setID(c.r.Header.Get("Ory-Webhook-Trigger-ID")) // the same when Kratos tries again
	return &b, b.Identity.person(), b.occasion(), nil
}

func (i *kratosIdentity) person() *person {
	t := i.Traits
	p := &person{
		id: i.ID, email: str(t, "email"), username: str(t, "username"), name: str(t, "name"), given: first(str(t, "given_name"), str(t, "first_name")),
		family: first(str(t, "family_name"), str(t, "last_name")), nickname: str(t, "nickname"), picture: str(t, "picture"), locale: str(t, "locale"),
		phone: first(str(t, "phone_number"), str(t, "phone")), created: i.CreatedAt, updated: i.UpdatedAt,
		userMetadata: i.MetadataPublic, appMetadata: i.MetadataAdmin,
		more: object{"traits": orEmpty(t), "schema_id": i.SchemaID},
	}
	if name := obj(t, "name"); name != nil {
		p.given, p.family = first(str(name, "first"), p.given), first(str(name, "last"), p.family)
	}
	if i.ExternalID != "" {
		p.more["external_id"] = i.ExternalID
	}
	for _, a := range i.Verifiable {
		switch {
		case a.Via == "email" && p.email == "":
			p.email = a.Value
		case a.Via == "sms" && p.phone == "":
			p.phone = a.Value
		}
		if strings.EqualFold(a.Value, p.email) {
			p.emailVerified = truth(a.Verified)
		}
		if a.Value == p.phone {
			p.phoneVerified = truth(a.Verified)
		}
	}
	return p
}

// kratosMethods are Kratos' methods in the words of Auth0.
var kratosMethods = map[string]string{"password": "pwd", "oidc": "federated", "saml": "federated", "passkey": "passkey", "webauthn": "passkey", "code": "email", "link": "email"}

func (b *kratosBody) occasion() *occasion {
	o := &occasion{protocol: "oidc-basic-profile", body: b.Flow.Transient, query: queryOf(b.Flow.RequestURL), hostname: hostOf(b.Flow.RequestURL)}
	if b.Flow.Type == "api" {
		o.protocol = "oauth2-password" // native: nobody can be sent to another page
	}
	if l := b.Flow.OAuth2; l != nil {
		o.clientID, o.clientName, o.scope = l.Client.ID, l.Client.Name, l.Scope
	}
	header := func(name string) string {
		if all := b.Headers[http.CanonicalHeaderKey(name)]; len(all) > 0 {
			return all[0]
		}
		return ""
	}
	o.ip, o.userAgent = first(header("True-Client-Ip"), header("X-Real-Ip"), leftmost(header("X-Forwarded-For"))), header("User-Agent")
	if b.Identity != nil {
		if id := first(b.Identity.OrganizationID, b.Flow.OrganizationID); id != "" {
			o.organization = object{"id": id, "name": id, "display_name": id, "metadata": object{}}
		}
	}
	if b.Session == nil {
		return o
	}
	o.sessionID, o.mfa = b.Session.ID, b.Session.AAL == "aal2" || b.Session.AAL == "aal3"
	for _, d := range b.Session.Devices {
		o.ip, o.userAgent = first(hostOnly(d.IP), o.ip), first(d.UserAgent, o.userAgent)
	}
	for _, m := range b.Session.Methods {
		name := first(kratosMethods[m.Method], m.Method)
		if m.AAL == "aal2" {
			name = "mfa"
		}
		o.methods = append(o.methods, method{name, m.CompletedAt})
		if m.Provider != "" {
			o.connection, o.strategy = m.Provider, m.Provider
		}
	}
	return o
}

// kratosLogin lets a login pass or not. That is all that Kratos' hooks after a
// login can: what they answer of an identity is not saved, and there are no tokens.
func (c *call) kratosLogin() (any, error) {
	_, p, o, err := c.kratosPayload()
	if err != nil {
		return nil, err
	}
	v, err := c.login(p, o)
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Kratos saves none at a login")
	}
	if len(claimsOf(v.context, nil, "idToken", "accessToken")) > 0 {
		c.undone("scripts set claims; Kratos has no tokens: Hydra's token hook has (adapters/hydra)")
	}
	return struct{}{}, nil
}

// kratosRegistration is asked before an identity is saved (response.parse), and may
// give it metadata.
func (c *call) kratosRegistration() (any, error) {
	_, p, o, err := c.kratosPayload()
	if err != nil {
		return nil, err
	}
	p.id = "" // Kratos has made one up, which nobody has seen yet
	set, err := c.beforeRegistration(p, o)
	if err != nil {
		return nil, err
	}
	if !set {
		return struct{}{}, nil
	}
	identity := object{}
	if len(p.userMetadata) > 0 {
		identity["metadata_public"] = p.userMetadata
	}
	if len(p.appMetadata) > 0 {
		identity["metadata_admin"] = p.appMetadata
	}
	return object{"identity": identity}, nil
}

func (c *call) kratosRegistered() (any, error) {
	_, p, o, err := c.kratosPayload()
	if err == nil {
		err = c.afterRegistration(p, o)
	}
	return struct{}{}, err
}

func (c *call) kratosPassword() (any, error) {
	_, p, o, err := c.kratosPayload()
	if err == nil {
		err = c.afterPassword(p, o)
	}
	return struct{}{}, err
}

// kratosMessage is the number of our messages, which Kratos' own are far from.
const kratosMessage = 4990001

// kratosError is what Kratos shows in its form. Kratos tries again after a status of
// 500 and above, so only what was not begun has one.
func kratosError(c *call, e *rulebox.Error) answer {
	status := http.StatusUnprocessableEntity
	switch {
	case mayRetry(e):
		status = http.StatusServiceUnavailable
	case e.Code == rulebox.CodeDenied:
		status = http.StatusForbidden
	case e.Code == rulebox.CodeInvalid:
		status = http.StatusBadRequest
	}
	context := object{"code": string(e.Code), "id": c.id}
	if e.Code == rulebox.CodeInvalid {
		context["error"] = e.Message
	}
	return answer{status, object{"messages": []any{object{
		"instance_ptr": "#/", "messages": []any{object{"id": kratosMessage, "text": c.deniedText(e), "type": "error", "context": context}},
	}}}}
}
