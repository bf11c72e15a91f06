package transaction

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func entry(key, value string, in time.Duration) rulebox.CacheEntry {
	return rulebox.CacheEntry{Key: key, Value: value, ExpiresAt: time.Now().Add(in).UnixMilli()}
}

func keysOf(entries []rulebox.CacheEntry) string {
	var keys []string
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func TestCached(t *testing.T) {
	now := time.Now()
	sets := func(entries ...rulebox.CacheEntry) (all []CacheChange) {
		for _, e := range entries {
			all = append(all, CacheChange{Entry: e})
		}
		return all
	}
	small := rulebox.CacheLimits{Entries: 3, Key: 4, Value: 8, Total: 20}
	for name, tc := range map[string]struct {
		have    []rulebox.CacheEntry
		changes []CacheChange
		want    string
	}{
		"set":                 {nil, sets(entry("a", "1", time.Hour)), "a"},
		"set again":           {[]rulebox.CacheEntry{entry("a", "1", time.Hour), entry("b", "1", time.Hour)}, sets(entry("a", "2", time.Hour)), "b a"},
		"delete":              {[]rulebox.CacheEntry{entry("a", "1", time.Hour)}, []CacheChange{{Entry: rulebox.CacheEntry{Key: "a"}, Delete: true}}, ""},
		"delete and set":      {nil, []CacheChange{{Entry: rulebox.CacheEntry{Key: "a"}, Delete: true}, {Entry: entry("a", "1", time.Hour)}}, "a"},
		"delete what is not":  {nil, []CacheChange{{Entry: rulebox.CacheEntry{Key: "a"}, Delete: true}}, ""},
		"expired":             {[]rulebox.CacheEntry{entry("a", "1", -time.Second)}, sets(entry("b", "", -time.Hour)), ""},
		"key too long":        {nil, sets(entry("abcde", "1", time.Hour)), ""},
		"value too long":      {nil, sets(entry("a", "123456789", time.Hour)), ""},
		"too long takes away": {[]rulebox.CacheEntry{entry("a", "1", time.Hour)}, sets(entry("a", "123456789", time.Hour)), ""},
		"too many":            {[]rulebox.CacheEntry{entry("a", "1", time.Hour), entry("b", "1", time.Minute), entry("c", "1", time.Hour)}, sets(entry("d", "1", time.Hour)), "a c d"},
		"too much":            {[]rulebox.CacheEntry{entry("a", "1234567", time.Minute), entry("b", "1234567", time.Hour)}, sets(entry("c", "1234567", time.Hour)), "b c"},
	} {
		got := Cached(tc.have, tc.changes, small, now)
		assert.Equal(t, tc.want, keysOf(got), name)
	}
	got := Cached(nil, sets(entry("a", "1", 1000*time.Hour)), rulebox.CacheLimits{}, now)
	require.Equal(t, now.Add(24*time.Hour).UnixMilli(), got[0].ExpiresAt, "nothing lives longer than a day")
}

// What one login caches is there for the next; who may not use it pays nothing.
func TestPipelineCache(t *testing.T) {
	e := &engine{answer: func(inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Values: inv.Args, Commands: rawCommands(fmt.Sprintf(`["cache.set","token","T%d",%d]`, len(inv.Cache), time.Now().Add(time.Hour).UnixMilli()))}, nil
	}}
	rule := func(source string) *rulebox.Script { return rulebox.NewScript(rulebox.KindRule, "r", source) }
	chains := func(s *rulebox.Script) map[string]*rulebox.Chain {
		return map[string]*rulebox.Chain{"login": {Trigger: "login", Scripts: []*rulebox.Script{s}}, "post-login": {Trigger: "post-login", Scripts: []*rulebox.Script{action("a")}}}
	}
	caches := NewMemoryCaches()
	p := &Pipeline{Next: e, Caches: caches, Tenants: tenants{
		"action": {Name: "action", Chains: chains(action("a"))},
		"rule":   {Name: "rule", Chains: chains(rule("const cache = require('@rulebox/cache')"))},
		"plain":  {Name: "plain", Chains: chains(rule("x"))},
	}}
	for _, tenant := range []string{"action", "rule", "plain"} {
		for i := range 2 {
			res, err := p.Invoke(context.Background(), login(tenant, ""))
			require.NoError(t, err)
			require.Empty(t, res.Commands, "they are not the caller's")
			got := e.got[len(e.got)-1].Cache
			if i == 0 || tenant == "plain" {
				require.Empty(t, got, tenant)
				continue
			}
			require.Equal(t, "token", keysOf(got), tenant)
			require.Equal(t, "T0", got[0].Value)
		}
	}
	_, err := p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "action", Trigger: "post-login", Args: args(`{}`)[:1]})
	require.NoError(t, err)
	require.Equal(t, "T1", e.got[len(e.got)-1].Cache[0].Value, "a login has one cache, however it was fired")

	// Unsaved code has what its caller gives, and its caller sees what it does.
	inv := login("action", "")
	inv.Chain, inv.Cache = p.Tenants.Tenant("action").Chains["login"], []rulebox.CacheEntry{entry("given", "x", time.Hour), entry("more", "x", time.Hour)}
	res, err := p.Invoke(context.Background(), inv)
	require.NoError(t, err)
	require.Equal(t, "given more", keysOf(e.got[len(e.got)-1].Cache))
	require.Len(t, res.Commands, 1)
	require.Equal(t, "T1", caches.Entries("action", "post-login")[0].Value)

	// What was fetched before a failure is good.
	e.answer = func(*rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Commands: rawCommands(`["cache.set","late","x",99999999999999]`)}, rulebox.Errorf(rulebox.CodeThrew, "no")
	}
	_, err = p.Invoke(context.Background(), login("plain", ""))
	require.Error(t, err)
	require.Contains(t, keysOf(caches.Entries("plain", "post-login")), "late")
}

// An api records calls of a management API.
type api struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []string
	status int
}

func startAPI(t *testing.T) *api {
	a := &api{status: 200}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls = append(a.calls, r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("Authorization")+" "+string(body))
		if a.status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, "secret of the answer")
	}))
	t.Cleanup(a.Close)
	return a
}

func TestMetadataIsSaved(t *testing.T) {
	a := startAPI(t)
	var told []error
	set := []string{`["user.setAppMetadata","k",{"a":1}]`, `["idToken.setCustomClaim","c",1]`, `["user.setUserMetadata","gone",null]`}
	var fail error
	chain := &rulebox.Chain{Trigger: "login", Scripts: []*rulebox.Script{action("a")}, Management: &rulebox.Management{BaseURL: a.URL + "/api/v2/", AccessToken: "T"}}
	bare := &rulebox.Chain{Trigger: "login", Scripts: chain.Scripts}
	p := &Pipeline{
		Metadata: &MetadataClient{}, OnError: func(_, _ string, err error) { told = append(told, err) },
		Tenants: tenants{
			"acme":  {Name: "acme", ApplyMetadata: true, Chains: map[string]*rulebox.Chain{"login": chain, "pre-user-registration": chain}},
			"bare":  {Name: "bare", ApplyMetadata: true, Chains: map[string]*rulebox.Chain{"login": bare}},
			"other": {Name: "other", Chains: map[string]*rulebox.Chain{"login": chain}},
		},
		Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			if inv.Trigger == "pre-user-registration" {
				return &rulebox.Result{Commands: rawCommands(set[0])}, nil
			}
			return &rulebox.Result{Values: inv.Args, Commands: rawCommands(set...)}, fail
		}),
	}
	in := func(tenant string) *rulebox.Invocation {
		inv := login(tenant, "")
		inv.Args[0] = json.RawMessage(`{"user_id":"auth0|a/../b?c"}`)
		return inv
	}
	const call = `PATCH /api/v2/users/auth0%7Ca%2F..%2Fb%3Fc Bearer T {"user_metadata":{"gone":null},"app_metadata":{"k":{"a":1}}}`
	res, err := p.Invoke(context.Background(), in("acme"))
	require.NoError(t, err)
	require.Equal(t, []string{call}, a.calls)
	require.Equal(t, rawCommands(set[1]), res.Commands, "what is done is not the caller's to do")
	require.JSONEq(t, `{"k":{"a":1}}`, string(at(res.Values[0], "app_metadata")))

	fail = rulebox.Errorf(rulebox.CodeDenied, "no")
	res, err = p.Invoke(context.Background(), in("acme"))
	require.Error(t, err)
	require.Equal(t, []string{call, call}, a.calls, "a denial keeps the metadata before it")
	require.Len(t, res.Commands, 1)
	fail = rulebox.Errorf(rulebox.CodeThrew, "no")
	_, _ = p.Invoke(context.Background(), in("acme"))
	require.Len(t, a.calls, 2, "a fault does not")
	fail = nil

	for _, status := range []int{500, 404, 307} {
		a.calls, a.status, told = nil, status, nil
		res, err = p.Invoke(context.Background(), in("acme"))
		require.NoError(t, err, "a login does not fail by it")
		require.Equal(t, rawCommands(set...), res.Commands, "it is left to the caller")
		require.Len(t, a.calls, 1, "redirects are not followed: the token is for this address")
		require.Len(t, told, 1)
		require.Contains(t, res.Logs[0].Text, fmt.Sprint(status))
		require.NotContains(t, res.Logs[0].Text, "secret")
	}
	a.calls, told = nil, nil
	res, err = p.Invoke(context.Background(), in("other"))
	require.NoError(t, err)
	require.Len(t, res.Commands, 3)
	_, err = p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "pre-user-registration", Args: in("acme").Args[:1]})
	require.NoError(t, err)
	require.Empty(t, a.calls, "who is not asked does nothing; before a registration there is no user")
	res, err = p.Invoke(context.Background(), in("bare"))
	require.NoError(t, err)
	require.Contains(t, res.Logs[0].Text, "needs management")
	res, err = p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: "login", Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}})
	require.NoError(t, err)
	require.Contains(t, res.Logs[0].Text, "no user_id")

	a.Close()
	res, err = p.Invoke(context.Background(), in("acme"))
	require.NoError(t, err)
	require.Contains(t, res.Logs[0].Text, "did not answer")
	require.NotContains(t, res.Logs[0].Text, "auth0%7C")
}

// A management API that never answers costs a login a bounded time.
func TestSlowManagement(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer server.Close()
	defer close(stop)
	m := &MetadataClient{Timeout: 20 * time.Millisecond}
	start := time.Now()
	err := m.save(context.Background(), &rulebox.Management{BaseURL: server.URL}, "u", []byte(`{}`))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), 10*time.Second)
}
