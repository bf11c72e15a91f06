package adapters

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// zitadel answers the targets of ZITADEL's Actions v2. One address serves them all:
// the payload says what it is about.
var zitadel = &server{
	hooks: map[string]hook{"": {run: (*call).zitadel}},
	guard: zitadelSignature{},
	fail:  zitadelError,
}

type zitadelBody struct {
	// Functions.
	Function string `json:"function"`
	UserInfo struct {
		Sub           string `json:"sub"`
		Name          string `json:"name"`
		Given         string `json:"given_name"`
		Family        string `json:"family_name"`
		Nickname      string `json:"nickname"`
		Picture       string `json:"picture"`
		Locale        string `json:"locale"`
		Username      string `json:"preferred_username"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Phone         string `json:"phone_number"`
		PhoneVerified bool   `json:"phone_number_verified"`
	} `json:"userinfo"`
	User     *zitadelUser      `json:"user"`
	Metadata []zitadelMetadata `json:"user_metadata"`
	Org      *struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Domain string `json:"primary_domain"`
	} `json:"org"`
	Grants []struct {
		Roles     []string `json:"roles"`
		ProjectID string   `json:"projectId"`
	} `json:"user_grants"`
	// Requests and responses.
	FullMethod string `json:"fullMethod"`
	Request    object `json:"request"`
	Response   object `json:"response"`
	// Events.
	EventType    string `json:"event_type"`
	AggregateID  string `json:"aggregateID"`
	EventPayload any    `json:"event_payload"`
}

type zitadelUser struct {
	ID        string `json:"id"`
	Created   string `json:"creation_date"`
	Changed   string `json:"change_date"`
	Username  string `json:"username"`
	LoginName string `json:"preferred_login_name"`
	Human     *struct {
		First         string `json:"first_name"`
		Last          string `json:"last_name"`
		Nickname      string `json:"nick_name"`
		DisplayName   string `json:"display_name"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"is_email_verified"`
		Phone         string `json:"phone"`
		PhoneVerified bool   `json:"is_phone_verified"`
	} `json:"human"`
	Machine *struct {
		Name string `json:"name"`
	} `json:"machine"`
}

// zitadelMetadata is one entry of a user's metadata; its value is any bytes, in
// base64.
type zitadelMetadata struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

// zitadelApp is the key under which a user's app_metadata lies, as one JSON object:
// ZITADEL has one kind of metadata only.
const zitadelApp = "app_metadata"

func (c *call) zitadel() (any, error) {
	if kind := c.r.Header.Get("Content-Type"); strings.Contains(kind, "jwt") || strings.Contains(kind, "jose") {
		return nil, refuse(http.StatusUnsupportedMediaType, "the target sends its payload as a JWT or JWE").WithHint("make the target with payloadType PAYLOAD_TYPE_JSON: it is signed, too")
	}
	var b zitadelBody
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	function := strings.TrimPrefix(b.Function, "function/")
	switch {
	case function == "preuserinfo":
		return c.zitadelClaims(&b, "idToken")
	case function == "preaccesstoken":
		return c.zitadelClaims(&b, "accessToken")
	case function == "presamlresponse":
		return c.zitadelSAML(&b)
	case b.FullMethod != "" && slices.Contains(zitadelNewUser, b.FullMethod):
		return c.zitadelNewUser(&b)
	case b.EventType == "user.human.added" || b.EventType == "user.human.selfregistered":
		p, err := b.eventUser()
		if err == nil {
			err = c.afterRegistration(p, &occasion{})
		}
		return nil, err
	case b.EventType == "user.human.password.changed":
		p, err := b.eventUser()
		if err == nil {
			err = c.afterPassword(p, &occasion{})
		}
		return nil, err
	case b.Function == "" && b.FullMethod == "" && b.EventType == "":
		return nil, missing("function, fullMethod or event_type")
	}
	// An error here could lock everybody out of ZITADEL, for a condition may be too
	// wide: nothing is answered, which changes nothing.
	c.undone("no trigger is for this function, method or event")
	return nil, nil
}

func (b *zitadelBody) person() (*person, error) {
	u, i := b.User, &b.UserInfo
	if u == nil {
		u = &zitadelUser{}
	}
	p := &person{
		id: first(u.ID, i.Sub), email: i.Email, username: first(i.Username, u.LoginName, u.Username), name: i.Name, given: i.Given, family: i.Family,
		nickname: i.Nickname, picture: i.Picture, locale: i.Locale, phone: i.Phone, created: u.Created, updated: u.Changed,
		emailVerified: truth(i.EmailVerified), phoneVerified: truth(i.PhoneVerified),
	}
	if p.id == "" {
		return nil, missing("user.id")
	}
	if h := u.Human; h != nil {
		p.name, p.given, p.family, p.nickname = first(p.name, h.DisplayName), first(p.given, h.First), first(p.family, h.Last), first(p.nickname, h.Nickname)
		if p.email == "" {
			p.email, p.emailVerified = h.Email, truth(h.EmailVerified)
		}
		if p.phone == "" {
			p.phone, p.phoneVerified = h.Phone, truth(h.PhoneVerified)
		}
	} else if u.Machine != nil {
		p.name = first(p.name, u.Machine.Name)
	}
	p.zitadelMetadata(b.Metadata)
	return p, nil
}

// zitadelMetadata gives the person the metadata of the entries.
func (p *person) zitadelMetadata(entries []zitadelMetadata) {
	p.userMetadata = object{}
	for _, m := range entries {
		var v any = string(m.Value)
		if json.Valid(m.Value) {
			into(m.Value, &v)
		}
		if app, ok := v.(object); ok && m.Key == zitadelApp {
			p.appMetadata = app
		} else if v != nil {
			p.userMetadata[m.Key] = v
		}
	}
}

func (b *zitadelBody) occasion(protocol string) *occasion {
	o := &occasion{protocol: protocol, roles: []string{}}
	for _, g := range b.Grants {
		for _, r := range g.Roles {
			if !slices.Contains(o.roles, r) {
				o.roles = append(o.roles, r)
			}
		}
	}
	if b.Org != nil && b.Org.ID != "" {
		o.organization = object{"id": b.Org.ID, "name": first(b.Org.Domain, b.Org.Name), "display_name": b.Org.Name, "metadata": object{}}
	}
	return o
}

// zitadelClaims makes claims of a token before it is issued. ZITADEL leaves a claim
// as it is that it has set itself.
func (c *call) zitadelClaims(b *zitadelBody, token string) (any, error) {
	p, err := b.person()
	if err != nil {
		return nil, err
	}
	if b.User != nil && b.User.Machine != nil && b.User.Human == nil {
		return c.zitadelMachine(b, p, token)
	}
	v, err := c.login(p, b.occasion("oidc-basic-profile"))
	if err != nil {
		return nil, err
	}
	answer := appended(claimsOf(v.context, nil, token))
	if set := zitadelChanges(p, v.changes); len(set) > 0 {
		answer["set_user_metadata"] = set
	}
	if c.setting.LogClaims && len(v.logs) > 0 {
		lines := []string{}
		for _, l := range v.logs {
			lines = append(lines, l.Level+": "+l.Text)
		}
		answer["append_log_claims"] = lines
	}
	return answer, nil
}

// appended is the answer that adds the claims.
func appended(claims object) object {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		list = append(list, object{"key": name, "value": claims[name]})
	}
	if len(list) == 0 {
		return object{}
	}
	return object{"append_claims": list}
}

// zitadelMachine makes claims of a machine's access token. Machines are users at
// ZITADEL, and at Auth0 clients, whose login no rule runs for.
func (c *call) zitadelMachine(b *zitadelBody, p *person, token string) (any, error) {
	if token != "accessToken" {
		return object{}, nil
	}
	id := first(b.User.Username, p.id)
	claims, err := c.machine(&event.CredentialsExchange{
		AccessToken: event.AccessToken{CustomClaims: map[string]any{}, Scope: []string{}},
		Client:      event.Client{ClientID: id, Name: first(b.User.Machine.Name, id), Metadata: p.userMetadata},
		Request:     event.Request{Query: object{}, Body: object{"grant_type": "client_credentials", "client_id": id}},
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	return appended(claims), nil
}

// zitadelChanges are the entries that hold the changed metadata. A member that is
// taken away becomes null, for ZITADEL's answer cannot remove one.
func zitadelChanges(p *person, m *metadata) []zitadelMetadata {
	set := []zitadelMetadata{}
	for _, key := range slices.Sorted(maps.Keys(m.user)) {
		text, ok := m.user[key].(string)
		if !ok || json.Valid([]byte(text)) { // a text that reads as JSON must not come back as something else
			text = string(raw(m.user[key]))
		}
		set = append(set, zitadelMetadata{key, []byte(text)})
	}
	if len(m.app) > 0 {
		app := merged(p.appMetadata, m.app)
		maps.DeleteFunc(app, func(_ string, v any) bool { return v == nil })
		set = append(set, zitadelMetadata{zitadelApp, raw(app)})
	}
	return set
}

// zitadelSAML makes attributes of a SAML response: those of the rules' mappings,
// which name members of the user.
func (c *call) zitadelSAML(b *zitadelBody) (any, error) {
	p, err := b.person()
	if err != nil {
		return nil, err
	}
	v, err := c.login(p, b.occasion("samlp"))
	if err != nil {
		return nil, err
	}
	mappings := obj(obj(v.context, "samlConfiguration"), "mappings")
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(mappings)) {
		if values := texts(member(v.user, str(mappings, name))); len(values) > 0 {
			list = append(list, object{"name": name, "name_format": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", "value": values})
		}
	}
	if b.Metadata == nil && len(v.changes.app) > 0 {
		// ZITADEL does not tell a user's metadata here: what is there would be lost.
		c.undone("an action changes app_metadata before a SAML response")
		v.changes.app = nil
	}
	answer := object{}
	if len(list) > 0 {
		answer["append_attribute"] = list
	}
	if set := zitadelChanges(p, v.changes); len(set) > 0 {
		answer["set_user_metadata"] = set
	}
	return answer, nil
}

// member returns the member of the name, or what its parts between dots lead to.
func member(o object, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	parent, rest, ok := strings.Cut(name, ".")
	if inner := obj(o, parent); ok && inner != nil {
		return member(inner, rest)
	}
	return nil
}

// texts returns the values of an attribute.
func texts(v any) (all []string) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			all = append(all, e)
		case json.Number, bool:
			all = append(all, fmt.Sprint(e))
		}
	}
	return all
}

// zitadelNewUser are the methods that make a user.
var zitadelNewUser = []string{
	"/zitadel.user.v2.UserService/AddHumanUser", "/zitadel.user.v2.UserService/CreateUser", "/zitadel.management.v1.ManagementService/AddHumanUser",
	"/zitadel.management.v1.ManagementService/ImportHumanUser",
}

// zitadelNewUser is asked before ZITADEL makes a user, and told after it did. The
// answer to a request takes the request's place.
func (c *call) zitadelNewUser(b *zitadelBody) (any, error) {
	if b.Request == nil {
		return nil, missing("request")
	}
	human := b.Request
	if h := obj(b.Request, "human"); h != nil {
		human = h // CreateUser
	} else if strings.HasSuffix(b.FullMethod, "/CreateUser") {
		return nil, nil // a machine, which is no user of ours
	}
	profile := obj(human, "profile")
	p := &person{
		username: first(str(b.Request, "username"), str(b.Request, "userName")), given: first(str(profile, "givenName"), str(profile, "firstName")),
		family: first(str(profile, "familyName"), str(profile, "lastName")), nickname: first(str(profile, "nickName")), name: str(profile, "displayName"),
		email: str(obj(human, "email"), "email"), phone: str(obj(human, "phone"), "phone"),
	}
	var entries []zitadelMetadata
	if list := b.Request["metadata"]; list != nil && !into(raw(list), &entries) {
		return nil, invalid("request.metadata is no list of key and value, the value in base64")
	}
	p.zitadelMetadata(entries)
	if verified, ok := obj(human, "email")["isVerified"].(bool); ok {
		p.emailVerified = truth(verified)
	}
	if b.Response != nil {
		p.id = first(str(b.Response, "userId"), str(b.Response, "id"))
		return nil, c.afterRegistration(p, &occasion{})
	}
	set, err := c.beforeRegistration(p, &occasion{})
	if err != nil || !set {
		return nil, err
	}
	if b.FullMethod != zitadelNewUser[0] {
		c.undone("scripts give the new user metadata; only the request of UserService/AddHumanUser takes some")
		return nil, nil
	}
	list := []any{}
	for _, m := range zitadelChanges(&person{}, &metadata{p.userMetadata, p.appMetadata}) {
		list = append(list, object{"key": m.Key, "value": base64.StdEncoding.EncodeToString(m.Value)})
	}
	return merged(b.Request, object{"metadata": list}), nil
}

// eventUser returns the user of an event.
func (b *zitadelBody) eventUser() (*person, error) {
	if b.AggregateID == "" {
		return nil, missing("aggregateID")
	}
	payload, _ := b.EventPayload.(object)
	return &person{
		id: b.AggregateID, email: str(payload, "email"), username: str(payload, "userName"), name: str(payload, "displayName"), given: str(payload, "firstName"),
		family: str(payload, "lastName"), nickname: str(payload, "nickName"), phone: str(payload, "phone"), locale: str(payload, "preferredLanguage"),
	}, nil
}

// zitadelError: a status in the body of a 200 is what ZITADEL passes on to its
// caller; any other status is a failed execution. Both count only for targets with
// interruptOnError.
func zitadelError(c *call, e *rulebox.Error) answer {
	switch {
	case e.Code == rulebox.CodeDenied:
		return answer{http.StatusOK, object{"forwardedStatusCode": http.StatusForbidden, "forwardedErrorMessage": c.deniedText(e)}}
	case mayRetry(e):
		return answer{http.StatusServiceUnavailable, plainError(c, e)}
	case e.Code == rulebox.CodeInvalid:
		return answer{http.StatusBadRequest, plainError(c, e)}
	}
	return answer{http.StatusInternalServerError, plainError(c, e)}
}
