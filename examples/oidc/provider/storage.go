package provider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage is what the library asks for clients, logins, tokens and keys. All but
// the users is in memory: after a restart users log in again.
type storage struct {
	clients  map[string]opClient
	requests *requests
	key      signingKey

	mu     sync.Mutex        // guards tokens
	tokens map[string]*Grant // by the id of the access token
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
)

func newStorage(clients []Client, insecure bool) (*storage, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	s := &storage{clients: map[string]opClient{}, requests: newRequests(), key: signingKey{id: rand.Text(), key: key}, tokens: map[string]*Grant{}}
	for _, c := range clients {
		s.clients[c.ID] = opClient{Client: &c, insecure: insecure}
	}
	return s, nil
}

// CreateAuthRequest begins a login.
func (s *storage) CreateAuthRequest(ctx context.Context, ask *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if slices.Contains(ask.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired().WithDescription("this server keeps no sessions: each login asks for the password")
	}
	if ask.CodeChallenge == "" || ask.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE is required: send code_challenge, and code_challenge_method=S256")
	}
	r := &request{id: random(), ask: *ask, query: queryOf(ctx), created: time.Now()}
	if err := s.requests.add(r); err != nil {
		return nil, err
	}
	return r, nil
}

// AuthRequestByID returns a login on its way.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	if r := s.requests.find(id); r != nil {
		return r, nil
	}
	return nil, errNoRequest
}

// AuthRequestByCode returns the login whose code it is, and takes the code.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	if r := s.requests.takeCode(code); r != nil {
		return r, nil
	}
	return nil, errNoRequest
}

// SaveAuthCode keeps the code of a login.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	return s.requests.setCode(id, code)
}

// DeleteAuthRequest is called when the tokens are out. The login is kept until it
// is too old, so that a browser that goes back in its history is told what has
// happened; it has no code any more.
func (s *storage) DeleteAuthRequest(context.Context, string) error { return nil }

// CreateAccessToken keeps what the token with this id was granted.
func (s *storage) CreateAccessToken(_ context.Context, req op.TokenRequest) (string, time.Time, error) {
	r, ok := req.(*request)
	if !ok || r.granted() == nil {
		return "", time.Time{}, oidc.ErrUnsupportedGrantType()
	}
	g := *r.granted()
	g.Expires = time.Now().Add(tokenLifetime)
	id := random()
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, g := range s.tokens {
		if time.Now().After(g.Expires) {
			delete(s.tokens, old)
		}
	}
	s.tokens[id] = &g
	return id, g.Expires, nil
}

func (s *storage) token(id string) *Grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.tokens[id]; g != nil && time.Now().Before(g.Expires) {
		return g
	}
	return nil
}

var errNoRefresh = oidc.ErrUnsupportedGrantType().WithDescription("this server gives no refresh tokens")

// CreateAccessAndRefreshTokens is not offered.
func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNoRefresh
}

// TokenRequestByRefreshToken is not offered.
func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNoRefresh
}

// GetRefreshTokenInfo knows no refresh token.
func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// TerminateSession has nothing to end: there are no sessions.
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }

// RevokeToken forgets an access token of the client.
func (s *storage) RevokeToken(_ context.Context, id, _, clientID string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.tokens[id]
	if g != nil && g.ClientID != clientID {
		return oidc.ErrInvalidClient().WithDescription("the token is another client's")
	}
	delete(s.tokens, id)
	return nil
}

// GetClientByClientID returns a client.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	return nil, errors.New("there is no such client")
}

// AuthorizeClientIDSecret refuses: no client has a secret.
func (s *storage) AuthorizeClientIDSecret(context.Context, string, string) error {
	return errors.New("this client has no secret")
}

// SetUserinfoFromScopes is the library's old way.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest says what the ID token has.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, req op.IDTokenRequest, scopes []string) error {
	r, ok := req.(*request)
	if !ok || r.granted() == nil {
		return errNoRequest
	}
	fill(info, r.granted(), scopes)
	return nil
}

// SetUserinfoFromToken says what /userinfo answers: what the ID token had.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, subject, _ string) error {
	g := s.token(id)
	if g == nil || g.User.ID != subject {
		return errors.New("the token is not good any more")
	}
	fill(info, g, g.Scopes)
	return nil
}

// GetPrivateClaimsFromRequest says what the access token has.
func (s *storage) GetPrivateClaimsFromRequest(_ context.Context, req op.TokenRequest, _ []string) (map[string]any, error) {
	r, ok := req.(*request)
	if !ok || r.granted() == nil {
		return nil, errNoRequest
	}
	return accessClaims(r.granted()), nil
}

// GetPrivateClaimsFromScopes is the library's old way.
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// SetIntrospectionFromToken is not offered: access tokens are signed, and public
// clients have nothing to prove that they may ask.
func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errors.New("introspection is not offered")
}

// GetKeyByIDAndClientID knows no keys of clients.
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errors.New("clients have no keys here")
}

// ValidateJWTProfileScopes is not offered.
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, oidc.ErrUnsupportedGrantType()
}

// Health has nothing to wait for.
func (s *storage) Health(context.Context) error { return nil }

// SigningKey signs tokens.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }

// SignatureAlgorithms is what every client must know.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet is what clients verify tokens with.
func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey(s.key)}, nil }

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                    { return k.key }

type publicKey signingKey

func (k publicKey) ID() string                         { return k.id }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }
