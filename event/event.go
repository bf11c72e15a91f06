// Package event describes what a request for a trigger carries: the user and the
// context of a login, the events of actions, and the arguments of hooks and
// database scripts. The members, their names and types are Auth0's.
//
// They are for callers, who may as well send maps, types of their own or JSON
// text: members that are not described here are passed on to scripts as they are.
// A member that is, and has another type, is refused on the way in. The JSON
// Schemas in doc/schemas are made of these types.
package event

import "github.com/rulebox/rulebox"

// An Event is the event of one trigger.
type Event interface {
	// Trigger is the name of the trigger.
	Trigger() string
}

// PostLogin is what actions get after a login. With the trigger login it need
// hold only what user and context do not say.
type PostLogin struct {
	Agent                *Agent                `json:"agent,omitempty"`
	Authentication       *Authentication       `json:"authentication,omitempty"`
	Authorization        *Authorization        `json:"authorization,omitempty"`
	Client               *Client               `json:"client,omitempty"`
	Connection           *Connection           `json:"connection,omitempty"`
	CustomDomain         *CustomDomain         `json:"custom_domain,omitempty"`
	Organization         *Organization         `json:"organization,omitempty"`
	Prompt               *Prompt               `json:"prompt,omitempty"`
	RefreshToken         *RefreshToken         `json:"refresh_token,omitempty"`
	Request              *Request              `json:"request,omitempty"`
	ResourceServer       *ResourceServer       `json:"resource_server,omitempty"`
	SecurityContext      *SecurityContext      `json:"security_context,omitempty"`
	Session              *Session              `json:"session,omitempty"`
	SessionTransferToken *SessionTransferToken `json:"session_transfer_token,omitempty"`
	Stats                *Stats                `json:"stats,omitempty"`
	Tenant               *Tenant               `json:"tenant,omitempty"`
	Transaction          *Transaction          `json:"transaction,omitempty"`
	User                 *User                 `json:"user,omitempty"`
}

// CredentialsExchange is what actions get before a machine's access token is
// returned.
type CredentialsExchange struct {
	AccessToken    AccessToken    `json:"accessToken"`
	Agent          *Agent         `json:"agent,omitempty"`
	Client         Client         `json:"client"`
	CustomDomain   *CustomDomain  `json:"custom_domain,omitempty"`
	Organization   *Organization  `json:"organization,omitempty"`
	Request        Request        `json:"request"`
	ResourceServer ResourceServer `json:"resource_server"`
	Tenant         Tenant         `json:"tenant"`
	Transaction    *Transaction   `json:"transaction,omitempty"`
}

// PreUserRegistration is what actions get before a user is made.
type PreUserRegistration struct {
	Authentication  *Authentication  `json:"authentication,omitempty"`
	Client          *Client          `json:"client,omitempty"`
	Connection      Connection       `json:"connection"`
	CustomDomain    *CustomDomain    `json:"custom_domain,omitempty"`
	Request         Request          `json:"request"`
	SecurityContext *SecurityContext `json:"security_context,omitempty"`
	Tenant          Tenant           `json:"tenant"`
	Transaction     *Transaction     `json:"transaction,omitempty"`
	User            User             `json:"user"`
}

// PostUserRegistration is what actions get after a user was made.
type PostUserRegistration struct {
	Authentication  *Authentication  `json:"authentication,omitempty"`
	Connection      Connection       `json:"connection"`
	CustomDomain    *CustomDomain    `json:"custom_domain,omitempty"`
	Request         *Request         `json:"request,omitempty"`
	SecurityContext *SecurityContext `json:"security_context,omitempty"`
	Tenant          Tenant           `json:"tenant"`
	Transaction     *Transaction     `json:"transaction,omitempty"`
	User            User             `json:"user"`
}

// PostChangePassword is what actions get after a user's password was changed.
type PostChangePassword struct {
	Authentication *Authentication `json:"authentication,omitempty"`
	Connection     Connection      `json:"connection"`
	CustomDomain   *CustomDomain   `json:"custom_domain,omitempty"`
	Request        *Request        `json:"request,omitempty"`
	Tenant         Tenant          `json:"tenant"`
	Transaction    *Transaction    `json:"transaction,omitempty"`
	User           User            `json:"user"`
}

// PostChallenge is what actions get between the first challenge of a password
// reset and the reset.
type PostChallenge struct {
	Authentication Authentication `json:"authentication"`
	Authorization  Authorization  `json:"authorization"`
	Client         Client         `json:"client"`
	Connection     Connection     `json:"connection"`
	CustomDomain   *CustomDomain  `json:"custom_domain,omitempty"`
	Organization   *Organization  `json:"organization,omitempty"`
	Prompt         *Prompt        `json:"prompt,omitempty"`
	Request        Request        `json:"request"`
	Stats          Stats          `json:"stats"`
	Tenant         Tenant         `json:"tenant"`
	Transaction    Transaction    `json:"transaction"`
	User           User           `json:"user"`
}

// SendPhoneMessage is what the action gets that sends the messages of a second
// factor.
type SendPhoneMessage struct {
	Client          *Client          `json:"client,omitempty"`
	CustomDomain    *CustomDomain    `json:"custom_domain,omitempty"`
	MessageOptions  MessageOptions   `json:"message_options"`
	Request         Request          `json:"request"`
	SecurityContext *SecurityContext `json:"security_context,omitempty"`
	Tenant          Tenant           `json:"tenant"`
	Transaction     *Transaction     `json:"transaction,omitempty"`
	User            User             `json:"user"`
}

// CustomEmailProvider is what the action gets that sends all e-mail.
type CustomEmailProvider struct {
	Client       Client        `json:"client"`
	Connection   *Connection   `json:"connection,omitempty"`
	CustomDomain *CustomDomain `json:"custom_domain,omitempty"`
	Notification Email         `json:"notification"`
	Organization *Organization `json:"organization,omitempty"`
	Request      Request       `json:"request"`
	Tenant       Tenant        `json:"tenant"`
	Transaction  *Transaction  `json:"transaction,omitempty"`
	User         User          `json:"user"`
}

// CustomPhoneProvider is what the action gets that sends all phone messages.
type CustomPhoneProvider struct {
	Client       Client        `json:"client"`
	Connection   *Connection   `json:"connection,omitempty"`
	CustomDomain *CustomDomain `json:"custom_domain,omitempty"`
	Notification PhoneMessage  `json:"notification"`
	Organization *Organization `json:"organization,omitempty"`
	Request      Request       `json:"request"`
	Tenant       Tenant        `json:"tenant"`
	Transaction  *Transaction  `json:"transaction,omitempty"`
	User         User          `json:"user"`
}

// CustomTokenExchange is what the action gets that decides on an exchange of
// RFC 8693.
type CustomTokenExchange struct {
	Client         Client         `json:"client"`
	Organization   *Organization  `json:"organization,omitempty"`
	Request        Request        `json:"request"`
	ResourceServer ResourceServer `json:"resource_server"`
	Tenant         Tenant         `json:"tenant"`
	Transaction    Transaction    `json:"transaction"`
}

// EventStream is what the action gets that takes the events of a stream.
type EventStream struct {
	Message Message `json:"message"`
}

// Trigger implements Event.
func (*PostLogin) Trigger() string { return rulebox.TriggerPostLogin }

// Trigger implements Event.
func (*CredentialsExchange) Trigger() string { return rulebox.TriggerCredentialsExchange }

// Trigger implements Event.
func (*PreUserRegistration) Trigger() string { return rulebox.TriggerPreRegistration }

// Trigger implements Event.
func (*PostUserRegistration) Trigger() string { return rulebox.TriggerPostRegistration }

// Trigger implements Event.
func (*PostChangePassword) Trigger() string { return rulebox.TriggerPostChangePassword }

// Trigger implements Event.
func (*PostChallenge) Trigger() string { return rulebox.TriggerPostChallenge }

// Trigger implements Event.
func (*SendPhoneMessage) Trigger() string { return rulebox.TriggerSendPhoneMessage }

// Trigger implements Event.
func (*CustomEmailProvider) Trigger() string { return rulebox.TriggerEmailProvider }

// Trigger implements Event.
func (*CustomPhoneProvider) Trigger() string { return rulebox.TriggerPhoneProvider }

// Trigger implements Event.
func (*CustomTokenExchange) Trigger() string { return rulebox.TriggerTokenExchange }

// Trigger implements Event.
func (*EventStream) Trigger() string { return rulebox.TriggerEventStream }
