package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// safety bounds what would otherwise hang a broken test.
const safety = 2 * time.Minute

// folder is removed when all tests have ended.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "oidc"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// binary returns the path of rulebox, as it is in this checkout.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "rulebox")
	build := exec.Command("go", "build", "-o", path, "./cmd/rulebox")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building rulebox: %w\n%s", err, out)
	}
	return path, nil
})

// A running is the whole example: the real server, login server, shop, members.
type running struct {
	issuer, shop, data string
	log                *text
}

// text is written by several goroutines.
type text struct {
	mu sync.Mutex // guards s
	s  strings.Builder
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.s.Write(b)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.s.String()
}

// start starts the example on free ports; it ends with the test.
func start(t *testing.T, o options) *running {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	r := &running{data: t.TempDir(), log: &text{}}
	const anywhere = "127.0.0.1:0"
	o.binary, o.data, o.login, o.shop, o.members, o.http, o.nats = path, r.data, anywhere, anywhere, anywhere, anywhere, anywhere
	if o.tenants == "" {
		o.tenants = "tenants"
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- run(ctx, o, slog.New(slog.NewTextHandler(r.log, nil)), func(issuer, shop string) {
			r.issuer, r.shop = issuer, shop
			close(ready)
		})
	}()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatal("the example did not start: ", err)
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return r
}

// tenant returns a copy of the tenants folder; it is the test's to change.
func tenant(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tenants")
	require.NoError(t, os.CopyFS(dir, os.DirFS("tenants")))
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}
