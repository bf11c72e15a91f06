package dbtest

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

// peerServer is a peer as the cases see servers.
func peerServer(a *net.TCPAddr, user, password, database string) *testserver.Server {
	return &testserver.Server{Host: a.IP.String(), Port: a.Port, User: user, Password: password, Database: database}
}

func TestMongoDB(t *testing.T) {
	p := newMongoPeer(t, &mongoPeer{user: "rulebox", password: "correct horse"})
	runCases(t, "mongodb.txtar", "mongodb", peerServer(p.addr, p.user, p.password, ""), func(text string) { assert.Empty(t, text, "there is no schema") })
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(t, p.cursors, "cursors are left open")
}

// What a server may do to a login must end in an error that says so, soon.
func TestLyingMongoDB(t *testing.T) {
	secondary := newMongoPeer(t, &mongoPeer{hello: bson.D{{Key: "setName", Value: "rs"}, {Key: "secondary", Value: true}, {Key: "maxWireVersion", Value: int32(9)}}})
	for _, c := range []struct {
		name string
		at   *net.TCPAddr
		want string
	}{
		{"closes at once", liar(t, func(net.Conn) {}), "connection closed|ECONNRESET"},
		{"speaks HTTP", liar(t, answers("HTTP/1.1 400 Bad Request\r\n\r\n")), "does not speak the MongoDB protocol"},
		{"huge", liar(t, answers("\xff\xff\xff\x7f\x01\x00\x00\x00\x01\x00\x00\x00\xdd\x07\x00\x00")), "a message of 2147483647 bytes"},
		{"says nothing", liar(t, hang), "ETIMEDOUT"},
		{"is a secondary", secondary.addr, "is not the primary of its replica set"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, version := range []string{"3.1.4", "4.1.0"} {
				chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Egress: []string{c.at.String()},
					Configuration: map[string]string{"URL": "mongodb://" + c.at.String() + "/?serverSelectionTimeoutMS=500"},
					Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", `function login(email, password, callback) {
						const { MongoClient } = require('mongodb@`+version+`');
						new MongoClient(configuration.URL).connect((err, client) => { if (err) return callback(err); client.db('x').collection('y').findOne({}, callback); });
					}`)}}
				started := time.Now()
				_, err := inProcess(t).Invoke(deadline(t), invocation(chain))
				require.Error(t, err, version)
				assert.Regexp(t, c.want, err.Error(), version)
				assert.Less(t, time.Since(started), 10*time.Second)
			}
		})
	}
}

// The secondary that is asked first names the primary.
func TestMongoDBFindsThePrimary(t *testing.T) {
	primary := newMongoPeer(t, &mongoPeer{hello: bson.D{{Key: "setName", Value: "rs"}, {Key: "isWritablePrimary", Value: true}, {Key: "maxWireVersion", Value: int32(9)}}, old: true})
	secondary := newMongoPeer(t, &mongoPeer{hello: bson.D{{Key: "setName", Value: "rs"}, {Key: "secondary", Value: true}, {Key: "primary", Value: primary.addr.String()}, {Key: "hosts", Value: bson.A{primary.addr.String()}}}})
	chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Egress: []string{primary.addr.String(), secondary.addr.String()},
		Configuration: map[string]string{"URL": "mongodb://" + secondary.addr.String() + "/crm?replicaSet=rs"},
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", `async function login(email, password, callback) {
			const client = await require('mongodb').MongoClient.connect(configuration.URL);
			await client.db().collection('users').insertOne({ email });
			callback(null, await client.db().collection('users').countDocuments({}));
		}`)}}
	res, err := jailed(t, 1).Invoke(deadline(t), invocation(chain))
	require.NoError(t, err)
	assert.JSONEq(t, "1", string(res.Values[0]))
	primary.mu.Lock()
	defer primary.mu.Unlock()
	assert.Len(t, primary.data["crm.users"], 1)
	// The primary may not be where the tenant may not go.
	chain.Egress = chain.Egress[1:]
	fresh := *chain
	_, err = jailed(t, 1).Invoke(deadline(t), invocation(&fresh))
	require.ErrorContains(t, err, "connecting to "+primary.addr.String()+" is not allowed")
}

// One session serves one login after the other; a cursor that is left open does
// not outlive its login, and a command under way ends with it.
func TestMongoDBSessions(t *testing.T) {
	p := newMongoPeer(t, &mongoPeer{user: "u", password: "p"})
	s := peerServer(p.addr, "u", "p", "")
	c := chainOf(s, "mongodb", "login", `async function login(email, password, callback) {
		const client = await new (require('mongodb@4.1.0').MongoClient)(configuration.URL).connect();
		const c = client.db('crm').collection('left');
		if (!await c.countDocuments({})) await c.insertMany(Array.from({ length: 10 }, (_, n) => ({ n })));
		const cursor = c.find({}).batchSize(2);
		callback(null, (await cursor.next()).n);
	}`)
	pool := oneConnection(t)
	for range 3 {
		_, err := pool.Invoke(deadline(t), invocation(c))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.cursors) == 0 }, safety, 10*time.Millisecond, "a cursor outlives its login")
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Equal(t, 1, p.sessions, "each login made a session of its own")
}
