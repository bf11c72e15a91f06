// Package tdswire is a client of SQL Server for one connection that is already
// open: it logs in, sends batches and procedure calls and hands back what the
// server said, token by token. The packets are those of "[MS-TDS]: Tabular Data
// Stream Protocol", version 7.4.
package tdswire

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
	"unicode/utf16"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// Config is how to log in.
type Config struct {
	User, Password, Database string
	// Server is the name that the login shows, Application who we are.
	Server, Application string
	// TLS, if not nil, is demanded of the server. Without it the password travels
	// in clear, as with the original client.
	TLS *tls.Config
	// ReadOnly says that a secondary will do.
	ReadOnly bool
}

// Packets, and flags in their header.
const (
	packetBatch    = 1
	packetRPC      = 3
	packetReply    = 4
	packetLogin    = 16
	packetPrelogin = 18

	statusEnd   = 0x01
	statusReset = 0x08

	headerSize = 8
	packetSize = 4096 // until the server says otherwise
	maxPacket  = 32767
)

// Encryption, as both sides say it before the login.
const (
	encryptOff  = 0
	encryptOn   = 1
	encryptNone = 2
	encryptMust = 3
)

// Errors of the login.
var (
	ErrNoTLS   = errors.New("the server does not support encryption")
	ErrNeedTLS = errors.New("the server requires encryption")
)

// A Routing error names the server that is to be asked instead.
type Routing struct {
	Host string
	Port int
}

func (e *Routing) Error() string { return fmt.Sprintf("the server sends us to %s:%d", e.Host, e.Port) }

// A ProtocolError means that what the server sent is not the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string {
	return "the server does not speak the TDS protocol: " + e.What
}

// A Conn is one session. It is used by one goroutine at a time. An error of one
// of its methods, other than of the login, means that it is broken and good for
// Close only: what SQL went wrong is among the tokens.
type Conn struct {
	line        *dbwire.Line
	conf        *Config
	size        int // of packets
	sequence    byte
	transaction uint64 // descriptor
	collation   [5]byte
	wasReset    bool
}

// Connect logs in over c, which it owns from then on, also after an error. What
// the server says of itself is among the tokens.
func Connect(ctx context.Context, c net.Conn, conf *Config) (*Conn, []Token, error) {
	tc := &Conn{line: dbwire.New(c), conf: conf, size: packetSize}
	var tokens []Token
	err := tc.line.Do(ctx, func() (err error) {
		if err := tc.prelogin(ctx); err != nil {
			return err
		}
		if err := tc.send(packetLogin, tc.login(), 0); err != nil {
			return err
		}
		tokens, err = tc.tokens()
		if err != nil {
			return err
		}
		return loginError(tokens)
	})
	if err != nil {
		tc.line.Break()
		tc.line.Net.Close()
		return nil, tokens, err
	}
	return tc, tokens, nil
}

func loginError(tokens []Token) error {
	var first *Message
	in := false
	for _, t := range tokens {
		switch t := t.(type) {
		case *Message:
			if t.Class > 10 && first == nil {
				first = t
			}
		case LoginAck:
			in = true
		case *Routing:
			return t
		}
	}
	switch {
	case in:
		return nil
	case first != nil:
		return first
	}
	return &ProtocolError{"it neither takes nor refuses the login"}
}

// send sends one message, in as many packets as it needs.
func (c *Conn) send(kind byte, body []byte, status byte) error {
	c.sequence = 1
	for first := true; first || len(body) > 0; first = false {
		n := min(len(body), c.size-headerSize)
		head := [headerSize]byte{kind, 0, 0, 0, 0, 0, c.sequence, 0}
		if first {
			head[1] = status
		}
		if n == len(body) {
			head[1] |= statusEnd
		}
		binary.BigEndian.PutUint16(head[2:], uint16(n+headerSize))
		if err := c.line.Write(append(head[:], body[:n]...)); err != nil {
			return err
		}
		c.sequence++
		body = body[n:]
	}
	return nil
}

// prelogin agrees on encryption.
func (c *Conn) prelogin(ctx context.Context) error {
	want := byte(encryptNone)
	if c.conf.TLS != nil {
		want = encryptOn
	}
	options := []struct {
		token byte
		data  []byte
	}{{0, []byte{0, 0, 0, 1, 0, 0}}, {1, []byte{want}}, {2, []byte{0}}, {3, []byte{0, 0, 0, 1}}, {4, []byte{0}}}
	at := 5*len(options) + 1
	var head, data []byte
	for _, o := range options {
		head = append(head, o.token)
		head = binary.BigEndian.AppendUint16(head, uint16(at+len(data)))
		head = binary.BigEndian.AppendUint16(head, uint16(len(o.data)))
		data = append(data, o.data...)
	}
	if err := c.send(packetPrelogin, append(append(head, 0xff), data...), 0); err != nil {
		return err
	}
	body, err := c.message()
	if err != nil {
		return err
	}
	got, err := encryption(body)
	if err != nil {
		return err
	}
	switch {
	case c.conf.TLS == nil && (got == encryptOn || got == encryptMust):
		return ErrNeedTLS
	case c.conf.TLS == nil:
		return nil
	case got != encryptOn && got != encryptMust:
		return ErrNoTLS
	}
	conf := c.conf.TLS.Clone()
	conf.MaxVersion = tls.VersionTLS12 // the handshake is in packets: nothing of it may come later
	raw := c.line.Net
	wrapped := &handshake{Conn: raw, c: c}
	t := tls.Client(wrapped, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	if wrapped.left > 0 || c.line.R.Buffered() > 0 {
		return dbwire.ErrEarly
	}
	wrapped.done = true
	c.line.Over(t)
	return nil
}

// message reads one small message whole.
func (c *Conn) message() ([]byte, error) {
	r := &reader{c: c, left: maxPacket, total: maxPacket}
	r.packet()
	if r.err == nil && !r.last {
		r.err = &ProtocolError{"its first answer is too long"}
	}
	b := r.bytes(r.left)
	return b, r.err
}

// encryption finds the option in what the server said before the login.
func encryption(b []byte) (byte, error) {
	bad := &ProtocolError{"its first answer makes no sense"}
	for at := 0; at+5 <= len(b) && b[at] != 0xff; at += 5 {
		from, n := int(binary.BigEndian.Uint16(b[at+1:])), int(binary.BigEndian.Uint16(b[at+3:]))
		if b[at] != 1 {
			continue
		}
		if n < 1 || from >= len(b) || b[from] > encryptMust {
			return 0, bad
		}
		return b[from], nil
	}
	return 0, bad
}

// A handshake carries TLS records in packets until it is done.
type handshake struct {
	net.Conn
	c    *Conn
	left int // of the packet that is being read
	done bool
}

func (h *handshake) Write(b []byte) (int, error) {
	if h.done {
		return h.Conn.Write(b)
	}
	if err := h.c.send(packetPrelogin, b, 0); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (h *handshake) Read(b []byte) (int, error) {
	if h.done {
		return h.Conn.Read(b)
	}
	for h.left == 0 {
		head, err := h.c.line.Read(headerSize)
		if err != nil {
			return 0, err
		}
		h.left = int(binary.BigEndian.Uint16(head[2:])) - headerSize
		if (head[0] != packetPrelogin && head[0] != packetReply) || h.left < 0 {
			return 0, &ProtocolError{"it does not begin TLS"}
		}
	}
	n, err := h.c.line.R.Read(b[:min(len(b), h.left)])
	h.left -= n
	return n, err
}

func ucs2(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// login is the body of LOGIN7.
func (c *Conn) login() []byte {
	const fixed = 94
	password := ucs2(c.conf.Password)
	for i, v := range password {
		password[i] = (v<<4 | v>>4) ^ 0xa5
	}
	flags3, typeFlags := byte(0), byte(0)
	if c.conf.ReadOnly {
		typeFlags = 1 << 5
	}
	b := make([]byte, 36, 512)
	binary.LittleEndian.PutUint32(b[4:], 0x74000004)
	binary.LittleEndian.PutUint32(b[8:], packetSize)
	binary.LittleEndian.PutUint32(b[16:], 1)
	b[24], b[25], b[26], b[27] = 0xe0, 0x03, typeFlags, flags3 // database and language must be had; the settings of ODBC
	binary.LittleEndian.PutUint32(b[32:], 0x409)
	var data []byte
	field := func(text []byte) {
		b = binary.LittleEndian.AppendUint16(b, uint16(fixed+len(data)))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(text)/2))
		data = append(data, text...)
	}
	field(ucs2("rulebox"))
	field(ucs2(c.conf.User))
	field(password)
	field(ucs2(c.conf.Application))
	field(ucs2(c.conf.Server))
	field(nil)
	field(ucs2("rulebox"))
	field(ucs2("us_english"))
	field(ucs2(c.conf.Database))
	b = append(b, 0, 0, 0, 0, 0, 0) // the client's address
	field(nil)                      // SSPI
	field(nil)                      // a file to attach
	field(nil)                      // a new password
	b = append(b, 0, 0, 0, 0)
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

// headers are what every request begins with.
func (c *Conn) headers() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 22)
	b = binary.LittleEndian.AppendUint32(b, 18)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint64(b, c.transaction)
	return binary.LittleEndian.AppendUint32(b, 1)
}

// Batch runs SQL text and returns what the server says.
func (c *Conn) Batch(ctx context.Context, text string) ([]Token, error) {
	return c.ask(ctx, packetBatch, append(c.headers(), ucs2(text)...), 0)
}

// Call runs a procedure.
func (c *Conn) Call(ctx context.Context, procedure string, params []Param) ([]Token, error) {
	b := c.headers()
	name := ucs2(procedure)
	if len(name)/2 > 0xfffe {
		return nil, errors.New("the name of a procedure is too long")
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)/2))
	b = append(append(b, name...), 0, 0)
	var err error
	for i := range params {
		if b, err = c.appendParam(b, &params[i]); err != nil {
			return nil, err
		}
	}
	return c.ask(ctx, packetRPC, b, 0)
}

func (c *Conn) ask(ctx context.Context, kind byte, body []byte, status byte) (tokens []Token, err error) {
	err = c.line.Do(ctx, func() error {
		if err := c.send(kind, body, status); err != nil {
			return err
		}
		tokens, err = c.tokens()
		return err
	})
	return tokens, err
}

// Usable reports whether the session can go on.
func (c *Conn) Usable() bool { return !c.line.Broken() }

// Close closes the connection.
func (c *Conn) Close() error { return c.line.Farewell(nil) }

// Abandon does nothing: the server ends what a closed connection asked for.
func (c *Conn) Abandon(context.Context, func(context.Context) (net.Conn, error)) error { return nil }

// Reset makes the session as it was after login: the server rolls back, drops
// temporary tables, releases locks, takes settings back and says that it did. A
// session that has taken another identity ends instead.
func (c *Conn) Reset(ctx context.Context) error {
	c.wasReset, c.transaction = false, 0
	// The level of isolation is not taken back by servers before 2014.
	tokens, err := c.ask(ctx, packetBatch, append(c.headers(), ucs2("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")...), statusReset)
	if err == nil && !c.wasReset {
		err = errors.New("the server did not reset the session")
	}
	for _, t := range tokens {
		if m, ok := t.(*Message); ok && m.Class > 10 && err == nil {
			err = m
		}
	}
	if err != nil {
		c.line.Break()
	}
	return err
}

// epoch is day 0 of dates, epoch1900 that of datetimes.
var (
	epoch     = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	epoch1900 = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
)
