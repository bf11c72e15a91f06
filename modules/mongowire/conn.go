// Package mongowire is a client of MongoDB for one connection that is already
// open: it greets, logs in, and carries commands and replies, which are BSON
// documents that its callers make and read. The messages are OP_MSG of "MongoDB
// Wire Protocol", which servers speak since MongoDB 3.6.
package mongowire

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// Config is how to log in.
type Config struct {
	// User is empty where nobody logs in.
	User, Password string
	// Source is the database that knows the user; empty means admin, or $external
	// where the mechanism wants that.
	Source string
	// Mechanism is SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509 or PLAIN; empty means
	// the better of the first two that the server has for the user.
	Mechanism string
	// Application is the name that the server shows for the session.
	Application string
	// TLS, if not nil, is spoken from the start.
	TLS *tls.Config
}

// Bounds on messages.
const (
	headerSize = 16
	maxRequest = 48_000_000 // bytes; what servers take
	maxReply   = 32 << 20   // bytes
	maxCursors = 1000       // that one login may leave open
)

const (
	opMsg           = 2013
	flagChecksum    = 1 << 0
	flagMore        = 1 << 1
	flagsUnderstood = flagChecksum | 1<<16 // exhaustAllowed says nothing in a reply
)

// A ServerError is a failed command of the login.
type ServerError struct {
	Code              int
	CodeName, Message string
	// Reply is the whole document.
	Reply []byte
}

func (e *ServerError) Error() string { return e.Message }

// A ProtocolError means that what the server sent is not the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string {
	return "the server does not speak the MongoDB protocol: " + e.What
}

// An AuthError is a login that is not possible here.
type AuthError struct{ What string }

func (e *AuthError) Error() string { return e.What }

// Errors that leave the session whole.
var (
	ErrRefused  = errors.New("commands that log in or out are not available here: give user, password and authMechanism in the connection string")
	ErrTooLarge = fmt.Errorf("the request is larger than %d bytes, the most that a server takes", maxRequest)
	ErrDocument = errDocument
)

// A Conn is one session. It is used by one goroutine at a time. After an error
// that is none of the above it is broken and good for Close only.
type Conn struct {
	line *dbwire.Line
	conf *Config
	id   uint32
	// Hello is what the server said of itself: a document.
	Hello   []byte
	cursors map[int64]string // open ones, with database.collection
}

// Connect logs in over c, which it owns from then on, also after an error.
func Connect(ctx context.Context, c net.Conn, conf *Config) (*Conn, error) {
	mc := &Conn{line: dbwire.New(c), conf: conf}
	err := mc.line.Do(ctx, func() error {
		if conf.TLS != nil {
			if err := mc.line.StartTLS(ctx, conf.TLS); err != nil {
				return err
			}
		}
		if err := mc.greet(); err != nil {
			return err
		}
		return mc.login()
	})
	if err != nil {
		mc.line.Break()
		mc.line.Net.Close()
		return nil, err
	}
	return mc, nil
}

// greet asks the server what it is.
func (c *Conn) greet() error {
	hello := func(command string) ([]byte, error) {
		w := newWriter().i32(command, 1).boolean("helloOk", true)
		client := newWriter()
		if c.conf.Application != "" {
			client.sub(typeDocument, "application", newWriter().str("name", c.conf.Application).end())
		}
		client.sub(typeDocument, "driver", newWriter().str("name", "rulebox").str("version", "1").end())
		client.sub(typeDocument, "os", newWriter().str("type", "Linux").end())
		w.sub(typeDocument, "client", client.end())
		if c.conf.User != "" && c.conf.Mechanism == "" {
			w.str("saslSupportedMechs", c.source()+"."+c.conf.User)
		}
		return c.run(w.str("$db", "admin").end())
	}
	reply, err := hello("hello")
	var server *ServerError
	if errors.As(err, &server) && server.Code == 59 { // no such command: older than 4.4
		reply, err = hello("isMaster")
	}
	c.Hello = reply
	return err
}

func (c *Conn) source() string {
	switch {
	case c.conf.Mechanism == "MONGODB-X509":
		return "$external"
	case c.conf.Source != "":
		return c.conf.Source
	case c.conf.Mechanism == "PLAIN":
		return "$external"
	}
	return "admin"
}

// run sends a command of the login; a reply that is not ok is a *ServerError.
func (c *Conn) run(doc []byte) ([]byte, error) {
	reply, err := c.exchange(doc)
	if err != nil {
		return nil, err
	}
	if find(reply, "ok").number() != 1 {
		e := &ServerError{Code: int(find(reply, "code").number()), CodeName: find(reply, "codeName").text(), Message: find(reply, "errmsg").text(), Reply: reply}
		if e.Message == "" {
			e.Message = "the server refused the login without a reason"
		}
		return nil, e
	}
	return reply, nil
}

// Do sends a command, a document with $db, and returns the reply, a document that
// is the caller's. That the command failed is in the reply.
func (c *Conn) Do(ctx context.Context, doc []byte) (reply []byte, err error) {
	name, first := "", value{}
	if err := each(doc, func(n string, v value) bool { name, first = n, v; return false }); err != nil {
		return nil, err
	}
	switch strings.ToLower(name) {
	case "saslstart", "saslcontinue", "authenticate", "logout":
		return nil, ErrRefused
	}
	if len(doc) > maxRequest-headerSize-5 {
		return nil, ErrTooLarge
	}
	err = c.line.Do(ctx, func() error {
		reply, err = c.exchange(doc)
		return err
	})
	if err == nil {
		if name == "getMore" {
			delete(c.cursors, first.number()) // until the reply says that there is more
		}
		c.remember(reply)
	}
	return reply, err
}

// remember notes the cursor that a reply leaves open.
func (c *Conn) remember(reply []byte) {
	cursor := find(reply, "cursor").document()
	id := find(cursor, "id").number()
	if id == 0 || len(c.cursors) >= maxCursors {
		return
	}
	if c.cursors == nil {
		c.cursors = map[int64]string{}
	}
	c.cursors[id] = find(cursor, "ns").text()
}

// exchange sends one message and reads its answer.
func (c *Conn) exchange(doc []byte) ([]byte, error) {
	c.id++
	b := make([]byte, 0, headerSize+5+len(doc))
	for _, n := range []uint32{uint32(headerSize + 5 + len(doc)), c.id, 0, opMsg, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = append(append(b, 0), doc...)
	if err := c.line.Write(b); err != nil {
		return nil, err
	}
	reply, err := c.receive()
	if err != nil {
		c.line.Break()
	}
	return reply, err
}

func (c *Conn) receive() ([]byte, error) {
	head, err := c.line.Read(headerSize)
	if err != nil {
		return nil, err
	}
	n := int(int32(binary.LittleEndian.Uint32(head)))
	answers, op := binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	switch {
	case op != opMsg || n < headerSize+5+5:
		return nil, &ProtocolError{"its answer is not a message (OP_MSG)"}
	case n > maxReply:
		return nil, &ProtocolError{fmt.Sprintf("a message of %d bytes, where %d MiB are allowed", n, maxReply>>20)}
	case answers != c.id:
		return nil, &ProtocolError{"its answer is to another question"}
	}
	body, err := c.line.Read(n - headerSize)
	if err != nil {
		return nil, err
	}
	flags := binary.LittleEndian.Uint32(body)
	if flags&0xffff&^flagsUnderstood != 0 || flags&flagMore != 0 {
		return nil, &ProtocolError{"its answer has flags that nobody asked for"}
	}
	if flags&flagChecksum != 0 {
		if len(body) < 4+1+5+4 {
			return nil, &ProtocolError{"a message is too short"}
		}
		body = body[:len(body)-4]
	}
	if body[4] != 0 {
		return nil, &ProtocolError{"its answer does not begin with a document"}
	}
	doc := body[5:]
	if err := each(doc, func(string, value) bool { return true }); err != nil {
		return nil, &ProtocolError{err.Error()}
	}
	return doc, nil
}

// Usable reports whether the session can go on.
func (c *Conn) Usable() bool { return !c.line.Broken() }

// Close closes the connection.
func (c *Conn) Close() error { return c.line.Farewell(nil) }

// Abandon does nothing: the server ends what a closed connection asked for.
func (c *Conn) Abandon(context.Context, func(context.Context) (net.Conn, error)) error { return nil }

// Reset ends the cursors that were left open. A session has no other state: users
// cannot change, and transactions belong to logical sessions, not to connections.
func (c *Conn) Reset(ctx context.Context) error {
	for id, ns := range c.cursors {
		db, collection, ok := strings.Cut(ns, ".")
		if !ok {
			continue
		}
		ids := newWriter().i64(strconv.Itoa(0), id).end()
		doc := newWriter().str("killCursors", collection).sub(typeArray, "cursors", ids).str("$db", db).end()
		if err := c.line.Do(ctx, func() error { _, err := c.exchange(doc); return err }); err != nil {
			c.line.Break()
			return err
		}
	}
	c.cursors = nil
	return nil
}
