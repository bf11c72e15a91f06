// Package workertest builds the worker as a program of its own, for tests under the
// race detector: the node is tried with it, and its workers without, for there they
// start slowly and need more memory than a worker may have.
package workertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/rulebox/rulebox/sandbox/confine"
)

// Program returns the program in memory, for sandbox.Options. It is built once in a
// process, and stays open.
var Program = sync.OnceValues(func() (*os.File, error) {
	dir, err := os.MkdirTemp("", "rulebox-worker-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-o", path, "github.com/rulebox/rulebox/sandbox/program/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the worker's program: %w\n%s", err, out)
	}
	text, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	return confine.NewProgram("the-worker", text)
})
