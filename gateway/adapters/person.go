package adapters

import (
	"strings"

	"github.com/rulebox/rulebox/event"
)

// A person is what a server tells of a user. An empty text is one that it does not
// tell.
type person struct {
	id, email, username, name, given, family, nickname, picture, locale, phone string
	emailVerified, phoneVerified                                               *bool
	created, updated                                                           string
	userMetadata, appMetadata                                                  object
	identities                                                                 []identity
	// more are members for rules that Auth0 has no name for.
	more object
}

// An identity is how a user is known to a provider.
type identity struct {
	provider, id, connection string
	social                   bool
	profile                  object
}

// rules returns the person as rules know users.
func (p *person) rules(connection string) object {
	u := object{"user_id": p.id, "user_metadata": orEmpty(p.userMetadata), "app_metadata": orEmpty(p.appMetadata)}
	for name, value := range p.more {
		u[name] = value
	}
	for name, value := range map[string]string{
		"email": p.email, "username": p.username, "name": first(p.name, strings.TrimSpace(p.given+" "+p.family), p.email, p.username, p.phone),
		"nickname": first(p.nickname, p.username, local(p.email)), "given_name": p.given, "family_name": p.family, "picture": p.picture,
		"locale": p.locale, "phone_number": p.phone, "created_at": p.created, "updated_at": p.updated,
	} {
		if value != "" {
			u[name] = value
		}
	}
	if p.email != "" {
		u["email_verified"] = p.emailVerified != nil && *p.emailVerified
	}
	if p.phone != "" && p.phoneVerified != nil {
		u["phone_verified"] = *p.phoneVerified
	}
	identities := []any{}
	for _, i := range p.identitiesOr(connection) {
		m := object{"connection": i.connection, "provider": i.provider, "user_id": i.id, "isSocial": i.social}
		if i.profile != nil {
			m["profileData"] = i.profile
		}
		identities = append(identities, m)
	}
	u["identities"] = identities
	return u
}

// identitiesOr returns the identities, one of the connection if there are none.
func (p *person) identitiesOr(connection string) []identity {
	if len(p.identities) > 0 {
		return p.identities
	}
	return []identity{{provider: "auth0", connection: connection, id: p.id}}
}

// actions returns the person as the events of actions have users.
func (p *person) actions(connection string) event.User {
	u := event.User{
		UserID: p.id, Email: p.email, EmailVerified: p.emailVerified != nil && *p.emailVerified, Username: p.username, PhoneNumber: p.phone, PhoneVerified: p.phoneVerified,
		Name: first(p.name, strings.TrimSpace(p.given+" "+p.family), p.email, p.username, p.phone), GivenName: p.given, FamilyName: p.family,
		Nickname: first(p.nickname, p.username, local(p.email)), Picture: p.picture, CreatedAt: p.created, UpdatedAt: p.updated,
		UserMetadata: orEmpty(p.userMetadata), AppMetadata: orEmpty(p.appMetadata), Identities: []event.Identity{},
	}
	if p.id == "" {
		return u // who is not there yet has no identity
	}
	for _, i := range p.identitiesOr(connection) {
		u.Identities = append(u.Identities, event.Identity{Connection: i.connection, Provider: i.provider, UserID: i.id, IsSocial: i.social, ProfileData: i.profile})
	}
	return u
}

// hook returns the person as hooks have users.
func (p *person) hook(tenant string) event.HookUser {
	u := event.HookUser{
		ID: p.id, Tenant: tenant, Username: p.username, Email: p.email, PhoneNumber: p.phone, PhoneNumberVerified: p.phoneVerified,
		UserMetadata: orEmpty(p.userMetadata), AppMetadata: orEmpty(p.appMetadata),
	}
	if p.email != "" {
		u.EmailVerified = truth(p.emailVerified != nil && *p.emailVerified)
	}
	return u
}

func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

// local is the part of an address before the @.
func local(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}
