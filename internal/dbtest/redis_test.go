package dbtest

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

func TestRedis(t *testing.T) {
	s := testserver.Redis(t, testserver.Options{})
	runCases(t, "redis.txtar", "redis", s, func(text string) { assert.Empty(t, text, "Redis has no schema") })
}

// redisCrime commits what it is told, or looks for traces; both say which session
// of the server they had.
const redisCrime = `async function login(mode, text, callback) {
	const Redis = require('ioredis');
	const redis = new Redis({ host: configuration.HOST, port: +configuration.PORT, password: configuration.PASSWORD });
	try {
		const session = await redis.client('id');
		const out = [];
		for (const line of JSON.parse(text)) {
			try { out.push(await redis.call(...line.split(' '))); } catch (e) { out.push(e.message); if (mode === 'crime' && !/^lpush/i.test(line)) throw e; }
		}
		callback(null, { session, out });
	} catch (err) { callback(err); }
}`

var redisCrimes = []crime{
	{"database", []string{"set loot secret", "select 5", "set loot other"}, "get loot", `"secret"`},
	{"open transaction", []string{"multi", "set stolen 1"}, "get stolen", `null`},
	{"failed transaction", []string{"multi", "lpush x"}, "ping", `"PONG"`},
	{"watched key", []string{"set watched 1", "watch watched"}, "set watched 2;multi;get watched;exec", `["2"]`},
	{"name", []string{"client setname thief"}, "client getname", `null`},
	{"user", []string{"acl setuser thief on >p ~* +@all", "auth thief p"}, "acl whoami", `"default"`},
	{"reset", []string{"client no-evict on"}, "ping", `"PONG"`},
}

func TestCrimesRedis(t *testing.T) {
	s := testserver.Redis(t, testserver.Options{})
	c := chainOf(s, "redis", "login", redisCrime)
	p := oneConnection(t)
	for _, cr := range redisCrimes {
		t.Run(cr.name, func(t *testing.T) {
			before := runCrime(t, p, c, "crime", cr.commit...)
			after := runCrime(t, p, c, "probe", strings.Split(cr.probe, ";")...)
			assert.Equal(t, before.Session, after.Session, "the session was not used again: this case proves nothing")
			assert.JSONEq(t, cr.want, string(after.Out[len(after.Out)-1]))
		})
	}
}

// A command that waits on the server when its login is over ends with it, and does
// not take from others what comes later.
func TestUnfinishedRedis(t *testing.T) {
	s := testserver.Redis(t, testserver.Options{})
	c := chainOf(s, "redis", "login", `async function login(mode, text, callback) {
		const Redis = require('ioredis');
		const redis = new Redis({ host: configuration.HOST, port: +configuration.PORT, password: configuration.PASSWORD });
		const id = await redis.client('id');
		if (mode === 'leave') { redis.blpop('queue', 600).catch(() => {}); return setTimeout(() => callback(null, { session: id, out: [] }), 50); }
		await redis.rpush('queue', 'mine');
		callback(null, { session: id, out: [await redis.lpop('queue')] });
	}`)
	p := oneConnection(t)
	c.Limits.Wall = 2 * time.Second
	before := runCrime(t, p, c, "leave")
	after := runCrime(t, p, chainOf(s, "redis", "login", c.Scripts[0].Source), "stay") // waits longer than the first may take
	assert.NotEqual(t, before.Session, after.Session)
	assert.JSONEq(t, `"mine"`, string(after.Out[0]))
}

func TestLyingRedis(t *testing.T) {
	closed := func(net.Conn) {}
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"closes at once", closed, "Redis connection lost|ECONNRESET"},
		{"speaks HTTP", answers("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak the Redis protocol"},
		{"short string", func(c net.Conn) {
			c.Read(make([]byte, 1<<16))
			io.WriteString(c, "+OK\r\n+OK\r\n")
			c.Read(make([]byte, 1<<16))
			io.WriteString(c, "$33000000\r\nabc")
		}, "Redis connection lost"},
		{"huge string", answers("+OK\r\n+OK\r\n$99999999999\r\n"), "larger than 32 MiB"},
		{"huge array", answers("+OK\r\n+OK\r\n*2000000000\r\n"), "larger than 32 MiB or 1000000 values"},
		{"says nothing", hang, "ETIMEDOUT"},
		{"is full", answers("-ERR max number of clients reached\r\n-ERR x\r\n"), "max number of clients"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := liar(t, c.do)
			for module, script := range map[string]string{
				"redis":   `const client = require('redis').createClient({ host: configuration.HOST, port: configuration.PORT, password: 'p', connect_timeout: 500 }); client.on('error', callback); client.get('x', callback);`,
				"redis@4": `const client = require('redis@4').createClient({ socket: { host: configuration.HOST, port: configuration.PORT, connectTimeout: 500 }, password: 'p' }); client.on('error', () => {}); client.connect().then(() => client.get('x')).then((v) => callback(null, v), (e) => callback(e.message === 'Socket closed unexpectedly' ? new Error('Redis connection lost') : e));`,
				"ioredis": `const Redis = require('ioredis'); const r = new Redis({ host: configuration.HOST, port: configuration.PORT, password: 'p', connectTimeout: 500 }); r.on('error', () => {}); r.get('x').then((v) => callback(null, v), callback);`,
			} {
				chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.DatabasePrefix + "users.login", Egress: []string{at.String()},
					Configuration: map[string]string{"HOST": at.IP.String(), "PORT": strconv.Itoa(at.Port)},
					Scripts:       []*rulebox.Script{rulebox.NewScript(rulebox.KindDBScript, "login", "function login(email, password, callback) { "+script+" }")}}
				chain.Limits.Wall = 3 * time.Second
				started := time.Now()
				_, err := inProcess(t).Invoke(deadline(t), invocation(chain))
				require.Error(t, err, module)
				assert.Regexp(t, c.want, err.Error(), module)
				assert.Less(t, time.Since(started), 10*time.Second, module)
			}
		})
	}
}

// An address that the tenant may not reach is refused, and says why.
func TestForbiddenRedis(t *testing.T) {
	s := testserver.Redis(t, testserver.Options{})
	c := chainOf(s, "redis", "login", `async function login(mode, text, callback) {
		const Redis = require('ioredis');
		const redis = new Redis({ host: configuration.HOST, port: +configuration.PORT, password: configuration.PASSWORD });
		redis.on('error', () => {});
		redis.ping().then((v) => callback(null, v), callback);
	}`)
	c.Egress = nil
	_, err := jailed(t, 1).Invoke(deadline(t), invocation(c))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "connecting to "+s.Address()+" is not allowed")
}
