package event

// User is the user of actions' events.
type User struct {
	UserID            string         `json:"user_id,omitempty"`
	AppMetadata       map[string]any `json:"app_metadata,omitzero"`
	UserMetadata      map[string]any `json:"user_metadata,omitzero"`
	CreatedAt         string         `json:"created_at,omitempty"`
	UpdatedAt         string         `json:"updated_at,omitempty"`
	Email             string         `json:"email,omitempty"`
	EmailVerified     bool           `json:"email_verified"`
	Username          string         `json:"username,omitempty"`
	PhoneNumber       string         `json:"phone_number,omitempty"`
	PhoneVerified     *bool          `json:"phone_verified,omitempty"`
	Name              string         `json:"name,omitempty"`
	GivenName         string         `json:"given_name,omitempty"`
	FamilyName        string         `json:"family_name,omitempty"`
	Nickname          string         `json:"nickname,omitempty"`
	Picture           string         `json:"picture,omitempty"`
	EnrolledFactors   []Factor       `json:"enrolledFactors,omitzero"`
	Identities        []Identity     `json:"identities,omitzero"`
	LastPasswordReset string         `json:"last_password_reset,omitempty"`
	Multifactor       []string       `json:"multifactor,omitzero"`
}

// Factor is a factor that a user has enrolled.
type Factor struct {
	Type    string         `json:"type" known:"otp|email|push-notification|phone|webauthn-platform|webauthn-roaming|recovery-code"`
	Options map[string]any `json:"options,omitzero"`
}

// Identity is one identity of a user; the first is the primary one.
type Identity struct {
	Connection  string         `json:"connection"`
	IsSocial    bool           `json:"isSocial"`
	Provider    string         `json:"provider"`
	UserID      any            `json:"user_id"` // a string, or a number of some providers
	ProfileData map[string]any `json:"profileData,omitzero"`
}

// Client is the application.
type Client struct {
	ClientID     string              `json:"client_id"`
	Name         string              `json:"name"`
	Metadata     map[string]any      `json:"metadata"`
	RefreshToken *ClientRefreshToken `json:"refresh_token,omitempty"`
}

// ClientRefreshToken holds an application's policies for refresh tokens.
type ClientRefreshToken struct {
	Policies []map[string]any `json:"policies,omitzero"`
}

// Connection is where users of an event come from.
type Connection struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Strategy string         `json:"strategy"`
	Metadata map[string]any `json:"metadata,omitzero"`
}

// Request is the HTTP request that set all off.
type Request struct {
	ASN       string         `json:"asn,omitempty"`
	Body      map[string]any `json:"body,omitzero"`
	GeoIP     *GeoIP         `json:"geoip,omitempty"`
	Hostname  string         `json:"hostname,omitempty"`
	IP        string         `json:"ip,omitempty"`
	Language  string         `json:"language,omitempty"`
	Method    string         `json:"method,omitempty"`
	Query     map[string]any `json:"query,omitzero"`
	UserAgent string         `json:"user_agent,omitempty"`
}

// GeoIP is what an address tells of a place.
type GeoIP struct {
	CityName        string   `json:"cityName,omitempty"`
	ContinentCode   string   `json:"continentCode,omitempty"`
	CountryCode     string   `json:"countryCode,omitempty"`
	CountryCode3    string   `json:"countryCode3,omitempty"`
	CountryName     string   `json:"countryName,omitempty"`
	Latitude        *float64 `json:"latitude,omitempty"`
	Longitude       *float64 `json:"longitude,omitempty"`
	SubdivisionCode string   `json:"subdivisionCode,omitempty"`
	SubdivisionName string   `json:"subdivisionName,omitempty"`
	TimeZone        string   `json:"timeZone,omitempty"`
}

// Tenant is the tenant as events show it; the texts are for messages.
type Tenant struct {
	ID           string `json:"id"`
	FriendlyName string `json:"friendly_name,omitempty"`
	HomeURL      string `json:"home_url,omitempty"`
	LogoURL      string `json:"logo_url,omitempty"`
	SupportEmail string `json:"support_email,omitempty"`
	SupportURL   string `json:"support_url,omitempty"`
}

// Organization is what the user logs in to.
type Organization struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	DisplayName string         `json:"display_name"`
	Metadata    map[string]any `json:"metadata"`
}

// Transaction is the login, or whatever else is under way.
type Transaction struct {
	ACRValues                     []string         `json:"acr_values,omitzero"`
	Actor                         *Actor           `json:"actor,omitempty"`
	ActorToken                    string           `json:"actor_token,omitempty"`
	ActorTokenType                string           `json:"actor_token_type,omitempty"`
	ActorTokenUser                *User            `json:"actor_token_user,omitempty"`
	CorrelationID                 string           `json:"correlation_id,omitempty"`
	ID                            string           `json:"id,omitempty"`
	LinkingID                     string           `json:"linking_id,omitempty"`
	Locale                        string           `json:"locale,omitempty"`
	LoginHint                     string           `json:"login_hint,omitempty"`
	Metadata                      map[string]any   `json:"metadata,omitzero"`
	Prompt                        []string         `json:"prompt,omitzero"`
	Protocol                      string           `json:"protocol,omitempty" known:"oidc-basic-profile|oidc-ciba|oidc-ciba-web-link|oidc-implicit-profile|oauth2-device-code|oauth2-resource-owner|oauth2-resource-owner-jwt-bearer|oauth2-password|oauth2-webauthn|oauth2-access-token|oauth2-refresh-token|oauth2-token-exchange|oidc-hybrid-profile|samlp|wsfed|wstrust-usernamemixed"`
	RedirectURI                   string           `json:"redirect_uri,omitempty"`
	RequestedAuthorizationDetails []map[string]any `json:"requested_authorization_details,omitzero"`
	RequestedScopes               []string         `json:"requested_scopes,omitzero"`
	RequestedTokenType            string           `json:"requested_token_type,omitempty"`
	ResponseMode                  string           `json:"response_mode,omitempty" known:"query|fragment|form_post|web_message"`
	ResponseType                  []string         `json:"response_type,omitzero"`
	State                         string           `json:"state,omitempty"`
	SubjectToken                  string           `json:"subject_token,omitempty"`
	SubjectTokenType              string           `json:"subject_token_type,omitempty"`
	TargetScopes                  []string         `json:"target_scopes,omitzero"`
	UILocales                     []string         `json:"ui_locales,omitzero"`
}

// Actor is who acts for the subject of a token, and, in act, for whom he does.
type Actor struct {
	Sub string         `json:"sub"`
	Act map[string]any `json:"act,omitzero"`
}

// Authentication is how the user has proved who he is.
type Authentication struct {
	Methods        []Method        `json:"methods,omitzero"`
	RiskAssessment *RiskAssessment `json:"riskAssessment,omitempty"`
}

// Method is one proof.
type Method struct {
	Name      string `json:"name" known:"federated|pwd|passkey|sms|email|phone_number|mfa"`
	Timestamp string `json:"timestamp"` // ISO 8601
	Type      string `json:"type,omitempty"`
}

// RiskAssessment is how much the login looks like the user's.
type RiskAssessment struct {
	Assessments  *Assessments  `json:"assessments,omitempty"`
	Confidence   string        `json:"confidence,omitempty" known:"low|medium|high|neutral"`
	Supplemental *Supplemental `json:"supplemental,omitempty"`
	Version      string        `json:"version,omitempty"`
}

// Assessments are the parts of a RiskAssessment.
type Assessments struct {
	AgentDetection   *Assessment `json:"AgentDetection,omitempty"`
	ImpossibleTravel *Assessment `json:"ImpossibleTravel,omitempty"`
	NewDevice        *Assessment `json:"NewDevice,omitempty"`
	UntrustedIP      *Assessment `json:"UntrustedIP,omitempty"`
}

// Assessment is one of them.
type Assessment struct {
	Code       string         `json:"code"`
	Confidence string         `json:"confidence" known:"low|medium|high|neutral"`
	Details    map[string]any `json:"details,omitzero"`
}

// Supplemental is what others say of the risk.
type Supplemental struct {
	Akamai map[string]any `json:"akamai,omitzero"`
}

// Authorization holds the user's roles.
type Authorization struct {
	Roles []string `json:"roles"`
}

// AccessToken is the token that a machine is about to get.
type AccessToken struct {
	CustomClaims map[string]any `json:"customClaims"`
	Scope        []string       `json:"scope"`
}

// Agent is an artificial agent.
type Agent struct {
	AgentID       string         `json:"agent_id"`
	Name          string         `json:"name"`
	AgentMetadata map[string]any `json:"agent_metadata"`
}

// CustomDomain is the tenant's domain that was used.
type CustomDomain struct {
	Domain         string         `json:"domain"`
	DomainMetadata map[string]any `json:"domain_metadata"`
}

// Prompt is a form that the user has filled in.
type Prompt struct {
	ID     string         `json:"id"`
	Fields map[string]any `json:"fields,omitzero"`
	Vars   map[string]any `json:"vars,omitzero"`
}

// ResourceServer is the API that the token is for.
type ResourceServer struct {
	Identifier string `json:"identifier"`
}

// SecurityContext holds fingerprints of the TLS client.
type SecurityContext struct {
	JA3 string `json:"ja3,omitempty"`
	JA4 string `json:"ja4,omitempty"`
}

// Stats are counters of the user.
type Stats struct {
	LoginsCount float64 `json:"logins_count"`
}

// Session is the user's session in the browser.
type Session struct {
	ID               string           `json:"id"`
	Actor            *Actor           `json:"actor,omitempty"`
	AuthenticatedAt  string           `json:"authenticated_at,omitempty"`
	Clients          []map[string]any `json:"clients,omitzero"`
	Cookie           *Cookie          `json:"cookie,omitempty"`
	CreatedAt        string           `json:"created_at,omitempty"`
	Device           *Device          `json:"device,omitempty"`
	ExpiresAt        string           `json:"expires_at,omitempty"`
	IdleExpiresAt    string           `json:"idle_expires_at,omitempty"`
	LastInteractedAt string           `json:"last_interacted_at,omitempty"`
	Metadata         map[string]any   `json:"metadata,omitzero"`
	SessionTransfer  *SessionTransfer `json:"session_transfer,omitempty"`
	UpdatedAt        string           `json:"updated_at,omitempty"`
	UserID           string           `json:"user_id,omitempty"`
}

// Cookie is the session's.
type Cookie struct {
	Mode string `json:"mode" known:"persistent|non-persistent"`
}

// Device is where a session or a refresh token was made and last used.
type Device struct {
	InitialASN       string `json:"initial_asn,omitempty"`
	InitialIP        string `json:"initial_ip,omitempty"`
	InitialUserAgent string `json:"initial_user_agent,omitempty"`
	LastASN          string `json:"last_asn,omitempty"`
	LastIP           string `json:"last_ip,omitempty"`
	LastUserAgent    string `json:"last_user_agent,omitempty"`
}

// SessionTransfer says where a session or refresh token came from.
type SessionTransfer struct {
	ParentRefreshToken *ParentRefreshToken `json:"parent_refresh_token,omitempty"`
}

// ParentRefreshToken is one that another was made of.
type ParentRefreshToken struct {
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata,omitzero"`
}

// SessionTransferToken carries a session from one application to another.
type SessionTransferToken struct {
	ClientID string   `json:"client_id"`
	Request  Request  `json:"request"`
	Scope    []string `json:"scope"`
}

// RefreshToken is the refresh token that is used or made.
type RefreshToken struct {
	ID              string           `json:"id"`
	ClientID        string           `json:"client_id,omitempty"`
	CreatedAt       string           `json:"created_at"`
	Device          *Device          `json:"device,omitempty"`
	ExpiresAt       string           `json:"expires_at,omitempty"`
	IdleExpiresAt   string           `json:"idle_expires_at,omitempty"`
	LastExchangedAt string           `json:"last_exchanged_at,omitempty"`
	Metadata        map[string]any   `json:"metadata,omitzero"`
	ResourceServers []map[string]any `json:"resource_servers,omitzero"`
	Rotating        *bool            `json:"rotating,omitempty"`
	SessionID       string           `json:"session_id,omitempty"`
	SessionTransfer *SessionTransfer `json:"session_transfer,omitempty"`
	UserID          string           `json:"user_id,omitempty"`
}

// MessageOptions are the message of a second factor.
type MessageOptions struct {
	Action      string `json:"action" known:"enrollment|second-factor-authentication"`
	Code        string `json:"code"`
	MessageType string `json:"message_type" known:"sms|voice"`
	Recipient   string `json:"recipient"`
	Text        string `json:"text"`
}

// Email is an e-mail to be sent.
type Email struct {
	From        string `json:"from"`
	HTML        string `json:"html"`
	Locale      string `json:"locale"`
	MessageType string `json:"message_type" known:"verify_email|verify_email_by_code|reset_email|reset_email_by_code|welcome_email|verification_code|mfa_oob_code|enrollment_email|blocked_account|stolen_credentials|try_provider_configuration_email|organization_invitation"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	To          string `json:"to"`
}

// PhoneMessage is a phone message to be sent.
type PhoneMessage struct {
	AsText         string `json:"as_text"`
	AsVoice        string `json:"as_voice"`
	Code           string `json:"code,omitempty"`
	DeliveryMethod string `json:"delivery_method" known:"text|voice"`
	From           string `json:"from,omitempty"`
	Locale         string `json:"locale,omitempty"`
	MessageType    string `json:"message_type" known:"otp_verify|otp_enroll|blocked_account|change_password|password_breach"`
	Recipient      string `json:"recipient"`
}

// Message is one event of a stream, a CloudEvent.
type Message struct {
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	SpecVersion string         `json:"specversion"`
	Type        string         `json:"type"`
	Time        string         `json:"time,omitempty"`
	Data        map[string]any `json:"data,omitzero"`
}
