//go:build !race

package exchange

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No package gets to what the policy forbids. HOST is, in turn, each way to name
// the victim, which listens on this machine, and addresses where credentials are;
// PORT is the victim's. A script returns 'reached' if it got an answer.
var attempts = map[string]string{
	"nodemailer":         `const n = require('nodemailer'); await n.createTransport({ host: HOST, port: PORT, connectionTimeout: 5000 }).sendMail({ from: 'a@b.test', to: 'c@d.test', text: 'x' }); return 'reached';`,
	"ldapjs":             `const c = require('ldapjs').createClient({ url: 'ldap://' + URLHOST + ':' + PORT }); return new Promise((ok, no) => { c.on('connect', () => ok('reached')); c.on('connectError', no); c.on('error', no); });`,
	"soap":               `await require('soap').createClientAsync('http://' + URLHOST + ':' + PORT + '/?wsdl'); return 'reached';`,
	"aws-sdk":            `const AWS = require('aws-sdk'); const r = await new AWS.S3({ endpoint: 'http://' + URLHOST + ':' + PORT, accessKeyId: 'a', secretAccessKey: 'b', region: 'x', maxRetries: 0, s3ForcePathStyle: true }).listBuckets().promise(); return 'reached';`,
	"@aws-sdk/client-s3": `const { S3Client, ListBucketsCommand } = require('@aws-sdk/client-s3'); await new S3Client({ endpoint: 'http://' + URLHOST + ':' + PORT, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, region: 'x', maxAttempts: 1 }).send(new ListBucketsCommand({})); return 'reached';`,
	"twilio":             `const c = require('twilio@5')('AC1', 't'); c.api.baseUrl = 'http://' + URLHOST + ':' + PORT; await c.messages.create({ to: '+1', from: '+2', body: 'x' }); return 'reached';`,
	"stripe":             `const s = require('stripe@17')('sk', { host: HOST, port: PORT, protocol: 'http', maxNetworkRetries: 0 }); await s.customers.create({}); return 'reached';`,
	"@sendgrid/mail":     `const m = require('@sendgrid/mail'); m.setApiKey('SG.k'); m.client.setDefaultRequest('baseUrl', 'http://' + URLHOST + ':' + PORT + '/'); await m.send({ to: 'a@b.test', from: 'a@b.test', subject: 's', text: 'x' }); return 'reached';`,
	"mixpanel":           `const m = require('mixpanel').init('t', { protocol: 'http', host: URLHOST + ':' + PORT, keepAlive: false }); await new Promise((ok, no) => m.track('e', { distinct_id: 'u' }, (e) => e ? no(e) : ok())); return 'reached';`,
	"analytics-node":     `const A = require('analytics-node'); const a = new A('k', { host: 'http://' + URLHOST + ':' + PORT, flushAt: 1, axiosRetryConfig: { retries: 0 } }); await new Promise((ok, no) => a.track({ userId: 'u', event: 'e' }, (e) => e ? no(e) : ok())); return 'reached';`,
	"openid-client":      `await require('openid-client').Issuer.discover('http://' + URLHOST + ':' + PORT); return 'reached';`,
	"cognito":            `const { CognitoUserPool } = require('amazon-cognito-identity-js'); const p = new CognitoUserPool({ UserPoolId: 'x_y', ClientId: 'c', endpoint: 'http://' + URLHOST + ':' + PORT }); await new Promise((ok, no) => p.signUp('u', 'p', [], [], (e) => e ? no(e) : ok())); return 'reached';`,
	"auth0":              `const { ManagementClient } = require('auth0'); await new ManagementClient({ domain: URLHOST + ':' + PORT, token: 't' }).getUsers(); return 'reached';`,
	"jwks-rsa":           `await require('jwks-rsa')({ jwksUri: 'http://' + URLHOST + ':' + PORT + '/jwks' }).getSigningKeyAsync('k'); return 'reached';`,
	"slack-notify":       `await new Promise((ok, no) => require('slack-notify')('http://' + URLHOST + ':' + PORT + '/').alert('x', (e) => e ? no(e) : ok())); return 'reached';`,
	"@slack/webhook":     `const { IncomingWebhook } = require('@slack/webhook'); await new IncomingWebhook('http://' + URLHOST + ':' + PORT + '/').send('x'); return 'reached';`,
}

func TestNoPackageGetsPastThePolicy(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	var reached atomic.Int64
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			c.Close()
		}
	})
	defer wait.Wait()
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	p := pool(t)
	for name, body := range attempts {
		t.Run(name, func(t *testing.T) {
			for _, host := range []string{"127.0.0.1", "localhost", "::1", "169.254.169.254", "10.0.0.1"} {
				before := p.Stats().DialsRefused
				e := exchange{tenant: name, body: "const HOST = '" + host + "', URLHOST = HOST.includes(':') ? '[' + HOST + ']' : HOST, PORT = " + strconv.Itoa(port) + ";" + body}
				got, err := e.run(t, p)
				assert.Error(t, err, "%s: %s", host, got)
				if err != nil {
					assert.False(t, strings.HasPrefix(err.Error(), "timeout"), "%s: %v", host, explain(err))
				}
				if err != nil && strings.Contains(err.Error(), "Invalid URL") {
					continue // the package does not know such addresses
				}
				assert.Greater(t, p.Stats().DialsRefused, before, "%s: the policy refused it, and not something else: %v", host, explain(err))
			}
		})
	}
	assert.Zero(t, reached.Load(), "connections to this machine")
	assert.Zero(t, p.Stats().Dials, "connections at all")
}

// Without credentials the AWS SDK asks the machine it runs on: in vain.
func TestCredentialsOfTheMachine(t *testing.T) {
	p := pool(t)
	for name, body := range map[string]string{
		"2":           `const AWS = require('aws-sdk'); AWS.config.update({ region: 'eu-north-1' }); await new Promise((ok, no) => AWS.config.getCredentials((e) => e ? no(e) : ok())); return AWS.config.credentials.accessKeyId;`,
		"2, directly": `const AWS = require('aws-sdk'); return new Promise((ok, no) => new AWS.MetadataService({ maxRetries: 0 }).request('/latest/meta-data/', (e, d) => e ? no(e) : ok(d)));`,
		"3":           `const { S3Client, ListBucketsCommand } = require('@aws-sdk/client-s3'); await new S3Client({ region: 'eu-north-1', maxAttempts: 1 }).send(new ListBucketsCommand({})); return 'reached';`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := exchange{body: body}.run(t, p)
			require.Error(t, err, got)
			assert.False(t, strings.HasPrefix(err.Error(), "timeout"), "%v", explain(err))
		})
	}
	assert.Zero(t, p.Stats().Dials)
}
