package request

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestParse(t *testing.T) {
	inv, id, err := Parse("login", []byte(` {"id":"tx\u002d1","user": {"a":1} ,"context":{},"user":{"a":2}} `))
	require.NoError(t, err)
	assert.Equal(t, "tx-1", id)
	assert.Equal(t, "tx-1", inv.ID)
	assert.Equal(t, []json.RawMessage{json.RawMessage(`{"a":2}`), json.RawMessage(`{}`)}, inv.Args)

	inv, _, err = Parse("login", []byte(`{"context":{},"user":{}}`))
	require.NoError(t, err)
	assert.NotEmpty(t, inv.ID)
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``:                                    "offset",
		`{`:                                   "offset",
		`[]`:                                  "not a JSON object",
		`null`:                                "not a JSON object",
		`{"user":{}}`:                         "no member context",
		`{"context":{}}`:                      "no member user",
		`{"user":null,"context":{}}`:          "user, at byte 8, is not an object",
		`{"user":{},"context":"x"}`:           "context, at byte 21, is not an object, but a string",
		`{"user":{},"context":{},"event":[]}`: "event, at byte 32, is not an object",
		`{"user":{},"context":{},"args":[]}`:  `unknown member "args"`,
		`{"user":{"app_metadata":7},"context":{}}`:                                         "user.app_metadata, at byte 24, is not an object, but a number",
		`{"user":{"identities":[{},{"isSocial":"no"}]},"context":{}}`:                      "user.identities[1].isSocial, at byte 38, is not true or false, but a string",
		`{"user":{},"context":{"request":{"query":"q"}}}`:                                  "context.request.query, at byte 41, is not an object",
		`{"user":{},"context":{"st\u0061ts":{"loginsCount":"1"}}}`:                         "loginsCount, at byte",
		`{"user":{},"context":{},"event":{"user":{"multifactor":["a",2]}}}`:                "event.user.multifactor[1], at byte 60, is not a string, but a number",
		`{"user":{},"context":{},"state":7}`:                                               "state, at byte 32, is not a string",
		`{"user":{},"context":{},"state":"` + strings.Repeat("x", MaxState+1) + `"}`:       "more than 4096",
		`{"id":7,"user":{},"context":{}}`:                                                  "id, at byte 6, is not a string",
		`{"id":"a b","user":{},"context":{}}`:                                              "not visible ASCII",
		`{"user":{},"context":{},"usr":{}}`:                                                `unknown member "usr"`,
		`{"user":{},"context":{}} {}`:                                                      "offset",
		"{\"user\":{\"a\":\"\xff\"},\"context\":{}}":                                       "offset",
		`{"id":"` + strings.Repeat("x", 129) + `","user":{},"context":{}}`:                 "more than 128",
		`{"user":` + strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000) + `}`: "offset",
	} {
		_, _, err := Parse("login", []byte(body))
		assert.ErrorContains(t, err, want, "%.60s", body)
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	}
}

func TestErrorKeepsTheID(t *testing.T) {
	_, id, err := Parse("login", []byte(`{"id":"tx","user":{}}`))
	assert.Error(t, err)
	assert.Equal(t, "tx", id)
	_, id, err = Parse("login", []byte(`{"usr":1,"user":2,"id":"tx"}`))
	assert.ErrorContains(t, err, `unknown member "usr"`, "the first mistake is told")
	assert.Equal(t, "tx", id)
	_, id, err = Parse("login", []byte(`{"usr":1,"id":"a b"}`))
	assert.ErrorContains(t, err, "not visible ASCII", "an answer has no id that cannot be one")
	assert.Empty(t, id)
}

// Every form: what it takes, and what it makes of it.
func TestForms(t *testing.T) {
	for _, c := range []struct{ trigger, body, args, state string }{
		{"login", `{"user":{"a":null,"email":null},"context":{"x":[1]},"event":{"request":{"asn":"1"}},"state":"s"}`, `{"a":null,"email":null} {"x":[1]} {"request":{"asn":"1"}}`, "s"},
		{"post-login", `{"event":{"user":{"own":[]}},"state":"~s~"}`, `{"user":{"own":[]}}`, "~s~"},
		{"credentials-exchange", `{"event":{}}`, `{}`, ""},
		{"password-reset-post-challenge", `{"event":{},"state":"s"}`, `{}`, "s"},
		{"hook.credentials-exchange", `{"args":[{"id":"c"},null,"aud",{}]}`, `{"id":"c"} null "aud" {}`, ""},
		{"hook.send-phone-message", `{"args":["+1","text",{}]}`, `"+1" "text" {}`, ""},
		{"db.legacy.login", `{"args":["a@b.example","pw"]}`, `"a@b.example" "pw"`, ""},
		{"db.legacy.login", `{"args":["a@b.example","pw",{"organization":{"id":"o"}}]}`, `"a@b.example" "pw" {"organization":{"id":"o"}}`, ""},
		{"db.legacy.get_user", `{"args":["a@b.example",null]}`, `"a@b.example"`, ""},
		{"db.legacy.login", `{"known":true,"password":"pw","identifier":"a@b.example","context":{"organization":{"id":"o"}}}`, `"a@b.example" "pw" {"organization":{"id":"o"}} true`, ""},
		{"db.legacy.login", `{"identifier":"a","password":"x","password":"pw","known":true,"context":null}`, `"a" "pw" null true`, ""},
		{"db.legacy.create", `{"user":{"email":"a","password":"b","own":1}}`, `{"email":"a","password":"b","own":1}`, ""},
		{"db.legacy.delete", `{"user_id":"auth0|1"}`, `"auth0|1"`, ""},
		{"db.legacy.change_email", `{"email":"a","new_email":"b","verified":false}`, `"a" "b" false`, ""},
		{"db.legacy.change_email", `{"args":["a","b",true]}`, `"a" "b" true`, ""},
	} {
		inv, id, err := Parse(c.trigger, []byte(c.body))
		require.NoError(t, err, c.body)
		assert.Equal(t, c.trigger, inv.Trigger)
		assert.NotEmpty(t, id)
		assert.Equal(t, c.state, inv.State)
		assert.Equal(t, c.args, joined(inv.Args))
		// What a client sends for it means the same.
		body, err := Append(nil, inv)
		require.NoError(t, err)
		back, _, err := Parse(c.trigger, body)
		require.NoError(t, err, string(body))
		assert.Equal(t, inv, back)
	}
}

func joined(args []json.RawMessage) string {
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = string(a)
	}
	return strings.Join(all, " ")
}

func TestFormsRefuse(t *testing.T) {
	for _, c := range []struct{ trigger, body, want string }{
		{"logn", `{"id":"tx"}`, `did you mean "login"?`},
		{"post-login", `{"user":{},"context":{}}`, `unknown member "user"`},
		{"post-login", `{}`, "no member event"},
		{"post-login", `{"event":null}`, "event, at byte 9, is not an object, but null"},
		{"post-login", `{"event":{"user":{"email_verified":"true"}}}`, "event.user.email_verified, at byte 35, is not true or false, but a string"},
		{"credentials-exchange", `{"event":{},"state":"s"}`, `unknown member "state"`},
		{"credentials-exchange", `{"event":{"accessToken":{"scope":"a b"}}}`, "event.accessToken.scope, at byte 33, is not an array"},
		{"event-stream", `{"event":{"message":{"id":5}}}`, "event.message.id"},
		{"hook.pre-user-registration", `{"event":{}}`, `unknown member "event"`},
		{"hook.pre-user-registration", `{}`, "no member args"},
		{"hook.pre-user-registration", `{"args":{}}`, "args, at byte 8, is not an array"},
		{"hook.pre-user-registration", `{"args":[{}]}`, "has 1 elements; hook.pre-user-registration takes user, context"},
		{"hook.pre-user-registration", `{"args":[{},{},{}]}`, "has 3 elements"},
		{"hook.pre-user-registration", `{"args":[null,{}]}`, "args[0] (user), at byte 9, is not an object, but null"},
		{"hook.credentials-exchange", `{"args":[{},["a",1],"x",{}]}`, "args[1] (scope)[1], at byte 17, is not a string"},
		{"db.legacy.login", `{"args":["a"]}`, "takes identifier, password, optionally context"},
		{"db.legacy.login", `{"args":["a",7]}`, "args[1] (password), at byte 13, is not a string, but a number"},
		{"db.legacy.login", `{"identifier":"a","password":7}`, "password, at byte 29, is not a string, but a number"},
		{"db.legacy.login", `{"identifier":"a"}`, "no member password"},
		{"db.legacy.login", `{"email":"a","password":"b"}`, `unknown member "email"`},
		{"db.legacy.login", `{"args":["a","b"],"password":"b"}`, "stands beside members"},
		{"db.legacy.login", `{"identifier":"a","password":"b","known":"yes"}`, "known, at byte 41, is not true or false"},
		{"db.legacy.get_user", `{}`, "no member identifier"},
		{"db.legacy.logn", `{"args":["a","b"]}`, `did you mean "db.legacy.login"?`},
	} {
		inv, id, err := Parse(c.trigger, []byte(c.body))
		assert.Nil(t, inv)
		assert.ErrorContains(t, err, c.want)
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
		assert.NotEmpty(t, err.(*rulebox.Error).Hint, c.body)
		if strings.Contains(c.body, "tx") {
			assert.Equal(t, "tx", id)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	one, two := []json.RawMessage{[]byte("{}")}, []json.RawMessage{[]byte("{}"), []byte("{}")}
	for want, inv := range map[string]rulebox.Invocation{
		"there is no trigger":         {Trigger: "x", Args: one},
		"two arguments":               {Trigger: "login", Args: one},
		"has one argument, event":     {Trigger: "post-login", Args: two},
		"argument 1 is empty":         {Trigger: "post-login", Args: []json.RawMessage{nil}},
		"id has a character":          {Trigger: "login", Args: two, ID: "a b"},
		"state has a character":       {Trigger: "login", Args: two, State: "a b"},
		"its chain cannot be suspend": {Trigger: "hook.post-user-registration", Args: two, State: "s"},
	} {
		_, err := Append(nil, &inv)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	}
}

// What is let through decodes, and means the same when it is sent on.
func FuzzParse(f *testing.F) {
	f.Add("login", []byte(`{"id":"tx","user":{"a":[1,2]},"context":{}}`))
	f.Add("login", []byte(`{"\u0069d":"\ud800"}`))
	f.Add("post-login", []byte(`{"event":{"user":{"identities":[{"user_id":1}]}},"state":"s\""}`))
	f.Add("hook.credentials-exchange", []byte(`{"args":[{},null,"a",{}],"args":[{},[],"a",{"connection":null}]}`))
	f.Add("db.a.login", []byte(`{"known":true,"password":"pw","identifier":"a","context":{"organization":null}}`))
	f.Add("db.a.create", []byte(`{"user":{"email":"a","password":"b"},"known":null,"args":[]}`))
	f.Add("db.a.change_email", []byte(`{"args":["a","b",false,{"organization":{"metadata":{}}}]}`))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		inv, _, err := Parse(name, body)
		if err != nil {
			assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
			return
		}
		for _, arg := range inv.Args {
			require.True(t, json.Valid(arg))
		}
		text, err := Append(nil, inv)
		require.NoError(t, err)
		back, _, err := Parse(name, text)
		require.NoError(t, err)
		require.Equal(t, inv, back)
	})
}

func BenchmarkParse(b *testing.B) {
	login, err := os.ReadFile("../jsonscan/testdata/login.json")
	require.NoError(b, err)
	b.SetBytes(int64(len(login)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse("login", login); err != nil {
			b.Fatal(err)
		}
	}
}
