package confine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Spawner starts workers from a small process that it keeps for that.
//
// A child in a user namespace cannot be started the cheap way, by vfork: Go
// forks the whole process. For a node with 300 MiB of heap that takes 10 ms and
// more, during which its other threads wait at every page fault. The spawner has
// no heap to speak of, and makes the worker a child of the node (CLONE_PARENT),
// so that to wait for it and to kill it are as ever.
type Spawner struct {
	mu   sync.Mutex // one request and its answer at a time
	sock *os.File   // nil while there is no process
}

const (
	envSpawner = "RULEBOX_SPAWNER"
	// spawnTimeout is how long the process may take for one worker before it is
	// given up for dead.
	spawnTimeout = 10 * time.Second
	maxRequest   = 128 << 10
	maxFiles     = 64
)

// spawn is a request. Its descriptors come beside it: 0, 1, 2 and the donated.
type spawn struct {
	Path string
	Args []string
	Env  []string
}

type spawned struct {
	PID   int
	Errno int
	Error string
}

// NewSpawner returns a Spawner. It starts nothing, and until Run does, Start
// works without it.
func NewSpawner() *Spawner { return &Spawner{} }

// Run keeps the process until ctx ends. An error says that it could not be
// started or died; workers are then started directly.
func (s *Spawner) Run(ctx context.Context) error {
	if !initialized {
		return errors.New("confine: this program did not call confine.Init first in main: it has no spawner")
	}
	ours, theirs, err := socketpair()
	if err != nil {
		return err
	}
	cmd := &exec.Cmd{
		Path:       selfExe,
		Args:       []string{"rulebox-spawner"},
		Env:        []string{envSpawner + "=1", "GOMAXPROCS=1", "GODEBUG=containermaxprocs=0,updatemaxprocs=0"},
		ExtraFiles: []*os.File{theirs},
		Stderr:     os.Stderr,
		// Signals from a terminal are the node's alone.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		ours.Close()
		return fmt.Errorf("confine: starting the spawner: %w", err)
	}
	s.set(ours)
	died := make(chan error, 1)
	go func() { died <- cmd.Wait() }()
	select {
	case err = <-died:
		s.set(nil)
		if err == nil {
			err = errors.New("exit status 0")
		}
		return fmt.Errorf("confine: the spawner died: %w", err)
	case <-ctx.Done():
		s.set(nil) // it ends when the socket closes
		<-died
		return nil
	}
}

func (s *Spawner) set(sock *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sock != nil {
		s.sock.Close()
	}
	s.sock = sock
}

// socketpair returns two ends that keep messages apart. Reads of the first give
// up after spawnTimeout.
func socketpair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	timeout := unix.NsecToTimeval(spawnTimeout.Nanoseconds())
	err = unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)
	ours, theirs = os.NewFile(uintptr(fds[0]), "spawner"), os.NewFile(uintptr(fds[1]), "spawner")
	return ours, theirs, os.NewSyscallError("setsockopt", err)
}

// Start starts a command that Plan.Command made, as its own Start would; its
// Process and Wait are as usual after it. Where there is no process, or the
// command's output is not a file, it is the command's own Start.
func (s *Spawner) Start(cmd *exec.Cmd) error {
	files, done, ok := descriptors(cmd)
	defer done()
	if !ok {
		return cmd.Start()
	}
	request, err := json.Marshal(spawn{Path: cmd.Path, Args: cmd.Args, Env: cmd.Env})
	if err != nil || len(request) > maxRequest || len(files) > maxFiles {
		return cmd.Start()
	}
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	answer, err := s.ask(request, unix.UnixRights(fds...))
	if err != nil {
		return cmd.Start()
	}
	if answer.Error != "" {
		err := error(errors.New(answer.Error))
		if answer.Errno != 0 {
			err = syscall.Errno(answer.Errno)
		}
		return &os.PathError{Op: "spawn", Path: cmd.Path, Err: err}
	}
	cmd.Process, err = os.FindProcess(answer.PID)
	return err
}

// descriptors lists what the child gets, from 0 up. done closes what was opened.
func descriptors(cmd *exec.Cmd) (files []*os.File, done func(), ok bool) {
	done = func() {}
	if cmd.Process != nil || cmd.Err != nil || cmd.Stdin != nil {
		return nil, done, false
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, done, false
	}
	done = func() { null.Close() }
	files = []*os.File{null}
	for _, w := range []any{cmd.Stdout, cmd.Stderr} {
		switch w := w.(type) {
		case nil:
			files = append(files, null)
		case *os.File:
			files = append(files, w)
		default:
			return nil, done, false
		}
	}
	return append(files, cmd.ExtraFiles...), done, true
}

// ask sends a request and waits for its answer. An error means that there is no
// process to ask (any more).
func (s *Spawner) ask(request, rights []byte) (*spawned, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sock == nil {
		return nil, os.ErrClosed
	}
	fd := int(s.sock.Fd())
	err := unix.Sendmsg(fd, request, rights, nil, unix.MSG_NOSIGNAL)
	buf := make([]byte, 4096)
	var n int
	if err == nil {
		n, err = readAgain(fd, buf)
	}
	var answer spawned
	if err == nil {
		err = json.Unmarshal(buf[:n], &answer)
	}
	if err != nil {
		// Out of step or dead: the process ends when this closes.
		s.sock.Close()
		s.sock = nil
		return nil, err
	}
	return &answer, nil
}

func readAgain(fd int, buf []byte) (int, error) {
	for {
		if n, err := unix.Read(fd, buf); err != unix.EINTR {
			return n, err
		}
	}
}

// serveSpawner is the process: it answers requests on descriptor 3 until that
// closes.
func serveSpawner() error {
	if err := closeInherited(4); err != nil {
		return err
	}
	unix.CloseOnExec(3)
	ignoreSignals()
	buf, oob := make([]byte, maxRequest), make([]byte, unix.CmsgSpace(4*maxFiles))
	for {
		n, oobn, _, _, err := unix.Recvmsg(3, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		var answer spawned
		answer.PID, err = spawnOne(buf[:n], oob[:oobn])
		if err != nil {
			answer.Error = err.Error()
			if errno, ok := errors.AsType[syscall.Errno](err); ok {
				answer.Errno = int(errno)
			}
		}
		b, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		if _, err := unix.Write(3, b); err != nil {
			return err
		}
	}
}

func spawnOne(request, oob []byte) (int, error) {
	fds, err := rights(oob)
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	if err != nil {
		return 0, err
	}
	var r spawn
	if err := json.Unmarshal(request, &r); err != nil {
		return 0, err
	}
	var plan string
	for _, kv := range r.Env {
		if v, ok := strings.CutPrefix(kv, envPlan+"="); ok {
			plan = v
		}
	}
	o, err := decode(plan)
	if err != nil {
		return 0, err
	}
	// Found out before there is a child: one that fails to execute stays a zombie
	// of the node, which does not learn its pid.
	path := r.Path
	if fd, ok := descriptor(path); ok { // the child's, as numbered there
		if fd >= len(fds) {
			return 0, unix.EBADF
		}
		path = descriptorPath + strconv.Itoa(fds[fd])
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: r.Env, Sys: o.attributes(os.Geteuid())}
	attr.Sys.Cloneflags |= unix.CLONE_PARENT
	for _, fd := range fds {
		attr.Files = append(attr.Files, uintptr(fd))
	}
	return syscall.ForkExec(r.Path, r.Args, attr)
}

// rights returns the descriptors that came with a message.
func rights(oob []byte) (fds []int, err error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	for i := range msgs {
		more, e := unix.ParseUnixRights(&msgs[i])
		fds, err = append(fds, more...), errors.Join(err, e)
	}
	return fds, err
}
