package transaction

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func action(name string) *rulebox.Script {
	return rulebox.NewScript(rulebox.KindAction, name, "exports.onExecutePostLogin = async () => {}")
}

func rawCommands(texts ...string) []json.RawMessage {
	all := make([]json.RawMessage, len(texts))
	for i, t := range texts {
		all[i] = json.RawMessage(t)
	}
	return all
}

// fire fires a trigger of one action that leaves the commands, on a login of
// user and context, or on an event.
func fire(t *testing.T, trigger string, args []json.RawMessage, fail error, commands ...string) (*rulebox.Result, error) {
	t.Helper()
	p := &Pipeline{
		Tenants: tenants{"acme": {Name: "acme", Chains: map[string]*rulebox.Chain{trigger: {Tenant: "acme", Trigger: trigger, Scripts: []*rulebox.Script{action("a")}}}}},
		Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			return &rulebox.Result{Values: inv.Args, Commands: rawCommands(commands...)}, fail
		}),
	}
	return p.Invoke(context.Background(), &rulebox.Invocation{Tenant: "acme", Trigger: trigger, ID: "t1", Args: args})
}

func TestLoginEffects(t *testing.T) {
	const user = `{"user_id":"auth0|1","user_metadata":{"lang":"en","old":1},"name":"J"}`
	for name, tc := range map[string]struct {
		context, commands string // commands one a line
		wantUser, want    string
		kept              int // commands in the outcome; -1 for all
	}{
		"nothing": {context: `{"b":1,"a":2}`, want: `{"b":1,"a":2}`},
		"claims": {
			context:  `{"idToken":{"x":1,"https://y":0},"accessToken":{}}`,
			commands: `["idToken.setCustomClaim","https://y",{"a":[1,"é"]}]` + "\n" + `["accessToken.setCustomClaim","plan","free"]` + "\n" + `["accessToken.setCustomClaim","plan","paid"]`,
			want:     `{"idToken":{"x":1,"https://y":{"a":[1,"é"]}},"accessToken":{"plan":"paid"}}`, kept: -1,
		},
		"no tokens before": {context: `{}`, commands: `["idToken.setCustomClaim","k",null]`, want: `{"idToken":{"k":null}}`, kept: -1},
		"reserved claims are left out": {
			context:  `{"idToken":{"sub":"mine"}}`,
			commands: `["idToken.setCustomClaim","sub","auth0|2"]` + "\n" + `["accessToken.setCustomClaim","permissions",["*"]]` + "\n" + `["idToken.setCustomClaim","$x",1]` + "\n" + `["idToken.setCustomClaim","urn:auth0:x",1]`,
			want:     `{"idToken":{"sub":"mine"}}`, kept: 0,
		},
		"scopes on what was asked for": {
			context:  `{"request":{"query":{"scope":"openid profile"}}}`,
			commands: `["accessToken.addScope","read:x"]` + "\n" + `["accessToken.removeScope","profile"]` + "\n" + `["accessToken.addScope","read:x"]`,
			want:     `{"request":{"query":{"scope":"openid profile"}},"accessToken":{"scope":["openid","read:x"]}}`, kept: -1,
		},
		"scopes on what rules granted": {
			context:  `{"accessToken":{"scope":["a","b"]},"request":{"query":{"scope":"openid"}}}`,
			commands: `["accessToken.removeScope","a"]`,
			want:     `{"accessToken":{"scope":["b"]},"request":{"query":{"scope":"openid"}}}`, kept: -1,
		},
		"the last scope removed": {
			context:  `{"accessToken":{"scope":["a"]},"request":{"query":{"scope":"openid"}}}`,
			commands: `["accessToken.removeScope","a"]`,
			want:     `{"accessToken":{"scope":[]},"request":{"query":{"scope":"openid"}}}`, kept: -1,
		},
		"multifactor": {context: `{"multifactor":{"provider":"any"}}`, commands: `["multifactor.enable","guardian"]`, want: `{"multifactor":{"provider":"guardian","allowRememberBrowser":false}}`, kept: -1},
		"multifactor duo": {
			context:  `{}`,
			commands: `["multifactor.enable","any"]` + "\n" + `["multifactor.enable","duo",{"allowRememberBrowser":true,"providerOptions":{"ikey":"i","skey":"s","host":"h"}}]`,
			want:     `{"multifactor":{"ikey":"i","skey":"s","host":"h","provider":"duo","allowRememberBrowser":true}}`, kept: -1,
		},
		"primary user": {context: `{}`, commands: `["authentication.setPrimaryUser","auth0|2"]`, want: `{"primaryUser":"auth0|2"}`, kept: -1},
		"SAML settings": {
			context:  `{"samlConfiguration":{"audience":"old","binding":"b"}}`,
			commands: `["samlResponse.setAudience","urn:new"]` + "\n" + `["samlResponse.setRelayState","r"]` + "\n" + `["samlResponse.setLifetimeInSeconds",60]` + "\n" + `["samlResponse.setEncryptionAlgorithm","aes256-gcm"]`,
			want:     `{"samlConfiguration":{"audience":"urn:new","binding":"b","RelayState":"r","lifetimeInSeconds":60,"encryptionAlgorithm":"aes256-gcm"}}`, kept: -1,
		},
		"SAML attributes are mapped from the user": {
			context:  `{"samlConfiguration":{"mappings":{"urn:keep":"email","urn:gone":"name"}}}`,
			commands: `["samlResponse.setAttribute","urn:new",["a","b"]]` + "\n" + `["samlResponse.setAttribute","urn:gone",null]`,
			want:     `{"samlConfiguration":{"mappings":{"urn:keep":"email","urn:new":"saml_attribute_1"}}}`,
			wantUser: `{"user_id":"auth0|1","user_metadata":{"lang":"en","old":1},"name":"J","saml_attribute_1":["a","b"]}`, kept: -1,
		},
		"metadata": {
			context:  `{}`,
			commands: `["user.setUserMetadata","lang","de"]` + "\n" + `["user.setUserMetadata","old",null]` + "\n" + `["user.setAppMetadata","plan",{"a":1}]` + "\n" + `["user.setAppMetadata","none",null]`,
			want:     `{}`,
			wantUser: `{"user_id":"auth0|1","user_metadata":{"lang":"de"},"name":"J","app_metadata":{"plan":{"a":1}}}`, kept: -1,
		},
		"what has no place in the context is told": {
			context:  `{}`,
			commands: `["session.setMetadata","k","v"]` + "\n" + `["refreshToken.setExpiresAt",1800000000000]` + "\n" + `["transaction.setMetadata","n",1]` + "\n" + `["authentication.recordMethod","https://x.example/m"]` + "\n" + `["session.evictMetadata"]`,
			want:     `{}`, kept: -1,
		},
		"the cache is nobody's business": {context: `{}`, commands: `["cache.set","k","v",99999999999999]` + "\n" + `["cache.delete","k"]`, want: `{}`, kept: 0},
		"names of prototypes are names":  {context: `{}`, commands: `["idToken.setCustomClaim","__proto__",1]`, want: `{"idToken":{"__proto__":1}}`, kept: -1},
	} {
		t.Run(name, func(t *testing.T) {
			var commands []string
			if tc.commands != "" {
				commands = strings.Split(tc.commands, "\n")
			}
			res, err := fire(t, rulebox.TriggerLogin, []json.RawMessage{json.RawMessage(user), json.RawMessage(tc.context)}, nil, commands...)
			require.NoError(t, err)
			require.Equal(t, rulebox.Allow, res.Decision)
			assert.Equal(t, tc.want, string(res.Values[1]))
			if tc.wantUser == "" {
				tc.wantUser = user
			}
			assert.Equal(t, tc.wantUser, string(res.Values[0]))
			if tc.kept < 0 {
				tc.kept = len(commands)
			}
			assert.Len(t, res.Commands, tc.kept)
		})
	}
}

// Each trigger of actions is answered one object.
func TestResults(t *testing.T) {
	for _, tc := range []struct{ trigger, event, commands, want string }{
		{rulebox.TriggerPostLogin, `{}`, ``, `{}`},
		{rulebox.TriggerPostLogin, `{"transaction":{"requested_scopes":["openid","email"]}}`,
			`["idToken.setCustomClaim","a",1]|["accessToken.setCustomClaim","b",2]|["accessToken.removeScope","email"]|["samlResponse.setAttribute","urn:x",true]|["samlResponse.setIssuer","i"]|["user.setAppMetadata","k",null]|["authentication.setPrimaryUser","auth0|9"]`,
			`{"primaryUser":"auth0|9","samlAttributes":{"urn:x":true},"idToken":{"a":1},"accessToken":{"b":2,"scope":["openid"]},"samlConfiguration":{"issuer":"i"},"app_metadata":{"k":null}}`},
		{rulebox.TriggerCredentialsExchange, `{"accessToken":{"scope":["a","b"]}}`,
			`["accessToken.setCustomClaim","k","v"]|["transaction.removeTargetScope","a"]|["transaction.addTargetScope","c"]`, `{"accessToken":{"k":"v","scope":["b","c"]}}`},
		{rulebox.TriggerCredentialsExchange, `{"accessToken":{"scope":["a"]}}`, `["transaction.clearTargetScopes"]`, `{"accessToken":{"scope":[]}}`},
		{rulebox.TriggerCredentialsExchange, `{"transaction":{"target_scopes":["t"]}}`, `["transaction.setTargetScopes",["x","y"]]|["transaction.addTargetScope","z"]`, `{"accessToken":{"scope":["x","y","z"]}}`},
		{rulebox.TriggerPreRegistration, `{"user":{"user_metadata":{"a":1,"b":2}}}`, `["user.setUserMetadata","b",3]|["user.setAppMetadata","c",4]`, `{"user":{"user_metadata":{"a":1,"b":3},"app_metadata":{"c":4}}}`},
		{rulebox.TriggerPreRegistration, `{"user":{"user_metadata":{"a":1}}}`, ``, `{}`},
		{rulebox.TriggerPostRegistration, `{}`, ``, `{}`},
		{rulebox.TriggerPostChallenge, `{}`, `["transaction.setResultUrl","https://x.example/done?a=1#f",{"query":{"b":"c d"}}]`, `{"resultUrl":"https://x.example/done?a=1&b=c+d#f"}`},
		{rulebox.TriggerEmailProvider, `{}`, ``, `{"status":"sent"}`},
		{rulebox.TriggerEmailProvider, `{}`, `["notification.drop","bad"]|["notification.retry","busy"]`, `{"status":"retry","reason":"busy"}`},
		{rulebox.TriggerPhoneProvider, `{}`, `["notification.drop","` + strings.Repeat("é", 600) + `"]`, `{"status":"drop","reason":"` + strings.Repeat("é", 512) + `"}`},
		{rulebox.TriggerTokenExchange, `{}`, `["authentication.setUserById","auth0|1"]|["authentication.setOrganization","org_1"]|["authentication.setActor",{"sub":"x"}]`, `{"user":{"id":"auth0|1"},"organization":"org_1","actor":{"sub":"x"}}`},
		{rulebox.TriggerTokenExchange, `{}`, `["authentication.setUserByConnection","db",{"user_id":"1"},{"creationBehavior":"none","updateBehavior":"replace"}]|["user.setUserMetadata","k",1]`,
			`{"user":{"connection":"db","attributes":{"user_id":"1"},"creationBehavior":"none","updateBehavior":"replace"},"user_metadata":{"k":1}}`},
	} {
		var commands []string
		if tc.commands != "" {
			commands = strings.Split(strings.ReplaceAll(tc.commands, "]|[", "]\n["), "\n")
		}
		res, err := fire(t, tc.trigger, []json.RawMessage{json.RawMessage(tc.event)}, nil, commands...)
		require.NoError(t, err, tc)
		require.Equal(t, rulebox.Allow, res.Decision)
		require.Len(t, res.Values, 1)
		assert.Equal(t, tc.want, string(res.Values[0]), tc.trigger)
		assert.Len(t, res.Commands, len(commands))
	}
	_, err := fire(t, rulebox.TriggerTokenExchange, []json.RawMessage{json.RawMessage(`{}`)}, nil)
	require.ErrorContains(t, err, "the action named no user")
}

// A command that refuses is a denial, whatever else the worker says.
func TestRefusals(t *testing.T) {
	engine := rulebox.Errorf(rulebox.CodeDenied, "in the engine's words")
	for _, tc := range []struct {
		trigger, commands string
		fail              error
		oauth, message    string
	}{
		{rulebox.TriggerLogin, `["access.deny","no"]`, nil, "access_denied", "no"},
		{rulebox.TriggerLogin, `["access.deny","no"]`, engine, "access_denied", "in the engine's words"},
		{rulebox.TriggerLogin, `["access.deny"]`, nil, "access_denied", "access denied"},
		{rulebox.TriggerPostLogin, `["validation.error","age","too young"]`, nil, "age", "too young"},
		{rulebox.TriggerLogin, `["session.revoke","stolen",{"preserveRefreshTokens":true}]`, nil, "access_denied", "stolen"},
		{rulebox.TriggerLogin, `["refreshToken.revoke","stolen"]`, nil, "access_denied", "stolen"},
		{rulebox.TriggerPreRegistration, `["access.deny","internal","for the user"]`, nil, "access_denied", "for the user"},
		{rulebox.TriggerCredentialsExchange, `["access.deny","invalid_scope","no such scope"]`, nil, "invalid_scope", "no such scope"},
		{rulebox.TriggerTokenExchange, `["access.deny","my_code","reason"]`, nil, "my_code", "reason"},
		{rulebox.TriggerTokenExchange, `["access.rejectInvalidSubjectToken","forged"]`, nil, "invalid_request", "forged"},
		{rulebox.TriggerCredentialsExchange, `["access.deny","no \"code\"","reason"]`, nil, "access_denied", "reason"},
	} {
		in := []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}
		if tc.trigger != rulebox.TriggerLogin {
			in = in[:1]
		}
		var before []string
		if triggerSet(tc.trigger)&forms["user.setAppMetadata"].on != 0 {
			before = []string{`["user.setAppMetadata","tries",1]`}
		}
		res, err := fire(t, tc.trigger, in, tc.fail, append(before, tc.commands)...)
		var e *rulebox.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rulebox.Deny, res.Decision)
		assert.Equal(t, tc.oauth, e.OAuth, tc)
		assert.Equal(t, tc.message, e.Message)
		assert.Nil(t, res.Values)
		assert.Len(t, res.Commands, len(before)+1, "metadata before a denial counts")
	}
}

// A worker that was taken over can ask for what its trigger allows and no more.
func TestForgedCommands(t *testing.T) {
	for _, tc := range []struct{ trigger, command string }{
		{rulebox.TriggerLogin, `["no.such"]`},
		{rulebox.TriggerLogin, `[]`},
		{rulebox.TriggerLogin, `{}`},
		{rulebox.TriggerLogin, `"access.deny"`},
		{rulebox.TriggerLogin, `[1]`},
		{rulebox.TriggerLogin, `["idToken.setCustomClaim"]`},
		{rulebox.TriggerLogin, `["idToken.setCustomClaim",5,1]`},
		{rulebox.TriggerLogin, `["idToken.setCustomClaim","a",1,2]`},
		{rulebox.TriggerLogin, `["idToken.setCustomClaim","` + strings.Repeat("k", maxText+1) + `",1]`},
		{rulebox.TriggerLogin, `["multifactor.enable","any",5]`},
		{rulebox.TriggerLogin, `["multifactor.enable",null]`},
		{rulebox.TriggerLogin, `["session.setCookieMode","eternal"]`},
		{rulebox.TriggerLogin, `["session.setExpiresAt","soon"]`},
		{rulebox.TriggerLogin, `["transaction.setMetadata","k",{}]`},
		{rulebox.TriggerLogin, `["redirect.sendUserTo","javascript:alert(1)"]`},
		{rulebox.TriggerLogin, `["authentication.setPrimaryUser","` + strings.Repeat("x", 600) + `"]`},
		{rulebox.TriggerLogin, `["samlResponse.setSignatureAlgorithm","none"]`},
		{rulebox.TriggerLogin, `["cache.set","k","v"]`},
		{rulebox.TriggerLogin, `["cache.set","k",5,5]`},
		{rulebox.TriggerLogin, `["transaction.setResultUrl","https://x.example"]`},
		{rulebox.TriggerLogin, `["authentication.setUserById","x"]`},
		{rulebox.TriggerCredentialsExchange, `["idToken.setCustomClaim","a",1]`},
		{rulebox.TriggerPostRegistration, `["user.setAppMetadata","a",1]`},
		{rulebox.TriggerEventStream, `["access.deny","x"]`},
		{"hook.credentials-exchange", `["accessToken.setCustomClaim","a",1]`},
		{"db.legacy.login", `["user.setAppMetadata","admin",true]`},
	} {
		res, err := fire(t, tc.trigger, []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}, nil, `["cache.delete","k"]`, tc.command)
		require.Error(t, err, tc.command)
		assert.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
		assert.Equal(t, rulebox.Fault, res.Decision)
		assert.ErrorContains(t, err, "command 2 of 2")
		assert.Nil(t, res.Commands)
		assert.Nil(t, res.Values)
	}
}

func TestCommandLimits(t *testing.T) {
	in := []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}
	many := make([]string, rulebox.MaxCommands+1)
	for i := range many {
		many[i] = `["idToken.setCustomClaim","k",1]`
	}
	_, err := fire(t, "login", in, nil, many...)
	require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "at most 2000")

	half := `"` + strings.Repeat("x", maxMetadata/2) + `"`
	_, err = fire(t, "login", in, nil, `["user.setAppMetadata","a",`+half+`]`, `["user.setUserMetadata","b",`+half+`]`)
	require.NoError(t, err, "the two are counted apart")
	_, err = fire(t, "login", in, nil, `["user.setAppMetadata","a",`+half+`]`, `["user.setAppMetadata","a",1]`, `["user.setAppMetadata","b",`+half+`]`)
	require.NoError(t, err, "what was replaced does not count")
	_, err = fire(t, "login", in, nil, `["user.setAppMetadata","a",`+half+`]`, `["user.setAppMetadata","b",`+half+`]`)
	require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "app_metadata")
}

// Nothing that is wrong beside a denial makes it a fault, which a tenant may let
// pass.
func TestDenialsStayDenials(t *testing.T) {
	half := `"` + strings.Repeat("x", maxMetadata/2) + `"`
	many := make([]string, rulebox.MaxCommands+1)
	for i := range many {
		many[i] = `["idToken.setCustomClaim","k",1]`
	}
	for name, commands := range map[string][]string{
		"unknown":  {`["no.such"]`},
		"metadata": {`["user.setAppMetadata","a",` + half + `]`, `["user.setAppMetadata","b",` + half + `]`},
		"too many": many,
	} {
		res, err := fire(t, "login", []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}, denied("UnauthorizedError"), commands...)
		require.Equal(t, rulebox.CodeDenied, rulebox.CodeOf(err), name)
		require.Equal(t, rulebox.Deny, res.Decision, name)
		require.Empty(t, res.Commands, name)
	}
}

// What a failed chain asked for does not count, and a fault never finds a user.
func TestFaults(t *testing.T) {
	in := []json.RawMessage{json.RawMessage(`{"u":1}`), json.RawMessage(`{"c":1}`), json.RawMessage(`{"overlay":1}`)}
	late := rulebox.Errorf(rulebox.CodeTimeout, "late")
	res, err := fire(t, "login", in, late, `["idToken.setCustomClaim","k",1]`)
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	require.Nil(t, res.Commands)

	for trigger, want := range map[string]string{
		"login": `[{"u":1} {"c":1}]`, rulebox.TriggerPostLogin: `[{}]`, rulebox.TriggerCredentialsExchange: `[{}]`,
		"hook.pre-user-registration": `[]`,
		"db.legacy.login":            "", rulebox.TriggerTokenExchange: "", rulebox.TriggerEmailProvider: "", "hook.send-phone-message": "", rulebox.TriggerSendPhoneMessage: "",
	} {
		chain := &rulebox.Chain{Trigger: trigger, Scripts: []*rulebox.Script{action("a")}}
		p := &Pipeline{
			Tenants: tenants{
				"acme":  {Name: "acme", OnFault: FailContinue, Chains: map[string]*rulebox.Chain{trigger: chain}},
				"glass": {Name: "glass", Bypass: true, Chains: map[string]*rulebox.Chain{trigger: chain}},
				"empty": {Name: "empty", Chains: map[string]*rulebox.Chain{trigger: {Trigger: trigger}}},
			},
			Next: invokerFunc(func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
				return &rulebox.Result{Values: inv.Args, Commands: rawCommands(`["cache.delete","k"]`)}, late
			}),
		}
		for _, tenant := range []string{"acme", "glass", "empty"} {
			res, err := p.Invoke(context.Background(), &rulebox.Invocation{Tenant: tenant, Trigger: trigger, Args: in})
			if want == "" {
				require.Error(t, err, "%s %s", tenant, trigger)
				require.Equal(t, rulebox.Fault, res.Decision, "%s %s: nobody else answers", tenant, trigger)
				require.Nil(t, res.Values)
				continue
			}
			require.Equal(t, rulebox.Allow, res.Decision, "%s %s", tenant, trigger)
			require.Equal(t, want, fmt.Sprintf("%s", res.Values), "%s %s", tenant, trigger)
		}
	}
}

// A rule that sends the user away runs again on the way back, and the actions
// after it: what they asked for the first time does not count.
func TestRuleRedirectDropsEffects(t *testing.T) {
	in := []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{"redirect":{"url":"https://x.example"}}`)}
	res, err := fire(t, "login", in, nil, `["user.setAppMetadata","logins",1]`)
	require.NoError(t, err)
	require.Equal(t, rulebox.Redirect, res.Decision)
	require.Equal(t, "https://x.example", res.RedirectURL)
	require.Empty(t, res.State)
	require.Empty(t, res.Commands)
}

func FuzzCommands(f *testing.F) {
	for name := range forms {
		f.Add("login", `["`+name+`","k",{"query":{"a":1}}]`)
	}
	f.Add("custom-token-exchange", `["authentication.setUserByConnection","c",{},{"updateBehavior":[]}]`)
	f.Add("login", `["redirect.sendUserTo","https://x/?%zz#",{"query":{"":[],"b":"&"}}]`)
	f.Fuzz(func(t *testing.T, trigger, text string) {
		if !json.Valid([]byte(text)) {
			return // the pool has refused it
		}
		commands, err := parseCommands(trigger, rawCommands(text))
		if err != nil {
			require.Equal(t, rulebox.CodeInternal, rulebox.CodeOf(err))
			return
		}
		e, _, err := collect(commands)
		if err != nil {
			require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(err))
			return
		}
		for _, v := range e.applyLogin([]json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`null`)}) {
			require.True(t, json.Valid(v), "%s", v)
		}
		require.True(t, json.Valid(e.result(trigger, json.RawMessage(`{}`))))
		refusal(trigger, commands)
		for _, c := range commands {
			withQuery(c.str(0), c.arg(1))
		}
	})
}
