package provider

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// A Client is an application that may send its users here. It has no secret: the
// proof that a code is its own is PKCE's.
type Client struct {
	ID, Name string
	// RedirectURIs are where users may be sent back to, each exactly.
	RedirectURIs []string
	// Scopes may be asked for besides OpenID Connect's.
	Scopes []string
}

// tokenLifetime is how long ID and access tokens are good.
const tokenLifetime = time.Hour

// opClient is a Client as the library wants it.
type opClient struct {
	*Client
	insecure bool // the issuer is plain HTTP, on this machine
}

var _ op.Client = opClient{}

func (c opClient) GetID() string                       { return c.ID }
func (c opClient) RedirectURIs() []string              { return c.Client.RedirectURIs }
func (c opClient) PostLogoutRedirectURIs() []string    { return nil }
func (c opClient) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c opClient) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodNone }
func (c opClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c opClient) GrantTypes() []oidc.GrantType            { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c opClient) LoginURL(id string) string               { return "/login?request=" + id }
func (c opClient) AccessTokenType() op.AccessTokenType     { return op.AccessTokenTypeJWT }
func (c opClient) IDTokenLifetime() time.Duration          { return tokenLifetime }
func (c opClient) DevMode() bool                           { return c.insecure } // redirect URIs with plain HTTP
func (c opClient) IsScopeAllowed(scope string) bool        { return slices.Contains(c.Scopes, scope) }
func (c opClient) IDTokenUserinfoClaimsAssertion() bool    { return true }
func (c opClient) ClockSkew() time.Duration                { return 0 }
func (c opClient) RestrictAdditionalIdTokenScopes() filter { return all }
func (c opClient) RestrictAdditionalAccessTokenScopes() filter {
	return all
}

type filter = func([]string) []string

func all(scopes []string) []string { return scopes }
