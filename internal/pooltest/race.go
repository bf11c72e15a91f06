//go:build race

package pooltest

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

// adapt has the node under the race detector, and its workers not: there they need
// more memory than a worker may have. There is no jail either: this binary is
// linked with cgo and cannot find out what holds.
func adapt(t testing.TB, opt *sandbox.Options) {
	if opt.Program != nil || opt.Command != nil || opt.Plan != nil {
		return
	}
	program, err := theWorker()
	require.NoError(t, err)
	opt.Program, opt.Plan = program, &confine.Plan{Profile: confine.JS}
}

// theWorker is the worker's program in memory, built once.
var theWorker = sync.OnceValues(func() (*os.File, error) {
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
