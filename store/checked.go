package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/rulebox/rulebox"
)

// checkedFile lists the digests of scripts that compile: the version of the
// engine in the first line, then one digest a line.
const checkedFile = "checked"

// digestLength is that of a rulebox.Digest.
const digestLength = 64

// Remember returns check with a memory in the data folder: a script that
// compiled once is not compiled again, also after a restart, so that a node
// with thousands of tenants is up in seconds. Another version forgets all.
func Remember(dataDir, version string, check CheckFunc) (CheckFunc, error) {
	path := filepath.Join(dataDir, checkedFile)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("memory of checked scripts: %w", err)
	}
	m := &memory{path: path, good: map[rulebox.Digest]bool{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	if lines.Scan() && lines.Text() == version {
		for lines.Scan() && len(lines.Text()) == digestLength {
			m.good[rulebox.Digest(lines.Text())] = true
		}
	} else if err := WriteFile(path, []byte(version+"\n"), 0o600); err != nil {
		return nil, err
	}
	return func(ctx context.Context, s *rulebox.Script) error {
		if isWASM(s) {
			return check(ctx, s) // its native code may be gone
		}
		if m.has(s.Digest) {
			return nil
		}
		if err := check(ctx, s); err != nil {
			return err
		}
		m.add(s.Digest)
		return nil
	}, nil
}

type memory struct {
	path string
	mu   sync.Mutex // guards good and appending
	good map[rulebox.Digest]bool
}

func (m *memory) has(d rulebox.Digest) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.good[d]
}

// add remembers the digest. A memory that cannot be written, on a full disk say,
// costs time at the next start and nothing else.
func (m *memory) add(d rulebox.Digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.good[d] = true
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(string(d) + "\n")
}
