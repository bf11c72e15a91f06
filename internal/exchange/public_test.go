//go:build !race

package exchange

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/testserver"
)

// Packages that scripts of the public require.

func TestSlackWebAPI(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		form, _ := url.ParseQuery(r.Body)
		switch {
		case r.Path == "/users.lookupByEmail":
			answer(w, 200, `{"ok":false,"error":"users_not_found"}`)
		case form.Get("cursor") == "" && r.Path == "/users.list":
			answer(w, 200, `{"ok":true,"members":[{"id":"U1"}],"response_metadata":{"next_cursor":"next="}}`)
		case r.Path == "/users.list":
			answer(w, 200, `{"ok":true,"members":[{"id":"U2"}],"response_metadata":{"next_cursor":""}}`)
		default:
			answer(w, 200, `{"ok":true,"channel":"C1","ts":"1503435956.000247"}`)
		}
	})
	all := invokers(t)
	for _, version := range []string{"6", "7"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
				const { WebClient, ErrorCode } = require('@slack/web-api@` + version + `');
				const web = new WebClient('xoxb-1', { slackApiUrl: 'http://' + configuration.ADDR + '/' });
				const sent = await web.chat.postMessage({ channel: 'C1', text: 'Signed in: ü & co', blocks: [{ type: 'divider' }] });
				let failed;
				try { await web.users.lookupByEmail({ email: 'a@b.test' }); } catch (e) { failed = [e.code === ErrorCode.PlatformError, e.data.error, e.message]; }
				const ids = [];
				for await (const page of web.paginate('users.list', { limit: 1 })) ids.push(...page.members.map((m) => m.id));
				return [sent.ok, sent.ts, failed, ids];`}
			e.everywhere(t, all, `[true,"1503435956.000247",[true,"users_not_found","An API error occurred: users_not_found"],["U1","U2"]]`)
			list := got.take()
			require.Len(t, list, 4*len(all))
			assert.Equal(t, "POST /chat.postMessage", list[0].Method+" "+list[0].Path)
			assert.Equal(t, "Bearer xoxb-1", list[0].Header.Get("Authorization"))
			form, err := url.ParseQuery(list[0].Body)
			require.NoError(t, err)
			assert.Equal(t, url.Values{"channel": {"C1"}, "text": {"Signed in: ü & co"}, "blocks": {`[{"type":"divider"}]`}}, form)
		})
	}
}

func TestFingerprint(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.Path, "none") {
			answer(w, 404, `{"error":{"code":"RequestNotFound","message":"request id not found"}}`)
			return
		}
		answer(w, 200, `{"products":{"identification":{"data":{"visitorId":"v1","confidence":{"score":1}}}}}`)
	})
	all := invokers(t)
	e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const { FingerprintJsServerApiClient, Region, RequestError } = require('@fingerprintjs/fingerprintjs-pro-server-api');
		const client = new FingerprintJsServerApiClient({ apiKey: 'key', region: Region.EU,
			fetch: (at, init) => fetch(String(at.url || at).replace('https://eu.api.fpjs.io', 'http://' + configuration.ADDR), init) });
		const event = await client.getEvent('r1');
		let failed;
		try { await client.getEvent('none'); } catch (e) { failed = [e instanceof RequestError, e.statusCode, e.message]; }
		return [event.products.identification.data.visitorId, failed];`}
	e.everywhere(t, all, `["v1",[true,404,"request id not found"]]`)
	list := got.take()
	require.Len(t, list, 2*len(all))
	assert.True(t, strings.HasPrefix(list[0].Path, "/events/r1?"), list[0].Path)
	assert.Equal(t, "key", list[0].Header.Get("Auth-API-Key"))
}

func TestSentry(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) { answer(w, 200, `{"id":"1"}`) })
	all := invokers(t)
	e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const Sentry = require('@sentry/node');
		require('@sentry/tracing');
		Sentry.init({ dsn: 'http://public@' + configuration.ADDR + '/42', environment: 'login', release: 'r1', tracesSampleRate: 1 });
		Sentry.setUser({ id: user.user_id });
		Sentry.setTag('tenant', 'acme');
		const transaction = Sentry.startTransaction({ op: 'rule', name: 'a rule' });
		try { null.x; } catch (e) { Sentry.captureException(e); }
		Sentry.captureMessage('a message', 'warning');
		transaction.finish();
		return [await Sentry.flush(5000)];`}
	e.everywhere(t, all, `[true]`)
	list := got.take()
	kinds := map[string]int{}
	for _, r := range list {
		assert.Equal(t, "POST /api/42/envelope/", r.Method+" "+strings.SplitN(r.Path, "?", 2)[0])
		assert.Contains(t, r.Path, "sentry_key=public")
		lines := strings.Split(r.Body, "\n")
		require.GreaterOrEqual(t, len(lines), 3)
		if strings.Contains(lines[1], `"session`) {
			continue // what it counts errors for
		}
		var event struct {
			Type, Environment, Message string
			Timestamp                  float64
			User                       struct{ ID string }
			Tags                       map[string]string
			Exception                  struct {
				Values []struct {
					Type       string
					Stacktrace struct{ Frames []map[string]any }
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(lines[2]), &event))
		assert.Equal(t, []string{"login", "auth0|1", "acme"}, []string{event.Environment, event.User.ID, event.Tags["tenant"]})
		var head struct {
			SentAt time.Time `json:"sent_at"`
		}
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &head))
		assert.LessOrEqual(t, event.Timestamp, float64(head.SentAt.UnixMilli()+100)/1000, "performance counts with the clock")
		switch {
		case event.Type == "transaction":
			kinds["transaction"]++
		case event.Message == "a message":
			kinds["message"]++
		case len(event.Exception.Values) == 1 && event.Exception.Values[0].Type == "TypeError":
			kinds["exception"]++
			assert.NotEmpty(t, event.Exception.Values[0].Stacktrace.Frames)
		}
	}
	assert.Equal(t, map[string]int{"transaction": len(all), "message": len(all), "exception": len(all)}, kinds)
}

func TestPostgresJS(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	all := invokers(t)
	e := exchange{configuration: map[string]string{"HOST": s.Host, "PORT": strconv.Itoa(s.Port), "USER": s.User, "PASSWORD": s.Password, "DATABASE": s.Database}, egress: []string{s.Address()}, body: `
		const postgres = require('postgres');
		const { HOST, PORT, USER, PASSWORD, DATABASE } = configuration;
		const sql = postgres({ host: HOST, port: +PORT, username: USER, password: PASSWORD, database: DATABASE, max: 1, onnotice: () => {} });
		try {
			await sql` + "`CREATE TEMP TABLE users (id int, email text, meta jsonb, at timestamptz)`" + `;
			const list = [{ id: 1, email: "o'neil@example.test", meta: sql.json({ plan: 'gold' }), at: new Date(0) }, { id: 2, email: 'b@example.test', meta: null, at: null }];
			await sql` + "`INSERT INTO users ${sql(list)}`" + `;
			const [one] = await sql` + "`SELECT * FROM users WHERE email = ${list[0].email}`" + `;
			const many = await sql` + "`SELECT id FROM users WHERE id IN ${sql([1, 2, 3])} ORDER BY id`" + `;
			const counted = await sql.begin(async (tx) => { await tx` + "`DELETE FROM users WHERE id = 2`" + `; return (await tx` + "`SELECT count(*)::int AS n FROM users`" + `)[0].n; });
			let failed;
			try { await sql` + "`SELECT * FROM absent`" + `; } catch (e) { failed = [e.name, e.code, e.message]; }
			return [one.email, one.meta, one.at instanceof Date, many.map((r) => r.id), many.count, counted, failed];
		} finally { await sql.end(); }`}
	e.everywhere(t, all, `["o'neil@example.test",{"plan":"gold"},true,[1,2],2,1,["PostgresError","42P01","relation \"absent\" does not exist"]]`)
	wrong := e
	wrong.configuration = map[string]string{"HOST": s.Host, "PORT": strconv.Itoa(s.Port), "USER": s.User, "PASSWORD": "no", "DATABASE": s.Database}
	_, err := wrong.run(t, all["pool"])
	assert.ErrorContains(t, err, "password authentication failed")
}
