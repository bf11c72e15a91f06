//go:build !race

package exchange

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestTwilio(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		form, _ := url.ParseQuery(r.Body)
		if form.Get("To") == "+1" {
			answer(w, 400, `{"code":21211,"message":"The 'To' number +1 is not a valid phone number.","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`)
			return
		}
		answer(w, 201, `{"sid":"SM1","status":"queued","to":"`+form.Get("To")+`","date_created":"Thu, 30 Jul 2015 20:12:31 +0000"}`)
	})
	all := invokers(t)
	for _, version := range []string{"3", "4", "5"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
				const twilio = require('twilio@` + version + `');
				const client = twilio('AC0123456789', 'token');
				client.api.baseUrl = 'http://' + configuration.ADDR;
				const m = await client.messages.create({ to: '+15551234', from: '+15550000', body: 'Your code is 42 & more' });
				let failed;
				try { await client.messages.create({ to: '+1', from: '+15550000', body: 'x' }); } catch (e) { failed = [e.status, e.code, e.message]; }
				return [m.sid, m.status, m.to, m.dateCreated instanceof Date, failed];`}
			e.everywhere(t, all, `["SM1","queued","+15551234",true,[400,21211,"The 'To' number +1 is not a valid phone number."]]`)
			list := got.take()
			require.Len(t, list, 2*len(all))
			for _, r := range list {
				assert.Equal(t, "POST /2010-04-01/Accounts/AC0123456789/Messages.json", r.Method+" "+r.Path)
				assert.Equal(t, basic("AC0123456789", "token"), r.Header.Get("Authorization"))
				assert.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
			}
			form, err := url.ParseQuery(list[0].Body)
			require.NoError(t, err)
			assert.Equal(t, url.Values{"To": {"+15551234"}, "From": {"+15550000"}, "Body": {"Your code is 42 & more"}}, form)
		})
	}
}

func TestStripe(t *testing.T) {
	var tries atomic.Int64
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("Request-Id", "req_1")
		switch {
		case r.Path == "/v1/customers/none":
			answer(w, 404, `{"error":{"code":"resource_missing","message":"No such customer: 'none'","param":"id","type":"invalid_request_error"}}`)
		case r.Path == "/v1/charges":
			answer(w, 402, `{"error":{"code":"card_declined","decline_code":"generic_decline","message":"Your card was declined.","type":"card_error"}}`)
		case r.Path == "/v1/refunds" && tries.Add(1)%2 == 1:
			w.Header().Set("Stripe-Should-Retry", "true")
			answer(w, 500, `{"error":{"message":"try again","type":"api_error"}}`)
		case r.Path == "/v1/refunds":
			answer(w, 200, `{"id":"re_1","object":"refund"}`)
		case strings.HasPrefix(r.Path, "/v1/customers?"):
			answer(w, 200, `{"object":"list","has_more":false,"url":"/v1/customers","data":[{"id":"cus_1"},{"id":"cus_2"}]}`)
		default:
			answer(w, 200, `{"id":"cus_1","object":"customer","email":"a@b.test"}`)
		}
	})
	host, port, _ := strings.Cut(addr, ":")
	all := invokers(t)
	for _, version := range []string{"8", "17"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"HOST": host, "PORT": port}, egress: []string{addr}, body: `
				const stripe = require('stripe@` + version + `')('sk_test_1', { host: configuration.HOST, port: configuration.PORT, protocol: 'http', maxNetworkRetries: 1 });
				const c = await stripe.customers.create({ email: 'a@b.test', metadata: { user_id: 'auth0|1' }, address: { city: 'Oslo' } });
				const list = await stripe.customers.list({ email: 'a@b.test', limit: 2 });
				const fail = (p) => p.then(() => 'ok', (e) => [e.type, e.code, e.statusCode, e.message, e.requestId, e instanceof Error]);
				const missing = await fail(stripe.customers.retrieve('none'));
				const declined = await fail(stripe.charges.create({ amount: 1, currency: 'nok', source: 'tok' }));
				const refund = await stripe.refunds.create({ charge: 'ch_1' }, { idempotencyKey: 'mine' });
				return [c.id, list.data.map((x) => x.id), missing, declined, refund.id];`}
			e.everywhere(t, all, `["cus_1",["cus_1","cus_2"],["StripeInvalidRequestError","resource_missing",404,"No such customer: 'none'","req_1",true],
				["StripeCardError","card_declined",402,"Your card was declined.","req_1",true],"re_1"]`)
			list := got.take()
			require.Len(t, list, 6*len(all))
			first := list[0]
			assert.Equal(t, "POST /v1/customers", first.Method+" "+first.Path)
			assert.Equal(t, "Bearer sk_test_1", first.Header.Get("Authorization"))
			form, err := url.ParseQuery(first.Body)
			require.NoError(t, err)
			assert.Equal(t, url.Values{"email": {"a@b.test"}, "metadata[user_id]": {"auth0|1"}, "address[city]": {"Oslo"}}, form)
			assert.NotEmpty(t, first.Header.Get("Idempotency-Key"), "so that a retry does no harm")
			assert.Equal(t, "/v1/customers?email=a%40b.test&limit=2", list[1].Path)
			assert.Equal(t, []string{"/v1/refunds", "/v1/refunds", "mine", "mine"}, []string{list[4].Path, list[5].Path, list[4].Header.Get("Idempotency-Key"), list[5].Header.Get("Idempotency-Key")})
		})
	}
}

func TestSendGrid(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.Body, "nobody") {
			answer(w, 400, `{"errors":[{"message":"Does not contain a valid address.","field":"to"}]}`)
			return
		}
		w.Header().Set("X-Message-Id", "m1")
		w.WriteHeader(202)
	})
	all := invokers(t)
	e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const mail = require('@sendgrid/mail');
		mail.setApiKey('SG.key');
		mail.client.setDefaultRequest('baseUrl', 'http://' + configuration.ADDR + '/');
		const [res] = await mail.send({ to: 'bob@example.test', from: 'a@b.test', subject: 'Hi', text: 'x', html: '<b>x</b>', attachments: [{ content: Buffer.from('f').toString('base64'), filename: 'f.txt' }] });
		let failed;
		try { await mail.send({ to: 'nobody@x.test', from: 'a@b.test', subject: 'Hi', text: 'x' }); } catch (e) { failed = [e.code, e.message, e.response.body.errors[0].field]; }
		return [res.statusCode, res.headers['x-message-id'], failed];`}
	e.everywhere(t, all, `[202,"m1",[400,"Bad Request","to"]]`)
	list := got.take()
	require.Len(t, list, 2*len(all))
	assert.Equal(t, "POST /v3/mail/send", list[0].Method+" "+list[0].Path)
	assert.Equal(t, "Bearer SG.key", list[0].Header.Get("Authorization"))
	assert.JSONEq(t, `{"from":{"email":"a@b.test"},"subject":"Hi","personalizations":[{"to":[{"email":"bob@example.test"}]}],
		"content":[{"value":"x","type":"text/plain"},{"value":"<b>x</b>","type":"text/html"}],"attachments":[{"content":"Zg==","filename":"f.txt"}]}`, list[0].Body)
}

// Analytics are fire and forget: they arrive after the callback.
func TestAnalytics(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.HasPrefix(r.Path, "/track") || strings.HasPrefix(r.Path, "/engage") {
			answer(w, 200, "1")
			return
		}
		answer(w, 200, `{"success":true}`)
	})
	host, _, _ := strings.Cut(addr, ":")
	all := invokers(t)
	t.Run("mixpanel", func(t *testing.T) {
		e := exchange{configuration: map[string]string{"ADDR": addr, "HOST": host}, egress: []string{addr}, body: `
			const mixpanel = require('mixpanel').init('tok', { protocol: 'http', host: configuration.ADDR, keepAlive: false });
			const { promisify } = require('util');
			await promisify(mixpanel.track.bind(mixpanel))('Sign In', { distinct_id: 'u1', ip: '1.2.3.4' });
			await new Promise((ok, no) => mixpanel.people.set('u1', { plan: 'gold' }, (e) => e ? no(e) : ok()));
			return 'sent';`}
		e.everywhere(t, all, `"sent"`)
		list := got.take()
		require.Len(t, list, 2*len(all))
		var event []map[string]any
		decodeMixpanel(t, list[0], &event)
		assert.Equal(t, "Sign In", event[0]["event"])
		assert.Equal(t, "u1", event[0]["properties"].(map[string]any)["distinct_id"])
		assert.Equal(t, "tok", event[0]["properties"].(map[string]any)["token"])
	})
	t.Run("analytics-node", func(t *testing.T) {
		e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
			const Analytics = require('analytics-node');
			const a = new Analytics('write-key', { host: 'http://' + configuration.ADDR, flushAt: 1 });
			await new Promise((ok, no) => a.track({ userId: 'u1', event: 'Logged In', properties: { n: 1 } }, (e) => e ? no(e) : ok()));
			await new Promise((ok, no) => a.identify({ userId: 'u1', traits: { plan: 'gold' } }, (e) => e ? no(e) : ok()));
			return 'sent';`}
		e.everywhere(t, all, `"sent"`)
		list := got.take()
		require.Len(t, list, 2*len(all))
		assert.Equal(t, "POST /v1/batch", list[0].Method+" "+list[0].Path)
		assert.Equal(t, basic("write-key", ""), list[0].Header.Get("Authorization"))
		var sent struct{ Batch []map[string]any }
		require.NoError(t, json.Unmarshal([]byte(list[0].Body), &sent))
		assert.Equal(t, []any{"track", "Logged In", "u1"}, []any{sent.Batch[0]["type"], sent.Batch[0]["event"], sent.Batch[0]["userId"]})
	})
}

// decodeMixpanel reads the data of a request to /track, which is in the query
// or in a form.
func decodeMixpanel(t *testing.T, r request, to any) {
	t.Helper()
	u, err := url.Parse(r.Path)
	require.NoError(t, err)
	data := u.Query().Get("data")
	if data == "" {
		form, err := url.ParseQuery(r.Body)
		require.NoError(t, err)
		data = form.Get("data")
	}
	raw := []byte(r.Body)
	if data != "" {
		raw, err = base64.StdEncoding.DecodeString(data)
		require.NoError(t, err)
	}
	if len(raw) > 0 && raw[0] == '{' {
		raw = []byte(fmt.Sprintf("[%s]", raw))
	}
	require.NoError(t, json.Unmarshal(raw, to), string(raw))
}
