package transaction

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
)

// States keeps records of suspended chains, which are sealed, for a time. It is
// safe for concurrent use. All nodes of an installation share one. One that also has
// Room() int64 says how many bytes it keeps for all tenants; see share.
type States interface {
	// Put keeps the record under a name that is not in use. It returns once the
	// record is safe.
	Put(ctx context.Context, name string, record []byte, ttl time.Duration) error
	// Take returns the record and forgets it: of several who take it at once, one
	// gets it. It returns nil if there is none (any more).
	Take(ctx context.Context, name string) ([]byte, error)
}

const (
	// StateTTL is how long a suspended chain can be resumed: as long as a login
	// transaction lives at Auth0.
	StateTTL = time.Hour
	// StateKeySize is the length of an installation's key, in bytes.
	StateKeySize = 32
	// MaxState bounds what is kept of one suspended chain, in bytes, sealed.
	MaxState = 512 << 10
)

// Suspensions seal what a suspended chain needs to go on, and give out tokens for
// it, each good for one resumption. A token is URL-safe and has 44 characters.
type Suspensions struct {
	states States
	mac    []byte
	aead   cipher.AEAD
	now    func() time.Time

	mu sync.Mutex // guards what follows
	// given counts what tenants have been given by this node, in bytes, since and
	// in the hour before: with what has been taken since it is no more than that.
	given, before map[string]int
	since         time.Time
}

// maxTenantStates bounds what one tenant's suspended logins hold, in bytes, as far
// as one node has suspended them in an hour or two. Where all tenants have little
// room, it is less: see share.
const maxTenantStates = 64 << 20

// leastState is what the smallest record counts for, in bytes: keeping one takes
// room, too.
const leastState = 512

// share is how many bytes one tenant's suspended logins may hold: no more than a
// quarter of what there is for all, as far as States say that (Room, in bytes; 0
// for no bound).
func (s *Suspensions) share() int {
	if r, ok := s.states.(interface{ Room() int64 }); ok && r.Room() > 0 {
		return int(min(maxTenantStates, r.Room()/4))
	}
	return maxTenantStates
}

// count takes the tenant's share for a record, or reports that there is none left.
func (s *Suspensions) count(tenant string, size int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.given == nil || now.Sub(s.since) >= StateTTL {
		s.before, s.given = s.given, map[string]int{}
		if now.Sub(s.since) >= 2*StateTTL {
			s.before = nil
		}
		s.since = now
	}
	if size = max(size, leastState); s.before[tenant]+s.given[tenant]+size > s.share() {
		return false
	}
	s.given[tenant] += size
	return true
}

// uncount gives the share back of a record that was taken.
func (s *Suspensions) uncount(tenant string, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size = max(size, leastState); s.given[tenant] >= size {
		s.given[tenant] -= size
	}
}

// NewSuspensions returns suspensions that are kept in states. The key has
// StateKeySize bytes and is that of all nodes that share them.
func NewSuspensions(states States, key []byte) (*Suspensions, error) {
	if len(key) != StateKeySize {
		return nil, fmt.Errorf("transaction: the key of suspended logins has %d bytes, not %d", len(key), StateKeySize)
	}
	derived := func(purpose string) ([]byte, error) {
		return hkdf.Expand(sha256.New, key, "rulebox state "+purpose, 32)
	}
	mac, err := derived("token")
	if err != nil {
		return nil, err
	}
	sealing, err := derived("record")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Suspensions{states: states, mac: mac, aead: aead, now: time.Now}, nil
}

// newLocalSuspensions are for one process: a command, or a test.
func newLocalSuspensions() *Suspensions {
	key := make([]byte, StateKeySize)
	_, _ = rand.Read(key) // never fails
	s, err := NewSuspensions(NewMemoryStates(), key)
	if err != nil {
		panic(err) // the key has its length
	}
	return s
}

// A record is what a suspended chain needs to go on.
type record struct {
	// Chain tells whether the scripts are still the same.
	Chain string `json:"chain"`
	// Script is the index of the action that goes on.
	Script int `json:"script"`
	// User is the id of the user who began; empty if there was none.
	User string `json:"user,omitempty"`
	// Aim is what the user logs in to.
	Aim aim `json:"aim"`
	// Commands are those so far, without the cache's.
	Commands []json.RawMessage `json:"commands,omitempty"`
	// Context has what rules have set of the members that decide about tokens, for
	// no rule runs again.
	Context json.RawMessage `json:"context,omitempty"`
}

// A token is version, expiry (seconds since 1970), id, and a code over these with
// tenant and trigger.
const (
	tokenVersion = 1
	tokenID      = 16
	tokenMAC     = 12
	tokenHead    = 1 + 4 + tokenID
	tokenLength  = (tokenHead + tokenMAC) * 4 / 3 // in base64, which skips line breaks
)

func (s *Suspensions) authenticate(tenant, trigger string, head []byte) []byte {
	m := hmac.New(sha256.New, s.mac)
	m.Write(owner(tenant, trigger))
	m.Write(head)
	return m.Sum(nil)[:tokenMAC]
}

// owner names whose a state is. No name has a zero byte.
func owner(tenant, trigger string) []byte { return []byte(tenant + "\x00" + trigger + "\x00") }

// seal keeps the record and returns its token.
func (s *Suspensions) seal(ctx context.Context, tenant, trigger string, r *record) (string, error) {
	head := make([]byte, tokenHead, tokenHead+tokenMAC)
	head[0] = tokenVersion
	binary.BigEndian.PutUint32(head[1:], uint32(s.now().Add(StateTTL).Unix()))
	_, _ = rand.Read(head[5:]) // never fails
	if err := s.keep(ctx, tenant, trigger, head, r, StateTTL); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(head, s.authenticate(tenant, trigger, head)...)), nil
}

func (s *Suspensions) keep(ctx context.Context, tenant, trigger string, head []byte, r *record, ttl time.Duration) error {
	sealed := s.aead.Seal(nil, nil, encode(r), append(owner(tenant, trigger), head...))
	if len(sealed) > MaxState {
		return rulebox.Errorf(rulebox.CodeMemory, "the suspended login would keep %d KiB; at most %d KiB can be kept", len(sealed)>>10, MaxState>>10).
			WithHint("set fewer or smaller claims, settings and metadata before the redirect, form or challenge")
	}
	if !s.count(tenant, len(sealed)) {
		return rulebox.Errorf(rulebox.CodeMemory, "too many logins of the tenant %s are suspended: they hold the %s that one tenant may have at a node", tenant, bytesOf(s.share())).
			WithHint("look for users who never come back, or for claims that are large; others are forgotten after %s", StateTTL)
	}
	if err := s.states.Put(ctx, hex.EncodeToString(head[5:]), sealed, ttl); err != nil {
		return rulebox.Errorf(rulebox.CodeInternal, "the login could not be suspended: its state could not be kept").
			WithHint("the node's log has the cause; rulebox doctor tells whether JetStream answers").WithCause(err)
	}
	return nil
}

// A resumption is a state that was taken.
type resumption struct {
	record
	s               *Suspensions
	tenant, trigger string
	head            []byte
}

// open takes the record of the token. It can be taken once, whatever comes of it;
// see giveBack.
func (s *Suspensions) open(ctx context.Context, tenant, trigger, token string) (*resumption, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(token) != tokenLength || len(raw) != tokenHead+tokenMAC || raw[0] != tokenVersion ||
		!hmac.Equal(raw[tokenHead:], s.authenticate(tenant, trigger, raw[:tokenHead])) {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the state is not one that was given out for this trigger of this tenant").
			WithHint("state is what an earlier outcome of the same tenant and trigger had in state, unchanged; nodes that share logins have the same state.key")
	}
	head := raw[:tokenHead]
	if s.now().Unix() >= int64(binary.BigEndian.Uint32(head[1:])) {
		return nil, stale("the login was interrupted for too long; begin it again",
			fmt.Sprintf("a state can be used for %s", StateTTL))
	}
	sealed, err := s.states.Take(ctx, hex.EncodeToString(head[5:]))
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the state of the login cannot be read at the moment").
			WithHint("the node's log has the cause; rulebox doctor tells whether JetStream answers").WithCause(err)
	}
	if sealed == nil {
		return nil, stale("this step of the login was taken already; begin the login again", "a state can be used once")
	}
	s.uncount(tenant, len(sealed))
	r := &resumption{s: s, tenant: tenant, trigger: trigger, head: head}
	plain, err := s.aead.Open(nil, nil, sealed, append(owner(tenant, trigger), head...))
	if err == nil {
		err = json.Unmarshal(plain, &r.record)
	}
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the state of the login is damaged").
			WithHint("all nodes that share logins must have the same state.key; begin the login again").WithCause(err)
	}
	return r, nil
}

// giveBack makes a state usable again that was taken for nothing: its chain was
// never started.
func (r *resumption) giveBack(ctx context.Context) error {
	left := time.Unix(int64(binary.BigEndian.Uint32(r.head[1:])), 0).Sub(r.s.now())
	if left <= 0 {
		return nil
	}
	return r.s.keep(ctx, r.tenant, r.trigger, r.head, &r.record, left)
}

// stale is the answer to a state that was good once. It is a denial: the message
// is for the end user, who must begin again.
func stale(message, hint string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeDenied, "%s", message).WithHint("%s", hint)
	e.Name, e.OAuth = "InvalidState", "invalid_request"
	return e
}

// identity changes when a chain's scripts do. Tries of unsaved code are apart.
func identity(chain *rulebox.Chain, unsaved bool) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %v\n", chain.Trigger, unsaved)
	for _, s := range chain.Scripts {
		fmt.Fprintf(h, "%s %q %s\n", s.Kind, s.Name, s.Digest)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// errStateName is the error of States for a name that is taken.
var errStateName = errors.New("transaction: a state of this name is kept already")

func bytesOf(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
