package bus

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
	"github.com/stretchr/testify/require"
)

const loginSubject = "rulebox.v1.acme.login"

func TestDecodeRequest(t *testing.T) {
	data := []byte(" {\"context\" : {\"a\":\n1.50},\"user\":{ },\"id\":\"a\\\"\\u0062~\"} ")
	inv, id, err := decodeRequest(loginSubject, data)
	require.NoError(t, err)
	require.Equal(t, `a"b~`, id)
	require.Equal(t, &rulebox.Invocation{
		Tenant: "acme", Trigger: "login", ID: `a"b~`,
		Args: []json.RawMessage{json.RawMessage(`{ }`), json.RawMessage("{\"a\":\n1.50}")},
	}, inv)
	require.Same(t, &data[bytes.Index(data, []byte(`{"a"`))], &inv.Args[1][0], "arguments are not copied")

	one, _, err := decodeRequest(loginSubject, []byte(`{"user":{},"context":{}}`))
	require.NoError(t, err)
	two, _, err := decodeRequest(loginSubject, []byte(`{"user":{},"context":{}}`))
	require.NoError(t, err)
	require.NotEmpty(t, one.ID)
	require.NotEqual(t, one.ID, two.ID)

	last, _, err := decodeRequest(loginSubject, []byte(`{"user":{},"context":{},"us\u0065r":{"b":2}}`))
	require.NoError(t, err)
	require.Equal(t, `{"b":2}`, string(last.Args[0]), "of duplicates the last counts")
}

// badBodies are bodies that no node runs, each with what its message must name.
var badBodies = []struct{ body, names string }{
	{``, "offset 0"},
	{`null`, "not a JSON object"},
	{`[]`, "not a JSON object"},
	{`{"user":{},"context":{}`, "offset 23"},
	{`{"user":{},"context":{}} x`, "offset 25"},
	{`{"user":{},"context":{},}`, "offset 24"},
	{`{'user':{}}`, "offset 1"},
	{"{\"user\":{\"a\":\"\xff\"},\"context\":{}}", "offset 14"},
	{`{"user":` + strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000) + `,"context":{}}`, "deep"},
	{`{}`, "no member user"},
	{`{"context":{}}`, "no member user"},
	{`{"user":{}}`, "no member context"},
	{`{"user":null,"context":{}}`, "user, at byte 8, is not an object"},
	{`{"user":"u","context":{}}`, "user, at byte 8"},
	{`{"user":{},"context":[]}`, "context, at byte 21"},
	{`{"user":{},"context":{},"events":{}}`, `unknown member "events" at byte 24`},
	{`{"user":{},"context":{},"event":1}`, "event, at byte 32"},
	{`{"user":{},"context":{"stats":[]}}`, "context.stats, at byte 30"},
	{`{"user":{},"context":{},"Id":"x"}`, `unknown member "Id"`},
	{`{"id":7,"user":{},"context":{}}`, "id, at byte 6, is not a string"},
	{`{"id":"a b","user":{},"context":{}}`, "its byte 1"},
	{`{"id":"é","user":{},"context":{}}`, "visible ASCII"},
	{`{"id":"\u0000","user":{},"context":{}}`, "visible ASCII"},
	{`{"id":"` + strings.Repeat("x", 129) + `","user":{},"context":{}}`, "129 bytes"},
}

func TestDecodeRequestRefuses(t *testing.T) {
	for _, c := range badBodies {
		inv, _, err := decodeRequest(loginSubject, []byte(c.body))
		require.Nil(t, inv, c.body)
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), c.body)
		require.ErrorContains(t, err, c.names)
		require.Less(t, len(err.Error()), 300, "a message stays short")
	}
}

func TestSubjects(t *testing.T) {
	for _, c := range []struct{ subject, tenant, trigger, names string }{
		{"rulebox.v1.acme.login", "acme", "login", ""},
		{"rulebox.v1.Acme-eu_1.post-login", "Acme-eu_1", "post-login", ""},
		{"rulebox.v1.acme.hook.pre-user-registration", "acme", "hook.pre-user-registration", ""},
		{"rulebox.v1.acme.db.Legacy-DB.get_user", "acme", "db.Legacy-DB.get_user", ""},
		{"rulebox.v1.acme.db." + strings.Repeat("x", 128) + ".login", "acme", "db." + strings.Repeat("x", 128) + ".login", ""},
		{"rulebox.v1.acme.db." + strings.Repeat("x", 129) + ".login", "", "", "trigger"},
		{"rulebox.v1.acme." + strings.Repeat("x", 65), "", "", "trigger"},
		{"rulebox.v1.acme.hook.*", "", "", `trigger "hook.*"`},
		{"rulebox.v1.acme.hook.", "", "", `trigger "hook."`},
		{"rulebox.v1.acme.hook.a.b", "", "", "trigger"},
		{"rulebox.v1.acme.db.a", "", "", "trigger"},
		{"rulebox.v1.acme.db.a.b.c", "", "", "trigger"},
		{"rulebox.v1.acme.db..login", "", "", "trigger"},
		{"rulebox.v2.acme.login", "", "", "begin with"},
		{"rulebox.v1.acme", "", "", "trigger"},
		{"rulebox.v1..login", "", "", "tenant"},
		{"rulebox.v1.*.login", "", "", `tenant "*"`},
		{"rulebox.v1.acme.>", "", "", `trigger ">"`},
		{"rulebox.v1.acme.a.b", "", "", `trigger "a.b"`},
		{"rulebox.v1.-x.login", "", "", "tenant"},
		{"rulebox.v1." + strings.Repeat("x", 65) + ".login", "", "", "tenant"},
		{"rulebox.v1.äcme.login", "", "", "tenant"},
	} {
		tenant, trigger, err := parseSubject(c.subject)
		if c.names != "" {
			require.ErrorContains(t, err, c.names)
			require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.tenant, tenant)
		require.Equal(t, c.trigger, trigger)
		subject, err := Subject(tenant, trigger)
		require.NoError(t, err)
		require.Equal(t, c.subject, subject)
	}
}

func TestRemaining(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		ok   bool
		code rulebox.Code
	}{
		{"", 0, false, ""},
		{"1500", 1500 * time.Millisecond, true, ""},
		{"0", 0, true, ""},
		{"-3", -3 * time.Millisecond, true, ""},
		{"9223372036854775807", maxRemaining, true, ""},
		{"9223372036854775808", 0, false, rulebox.CodeInvalid},
		{"1.5", 0, false, rulebox.CodeInvalid},
		{"1s", 0, false, rulebox.CodeInvalid},
	} {
		d, ok, err := remainingOf(nats.Header{HeaderRemaining: {c.text}})
		require.Equal(t, c.code, rulebox.CodeOf(err), c.text)
		require.Equal(t, c.ok, ok, c.text)
		require.Equal(t, c.want, d, c.text)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add(loginSubject, []byte(`{"id":"tx\"","user":{"a":[1,{"b":"}"}]},"context":{}}`))
	for _, c := range badBodies {
		f.Add(loginSubject, []byte(c.body))
	}
	f.Add("rulebox.v1.a.b.c", []byte(`{"user":{},"context":{}}`))
	f.Add("rulebox.v1.a.db.c.login", []byte(`{"args":["a","b"]}`))
	f.Add("rulebox.v1.a.post-login", []byte(`{"event":{},"state":"s"}`))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		inv, id, err := decodeRequest(subject, data)
		if err != nil {
			if inv != nil || rulebox.CodeOf(err) != rulebox.CodeInvalid {
				t.Fatalf("%v with %v", inv, err)
			}
			return
		}
		if !ValidName(inv.Tenant) || !ValidTrigger(inv.Trigger) || request.CheckID(inv.ID) != nil || id != inv.ID {
			t.Fatalf("let pass: %+v", inv)
		}
		for _, arg := range inv.Args {
			if !json.Valid(arg) {
				t.Fatalf("argument %q", arg)
			}
		}
		// What a client would send for it means the same.
		body, err := request.Append(nil, inv)
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err := decodeRequest(subject, body); err != nil || !reflect.DeepEqual(back, inv) {
			t.Fatalf("%+v became %+v (%v)", inv, back, err)
		}
	})
}
