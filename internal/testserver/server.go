package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options are the same for every server. The zero value is good.
type Options struct {
	// Args are appended to the server's command line.
	Args []string
	// TLS, if not nil, is what the server shows; without it, it has no TLS.
	TLS *Certificate
}

// A Server runs until its test ends. Its methods are for one goroutine.
type Server struct {
	Host string
	Port int
	// User may do everything in Database.
	User, Password, Database string
	// Dir is the server's own folder. It is removed with the test.
	Dir string

	t       testing.TB
	kind    *kind
	options Options
	args    []string
	proc    *process
}

// kind is what differs from server to server.
type kind struct {
	name    string
	debian  string   // the package
	bin     string   // the program
	folders []string // globs: where to look beside PATH
	user    string   // as whom it runs if the test is root
	death   syscall.Signal
	// ready asks once whether the server answers.
	ready func(ctx context.Context, s *Server) error
}

const (
	// startLimit is generous: a busy machine starts a database slowly.
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
)

// Address is host:port.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Pid is the server's process, 0 if it does not run.
func (s *Server) Pid() int {
	if s.proc == nil {
		return 0
	}
	return s.proc.cmd.Process.Pid
}

// Kill ends the server as a power cut would. Start brings it back.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server in good order, its clients' connections included. Start
// brings it back.
func (s *Server) Stop() { s.end(s.kind.death) }

// Start starts the server again after Kill or Stop: same port, same data.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.run(); err != nil {
		s.t.Fatalf("testserver: %v", err)
	}
}

// Log is what the server wrote to its standard output and error.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(b)
}

func newServer(t testing.TB, k *kind, o Options) *Server {
	t.Helper()
	s := &Server{Host: "127.0.0.1", t: t, kind: k, options: o}
	s.find(k.bin)                                       // before anything is made
	dir, err := os.MkdirTemp("", "rulebox-"+k.name+"-") // not t.TempDir: another user must get in
	if err != nil {
		t.Fatal(err)
	}
	s.Dir = dir
	t.Cleanup(func() {
		s.Stop()
		os.RemoveAll(dir)
	})
	return s
}

// find returns the path of a program of the server's package.
func (s *Server) find(bin string) string {
	s.t.Helper()
	for _, glob := range s.kind.folders {
		found, _ := filepath.Glob(filepath.Join(glob, bin))
		if len(found) > 0 {
			return found[len(found)-1] // the newest version
		}
	}
	if path, err := exec.LookPath(bin); err == nil {
		return path
	}
	text := fmt.Sprintf("testserver: %s is not installed: run `make debian`, or as root: apt-get install %s", bin, s.kind.debian)
	if os.Getenv("RULEBOX_NO_SERVERS") != "" {
		s.t.Skip(text)
	}
	s.t.Fatal(text)
	return ""
}

// own gives the server's folder to the user as whom it runs.
func (s *Server) own() {
	s.t.Helper()
	cred := s.credential()
	if cred == nil {
		return
	}
	err := filepath.WalkDir(s.Dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, int(cred.Uid), int(cred.Gid)))
	})
	if err != nil {
		s.t.Fatalf("testserver: %v", err)
	}
}

// credential is as whom the server runs; nil means as the test does. Databases
// refuse to run as root.
func (s *Server) credential() *syscall.Credential {
	if os.Getuid() != 0 || s.kind.user == "" {
		return nil
	}
	for _, name := range []string{s.kind.user, "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return nil
}

// setup runs a program of the package to its end.
func (s *Server) setup(bin string, args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.find(bin), args...)
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("testserver: %s: %v\n%s", bin, err, out)
	}
}

// launch starts the server on a free port and waits until it answers. The port
// may be taken by another between the search and the start: then again.
func (s *Server) launch(args func(port int) []string) {
	s.t.Helper()
	var err error
	for range 3 {
		s.Port = s.freePort()
		s.args = args(s.Port)
		if err = s.run(); err == nil {
			return
		}
	}
	s.t.Fatalf("testserver: %v", err)
}

func (s *Server) freePort() int {
	l, err := net.Listen("tcp", net.JoinHostPort(s.Host, "0"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// run starts the process and waits until it answers.
func (s *Server) run() error {
	if s.proc != nil {
		return fmt.Errorf("%s runs already", s.kind.name)
	}
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.find(s.kind.bin), append(s.args, s.options.Args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential(), Pdeathsig: s.kind.death, Setpgid: true}
	if s.proc, err = start(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		err = s.kind.ready(ctx, s)
		if err == nil {
			return nil
		}
		select {
		case <-s.proc.done:
			s.proc = nil
			return fmt.Errorf("%s ended while it started:\n%s", s.kind.name, tail(s.Log()))
		case <-ctx.Done():
			s.end(syscall.SIGKILL)
			return fmt.Errorf("%s does not answer: %w\n%s", s.kind.name, err, tail(s.Log()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func tail(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func (s *Server) end(sig syscall.Signal) {
	if s.proc == nil {
		return
	}
	s.proc.cmd.Process.Signal(sig)
	select {
	case <-s.proc.done:
	case <-time.After(stopLimit):
		s.proc.cmd.Process.Kill()
		<-s.proc.done
	}
	if sig == syscall.SIGKILL {
		s.killRest()
	}
	s.proc = nil
}

// killRest ends what the server had started, and waits until it is gone: it holds
// shared memory and ports. PostgreSQL's processes have sessions of their own, so
// that they are found by their working directory, which is in the server's folder.
func (s *Server) killRest() {
	s.t.Helper()
	for end := time.Now().Add(stopLimit); ; time.Sleep(time.Millisecond) {
		left := 0
		dirs, _ := filepath.Glob("/proc/[0-9]*/cwd")
		for _, link := range dirs {
			cwd, err := os.Readlink(link)
			if err != nil || cwd != s.Dir && !strings.HasPrefix(cwd, s.Dir+"/") {
				continue // it is gone, or another's
			}
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
				left++
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("testserver: %d processes of %s do not end", left, s.kind.name)
		}
	}
}

// A process is a running command.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts the command on a thread that lives as long as it does: the death
// signal is the thread's.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	var began sync.WaitGroup
	var err error
	began.Add(1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err = cmd.Start()
		began.Done()
		if err == nil {
			cmd.Wait() // how it ended does not matter: the test sees its own failures
			close(p.done)
		}
	}()
	began.Wait()
	return p, err
}

// greet connects, sends hello and returns the first bytes of the answer.
func greet(ctx context.Context, s *Server, hello string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Address())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := conn.Write([]byte(hello)); err != nil {
		return nil, err
	}
	b := make([]byte, 64)
	n, err := conn.Read(b)
	return b[:n], err
}
