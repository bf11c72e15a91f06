package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rulebox/rulebox"
)

// Grants are what a Setting gives to actions and hooks.
type Grants struct {
	// Trigger is login by default, post-login if all scripts are actions.
	Trigger      string                 `json:"trigger"`
	Handler      string                 `json:"handler"`
	Secrets      map[string]string      `json:"secrets"`
	Dependencies map[string]string      `json:"dependencies"`
	Modules      map[string]moduleGrant `json:"modules"`
	Cache        []rulebox.CacheEntry   `json:"cache"`
	CacheLimits  rulebox.CacheLimits    `json:"cache_limits"`
	Resume       *resume                `json:"resume"`
	// Own are the secrets of single scripts, by name, in place of Secrets.
	Own map[string]map[string]string `json:"own"`
}

type moduleGrant struct {
	Secrets      map[string]string `json:"secrets"`
	Dependencies map[string]string `json:"dependencies"`
}

// resume is a rulebox.Resume. Script counts from 1.
type resume struct {
	Script   int               `json:"script"`
	Commands []json.RawMessage `json:"commands"`
	State    string            `json:"state"`
}

func (r *resume) resume() *rulebox.Resume {
	if r == nil {
		return nil
	}
	return &rulebox.Resume{Script: r.Script - 1, Commands: r.Commands, State: r.State}
}

// Effects are what a Want asks of actions.
type Effects struct {
	// Commands are all commands, whole; a number at the end of a cache command that
	// is 0 stands for any.
	Commands *[][]any `json:"commands"`
	// Suspended counts from 1.
	Suspended *int    `json:"suspended"`
	OAuth     *string `json:"oauth"`
}

const moduleSuffix = ".module.js"

// grant completes a case with actions or a hook.
func (c *Case) grant(files map[string][]byte) error {
	g := &c.Setting.Grants
	actions := 0
	for _, s := range c.Chain.Scripts {
		if s.Kind == rulebox.KindAction {
			actions++
		}
	}
	if g.Trigger != "" {
		c.Chain.Trigger = g.Trigger
	} else if actions > 0 && actions == len(c.Chain.Scripts) {
		c.Chain.Trigger = rulebox.TriggerPostLogin
	}
	c.Chain.Cache = g.CacheLimits
	if g.Resume != nil {
		c.Setting.Tags = append(c.Setting.Tags, "resume")
	}
	if g.Cache != nil {
		c.Setting.Tags = append(c.Setting.Tags, "stored")
	}
	var modules []rulebox.ActionModule
	for f, text := range files {
		if name, ok := strings.CutSuffix(f, moduleSuffix); ok {
			m := g.Modules[name]
			modules = append(modules, rulebox.ActionModule{Name: name, Script: rulebox.NewScript(rulebox.KindModule, name, string(text)), Secrets: m.Secrets, Dependencies: m.Dependencies})
		}
	}
	slices.SortFunc(modules, func(a, b rulebox.ActionModule) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range c.Chain.Scripts {
		b := rulebox.Binding{Handler: g.Handler, Secrets: g.Secrets, Dependencies: g.Dependencies, Modules: modules}
		if own, ok := g.Own[s.Name]; ok {
			b.Secrets = own
		}
		c.Chain.Bindings = append(c.Chain.Bindings, b)
	}
	if actions == 0 || c.Setting.Args != nil {
		return nil
	}
	event, given := files["event.json"]
	if c.Chain.Trigger == rulebox.TriggerLogin {
		c.Args = []json.RawMessage{text(files, "user.json", defaultUser), text(files, "context.json", defaultContext)}
		if given {
			c.Args = append(c.Args, json.RawMessage(event))
		}
		return nil
	}
	if !given {
		def, ok := defaultEvents[c.Chain.Trigger]
		if !ok {
			def = defaultEvents[rulebox.TriggerPostLogin]
		}
		event = []byte(def)
	}
	if !json.Valid(event) && len(c.Want.Code) == 0 {
		return fmt.Errorf("event.json is not JSON")
	}
	c.Args = []json.RawMessage{event}
	return nil
}

func (w *Want) checkEffects(t *testing.T, res *rulebox.Result, err error) {
	if w.Commands != nil {
		got := [][]any{}
		for _, text := range res.Commands {
			c, ok := decode(t, text).([]any)
			assert.True(t, ok, "a command is no array: %s", text)
			got = append(got, c)
		}
		want := *w.Commands
		for i := range min(len(want), len(got)) {
			if n := len(want[i]); n == 4 && want[i][0] == "cache.set" && want[i][3] == 0.0 && len(got[i]) == 4 {
				want[i][3] = got[i][3]
			}
		}
		assert.Equal(t, want, got, "commands")
	}
	if w.Suspended != nil {
		assert.Equal(t, *w.Suspended, res.Suspended, "suspended")
	}
	if w.OAuth != nil {
		e, ok := err.(*rulebox.Error)
		if assert.True(t, ok, "an error with an OAuth code") {
			assert.Equal(t, *w.OAuth, e.OAuth, "oauth")
		}
	}
}

// defaultEvents are small events of the triggers.
var defaultEvents = map[string]string{
	rulebox.TriggerPostLogin: `{"user":{"user_id":"auth0|1","email":"ada@example.org","email_verified":true,"name":"Ada","app_metadata":{"plan":"gold"},"user_metadata":{},"identities":[{"connection":"db","provider":"auth0","user_id":"1","isSocial":false}]},
		"client":{"client_id":"c1","name":"App","metadata":{}},"connection":{"id":"con_1","name":"db","strategy":"auth0","metadata":{}},"tenant":{"id":"acme"},"stats":{"logins_count":3},
		"request":{"ip":"192.0.2.1","hostname":"login.acme.example","method":"GET","query":{"state":"xyz"},"body":{},"geoip":{"countryCode":"DE"},"user_agent":"UA"},
		"authentication":{"methods":[{"name":"pwd","timestamp":"2026-01-02T03:04:05.000Z"}]},"authorization":{"roles":["admin"]},
		"transaction":{"protocol":"oidc-basic-profile","requested_scopes":["openid"],"acr_values":[],"ui_locales":[]}}`,
	rulebox.TriggerCredentialsExchange: `{"accessToken":{"customClaims":{},"scope":["read:a","write:a"]},"client":{"client_id":"m2m","name":"Machine","metadata":{}},"tenant":{"id":"acme"},
		"request":{"ip":"192.0.2.1","method":"POST","body":{},"geoip":{}},"resource_server":{"identifier":"https://api.acme.example"},"transaction":{"requested_scopes":["read:a"],"target_scopes":["read:a","write:a"]}}`,
	rulebox.TriggerPreRegistration: `{"user":{"email":"new@example.org"},"connection":{"id":"con_1","name":"db","strategy":"auth0","metadata":{}},"client":{"client_id":"c1","name":"App","metadata":{}},"tenant":{"id":"acme"},
		"request":{"ip":"192.0.2.1","method":"POST","body":{},"geoip":{}},"transaction":{"acr_values":[],"locale":"en","requested_scopes":[],"ui_locales":[]}}`,
	rulebox.TriggerPostRegistration:   `{"user":{"user_id":"auth0|2","email":"new@example.org","email_verified":false,"app_metadata":{},"user_metadata":{}},"connection":{"id":"con_1","name":"db","strategy":"auth0","metadata":{}},"tenant":{"id":"acme"}}`,
	rulebox.TriggerPostChangePassword: `{"user":{"user_id":"auth0|1","email":"ada@example.org"},"connection":{"id":"con_1","name":"db","strategy":"auth0","metadata":{}},"tenant":{"id":"acme"}}`,
	rulebox.TriggerPostChallenge: `{"user":{"user_id":"auth0|1","email":"ada@example.org","app_metadata":{},"user_metadata":{},"identities":[]},"client":{"client_id":"c1","name":"App","metadata":{}},"tenant":{"id":"acme"},
		"authentication":{"methods":[{"name":"email","timestamp":"2026-01-02T03:04:05.000Z"}]},"authorization":{"roles":[]},"connection":{"id":"con_1","name":"db","strategy":"auth0","metadata":{}},
		"request":{"ip":"192.0.2.1","hostname":"login.acme.example","method":"GET","query":{},"body":{},"geoip":{}},"stats":{"logins_count":1},"transaction":{"locale":"en","ui_locales":[]}}`,
	rulebox.TriggerSendPhoneMessage: `{"message_options":{"action":"enrollment","code":"123456","message_type":"sms","recipient":"+4915112345678","text":"your code is 123456"},"tenant":{"id":"acme"},"user":{"user_id":"auth0|1","app_metadata":{},"user_metadata":{}}}`,
	rulebox.TriggerEmailProvider:    `{"notification":{"from":"a@acme.example","to":"ada@example.org","subject":"Hi","html":"<p>Hi</p>","text":"Hi","locale":"en","message_type":"verify_email"},"client":{"client_id":"c1","name":"App","metadata":{}},"tenant":{"id":"acme"},"user":{"user_id":"auth0|1","email_verified":true,"app_metadata":{},"user_metadata":{}}}`,
	rulebox.TriggerPhoneProvider:    `{"notification":{"as_text":"code 1","as_voice":"code one","recipient":"+4915112345678","delivery_method":"text","message_type":"otp_verify","code":"1"},"client":{"client_id":"c1","name":"App","metadata":{}},"tenant":{"id":"acme"},"user":{"user_id":"auth0|1","email_verified":true,"app_metadata":{},"user_metadata":{}}}`,
	rulebox.TriggerTokenExchange:    `{"client":{"client_id":"c1","name":"App","metadata":{}},"tenant":{"id":"acme"},"request":{"ip":"192.0.2.1","method":"POST","body":{},"geoip":{}},"resource_server":{"identifier":"https://api.acme.example"},"transaction":{"subject_token":"abc","subject_token_type":"urn:acme:legacy","requested_token_type":"urn:ietf:params:oauth:token-type:access_token","requested_scopes":[]}}`,
	rulebox.TriggerEventStream:      `{"message":{"id":"evt_1","source":"urn:auth0:acme","specversion":"1.0","type":"user.created","time":"2026-01-02T03:04:05Z","data":{"object":{"user_id":"auth0|1"}}}}`,
}
