package pgwire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wiretest"
)

func talk(server []byte) (*Conn, []*Result, error) {
	ctx := context.Background()
	c, err := Connect(ctx, wiretest.Server(server), &Config{User: "u", Password: "p", Database: "d"})
	if err != nil {
		return nil, nil, err
	}
	res, err := c.Query(ctx, "SELECT 1")
	return c, res, err
}

const (
	hello = "R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x08a\x00b\x00K\x00\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x02Z\x00\x00\x00\x05I"
	one   = "T\x00\x00\x00\x1c\x00\x01one\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x011C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"
	fail  = "E\x00\x00\x00\x1eSERROR\x00VERROR\x00C42P01\x00Mno\x00\x00Z\x00\x00\x00\x05I"
)

func TestQuery(t *testing.T) {
	c, res, err := talk([]byte(hello + one))
	require.NoError(t, err)
	require.Len(t, res, 1)
	assert.Equal(t, "SELECT", res[0].Command)
	assert.Equal(t, int64(1), res[0].Count)
	assert.Equal(t, "one", res[0].Fields[0].Name)
	assert.Equal(t, uint32(23), res[0].Fields[0].Type)
	assert.Equal(t, "1", *res[0].Rows[0][0])
	assert.True(t, c.Usable())
	assert.Equal(t, uint32(1), c.ProcessID())
}

// An error of the server leaves the session good.
func TestServerError(t *testing.T) {
	c, _, err := talk([]byte(hello + fail))
	var e *ServerError
	require.True(t, errors.As(err, &e), "%v", err)
	assert.Equal(t, "42P01", e.Code)
	assert.True(t, c.Usable())
}

func TestTag(t *testing.T) {
	for _, c := range []struct {
		tag, command string
		count, oid   int64
	}{{"SELECT 3", "SELECT", 3, 0}, {"INSERT 16 2", "INSERT", 2, 16}, {"CREATE TABLE", "CREATE", -1, 0}, {"", "", -1, 0}, {"BEGIN", "BEGIN", -1, 0}} {
		r := Result{Count: -1}
		r.tag(c.tag)
		assert.Equal(t, []any{c.command, c.count, c.oid}, []any{r.Command, r.Count, r.OID}, c.tag)
	}
}

// A context that ends makes an end of waiting, and of the session.
func TestContext(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		server.Read(make([]byte, 1<<10))
		server.Write([]byte(hello))
		io.Copy(io.Discard, server)
	}()
	c, err := Connect(context.Background(), client, &Config{User: "u"})
	require.NoError(t, err)
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(10*time.Millisecond, func() { cancel(gone) })
	_, err = c.Query(ctx, "SELECT 1")
	require.ErrorIs(t, err, gone)
	assert.False(t, c.Usable())
	_, err = c.Query(context.Background(), "SELECT 1")
	require.ErrorIs(t, err, ErrTerminated)
}

// SASLprep: the cases of RFC 4013, section 3, and passwords that it does not
// allow, which PostgreSQL takes as they are.
func TestPrepare(t *testing.T) {
	for in, want := range map[string]string{
		"user": "user", "I\u00adX": "IX", "\u00aa": "a", "\u2168": "IX", "a\u00a0b": "a b", "tab\there": "tab\there", "\u0007": "\u0007", "é": "é", "e\u0301": "é",
	} {
		assert.Equal(t, want, prepare(in), "%q", in)
	}
}

// Whatever a server says, it is an error or a result; never a panic, and rows have
// the columns that were announced.
func FuzzServer(f *testing.F) {
	for _, s := range []string{"", hello, hello + one, hello + fail, hello + one[:20], "R\x00\x00\x00\x0c\x00\x00\x00\x05salt" + hello, "N\x00\x00\x00\x05\x00" + hello + "I\x00\x00\x00\x04Z\x00\x00\x00\x05E",
		hello + "G\x00\x00\x00\x07\x00\x00\x00", hello + "W\x00\x00\x00\x07\x00\x00\x00", "R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00", "R\xff\xff\xff\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, server []byte) {
		c, res, err := talk(server)
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

// Descriptions of columns count, too, over all statements of a text.
func TestManyFields(t *testing.T) {
	var body []byte
	const columns = 20_000
	body = binary.BigEndian.AppendUint16(body, columns)
	for range columns {
		body = append(body, make([]byte, 1+18)...) // a name of no letters
	}
	describe := string(binary.BigEndian.AppendUint32([]byte("T"), uint32(len(body)+4))) + string(body)
	server := hello + strings.Repeat(describe+"C\x00\x00\x00\x0dSELECT 0\x00", 100) + "Z\x00\x00\x00\x05I"
	var err error
	var c *Conn
	spent := wiretest.Allocated(func() { c, _, err = talk([]byte(server)) })
	require.ErrorIs(t, err, ErrTooLarge)
	assert.False(t, c.Usable())
	assert.Less(t, spent, uint64(400<<20))
}
