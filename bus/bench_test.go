package bus

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
	"github.com/stretchr/testify/require"
)

// benchBody is a request with the size of a login's.
func benchBody() []byte {
	part := `{"user_id":"auth0|5f7c8ec7c33c6c004bbafe82","identities":[` + strings.Repeat(`{"provider":"auth0","connection":"users","isSocial":false},`, 34) + `{}]}`
	body, err := request.Append(nil, &rulebox.Invocation{ID: "0123456789012345678901", Trigger: "login", Args: []json.RawMessage{[]byte(part), []byte(part)}})
	if err != nil {
		panic(err)
	}
	return body
}

// BenchmarkHop measures what a login's way costs without any rule, one request
// at a time, as ratios to a plain NATS request and reply of the same body within
// one account. All take turns, so that a busy machine weighs on each alike.
//
//	permissions  within the nodes' account, with a tenant's permissions
//	import       from a credential's own account
//	login        Client and Serve: import, and decoding and encoding
func BenchmarkHop(b *testing.B) {
	// Serve listens to all that clients may send to: the plain echo has a server
	// of its own.
	served := startServer(b, ServerOptions{})
	startNode(b, served, ServeOptions{Handler: handlerFunc(echo)})
	s := startServer(b, ServerOptions{})
	body := benchBody()
	node, err := s.Conn()
	require.NoError(b, err)
	defer node.Close()
	const echoSubject = "rulebox.v1.acme.echo.x"
	_, err = node.QueueSubscribe(echoSubject, serveQueue, func(m *nats.Msg) { _ = m.Respond(m.Data) })
	require.NoError(b, err)

	k, err := openKeys(s.l)
	require.NoError(b, err)
	permissions := jwt.Permissions{}
	permissions.Pub.Allow.Add("rulebox.v1.acme.>")
	permissions.Sub.Allow.Add("_INBOX.>")
	confined, err := newUser(k.nodes, "x", permissions)
	require.NoError(b, err)
	dial := func(option nats.Option) *nats.Conn {
		conn, err := nats.Connect(s.URL(), option)
		require.NoError(b, err)
		b.Cleanup(conn.Close)
		return conn
	}
	plain := func(conn *nats.Conn) func() error {
		return func() error {
			_, err := conn.Request(echoSubject, body, safety)
			return err
		}
	}
	imported, _ := dialAs(b, s, "import", "acme")
	client := connectAs(b, served, "login", "acme")
	inv, _, err := decodeRequest(loginSubject, body)
	require.NoError(b, err)
	ways := []struct {
		name string
		ask  func() error
		took []time.Duration
	}{
		{name: "echo", ask: plain(dial(nats.UserCredentials(s.l.nodeCreds())))},
		{name: "permissions", ask: plain(dial(nats.UserCredentialBytes(confined)))},
		{name: "import", ask: plain(imported)},
		{name: "login", ask: func() error {
			_, err := client.Invoke(context.Background(), inv)
			return err
		}},
	}
	for b.Loop() {
		for i := range ways {
			start := time.Now()
			if err := ways[i].ask(); err != nil {
				b.Fatal(ways[i].name, err)
			}
			ways[i].took = append(ways[i].took, time.Since(start))
		}
	}
	var floor float64
	for i := range ways {
		took := ways[i].took
		slices.Sort(took)
		p50 := float64(took[len(took)/2])
		if i == 0 {
			floor = p50
			b.ReportMetric(p50/1e3, "echo-µs")
			continue
		}
		b.ReportMetric(p50/floor, ways[i].name+"/echo")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := benchBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeRequest(loginSubject, body); err != nil {
			b.Fatal(err)
		}
	}
}
