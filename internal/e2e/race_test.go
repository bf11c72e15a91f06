//go:build race

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// poolOptions have the nodes of this process under the race detector, and their
// workers not: there they need more memory than a worker may have. There is no
// jail either: this binary is linked with cgo and cannot find out what holds.
func poolOptions(t testing.TB) sandbox.Options {
	program, err := theWorker()
	require.NoError(t, err)
	return sandbox.Options{Program: program, Plan: &confine.Plan{Profile: confine.JS}}
}

// theWorker is the worker's program in memory, built once.
var theWorker = sync.OnceValues(func() (*os.File, error) {
	dir, err := os.MkdirTemp("", "rulebox-e2e-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-o", path, "../../sandbox/program/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	text, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	return confine.NewProgram("the-worker", text)
})
