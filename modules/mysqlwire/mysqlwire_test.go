package mysqlwire

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wiretest"
)

func talk(server []byte, binary bool) (*Conn, []*Result, error) {
	ctx := context.Background()
	c, err := Connect(ctx, wiretest.Server(server), &Config{User: "u", Password: "p", Database: "d"})
	if err != nil {
		return nil, nil, err
	}
	var res []*Result
	if binary {
		res, err = c.Execute(ctx, "SELECT ?", []Param{"x"})
	} else {
		res, err = c.Query(ctx, "SELECT 1")
	}
	return c, res, err
}

func packet(seq byte, body string) string {
	return string([]byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), seq}) + body
}

var (
	greeting = packet(0, "\x0a8.0.1\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x21\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+"123456789012\x00mysql_native_password\x00")
	okPacket = "\x00\x00\x00\x02\x00\x00\x00"
	loggedIn = greeting + packet(2, okPacket)
	column   = "\x03def\x00\x00\x00\x03one\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81\x00\x00\x00\x00"
	eof      = "\xfe\x00\x00\x02\x00"
	rows     = packet(1, "\x01") + packet(2, column) + packet(3, eof) + packet(4, "\x0242") + packet(5, "\xfb") + packet(6, eof)
	prepared = packet(1, "\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00") + packet(2, column) + packet(3, eof) + packet(4, column) + packet(5, eof)
	typed    = packet(1, "\x01") + packet(2, column) + packet(3, eof) + packet(4, "\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff") + packet(5, "\x00\x04") + packet(6, eof)
)

func TestQuery(t *testing.T) {
	_, res, err := talk([]byte(loggedIn+rows), false)
	require.NoError(t, err)
	require.Len(t, res, 1)
	assert.Equal(t, "one", res[0].Fields[0].Name)
	assert.Equal(t, [][][]byte{{[]byte("42")}, {nil}}, res[0].Rows)
}

func TestExecute(t *testing.T) {
	_, res, err := talk([]byte(loggedIn+prepared+typed), true)
	require.NoError(t, err)
	require.Len(t, res, 1)
	assert.Equal(t, [][][]byte{{[]byte("-1")}, {nil}}, res[0].Rows)
}

func TestInfo(t *testing.T) {
	_, res, err := talk([]byte(loggedIn+packet(1, "\x00\x03\x07\x02\x00\x01\x00\x28Rows matched: 3  Changed: 2  Warnings: 0")), false)
	require.NoError(t, err)
	assert.Equal(t, Result{Affected: 3, InsertID: 7, Status: 2, Warnings: 1, Info: "Rows matched: 3  Changed: 2  Warnings: 0"}, *res[0])
}

func TestServerError(t *testing.T) {
	c, _, err := talk([]byte(loggedIn+packet(1, "\xff\x26\x04#23000Duplicate")), false)
	var e *ServerError
	require.True(t, errors.As(err, &e), "%v", err)
	assert.Equal(t, ServerError{1062, "23000", "Duplicate"}, *e)
	assert.True(t, c.Usable())
}

// A server that asks for a file gets none, and the session ends.
func TestInfile(t *testing.T) {
	c, _, err := talk([]byte(loggedIn+packet(1, "\xfb/etc/passwd")), false)
	require.ErrorIs(t, err, ErrLocalInfile)
	assert.False(t, c.Usable())
	assert.Zero(t, c.capabilities()&(1<<7), "LOCAL FILES is offered")
}

// A server of MySQL 8, which is not to be had here: it checks what the client
// proves as the server does, then asks for the whole password under its key.
func TestCachingSHA2(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	const password = "se\u00e9ret"
	salt := "0123456789abcdefghij"
	client, server := net.Pipe()
	defer server.Close()
	type heard struct {
		proof, clear []byte
		err          error
	}
	done := make(chan heard, 1)
	go func() {
		var h heard
		defer func() { done <- h }()
		read := func() (body []byte) {
			head := make([]byte, 4)
			if _, h.err = io.ReadFull(server, head); h.err == nil {
				body = make([]byte, int(head[0])|int(head[1])<<8)
				_, h.err = io.ReadFull(server, body)
			}
			return body
		}
		io.WriteString(server, packet(0, "\x0a8.0.1\x00\x01\x00\x00\x00"+salt[:8]+"\x00\xff\xf7\x21\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+salt[8:]+"\x00caching_sha2_password\x00"))
		response := read()
		at := bytes.Index(response, []byte("u\x00\x20"))
		if h.err != nil || at < 0 {
			return
		}
		h.proof = response[at+3 : at+35]
		io.WriteString(server, packet(2, "\x01\x04"))
		if ask := read(); h.err != nil || string(ask) != "\x02" {
			return
		}
		io.WriteString(server, packet(4, "\x01"+string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))))
		if h.clear, h.err = rsa.DecryptOAEP(sha1.New(), nil, key, read(), nil); h.err == nil {
			io.WriteString(server, packet(6, okPacket))
		}
	}()
	_, err = Connect(context.Background(), client, &Config{User: "u", Password: password})
	h := <-done
	require.NoError(t, h.err)
	require.NoError(t, err)
	// The server knows only SHA256(SHA256(password)).
	one := sha256.Sum256([]byte(password))
	stored := sha256.Sum256(one[:])
	mask := sha256.Sum256(append(stored[:], salt...))
	require.Len(t, h.proof, 32)
	for i := range mask {
		mask[i] ^= h.proof[i]
	}
	assert.Equal(t, stored, sha256.Sum256(mask[:]))
	for i := range h.clear {
		h.clear[i] ^= salt[i%len(salt)]
	}
	assert.Equal(t, password+"\x00", string(h.clear))
}

// Times of the binary protocol are spelled as those of the text protocol.
func TestBinaryTimes(t *testing.T) {
	for _, c := range []struct {
		f          Field
		wire, want string
	}{
		{Field{Type: TypeDate}, "\x04\xe4\x07\x01\x02", "2020-01-02"},
		{Field{Type: TypeDateTime}, "\x00", "0000-00-00 00:00:00"},
		{Field{Type: TypeDateTime}, "\x07\xe4\x07\x01\x02\x03\x04\x05", "2020-01-02 03:04:05"},
		{Field{Type: TypeTimestamp, Decimals: 3}, "\x0b\xe4\x07\x01\x02\x03\x04\x05\x40\xe2\x01\x00", "2020-01-02 03:04:05.123"},
		{Field{Type: TypeTime}, "\x08\x01\x01\x00\x00\x00\x02\x03\x04", "-26:03:04"},
		{Field{Type: TypeTime}, "\x00", "00:00:00"},
		{Field{Type: TypeTiny}, "\xff", "-1"},
		{Field{Type: TypeTiny, Flags: flagUnsigned}, "\xff", "255"},
		{Field{Type: TypeDouble}, "\x00\x00\x00\x00\x00\x00\xf8\x3f", "1.5"},
		{Field{Type: TypeVarString}, "\x02hi", "hi"},
	} {
		p := cursor{b: []byte(c.wire)}
		assert.Equal(t, c.want, string(p.binary(&c.f)))
		assert.False(t, p.bad)
		assert.Empty(t, p.b)
	}
}

// A packet that is announced and does not come costs no memory.
func TestAnnouncedPacket(t *testing.T) {
	c, err := Connect(context.Background(), wiretest.Server(loggedIn+"\xfe\xff\xff\x01\x00"), &Config{User: "u"})
	require.NoError(t, err)
	spent := wiretest.Allocated(func() { _, err = c.Query(context.Background(), "SELECT 1") })
	require.ErrorIs(t, err, ErrLost)
	assert.Less(t, spent, uint64(1<<20))
}

// Whatever a server says, it is an error or a result; never a panic, and rows have
// the columns that were announced.
func FuzzServer(f *testing.F) {
	for _, s := range []string{"", greeting, loggedIn, loggedIn + rows, loggedIn + prepared + typed, loggedIn + packet(1, okPacket), loggedIn + packet(1, "\xfb/x"),
		greeting + packet(2, "\xfecaching_sha2_password\x0012345678901234567890\x00") + packet(4, "\x01\x04") + packet(6, "\x01-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
		greeting + packet(2, "\xfe"), packet(0, "\xff\x10\x04Too many connections"), loggedIn + packet(1, "\x01")[:3]} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, server []byte, binary bool) {
		c, res, err := talk(server, binary)
		if c == nil && err == nil {
			t.Fatal("neither a session nor an error")
		}
		for _, r := range res {
			for _, row := range r.Rows {
				if len(row) != len(r.Fields) {
					t.Fatalf("a row of %d values for %d columns", len(row), len(r.Fields))
				}
			}
		}
	})
}

// A text of very many statements: what is not read of the answers must not become
// the answer to the next login's question, nor to the login that gives the session
// back.
func TestResultsBeyondTheBound(t *testing.T) {
	const more = "\x00\x00\x00\x0a\x00\x00\x00"
	for _, binary := range []bool{false, true} {
		var b strings.Builder
		seq := byte(1)
		say := func(body string) { b.WriteString(packet(seq, body)); seq++ }
		b.WriteString(loggedIn)
		value := "\x0242"
		if binary {
			b.WriteString(prepared)
			value = "\x00\x04"
		}
		// So many packets that those that are left begin with the number of an answer's.
		say("\x01")
		say(column)
		say(eof)
		for range 237 {
			say(value)
		}
		say("\xfe\x00\x00\x0a\x00")
		for range 10_000 - 1 {
			say(more)
		}
		require.Equal(t, byte(1), seq)
		b.WriteString(packet(1, okPacket)) // so that the old login is taken for a new one
		if !binary {
			b.WriteString(strings.Replace(rows, "42", "me", 1))
		}
		c, _, err := talk([]byte(b.String()), binary)
		if err == nil && c.Reset(context.Background()) == nil {
			res, err := c.Query(context.Background(), "SELECT name FROM users")
			t.Errorf("the session goes on, and another login reads %d results, %v", len(res), err)
			continue
		}
		require.ErrorIs(t, err, ErrTooLarge)
		assert.False(t, c.Usable())
	}
}

// Descriptions of columns count, too: 4096 columns of 16 MiB each end a process that
// believes in them.
func TestManyFields(t *testing.T) {
	text := strings.Repeat("x", 1<<20)
	long := "\x03def\x00\x00\x00\xfd" + string([]byte{0, 0, 16}) + text + "\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81\x00\x00\x00\x00"
	begin := map[bool]string{false: packet(1, "\x40"), true: packet(1, "\x00\x01\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00")}
	for binary, first := range begin {
		var b strings.Builder
		b.WriteString(loggedIn + first)
		for i := range 64 {
			b.WriteString(packet(byte(2+i), long))
		}
		b.WriteString(packet(66, eof) + packet(67, eof))
		c, _, err := talk([]byte(b.String()), binary)
		require.ErrorIs(t, err, ErrTooLarge)
		assert.False(t, c.Usable())
	}
}

// Encrypting under a key of a million bits takes minutes, and nothing ends it.
func TestHugeKey(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 1<<17)
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 1<<31 - 1})
	require.NoError(t, err)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	_, _, err = talk([]byte(greeting+packet(2, "\xfecaching_sha2_password\x0012345678901234567890\x00")+packet(4, "\x01\x04")+packet(6, "\x01"+key)+packet(8, okPacket)), false)
	var protocol *ProtocolError
	require.ErrorAs(t, err, &protocol)
}
