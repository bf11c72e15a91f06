package event

import "encoding/json"

// What rules, hooks and database scripts get.

// LoginUser is the user of rules. Profiles of other providers have more members,
// and app_metadata's are rules' own business.
type LoginUser struct {
	UserID            string          `json:"user_id"`
	Email             string          `json:"email,omitempty"`
	EmailVerified     *bool           `json:"email_verified,omitempty"`
	Username          string          `json:"username,omitempty"`
	Name              string          `json:"name,omitempty"`
	Nickname          string          `json:"nickname,omitempty"`
	GivenName         string          `json:"given_name,omitempty"`
	FamilyName        string          `json:"family_name,omitempty"`
	Picture           string          `json:"picture,omitempty"`
	Locale            any             `json:"locale,omitempty"` // some providers send an object
	PhoneNumber       string          `json:"phone_number,omitempty"`
	PhoneVerified     *bool           `json:"phone_verified,omitempty"`
	CreatedAt         string          `json:"created_at,omitempty"`
	UpdatedAt         string          `json:"updated_at,omitempty"`
	LastPasswordReset string          `json:"last_password_reset,omitempty"`
	AppMetadata       map[string]any  `json:"app_metadata,omitzero"`
	UserMetadata      map[string]any  `json:"user_metadata,omitzero"`
	Identities        []LoginIdentity `json:"identities,omitzero"`
	Multifactor       []string        `json:"multifactor,omitzero"`
}

// LoginIdentity is one identity of a user; the first is the primary one.
type LoginIdentity struct {
	Connection        string         `json:"connection"`
	Provider          string         `json:"provider"`
	UserID            any            `json:"user_id"` // a string, or a number of some providers
	IsSocial          bool           `json:"isSocial"`
	ProfileData       map[string]any `json:"profileData,omitzero"`
	AccessToken       string         `json:"access_token,omitempty"`
	AccessTokenSecret string         `json:"access_token_secret,omitempty"`
	RefreshToken      string         `json:"refresh_token,omitempty"`
}

// An Object is a map that is sent as {} when it is nil: rules write into it and do
// not ask whether it is there.
type Object map[string]any

// IsZero says that it is never left out.
func (Object) IsZero() bool { return false }

// MarshalJSON returns the JSON object.
func (o Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any(o))
}

// LoginContext is the context of rules.
type LoginContext struct {
	Tenant             string               `json:"tenant,omitempty"`
	ClientID           string               `json:"clientID,omitempty"`
	ClientName         string               `json:"clientName,omitempty"`
	ClientMetadata     map[string]any       `json:"clientMetadata,omitzero"`
	ConnectionID       string               `json:"connectionID,omitempty"`
	Connection         string               `json:"connection,omitempty"`
	ConnectionStrategy string               `json:"connectionStrategy,omitempty"`
	ConnectionOptions  map[string]any       `json:"connectionOptions,omitzero"`
	ConnectionMetadata map[string]any       `json:"connectionMetadata,omitzero"`
	Protocol           string               `json:"protocol,omitempty" known:"oidc-basic-profile|oidc-implicit-profile|oauth2-refresh-token|oauth2-password|oauth2-resource-owner|oauth2-resource-owner-jwt-bearer|oauth2-device-code|samlp|wsfed|wstrust-usernamemixed|delegation|redirect-callback"`
	OriginalProtocol   string               `json:"original_protocol,omitempty"`
	Stats              *LoginStats          `json:"stats,omitempty"`
	SSO                *SSO                 `json:"sso,omitempty"`
	SessionID          string               `json:"sessionID,omitempty"`
	Auth0SessionID     string               `json:"auth0SessionId,omitempty"`
	Request            *LoginRequest        `json:"request,omitempty"`
	Authentication     *LoginAuthentication `json:"authentication,omitempty"`
	Authorization      *Authorization       `json:"authorization,omitempty"`
	Organization       map[string]any       `json:"organization,omitzero"`
	RiskAssessment     map[string]any       `json:"riskAssessment,omitzero"`
	Locale             string               `json:"locale,omitempty"`
	IDToken            Object               `json:"idToken,omitzero"`
	AccessToken        Object               `json:"accessToken,omitzero"`
	SAMLConfiguration  Object               `json:"samlConfiguration,omitzero"`
}

// LoginStats are counters of the user.
type LoginStats struct {
	LoginsCount float64 `json:"loginsCount"`
}

// SSO says how the user came to have a session.
type SSO struct {
	WithAuth0      bool     `json:"with_auth0"`
	WithDBConn     bool     `json:"with_dbconn"`
	CurrentClients []string `json:"current_clients"`
}

// LoginRequest is the HTTP request of the login.
type LoginRequest struct {
	UserAgent string         `json:"userAgent,omitempty"`
	IP        string         `json:"ip,omitempty"`
	Hostname  string         `json:"hostname,omitempty"`
	Query     map[string]any `json:"query,omitzero"`
	Body      map[string]any `json:"body,omitzero"`
	GeoIP     map[string]any `json:"geoip,omitzero"`
}

// LoginAuthentication is how the user has proved who he is.
type LoginAuthentication struct {
	Methods []LoginMethod `json:"methods"`
}

// LoginMethod is one proof.
type LoginMethod struct {
	Name      string `json:"name"`
	Timestamp any    `json:"timestamp"` // milliseconds, or ISO 8601
}

// HookClient is the first argument of the hook credentials-exchange.
type HookClient struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Tenant   string         `json:"tenant"`
	Metadata map[string]any `json:"metadata,omitzero"`
}

// HookUser is the user of hooks.
type HookUser struct {
	ID                  string         `json:"id,omitempty"`
	Tenant              string         `json:"tenant,omitempty"`
	Username            string         `json:"username,omitempty"`
	Password            string         `json:"password,omitempty"`
	Email               string         `json:"email,omitempty"`
	EmailVerified       *bool          `json:"emailVerified,omitempty"`
	PhoneNumber         string         `json:"phoneNumber,omitempty"`
	PhoneNumberVerified *bool          `json:"phoneNumberVerified,omitempty"`
	LastPasswordReset   string         `json:"last_password_reset,omitempty"`
	UserMetadata        map[string]any `json:"user_metadata,omitzero"`
	AppMetadata         map[string]any `json:"app_metadata,omitzero"`
}

// HookContext is the context of hooks; webtask is added here, with the hook's
// secrets.
type HookContext struct {
	RequestLanguage string          `json:"requestLanguage,omitempty"`
	RenderLanguage  string          `json:"renderLanguage,omitempty"`
	Connection      *HookConnection `json:"connection,omitempty"`
}

// HookConnection is where the user of a hook is.
type HookConnection struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Tenant string `json:"tenant"`
}

// HookPhoneContext is the context of the hook send-phone-message.
type HookPhoneContext struct {
	MessageType string           `json:"message_type" known:"sms|voice"`
	Action      string           `json:"action" known:"enrollment|second-factor-authentication"`
	Language    string           `json:"language,omitempty"`
	Code        string           `json:"code,omitempty"`
	IP          string           `json:"ip,omitempty"`
	UserAgent   string           `json:"user_agent,omitempty"`
	Client      *HookPhoneClient `json:"client,omitempty"`
	User        *HookPhoneUser   `json:"user,omitempty"`
}

// HookPhoneClient is the application of a HookPhoneContext.
type HookPhoneClient struct {
	ClientID       string         `json:"client_id"`
	Name           string         `json:"name"`
	ClientMetadata map[string]any `json:"client_metadata,omitzero"`
}

// HookPhoneUser is the user of a HookPhoneContext.
type HookPhoneUser struct {
	UserID       string         `json:"user_id"`
	Name         string         `json:"name,omitempty"`
	Email        string         `json:"email,omitempty"`
	AppMetadata  map[string]any `json:"app_metadata,omitzero"`
	UserMetadata map[string]any `json:"user_metadata,omitzero"`
}

// NewUser is the argument of the database script create. Custom fields of the
// sign-up form stand beside these members.
type NewUser struct {
	ClientID     string         `json:"client_id,omitempty"`
	Tenant       string         `json:"tenant,omitempty"`
	Connection   string         `json:"connection,omitempty"`
	Email        string         `json:"email,omitempty"`
	Password     string         `json:"password"`
	Username     string         `json:"username,omitempty"`
	PhoneNumber  string         `json:"phone_number,omitempty"`
	UserMetadata map[string]any `json:"user_metadata,omitzero"`
	AppMetadata  map[string]any `json:"app_metadata,omitzero"`
}

// ScriptContext is the argument before the callback of database scripts, for
// connections that have enable_script_context.
type ScriptContext struct {
	Organization *Organization `json:"organization,omitempty"`
}
