package bus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ConnectOptions say how to reach NATS. Every field may be left out.
type ConnectOptions struct {
	// URL of the NATS server. Without it: $RULEBOX_NATS, the server whose data
	// folder is DataDir, nats://127.0.0.1:4222.
	URL string
	// Creds is the path of a credentials file. Without it: $RULEBOX_CREDS, the
	// operator's credentials in DataDir, none.
	Creds string
	// DataDir is the data folder of a server on this machine. Without it:
	// $RULEBOX_DATA.
	DataDir string
	// CA is the path of a PEM file with the authorities that vouch for the
	// server, in place of the system's.
	CA string
	// Name is shown in the server's list of connections.
	Name string
	// Timeout bounds connecting. Default 5 s.
	Timeout time.Duration
	// NATS are further options of the NATS client; they win over the above.
	NATS []nats.Option
}

// Connect returns a client on a connection of its own, which reconnects for ever
// when it is lost. The caller closes it.
func Connect(ctx context.Context, opt ConnectOptions) (*Client, error) {
	conn, err := Dial(ctx, opt)
	if err != nil {
		return nil, err
	}
	c := NewClient(conn)
	c.own = true
	return c, nil
}

// Dial makes the connection that Connect uses; nodes use it with an external
// NATS server.
func Dial(ctx context.Context, opt ConnectOptions) (*nats.Conn, error) {
	opt.find()
	if opt.Timeout <= 0 {
		opt.Timeout = 5 * time.Second
	}
	if deadline, ok := ctx.Deadline(); ok {
		opt.Timeout = min(opt.Timeout, time.Until(deadline))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options := []nats.Option{
		nats.Name(opt.Name),
		nats.Timeout(opt.Timeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		// A login that cannot be sent now is refused now.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
	if opt.Creds != "" {
		if _, err := os.ReadFile(opt.Creds); err != nil {
			return nil, fmt.Errorf("bus: credentials for NATS: %w", err)
		}
		options = append(options, nats.UserCredentials(opt.Creds))
	}
	if opt.CA != "" {
		options = append(options, nats.RootCAs(opt.CA))
	}
	conn, err := nats.Connect(opt.URL, append(options, opt.NATS...)...)
	if err != nil {
		return nil, connectError(opt, err)
	}
	return conn, nil
}

// find fills in what the environment and the data folder tell.
func (o *ConnectOptions) find() {
	if o.DataDir == "" {
		o.DataDir = os.Getenv("RULEBOX_DATA")
	}
	if o.URL == "" {
		o.URL = os.Getenv("RULEBOX_NATS")
	}
	if o.Creds == "" {
		o.Creds = os.Getenv("RULEBOX_CREDS")
	}
	if o.DataDir != "" {
		files := layout(o.DataDir)
		if o.URL == "" {
			if text, err := os.ReadFile(files.url()); err == nil {
				o.URL = strings.TrimSpace(string(text))
			}
		}
		if _, err := os.Stat(files.operatorCreds()); o.Creds == "" && !errors.Is(err, fs.ErrNotExist) {
			o.Creds = files.operatorCreds()
		}
	}
	if o.URL == "" {
		o.URL = nats.DefaultURL
	}
	if o.Name == "" {
		o.Name = filepath.Base(os.Args[0])
	}
}

func connectError(opt ConnectOptions, err error) error {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
		if opt.Creds == "" && opt.DataDir != "" {
			return fmt.Errorf("bus: NATS at %s asks for credentials, and there is no file %s: name the data folder of that server (DataDir, RULEBOX_DATA), or a credentials file (Creds, RULEBOX_CREDS, serve --creds): %w", opt.URL, layout(opt.DataDir).operatorCreds(), err)
		}
		if opt.Creds == "" {
			return fmt.Errorf("bus: NATS at %s asks for credentials; name a file (Creds, RULEBOX_CREDS, serve --creds), or the server's data folder (DataDir, RULEBOX_DATA): %w", opt.URL, err)
		}
		return fmt.Errorf("bus: NATS at %s does not accept the credentials in %s; they may be revoked or another server's (rulebox creds create makes new ones): %w", opt.URL, opt.Creds, err)
	case errors.Is(err, nats.ErrNoServers):
		return fmt.Errorf("bus: no NATS server answers at %s; start it, or correct the address (a server of rulebox serve is at its --nats-listen): %w", opt.URL, err)
	}
	return fmt.Errorf("bus: connect to NATS at %s: %w", opt.URL, err)
}
