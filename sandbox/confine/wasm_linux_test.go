package confine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() {
	crimes["engine"] = workEngine
	crimes["rwx"] = func([]string) error {
		return unix.Mprotect(page(), unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC)
	}
	crimes["map-exec"] = func([]string) error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	}
	crimes["map-file"] = func([]string) error {
		f, err := os.Create("/code")
		if err != nil {
			return err
		}
		_, err = unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE)
		return err
	}
	crimes["link"] = func([]string) error { return unix.Symlink("/etc/passwd", "/link") }
	crimes["fifo"] = func([]string) error { return unix.Mknod("/fifo", unix.S_IFIFO|0o600, 0) }
	crimes["run-file"] = func([]string) error {
		if err := os.WriteFile("/sh", []byte("#!/bin/sh\n"), 0o700); err != nil {
			return err
		}
		return unix.Exec("/sh", []string{"sh"}, nil)
	}
	crimes["fill"] = func([]string) error {
		f, err := os.Create("/big")
		if err != nil {
			return err
		}
		b := make([]byte, 1<<20)
		for range ownRootSize>>20 + 1 {
			if _, err := f.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
	crimes["many"] = func([]string) error {
		for i := range 1000 {
			if err := os.WriteFile(fmt.Sprint("/", i), nil, 0o600); err != nil {
				return err
			}
		}
		return nil
	}
}

func page() []byte {
	b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(err)
	}
	return b
}

// workEngine does what the WebAssembly engine does: code from a file that was
// written as a whole and renamed, in memory that becomes executable.
func workEngine([]string) error {
	code := bytes.Repeat([]byte{0xc3}, 4096)
	dir := "/wazero/amd64"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "x.*.tmp")
	if err != nil {
		return err
	}
	if _, err := f.Write(code); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(f.Name(), filepath.Join(dir, "x"))); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "y")); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("a file that is not there: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "x"))
	if err != nil || !bytes.Equal(got, code) {
		return fmt.Errorf("the file reads otherwise: %v", err)
	}
	if _, err := unix.Mmap(-1, 0, 2<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_HUGETLB|21<<unix.MAP_HUGE_SHIFT); err == nil {
		return errors.New("a huge page was had")
	}
	b := page()
	copy(b, code)
	return errors.Join(unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC), os.Remove(filepath.Join(dir, "x")))
}

// TestWASM runs the engine's work under every layer, and then what a script that
// took the engine over would try with what that needs.
func TestWASM(t *testing.T) {
	needAllThreads(t)
	js, err := Probe(JS)
	require.NoError(t, err)
	plan := js.For(WASM)
	if !plan.Has(MntNS) {
		t.Skip("no mount namespace here: the engine gets no files")
	}
	assert.Equal(t, "done", attemptUnder(t, plan, nil, "engine"))
	for _, crime := range []string{"rwx", "map-exec", "map-file", "link", "fifo", "run-file", "fill", "many", "socket", "exec", "fork", "unshare"} {
		got := attemptUnder(t, plan, nil, crime)
		assert.NotContains(t, got, "done", crime)
		assert.Regexp(t, `^(killed: SIG(SYS|XFSZ)|stopped: )`, got, crime)
	}
	for _, secret := range []string{"/etc/passwd", "/proc/self/status", "/dev/null"} {
		assert.Regexp(t, `^stopped: `, attemptUnder(t, plan, nil, "open", secret))
	}
	// Without a root of its own there are no files at all.
	rootless := &Plan{Profile: WASM}
	for _, l := range plan.Layers {
		if l != MntNS {
			rootless.Layers = append(rootless.Layers, l)
		}
	}
	assert.Regexp(t, `^stopped: `, attemptUnder(t, rootless, nil, "open", "/etc/passwd"))
	assert.Equal(t, "done", attemptUnder(t, js, nil, "ready"))
	assert.NotEqual(t, "done", attemptUnder(t, js, nil, "engine"), "workers for JavaScript have nothing of it")
}
