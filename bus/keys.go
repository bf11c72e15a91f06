package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// A layout is a data folder; its methods name what this package keeps there:
//
//	nats/operator.nk     seed that signs accounts: who has it can make any credential
//	nats/nodes.nk        seed of the nodes' account, signs nodes' credentials
//	nats/node.creds      a node's credentials
//	nats/operator.creds  credentials of this machine's CLI: all tenants
//	nats/creds/NAME.creds     credentials made by CreateCreds
//	nats/accounts/KEY.jwt     the account of each credential; not secret
//	nats/jetstream/      JetStream's files
//	nats/url             where the server listens
//	nats/lock            held while a server runs
//
// Secrets have mode 0600 in a folder with mode 0700.
type layout string

func (l layout) root() string { return filepath.Join(string(l), "nats") }
func (l layout) file(name ...string) string {
	return filepath.Join(append([]string{l.root()}, name...)...)
}
func (l layout) operatorKey() string       { return l.file("operator.nk") }
func (l layout) nodesKey() string          { return l.file("nodes.nk") }
func (l layout) nodeCreds() string         { return l.file("node.creds") }
func (l layout) operatorCreds() string     { return l.file("operator.creds") }
func (l layout) accounts() string          { return l.file("accounts") }
func (l layout) account(key string) string { return l.file("accounts", key+".jwt") }
func (l layout) creds(name string) string  { return l.file("creds", name+".creds") }
func (l layout) url() string               { return l.file("url") }
func (l layout) lock() string              { return l.file("lock") }

// prepare makes the folders.
func (l layout) prepare() error {
	for _, dir := range []string{l.root(), l.accounts(), l.file("creds"), l.file("jetstream")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("bus: the data folder must be writable (choose another with --data): %w", err)
		}
	}
	return nil
}

// keys are the signing keys of a data folder.
type keys struct {
	operator, nodes nkeys.KeyPair
	nodesPublic     string
}

// openKeys reads the keys and makes those that are not there yet.
func openKeys(l layout) (*keys, error) {
	if err := l.prepare(); err != nil {
		return nil, err
	}
	operator, err := openSeed(l.operatorKey(), nkeys.PrefixByteOperator, nkeys.CreateOperator)
	if err != nil {
		return nil, err
	}
	nodes, err := openSeed(l.nodesKey(), nkeys.PrefixByteAccount, nkeys.CreateAccount)
	if err != nil {
		return nil, err
	}
	public, err := nodes.PublicKey()
	if err != nil {
		return nil, err
	}
	return &keys{operator: operator, nodes: nodes, nodesPublic: public}, nil
}

func openSeed(path string, kind nkeys.PrefixByte, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		pair, err := create()
		if err != nil {
			return nil, err
		}
		seed, err := pair.Seed()
		if err != nil {
			return nil, err
		}
		err = writeNew(path, append(seed, '\n'))
		if err == nil {
			return pair, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		// Another process was faster: its key counts.
		text, err = os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("bus: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	seed := strings.TrimSpace(string(text))
	found, _, err := nkeys.DecodeSeed([]byte(seed))
	if err != nil || found != kind {
		return nil, fmt.Errorf("bus: %s does not hold the %s key that it should; restore it from a backup, or move the folder %s away to begin with new keys (every credential must then be created again)",
			path, strings.ToLower(kind.String()), filepath.Dir(path))
	}
	return nkeys.FromSeed([]byte(seed))
}

// writeNew writes a file that must not exist yet, complete or not at all.
func writeNew(path string, data []byte) error {
	return writeFile(path, data, func(temp string) error { return os.Link(temp, path) })
}

// writeOver writes a file in place of an earlier one, complete or not at all.
func writeOver(path string, data []byte) error {
	return writeFile(path, data, func(temp string) error { return os.Rename(temp, path) })
}

func writeFile(path string, data []byte, place func(temp string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("bus: write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = place(f.Name())
	}
	if err != nil {
		return fmt.Errorf("bus: write %s: %w", path, err)
	}
	return nil
}

// maxLogin is how long NATS keeps the way back for an answer.
const maxLogin = 10 * time.Minute

// nodesAccount returns the claims of the nodes' account, signed.
func (k *keys) nodesAccount() (string, error) {
	c := jwt.NewAccountClaims(k.nodesPublic)
	c.Name = "nodes"
	c.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
		MaxAckPending: jwt.NoLimit, MemoryMaxStreamBytes: jwt.NoLimit, DiskMaxStreamBytes: jwt.NoLimit,
	}
	c.Exports.Add(&jwt.Export{Name: "logins", Subject: allSubjects, Type: jwt.Service, ResponseType: jwt.ResponseTypeSingleton, ResponseThreshold: maxLogin})
	return c.Encode(k.operator)
}

// newUser returns a credentials file for a new user of the account.
func newUser(account nkeys.KeyPair, name string, permissions jwt.Permissions) ([]byte, error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	public, err := user.PublicKey()
	if err != nil {
		return nil, err
	}
	c := jwt.NewUserClaims(public)
	c.Name = name
	c.Permissions = permissions
	token, err := c.Encode(account)
	if err != nil {
		return nil, err
	}
	seed, err := user.Seed()
	if err != nil {
		return nil, err
	}
	return jwt.FormatUserConfig(token, seed)
}
