package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// stateFiles is a folder that keeps suspended chains. It implements
// transaction.States.
type stateFiles string

var _ transaction.States = stateFiles("")

const stateSuffix = ".state"

// path is the record's: no name can mean another folder.
func (d stateFiles) path(name string) string {
	return filepath.Join(string(d), hex.EncodeToString([]byte(name))+stateSuffix)
}

// Put implements transaction.States.
func (d stateFiles) Put(_ context.Context, name string, record []byte, _ time.Duration) error {
	d.sweep()
	path := d.path(name)
	temp := path + "." + rand.Text()
	if err := store.WriteFile(temp, record, 0o600); err != nil {
		return err
	}
	defer os.Remove(temp)
	return os.Link(temp, path) // fails if there is one
}

// Take implements transaction.States.
func (d stateFiles) Take(_ context.Context, name string) ([]byte, error) {
	taken := d.path(name) + "." + rand.Text()
	switch err := os.Rename(d.path(name), taken); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer os.Remove(taken)
	return os.ReadFile(taken)
}

// sweep removes what can no longer be taken up. What cannot be removed does no
// harm: states tell their age themselves.
func (d stateFiles) sweep() {
	entries, _ := os.ReadDir(string(d))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != "key" && time.Since(info.ModTime()) > transaction.StateTTL {
			_ = os.Remove(filepath.Join(string(d), e.Name()))
		}
	}
}
