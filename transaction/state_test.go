package transaction

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// An engine is a stand-in for workers: what it was given, and what it answers.
type engine struct {
	mu     sync.Mutex
	got    []*rulebox.Invocation
	answer func(inv *rulebox.Invocation) (*rulebox.Result, error)
}

func (e *engine) Invoke(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	copied := *inv
	e.got = append(e.got, &copied)
	return e.answer(inv)
}

// A cluster is two nodes that share states and tenants.
type cluster struct {
	key     []byte
	states  *MemoryStates
	tenants tenants
	engine  *engine
	node    [2]*Pipeline
}

func newCluster(t *testing.T) *cluster {
	chainOf := func(tenant, trigger string) *rulebox.Chain {
		return &rulebox.Chain{Tenant: tenant, Trigger: trigger, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", "x"), action("first"), action("second")}}
	}
	c := &cluster{key: bytes.Repeat([]byte{7}, StateKeySize), states: NewMemoryStates(), tenants: tenants{}, engine: &engine{}}
	for _, name := range []string{"acme", "other"} {
		c.tenants[name] = &Tenant{Name: name, Chains: map[string]*rulebox.Chain{
			"login": chainOf(name, "login"), "post-login": chainOf(name, "post-login"), "password-reset-post-challenge": chainOf(name, "password-reset-post-challenge"),
		}}
	}
	for i := range c.node {
		s, err := NewSuspensions(c.states, c.key)
		require.NoError(t, err)
		c.node[i] = &Pipeline{Tenants: c.tenants, Next: c.engine, Suspensions: s}
	}
	c.suspendsBy(`["redirect.sendUserTo","https://x.example/ask?a=1#top",{"query":{"session_token":"s t"}}]`)
	return c
}

// suspendsBy lets the second script suspend by the command and then end well.
func (c *cluster) suspendsBy(command string) {
	c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		if inv.Resume != nil {
			return &rulebox.Result{Values: inv.Args, Commands: rawCommands(`["idToken.setCustomClaim","after",2]`)}, nil
		}
		values := append([]json.RawMessage(nil), inv.Args...)
		if inv.Trigger == "login" {
			values[1] = json.RawMessage(`{"idToken":{"rule":0},"scratch":1,"accessToken":{}}`)
		}
		return &rulebox.Result{
			Values: values, Suspended: 2, RedirectURL: "https://not.this.example",
			Commands: rawCommands(`["user.setAppMetadata","before",1]`, `["cache.set","k","v",1]`, command, `["idToken.setCustomClaim","before",1]`),
		}, nil
	}
}

func login(tenant, state string) *rulebox.Invocation {
	return &rulebox.Invocation{Tenant: tenant, Trigger: "login", ID: "t1", State: state, Args: []json.RawMessage{
		json.RawMessage(`{"user_id":"u1"}`), json.RawMessage(`{"accessToken":{},"request":{"body":{"step":2}}}`),
	}}
}

func TestRedirectAndResume(t *testing.T) {
	c := newCluster(t)
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	require.Equal(t, rulebox.Redirect, res.Decision)
	require.Len(t, res.State, 44)
	require.Equal(t, "https://x.example/ask?a=1&session_token=s+t&state="+res.State+"#top", res.RedirectURL)
	require.Equal(t, res.State, url.QueryEscape(res.State), "it can stand in a query as it is")
	require.Empty(t, res.Commands, "effects come at the end")
	require.Equal(t, `{"idToken":{"rule":0},"scratch":1,"accessToken":{}}`, string(res.Values[1]), "as rules left it")

	in := login("acme", res.State)
	res, err = c.node[1].Invoke(context.Background(), in)
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	got := c.engine.got[1]
	require.Equal(t, 1, got.Resume.Script)
	require.Equal(t, in.State, got.Resume.State)
	require.Empty(t, got.State)
	require.Equal(t, rawCommands(`["user.setAppMetadata","before",1]`, `["redirect.sendUserTo","https://x.example/ask?a=1#top",{"query":{"session_token":"s t"}}]`, `["idToken.setCustomClaim","before",1]`), got.Resume.Commands)
	require.Equal(t, `{"accessToken":{},"request":{"body":{"step":2}},"idToken":{"rule":0}}`, string(got.Args[1]), "what rules decided goes on; what they kept for each other does not")
	require.Equal(t, `{"accessToken":{},"request":{"body":{"step":2}},"idToken":{"rule":0,"before":1,"after":2}}`, string(res.Values[1]))
	require.Equal(t, `{"user_id":"u1","app_metadata":{"before":1}}`, string(res.Values[0]))
	require.Len(t, res.Commands, 4)
	require.Empty(t, res.State)
}

func TestFormsAndChallenges(t *testing.T) {
	for _, command := range []string{`["prompt.render","ap_1",{"vars":{"a":1}}]`, `["authentication.challengeWithAny",[{"type":"otp"}]]`} {
		for _, trigger := range []string{"post-login", "password-reset-post-challenge"} {
			c := newCluster(t)
			c.suspendsBy(command)
			if trigger != "post-login" {
				c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
					if inv.Resume != nil {
						return &rulebox.Result{}, nil
					}
					return &rulebox.Result{Suspended: 1, Commands: rawCommands(command)}, nil
				}
			}
			inv := &rulebox.Invocation{Tenant: "acme", Trigger: trigger, Args: []json.RawMessage{json.RawMessage(`{"user":{"user_id":"u"}}`)}}
			res, err := c.node[0].Invoke(context.Background(), inv)
			require.NoError(t, err)
			require.Equal(t, rulebox.Suspend, res.Decision)
			require.Empty(t, res.RedirectURL)
			require.Equal(t, rawCommands(command), res.Commands, "only what is to be done now")
			parsed, err := rulebox.ParseOutcome(rulebox.AppendOutcome(nil, res, nil))
			require.NoError(t, err)
			require.Equal(t, res.State, parsed.State)
			inv.State = res.State
			res, err = c.node[1].Invoke(context.Background(), inv)
			require.NoError(t, err)
			require.Equal(t, rulebox.Allow, res.Decision)
		}
	}
}

// Whatever comes of it, a state that is not good never lets a login pass.
func TestBadStates(t *testing.T) {
	suspended := func(t *testing.T) (*cluster, string) {
		c := newCluster(t)
		c.tenants["acme"].OnFault = FailContinue // which must not help
		res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
		require.NoError(t, err)
		return c, res.State
	}
	late := func(c *cluster) {
		for _, n := range c.node {
			n.Suspensions.now = func() time.Time { return time.Now().Add(StateTTL + time.Second) }
		}
	}
	for name, tc := range map[string]struct {
		spoil func(c *cluster, inv *rulebox.Invocation)
		code  rulebox.Code
		text  string
	}{
		"replayed": {func(c *cluster, inv *rulebox.Invocation) {
			_, err := c.node[0].Invoke(context.Background(), inv)
			if err != nil {
				panic(err)
			}
		}, rulebox.CodeDenied, "this step of the login was taken already"},
		"expired":        {func(c *cluster, _ *rulebox.Invocation) { late(c) }, rulebox.CodeDenied, "interrupted for too long"},
		"other tenant's": {func(_ *cluster, inv *rulebox.Invocation) { inv.Tenant = "other" }, rulebox.CodeInvalid, "not one that was given out"},
		"other trigger's": {func(_ *cluster, inv *rulebox.Invocation) {
			inv.Trigger, inv.Args = "post-login", []json.RawMessage{json.RawMessage(`{"user":{"user_id":"u1"}}`)}
		}, rulebox.CodeInvalid, "not one that was given out"},
		"other user's": {func(_ *cluster, inv *rulebox.Invocation) { inv.Args[0] = json.RawMessage(`{"user_id":"u2"}`) }, rulebox.CodeDenied, "begun by another user"},
		"no user":      {func(_ *cluster, inv *rulebox.Invocation) { inv.Args[0] = json.RawMessage(`{}`) }, rulebox.CodeDenied, "begun by another user"},
		"garbage":      {func(_ *cluster, inv *rulebox.Invocation) { inv.State = "garbage!" }, rulebox.CodeInvalid, "not one that was given out"},
		"too long":     {func(_ *cluster, inv *rulebox.Invocation) { inv.State = strings.Repeat("A", 1<<20) }, rulebox.CodeInvalid, "not one that was given out"},
		"script changed": {func(c *cluster, _ *rulebox.Invocation) {
			c.tenants["acme"].Chains["login"] = &rulebox.Chain{Trigger: "login", Scripts: []*rulebox.Script{action("first"), action("second")}}
		}, rulebox.CodeDenied, "have changed meanwhile"},
		"scripts gone": {func(c *cluster, _ *rulebox.Invocation) {
			c.tenants["acme"].Chains["login"] = &rulebox.Chain{Trigger: "login"}
		}, rulebox.CodeDenied, "have changed meanwhile"},
		"a try's": {func(c *cluster, inv *rulebox.Invocation) {
			inv.Chain = c.tenants["acme"].Chains["login"]
			inv.State = ""
			res, err := c.node[1].Invoke(context.Background(), inv)
			if err != nil {
				panic(err)
			}
			inv.Chain, inv.State = nil, res.State
		}, rulebox.CodeDenied, "have changed meanwhile"},
		"another installation's": {func(c *cluster, _ *rulebox.Invocation) {
			c.node[1].Suspensions, _ = NewSuspensions(c.states, bytes.Repeat([]byte{8}, StateKeySize))
		}, rulebox.CodeInvalid, "not one that was given out"},
		"record damaged": {func(c *cluster, _ *rulebox.Invocation) {
			for name, s := range c.states.states {
				s.record[len(s.record)/2] ^= 1
				c.states.states[name] = s
			}
		}, rulebox.CodeInternal, "damaged"},
		"record of another": {func(c *cluster, inv *rulebox.Invocation) {
			_, err := c.node[0].Invoke(context.Background(), login("acme", ""))
			if err != nil {
				panic(err)
			}
			raw, _ := base64.RawURLEncoding.DecodeString(inv.State)
			mine := ""
			for name := range c.states.states {
				if strings.Contains(name, strings.ToLower(hexOf(raw[5:21]))) {
					mine = name
				}
			}
			for name, s := range c.states.states {
				if name != mine {
					c.states.states[mine] = s
				}
			}
		}, rulebox.CodeInternal, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			c, state := suspended(t)
			inv := login("acme", state)
			tc.spoil(c, inv)
			ran := len(c.engine.got)
			res, err := c.node[1].Invoke(context.Background(), inv)
			require.Error(t, err)
			assert.Equal(t, tc.code, rulebox.CodeOf(err))
			assert.ErrorContains(t, err, tc.text)
			assert.Nil(t, res.Values)
			assert.Len(t, c.engine.got, ran, "no script ran")
			if tc.code == rulebox.CodeDenied {
				var e *rulebox.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "invalid_request", e.OAuth)
				assert.Equal(t, rulebox.Deny, res.Decision)
			} else {
				assert.Equal(t, rulebox.Fault, res.Decision)
			}
		})
	}
}

// Who comes back may make the action fail: that is no way past it.
func TestFaultOnTheWayBack(t *testing.T) {
	c := newCluster(t)
	c.tenants["acme"].OnFault = FailContinue
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	c.engine.answer = func(*rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{}, rulebox.Errorf(rulebox.CodeThrew, "The session token is invalid")
	}
	res, err = c.node[0].Invoke(context.Background(), login("acme", res.State))
	require.Equal(t, rulebox.CodeThrew, rulebox.CodeOf(err))
	require.Equal(t, rulebox.Fault, res.Decision)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s []byte
	for _, c := range b {
		s = append(s, digits[c>>4], digits[c&15])
	}
	return string(s)
}

// No bit of a token can be changed: not the time it ends, not whose it is.
func TestTamperedTokens(t *testing.T) {
	c := newCluster(t)
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(res.State)
	require.NoError(t, err)
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		_, err := c.node[1].Invoke(context.Background(), login("acme", base64.RawURLEncoding.EncodeToString(raw)))
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "bit %d", i)
		raw[i/8] ^= 1 << (i % 8)
	}
	for _, state := range []string{res.State[:43], res.State + "A", res.State + "=", " " + res.State, res.State + "\n"} {
		_, err := c.node[1].Invoke(context.Background(), login("acme", state))
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "%q", state)
	}
	_, err = c.node[1].Invoke(context.Background(), login("acme", res.State))
	require.NoError(t, err, "all that cost the true one nothing")
}

// What is kept is of no use to who reads the store.
func TestRecordsAreSealed(t *testing.T) {
	c := newCluster(t)
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	require.Len(t, c.states.states, 1)
	for name, s := range c.states.states {
		for _, secret := range []string{`"before"`, `"user"`, "idToken", "redirect"} {
			require.NotContains(t, string(s.record), secret)
		}
		raw, err := base64.RawURLEncoding.DecodeString(res.State)
		require.NoError(t, err)
		require.NotContains(t, name, hexOf(raw[tokenHead:]), "the token's code is not in the store")
	}
}

// A state that was sent to a node without a worker to spare can be sent again.
func TestUnavailableGivesTheStateBack(t *testing.T) {
	c := newCluster(t)
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	works := c.engine.answer
	for _, fault := range []rulebox.Code{rulebox.CodeUnavailable, rulebox.CodeTimeout} {
		c.engine.answer = func(*rulebox.Invocation) (*rulebox.Result, error) { return nil, rulebox.Errorf(fault, "no") }
		_, err = c.node[1].Invoke(context.Background(), login("acme", res.State))
		require.Equal(t, fault, rulebox.CodeOf(err))
		if fault == rulebox.CodeTimeout {
			c.engine.answer = works
			_, err = c.node[0].Invoke(context.Background(), login("acme", res.State))
			require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), "what may have run does not run again")
		}
	}
}

// A second suspension keeps what came before the first.
func TestSuspendedTwice(t *testing.T) {
	c := newCluster(t)
	first := c.engine.answer
	c.engine.answer = func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		if inv.Resume != nil && inv.Resume.Script == 1 {
			return &rulebox.Result{Values: inv.Args, Suspended: 3, Commands: rawCommands(`["idToken.setCustomClaim","middle",1]`, `["prompt.render","ap_1"]`)}, nil
		}
		return first(inv)
	}
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.NoError(t, err)
	res, err = c.node[1].Invoke(context.Background(), login("acme", res.State))
	require.NoError(t, err)
	require.Equal(t, rulebox.Suspend, res.Decision)
	res, err = c.node[0].Invoke(context.Background(), login("acme", res.State))
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	require.JSONEq(t, `{"rule":0,"before":1,"middle":1,"after":2}`, string(at(res.Values[1], "idToken")))
	require.Len(t, res.Commands, 6)
}

func TestNobodyToAsk(t *testing.T) {
	for _, tc := range []struct{ context, command, want string }{
		{`{"request":{"query":{"prompt":"none"}}}`, `["redirect.sendUserTo","https://x.example"]`, "prompt=none"},
		{`{"request":{"query":{"prompt":"none"}}}`, `["authentication.enrollWith",{"type":"otp"}]`, "prompt=none"},
		{`{"protocol":"oauth2-password"}`, `["prompt.render","ap_1"]`, "no browser"},
		{`{"protocol":"oauth2-refresh-token"}`, `["redirect.sendUserTo","https://x.example"]`, "no browser"},
		{`{"protocol":"oauth2-password"}`, `["authentication.challengeWith",{"type":"otp"}]`, ""},
	} {
		c := newCluster(t)
		c.suspendsBy(tc.command)
		inv := login("acme", "")
		inv.Args[1] = json.RawMessage(tc.context)
		res, err := c.node[0].Invoke(context.Background(), inv)
		if tc.want == "" {
			require.NoError(t, err)
			continue
		}
		var e *rulebox.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "interaction_required", e.OAuth)
		require.Contains(t, e.Message, tc.want)
		require.Equal(t, rulebox.Deny, res.Decision)
		require.Empty(t, c.states.states, "nothing is kept")
	}
}

func TestSuspensionsThatCannotBe(t *testing.T) {
	c := newCluster(t)
	c.suspendsBy(`["idToken.setCustomClaim","x",1]`)
	_, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err), "suspended for nothing")

	c.suspendsBy(`["redirect.sendUserTo","https://x.example",{"query":{"a":"` + strings.Repeat("x", maxURL) + `"}}]`)
	_, err = c.node[0].Invoke(context.Background(), login("acme", ""))
	require.ErrorContains(t, err, "longer than 64 KiB")

	c.suspendsBy(`["prompt.render","ap_1",{"vars":{"a":"` + strings.Repeat("x", MaxState) + `"}}]`)
	_, err = c.node[0].Invoke(context.Background(), login("acme", ""))
	require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "512 KiB")

	c = newCluster(t)
	for _, n := range c.node {
		n.Suspensions.states = broken{}
	}
	c.tenants["acme"].OnFault = FailContinue
	res, err := c.node[0].Invoke(context.Background(), login("acme", ""))
	require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err), "it has run: it is not to be sent again")
	require.Equal(t, rulebox.Fault, res.Decision, "a challenge that cannot be kept is none that was met")

	_, err = NewSuspensions(c.states, []byte("short"))
	require.ErrorContains(t, err, "5 bytes, not 32")
}

// One tenant's logins that never come back leave room for the others'.
func TestTenantsShareOfStates(t *testing.T) {
	c := newCluster(t)
	s := c.node[0].Suspensions
	now := time.Now()
	s.now = func() time.Time { return now }
	s.states = discard{}
	n := 0
	for s.count("acme", MaxState) {
		n++
	}
	require.Equal(t, maxTenantStates/MaxState, n)
	r := &record{Context: json.RawMessage(`"` + strings.Repeat("x", MaxState/2) + `"`)}
	_, err := s.seal(context.Background(), "acme", "login", r)
	require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "64 MiB")
	_, err = s.seal(context.Background(), "other", "login", r)
	require.NoError(t, err)
	now = now.Add(StateTTL + time.Second)
	_, err = s.seal(context.Background(), "acme", "login", r)
	require.Error(t, err, "those of the hour before may still be there")
	now = now.Add(StateTTL)
	_, err = s.seal(context.Background(), "acme", "login", r)
	require.NoError(t, err, "they have expired")
	// What is taken makes room.
	for s.count("taken", MaxState) {
		n--
	}
	require.False(t, s.count("taken", 1000))
	s.uncount("taken", MaxState)
	require.True(t, s.count("taken", 1000))
}

type discard struct{ broken }

func (discard) Put(context.Context, string, []byte, time.Duration) error { return nil }

type broken struct{}

func (broken) Put(context.Context, string, []byte, time.Duration) error { return errors.New("away") }
func (broken) Take(context.Context, string) ([]byte, error)             { return nil, errors.New("away") }

func TestMemoryStates(t *testing.T) {
	ctx := context.Background()
	m := NewMemoryStates()
	require.NoError(t, m.Put(ctx, "a", []byte("x"), -time.Second))
	got, err := m.Take(ctx, "a")
	require.NoError(t, err)
	require.Nil(t, got, "it has expired")
	require.NoError(t, m.Put(ctx, "b", []byte("x"), time.Hour))
	require.ErrorIs(t, m.Put(ctx, "b", []byte("y"), time.Hour), errStateName)
	require.Error(t, m.Put(ctx, "c", make([]byte, maxMemoryStates), time.Hour), "they are bounded")
	got, _ = m.Take(ctx, "b")
	require.Equal(t, "x", string(got))
	require.NoError(t, m.Put(ctx, "c", make([]byte, maxMemoryStates), -time.Hour))
	require.NoError(t, m.Put(ctx, "d", make([]byte, maxMemoryStates), time.Hour), "those that expired make room")
	require.Equal(t, maxMemoryStates, m.size)
}

func FuzzState(f *testing.F) {
	s := newLocalSuspensions()
	token, err := s.seal(context.Background(), "acme", "login", &record{})
	require.NoError(f, err)
	f.Add(token)
	f.Add("")
	f.Add(strings.Repeat("A", 44))
	f.Fuzz(func(t *testing.T, state string) {
		if _, err := s.open(context.Background(), "other", "login", state); rulebox.CodeOf(err) != rulebox.CodeInvalid {
			t.Fatalf("%q: %v", state, err)
		}
	})
}
