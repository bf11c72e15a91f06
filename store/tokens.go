package store

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	tokensFile  = "tokens.json"
	tokenPrefix = "rbx_"
)

// A Token is what is kept of one bearer token: never the token itself.
type Token struct {
	// Hash is the hex SHA-256 of the token, which has 256 random bits.
	Hash string `json:"sha256"`
	Name string `json:"name,omitempty"`
	// Tenants are the tenants whose triggers the token may fire. Nil, and only
	// that, means an operator's token: every tenant, and unsaved code.
	Tenants []string  `json:"tenants,omitzero"`
	Created time.Time `json:"created"`
}

// Operator says whether the token is an operator's.
func (t *Token) Operator() bool { return t.Tenants == nil }

// Tokens keeps hashed tokens in a file of the data folder. It is safe for
// concurrent use, also by several processes: another's change is seen at the
// next Find.
type Tokens struct {
	// OnError, if not nil, is told that the file cannot be read, which lets
	// nobody in: at once, and then once a minute. It is set before the first Find.
	OnError func(error)

	path string

	mu    sync.Mutex // guards what follows
	stamp time.Time
	size  int64
	list  []Token
	told  time.Time // when OnError was called last; zero when all is well
}

// tellAgain is how often OnError hears of the same.
const tellAgain = time.Minute

// OpenTokens returns the tokens of the data folder, which must exist.
func OpenTokens(dataDir string) (*Tokens, error) {
	t := &Tokens{path: filepath.Join(dataDir, tokensFile)}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t, t.refresh()
}

// Empty says whether there is no token yet.
func (t *Tokens) Empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list) == 0
}

// Create makes a token for the tenants (nil: an operator's) and returns it. It
// is not to be had again.
func (t *Tokens) Create(name string, tenants []string) (string, error) {
	if tenants != nil && len(tenants) == 0 {
		return "", errors.New("the list of tenants is empty")
	}
	for _, tenant := range tenants {
		if !TenantName().MatchString(tenant) {
			return "", fmt.Errorf("%q is no tenant name", tenant)
		}
	}
	var secret [32]byte
	rand.Read(secret[:]) // never fails
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	unlock, err := lockFolder(filepath.Dir(t.path))
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := t.refresh(); err != nil {
		return "", err
	}
	list := append(t.list[:len(t.list):len(t.list)], Token{Hash: hash(token), Name: name, Tenants: tenants, Created: time.Now().UTC().Truncate(time.Second)})
	return token, t.write(list)
}

// Revoke removes the tokens of the name; it is an error if there is none. A
// server that runs refuses them from then on.
func (t *Tokens) Revoke(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	unlock, err := lockFolder(filepath.Dir(t.path))
	if err != nil {
		return err
	}
	defer unlock()
	if err := t.refresh(); err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(t.list), func(k Token) bool { return k.Name == name })
	if len(left) == len(t.list) {
		return fmt.Errorf("there is no token named %q; the names stand in %s", name, t.path)
	}
	return t.write(left)
}

// write makes list the file's. Caller holds mu and the folder's lock.
func (t *Tokens) write(list []Token) error {
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := WriteFile(t.path, append(text, '\n'), 0o600); err != nil {
		return err
	}
	t.list = list
	return nil
}

// Find returns the record of the token, nil if there is none.
func (t *Tokens) Find(token string) *Token {
	if !strings.HasPrefix(token, tokenPrefix) {
		return nil
	}
	h := []byte(hash(token))
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(); err != nil {
		if t.OnError != nil && (t.told.IsZero() || time.Since(t.told) > tellAgain) {
			t.told = time.Now()
			t.OnError(err)
		}
		return nil // a file that cannot be read lets nobody in
	}
	t.told = time.Time{}
	for i := range t.list {
		if subtle.ConstantTimeCompare([]byte(t.list[i].Hash), h) == 1 {
			found := t.list[i]
			return &found
		}
	}
	return nil
}

// refresh reads the file if it changed. Caller holds mu.
func (t *Tokens) refresh() error {
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		t.list, t.stamp, t.size = nil, time.Time{}, 0
		return nil
	}
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if info.ModTime().Equal(t.stamp) && info.Size() == t.size {
		return nil
	}
	text, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	var list []Token
	if err := strictJSON(text, &list); err != nil {
		return fmt.Errorf("%s: %w; repair it, or remove it and make new tokens", t.path, err)
	}
	t.list, t.stamp, t.size = list, info.ModTime(), info.Size()
	return nil
}

// lockFolder keeps other processes from changing the folder's files at the same
// time; a change of one would be lost in that of the other.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("data folder %s cannot be locked: %w", dir, err)
	}
	return func() { f.Close() }, nil // and with it the lock
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// WriteFile replaces the file as a whole: after a failure (a full disk, say) the
// old content is still there.
func WriteFile(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("%s was not written: %w", path, err)
		}
	}()
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
