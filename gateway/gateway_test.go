package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

type invokerFunc func(context.Context, *rulebox.Invocation) (*rulebox.Result, error)

func (f invokerFunc) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return f(ctx, inv)
}

// edge returns a server whose scripts are the function.
func edge(t *testing.T, scripts invokerFunc, change ...func(*Options)) *httptest.Server {
	o := Options{
		Triggers: scripts, Unsaved: scripts,
		Authorize: func(token, tenant string, right Right) bool {
			return token == "operator" || token == "acme" && tenant == "acme" && right == RunTriggers
		},
		Ready:   func(context.Context) error { return nil },
		Metrics: http.NotFoundHandler(),
	}
	for _, f := range change {
		f(&o)
	}
	s := httptest.NewServer(New(o))
	t.Cleanup(s.Close)
	return s
}

type answered struct {
	status int
	header http.Header
	body   string
	rulebox.Result
	Error *rulebox.Error `json:"error"`
}

func send(t *testing.T, s *httptest.Server, method, path, token, body string, headers ...string) answered {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	a := answered{status: res.StatusCode, header: res.Header, body: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		require.NoError(t, json.Unmarshal([]byte(a.body), &a), a.body)
	}
	return a
}

const login = `{"id":"tx-1","user":{"a":1},"context":{}}`

func TestTrigger(t *testing.T) {
	var got *rulebox.Invocation
	s := edge(t, func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		got = inv
		deadline, ok := ctx.Deadline()
		assert.True(t, ok)
		assert.WithinDuration(t, time.Now().Add(time.Minute), deadline, 50*time.Second)
		return &rulebox.Result{ID: inv.ID, Decision: rulebox.Allow, Values: inv.Args}, nil
	})
	a := send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", login, "Rulebox-Remaining-Ms", "60000")
	assert.Equal(t, 200, a.status)
	assert.JSONEq(t, `{"id":"tx-1","decision":"allow","user":{"a":1},"context":{},"logs":[],"scripts":[],"usage":{"queue_ms":0,"run_ms":0,"cpu_ms":0}}`, a.body)
	assert.Equal(t, "acme", got.Tenant)
	assert.Equal(t, "login", got.Trigger)
	assert.Nil(t, got.Chain)
}

func TestCodesAndStatus(t *testing.T) {
	for code, status := range map[rulebox.Code]int{
		rulebox.CodeDenied: 200, rulebox.CodeInvalid: 400, rulebox.CodeThrew: 422, rulebox.CodeForbidden: 422,
		rulebox.CodeMemory: 422, rulebox.CodeTimeout: 504, rulebox.CodeUnavailable: 503, rulebox.CodeInternal: 500,
	} {
		decision := rulebox.Fault
		if code == rulebox.CodeDenied {
			decision = rulebox.Deny
		}
		s := edge(t, func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
			return &rulebox.Result{Decision: decision}, rulebox.Errorf(code, "m").WithHint("h").WithCause(errors.New("secret cause"))
		})
		a := send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", login)
		assert.Equal(t, status, a.status, code)
		assert.Equal(t, string(code), a.header.Get("Rulebox-Code"))
		assert.Equal(t, code, a.Error.Code)
		assert.Equal(t, "h", a.Error.Hint)
		assert.NotContains(t, a.body, "secret cause")
	}
}

func TestRights(t *testing.T) {
	ran := 0
	s := edge(t, func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		ran++
		return &rulebox.Result{Decision: rulebox.Allow}, nil
	})
	try := `{"code":"function(u,c,cb){cb()}","input":{"user":{},"context":{}}}`
	for _, tc := range []struct {
		path, token, body string
		status            int
	}{
		{"/v1/tenants/acme/triggers/login", "", login, 401},
		{"/v1/tenants/acme/triggers/login", "wrong", login, 403},
		{"/v1/tenants/other/triggers/login", "acme", login, 403},
		{"/v1/tenants/acme/try", "", try, 401},
		{"/v1/tenants/acme/try", "acme", try, 403},
	} {
		a := send(t, s, "POST", tc.path, tc.token, tc.body)
		assert.Equal(t, tc.status, a.status, tc)
		assert.Equal(t, rulebox.CodeForbidden, a.Error.Code, tc)
		assert.NotEmpty(t, a.Error.Hint, tc)
	}
	assert.Zero(t, ran)
	assert.Equal(t, 200, send(t, s, "POST", "/v1/tenants/acme/try", "operator", try).status)
	assert.Equal(t, 1, ran)
}

func TestTry(t *testing.T) {
	var got *rulebox.Invocation
	s := edge(t, func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		got = inv
		return &rulebox.Result{Decision: rulebox.Fault}, rulebox.Errorf(rulebox.CodeThrew, "boom")
	})
	a := send(t, s, "POST", "/v1/tenants/acme/try", "operator", `{"kind":"rule","code":"x","configuration":{"K":"v"},
		"input":{"user":{"a":1},"context":{}},"auth0":{"domain":"d","baseUrl":"b","accessToken":"t"},
		"limits":{"wall_ms":500,"memory_mb":32},"now":1700000000000,"session":"s1"}`)
	assert.Equal(t, 200, a.status, "a fault of the code is the answer")
	assert.Equal(t, rulebox.CodeThrew, a.Error.Code)
	c := got.Chain
	assert.Equal(t, map[string]string{"K": "v"}, c.Configuration)
	assert.Equal(t, &rulebox.Management{Domain: "d", BaseURL: "b", AccessToken: "t"}, c.Management)
	assert.Equal(t, 500*time.Millisecond, c.Limits.Wall)
	assert.EqualValues(t, 32<<20, c.Limits.Memory)
	assert.EqualValues(t, 1700000000000, got.Now.UnixMilli())
	assert.Equal(t, "try-s1", c.Session)

	sessions := map[string]bool{}
	for range 2 {
		send(t, s, "POST", "/v1/tenants/acme/try", "operator", `{"code":"x","input":{"user":{},"context":{}}}`)
		assert.NotEmpty(t, got.Chain.Session, "unsaved code never runs in production's workers")
		sessions[got.Chain.Session] = true
	}
	assert.Len(t, sessions, 2)
}

func TestTryOfOtherKinds(t *testing.T) {
	var got *rulebox.Invocation
	s := edge(t, func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		got = inv
		return &rulebox.Result{Decision: rulebox.Allow, Values: []json.RawMessage{[]byte(`{"ok":true}`)}, Commands: []json.RawMessage{[]byte(`["a.b"]`)}}, nil
	})
	a := send(t, s, "POST", "/v1/tenants/acme/try", "operator", `{"kind":"action","trigger":"credentials-exchange","handler":"onExecuteOther","code":"exports.x = 1",
		"input":{"event":{"client":{"name":"c"}}},"secrets":{"K":"v"},"dependencies":[{"name":"uuid","version":"9.0.0"},{"name":"axios"}],
		"modules":{"actions:helpers":"module.exports = 1"},"cache":{"b":{"value":"2","expires_at":4102444800000},"a":"1"}}`)
	assert.Equal(t, 200, a.status)
	assert.Contains(t, a.body, `"result":{"ok":true}`)
	assert.Contains(t, a.body, `"commands":[["a.b"]]`)
	c := got.Chain
	assert.Equal(t, "credentials-exchange", c.Trigger)
	assert.Equal(t, "credentials-exchange", got.Trigger)
	assert.Equal(t, rulebox.KindAction, c.Scripts[0].Kind)
	assert.Equal(t, []rulebox.Binding{{
		Handler: "onExecuteOther", Secrets: map[string]string{"K": "v"}, Dependencies: map[string]string{"uuid": "9.0.0", "axios": ""},
		Modules: []rulebox.ActionModule{{Name: "helpers", Script: rulebox.NewScript(rulebox.KindModule, "helpers", "module.exports = 1")}},
	}}, c.Bindings)
	assert.JSONEq(t, `{"client":{"name":"c"}}`, string(got.Args[0]))
	require.Len(t, got.Cache, 2)
	assert.Equal(t, "a", got.Cache[0].Key)
	assert.Greater(t, got.Cache[0].ExpiresAt, time.Now().UnixMilli())
	assert.Equal(t, rulebox.CacheEntry{Key: "b", Value: "2", ExpiresAt: 4102444800000}, got.Cache[1])

	for body, want := range map[string]struct {
		trigger string
		kind    rulebox.Kind
		args    int
	}{
		`{"code":"exports.onExecutePostLogin = f","input":{"user":{},"context":{}}}`:                                       {"login", rulebox.KindAction, 2},
		`{"code":"exports.onExecutePostLogin = f","input":{"event":{},"state":"s"}}`:                                       {"post-login", rulebox.KindAction, 1},
		`{"kind":"hook","trigger":"hook.post-change-password","code":"x","input":{"args":[{},{}]}}`:                        {"hook.post-change-password", rulebox.KindHook, 2},
		`{"kind":"dbscript","trigger":"db.legacy.get_user","code":"x","configuration":{"A":"b"},"input":{"args":["a@b"]}}`: {"db.legacy.get_user", rulebox.KindDBScript, 1},
		`{"code":"function login(email, password, callback) {}","input":{"args":["a","b"]}}`:                               {"db.unsaved.login", rulebox.KindDBScript, 2},
	} {
		a := send(t, s, "POST", "/v1/tenants/acme/try", "operator", body)
		require.Equal(t, 200, a.status, a.body)
		assert.Equal(t, want.trigger, got.Trigger, body)
		assert.Equal(t, want.kind, got.Chain.Scripts[0].Kind, body)
		assert.Len(t, got.Args, want.args, body)
	}
}

func TestBadRequests(t *testing.T) {
	s := edge(t, func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		t.Error("nothing must run")
		return nil, nil
	})
	const trigger, try = "/v1/tenants/acme/triggers/login", "/v1/tenants/acme/try"
	for _, tc := range []struct {
		name, path, body, want string
		status                 int
		headers                []string
	}{
		{name: "not JSON", path: trigger, body: `{`, want: "offset", status: 400},
		{name: "no user", path: trigger, body: `{"context":{}}`, want: "no member user", status: 400},
		{name: "too large", path: trigger, body: `{"user":"` + strings.Repeat("x", MaxBody) + `"}`, want: "larger than", status: 413},
		{name: "deadline", path: trigger, body: login, want: "Rulebox-Remaining-Ms", status: 400, headers: []string{"Rulebox-Remaining-Ms", "soon"}},
		{name: "deadline past", path: trigger, body: login, want: "deadline", status: 504, headers: []string{"Rulebox-Remaining-Ms", "0"}},
		{name: "try: no code", path: try, body: `{"input":{"user":{},"context":{}}}`, want: "code is missing", status: 400},
		{name: "try: kind", path: try, body: `{"kind":"spell","code":"x"}`, want: "spell", status: 400},
		{name: "try: unknown field", path: try, body: `{"coed":"x"}`, want: "coed", status: 400},
		{name: "try: user", path: try, body: `{"code":"x","input":{"user":1,"context":{}}}`, want: "input.user", status: 400},
		{name: "try: context", path: try, body: `{"code":"x","input":{"user":{}}}`, want: "input.context", status: 400},
		{name: "try: wall", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"limits":{"wall_ms":-1}}`, want: "wall_ms", status: 400},
		{name: "try: memory", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"limits":{"memory_mb":99999}}`, want: "memory_mb", status: 400},
		{name: "try: little memory", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"limits":{"memory_mb":15}}`, want: "from 16 to 1024", status: 400},
		{name: "try: session", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"session":"` + strings.Repeat("s", 65) + `"}`, want: "session", status: 400},
		{name: "try: now", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"now":8640000000000001}`, want: "now is", status: 400},
		{name: "try: tenant", path: "/v1/tenants/a%0Ab/try", body: `{"code":"x","input":{"user":{},"context":{}}}`, want: "not a name", status: 400},
		{name: "try: trailing", path: try, body: `{"code":"x","input":{"user":{},"context":{}}} 1`, want: "follows", status: 400},
		{name: "trigger: unknown", path: "/v1/tenants/acme/triggers/logn", body: login, want: `did you mean "login"?`, status: 400},
		{name: "trigger: form", path: "/v1/tenants/acme/triggers/post-login", body: login, want: `unknown member "user"`, status: 400},
		{name: "trigger: type", path: "/v1/tenants/acme/triggers/post-login", body: `{"event":{"user":{"email":1}}}`, want: "event.user.email, at byte", status: 400},
		{name: "trigger: database", path: "/v1/tenants/acme/triggers/db.legacy.login", body: `{"args":["a"]}`, want: "takes identifier, password", status: 400},
		{name: "try: input", path: try, body: `{"code":"x"}`, want: "input is missing", status: 400},
		{name: "try: input's form", path: try, body: `{"kind":"action","trigger":"event-stream","code":"x","input":{"user":{}}}`, want: `input has an unknown member "user"`, status: 400},
		{name: "try: input's type", path: try, body: `{"kind":"action","trigger":"event-stream","code":"x","input":{"event":{"message":{"id":1}}}}`, want: "input.event.message.id is not a string, but a number", status: 400},
		{name: "try: kind nearly", path: try, body: `{"kind":"acton","code":"x"}`, want: `did you mean "action"?`, status: 400},
		{name: "try: kind and trigger", path: try, body: `{"kind":"rule","trigger":"post-change-password","code":"x","input":{"event":{}}}`, want: "runs scripts of the kind action", status: 400},
		{name: "try: trigger", path: try, body: `{"trigger":"post_login","code":"x","input":{"event":{}}}`, want: `did you mean "post-login"?`, status: 400},
		{name: "try: module's name", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"modules":{"helpers":"x"}}`, want: `modules: "helpers" is no name`, status: 400},
		{name: "try: dependency", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"dependencies":[{"version":"1"}]}`, want: "dependencies: a name is missing", status: 400},
		{name: "try: cache", path: try, body: `{"code":"x","input":{"user":{},"context":{}},"cache":{"k":1}}`, want: "each value of cache must be a string", status: 400},
		{name: "path", path: "/v1/nope", body: login, want: "there is no", status: 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := send(t, s, "POST", tc.path, "operator", tc.body, tc.headers...)
			assert.Equal(t, tc.status, a.status)
			require.NotNil(t, a.Error)
			assert.Contains(t, a.Error.Message, tc.want)
		})
	}
}

func TestErrorKeepsTheCallersID(t *testing.T) {
	s := edge(t, func(ctx context.Context, _ *rulebox.Invocation) (*rulebox.Result, error) {
		return nil, rulebox.Errorf(rulebox.CodeTimeout, "no answer from a node").WithHint("raise limits.wall of the tenant, or --timeout")
	})
	const path = "/v1/tenants/acme/triggers/login"
	for _, body := range []string{`{"id":"tx-9","user":{}}`, `{"usr":{},"id":"tx-9"}`, `{"id":"tx-9","user":{},"context":{}}`} {
		assert.Contains(t, send(t, s, "POST", path, "operator", body).body, `"id":"tx-9"`, body)
	}
	a := send(t, s, "POST", path, "operator", `{"user":{},"context":{}}`)
	assert.NotContains(t, a.body, `"id":""`, "the id that was made is told")
	assert.Equal(t, 504, a.status)
	assert.Contains(t, a.Error.Hint, "limits.wall of the tenant")

	a = send(t, s, "POST", "/v1/tenants/acme/try", "operator", `{"code":"x","input":{"user":{},"context":{}}}`)
	assert.Equal(t, 200, a.status)
	assert.NotContains(t, a.body, `"id":""`)
	assert.Equal(t, "raise limits.wall_ms", a.Error.Hint)
}

// A token that nobody has is another matter than one of another tenant.
func TestUnknownToken(t *testing.T) {
	s := edge(t, func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		t.Error("nothing must run")
		return nil, nil
	}, func(o *Options) { o.Known = func(token string) bool { return token == "acme" } })
	a := send(t, s, "POST", "/v1/tenants/acme/triggers/login", "nobody", login)
	assert.Equal(t, 401, a.status)
	assert.Contains(t, a.header.Get("WWW-Authenticate"), "invalid_token")
	assert.Contains(t, a.Error.Message, "not known")
	a = send(t, s, "POST", "/v1/tenants/beta/triggers/login", "acme", login)
	assert.Equal(t, 403, a.status)
	assert.Empty(t, a.header.Get("WWW-Authenticate"))
	assert.Contains(t, a.Error.Hint, "other tenants")
	a = send(t, s, "POST", "/v1/tenants/acme/try", "acme", `{}`)
	assert.Equal(t, 403, a.status)
	assert.Contains(t, a.Error.Hint, "operator's token")
}

func TestTryTellsInTermsOfJSON(t *testing.T) {
	s := edge(t, nil)
	for body, want := range map[string]string{
		``:                           "the body: it is empty",
		`{"code":`:                   "ends too early",
		`{"code":}`:                  "not JSON at byte 9",
		`[]`:                         "not a JSON object, but a JSON array",
		`{"coed":"x"}`:               `unknown member "coed"`,
		`{"now":"soon"}`:             "now must be a whole number, not a JSON string",
		`{"wasm":5}`:                 "wasm must be a string in base64, not a JSON number",
		`{"dependencies":{}}`:        "dependencies must be an array of objects, not a JSON object",
		`{"code":["x"]}`:             "code must be a string, not a JSON array",
		`{"egress":"x"}`:             "egress must be an array of strings",
		`{"configuration":[]}`:       "configuration must be an object",
		`{"limits":{"wall_ms":1.5}}`: "limits.wall_ms must be a whole number",
	} {
		a := send(t, s, "POST", "/v1/tenants/acme/try", "operator", body)
		assert.Equal(t, 400, a.status, body)
		assert.Contains(t, a.Error.Message, want, body)
		assert.Contains(t, a.Error.Hint, "wall_ms", "what the body may have")
		for _, leak := range []string{"json:", "Go ", "tryRequest", "int64"} {
			assert.NotContains(t, a.Error.Message+a.Error.Hint, leak, body)
		}
	}
}

func TestHealth(t *testing.T) {
	probes := 0
	var ill error
	s := edge(t, nil, func(o *Options) {
		o.Ready = func(context.Context) error { probes++; return ill }
	})
	assert.Equal(t, 200, send(t, s, "GET", "/livez", "", "").status)
	assert.Zero(t, probes)
	for range 5 {
		assert.Equal(t, 200, send(t, s, "GET", "/readyz", "", "").status)
	}
	assert.LessOrEqual(t, probes, 5)
	ill = errors.New("no worker")
	assert.Eventually(t, func() bool {
		a := send(t, s, "GET", "/readyz", "", "")
		return a.status == 503 && strings.Contains(a.body, "no worker")
	}, 30*time.Second, 100*time.Millisecond)
}
