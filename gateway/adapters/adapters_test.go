package adapters

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rulebox/rulebox"
)

const (
	secret = "0123456789abcdef"
	mark   = "s3cr3t" // in what guests send
)

var webhookSecret = "v1,whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))

type invokerFunc func(context.Context, *rulebox.Invocation) (*rulebox.Result, error)

func (f invokerFunc) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return f(ctx, inv)
}

// An edge is the handler with its clock, its log, and how often scripts ran.
type edge struct {
	t     *testing.T
	h     http.Handler
	now   time.Time
	runs  atomic.Int32
	logs  *observer.ObservedLogs
	reply invokerFunc // nil: allow
}

func newEdge(t *testing.T, options ...func(*Options)) *edge {
	core, logs := observer.New(zapcore.DebugLevel)
	e := &edge{t: t, now: time.Unix(1_800_000_000, 0), logs: logs}
	settings := map[string]json.RawMessage{}
	for name, s := range map[string]setting{
		"kratos": {Secret: secret}, "hydra": {Secret: secret}, "zitadel": {Secret: secret}, "supabase": {Secret: webhookSecret},
		"logto": {Secret: secret, SigningKey: secret}, "keycloak": {Secret: secret, SigningKey: secret},
	} {
		settings[name] = raw(object{"secret": s.Secret, "signing_key": s.SigningKey})
	}
	require.NoError(t, Validate(settings))
	o := Options{
		Triggers: invokerFunc(func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			e.runs.Add(1)
			if e.reply != nil {
				return e.reply(ctx, inv)
			}
			res := &rulebox.Result{ID: inv.ID, Decision: rulebox.Allow}
			if inv.Trigger == rulebox.TriggerLogin {
				res.Values = inv.Args[:2]
			}
			return res, nil
		}),
		Settings: func(tenant string) map[string]json.RawMessage {
			if tenant == "shop" {
				return settings
			}
			return nil
		},
		Authorize: func(token, tenant string) bool { return token == "token of "+tenant },
		Logger:    zap.New(core),
		Now:       func() time.Time { return e.now },
	}
	for _, f := range options {
		f(&o)
	}
	e.h = New(o)
	return e
}

func (e *edge) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/v1/tenants/"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.h.ServeHTTP(w, r)
	return w
}

func (e *edge) told() string {
	var b strings.Builder
	for _, l := range e.logs.All() {
		fmt.Fprintln(&b, l.Message, l.ContextMap())
	}
	return b.String()
}

const (
	supabaseBody = `{"user_id":"u","claims":{"sub":"u","email":"` + mark + `@x"},"authentication_method":"password"}`
	zitadelBody_ = `{"function":"function/preaccesstoken","user":{"id":"` + mark + `"}}`
)

func (e *edge) webhook(id string, at time.Time, key, body string) []string {
	t := strconv.FormatInt(at.Unix(), 10)
	return []string{"webhook-id", id, "webhook-timestamp", t, "webhook-signature", "v1," + base64.StdEncoding.EncodeToString(sign([]byte(key), id+"."+t+".", body))}
}

func (e *edge) zitadel(at time.Time, key, body string) []string {
	t := strconv.FormatInt(at.Unix(), 10)
	return []string{"ZITADEL-Signature", "t=" + t + ",v1=" + hex.EncodeToString(sign([]byte(key), t, ".", body))}
}

// Whoever cannot prove to be the tenant's identity server runs nothing, and is told
// the same whatever is wrong.
func TestForgery(t *testing.T) {
	e := newEdge(t)
	with := func(h []string, name, value string) []string { return append(append([]string{}, h...), name, value) }
	const supabase, zitadel, kratos = "shop/adapters/supabase/custom-access-token", "shop/adapters/zitadel", "shop/adapters/kratos/login"
	good, z := e.webhook("id", e.now, secret, supabaseBody), e.zitadel(e.now, secret, zitadelBody_)
	hour := e.now.Add(-time.Hour)
	event := fmt.Sprintf(`{"id":"1","time":%d,"type":"REGISTER","userId":"%s"}`, e.now.UnixMilli(), mark)
	old := fmt.Sprintf(`{"id":"1","time":%d,"type":"REGISTER","userId":"%s"}`, hour.UnixMilli(), mark)
	keycloakSigned := func(key, body string) []string {
		return []string{"X-Keycloak-Signature", hex.EncodeToString(sign([]byte(key), body))}
	}
	for name, c := range map[string]struct {
		path, body string
		headers    []string
	}{
		"supabase: no signature":        {supabase, supabaseBody, nil},
		"supabase: another key":         {supabase, supabaseBody, e.webhook("id", e.now, "another key, 16+", supabaseBody)},
		"supabase: empty key":           {supabase, supabaseBody, e.webhook("id", e.now, "", supabaseBody)},
		"supabase: changed body":        {supabase, strings.Replace(supabaseBody, `"u"`, `"v"`, 1), good},
		"supabase: changed id":          {supabase, supabaseBody, with(good, "webhook-id", "other")},
		"supabase: changed time":        {supabase, supabaseBody, with(good, "webhook-timestamp", strconv.FormatInt(e.now.Unix()+1, 10))},
		"supabase: expired":             {supabase, supabaseBody, e.webhook("id", hour, secret, supabaseBody)},
		"supabase: from the future":     {supabase, supabaseBody, e.webhook("id", e.now.Add(time.Hour), secret, supabaseBody)},
		"supabase: time is no number":   {supabase, supabaseBody, with(good, "webhook-timestamp", "now")},
		"supabase: version without key": {supabase, supabaseBody, with(good, "webhook-signature", "v1,")},
		"supabase: another version":     {supabase, supabaseBody, with(good, "webhook-signature", "v1a,"+base64.StdEncoding.EncodeToString(sign([]byte(secret), supabaseBody)))},
		"supabase: hex":                 {supabase, supabaseBody, with(good, "webhook-signature", "v1,"+hex.EncodeToString(sign([]byte(secret), "id."+strconv.FormatInt(e.now.Unix(), 10)+".", supabaseBody)))},
		"supabase: a bearer token":      {supabase, supabaseBody, []string{"Authorization", "Bearer token of shop"}},
		"supabase: the key as a token":  {supabase, supabaseBody, []string{"Authorization", "Bearer " + webhookSecret}},
		"supabase: another tenant":      {"other/adapters/supabase/custom-access-token", supabaseBody, good},
		"zitadel: no signature":         {zitadel, zitadelBody_, nil},
		"zitadel: another key":          {zitadel, zitadelBody_, e.zitadel(e.now, "another key, 16+", zitadelBody_)},
		"zitadel: empty key":            {zitadel, zitadelBody_, e.zitadel(e.now, "", zitadelBody_)},
		"zitadel: changed body":         {zitadel, zitadelBody_ + " ", z},
		"zitadel: expired":              {zitadel, zitadelBody_, e.zitadel(hour, secret, zitadelBody_)},
		"zitadel: no time":              {zitadel, zitadelBody_, []string{"ZITADEL-Signature", "v1=" + hex.EncodeToString(sign([]byte(secret), ".", zitadelBody_))}},
		"zitadel: two times":            {zitadel, zitadelBody_, []string{"ZITADEL-Signature", fmt.Sprintf("%s,t=%d", e.zitadel(hour, secret, zitadelBody_)[1], e.now.Unix())}},
		"zitadel: other scheme":         {zitadel, zitadelBody_, []string{"ZITADEL-Signature", strings.Replace(z[1], "v1=", "v0=", 1)}},
		"zitadel: another tenant":       {"other/adapters/zitadel", zitadelBody_, z},
		"kratos: no key":                {kratos, `{"identity":{"id":"i"}}`, nil},
		"kratos: wrong key":             {kratos, `{"identity":{"id":"i"}}`, []string{"X-Api-Key", secret + "x"}},
		"kratos: empty key":             {kratos, `{"identity":{"id":"i"}}`, []string{"X-Api-Key", ""}},
		"kratos: another's token":       {kratos, `{"identity":{"id":"i"}}`, []string{"Authorization", "Bearer token of other"}},
		"kratos: no such tenant":        {"other/adapters/kratos/login", `{"identity":{"id":"i"}}`, []string{"X-Api-Key", secret}},
		"keycloak: no signature":        {"shop/adapters/keycloak/events", event, nil},
		"keycloak: api key for events":  {"shop/adapters/keycloak/events", event, []string{"X-Api-Key", secret}},
		"keycloak: another key":         {"shop/adapters/keycloak/events", event, keycloakSigned("another key, 16+", event)},
		"keycloak: changed body":        {"shop/adapters/keycloak/events", strings.Replace(event, "REGISTER", "LOGIN", 1), keycloakSigned(secret, event)},
		"keycloak: old event":           {"shop/adapters/keycloak/events", old, keycloakSigned(secret, old)},
		"logto: no signature":           {"shop/adapters/logto/webhook", `{"event":"PostRegister"}`, nil},
		"hydra: no key":                 {"shop/adapters/hydra/token", `{"session":{}}`, nil},
	} {
		w := e.send("POST", c.path, c.body, c.headers...)
		assert.Equal(t, 401, w.Code, "%s: %s", name, w.Body)
		assert.Contains(t, w.Body.String(), "does not prove that it comes from the tenant's identity server", name)
		assert.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
	}
	assert.Zero(t, e.runs.Load(), "nothing ran")
	assert.NotContains(t, e.told(), mark)
	assert.NotContains(t, e.told(), secret)

	assert.Equal(t, 200, e.send("POST", supabase, supabaseBody, good...).Code, "the true one passes still")
	assert.Equal(t, 200, e.send("POST", zitadel, zitadelBody_, z...).Code)
	assert.Equal(t, 200, e.send("POST", kratos, `{"identity":{"id":"i"}}`, "Authorization", "Bearer token of shop").Code)
	assert.Equal(t, 200, e.send("POST", kratos, `{"identity":{"id":"i"}}`, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("kratos:"+secret))).Code)
	assert.EqualValues(t, 4, e.runs.Load())
}

// What was overheard cannot be used again.
func TestReplay(t *testing.T) {
	e := newEdge(t)
	const path = "shop/adapters/supabase/custom-access-token"
	for i := range 3 {
		at := e.now
		h := e.webhook(fmt.Sprint("id", i), at, secret, supabaseBody)
		require.Equal(t, 200, e.send("POST", path, supabaseBody, h...).Code)
		for _, later := range []time.Duration{0, time.Second, tolerance, tolerance + time.Second, 4 * tolerance} {
			e.now = at.Add(later)
			assert.Equal(t, 401, e.send("POST", path, supabaseBody, h...).Code, later)
		}
	}
	assert.EqualValues(t, 3, e.runs.Load())

	// A signature of a time to come is remembered as long as it would hold.
	h := e.webhook("early", e.now.Add(tolerance), secret, supabaseBody)
	require.Equal(t, 200, e.send("POST", path, supabaseBody, h...).Code)
	at := e.now
	for e.now = at; e.now.Before(at.Add(3 * tolerance)); e.now = e.now.Add(30 * time.Second) {
		require.Equal(t, 401, e.send("POST", path, supabaseBody, h...).Code, e.now.Sub(at))
	}

	// ZITADEL's may come again soon: two logins of one user in one second.
	e.runs.Store(0)
	z := e.zitadel(e.now, secret, zitadelBody_)
	require.Equal(t, 200, e.send("POST", "shop/adapters/zitadel", zitadelBody_, z...).Code)
	require.Equal(t, 200, e.send("POST", "shop/adapters/zitadel", zitadelBody_, z...).Code)
	e.now = e.now.Add(soon + time.Second)
	require.Equal(t, 401, e.send("POST", "shop/adapters/zitadel", zitadelBody_, z...).Code)
	assert.EqualValues(t, 2, e.runs.Load())
}

// An event that failed is taken when it comes again; one that was dealt with is not
// dealt with twice.
func TestEventsComeAgain(t *testing.T) {
	e := newEdge(t)
	body := fmt.Sprintf(`{"event":"PostRegister","createdAt":%q,"user":{"id":"u"}}`, e.now.UTC().Format(time.RFC3339))
	h := []string{"logto-signature-sha-256", hex.EncodeToString(sign([]byte(secret), body))}
	e.reply = func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "no worker")
	}
	w := e.send("POST", "shop/adapters/logto/webhook", body, h...)
	require.Equal(t, 503, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	e.reply, e.now = nil, e.now.Add(10*time.Minute)
	require.Equal(t, 204, e.send("POST", "shop/adapters/logto/webhook", body, h...).Code)
	n := e.runs.Load()
	require.Equal(t, 200, e.send("POST", "shop/adapters/logto/webhook", body, h...).Code)
	assert.Equal(t, n, e.runs.Load())
}

func TestSeenIsBounded(t *testing.T) {
	s := seen{window: time.Minute}
	at := time.Unix(1000, 0)
	for i := range maxSeenTenant {
		first, err := s.take("a", strconv.Itoa(i), at)
		require.True(t, first && err == nil)
	}
	_, err := s.take("a", "one more", at)
	assert.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(err))
	first, err := s.take("b", "other tenants have room", at)
	assert.True(t, first && err == nil)
	first, _ = s.take("a", "0", at.Add(90*time.Second))
	assert.False(t, first, "one window is kept")
	first, err = s.take("a", "0", at.Add(4*time.Minute))
	assert.True(t, first && err == nil, "two are forgotten")
	assert.Equal(t, 1, s.n)
	s.forget("a", "0")
	assert.Zero(t, s.n)
}

func TestRequests(t *testing.T) {
	e := newEdge(t)
	key := []string{"X-Api-Key", secret}
	large := `{"identity":{"id":"` + strings.Repeat("x", MaxBody) + `"}}`
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "shop/adapters/kratis/login", "{}", 404, `did you mean \"kratos\"`},
		{"POST", "shop/adapters/kratos/logn", "{}", 404, `did you mean \"login\"`},
		{"POST", "shop/adapters/kratos", "{}", 404, `has no hook`},
		{"POST", "shop/adapters/zitadel/preuserinfo", "{}", 404, `the path ends with /adapters/zitadel`},
		{"GET", "shop/adapters/kratos/login", "", 405, "with POST"},
		{"POST", "shop/adapters/supabase/password-verification-attempt", "{}", 404, "custom-access-token"},
		{"POST", "shop/adapters/kratos/login", large, 413, "larger than"},
		{"POST", "shop/adapters/kratos/login", "", 400, "the body is empty"},
		{"POST", "shop/adapters/kratos/login", "[]", 400, "not a JSON object, but a JSON array"},
		{"POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"}} {}`, 400, "something follows"},
		{"POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"`, 400, "ends too early"},
		{"POST", "shop/adapters/kratos/login", `{"identity":{"verifiable_addresses":[{"verified":12345}]}}`, 400, "verified, near byte"},
		{"POST", "shop/adapters/hydra/token", `{"session":{"extra":"` + mark + `"}}`, 400, "session.extra, near byte"},
		{"POST", "shop/adapters/logto/access-token", `{"token":{},"context":{"user":{"id":"u","customData":[]}}}`, 400, "context.user.customData, near byte"},
		{"POST", "shop/adapters/keycloak/login", `{"roles":"all"}`, 400, "roles, near byte"},
		{"POST", "shop/adapters/keycloak/login", `{"id":"u","email":"12345@acme.example","attributes":{"any":["x"]}}`, 400, `unknown member \"email\"`},
	} {
		w := e.send(c.method, c.path, c.body, key...)
		assert.Equal(t, c.status, w.Code, "%s: %s", c.path, w.Body)
		assert.Contains(t, w.Body.String(), c.want, c.path)
		assert.NotContains(t, w.Body.String(), "12345")
		assert.True(t, json.Valid(w.Body.Bytes()))
	}
	assert.Zero(t, e.runs.Load())
	assert.NotContains(t, e.told(), mark)
}

func TestRoom(t *testing.T) {
	given := 0
	e := newEdge(t, func(o *Options) {
		o.Admit = func(_ *http.Request, tenant string, most int64) (func(), error) {
			if tenant != "shop" || most != firstRoom {
				t.Error(tenant, most)
			}
			if given == 0 {
				given++
				return func() { given++ }, nil
			}
			return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the node is busy")
		}
	})
	assert.Equal(t, 200, e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"}}`, "X-Api-Key", secret).Code)
	assert.Equal(t, 2, given, "the room is given back")
	w := e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"}}`, "X-Api-Key", secret)
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
}

// Claims of the standards, and those that the server has set, are not for scripts.
func TestClaimsThatScriptsDoNotSet(t *testing.T) {
	e := newEdge(t)
	e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Decision: rulebox.Allow, Values: []json.RawMessage{inv.Args[0], json.RawMessage(
			`{"idToken":{"sub":"root","aud":"x","exp":9,"role":"service_role","new":12345678901234567890,"none":null},"accessToken":{"scope":["admin"],"iss":"x","jti":"x","email":"root@x","a":1}}`)}}, nil
	}
	body := `{"user_id":"u","claims":{"sub":"u","email":"a@x","role":"authenticated","exp":1700000000},"authentication_method":"password"}`
	w := e.send("POST", "shop/adapters/supabase/custom-access-token", body, e.webhook("1", e.now, secret, body)...)
	assert.Equal(t, `{"claims":{"a":1,"email":"a@x","exp":1700000000,"new":12345678901234567890,"role":"authenticated","sub":"u"}}`+"\n", w.Body.String())
}

// What would let somebody in on a condition that nobody checks is refused.
func TestConditions(t *testing.T) {
	e := newEdge(t)
	for name, c := range map[string]struct {
		res  *rulebox.Result
		err  error
		code int
	}{
		"multifactor":          {&rulebox.Result{Decision: rulebox.Allow, Values: values(`{"user_id":"i"}`, `{"multifactor":{"provider":"any"}}`)}, nil, 403},
		"multifactor none":     {&rulebox.Result{Decision: rulebox.Allow, Values: values(`{"user_id":"i"}`, `{"multifactor":{"provider":"none"}}`)}, nil, 200},
		"primary user":         {&rulebox.Result{Decision: rulebox.Allow, Values: values(`{"user_id":"i"}`, `{"primaryUser":"other"}`)}, nil, 403},
		"primary user is this": {&rulebox.Result{Decision: rulebox.Allow, Values: values(`{"user_id":"i"}`, `{"primaryUser":"i"}`)}, nil, 200},
		"redirect":             {&rulebox.Result{Decision: rulebox.Redirect, RedirectURL: "https://x", State: "s"}, nil, 403},
		"suspend":              {&rulebox.Result{Decision: rulebox.Suspend, State: "s"}, nil, 403},
		"no decision":          {&rulebox.Result{Decision: "perhaps"}, nil, 422},
		"nothing":              {nil, nil, 422},
		"timeout":              {nil, rulebox.Errorf(rulebox.CodeTimeout, "%s", mark), 422},
		"unavailable":          {nil, rulebox.Errorf(rulebox.CodeUnavailable, "%s", mark), 503},
		"continue on faults":   {&rulebox.Result{Decision: rulebox.Allow, Values: values(`{}`, `{}`)}, rulebox.Errorf(rulebox.CodeThrew, "%s", mark), 200},
		"switched off":         {&rulebox.Result{Decision: rulebox.Allow}, nil, 200},
	} {
		e.reply = func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) { return c.res, c.err }
		w := e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"}}`, "X-Api-Key", secret)
		assert.Equal(t, c.code, w.Code, "%s: %s", name, w.Body)
		assert.NotContains(t, w.Body.String(), mark, name)
	}
	assert.NotContains(t, e.told(), mark)
	for _, what := range []string{"a second factor", "another user the primary one", "to another page", "a form or a challenge"} {
		assert.Contains(t, e.told(), what, "the log says why")
	}
}

// Where Kratos shows no device, the address is what the request's headers say, in
// this order: doc/adapters.md says what a proxy must do about it.
func TestKratosAddress(t *testing.T) {
	const three = `"X-Forwarded-For":["203.0.113.3, 10.0.0.1"],"X-Real-Ip":["203.0.113.2"],"True-Client-Ip":["203.0.113.1"]`
	e := newEdge(t)
	for name, tt := range map[string]struct{ headers, session, want string }{
		"all three":   {three, `null`, "203.0.113.1"},
		"no device":   {three, `{"id":"s"}`, "203.0.113.1"},
		"two":         {`"X-Forwarded-For":["203.0.113.3"],"X-Real-Ip":["203.0.113.2"]`, `null`, "203.0.113.2"},
		"leftmost":    {`"X-Forwarded-For":["203.0.113.3, 10.0.0.1"]`, `null`, "203.0.113.3"},
		"the device":  {three, `{"id":"s","devices":[{"ip_address":"198.51.100.7:4711"}]}`, "198.51.100.7"},
		"none at all": {``, `null`, ""},
	} {
		var got struct {
			Request struct{ IP string }
		}
		e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
			assert.NoError(t, json.Unmarshal(inv.Args[1], &got), name)
			return &rulebox.Result{Decision: rulebox.Allow, Values: inv.Args[:2]}, nil
		}
		w := e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"},"request_headers":{`+tt.headers+`},"session":`+tt.session+`}`, "X-Api-Key", secret)
		require.Equal(t, 200, w.Code, "%s: %s", name, w.Body)
		assert.Equal(t, tt.want, got.Request.IP, name)
	}
}

// What a server does not save is told, once and not with every login.
func TestDroppedIsTold(t *testing.T) {
	e := newEdge(t)
	e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		return &rulebox.Result{Decision: rulebox.Allow, Values: values(`{"user_id":"i"}`, `{"idToken":{"a":"`+mark+`"}}`),
			Commands: values(`["user.setUserMetadata","k","`+mark+`"]`, `["user.setAppMetadata"]`, `[7]`, `["x.y","z"]`)}, nil
	}
	for range 50 {
		require.Equal(t, 200, e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i"}}`, "X-Api-Key", secret).Code)
	}
	for _, what := range []string{"an action changes metadata; Kratos saves none", "scripts set claims; Kratos has no tokens"} {
		assert.Equal(t, 1, strings.Count(e.told(), what), what)
	}
	assert.NotContains(t, e.told(), mark)
}

// Of a change of address each address gets its own link: with hashes that are
// crosswise in what Supabase sends.
func TestSupabaseLetters(t *testing.T) {
	e := newEdge(t)
	var sent []string
	e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		assert.Equal(t, rulebox.TriggerEmailProvider, inv.Trigger)
		var got struct {
			Notification struct{ To, Text, HTML string }
		}
		require.NoError(t, json.Unmarshal(inv.Args[0], &got))
		assert.Contains(t, got.Notification.HTML, "&amp;type=")
		_, link, _ := strings.Cut(got.Notification.Text, "verify?")
		sent = append(sent, got.Notification.To+" "+strings.Join(strings.Fields(link), " "))
		return &rulebox.Result{Decision: rulebox.Allow, Values: values(`{"status":"sent"}`)}, nil
	}
	send := func(data string) {
		body := `{"user":{"id":"u","email":"old@x","new_email":"new@x"},"email_data":` + data + `}`
		w := e.send("POST", "shop/adapters/supabase/send-email", body, e.webhook(fmt.Sprint("m", len(sent)), e.now, secret, body)...)
		require.Equal(t, 200, w.Code, w.Body)
	}
	send(`{"email_action_type":"email_change","site_url":"https://s/","redirect_to":"https://r/?a=\"<","token":"1","token_hash":"NEW","token_new":"2","token_hash_new":"OLD"}`)
	send(`{"email_action_type":"email_change","site_url":"https://s","redirect_to":"","token":"3","token_hash":"ONE","token_new":"","token_hash_new":""}`)
	send(`{"email_action_type":"recovery","site_url":"https://s","redirect_to":"","token":"4","token_hash":"REC"}`)
	assert.Equal(t, []string{
		"old@x redirect_to=https%3A%2F%2Fr%2F%3Fa%3D%22%3C&token=OLD&type=email_change Code: 1",
		"new@x redirect_to=https%3A%2F%2Fr%2F%3Fa%3D%22%3C&token=NEW&type=email_change Code: 2",
		"new@x redirect_to=&token=ONE&type=email_change Code: 3",
		"old@x redirect_to=&token=REC&type=recovery Code: 4",
	}, sent)
}

func values(all ...string) (list []json.RawMessage) {
	for _, s := range all {
		list = append(list, json.RawMessage(s))
	}
	return list
}

func TestValidate(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "",
		`{"kratos":{"secret":"0123456789abcdef","connection":"c","client_id":"x"}}`: "",
		`{"supabase":{"secret":"` + webhookSecret + `|` + webhookSecret + `"}}`:     "",
		`{"zitadle":{}}`:                                       `did you mean "zitadel"`,
		`{"kratos":{"secert":"x"}}`:                            `adapters.kratos: there is no setting "secert"`,
		`{"kratos":{"secret":"short"}}`:                        "adapters.kratos: secret is too short",
		`{"zitadel":{"secret":"0123456789abcdef|"}}`:           "too short", // else everybody had the second key
		`{"keycloak":{"signing_key":"||0123456789abcdef"}}`:    "too short",
		`{"kratos":{"secret":7}}`:                              "secret must not be a number; it must be a string",
		`{"kratos":"0123456789abcdef"}`:                        "it must be an object",
		`{"supabase":{"secret":"whsec_MDEyMzQ1Njc4OWFiY2Rl"}}`: "secret must be as Supabase shows it",
		`{"supabase":{"secret":"v1,whsec_AAAAAAAAAAAA"}}`:      "at least 16 bytes",
		`{"supabase":{"secret":"v1,whsec_%%%%%%%%%%%%%%%%"}}`:  "secret must be",
	} {
		var settings map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &settings))
		err := Validate(settings)
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "0123456789abcdef")
	}
}

// What strangers send does not fill the log.
func TestLogIsBounded(t *testing.T) {
	e := newEdge(t)
	for range 1000 {
		e.send("POST", "shop/adapters/kratos/login", "{}")
	}
	assert.Less(t, e.logs.Len(), 500, "ten a second")
}
