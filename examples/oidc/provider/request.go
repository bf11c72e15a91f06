package provider

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// requestLifetime is how long a login may take, redirects included: as long as
// Rulebox keeps the state of one that it has suspended.
const requestLifetime = time.Hour

// A request is one login on its way, from /authorize until its code is exchanged.
type request struct {
	id      string
	ask     oidc.AuthRequest
	query   map[string]any // of /authorize
	created time.Time
	coded   bool // there was a code; guarded by requests.mu

	// step is held while one step of the login runs, so that a page that is sent
	// twice takes its steps one after the other. It is taken before mu.
	step sync.Mutex

	mu      sync.Mutex // guards what follows
	browser string     // the cookie of the browser that the login belongs to
	user    *User      // who has proved the password
	proved  time.Time
	ended   bool   // decided: there is a grant, or it was refused
	grant   *Grant // what the tokens will say; nil if it was refused
}

// A Grant is what a login ended with.
type Grant struct {
	User     *User
	ClientID string
	Scopes   []string
	// IDToken and AccessToken are the claims that scripts have set.
	IDToken, AccessToken map[string]any
	Expires              time.Time
}

var _ op.AuthRequest = (*request)(nil)

func (r *request) GetID() string                         { return r.id }
func (r *request) GetACR() string                        { return "" }
func (r *request) GetAMR() []string                      { return []string{"pwd"} }
func (r *request) GetAudience() []string                 { return []string{r.ask.ClientID} }
func (r *request) GetClientID() string                   { return r.ask.ClientID }
func (r *request) GetNonce() string                      { return r.ask.Nonce }
func (r *request) GetRedirectURI() string                { return r.ask.RedirectURI }
func (r *request) GetResponseType() oidc.ResponseType    { return r.ask.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode    { return r.ask.ResponseMode }
func (r *request) GetState() string                      { return r.ask.State }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge { return r.challenge() }
func (r *request) Done() bool                            { return r.granted() != nil }

func (r *request) challenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.ask.CodeChallenge, Method: r.ask.CodeChallengeMethod}
}

func (r *request) granted() *Grant {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grant
}

// GetAuthTime is when the password was right.
func (r *request) GetAuthTime() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proved
}

// GetScopes are those that were granted.
func (r *request) GetScopes() []string {
	if g := r.granted(); g != nil {
		return g.Scopes
	}
	return r.ask.Scopes
}

// GetSubject is whom the tokens are about.
func (r *request) GetSubject() string {
	if g := r.granted(); g != nil {
		return g.User.ID
	}
	return ""
}

// belongs says whether the browser with this cookie may take the login's next
// step. The first that shows the form is the one.
func (r *request) belongs(browser string, first bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first && r.browser == "" {
		r.browser = browser
	}
	return r.browser != "" && subtle.ConstantTimeCompare([]byte(r.browser), []byte(browser)) == 1
}

// maxRequests bounds the logins on their way.
const maxRequests = 10_000

var (
	errTooMany   = errors.New("too many logins are on their way; try again in a minute")
	errNoRequest = errors.New("there is no such login")
)

// requests are the logins on their way.
type requests struct {
	mu     sync.Mutex // guards what follows
	byID   map[string]*request
	codes  map[string]string // id of a request, by its code
	states map[string]waiting
}

// waiting says what a browser that comes back with a state goes on with.
type waiting struct {
	request string
	// ours is a state of a rule's redirect, which this server has made. The others
	// are Rulebox's, which knows whether they are still good.
	ours bool
}

func newRequests() *requests {
	return &requests{byID: map[string]*request{}, codes: map[string]string{}, states: map[string]waiting{}}
}

func (q *requests) add(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, old := range q.byID {
		if time.Since(old.created) > requestLifetime {
			q.remove(id)
		}
	}
	if len(q.byID) >= maxRequests {
		return errTooMany
	}
	q.byID[r.id] = r
	return nil
}

// remove forgets the request and all that leads to it; mu is held.
func (q *requests) remove(id string) {
	delete(q.byID, id)
	for code, of := range q.codes {
		if of == id {
			delete(q.codes, code)
		}
	}
	for state, w := range q.states {
		if w.request == id {
			delete(q.states, state)
		}
	}
}

// find returns the request, nil if there is none or it is too old.
func (q *requests) find(id string) *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.byID[id]
	if r == nil || time.Since(r.created) > requestLifetime {
		return nil
	}
	return r
}

// setCode keeps the code of the login, which has one, and no second.
func (q *requests) setCode(id, code string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.byID[id]
	if r == nil || r.coded {
		return errNoRequest
	}
	r.coded = true
	q.codes[code] = id
	return nil
}

// takeCode returns the request of the code, which is good once, whatever becomes
// of the exchange.
func (q *requests) takeCode(code string) *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	id, ok := q.codes[code]
	if !ok {
		return nil
	}
	delete(q.codes, code)
	r := q.byID[id]
	if r == nil || time.Since(r.created) > requestLifetime {
		return nil
	}
	return r
}

func (q *requests) wait(state string, w waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.states[state] = w
}

// back returns the request that waits for the state. One of ours is used up, if
// the browser is the right one.
func (q *requests) back(state, browser string) (r *request, ours bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.states[state]
	if !ok {
		return nil, false
	}
	r = q.byID[w.request]
	if r == nil || time.Since(r.created) > requestLifetime || !r.belongs(browser, false) {
		return nil, false
	}
	if w.ours {
		delete(q.states, state)
	}
	return r, w.ours
}

// random returns text that nobody guesses, 130 bits of it.
func random() string { return rand.Text() }

type queryKey struct{}

// queryOf returns the query of the HTTP request that the library handles. It hands
// on only what OpenID Connect knows, and scripts look at other parameters too.
func queryOf(ctx context.Context) map[string]any {
	q, _ := ctx.Value(queryKey{}).(map[string]any)
	return q
}
