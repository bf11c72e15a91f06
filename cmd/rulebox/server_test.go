package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox/bus"
)

// safety bounds what should be fast; only a failing test waits so long.
const safety = 60 * time.Second

// secretMark is in every secret and in all guest data that tests send; no server
// may write it anywhere.
const secretMark = "s3cr3t"

// A node is a `rulebox serve` in a process of its own.
type node struct {
	t             testing.TB
	tenants, data string
	http          string // base URL
	token         string // the operator's, if this start printed it
	stdout        *lockedBuffer
	stderr        *lockedBuffer
	cmd           *exec.Cmd
	ended         chan struct{} // closed when the process has ended
}

// A lockedBuffer is written by a process and read by a test.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// process returns the command line as a process of its own: the test binary by
// the command's name.
func process(t testing.TB, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Args = append([]string{"rulebox"}, args...)
	return cmd
}

// runCommand runs a command to its end.
func runCommand(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := process(t, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// writeFiles writes the files of a txtar archive below dir.
func writeFiles(t testing.TB, dir, archive string) {
	t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
}

// serveNode starts a server on the tenants of the archive and waits until it
// serves. It ends with the test, and must end well.
func serveNode(t testing.TB, tenants string, flags ...string) *node {
	t.Helper()
	n := newNode(t, tenants)
	n.start(flags...)
	return n
}

func newNode(t testing.TB, tenants string) *node {
	dir := t.TempDir()
	n := &node{t: t, tenants: filepath.Join(dir, "tenants"), data: filepath.Join(dir, "data")}
	require.NoError(t, os.Mkdir(n.tenants, 0o755))
	writeFiles(t, n.tenants, tenants)
	return n
}

var (
	servesLine = regexp.MustCompile(`(?m)^rulebox serves \d+ tenants?: NATS at \S+, HTTP at (\S+)$`)
	tokenLine  = regexp.MustCompile(`(?m)^operator token: (rbx_\S+)$`)
)

// start may be called again after stop.
func (n *node) start(flags ...string) {
	n.t.Helper()
	n.launch(flags...)
	require.Eventually(n.t, func() bool { return n.over() || servesLine.MatchString(n.stdout.String()) }, safety, 2*time.Millisecond)
	line := servesLine.FindStringSubmatch(n.stdout.String())
	require.NotNil(n.t, line, "the server did not start: %s", n.stderr)
	n.http = "http://" + line[1]
}

// launch starts the process and does not wait.
func (n *node) launch(flags ...string) {
	n.t.Helper()
	args := []string{"serve", "--tenants", n.tenants, "--data", n.data, "--log-level", "debug",
		"--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}
	n.cmd = process(n.t, append(args, flags...)...)
	n.stdout, n.stderr, n.ended = &lockedBuffer{}, &lockedBuffer{}, make(chan struct{})
	stdout, err := n.cmd.StdoutPipe()
	require.NoError(n.t, err)
	n.cmd.Stderr = n.stderr
	require.NoError(n.t, n.cmd.Start())
	cmd, ended, stderr := n.cmd, n.ended, n.stderr
	go func() { // joined by stop, which the cleanup calls
		defer close(ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if m := tokenLine.FindStringSubmatch(lines.Text()); m != nil {
				n.token = m[1] // read once the server serves, which it prints later
			}
			io.WriteString(n.stdout, lines.Text()+"\n")
		}
		_ = cmd.Wait() // stop looks at the exit code
	}()
	n.t.Cleanup(func() {
		if n.cmd == cmd && !n.over() {
			require.Zero(n.t, n.stop(), "the server's end: %s", n.stderr)
		}
		require.NotContains(n.t, stderr.String(), secretMark, "a log line tells a secret")
		if cmd.ProcessState.ExitCode() == exitOK {
			for _, line := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
				require.True(n.t, line == "" || json.Valid([]byte(line)), "the log is JSON: %s", line)
			}
		}
	})
}

func (n *node) over() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// stop asks the server to end as an operator does, waits, and returns its exit
// code.
func (n *node) stop() int {
	n.t.Helper()
	require.NoError(n.t, n.cmd.Process.Signal(syscall.SIGTERM))
	return n.wait()
}

func (n *node) wait() int {
	n.t.Helper()
	select {
	case <-n.ended:
	case <-time.After(safety):
		_ = n.cmd.Process.Kill()
		<-n.ended
		n.t.Fatalf("the server did not end: %s", n.stderr)
	}
	return n.cmd.ProcessState.ExitCode()
}

// An answer is what HTTP gave.
type answer struct {
	status int
	header http.Header
	body   string
}

// at returns the value at a path of the answer's JSON, "" if there is none.
func (a answer) at(path string) string {
	v, _ := at(a.body, path)
	return v
}

// send makes a request with a bearer token, if it is not empty.
func (n *node) send(method, path, token, body string, headers ...string) answer {
	n.t.Helper()
	a, err := n.trySend(method, path, token, body, headers...)
	require.NoError(n.t, err)
	return a
}

func (n *node) trySend(method, path, token, body string, headers ...string) (answer, error) {
	req, err := http.NewRequest(method, n.http+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

// login fires the tenant's login trigger over HTTP as the operator.
func (n *node) login(tenant, body string, headers ...string) answer {
	n.t.Helper()
	return n.send("POST", "/v1/tenants/"+tenant+"/triggers/login", n.token, body, headers...)
}

// try runs unsaved code.
func (n *node) try(tenant string, body map[string]any) answer {
	n.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(n.t, err)
	return n.send("POST", "/v1/tenants/"+tenant+"/try", n.token, string(text))
}

// connect returns a client as the operator of this machine.
func (n *node) connect() *bus.Client {
	n.t.Helper()
	c, err := bus.Connect(testContext(n.t), bus.ConnectOptions{DataDir: n.data})
	require.NoError(n.t, err)
	n.t.Cleanup(c.Close)
	return c
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	t.Cleanup(cancel)
	return ctx
}

const someLogin = `{"user":{"user_id":"u1"},"context":{"idToken":{}}}`
