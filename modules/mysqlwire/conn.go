// Package mysqlwire is a client of MySQL and MariaDB for one connection that is
// already open: it logs in, runs queries and hands back columns, values and OK
// packets as the server sent them. It opens nothing and offers the server no
// files: LOCAL INFILE is not among its capabilities, and a server that asks for a
// file all the same loses the connection.
//
// The packets are those of "MySQL Client/Server Protocol" in MySQL's Source Code
// Documentation and of MariaDB's "Client/Server Protocol".
package mysqlwire

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// Config is how to log in.
type Config struct {
	User, Password, Database string
	// TLS, if not nil, is demanded of the server before the login.
	TLS *tls.Config
	// Collation is the number of the connection's character set and collation.
	// Zero means utf8mb4_general_ci.
	Collation byte
	// MultipleStatements lets one query text hold several statements.
	MultipleStatements bool
	// ChangedRows makes affected rows those that were changed, not those found.
	ChangedRows bool
}

// DefaultCollation is utf8mb4_general_ci.
const DefaultCollation = 45

// Capabilities, as the protocol numbers them.
const (
	capLongPassword     = 1
	capFoundRows        = 1 << 1
	capLongFlag         = 1 << 2
	capConnectWithDB    = 1 << 3
	capProtocol41       = 1 << 9
	capSSL              = 1 << 11
	capTransactions     = 1 << 13
	capSecureConnection = 1 << 15
	capMultiStatements  = 1 << 16
	capMultiResults     = 1 << 17
	capPSMultiResults   = 1 << 18
	capPluginAuth       = 1 << 19
	capPluginAuthLenenc = 1 << 21
)

// Commands.
const (
	comQuit       = 0x01
	comQuery      = 0x03
	comPing       = 0x0e
	comChangeUser = 0x11
	comPrepare    = 0x16
	comExecute    = 0x17
	comClose      = 0x19
)

// A Conn is one session. It is used by one goroutine at a time. After an error
// that is no *ServerError it is broken and good for Close only.
type Conn struct {
	net    net.Conn
	rd     *bufio.Reader
	seq    byte
	broken bool
	left   bool // in the middle of something
	conf   *Config
	status uint16
	hello  hello
}

// hello is what the server says first.
type hello struct {
	version string
	thread  uint32
	caps    uint32
	salt    []byte
	plugin  string
}

// A ServerError is what the server said.
type ServerError struct {
	Number  uint16
	State   string // SQLSTATE, five characters; empty before the login
	Message string
}

func (e *ServerError) Error() string { return e.Message }

// ErrNoTLS means that the server offers none.
var ErrNoTLS = errors.New("server does not support secure connection")

// Connect logs in over c, which it owns from then on, also after an error.
func Connect(ctx context.Context, c net.Conn, conf *Config) (_ *Conn, err error) {
	mc := &Conn{net: c, rd: bufio.NewReader(c), conf: conf}
	stop := mc.watch(ctx)
	defer func() {
		if err = stop(err); err != nil {
			mc.net.Close()
		}
	}()
	p, err := mc.readPacket()
	if err != nil {
		return nil, err
	}
	if err := mc.greeted(p); err != nil {
		return nil, err
	}
	if err := mc.respond(ctx); err != nil {
		return nil, err
	}
	return mc, nil
}

// watch ends the connection's waiting when ctx does. What it returns stops that,
// and turns the error that came of it into ctx's.
func (c *Conn) watch(ctx context.Context) func(error) error {
	stop := dbwire.Watch(ctx, c.net)
	return func(err error) error {
		cut, after := stop(err)
		if cut {
			c.broken = true
			c.left = c.left || err != nil
		}
		return after
	}
}

// greeted reads the server's first packet.
func (c *Conn) greeted(b []byte) error {
	p := cursor{b: b}
	version := p.u8()
	if version == 0xff {
		return c.serverError(b)
	}
	if version != 10 {
		return &ProtocolError{What: fmt.Sprintf("its greeting has version %d, not 10", version)}
	}
	h := &c.hello
	h.version = p.text()
	h.thread = p.u32()
	h.salt = append([]byte(nil), p.take(8)...)
	p.take(1)
	h.caps = uint32(p.u16())
	if len(p.b) > 0 {
		p.take(1) // collation
		c.status = p.u16()
		h.caps |= uint32(p.u16()) << 16
		n := int(p.u8())
		p.take(10)
		if rest := p.take(max(13, n-8)); len(rest) > 0 {
			h.salt = append(h.salt, rest[:len(rest)-1]...) // it ends with a zero byte
		}
		if h.caps&capPluginAuth != 0 {
			h.plugin = p.text()
		}
	}
	if p.bad || len(h.salt) < 20 {
		return &ProtocolError{What: "its greeting makes no sense"}
	}
	h.salt = h.salt[:20]
	if h.caps&capProtocol41 == 0 || h.caps&capSecureConnection == 0 {
		return &ProtocolError{What: "it is older than MySQL 4.1"}
	}
	return nil
}

// capabilities are what both sides can and we want.
func (c *Conn) capabilities() uint32 {
	want := uint32(capLongPassword | capLongFlag | capProtocol41 | capTransactions | capSecureConnection | capMultiResults | capPSMultiResults | capPluginAuth | capPluginAuthLenenc)
	if !c.conf.ChangedRows {
		want |= capFoundRows
	}
	if c.conf.MultipleStatements {
		want |= capMultiStatements
	}
	if c.conf.Database != "" {
		want |= capConnectWithDB
	}
	if c.conf.TLS != nil {
		want |= capSSL
	}
	return want & (c.hello.caps | capLongPassword)
}

func (c *Conn) collation() byte {
	if c.conf.Collation == 0 {
		return DefaultCollation
	}
	return c.conf.Collation
}

// respond answers the greeting and logs in.
func (c *Conn) respond(ctx context.Context) error {
	caps := c.capabilities()
	head := binary.LittleEndian.AppendUint32(nil, caps)
	head = binary.LittleEndian.AppendUint32(head, maxPacket)
	head = append(append(head, c.collation()), make([]byte, 23)...)
	if c.conf.TLS != nil {
		if caps&capSSL == 0 {
			return ErrNoTLS
		}
		if c.rd.Buffered() > 0 {
			return &ProtocolError{What: "it spoke before TLS began"}
		}
		if err := c.writePacket(head); err != nil {
			return err
		}
		t := tls.Client(c.net, c.conf.TLS)
		if err := t.HandshakeContext(ctx); err != nil {
			return err
		}
		c.net = t
		c.rd = bufio.NewReader(t)
	}
	plugin := c.hello.plugin
	auth, err := c.proof(plugin, c.hello.salt)
	if err != nil { // a plugin we do not have: let the server say what else it takes
		plugin, auth = pluginNative, nativeProof(c.conf.Password, c.hello.salt)
	}
	b := append(head, c.conf.User...)
	b = append(b, 0)
	if caps&capPluginAuthLenenc != 0 {
		b = appendLenenc(b, uint64(len(auth)))
	} else {
		b = append(b, byte(len(auth)))
	}
	b = append(b, auth...)
	if caps&capConnectWithDB != 0 {
		b = append(append(b, c.conf.Database...), 0)
	}
	if caps&capPluginAuth != 0 {
		b = append(append(b, plugin...), 0)
	}
	if err := c.writePacket(b); err != nil {
		return err
	}
	return c.authenticate(plugin, c.hello.salt)
}

func (c *Conn) serverError(b []byte) error {
	p := cursor{b: b[1:]}
	e := &ServerError{Number: p.u16()}
	if len(p.b) > 6 && p.b[0] == '#' {
		e.State = string(p.b[1:6])
		p.b = p.b[6:]
	}
	if p.bad {
		c.broken = true
		return errMalformed
	}
	e.Message = string(p.b)
	return e
}

// Usable reports whether the session can go on.
func (c *Conn) Usable() bool { return !c.broken }

// ThreadID is the server's number of the session.
func (c *Conn) ThreadID() uint32 { return c.hello.thread }

// Close says goodbye, without waiting, and closes the connection.
func (c *Conn) Close() error {
	if !c.broken {
		c.net.SetDeadline(time.Now().Add(time.Second))
		c.command(comQuit, "")
		c.broken = true
	}
	return c.net.Close()
}

// Ping asks whether the server is there.
func (c *Conn) Ping(ctx context.Context) (err error) {
	stop := c.watch(ctx)
	defer func() { err = stop(err) }()
	if err := c.command(comPing, ""); err != nil {
		return err
	}
	_, err = c.readResults()
	return err
}

// Abandon ends, over a session of its own, what the server still does for one that
// was left in the middle of it. It does nothing for others.
func (c *Conn) Abandon(ctx context.Context, dial func(context.Context) (net.Conn, error)) error {
	if !c.left || c.hello.thread == 0 {
		return nil
	}
	raw, err := dial(ctx)
	if err != nil {
		return err
	}
	other, err := Connect(ctx, raw, c.conf)
	if err != nil {
		return err
	}
	defer other.Close()
	_, err = other.Query(ctx, fmt.Sprintf("KILL %d", c.hello.thread))
	return err
}

// Reset makes the session as it was after login, by logging in again on it: no
// transaction, no variables, no temporary tables, prepared statements or locks,
// and the first database. COM_RESET_CONNECTION would be quicker, but it keeps the
// database that was chosen.
func (c *Conn) Reset(ctx context.Context) (err error) {
	stop := c.watch(ctx)
	defer func() { err = stop(err) }()
	auth, err := c.proof(c.hello.plugin, c.hello.salt)
	if err != nil {
		return err
	}
	if len(auth) > 255 {
		return errors.New("the password is too long to log in again")
	}
	b := append([]byte(c.conf.User), 0, byte(len(auth)))
	b = append(b, auth...)
	b = append(append(b, c.conf.Database...), 0)
	b = append(b, c.collation(), 0)
	if c.hello.caps&capPluginAuth != 0 {
		b = append(append(b, c.hello.plugin...), 0)
	}
	if err := c.command(comChangeUser, string(b)); err != nil {
		return err
	}
	if err = c.authenticate(c.hello.plugin, c.hello.salt); err == nil && strings.Contains(c.hello.version, "MariaDB") {
		err = c.noRole()
	}
	c.broken = c.broken || err != nil
	return err
}

// noRole fails if the session has a role. MariaDB keeps it over a login, and does
// not tell whether it is the account's default or one that a script took.
func (c *Conn) noRole() error {
	if err := c.command(comQuery, "SELECT CURRENT_ROLE()"); err != nil {
		return err
	}
	res, err := c.readResults()
	if err != nil {
		return err
	}
	if len(res) != 1 || len(res[0].Rows) != 1 || len(res[0].Rows[0]) != 1 || res[0].Rows[0][0] != nil {
		return errors.New("the session has a role, and cannot be told from one that a script took")
	}
	return nil
}
