// Package rediswire is a client of Redis for one connection that is already open:
// it logs in, sends commands and hands back replies as the server sent them. The
// protocol is RESP2 of "Redis serialization protocol specification".
//
// What would make the server speak unasked, or not at all, is refused: replies
// would no longer belong to commands.
package rediswire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox/modules/dbwire"
)

// Config is how to log in.
type Config struct {
	User, Password string
	// Database is chosen after the login.
	Database int
	// Name is the connection's name in CLIENT LIST.
	Name string
	// TLS, if not nil, is spoken from the start.
	TLS *tls.Config
}

// An Error is what the server said, such as "WRONGTYPE Operation against …".
type Error string

func (e Error) Error() string { return string(e) }

// A Refused is a command that is not sent.
type Refused struct{ Name, Why string }

func (e *Refused) Error() string {
	return fmt.Sprintf("%s is not available here: %s", e.Name, e.Why)
}

// A Conn is one session. It is used by one goroutine at a time. After an error
// that is neither an Error nor a *Refused it is broken and good for Close only.
type Conn struct {
	line *dbwire.Line
	conf *Config
}

// Connect logs in over c, which it owns from then on, also after an error.
func Connect(ctx context.Context, c net.Conn, conf *Config) (*Conn, error) {
	rc := &Conn{dbwire.New(c), conf}
	err := rc.line.Do(ctx, func() error {
		if conf.TLS != nil {
			if err := rc.line.StartTLS(ctx, conf.TLS); err != nil {
				return err
			}
		}
		return rc.login(rc.hello())
	})
	if err != nil {
		rc.line.Break()
		rc.line.Net.Close()
		return nil, err
	}
	return rc, nil
}

// hello are the commands that make a new session what the configuration says.
func (c *Conn) hello() [][][]byte {
	var cmds [][][]byte
	say := func(words ...string) {
		cmd := make([][]byte, len(words))
		for i, w := range words {
			cmd[i] = []byte(w)
		}
		cmds = append(cmds, cmd)
	}
	if c.conf.Password != "" || c.conf.User != "" {
		if c.conf.User != "" {
			say("AUTH", c.conf.User, c.conf.Password)
		} else {
			say("AUTH", c.conf.Password)
		}
	}
	if c.conf.Name != "" {
		say("CLIENT", "SETNAME", c.conf.Name)
	}
	// Always: it tells whether the server wants a password, and speaks the protocol.
	say("SELECT", strconv.Itoa(c.conf.Database))
	return cmds
}

// login sends the commands; the last decides.
func (c *Conn) login(cmds [][][]byte) error {
	replies, err := c.exchange(cmds)
	if err != nil {
		return err
	}
	for i, r := range replies {
		e, failed := r.(Error)
		switch name := string(cmds[i][0]); {
		case !failed:
		case name == "AUTH" && c.conf.User == "" && needsNone(string(e)):
		case name == "CLIENT": // old servers and proxies know no names
		default:
			return e
		}
	}
	return nil
}

// needsNone reports whether a login failed because the server asks for none.
func needsNone(text string) bool {
	return strings.Contains(text, "no password is set") || strings.Contains(text, "without any password configured")
}

// Do sends the commands at once and returns a reply for each, in their order:
// nil, string (a status), []byte, int64, []any of these, or an Error. A command
// is its name and arguments.
func (c *Conn) Do(ctx context.Context, cmds [][][]byte) (replies []any, err error) {
	for _, cmd := range cmds {
		if err := allowed(cmd); err != nil {
			return nil, err
		}
	}
	err = c.line.Do(ctx, func() error {
		replies, err = c.exchange(cmds)
		return err
	})
	return replies, err
}

const unasked = "the server would speak unasked on a connection that logins share; publish and read instead"

var refused = map[string]string{
	"SUBSCRIBE": unasked, "PSUBSCRIBE": unasked, "SSUBSCRIBE": unasked, "UNSUBSCRIBE": unasked, "PUNSUBSCRIBE": unasked, "SUNSUBSCRIBE": unasked,
	"MONITOR": unasked, "SYNC": unasked, "PSYNC": unasked, "REPLCONF": unasked,
	"HELLO": "the protocol is chosen by the host", "RESET": "the host does so after the login", "QUIT": "call the client's own quit()",
}

func allowed(cmd [][]byte) error {
	if len(cmd) == 0 || len(cmd[0]) == 0 {
		return &Refused{"a command without a name", "give it one"}
	}
	name := strings.ToUpper(string(cmd[0]))
	if why := refused[name]; why != "" {
		return &Refused{name, why}
	}
	if name == "CLIENT" && len(cmd) > 1 {
		switch sub := strings.ToUpper(string(cmd[1])); sub {
		case "REPLY", "TRACKING":
			return &Refused{"CLIENT " + sub, "every command must have its reply, and no other"}
		}
	}
	return nil
}

// Usable reports whether the session can go on.
func (c *Conn) Usable() bool { return !c.line.Broken() }

// Close closes the connection.
func (c *Conn) Close() error { return c.line.Farewell(nil) }

// Abandon does nothing: a server ends what waits when its connection is closed.
func (c *Conn) Abandon(context.Context, func(context.Context) (net.Conn, error)) error { return nil }

// Reset makes the session as it was after login: no other user, database or name,
// no transaction, no watched keys, no caching. Servers before Redis 6.2 cannot,
// and fail.
func (c *Conn) Reset(ctx context.Context) error {
	err := c.line.Do(ctx, func() error {
		// RESET takes the login back: the rest counts only after it.
		replies, err := c.exchange([][][]byte{{[]byte("RESET")}})
		if err != nil {
			return err
		}
		if s, ok := replies[0].(string); !ok || s != "RESET" {
			return fmt.Errorf("the server cannot reset the session: %v", replies[0])
		}
		return c.login(c.hello())
	})
	if err != nil {
		c.line.Break()
	}
	return err
}
