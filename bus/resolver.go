package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"go.uber.org/zap"
)

// A resolver gives the NATS server the accounts it asks for: two fixed ones, and
// those that CreateCreds has written, read when they are needed. So credentials
// made by another process work at once.
type resolver struct {
	l     layout
	fixed map[string]string // public key to signed claims; not written after start
}

var _ natsserver.AccountResolver = (*resolver)(nil)

func (r *resolver) Fetch(key string) (string, error) {
	if token, ok := r.fixed[key]; ok {
		return token, nil
	}
	// The key came from a client: only a real one may become part of a path.
	if !nkeys.IsValidPublicAccountKey(key) {
		return "", natsserver.ErrMissingAccount
	}
	token, err := os.ReadFile(r.l.account(key))
	if err != nil {
		return "", natsserver.ErrMissingAccount
	}
	return string(token), nil
}

func (r *resolver) Store(string, string) error {
	return errors.New("accounts are written by rulebox creds only")
}
func (r *resolver) IsReadOnly() bool               { return true }
func (r *resolver) Start(*natsserver.Server) error { return nil }
func (r *resolver) IsTrackingUpdate() bool         { return false }
func (r *resolver) Reload() error                  { return nil }
func (r *resolver) Close()                         {}

// watch tells the server of credentials that are revoked while it runs, until
// ctx ends. Looking at the folder's time is one system call; accounts are read
// only when it has changed.
func (r *resolver) watch(ctx context.Context, ns *natsserver.Server, log *zap.Logger) {
	ticker := time.NewTicker(revocationCheck)
	defer ticker.Stop()
	told := make(map[string]bool)
	var seen time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		info, err := os.Stat(r.l.accounts())
		if err != nil || info.ModTime().Equal(seen) {
			continue
		}
		// A folder that changed just now may change again within the same
		// tick of the file system's clock: then look once more.
		if time.Since(info.ModTime()) > time.Second {
			seen = info.ModTime()
		}
		if err := r.revoke(ns, told); err != nil {
			log.Warn("revoked credentials could not be applied", zap.Error(err))
		}
	}
}

// revoke applies the claims of revoked accounts. Told holds those it has done.
func (r *resolver) revoke(ns *natsserver.Server, told map[string]bool) error {
	paths, err := filepath.Glob(r.l.account("*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		key := strings.TrimSuffix(filepath.Base(path), ".jwt")
		if told[key] {
			continue
		}
		claims, err := readAccount(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if len(claims.Revocations) == 0 {
			continue
		}
		account, err := ns.LookupAccount(key)
		if err != nil {
			errs = append(errs, fmt.Errorf("account of credential %s: %w", claims.Name, err))
			continue
		}
		ns.UpdateAccountClaims(account, claims)
		told[key] = true
	}
	return errors.Join(errs...)
}
