package rulebox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func raws(texts ...string) (list []json.RawMessage) {
	for _, t := range texts {
		list = append(list, json.RawMessage(t))
	}
	return list
}

func TestAppendOutcome(t *testing.T) {
	full := &Result{
		ID:       "tx-1",
		Decision: Allow,
		Values:   raws(`{"a":  1.0, "b":"\u00e9"}`, `{}`),
		Logs:     []Log{{Level: "info", Text: "a\"b\\c\n\x00\xff é \u2028", Script: "r1"}, {Level: "warn", Text: "x"}},
		Scripts:  []ScriptUsage{{Name: "r1", Duration: 1234567 * time.Nanosecond, Status: "ok"}, {Name: "r2", Duration: 2 * time.Second, Status: "ok"}},
		Usage:    Usage{Queue: 100 * time.Microsecond, Run: 10 * time.Millisecond, CPU: -1},
	}
	denied := &Error{Code: CodeDenied, Name: "UnauthorizedError", Message: "no", Hint: "h", Trace: "at r1", Script: "r1", OAuth: "unauthorized", Cause: errors.New("secret")}
	const none = `,"logs":[],"scripts":[],"usage":{"queue_ms":0,"run_ms":0,"cpu_ms":0}}`
	for _, c := range []struct {
		name string
		res  *Result
		err  error
		want string
	}{
		{"allow", full, nil, `{"id":"tx-1","decision":"allow","user":{"a":  1.0, "b":"\u00e9"},"context":{},` +
			`"logs":[{"level":"info","text":"a\"b\\c\n\u0000\ufffd é ` + "\u2028" + `","script":"r1"},{"level":"warn","text":"x"}],` +
			`"scripts":[{"name":"r1","duration_ms":1.234,"status":"ok"},{"name":"r2","duration_ms":2000,"status":"ok"}],` +
			`"usage":{"queue_ms":0.1,"run_ms":10,"cpu_ms":0}}`},
		{"redirect", &Result{ID: "x", RedirectURL: "https://a.example/?b=c&d", Values: raws(`{}`, `[]`)}, nil,
			`{"id":"x","decision":"redirect","user":{},"context":[],"redirect":{"url":"https://a.example/?b=c&d"}` + none},
		{"deny leaves values out", &Result{ID: "x", Values: raws(`{}`, `{}`)}, denied,
			`{"id":"x","decision":"deny","error":{"code":"denied","name":"UnauthorizedError","message":"no","hint":"h","trace":"at r1","script":"r1","oauth_error":"unauthorized"}` + none},
		{"fault", nil, Errorf(CodeTimeout, "late"), `{"id":"","decision":"fault","error":{"code":"timeout","message":"late"}` + none},
		{"wrapped", nil, fmt.Errorf("secret: %w", Errorf(CodeMemory, "big")), `{"id":"","decision":"fault","error":{"code":"memory","message":"big"}` + none},
		{"deadline", nil, context.DeadlineExceeded, `{"id":"","decision":"fault","error":{"code":"timeout","message":"the deadline passed"}` + none},
		{"foreign error", nil, errors.New("secret"), `{"id":"","decision":"fault","error":{"code":"internal","message":"internal error; the node's log has the cause"}` + none},
		{"nothing", nil, nil, `{"id":"","decision":"fault","error":{"code":"internal","message":"the invocation left neither a result nor an error"}` + none},
		{"one value", &Result{ID: "x", Values: raws(`{"id":1}`)}, nil, `{"id":"x","decision":"allow","result":{"id":1}` + none},
		{"many values", &Result{ID: "x", Values: raws(`1`, `2`, `3`)}, nil, `{"id":"x","decision":"allow","values":[1,2,3]` + none},
		{"commands of a denial stay", &Result{ID: "x", Commands: raws(`["user.setAppMetadata","a",1]`, `["access.deny","no"]`)}, Errorf(CodeDenied, "no"),
			`{"id":"x","decision":"deny","commands":[["user.setAppMetadata","a",1],["access.deny","no"]],"error":{"code":"denied","message":"no"}` + none},
		{"sent away by an action", &Result{ID: "x", Decision: Redirect, RedirectURL: "https://a.example/", State: "s", Commands: raws(`["redirect.sendUserTo","https://a.example/"]`)}, nil,
			`{"id":"x","decision":"redirect","redirect":{"url":"https://a.example/"},"commands":[["redirect.sendUserTo","https://a.example/"]],"state":"s"` + none},
		{"form", &Result{ID: "x", Decision: Suspend, State: "s", Commands: raws(`["prompt.render","ap_1",{}]`, `["user.setAppMetadata","a",1]`)}, nil,
			`{"id":"x","decision":"suspend","commands":[["prompt.render","ap_1",{}],["user.setAppMetadata","a",1]],"suspend":{"kind":"form","command":["prompt.render","ap_1",{}]},"state":"s"` + none},
		{"a state goes with a suspended chain only", &Result{ID: "x", State: "s"}, nil, `{"id":"x","decision":"allow"` + none},
		{"missing value", &Result{ID: "x", Values: make([]json.RawMessage, 2)}, nil, `{"id":"x","decision":"allow","user":null,"context":null` + none},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := AppendOutcome([]byte("before "), c.res, c.err)
			require.Equal(t, "before "+c.want, string(got))
			require.True(t, json.Valid(got[7:]))
		})
	}
}

// What a node writes, a client reads back.
func TestOutcomeRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name string
		res  *Result
		err  *Error
	}{
		{"allow", &Result{ID: "tx", Decision: Allow, Values: raws(`{"a":[1,{"b":"}\""}]}`, `{"c":"\\\\"}`),
			Logs:    []Log{{Level: "log", Text: "tab\t \"quoted\" \u2028 é", Script: "r"}},
			Scripts: []ScriptUsage{{Name: "r", Duration: 12345 * time.Microsecond, Status: "ok"}},
			Usage:   Usage{Queue: time.Microsecond, Run: 999 * time.Microsecond, CPU: time.Hour}}, nil},
		{"redirect", &Result{ID: "tx", Decision: Redirect, RedirectURL: "https://x/\"", Values: raws(`{}`, `{}`)}, nil},
		{"suspend", &Result{ID: "tx", Decision: Suspend, State: "s\"", Commands: raws(`["authentication.challengeWith",{"type":"otp"}]`, `["a.b"]`)}, nil},
		{"redirect with state", &Result{ID: "tx", Decision: Redirect, RedirectURL: "u", State: "s", Commands: raws(`["redirect.sendUserTo","u"]`)}, nil},
		{"deny with commands", &Result{ID: "tx", Decision: Deny, Commands: raws(`["access.deny","no"]`)}, &Error{Code: CodeDenied, Message: "no"}},
		{"values", &Result{ID: "tx", Decision: Allow, Values: raws(`1`, `"x"`, `null`)}, nil},
		{"result", &Result{ID: "tx", Decision: Allow, Values: raws(`null`)}, nil},
		{"deny", &Result{ID: "tx", Decision: Deny, Logs: []Log{{Level: "warn", Text: "w"}}},
			&Error{Code: CodeDenied, Name: "N", Message: "m\n", Hint: "h", Trace: "t\nu", Script: "s", OAuth: "access_denied"}},
		{"fault", &Result{ID: "tx", Decision: Fault}, &Error{Code: CodeThrew, Message: ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in error
			if c.err != nil {
				in = c.err
			}
			res, err := ParseOutcome(AppendOutcome(nil, c.res, in))
			require.Equal(t, c.res, res)
			if c.err == nil {
				require.NoError(t, err)
			} else {
				require.Equal(t, in, err)
			}
		})
	}
}

// A login is never allowed by accident.
func TestParseOutcomeRefuses(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"decision":"allow"`, `{"decision":"allow"}x`, `{"decision":"allow"}{}`,
		`{"decision":"yes"}`, `{"decision":""}`, `{"decision":1}`, `{"decision":"deny"}`, `{"decision":"fault"}`,
		`{"decision":"redirect"}`, `{"decision":"redirect","redirect":{"url":""}}`,
		`{"decision":"allow","error":{"code":"threw","message":"m"}}`,
		`{"decision":"deny","error":{"code":"threw"}}`, `{"decision":"fault","error":{"code":"denied"}}`,
		`{"decision":"fault","error":{}}`, `{"decision":"deny","error":null}`, `{"decision":"allow","error":7}`,
		`{"decision":"allow","logs":{}}`, `{"decision":"allow","logs":[7]}`, `{"decision":"allow","scripts":[{"duration_ms":"1"}]}`,
		`{"decision":"allow","usage":{"run_ms":1e99}}`, `{"decision":"allow","usage":{"run_ms":-1}}`,
		`{"decision":"allow","user":{"a":}`, `{"decision":"allow",}`, `{"decision" "allow"}`, `{"decision":"allow\`,
		`{"decision":"allow\q"}`, `{"decision":"allow","values":[1,]}`, `{"decision":"allow","values":[1 2]}`,
	} {
		res, err := ParseOutcome([]byte(text))
		require.Nil(t, res, text)
		require.Equal(t, CodeInternal, CodeOf(err), text)
	}
}

func TestParseOutcomeSkipsTheUnknown(t *testing.T) {
	res, err := ParseOutcome([]byte(" { \"new\" : [ { \"x\" : \"]}\\\"\" } ] ,\n\"\\u0069d\" : \"a\\u0062\" , \"decision\" : \"allow\" , \"error\" : null , \"user\" : { } , \"context\" : 1e5 } "))
	require.NoError(t, err)
	require.Equal(t, &Result{ID: "ab", Decision: Allow, Values: raws(`{ }`, `1e5`)}, res)
}

// wire is the outcome as encoding/json sees it, to compare with.
type wire struct {
	ID       string                  `json:"id"`
	Decision string                  `json:"decision"`
	User     json.RawMessage         `json:"user"`
	Context  json.RawMessage         `json:"context"`
	Redirect struct{ URL string }    `json:"redirect"`
	Error    *Error                  `json:"error"`
	Logs     []Log                   `json:"logs"`
	Scripts  []struct{ Name string } `json:"scripts"`
}

func FuzzParseOutcome(f *testing.F) {
	f.Add([]byte(`{"id":"x","decision":"allow","user":{},"context":{"a":"\\\""},"logs":[{"level":"log","text":"t"}],"scripts":[{"name":"n","duration_ms":1.5,"status":"ok"}],"usage":{"queue_ms":0,"run_ms":1,"cpu_ms":2}}`))
	f.Add([]byte(`{"id":"x","decision":"deny","error":{"code":"denied","message":"m","trace":"\u2028"}}`))
	f.Add([]byte(`{"decision":"redirect","redirect":{"url":"https://x"},"values":[1,[2],"3"]}`))
	f.Add([]byte(`{"decision":"allow","x":"\\\\\"","y":[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := ParseOutcome(bytes.Clone(data))
		if res == nil {
			if err == nil {
				t.Fatal("neither a result nor an error")
			}
			return
		}
		if !json.Valid(data) {
			return // the scanner is no validator
		}
		var w wire
		if json.Unmarshal(data, &w) == nil && !strings.Contains(strings.ToLower(string(data)), `\u`) && countKeys(data) {
			if res.ID != w.ID && !strings.ContainsRune(w.ID, '\ufffd') || string(res.Decision) != w.Decision || len(res.Logs) != len(w.Logs) || len(res.Scripts) != len(w.Scripts) {
				t.Fatalf("read %+v, encoding/json %+v", res, w)
			}
		}
		// Writing and reading again changes nothing.
		again, err2 := ParseOutcome(AppendOutcome(nil, res, err))
		if again == nil {
			t.Fatalf("what was read cannot be written: %v", err2)
		}
		third, err3 := ParseOutcome(AppendOutcome(nil, again, err2))
		if !reflect.DeepEqual(again, third) || !reflect.DeepEqual(err2, err3) {
			t.Fatalf("%+v %v became %+v %v", again, err2, third, err3)
		}
	})
}

// countKeys reports whether the names in data are those of the protocol only:
// encoding/json matches names in any case, and merges objects given twice.
func countKeys(data []byte) bool {
	for _, key := range []string{"id", "decision", "logs", "scripts"} {
		if n := strings.Count(strings.ToLower(string(data)), `"`+key+`"`); n > 1 || n != strings.Count(string(data), `"`+key+`"`) {
			return false
		}
	}
	return true
}

// payload has the size and shape of a login's.
func payload() *Result {
	big := `{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","identities":[` + strings.Repeat(`{"provider":"auth0","connection":"users","isSocial":false},`, 30) + `{}],"n":12345.5}`
	return &Result{ID: "0123456789", Decision: Allow, Values: raws(big, big),
		Scripts: []ScriptUsage{{Name: "a rule", Duration: time.Millisecond, Status: "ok"}}, Usage: Usage{Run: time.Millisecond}}
}

func BenchmarkAppendOutcome(b *testing.B) {
	res := payload()
	dst := AppendOutcome(nil, res, nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendOutcome(dst[:0], res, nil)
	}
}

func BenchmarkParseOutcome(b *testing.B) {
	data := AppendOutcome(nil, payload(), nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseOutcome(data); err != nil {
			b.Fatal(err)
		}
	}
}

// A failure policy of continue lets the login pass and still tells of the error.
func TestOutcomeAllowedDespiteAFault(t *testing.T) {
	values := []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`{}`)}
	text := AppendOutcome(nil, &Result{Decision: Allow, Values: values}, Errorf(CodeTimeout, "late"))
	require.True(t, json.Valid(text), "%s", text)
	res, err := ParseOutcome(text)
	require.Equal(t, CodeTimeout, CodeOf(err))
	require.Equal(t, Allow, res.Decision)
	require.Equal(t, values, res.Values)

	for _, bad := range []string{
		`{"decision":"allow","error":{"code":"timeout","message":"m"}}`,
		`{"decision":"allow","user":{},"context":{},"error":{"code":"denied","message":"m"}}`,
	} {
		_, err := ParseOutcome([]byte(bad))
		require.Equal(t, CodeInternal, CodeOf(err), bad)
	}
}

func TestSuspension(t *testing.T) {
	for _, c := range []struct {
		commands   []json.RawMessage
		want, kind string
	}{
		{nil, "", ""},
		{raws(`["user.setAppMetadata","prompt.render"]`), "", ""},
		{raws(`["prompt.render","a"]`, ` [ "redirect.sendUserTo" , "u"]`, `["access.deny"]`), ` [ "redirect.sendUserTo" , "u"]`, "redirect"},
		{raws(`["authentication.enrollWithAny",[]]`), `["authentication.enrollWithAny",[]]`, "challenge"},
		{raws(`["\u0070rompt.render"]`), `["\u0070rompt.render"]`, "form"},
		{raws(``, `[`, `["prompt.render`, `{}`, `[1]`, `[]`), "", ""},
	} {
		got, kind := Suspension(c.commands)
		require.Equal(t, c.want, string(got))
		require.Equal(t, c.kind, kind)
	}
}
