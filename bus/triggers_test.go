package bus

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Each method fires its trigger, and what the node gets is what was given.
func TestMethodsOfTriggers(t *testing.T) {
	s := startServer(t, ServerOptions{})
	node := &desk{res: rulebox.Result{Commands: []json.RawMessage{[]byte(`["a.b",1]`)}}}
	startNode(t, s, ServeOptions{Handler: node})
	c := connectAs(t, s, "shop", "acme")
	ctx := testContext(t)
	fired := map[string]bool{}
	check := func(trigger string, args ...string) func(*rulebox.Result, error) {
		return func(res *rulebox.Result, err error) {
			t.Helper()
			require.NoError(t, err, trigger)
			require.Len(t, res.Commands, 1)
			got := node.got()
			require.Equal(t, "acme", got.Tenant)
			require.Equal(t, trigger, got.Trigger)
			require.Len(t, got.Args, len(args), trigger)
			for i, want := range args {
				require.JSONEq(t, want, string(got.Args[i]), trigger)
			}
			fired[trigger] = true
		}
	}
	const user = `{"user_id":"u","email_verified":true}`
	u := event.User{UserID: "u", EmailVerified: true}
	some := func(e event.Event) string {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		return string(text)
	}
	check("login", `{"user_id":"u"}`, `{"clientID":"c","idToken":{},"accessToken":{},"samlConfiguration":{}}`)(c.Login(ctx, "acme", &event.LoginUser{UserID: "u"}, &event.LoginContext{ClientID: "c"}))
	check("login", `{}`, `{}`, `{"user":`+user+`}`)(c.LoginWith(ctx, "acme", []byte(`{}`), json.RawMessage(`{}`), &event.PostLogin{User: &u}))
	check("post-login", `{"user":`+user+`}`)(c.PostLogin(ctx, "acme", &event.PostLogin{User: &u}))
	ce := &event.CredentialsExchange{ResourceServer: event.ResourceServer{Identifier: "urn:api"}, AccessToken: event.AccessToken{Scope: []string{"a"}}}
	check("credentials-exchange", some(ce))(c.CredentialsExchange(ctx, "acme", ce))
	pr := &event.PreUserRegistration{User: u}
	check("pre-user-registration", some(pr))(c.PreUserRegistration(ctx, "acme", pr))
	ur := &event.PostUserRegistration{User: u}
	check("post-user-registration", some(ur))(c.PostUserRegistration(ctx, "acme", ur))
	cp := &event.PostChangePassword{User: u}
	check("post-change-password", some(cp))(c.PostChangePassword(ctx, "acme", cp))
	rc := &event.PostChallenge{User: u, Stats: event.Stats{LoginsCount: 3}}
	check("password-reset-post-challenge", some(rc))(c.PostChallenge(ctx, "acme", rc))
	sm := &event.SendPhoneMessage{MessageOptions: event.MessageOptions{Code: "123"}}
	check("send-phone-message", some(sm))(c.SendPhoneMessage(ctx, "acme", sm))
	em := &event.CustomEmailProvider{Notification: event.Email{To: "a@b.example"}}
	check("custom-email-provider", some(em))(c.SendEmail(ctx, "acme", em))
	ph := &event.CustomPhoneProvider{Notification: event.PhoneMessage{Recipient: "+1"}}
	check("custom-phone-provider", some(ph))(c.SendPhone(ctx, "acme", ph))
	tx := &event.CustomTokenExchange{Transaction: event.Transaction{SubjectToken: "t"}}
	check("custom-token-exchange", some(tx))(c.TokenExchange(ctx, "acme", tx))
	es := &event.EventStream{Message: event.Message{Type: "user.created", Data: map[string]any{"object": "x"}}}
	check("event-stream", some(es))(c.EventStream(ctx, "acme", es))
	check("hook.pre-user-registration", `{"email":"a"}`, `{}`)(c.Hook(ctx, "acme", "pre-user-registration", &event.HookUser{Email: "a"}, &event.HookContext{}))
	check("db.Legacy-DB.change_email", `"a"`, `"b"`, `true`)(c.Database(ctx, "acme", "Legacy-DB", "change_email", "a", "b", true))
	for _, name := range trigger.Actions() {
		assert.True(t, fired[name], name)
	}

	check("post-login", `{}`)(c.Resume(ctx, "acme", "post-login", "st-1", struct{}{}))
	require.Equal(t, "st-1", node.got().State)
}

func TestMethodsRefuse(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		t.Error("nothing is to run")
		return &rulebox.Result{}, nil
	})})
	c := connectAs(t, s, "shop", "acme")
	ctx := testContext(t)
	for want, fire := range map[string]func() (*rulebox.Result, error){
		`did you mean "hook.pre-user-registration"`: func() (*rulebox.Result, error) {
			return c.Hook(ctx, "acme", "pre-user-registrations", struct{}{}, struct{}{})
		},
		`did you mean "db.legacy.get_user"`: func() (*rulebox.Result, error) { return c.Database(ctx, "acme", "legacy", "getuser", "a") },
		`trigger "db.a.b.login"`:            func() (*rulebox.Result, error) { return c.Database(ctx, "acme", "a.b", "login", "a", "b") },
		`trigger "db.*.login"`:              func() (*rulebox.Result, error) { return c.Database(ctx, "acme", "*", "login", "a", "b") },
		"no state to resume":                func() (*rulebox.Result, error) { return c.Resume(ctx, "acme", "login", "") },
		"its chain cannot be suspended":     func() (*rulebox.Result, error) { return c.Resume(ctx, "acme", "event-stream", "s", struct{}{}) },
		"event, at byte":                    func() (*rulebox.Result, error) { return c.PostLogin(ctx, "acme", nil) },
		"event cannot be written as JSON":   func() (*rulebox.Result, error) { return c.Fire(ctx, "acme", "post-login", func() {}) },
		"argument 2 cannot be written":      func() (*rulebox.Result, error) { return c.Hook(ctx, "acme", "post-change-password", 1, func() {}) },
		"identifier, at byte":               func() (*rulebox.Result, error) { return c.Database(ctx, "acme", "legacy", "get_user", 5) },
		"rulebox.v1.beta.db.legacy.login":   func() (*rulebox.Result, error) { return c.Database(ctx, "beta", "legacy", "login", "a", "b") },
		"rulebox.v1.beta.post-login":        func() (*rulebox.Result, error) { return c.PostLogin(ctx, "beta", &event.PostLogin{}) },
	} {
		_, err := fire()
		assert.ErrorContains(t, err, want)
		assert.Contains(t, []rulebox.Code{rulebox.CodeInvalid, rulebox.CodeForbidden}, rulebox.CodeOf(err), want)
	}
}
