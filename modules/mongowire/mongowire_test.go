package mongowire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wiretest"
	"github.com/rulebox/rulebox/modules/dbwire"
)

func message(answers uint32, flags uint32, doc []byte) []byte {
	var b []byte
	for _, n := range []uint32{uint32(21 + len(doc)), 99, answers, opMsg, flags} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return append(append(b, 0), doc...)
}

var (
	okDoc = newWriter().i32("ok", 1).end()
	ping  = newWriter().i32("ping", 1).str("$db", "admin").end()
	hello = message(1, 0, okDoc)
)

func talk(server []byte, conf *Config) (*Conn, []byte, error) {
	c, err := Connect(context.Background(), wiretest.Server(server), conf)
	if err != nil {
		return nil, nil, err
	}
	reply, err := c.Do(context.Background(), ping)
	return c, reply, err
}

func TestDo(t *testing.T) {
	_, reply, err := talk(append(bytes.Clone(hello), message(2, 0, okDoc)...), &Config{})
	require.NoError(t, err)
	assert.Equal(t, okDoc, reply)
	// With a checksum, which is not looked at.
	sum := message(2, flagChecksum, append(bytes.Clone(okDoc), 1, 2, 3, 4))
	_, reply, err = talk(append(bytes.Clone(hello), sum...), &Config{})
	require.NoError(t, err)
	assert.Equal(t, okDoc, reply)
}

func TestRefused(t *testing.T) {
	c, err := Connect(context.Background(), wiretest.Server(hello), &Config{})
	require.NoError(t, err)
	for _, name := range []string{"saslStart", "SASLCONTINUE", "authenticate", "logout"} {
		_, err := c.Do(context.Background(), newWriter().i32(name, 1).end())
		require.ErrorIs(t, err, ErrRefused)
	}
	_, err = c.Do(context.Background(), []byte("no document"))
	require.ErrorIs(t, err, ErrDocument)
	assert.True(t, c.Usable())
}

// Cursors that are left open are ended when the session is given back.
func TestResetEndsCursors(t *testing.T) {
	open := newWriter().sub(typeDocument, "cursor", newWriter().i64("id", 77<<33).str("ns", "crm.users").end()).i32("ok", 1).end()
	client, server := net.Pipe()
	asked := make(chan []byte, 1)
	go func() {
		read := func() []byte {
			head := make([]byte, 16)
			if _, err := io.ReadFull(server, head); err != nil {
				return nil
			}
			body := make([]byte, binary.LittleEndian.Uint32(head)-16)
			io.ReadFull(server, body)
			return body[5:]
		}
		read()
		server.Write(hello)
		read()
		server.Write(message(2, 0, open))
		asked <- read()
		server.Write(message(3, 0, okDoc))
	}()
	c, err := Connect(context.Background(), client, &Config{})
	require.NoError(t, err)
	_, err = c.Do(context.Background(), ping)
	require.NoError(t, err)
	require.NoError(t, c.Reset(context.Background()))
	doc := <-asked
	assert.Equal(t, "users", find(doc, "killCursors").text())
	assert.Equal(t, "crm", find(doc, "$db").text())
	assert.EqualValues(t, 77<<33, find(find(doc, "cursors").document(), "0").number())
	assert.Empty(t, c.cursors)
}

func TestLies(t *testing.T) {
	with := func(b []byte) []byte { return append(bytes.Clone(hello), b...) }
	patch := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	good := message(2, 0, okDoc)
	for name, server := range map[string][]byte{
		"foreign":            []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"negative length":    with(patch(good, 0, 0xffffffff)),
		"short":              with(patch(good, 0, 20)),
		"huge":               with(patch(good, 0, 0x7fffffff)),
		"another's answer":   with(message(7, 0, okDoc)),
		"old reply":          with(patch(good, 12, 1)),
		"more to come":       with(message(2, flagMore, okDoc)),
		"unknown flag":       with(message(2, 1<<5, okDoc)),
		"document too long":  with(patch(good, 21, 4000)),
		"document too short": with(patch(good, 21, 5)),
		"checksum only":      with(message(2, flagChecksum, []byte{5, 0, 0, 0})),
		"string length":      with(message(2, 0, []byte{14, 0, 0, 0, 2, 'a', 0, 0xff, 0xff, 0xff, 0x7f, 'x', 0, 0})),
		"unknown type":       with(message(2, 0, []byte{8, 0, 0, 0, 0x42, 'a', 0, 0})),
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := talk(server, &Config{})
			var protocol *ProtocolError
			require.True(t, errors.As(err, &protocol), "%v", err)
			assert.True(t, c == nil || !c.Usable())
		})
	}
}

// A login that the server spoils, by its part of SCRAM.
func TestSpoiledLogin(t *testing.T) {
	start := func(payload string) []byte {
		return message(2, 0, newWriter().i32("conversationId", 1).boolean("done", false).bin("payload", []byte(payload)).i32("ok", 1).end())
	}
	for name, payload := range map[string]string{
		"foreign nonce":  "r=evil,s=AAAA,i=4096",
		"no salt":        "r=evil,i=4096",
		"costly":         "r=evil,s=AAAA,i=2000000000",
		"cheap":          "r=evil,s=AAAA,i=1",
		"no such number": "r=evil,s=AAAA,i=x",
		"empty":          "",
	} {
		_, _, err := talk(append(bytes.Clone(hello), start(payload)...), &Config{User: "u", Password: "p"})
		require.ErrorContains(t, err, "SCRAM", name)
	}
	_, _, err := talk(hello, &Config{User: "u", Password: "p", Mechanism: "PLAIN"})
	require.ErrorContains(t, err, "needs TLS")
	_, _, err = talk(hello, &Config{User: "u", Mechanism: "GSSAPI"})
	require.ErrorContains(t, err, "GSSAPI is not available")
}

// A message that is announced and does not come costs no memory.
func TestAnnounced(t *testing.T) {
	b := message(2, 0, okDoc)
	binary.LittleEndian.PutUint32(b, 30<<20)
	var err error
	spent := wiretest.Allocated(func() { _, _, err = talk(append(bytes.Clone(hello), b...), &Config{}) })
	require.ErrorIs(t, err, dbwire.ErrLost)
	assert.Less(t, spent, uint64(1<<20))
}

// Whatever a server says, it is an error or a document.
func FuzzServer(f *testing.F) {
	f.Add([]byte{}, true)
	f.Add(append(bytes.Clone(hello), message(2, 0, okDoc)...), false)
	f.Add(append(bytes.Clone(hello), message(2, 1, okDoc)...), true)
	f.Fuzz(func(t *testing.T, server []byte, login bool) {
		conf := &Config{}
		if login {
			conf.User, conf.Password = "u", "p"
		}
		c, reply, err := talk(server, conf)
		if err == nil && (c == nil || each(reply, func(string, value) bool { return true }) != nil) {
			t.Fatal("neither a document nor an error")
		}
	})
}
