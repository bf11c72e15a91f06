package provider

import (
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// reserved are claims that only the server itself sets. Rulebox leaves out those
// that actions ask for; a rule can put anything on context.idToken.
var reserved = strings.Fields(`acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash client_id
	cnf cty dest entitlements events exp groups gty htm htu iat internalService iss jcard jku jti jwe jwk kid may_act mky nbf
	nonce object_id org_id org_name orig origid permissions roles rph s_hash scope sid sip_callid sip_cseq_num sip_date
	sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm x5t#S256`)

// custom are the claims that scripts may set, of those that they have set.
func custom(claims map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range claims {
		if !slices.Contains(reserved, name) && !strings.HasPrefix(name, "$") {
			out[name] = v
		}
	}
	return out
}

// accessClaims are what scripts add to the access token, and the scopes.
func accessClaims(g *Grant) map[string]any {
	claims := custom(g.AccessToken)
	claims["scope"] = strings.Join(g.Scopes, " ")
	return claims
}

// fill says who the user is, as far as the scopes allow, and what scripts add. A
// claim that scripts have set takes the place of the profile's.
func fill(info *oidc.UserInfo, g *Grant, scopes []string) {
	set := custom(g.IDToken)
	info.Subject = g.User.ID
	profile := func(name string) any {
		if _, ok := set[name]; ok {
			return nil
		}
		return g.User.Profile[name]
	}
	text := func(name string) string {
		s, _ := profile(name).(string)
		return s
	}
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name, info.Nickname, info.Picture = text("name"), text("nickname"), text("picture")
		info.GivenName, info.FamilyName = text("given_name"), text("family_name")
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		verified, _ := profile("email_verified").(bool)
		info.Email, info.EmailVerified = text("email"), oidc.Bool(verified)
	}
	for name, v := range set {
		info.AppendClaims(name, v)
	}
}
