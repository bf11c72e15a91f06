package confine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Init()
	if len(os.Args) > 2 && os.Args[1] == "victim" {
		victim(os.Args[2], os.Args[3:])
	}
	os.Exit(m.Run())
}

// needAllThreads skips where the jail cannot be built at all.
func needAllThreads(t testing.TB) {
	if linkedWithCgo() {
		t.Skip("the test binary is linked with cgo: run with CGO_ENABLED=0 and without -race")
	}
}

func needRoot(t testing.TB) {
	needAllThreads(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root; TestOrdinaryUser is for others")
	}
}

// victim is the child: it enters the jail, tries the crime and says on
// descriptor 3 how that went. "free:" before the name leaves the jail out.
func victim(name string, args []string) {
	out := os.NewFile(3, "report")
	name, free := strings.CutPrefix(name, "free:")
	name, threads := strings.CutPrefix(name, "threads:")
	crime, ok := crimes[name]
	if !ok {
		fmt.Fprintf(out, "no crime is called %q", name)
		os.Exit(1)
	}
	if threads {
		crime = onThreads(crime)
	}
	if !free {
		if _, err := Enter(); err != nil {
			fmt.Fprintf(out, "jail: %v", err)
			os.Exit(1)
		}
	}
	if err := crime(args); err != nil {
		fmt.Fprintf(out, "stopped: %v", err)
	} else {
		fmt.Fprint(out, "done")
	}
	os.Exit(0)
}

// onThreads prepares threads now, before the jail is entered, that commit the
// crime later. It is stopped if it is on every one of them.
func onThreads(crime func([]string) error) func([]string) error {
	const n = 6
	order, results := make(chan []string), make(chan error, n)
	var up sync.WaitGroup
	for range n {
		up.Add(1)
		go func() {
			runtime.LockOSThread()
			up.Done()
			results <- crime(<-order)
		}()
	}
	up.Wait()
	return func(args []string) (err error) {
		for range n {
			order <- args
			if e := <-results; e == nil {
				return nil
			} else {
				err = e
			}
		}
		return err
	}
}

// attempt starts a victim with the layers and returns what became of the crime:
// "done", "stopped: …", "killed: signal", or what went wrong in the test itself.
func attempt(t testing.TB, layers []Layer, files []*os.File, crime string, args ...string) string {
	t.Helper()
	return attemptUnder(t, &Plan{Profile: JS, Layers: layers}, files, crime, args...)
}

// attemptUnder is attempt under a plan.
func attemptUnder(t testing.TB, p *Plan, files []*os.File, crime string, args ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	argv := append([]string{selfExe, "victim", crime}, args...)
	cmd := p.Command(argv, append([]*os.File{w}, files...))
	cmd.Path = selfExe
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err = cmd.Start()
	w.Close()
	if err != nil {
		return "start: " + err.Error()
	}
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
			return "killed: " + unix.SignalName(ws.Signal())
		}
	}
	if len(said) == 0 {
		return fmt.Sprintf("silent: %v %s", err, stderr.String())
	}
	return string(said)
}

// sleeper starts an unjailed process of the test's own user, which dies with the
// test, and returns its pid.
func sleeper(t testing.TB) string {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.Env = []string{"SECRET=sibling"}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return fmt.Sprint(cmd.Process.Pid)
}

// openFolder returns a temporary folder that every user can enter and write to.
func openFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "confine")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
