// Package e2e tries what takes several nodes: each has its own pool of jailed
// workers and its own connection; they share an embedded NATS server.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

func TestMain(m *testing.M) { pooltest.Main(m) }

// safety bounds what would otherwise hang a broken test.
const safety = 30 * time.Second

type tenants map[string]*transaction.Tenant

func (t tenants) Tenant(name string) *transaction.Tenant { return t[name] }

// startNode returns a node's pipeline, which also serves NATS.
func startNode(t *testing.T, server *bus.Server, all tenants) *transaction.Pipeline {
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 4, MaxPerTenant: 1, Warm: 1})
	conn, err := server.Conn()
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	kv, err := store.OpenKV(context.Background(), conn, zap.NewNop())
	require.NoError(t, err)
	states, err := kv.States(context.Background())
	require.NoError(t, err)
	suspensions, err := transaction.NewSuspensions(states, bytes.Repeat([]byte{1}, transaction.StateKeySize))
	require.NoError(t, err)
	caches := kv.Caches()
	pooltest.Run(t, caches.Run)
	p := &transaction.Pipeline{Tenants: all, Next: pool, Suspensions: suspensions, Caches: caches}
	ready := make(chan struct{})
	pooltest.Run(t, func(ctx context.Context) error {
		return bus.Serve(ctx, bus.ServeOptions{Conn: conn, Handler: p, Ready: func() { close(ready) }})
	})
	<-ready
	return p
}

func tenant(name string, scripts ...*rulebox.Script) *transaction.Tenant {
	of := func(trigger string) *rulebox.Chain {
		return &rulebox.Chain{Tenant: name, Trigger: trigger, Scripts: scripts, Bindings: bindings(len(scripts))}
	}
	return &transaction.Tenant{Name: name, OnFault: transaction.FailContinue, Chains: map[string]*rulebox.Chain{"login": of("login")}}
}

func bindings(n int) []rulebox.Binding {
	all := make([]rulebox.Binding, n)
	for i := range all {
		all[i].Secrets = map[string]string{"KEY": "the site's secret"}
	}
	return all
}

func action(name, source string) *rulebox.Script {
	return rulebox.NewScript(rulebox.KindAction, name, source)
}

func login(name, state, body string) *rulebox.Invocation {
	return &rulebox.Invocation{Tenant: name, Trigger: "login", ID: "tx", State: state, Args: []json.RawMessage{
		json.RawMessage(`{"user_id":"auth0|1","user_metadata":{}}`),
		json.RawMessage(`{"protocol":"oidc-basic-profile","idToken":{},"request":{"query":{},"body":` + body + `,"hostname":"login.example","ip":"203.0.113.7"}}`),
	}}
}

const asks = `exports.onExecutePostLogin = async (event, api) => {
	api.transaction.setMetadata('seen', 1)
	api.user.setUserMetadata('asked', true)
	api.idToken.setCustomClaim('before', event.user.user_id)
	const token = api.redirect.encodeToken({secret: event.secrets.KEY, payload: {why: 'terms'}})
	api.redirect.sendUserTo('https://site.example/terms?lang=en', {query: {session_token: token}})
}
exports.onContinuePostLogin = async (event, api) => {
	const back = api.redirect.validateToken({secret: event.secrets.KEY})
	api.idToken.setCustomClaim('terms', back.answer + event.transaction.metadata.seen)
}`

// A user is sent away by one node and comes back to the other, which knows all
// that the first did; and there is no second time.
func TestRedirectOverTwoNodes(t *testing.T) {
	all := tenants{}
	for _, name := range []string{"acme", "other"} {
		all[name] = tenant(name,
			rulebox.NewScript(rulebox.KindRule, "rule", `function (user, context, callback) { context.idToken.rule = 'ran ' + context.protocol; callback(null, user, context); }`),
			action("first", `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('first', 1) }`),
			action("asks", asks),
			action("last", `exports.onExecutePostLogin = async (event, api) => { api.accessToken.setCustomClaim('last', event.transaction.metadata.seen) }`))
	}
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	one, two := startNode(t, server, all), startNode(t, server, all)

	// away fires the login on the first node, and plays the site.
	away := func(t *testing.T) (state, body string) {
		res, err := one.Invoke(context.Background(), login("acme", "", `{}`))
		require.NoError(t, err)
		require.Equal(t, rulebox.Redirect, res.Decision)
		u, err := url.Parse(res.RedirectURL)
		require.NoError(t, err)
		require.Equal(t, "site.example", u.Host)
		require.Equal(t, "en", u.Query().Get("lang"))
		require.Equal(t, res.State, u.Query().Get("state"))
		claims := claimsOf(t, u.Query().Get("session_token"))
		require.Equal(t, "terms", claims["why"])
		require.Equal(t, "auth0|1", claims["sub"])
		claims["answer"], claims["state"] = "yes", u.Query().Get("state")
		text, err := json.Marshal(map[string]string{"session_token": signed(t, claims, "the site's secret")})
		require.NoError(t, err)
		return res.State, string(text)
	}

	state, body := away(t)
	res, err := two.Invoke(context.Background(), login("acme", state, body))
	require.NoError(t, err)
	require.Equal(t, rulebox.Allow, res.Decision)
	var left struct {
		IDToken     map[string]any `json:"idToken"`
		AccessToken map[string]any `json:"accessToken"`
	}
	require.NoError(t, json.Unmarshal(res.Values[1], &left))
	require.Equal(t, map[string]any{"rule": "ran oidc-basic-profile", "first": 1., "before": "auth0|1", "terms": "yes1"}, left.IDToken)
	require.Equal(t, map[string]any{"last": 1.}, left.AccessToken)
	require.JSONEq(t, `{"user_id":"auth0|1","user_metadata":{"asked":true}}`, string(res.Values[0]))
	for _, s := range res.Scripts {
		require.NotEqual(t, "rule", s.Name, "rules do not run again")
		require.NotEqual(t, "first", s.Name, "nor do the actions before")
	}

	for _, node := range []*transaction.Pipeline{one, two} {
		res, err := node.Invoke(context.Background(), login("acme", state, body))
		require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), "replayed")
		require.Equal(t, rulebox.Deny, res.Decision)
	}

	// The rest of the ways back go over NATS, to whichever node is free.
	client, err := bus.Connect(context.Background(), bus.ConnectOptions{DataDir: server.DataDir(), URL: server.URL()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	state, body = away(t)
	res, err = client.Invoke(context.Background(), login("other", state, body))
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "another tenant's")
	require.Empty(t, res.Values)
	for i := range len(state) {
		forged := []byte(state)
		forged[i] = map[bool]byte{true: 'B', false: 'A'}[forged[i] == 'A']
		_, err := client.Invoke(context.Background(), login("acme", string(forged), body))
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "tampered with at %d", i)
	}
	// A token of the site's for another state does not do: the action throws, and
	// the policy to continue is none here.
	other, _ := away(t)
	_, err = client.Invoke(context.Background(), login("acme", other, body))
	require.ErrorContains(t, err, "State in the token does not match the /continue state.")
	res, err = client.Invoke(context.Background(), login("acme", state, body))
	require.NoError(t, err, "all that cost the true one nothing")
	require.Equal(t, rulebox.Allow, res.Decision)

	// Of many who come back with one state at once, one gets in.
	state, body = away(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for i := range 8 {
		wait.Go(func() {
			res, err := []*transaction.Pipeline{one, two}[i%2].Invoke(context.Background(), login("acme", state, body))
			mu.Lock()
			defer mu.Unlock()
			if err == nil && res.Decision == rulebox.Allow {
				in++
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, in)

	// A script of the chain is changed while the user is away.
	state, body = away(t)
	changed := *all["acme"].Chains["login"]
	changed.Scripts = append([]*rulebox.Script(nil), changed.Scripts...)
	changed.Scripts[2] = action("asks", strings.Replace(asks, "'terms'", "'admin'", 1))
	all["acme"].Chains["login"] = &changed
	_, err = two.Invoke(context.Background(), login("acme", state, body))
	require.ErrorContains(t, err, "have changed meanwhile")
}

// A token that one login fetched is there for the next, on any node.
func TestCacheOverTwoNodes(t *testing.T) {
	all := tenants{"acme": tenant("acme", action("a", `exports.onExecutePostLogin = async (event, api) => {
		const have = api.cache.get('token')
		api.idToken.setCustomClaim('token', have ? have.value : 'none')
		if (!have) api.cache.set('token', 'T1', {ttl: 3600000})
	}`)), "other": nil}
	all["other"] = tenant("other", all["acme"].Chains["login"].Scripts...)
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	one, two := startNode(t, server, all), startNode(t, server, all)
	token := func(p *transaction.Pipeline, tenant string) string {
		res, err := p.Invoke(context.Background(), login(tenant, "", `{}`))
		require.NoError(t, err)
		require.NotContains(t, string(bytes.Join(raw(res.Commands), nil)), "cache")
		var left struct {
			IDToken struct{ Token string } `json:"idToken"`
		}
		require.NoError(t, json.Unmarshal(res.Values[1], &left))
		return left.IDToken.Token
	}
	require.Equal(t, "none", token(one, "acme"))
	require.Equal(t, "T1", token(one, "acme"), "the same node has it at once")
	require.Eventually(t, func() bool {
		return len(two.Caches.Entries("acme", "post-login")) == 1
	}, safety, time.Millisecond)
	require.Equal(t, "T1", token(two, "acme"))
	require.Equal(t, "none", token(two, "other"), "it is the tenant's own")
}

func raw(texts []json.RawMessage) [][]byte {
	all := make([][]byte, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}
