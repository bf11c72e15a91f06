package unsaved

import (
	"encoding/json"
	"fmt"

	"github.com/rulebox/rulebox/internal/trigger"
)

// Examples of what a login has.
const (
	exampleUser = `{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","email":"jane@example.com","email_verified":true,` +
		`"name":"Jane Example","nickname":"jane","picture":"https://example.com/jane.png","created_at":"2024-01-15T09:30:00.000Z",` +
		`"identities":[{"connection":"Username-Password-Authentication","provider":"auth0","user_id":"5f7c8ec7c33c6c004bbafe82","isSocial":false}],` +
		`"app_metadata":{},"user_metadata":{}}`

	exampleContext = `{"tenant":"run","clientID":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","clientName":"Example App","clientMetadata":{},` +
		`"connection":"Username-Password-Authentication","connectionStrategy":"auth0","connectionID":"con_0000000000000001",` +
		`"protocol":"oidc-basic-profile","stats":{"loginsCount":1},"sso":{"with_auth0":false,"with_dbconn":false,"current_clients":[]},` +
		`"authentication":{"methods":[{"name":"pwd","timestamp":1763046133771}]},"authorization":{"roles":[]},` +
		`"accessToken":{},"idToken":{},"samlConfiguration":{},` +
		`"request":{"userAgent":"Mozilla/5.0","ip":"203.0.113.7","hostname":"login.example.com","query":{"scope":"openid profile"},"body":{},` +
		`"geoip":{"country_code":"US","country_name":"United States","city_name":"Springfield","time_zone":"America/Chicago"}}}`
)

// exampleEvent has what the events of all triggers have.
const exampleEvent = `{"user":` + exampleEventUser + `,` +
	`"client":{"client_id":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","name":"Example App","metadata":{}},` +
	`"connection":{"id":"con_0000000000000001","name":"Username-Password-Authentication","strategy":"auth0","metadata":{}},` +
	`"request":{"ip":"203.0.113.7","hostname":"login.example.com","method":"POST","language":"en","user_agent":"Mozilla/5.0","body":{},"query":{},` +
	`"geoip":{"countryCode":"US","countryName":"United States","cityName":"Springfield","timeZone":"America/Chicago"}},` +
	`"tenant":{"id":"run"},"stats":{"logins_count":1},"authorization":{"roles":[]},` +
	`"authentication":{"methods":[{"name":"pwd","timestamp":"2024-01-15T09:30:00.000Z"}]},` +
	`"resource_server":{"identifier":"https://api.example.com"},"accessToken":{"customClaims":{},"scope":[]},` +
	`"transaction":{"locale":"en","acr_values":[],"ui_locales":[],"requested_scopes":["openid"],"metadata":{},` +
	`"subject_token":"example-token","subject_token_type":"urn:example:token","requested_token_type":"urn:ietf:params:oauth:token-type:access_token"}`

const exampleEventUser = `{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","email":"jane@example.com","email_verified":true,` +
	`"name":"Jane Example","nickname":"jane","picture":"https://example.com/jane.png","created_at":"2024-01-15T09:30:00.000Z",` +
	`"updated_at":"2024-01-15T09:30:00.000Z","identities":[{"connection":"Username-Password-Authentication","provider":"auth0",` +
	`"user_id":"5f7c8ec7c33c6c004bbafe82","isSocial":false}],"app_metadata":{},"user_metadata":{}}`

// exampleMessages are what is to be sent, by trigger.
var exampleMessages = map[string]string{
	"send-phone-message":    `"message_options":{"action":"second-factor-authentication","code":"123456","message_type":"sms","recipient":"+15550100","text":"Your code is 123456"}`,
	"custom-email-provider": `"notification":{"from":"login@example.com","to":"jane@example.com","subject":"Verify your email","html":"<p>Hello</p>","text":"Hello","locale":"en","message_type":"verify_email"}`,
	"custom-phone-provider": `"notification":{"recipient":"+15550100","as_text":"Your code is 123456","as_voice":"Your code is 1 2 3 4 5 6","delivery_method":"text","message_type":"otp_verify","code":"123456","locale":"en"}`,
	"event-stream":          `"message":{"id":"evt_1","source":"urn:example","specversion":"1.0","type":"user.created","time":"2024-01-15T09:30:00.000Z","data":{"object":{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82"}}}`,
}

const (
	exampleHookUser = `{"id":"5f7c8ec7c33c6c004bbafe82","tenant":"run","username":"jane","email":"jane@example.com","emailVerified":true,"user_metadata":{},"app_metadata":{}}`
	exampleHook     = `{"requestLanguage":"en","renderLanguage":"en","connection":{"id":"con_0000000000000001","name":"Username-Password-Authentication","tenant":"run"}}`
)

var exampleArgs = map[string]string{
	"credentials-exchange":   `{"id":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","name":"Example App","tenant":"run","metadata":{}},["read:things"],"https://api.example.com",{}`,
	"pre-user-registration":  exampleHookUser + `,` + exampleHook,
	"post-user-registration": exampleHookUser + `,` + exampleHook,
	"post-change-password":   exampleHookUser + `,` + exampleHook,
	"send-phone-message": `"+15550100","Your code is 123456",{"message_type":"sms","action":"second-factor-authentication","language":"en","code":"123456","ip":"203.0.113.7",` +
		`"user_agent":"Mozilla/5.0","client":{"client_id":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","name":"Example App"},"user":{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","email":"jane@example.com"}}`,
	"login": `"jane@example.com","correct horse battery staple"`, "get_user": `"jane@example.com"`,
	"create": `{"client_id":"q2hn3KfJ8sLw0ZxV5bRt7YpC1mDe9UaG","tenant":"run","connection":"` + Connection + `","email":"jane@example.com","password":"correct horse battery staple"}`,
	"verify": `"jane@example.com"`, "change_password": `"jane@example.com","correct horse battery staple"`,
	"delete": `"5f7c8ec7c33c6c004bbafe82"`, "change_email": `"jane@example.com","jane@example.org",true`,
}

// input puts an input of the trigger together. What is not given is an example,
// and what the trigger does not take is an error. starts says where in it the parts
// begin that were given.
func (p Parts) input(t trigger.Trigger) (input json.RawMessage, starts map[string]int, err error) {
	takes := map[string]bool{}
	starts = map[string]int{}
	out := []byte{'{'}
	add := func(name string, given json.RawMessage, example string) {
		takes[name] = true
		isGiven := given != nil
		if given == nil {
			given = json.RawMessage(example)
		}
		if len(given) == 0 {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), `":`...)
		if isGiven {
			starts[name] = len(out)
		}
		out = append(out, given...)
	}
	switch t.Form {
	case trigger.Login:
		add("user", p.User, exampleUser)
		add("context", p.Context, exampleContext)
		add("event", p.Event, "")
	case trigger.Event:
		add("event", p.Event, example(t.Name))
	default:
		add("args", p.Args, "["+exampleArgs[t.Point+t.Operation]+"]")
	}
	for _, m := range []struct {
		name  string
		given json.RawMessage
	}{{"user", p.User}, {"context", p.Context}, {"event", p.Event}, {"args", p.Args}} {
		if m.given != nil && !takes[m.name] {
			return nil, nil, fmt.Errorf("the trigger %s takes no %s", t.Name, m.name)
		}
	}
	if p.State != "" {
		text, err := json.Marshal(p.State)
		if err != nil {
			return nil, nil, err
		}
		add("state", text, "")
	}
	return append(out, '}'), starts, nil
}

// example is an event of the action's trigger.
func example(name string) string {
	if message := exampleMessages[name]; message != "" {
		return exampleEvent + `,` + message + `}`
	}
	return exampleEvent + `}`
}
