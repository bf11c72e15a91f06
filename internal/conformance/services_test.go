//go:build !race

package conformance

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// service runs the body of an async function as a rule, with configuration.BASE,
// HOST and PORT, and returns what it returned.
func service(t *testing.T, address, body string) any {
	t.Helper()
	if m, ok := modules.Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	source := "async function (user, context, callback) { const { BASE, HOST, PORT } = configuration; let r; try { r = await (async () => {" + body +
		"\n})(); } catch (e) { callback(e); return; } context.idToken.r = r; callback(null, user, context); }"
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "r", source)},
		Configuration: map[string]string{"BASE": "http://" + address, "HOST": host, "PORT": port}}
	r := runtime.NewRunner(runtime.Options{Host: &dialer{}})
	t.Cleanup(r.Close)
	ctx, cancel := context.WithTimeout(t.Context(), safety)
	defer cancel()
	res, err := r.Invoke(ctx, &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{json.RawMessage(defaultUser), json.RawMessage(defaultContext)}})
	require.NoError(t, err, "%+v", err)
	var out struct{ IDToken struct{ R any } }
	require.NoError(t, json.Unmarshal(res.Values[1], &out))
	return out.IDToken.R
}

func handle(t *testing.T, f func(w http.ResponseWriter, req *http.Request, body string)) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		f(w, req, string(body))
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestTwilioSendsAMessage(t *testing.T) {
	for _, version := range []string{"3", "4", "5"} {
		addr := handle(t, func(w http.ResponseWriter, req *http.Request, body string) {
			user, password, _ := req.BasicAuth()
			assert.Equal(t, []string{"AC1", "token"}, []string{user, password})
			assert.Equal(t, "POST /2010-04-01/Accounts/AC1/Messages.json", req.Method+" "+req.URL.Path)
			assert.Equal(t, "To=%2B491701234567&From=%2B15005550006&Body=code%3A%20123%20%26%20%C3%A9", strings.ReplaceAll(body, "+", "%20"))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, `{"sid": "SM1", "status": "queued"}`)
		})
		got := service(t, addr, `const client = require('twilio@`+version+`')('AC1', 'token');
			client.api.baseUrl = BASE;
			const m = await client.messages.create({ to: '+491701234567', from: '+15005550006', body: 'code: 123 & é' });
			return [m.sid, m.status];`)
		assert.Equal(t, []any{"SM1", "queued"}, got, version)
	}
}

func TestTwilioTellsTheServicesError(t *testing.T) {
	addr := handle(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code": 21211, "message": "The 'To' number is not a valid phone number.", "more_info": "https://x.example", "status": 400}`)
	})
	got := service(t, addr, `const client = require('twilio@4')('AC1', 'token');
		client.api.baseUrl = BASE;
		return client.messages.create({ to: 'x', from: '+1', body: '' }).catch((e) => [e.code, e.status, e.message]);`)
	assert.Equal(t, []any{21211.0, 400.0, "The 'To' number is not a valid phone number."}, got)
}

func TestStripeCreatesACustomer(t *testing.T) {
	for _, version := range []string{"8", "17"} {
		calls := 0
		addr := handle(t, func(w http.ResponseWriter, req *http.Request, body string) {
			calls++
			assert.Equal(t, "Bearer sk_test_1", req.Header.Get("Authorization"))
			w.Header().Set("Content-Type", "application/json")
			if calls > 1 {
				assert.Equal(t, "GET /v1/customers?email=a%40b.example&limit=1", req.Method+" "+req.RequestURI)
				w.WriteHeader(http.StatusPaymentRequired)
				io.WriteString(w, `{"error": {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}}`)
				return
			}
			assert.Equal(t, "POST /v1/customers", req.Method+" "+req.URL.Path)
			assert.Equal(t, "email=a%40b.example&metadata[user_id]=auth0%7C1", body)
			io.WriteString(w, `{"id": "cus_1", "object": "customer"}`)
		})
		got := service(t, addr, `const stripe = require('stripe@`+version+`')('sk_test_1', { host: HOST, port: PORT, protocol: 'http', maxNetworkRetries: 0 });
			const c = await stripe.customers.create({ email: 'a@b.example', metadata: { user_id: user.user_id } });
			const e = await stripe.customers.list({ email: 'a@b.example', limit: 1 }).catch((e) => e);
			return [c.id, e.type, e.code, e.statusCode];`)
		assert.Equal(t, []any{"cus_1", "StripeCardError", "card_declined", 402.0}, got, version)
	}
}

// signature is the AWS signature, version 4, of the request, made from what the
// header says was signed.
func signature(req *http.Request, body, secret string) (given, want string) {
	auth := req.Header.Get("Authorization")
	field := func(name string) string {
		_, v, _ := strings.Cut(auth, name+"=")
		v, _, _ = strings.Cut(v, ",")
		return v
	}
	_, scope, _ := strings.Cut(field("Credential"), "/")
	var headers strings.Builder
	for name := range strings.SplitSeq(field("SignedHeaders"), ";") {
		v := req.Header.Get(name)
		switch name {
		case "host":
			v = req.Host
		case "content-length":
			v = fmt.Sprint(req.ContentLength)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(v), " "))
	}
	sum := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	mac := func(key []byte, s string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(s))
		return h.Sum(nil)
	}
	canonical := strings.Join([]string{req.Method, req.URL.EscapedPath(), req.URL.RawQuery, headers.String(), field("SignedHeaders"), sum(body)}, "\n")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	text := strings.Join([]string{"AWS4-HMAC-SHA256", req.Header.Get("X-Amz-Date"), scope, sum(canonical)}, "\n")
	return field("Signature"), hex.EncodeToString(mac(key, text))
}

func TestAWSRequestsAreSigned(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG"
	for name, code := range map[string]string{
		"2": `const AWS = require('aws-sdk');
			const db = new AWS.DynamoDB.DocumentClient({ endpoint: BASE, region: 'eu-west-1', accessKeyId: 'AKID', secretAccessKey: SECRET, maxRetries: 0 });
			return (await db.get({ TableName: 'users', Key: { id: 'é' } }).promise()).Item;`,
		"3": `const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
			const { DynamoDBDocumentClient, GetCommand } = require('@aws-sdk/lib-dynamodb');
			const db = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: BASE, region: 'eu-west-1', credentials: { accessKeyId: 'AKID', secretAccessKey: SECRET }, maxAttempts: 1 }));
			return (await db.send(new GetCommand({ TableName: 'users', Key: { id: 'é' } }))).Item;`,
	} {
		t.Run(name, func(t *testing.T) {
			addr := handle(t, func(w http.ResponseWriter, req *http.Request, body string) {
				given, want := signature(req, body, secret)
				assert.Equal(t, want, given, "the signature")
				assert.Equal(t, "DynamoDB_20120810.GetItem", req.Header.Get("X-Amz-Target"))
				assert.JSONEq(t, `{"TableName": "users", "Key": {"id": {"S": "é"}}}`, body)
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				io.WriteString(w, `{"Item": {"id": {"S": "é"}, "roles": {"L": [{"S": "admin"}]}, "n": {"N": "5"}}}`)
			})
			got := service(t, addr, strings.ReplaceAll(code, "SECRET", "'"+secret+"'"))
			assert.Equal(t, map[string]any{"id": "é", "roles": []any{"admin"}, "n": 5.0}, got)
		})
	}
}

// smtp answers one session as a server does, and returns what was said and sent.
func smtp(t *testing.T) (string, <-chan []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	said := make(chan []string, 1)
	go func() {
		var lines []string
		defer func() { said <- lines }()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := textproto.NewReader(bufio.NewReader(c))
		io.WriteString(c, "220 mail.example ESMTP\r\n")
		for {
			line, err := r.ReadLine()
			if err != nil {
				return
			}
			lines = append(lines, line)
			answer := "250 ok\r\n"
			switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
			case "EHLO":
				answer = "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
			case "AUTH":
				answer = "235 accepted\r\n"
			case "DATA":
				io.WriteString(c, "354 go on\r\n")
				text, err := r.ReadDotLines()
				if err != nil {
					return
				}
				lines = append(lines, text...)
			case "QUIT":
				io.WriteString(c, "221 bye\r\n")
				return
			}
			io.WriteString(c, answer)
		}
	}()
	return l.Addr().String(), said
}

func TestNodemailerSendsByESMTP(t *testing.T) {
	addr, said := smtp(t)
	got := service(t, addr, `const transport = require('nodemailer').createTransport({ host: HOST, port: PORT, secure: false, ignoreTLS: true, auth: { user: 'u', pass: 'p' } });
		const info = await transport.sendMail({ from: 'a@x.example', to: 'b@x.example', subject: 'Code', text: 'the code\n.\nis 123' });
		transport.close();
		return [info.accepted, info.response];`)
	assert.Equal(t, []any{[]any{"b@x.example"}, "250 ok"}, got)
	lines := strings.Join(<-said, "\n")
	for _, part := range []string{"AUTH PLAIN AHUAcA==", "MAIL FROM:<a@x.example>", "RCPT TO:<b@x.example>", "Subject: Code", "the code\n.\nis 123"} {
		assert.Contains(t, lines, part)
	}
}
