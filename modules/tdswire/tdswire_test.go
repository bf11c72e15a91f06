package tdswire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wiretest"
	"github.com/rulebox/rulebox/modules/dbwire"
)

func packet(body string) string {
	head := []byte{4, 1, 0, 0, 0, 0, 1, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(body)+8))
	return string(head) + body
}

const done = "\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

var (
	hello    = packet("\x01\x00\x06\x00\x01\xff\x02")
	loggedIn = hello + packet("\xad\x0a\x00\x01\x74\x00\x00\x04\x00\x0f\x00\x07\xd0"+done)
	reset    = "\xe3\x03\x00\x12\x00\x00"
)

func talk(server string) (*Conn, []Token, error) {
	c, _, err := Connect(context.Background(), wiretest.Server(server), &Config{User: "u", Password: "p"})
	if err != nil {
		return nil, nil, err
	}
	tokens, err := c.Batch(context.Background(), "SELECT 1")
	return c, tokens, err
}

func TestBatch(t *testing.T) {
	_, tokens, err := talk(loggedIn + packet("\x81\x01\x00\x00\x00\x00\x00\x09\x00\x38\x01n\x00\xd1\x2a\x00\x00\x00"+"\xfd\x10\x00\xc1\x00\x01\x00\x00\x00\x00\x00\x00\x00"))
	require.NoError(t, err)
	assert.Equal(t, []Token{[]Column{{Name: "n", Flags: 9, Type: typeInt4, Length: 4}}, Row{int64(42)}, Done{Kind: 0xfd, Status: DoneCount, Rows: 1}}, tokens)
}

// A session is used again only if the server says that it was reset.
func TestReset(t *testing.T) {
	for answer, good := range map[string]bool{
		reset + done: true,
		done:         false,
		reset + "\xaa\x12\x00\x01\x00\x00\x00\x01\x10\x01\x00x\x00\x00\x00\x00\x00\x00\x00" + done: false,
	} {
		c, _, err := Connect(context.Background(), wiretest.Server(loggedIn+packet(answer)), &Config{})
		require.NoError(t, err)
		assert.Equal(t, good, c.Reset(context.Background()) == nil, "%q", answer)
		assert.Equal(t, good, c.Usable())
	}
}

// TLS that was asked for is not done without, and a server that wants it is heard.
func TestEncryption(t *testing.T) {
	_, _, err := talk(packet("\x01\x00\x06\x00\x01\xff\x03"))
	require.ErrorIs(t, err, ErrNeedTLS)
	_, err = encryption([]byte("\x01\x00\x06\x00\x01\xff\x09"))
	require.Error(t, err)
	_, err = encryption([]byte("\x01\xff\xff\x00\x01\xff"))
	require.Error(t, err)
}

func TestLies(t *testing.T) {
	row := "\x81\x01\x00\x00\x00\x00\x00\x09\x00" // one column, whose type follows
	for name, server := range map[string]string{
		"foreign":                 "HTTP/1.1 400 Bad Request\r\n\r\n",
		"other packet":            loggedIn + "\x12" + packet(done)[1:],
		"short packet":            loggedIn + "\x04\x01\x00\x04\x00\x00\x01\x00",
		"unknown token":           loggedIn + packet("\x42"),
		"unknown type":            loggedIn + packet(row+"\x42\x01n\x00"),
		"row without columns":     loggedIn + packet("\xd1\x01"),
		"too many columns":        loggedIn + packet("\x81\xff\x7f"),
		"integer of three bytes":  loggedIn + packet(row+"\x26\x04\x01n\x00\xd1\x03abc"),
		"decimal of forty places": loggedIn + packet(row+"\x6a\x05\x12\x28\x01n\x00"),
		"time of nine places":     loggedIn + packet(row+"\x29\x09\x01n\x00"),
		"text beyond its packet":  loggedIn + packet(row+"\xe7\x10\x00\x00\x00\x00\x00\x00\x01n\x00\xd1\xff\x7fab"),
		"negative text":           loggedIn + packet(row+"\x63\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01n\x00\xd1\x01a12345678\xff\xff\xff\xff"),
		"variant":                 loggedIn + packet(row+"\x62\x10\x00\x00\x00\x01n\x00\xd1\x01\x00\x00\x00\x38\x09"),
		"no end":                  loggedIn + packet("\xfd\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		"packets of no size":      loggedIn + packet("\xe3\x06\x00\x04\x01\x30\x00\x00"+"\x00"+done),
		"neither yes nor no":      hello + packet(done),
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := talk(server)
			var protocol *ProtocolError
			assert.True(t, errors.As(err, &protocol) || errors.Is(err, ErrTooLarge), "%v", err)
			assert.True(t, c == nil || !c.Usable())
		})
	}
}

// A value of announced size that does not come costs no memory: this is what ends
// a process that believes it.
func TestAnnounced(t *testing.T) {
	column := "\x81\x01\x00\x00\x00\x00\x00\x09\x00\xa5\xff\xff\x01n\x00\xd1"
	for name, value := range map[string]string{
		"whole": "\x00\x00\x00\x00\x00\x00\x00\x10" + "\x04\x00\x00\x00abcd",
		"part":  "\xfe\xff\xff\xff\xff\xff\xff\xff" + "\x00\x00\x00\x01abcd",
	} {
		var err error
		spent := wiretest.Allocated(func() { _, _, err = talk(loggedIn + packet(column+value)) })
		require.Error(t, err, name)
		assert.Less(t, spent, uint64(1<<20), name)
	}
	_, _, err := talk(loggedIn + "\x04\x01\x7f\xff\x00\x00\x01\x00\xab\x10\x00")
	require.ErrorIs(t, err, dbwire.ErrLost)
}

func TestParams(t *testing.T) {
	c := &Conn{}
	for _, p := range []Param{
		{Type: "int", Value: 2147483648.0}, {Type: "int", Value: "x"}, {Type: "int", Value: "1e9"}, {Type: "tinyint", Value: -1.0}, {Type: "bigint", Value: "9223372036854775808"},
		{Type: "decimal", Precision: 4, Scale: 2, Value: 100.0}, {Type: "decimal", Precision: 39, Value: 1.0}, {Type: "decimal", Precision: 2, Scale: 3, Value: 1.0}, {Type: "money", Value: "1e400"},
		{Type: "uniqueidentifier", Value: "short"}, {Type: "text", Value: 5.0}, {Type: "binary", Value: "x"}, {Type: "datetime", Value: time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Type: "date", Value: "x"}, {Type: "datetime2", Scale: 8}, {Type: "no such"}, {Type: "smalldatetime", Value: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}, {Name: strings.Repeat("x", 200), Type: "int"},
	} {
		_, err := c.appendParam(nil, &p)
		var e *ParamError
		assert.True(t, errors.As(err, &e), "%+v: %v", p, err)
	}
	// As [MS-TDS] has them: name, status, type, value.
	for want, p := range map[string]Param{
		"\x00\x00\x26\x04\x04\xff\xff\xff\xff":                                                  {Type: "int", Value: -1.0},
		"\x02@\x00a\x00\x01\x26\x04\x00":                                                        {Name: "@a", Output: true, Type: "int"},
		"\x00\x00\x6a\x05\x05\x02\x05\x01\x7d\x00\x00\x00":                                      {Type: "decimal", Precision: 5, Scale: 2, Value: 1.25},
		"\x00\x00\x6e\x08\x08\xff\xff\xff\xff\xf0\xd8\xff\xff":                                  {Type: "money", Value: -1.0},
		"\x00\x00\x6f\x08\x08\x00\x00\x00\x00\x2c\x01\x00\x00":                                  {Type: "datetime", Value: epoch1900.Add(time.Second)},
		"\x00\x00\x28\x03\x01\x00\x00":                                                          {Type: "date", Value: epoch.AddDate(0, 0, 1)},
		"\x00\x00\xe7\x40\x1f\x00\x00\x00\x00\x00\x02\x00\xac\x20":                              {Type: "text", Value: "€"},
		"\x00\x00\xa5\x40\x1f\xff\xff":                                                          {Type: "binary"},
		"\x00\x01\xa5\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff":                                  {Type: "binary", Output: true},
		"\x00\x01\xa5\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00x\x00\x00\x00\x00": {Type: "binary", Output: true, Value: []byte("x")},
	} {
		got, err := c.appendParam(nil, &p)
		require.NoError(t, err, "%+v", p)
		assert.Equal(t, []byte(want), got, "%+v", p)
	}
}

// The password is not in the packet as it is.
func TestPasswordIsObscured(t *testing.T) {
	c := &Conn{conf: &Config{User: "u", Password: "secret"}}
	b := c.login()
	assert.EqualValues(t, len(b), binary.LittleEndian.Uint32(b))
	assert.False(t, bytes.Contains(b, ucs2("secret")))
	assert.True(t, bytes.Contains(b, []byte{0x92, 0xa5}), "s is 0x73, swapped 0x37, 0x92 with 0xa5")
}

// Whatever a server says, it is an error or tokens whose rows have their columns.
func FuzzServer(f *testing.F) {
	row := "\x81\x01\x00\x00\x00\x00\x00\x09\x00\x38\x01n\x00\xd1\x2a\x00\x00\x00"
	for _, s := range []string{"", hello, loggedIn, loggedIn + packet(row+done), loggedIn + packet(reset+done), loggedIn + packet("\xac\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x26\x04\x00"+done), hello + packet("\xaa\x12\x00\x01\x00\x00\x00\x01\x10\x01\x00x\x00\x00\x00\x00\x00\x00\x00"+done)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, server []byte) {
		c, tokens, err := talk(string(server))
		if c == nil && err == nil {
			t.Fatal("neither a session nor an error")
		}
		n := -1
		for _, tok := range tokens {
			switch tok := tok.(type) {
			case []Column:
				n = len(tok)
			case Row:
				if tok != nil && len(tok) != n && err == nil {
					t.Fatalf("a row of %d values for %d columns", len(tok), n)
				}
			}
		}
	})
}

// Rows of NULLs take nothing on the wire and much in memory: some hundred thousand
// bytes must not become gigabytes.
func TestRowsOfNothing(t *testing.T) {
	const columns = 4000
	header := "\x81\xa0\x0f" + strings.Repeat("\x00\x00\x00\x00\x09\x00\x1f\x00", columns) // of type NULL
	server := loggedIn + "\x04\x00" + string([]byte{byte((len(header) + 8) >> 8), byte(len(header) + 8)}) + "\x00\x00\x01\x00" + header
	server += "\x04\x00\x75\x38\x00\x00\x01\x00" + strings.Repeat("\xd1", 30_000) + packet(done)
	var err error
	spent := wiretest.Allocated(func() { _, _, err = talk(server) })
	require.ErrorIs(t, err, ErrTooLarge)
	assert.Less(t, spent, uint64(256<<20))
}
