// Package pgwire is a PostgreSQL client for one connection that is already open:
// it logs in, runs queries and hands back what the server said, in the server's
// own text format. It opens nothing and reads no environment.
//
// Messages are encoded and decoded by pgx's pgproto3; the order of messages, the
// login and the bounds are here. pgx's own connection type reads environment
// variables, service and password files, and converts values; scripts must see
// neither, and see values as node-postgres has them.
package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// Bounds on what a server may send.
const (
	maxMessage = 16 << 20 // bytes of one message
	maxResult  = 32 << 20 // bytes of all values of one query
	maxRows    = 200_000  // of one query
	maxNotices = 64       // kept of one query; further ones are dropped
	maxSkipped = 1 << 16  // messages that a login or a reset may take
)

// Config is how to log in.
type Config struct {
	User, Password, Database string
	// Params are run-time parameters of the session, such as application_name.
	Params map[string]string
	// TLS, if not nil, is asked of the server before anything else is said.
	TLS *tls.Config
}

// A Conn is one session. It is used by one goroutine at a time. After an error
// that is no *ServerError it is broken and good for Close only.
type Conn struct {
	net    net.Conn
	fe     *pgproto3.Frontend
	status byte // I idle, T in a transaction, E in one that failed
	broken bool
	left   bool // in the middle of something
	conf   *Config
	params map[string]string
	pid    uint32
	secret []byte
}

// A ServerError is what the server said; its text is the message alone.
type ServerError struct{ pgproto3.ErrorResponse }

func (e *ServerError) Error() string { return e.Message }

// Errors of the connection.
var (
	ErrNoTLS      = errors.New("the server does not support SSL connections")
	ErrTLSAnswer  = errors.New("there was an error establishing an SSL connection")
	ErrTerminated = errors.New("connection terminated unexpectedly")
	ErrTooLarge   = fmt.Errorf("the result is larger than %d MiB or %d rows, the most that a script may receive; select less", maxResult>>20, maxRows)
)

// A ProtocolError means that what the server sent is not the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string {
	return "the server does not speak the PostgreSQL protocol: " + e.What
}

// Connect logs in over c, which it owns from then on, also after an error.
func Connect(ctx context.Context, c net.Conn, conf *Config) (_ *Conn, err error) {
	pc := &Conn{net: c, conf: conf, params: map[string]string{}}
	stop := pc.watch(ctx)
	defer func() {
		err = stop(err)
		if err != nil {
			pc.net.Close()
		}
	}()
	if conf.TLS != nil {
		if err := pc.startTLS(ctx, conf.TLS); err != nil {
			return nil, err
		}
	}
	pc.fe = pgproto3.NewFrontend(pc.net, pc.net)
	pc.fe.SetMaxBodyLen(maxMessage)
	params := map[string]string{"user": conf.User, "client_encoding": "UTF8"}
	if conf.Database != "" {
		params["database"] = conf.Database
	}
	for k, v := range conf.Params {
		params[k] = v
	}
	pc.fe.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: params})
	if err := pc.flush(); err != nil {
		return nil, err
	}
	if err := pc.login(conf); err != nil {
		return nil, err
	}
	return pc, nil
}

func (c *Conn) startTLS(ctx context.Context, conf *tls.Config) error {
	if _, err := c.net.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest
		return err
	}
	var answer [1]byte
	// One byte and no more: what follows must be TLS, not text that somebody put
	// in between.
	if _, err := io.ReadFull(c.net, answer[:]); err != nil {
		return ended(err)
	}
	switch answer[0] {
	case 'S':
	case 'N':
		return ErrNoTLS
	default:
		return ErrTLSAnswer
	}
	t := tls.Client(c.net, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.net = t
	return nil
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

// login is what follows the startup message, up to the first ReadyForQuery.
func (c *Conn) login(conf *Config) error {
	for range maxSkipped {
		m, err := c.receive()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.AuthenticationOk:
		case *pgproto3.AuthenticationCleartextPassword:
			err = c.password(conf.Password)
		case *pgproto3.AuthenticationMD5Password:
			err = c.password(md5Password(conf.User, conf.Password, m.Salt))
		case *pgproto3.AuthenticationSASL:
			err = c.scram(conf.Password, m.AuthMechanisms)
		case *pgproto3.BackendKeyData:
			c.pid, c.secret = m.ProcessID, append([]byte(nil), m.SecretKey...)
		case *pgproto3.ReadyForQuery:
			c.status = m.TxStatus
			return nil
		case *pgproto3.ErrorResponse:
			return serverError(m)
		case *pgproto3.ParameterStatus, *pgproto3.NoticeResponse, *pgproto3.NegotiateProtocolVersion:
		case *pgproto3.AuthenticationGSS:
			return errors.New("the server asks for an authentication by GSSAPI, which is not available here: use scram-sha-256, md5 or a certificate")
		default:
			err = unexpected(m, "login")
		}
		if err != nil {
			return err
		}
	}
	return &ProtocolError{"it never finishes the login"}
}

func serverError(m *pgproto3.ErrorResponse) error {
	return &ServerError{*m} // m itself is the frontend's
}

func unexpected(m pgproto3.BackendMessage, where string) error {
	return &ProtocolError{fmt.Sprintf("an unexpected %T during %s", m, where)}
}

func (c *Conn) password(text string) error {
	c.fe.Send(&pgproto3.PasswordMessage{Password: text})
	return c.flush()
}

func (c *Conn) flush() error {
	if err := c.fe.Flush(); err != nil {
		c.broken = true
		return ended(err)
	}
	return nil
}

// receive returns the next message, which is good until the next call. Parameter
// changes and notifications are taken care of here.
func (c *Conn) receive() (pgproto3.BackendMessage, error) {
	m, err := c.fe.Receive()
	if err != nil {
		c.broken = true
		var large *pgproto3.ExceededMaxBodyLenErr
		var network net.Error
		switch {
		case errors.As(err, &large):
			return nil, &ProtocolError{fmt.Sprintf("a message of %d bytes", large.ActualBodyLen)}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
			return nil, ended(err)
		}
		return nil, &ProtocolError{"it sent a message that makes no sense"}
	}
	if p, ok := m.(*pgproto3.ParameterStatus); ok && len(c.params) < 64 && len(p.Name)+len(p.Value) < 4<<10 {
		c.params[p.Name] = p.Value
	}
	return m, nil
}

// ended names the end of a connection.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTerminated
	}
	return err
}

// Usable reports whether the session is idle or in a transaction, and not broken.
func (c *Conn) Usable() bool { return !c.broken }

// ProcessID is the server's process that serves the session.
func (c *Conn) ProcessID() uint32 { return c.pid }

// Close says goodbye, without waiting, and closes the connection.
func (c *Conn) Close() error {
	if !c.broken {
		c.broken = true
		c.net.SetDeadline(time.Now().Add(time.Second))
		c.net.Write([]byte{'X', 0, 0, 0, 4}) // Terminate
	}
	return c.net.Close()
}

// Abandon ends, over a connection of its own, what the server still does for a
// session that was left in the middle of it. It does nothing for others.
func (c *Conn) Abandon(ctx context.Context, dial func(context.Context) (net.Conn, error)) error {
	if !c.left || c.pid == 0 {
		return nil
	}
	raw, err := dial(ctx)
	if err != nil {
		return err
	}
	other := &Conn{net: raw}
	stop := other.watch(ctx)
	defer func() { other.net.Close() }()
	if c.conf.TLS != nil {
		if err := other.startTLS(ctx, c.conf.TLS); err != nil {
			return stop(err)
		}
	}
	b, err := (&pgproto3.CancelRequest{ProcessID: c.pid, SecretKey: c.secret}).Encode(nil)
	if err == nil {
		_, err = other.net.Write(b)
	}
	if err == nil {
		io.Copy(io.Discard, io.LimitReader(other.net, 64)) // the server closes when it is done
	}
	return stop(err)
}

// Reset makes the session as it was after login: no transaction, no settings, no
// temporary tables, prepared statements, locks, cursors or channels listened to.
func (c *Conn) Reset(ctx context.Context) error {
	if c.broken {
		return ErrTerminated
	}
	text := "DISCARD ALL"
	if c.status != 'I' {
		if _, err := c.Query(ctx, "ROLLBACK"); err != nil {
			return err
		}
	}
	_, err := c.Query(ctx, text)
	if err == nil && c.status != 'I' {
		err = &ProtocolError{"it is in a transaction after ROLLBACK"}
	}
	return err
}
