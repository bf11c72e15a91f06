package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
)

const (
	// codeFolder is where native code of WebAssembly lies, in the data folder: one
	// folder for each version of the engine and kind of processor, in it a file for
	// each script, named by its digest.
	codeFolder = "code"
	// codeUnused is how long code is kept that nobody loads.
	codeUnused = 90 * 24 * time.Hour
	// codeTimeout bounds what nodes exchange of one script's code.
	codeTimeout = 20 * time.Second
)

// A Code keeps native code of WebAssembly on disk, and where nodes share a
// JetStream also there. Each record begins with an HMAC over digest and code under
// a key that only nodes have: what anybody else writes is not taken.
//
// It implements the sandbox's CodeStore.
type Code struct {
	dir    string
	engine string
	key    []byte
	log    *zap.Logger
	shared *sharedCode // nil for none
}

// OpenCode returns the code in the data folder for the engine: a name that changes
// with its version and with the processor. What lies there for others is removed.
// The key is that of suspended logins.
func OpenCode(dataDir, engine string, key []byte, log *zap.Logger) (*Code, error) {
	if !engineName().MatchString(engine) {
		return nil, fmt.Errorf("store: the engine's name %q is no name of a folder", engine)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("rulebox native code"))
	c := &Code{dir: filepath.Join(dataDir, codeFolder, engine), engine: engine, key: mac.Sum(nil), log: log}
	others, err := os.ReadDir(filepath.Dir(c.dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: native code: %w", err)
	}
	for _, o := range others {
		if o.Name() != engine {
			_ = os.RemoveAll(filepath.Join(filepath.Dir(c.dir), o.Name())) // it costs room and nothing else
		}
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: native code: %w", err)
	}
	c.prune(time.Now())
	return c, nil
}

var engineName = pattern.New(`^[a-z0-9][a-zA-Z0-9._+-]{0,127}$`)

// prune removes what nobody has loaded for long, and what was half written.
func (c *Code) prune(now time.Time) {
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && (len(e.Name()) != digestLength || now.Sub(info.ModTime()) > codeUnused) {
			_ = os.Remove(filepath.Join(c.dir, e.Name()))
		}
	}
}

// ClearCode removes all native code from the data folder, and returns how many
// bytes that were. A node that runs makes or fetches again what it needs.
func ClearCode(dataDir string) (bytes int64, err error) {
	dir := filepath.Join(dataDir, codeFolder)
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	engines, rerr := os.ReadDir(dir)
	for _, e := range engines { // not the folder itself: a node may be about to write there
		rerr = errors.Join(rerr, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return bytes, errors.Join(err, rerr)
}

func (c *Code) seal(digest rulebox.Digest, code []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	fmt.Fprintf(mac, "%s\n%s\n", c.engine, digest)
	mac.Write(code)
	return mac.Sum(nil)
}

// open returns the code of a record, nil if the record is not what a node wrote.
func (c *Code) open(digest rulebox.Digest, record []byte) []byte {
	if len(record) <= sha256.Size {
		return nil
	}
	code := record[sha256.Size:]
	if !hmac.Equal(record[:sha256.Size], c.seal(digest, code)) {
		return nil
	}
	return code
}

func (c *Code) path(digest rulebox.Digest) (string, error) {
	if !digestForm().MatchString(string(digest)) {
		return "", fmt.Errorf("store: %.80q is no digest", digest)
	}
	return filepath.Join(c.dir, string(digest)), nil
}

// Load returns the code that is on this machine, nil if there is none.
func (c *Code) Load(digest rulebox.Digest) ([]byte, error) {
	path, err := c.path(digest)
	if err != nil {
		return nil, err
	}
	record, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: native code: %w", err)
	}
	code := c.open(digest, record)
	if code == nil {
		c.log.Error("native code that is not what a node wrote is removed", zap.String("digest", string(digest)))
		_ = os.Remove(path)
		return nil, nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // for prune; a disk that is full or read-only serves all the same
	return code, nil
}

// Fetch returns the code, which may be at another node's.
func (c *Code) Fetch(ctx context.Context, digest rulebox.Digest) ([]byte, error) {
	code, err := c.Load(digest)
	if code != nil || c.shared == nil {
		return code, err
	}
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	record, err := c.shared.get(ctx, c.engine, digest)
	if err != nil || record == nil {
		return nil, err
	}
	if code = c.open(digest, record); code == nil {
		c.log.Error("shared native code that no node wrote under this key is not used: do all nodes have the same state.key?", zap.String("digest", string(digest)))
		return nil, nil
	}
	c.log.Info("native code came from another node", zap.String("digest", string(digest)), zap.Int("bytes", len(code)))
	return code, c.write(digest, record)
}

// Save keeps the code, here and where nodes share it.
func (c *Code) Save(ctx context.Context, digest rulebox.Digest, code []byte) error {
	record := append(c.seal(digest, code), code...)
	if err := c.write(digest, record); err != nil {
		return err
	}
	if c.shared == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	if err := c.shared.put(ctx, c.engine, digest, record); err != nil {
		// Other nodes compile it themselves.
		c.log.Warn("native code was not given to other nodes", zap.String("digest", string(digest)), zap.Error(err))
	}
	return nil
}

// write puts the record in place as a whole.
func (c *Code) write(digest rulebox.Digest, record []byte) error {
	path, err := c.path(digest)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil { // it may have been cleared
		return fmt.Errorf("store: native code: %w", err)
	}
	temp := path + "." + rand.Text()
	if err := WriteFile(temp, record, 0o600); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("store: native code: %w", err)
	}
	return nil
}
