package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const root = "../.."

var programs struct {
	dir  string
	once sync.Once
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if programs.dir != "" {
		os.RemoveAll(programs.dir)
	}
	os.Exit(code)
}

// build makes the tour and the server, as `make run` does, and returns the
// folder they are in. The sources are looked at one by one so that the go tool
// does not take a remembered result of this test when one of them has changed.
func build(t *testing.T) string {
	programs.once.Do(func() {
		programs.err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && slices.Contains([]string{"node_modules", ".git", "bin", "data"}, d.Name()) {
				return filepath.SkipDir
			}
			_, _ = os.Stat(path) // for the go tool to see that it matters
			return nil
		})
		if programs.err != nil {
			return
		}
		if programs.dir, programs.err = os.MkdirTemp("", "rulebox-tour"); programs.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", programs.dir+"/", "./cmd/rulebox", "./examples/tour")
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			programs.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	require.NoError(t, programs.err)
	return programs.dir
}

// output is written by a process and read by the test.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func start(t *testing.T, data string, flags ...string) (cmd *exec.Cmd, stdout, stderr *output) {
	dir := build(t)
	cmd = exec.Command(filepath.Join(dir, "tour"), append([]string{"-rulebox", filepath.Join(dir, "rulebox"), "-data", data}, flags...)...)
	cmd.Dir = root
	stdout, stderr = &output{}, &output{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	require.NoError(t, cmd.Start())
	return cmd, stdout, stderr
}

const freePorts = "-listen=127.0.0.1:0 -nats-listen=127.0.0.1:0"

// What `make run ONCE=1` shows.
func TestTour(t *testing.T) {
	cmd, stdout, stderr := start(t, t.TempDir(), append(strings.Fields(freePorts), "-once")...)
	require.NoError(t, cmd.Wait(), "%s%s", stdout, stderr)
	require.Empty(t, stderr.String())
	head, rest, ok := strings.Cut(stdout.String(), "\n\n")
	require.True(t, ok)
	require.Regexp(t, `(?s)^operator token: rbx_\S+\nrulebox serves 1 tenant: NATS at \S+, HTTP at 127\.0\.0\.1:\d+$`, head)

	shown := strings.Split(strings.TrimSpace(rest), "\n\n")
	for i, want := range []struct {
		decision string
		lines    []string
	}{
		{"allow", []string{`id token  {"https://acme.example/plan":"enterprise","https://acme.example/roles":["billing"],"https://acme.example/recommendations":[]}`, "log       Claims: login 1 of this worker"}},
		{"deny", []string{"code      denied", "message   Please verify your email before logging in.", "rule      Verified email"}},
		{"redirect", []string{"go to     https://acme.example/terms?for=auth0%7Ceve"}},
		{"fault", []string{"code      timeout", "1.5s", "rule      Recommendations", "limits.wall"}},
		{"allow", []string{`"https://acme.example/plan":"free"`}},
	} {
		require.Greater(t, len(shown), i, "%s", stdout)
		require.Contains(t, shown[i], examples[i].title)
		require.Contains(t, shown[i], "\n  decision  "+want.decision+"\n")
		for _, line := range want.lines {
			require.Contains(t, shown[i], line)
		}
	}
	require.Len(t, shown, len(examples))
}

// Without -once it serves on until it is told to end, and takes the server along.
func TestTourServesOn(t *testing.T) {
	data := t.TempDir()
	cmd, stdout, stderr := start(t, data, strings.Fields(freePorts)...)
	require.Eventually(t, func() bool { return strings.Contains(stdout.String(), "Ctrl-C ends") }, time.Minute, 10*time.Millisecond, "%s", stderr)
	url := filepath.Join(data, "nats", "url")
	require.FileExists(t, url)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, cmd.Wait(), "%s", stderr)
	require.NoFileExists(t, url, "the server has ended well")
}

// A port that is taken is named, and so is the way to another.
func TestTourPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	address := taken.Addr().String()
	for _, flag := range []string{"-listen", "-nats-listen"} {
		flags := append(strings.Fields(freePorts), flag, address, "-once")
		cmd, stdout, stderr := start(t, t.TempDir(), flags...)
		require.Error(t, cmd.Wait(), "%s", stdout)
		require.Equal(t, 1, cmd.ProcessState.ExitCode())
		require.Contains(t, stderr.String(), address)
		require.Contains(t, stderr.String(), "address already in use")
		require.Contains(t, stderr.String(), "make run LISTEN=HOST:PORT NATS_LISTEN=HOST:PORT")
		require.NotContains(t, stdout.String(), "decision")
	}
}

// However the tour ends, its server does not stay behind and keep the ports.
func TestTourTakesItsServerAlong(t *testing.T) {
	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP} {
		data := t.TempDir()
		cmd, stdout, stderr := start(t, data, strings.Fields(freePorts)...)
		require.Eventually(t, func() bool { return strings.Contains(stdout.String(), "Ctrl-C ends") }, time.Minute, 10*time.Millisecond, "%s", stderr)
		url := filepath.Join(data, "nats", "url")
		require.FileExists(t, url)
		require.NoError(t, cmd.Process.Signal(how))
		_ = cmd.Wait() // its exit code is the signal's
		require.Eventually(t, func() bool { _, err := os.Stat(url); return err != nil }, time.Minute, 10*time.Millisecond, "%v: the server has ended well", how)
	}
}

// As in `make run | head -1`.
func TestTourWithoutReader(t *testing.T) {
	data := t.TempDir()
	dir := build(t)
	cmd := exec.Command(filepath.Join(dir, "tour"), append([]string{"-rulebox", filepath.Join(dir, "rulebox"), "-data", data}, strings.Fields(freePorts)...)...)
	cmd.Dir = root
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout = w
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	_, err = r.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, cmd.Wait(), "it ends in good order, and the server with it")
	require.NoFileExists(t, filepath.Join(data, "nats", "url"))
}
