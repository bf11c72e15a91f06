package rediswire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wiretest"
	"github.com/rulebox/rulebox/modules/dbwire"
)

const ok = "+OK\r\n"

func talk(server string, cmds ...string) (*Conn, []any, error) {
	c, err := Connect(context.Background(), wiretest.Server(server), &Config{})
	if err != nil {
		return nil, nil, err
	}
	list := make([][][]byte, len(cmds))
	for i, cmd := range cmds {
		list[i] = bytes.Fields([]byte(cmd))
	}
	replies, err := c.Do(context.Background(), list)
	return c, replies, err
}

func TestReplies(t *testing.T) {
	_, got, err := talk(ok+"+PONG\r\n:-42\r\n$-1\r\n$0\r\n\r\n$4\r\n\r\n\x00\xff\r\n*2\r\n:1\r\n*-1\r\n-WRONGTYPE no\r\n", "a", "b", "c", "d", "e", "f", "g")
	require.NoError(t, err)
	assert.Equal(t, []any{"PONG", int64(-42), nil, []byte{}, []byte("\r\n\x00\xff"), []any{int64(1), nil}, Error("WRONGTYPE no")}, got)
}

// What a login may be answered.
func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		conf   Config
		server string
		want   string
	}{
		"no password needed": {Config{Password: "p"}, "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n" + ok, ""},
		"old server":         {Config{Password: "p"}, "-ERR Client sent AUTH, but no password is set\r\n" + ok, ""},
		"wrong":              {Config{Password: "p"}, "-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n", "WRONGPASS"},
		"user unknown":       {Config{User: "u", Password: "p"}, "-ERR Client sent AUTH, but no password is set\r\n" + ok, "no password is set"},
		"missing":            {Config{}, "-NOAUTH Authentication required.\r\n", "NOAUTH"},
		"no such database":   {Config{Database: 99}, "-ERR DB index is out of range\r\n", "out of range"},
		"no names":           {Config{Name: "x"}, "-ERR unknown command\r\n" + ok, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Connect(context.Background(), wiretest.Server(c.server), &c.conf)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

// What would unsettle the order of replies is not sent, and the session goes on.
func TestRefused(t *testing.T) {
	for _, cmd := range []string{"subscribe x", "MONITOR", "client reply off", "Client TRACKING on", "hello 3", "psync ? -1", "reset", "quit", ""} {
		c, _, err := talk(ok, cmd)
		var refused *Refused
		require.True(t, errors.As(err, &refused), "%s: %v", cmd, err)
		assert.True(t, c.Usable())
	}
}

func TestLies(t *testing.T) {
	for name, server := range map[string]string{
		"foreign":         "HTTP/1.1 400 Bad Request\r\n",
		"number":          ":12x\r\n",
		"no line's end":   "+OK\n",
		"length":          "$x\r\n",
		"negative":        "$-2\r\n",
		"short string":    "$2\r\nabc\r\n",
		"negative array":  "*-2\r\n",
		"deep":            strings.Repeat("*1\r\n", 100),
		"endless line":    "+" + strings.Repeat("x", 1<<17),
		"RESP3":           "%1\r\n+a\r\n+b\r\n",
		"too large":       "$999999999999\r\n",
		"too many":        "*99999999\r\n",
		"beyond integers": "$99999999999999999999999\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := talk(ok+server, "GET x")
			require.Error(t, err)
			var protocol *ProtocolError
			assert.True(t, errors.As(err, &protocol) || errors.Is(err, ErrTooLarge), "%v", err)
			assert.False(t, c.Usable())
		})
	}
}

// What is announced and does not come costs no memory.
func TestAnnounced(t *testing.T) {
	for _, server := range []string{"$33000000\r\nabc", "*900000\r\n:1\r\n"} {
		var err error
		spent := wiretest.Allocated(func() { _, _, err = talk(ok+server, "GET x") })
		require.ErrorIs(t, err, dbwire.ErrLost)
		assert.Less(t, spent, uint64(1<<20))
	}
}

// A server that answers without reading does not stop a large request for ever.
func TestBothTalk(t *testing.T) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.WriteString(server, ok+strings.Repeat(ok, 2))
		io.Copy(io.Discard, server)
	}()
	go io.CopyN(io.Discard, server, 24) // SELECT 0
	c, err := Connect(context.Background(), client, &Config{})
	require.NoError(t, err)
	big := bytes.Repeat([]byte("x"), 1<<20)
	replies, err := c.Do(context.Background(), [][][]byte{{[]byte("SET"), []byte("a"), big}, {[]byte("SET"), []byte("b"), big}})
	require.NoError(t, err)
	assert.Equal(t, []any{"OK", "OK"}, replies)
	c.Close()
	<-done
}

// Whatever a server says, it is an error or as many replies as commands.
func FuzzServer(f *testing.F) {
	for _, s := range []string{"", ok, ok + ok + ":1\r\n", ok + "*2\r\n$1\r\na\r\n*0\r\n-E x\r\n", ok + "$-1\r\n*-1\r\n", ok + "*1000000\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, server string) {
		c, replies, err := talk(server, "GET a", "GET b")
		if c == nil && err == nil || err == nil && len(replies) != 2 {
			t.Fatal("neither replies nor an error")
		}
	})
}
