package adapters

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// supabase answers the auth hooks of Supabase (supabase/auth, internal/hooks). The
// verification attempts of passwords and second factors have no counterpart among
// the triggers.
var supabase = &server{
	hooks: map[string]hook{
		"custom-access-token": {run: (*call).supabaseToken},
		"before-user-created": {run: (*call).supabaseNewUser},
		"after-user-created":  {run: (*call).supabaseUser},
		"send-sms":            {run: (*call).supabaseSMS},
		"send-email":          {run: (*call).supabaseEmail},
	},
	guard: standardWebhook{},
	fail:  supabaseError,
	check: func(s *setting) error {
		if s.Secret == "" {
			return nil
		}
		_, err := webhookKeys(s.Secret)
		return err
	},
}

// supabaseNames are Supabase's own names of its hooks, where they differ from those
// in the path.
var supabaseNames = map[string]string{"customize-access-token": "custom-access-token"}

type supabaseMetadata struct {
	Name string `json:"name"`
	IP   string `json:"ip_address"`
}

// of refuses a payload that was signed for another hook.
func (m *supabaseMetadata) of(c *call) error {
	if name := first(supabaseNames[m.Name], m.Name); name != "" && name != c.hook {
		return invalid("metadata.name is that of another hook than %s, which the path names", c.hook)
	}
	return nil
}

// supabaseUserBody is a user (internal/models/user.go).
type supabaseUserBody struct {
	ID             string `json:"id"`
	Email          string `json:"email"`
	Phone          string `json:"phone"`
	EmailConfirmed string `json:"email_confirmed_at"`
	PhoneConfirmed string `json:"phone_confirmed_at"`
	NewEmail       string `json:"new_email"`
	NewPhone       string `json:"new_phone"`
	AppMetadata    object `json:"app_metadata"`
	UserMetadata   object `json:"user_metadata"`
	Identities     []struct {
		ID       string `json:"id"`
		Provider string `json:"provider"`
		Data     object `json:"identity_data"`
	} `json:"identities"`
	CreatedAt   string `json:"created_at"`
	UpdatedAt   string `json:"updated_at"`
	IsAnonymous bool   `json:"is_anonymous"`
	Role        string `json:"role"`
}

func (u *supabaseUserBody) person() *person {
	p := supabasePerson(u.ID, u.Email, u.Phone, u.AppMetadata, u.UserMetadata)
	p.created, p.updated = u.CreatedAt, u.UpdatedAt
	p.emailVerified, p.phoneVerified = truth(u.EmailConfirmed != ""), truth(u.PhoneConfirmed != "")
	p.more = object{"is_anonymous": u.IsAnonymous, "role": u.Role}
	for _, i := range u.Identities {
		social := i.Provider != "email" && i.Provider != "phone"
		p.identities = append(p.identities, identity{provider: i.Provider, connection: i.Provider, id: i.ID, social: social, profile: i.Data})
	}
	return p
}

func supabasePerson(id, email, phone string, app, user object) *person {
	return &person{
		id: id, email: email, phone: phone, appMetadata: app, userMetadata: user,
		name: first(str(user, "full_name"), str(user, "name")), nickname: str(user, "user_name"), picture: first(str(user, "avatar_url"), str(user, "picture")),
	}
}

// provider returns the connection of a user, empty for those with a password.
func supabaseProvider(app object) string {
	if p := str(app, "provider"); p != "email" && p != "phone" {
		return p
	}
	return ""
}

// supabaseToken makes the claims of an access token: those that Supabase made stay,
// those of scripts are added.
func (c *call) supabaseToken() (any, error) {
	var b struct {
		Metadata supabaseMetadata `json:"metadata"`
		UserID   string           `json:"user_id"`
		Claims   object           `json:"claims"`
		Method   string           `json:"authentication_method"`
	}
	if err := decode(c.body, &b); err != nil {
		return nil, err
	}
	if err := b.Metadata.of(c); err != nil {
		return nil, err
	}
	if b.UserID == "" || b.Claims == nil {
		return nil, missing("user_id or claims")
	}
	for _, name := range []string{"app_metadata", "user_metadata"} {
		if v := b.Claims[name]; v != nil && obj(b.Claims, name) == nil {
			return nil, invalid("claims.%s is not a JSON object", name)
		}
	}
	app, user := obj(b.Claims, "app_metadata"), obj(b.Claims, "user_metadata")
	p := supabasePerson(b.UserID, str(b.Claims, "email"), str(b.Claims, "phone"), app, user)
	// What user_metadata says of it the user can write. Supabase gives nobody a token
	// whose address it does not hold for confirmed.
	p.emailVerified = truth(p.email != "")
	p.more = object{"role": str(b.Claims, "role")}
	provider := supabaseProvider(app)
	o := &occasion{
		protocol: supabaseProtocol(b.Method), connection: provider, strategy: provider, clientID: str(b.Claims, "client_id"),
		sessionID: str(b.Claims, "session_id"), ip: b.Metadata.IP, mfa: str(b.Claims, "aal") == "aal2", methods: supabaseMethods(b.Claims["amr"]),
	}
	if scope := str(b.Claims, "scope"); scope != "" {
		o.scope = strings.Fields(scope)
	}
	v, err := c.login(p, o)
	if err != nil {
		return nil, err
	}
	if !v.changes.empty() {
		c.undone("an action changes metadata; Supabase's hook saves none")
	}
	return object{"claims": merged(b.Claims, claimsOf(v.context, b.Claims, "idToken", "accessToken"))}, nil
}

func supabaseProtocol(method string) string {
	switch method {
	case "token_refresh":
		return "oauth2-refresh-token"
	case "password", "otp", "anonymous", "totp", "mfa/phone", "mfa/webauthn", "email/signup", "web3":
		return "oauth2-password" // asked for by a program: nobody can be sent away
	}
	return "oidc-basic-profile"
}

// supabaseMFA are Supabase's second factors.
var supabaseMFA = []string{"totp", "mfa/phone", "mfa/webauthn"}

func supabaseMethods(amr any) (all []method) {
	list, _ := amr.([]any)
	for _, entry := range list {
		e, _ := entry.(object)
		name := str(e, "method")
		switch {
		case name == "password":
			name = "pwd"
		case name == "oauth" || name == "sso/saml":
			name = "federated"
		case name == "otp" || name == "magiclink" || name == "invite" || name == "recovery" || name == "email/signup":
			name = "email"
		case slices.Contains(supabaseMFA, name):
			name = "mfa"
		}
		all = append(all, method{name, seconds(e["timestamp"])})
	}
	return all
}

type supabaseUserPayload struct {
	Metadata supabaseMetadata  `json:"metadata"`
	User     *supabaseUserBody `json:"user"`
}

func (c *call) supabaseUserOf(b *supabaseUserPayload, more any) (*person, *occasion, error) {
	if err := decode(c.body, more); err != nil {
		return nil, nil, err
	}
	if err := b.Metadata.of(c); err != nil {
		return nil, nil, err
	}
	if b.User == nil {
		return nil, nil, missing("user")
	}
	provider := supabaseProvider(b.User.AppMetadata)
	return b.User.person(), &occasion{ip: b.Metadata.IP, connection: provider, strategy: provider}, nil
}

func (c *call) supabaseNewUser() (any, error) {
	var b supabaseUserPayload
	p, o, err := c.supabaseUserOf(&b, &b)
	if err != nil {
		return nil, err
	}
	p.id = "" // made up, and seen by nobody yet
	set, err := c.beforeRegistration(p, o)
	if set {
		c.undone("scripts give the new user metadata; Supabase's hook takes none")
	}
	return struct{}{}, err
}

func (c *call) supabaseUser() (any, error) {
	var b supabaseUserPayload
	p, o, err := c.supabaseUserOf(&b, &b)
	if err == nil {
		err = c.afterRegistration(p, o)
	}
	return struct{}{}, err
}

// sent turns the answer of a provider's action into an error if nothing was sent.
func (c *call) sent(trigger string, e event.Event) (any, error) {
	var answer struct{ Status, Reason string }
	if err := c.result(&answer, trigger, e); err != nil {
		return nil, err
	}
	switch answer.Status {
	case "retry":
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the action asks to try again")
	case "drop":
		return nil, rulebox.Errorf(rulebox.CodeThrew, "the action has dropped the message")
	}
	return struct{}{}, nil
}

func (c *call) supabaseSMS() (any, error) {
	var b struct {
		supabaseUserPayload
		SMS struct {
			OTP   string `json:"otp"`
			Type  string `json:"sms_type"`
			Phone string `json:"phone"`
		} `json:"sms"`
	}
	p, o, err := c.supabaseUserOf(&b.supabaseUserPayload, &b)
	if err != nil {
		return nil, err
	}
	to := first(b.SMS.Phone, b.User.NewPhone, p.phone)
	if to == "" {
		return nil, missing("sms.phone")
	}
	if !strings.HasPrefix(to, "+") {
		to = "+" + to // Supabase keeps numbers without it
	}
	text := "Your code is " + b.SMS.OTP
	kind := "otp_verify"
	if b.SMS.Type == "mfa" {
		kind = "otp_enroll"
	}
	return c.sent(rulebox.TriggerPhoneProvider, &event.CustomPhoneProvider{
		Client:       *c.client(o),
		Notification: event.PhoneMessage{AsText: text, AsVoice: text, Code: b.SMS.OTP, DeliveryMethod: "text", MessageType: kind, Recipient: to},
		Request:      o.request(), Tenant: event.Tenant{ID: c.tenant}, User: p.actions(c.connectionOr(o.connection)),
	})
}

// supabaseEmails are Auth0's names of messages, and subjects, by Supabase's action.
var supabaseEmails = map[string][2]string{
	"signup": {"verify_email", "Confirm your e-mail address"}, "invite": {"organization_invitation", "You are invited"},
	"magiclink": {"verification_code", "Your sign-in link"}, "recovery": {"reset_email", "Reset your password"},
	"email_change": {"verify_email", "Confirm your new e-mail address"}, "email": {"verify_email_by_code", "Your code"},
	"reauthentication": {"verification_code", "Your code"},
}

// supabaseLetter is what a message is about (internal/mailer, EmailData).
type supabaseLetter struct {
	Token     string `json:"token"`
	TokenHash string `json:"token_hash"`
	Redirect  string `json:"redirect_to"`
	Action    string `json:"email_action_type"`
	SiteURL   string `json:"site_url"`
	TokenNew  string `json:"token_new"`
	HashNew   string `json:"token_hash_new"`
}

// letter writes the message: what Auth0 gives to providers is ready to be sent.
func (d *supabaseLetter) letter(to, token, hash string) event.Email {
	words, ok := supabaseEmails[d.Action]
	if !ok {
		words = [2]string{"verification_code", "A change of your account: " + strings.ReplaceAll(strings.TrimSuffix(d.Action, "_notification"), "_", " ")}
	}
	subject := html.EscapeString(words[1])
	text, page := words[1]+".\n", "<p>"+subject+".</p>"
	if hash != "" {
		link := strings.TrimSuffix(d.SiteURL, "/") + "/verify?" + url.Values{"token": {hash}, "type": {d.Action}, "redirect_to": {d.Redirect}}.Encode()
		text += link + "\n"
		page += `<p><a href="` + html.EscapeString(link) + `">` + subject + `</a></p>`
	}
	if token != "" {
		text += "Code: " + token + "\n"
		page += "<p>Code: " + html.EscapeString(token) + "</p>"
	}
	return event.Email{To: to, Subject: words[1], Text: text, HTML: page, MessageType: words[0]}
}

func (c *call) supabaseEmail() (any, error) {
	var b struct {
		supabaseUserPayload
		Data supabaseLetter `json:"email_data"`
	}
	p, o, err := c.supabaseUserOf(&b.supabaseUserPayload, &b)
	if err != nil {
		return nil, err
	}
	d := &b.Data
	if d.Action == "" {
		return nil, missing("email_data.email_action_type")
	}
	send := func(to, token, hash string) (any, error) {
		if to == "" {
			return nil, missing("user.email")
		}
		return c.sent(rulebox.TriggerEmailProvider, &event.CustomEmailProvider{
			Client:       *c.client(o),
			Notification: d.letter(to, token, hash),
			Request:      o.request(), Tenant: event.Tenant{ID: c.tenant}, User: p.actions(c.connectionOr(o.connection)),
		})
	}
	if d.Action == "email_change" && d.HashNew == "" {
		return send(first(b.User.NewEmail, p.email), d.Token, d.TokenHash)
	}
	if d.Action == "email_change" {
		// Both addresses are asked. Supabase has the hashes crosswise: token_hash_new
		// goes with token, to the old address.
		if answer, err := send(p.email, d.Token, d.HashNew); err != nil {
			return answer, err
		}
		return send(b.User.NewEmail, d.TokenNew, d.TokenHash)
	}
	return send(first(p.email, b.User.NewEmail), d.Token, d.TokenHash)
}

// supabaseError: an error object in a body with 200 is the form in which Supabase
// passes a message on to its caller. It tries again after 503 with Retry-After.
func supabaseError(c *call, e *rulebox.Error) answer {
	switch {
	case mayRetry(e):
		return answer{http.StatusServiceUnavailable, plainError(c, e)}
	case e.Code == rulebox.CodeInvalid:
		return answer{http.StatusBadRequest, plainError(c, e)}
	case e.Code == rulebox.CodeDenied:
		return answer{http.StatusOK, object{"error": object{"http_code": http.StatusForbidden, "message": c.deniedText(e)}}}
	}
	return answer{http.StatusOK, object{"error": object{"http_code": http.StatusInternalServerError, "message": c.deniedText(e)}}}
}
