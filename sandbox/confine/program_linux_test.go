package confine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() {
	// Ways to change the program that all workers share, as far as one gets: each
	// returns nil if it succeeds.
	for name, crime := range map[string]func(fd int) error{
		"write": func(fd int) error { _, err := unix.Pwrite(fd, []byte("evil"), 0); return err },
		"map": func(fd int) error {
			_, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			return err
		},
		"truncate": func(fd int) error { return unix.Ftruncate(fd, 0) },
		"punch": func(fd int) error {
			return unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096)
		},
		"chmod": func(fd int) error { return unix.Fchmod(fd, 0o600) },
	} {
		crimes["program-"+name] = func([]string) error {
			fd, err := unix.Open(selfExe, unix.O_RDWR, 0)
			if err != nil { // it is being executed: as good as can be, but not the seal
				fd, err = unix.Open(selfExe, unix.O_RDONLY, 0)
			}
			if err != nil {
				return err
			}
			return crime(fd)
		}
	}
	crimes["exe"] = func([]string) error {
		exe, err := os.Readlink(selfExe)
		fmt.Fprint(os.NewFile(3, "report"), exe, " ")
		return err
	}
}

// ownProgram is this test's binary as a program in memory.
func ownProgram(t testing.TB) *os.File {
	t.Helper()
	text, err := os.Open(selfExe)
	require.NoError(t, err)
	defer text.Close()
	f, err := NewProgram("test-program", text)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// runProgram starts a victim from memory and returns what it said and how it ended.
func runProgram(t testing.TB, start func(*exec.Cmd) error, program *os.File, layers []Layer, argv ...string) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	p := &Plan{Profile: JS, Layers: layers}
	cmd := p.CommandOf(program, append([]string{"worker", "victim"}, argv...), []*os.File{w})
	err = start(cmd)
	w.Close()
	if err != nil {
		return "", err
	}
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(said), cmd.Wait()
}

// TestProgram executes from memory, under every layer, with the spawner and without.
func TestProgram(t *testing.T) {
	needAllThreads(t)
	plan, err := Probe(JS)
	require.NoError(t, err)
	program := ownProgram(t)
	require.NoError(t, plan.TryProgram(program))
	require.NoError(t, plan.For(WASM).TryProgram(program))
	s, _ := runSpawner(t)
	for name, start := range map[string]func(*exec.Cmd) error{"directly": (*exec.Cmd).Start, "spawner": s.Start} {
		t.Run(name, func(t *testing.T) {
			said, err := runProgram(t, start, program, nil, "free:exe")
			require.NoError(t, err)
			require.Equal(t, "/memfd:test-program (deleted) done", said)
			said, err = runProgram(t, start, program, nil, "say", "hello")
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("hello %d done", os.Getpid()), said)

			// Inside, nothing is left of the way it came: 4 is behind the donated one.
			said, err = runProgram(t, start, program, nil, "free:descriptor", "4")
			require.NoError(t, err)
			require.Equal(t, "done", said, "it must be there before Enter")
			said, err = runProgram(t, start, program, nil, "descriptor", "4")
			require.NoError(t, err)
			require.Equal(t, "stopped: bad file descriptor", said)

			_, err = runProgram(t, start, program, plan.Layers, "socket")
			require.ErrorContains(t, err, "bad system call")
			_, err = runProgram(t, start, program, plan.Layers, "nothing")
			require.ErrorContains(t, err, "exit status 1", "a crime that does not exist: it got through all of the jail")
		})
	}
}

// TestProgramCannotBeChanged tries with all that a worker without any jail has.
func TestProgramCannotBeChanged(t *testing.T) {
	program := ownProgram(t)
	size := func() int64 {
		info, err := program.Stat()
		require.NoError(t, err)
		return info.Size()
	}
	before := size()
	for _, way := range []string{"write", "map", "truncate", "punch", "chmod"} {
		if way == "chmod" && !kernelAtLeast(6, 3) {
			continue // there was no such seal
		}
		said, err := runProgram(t, (*exec.Cmd).Start, program, nil, "free:program-"+way)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(said, "stopped: "), "%s: %s", way, said)
	}
	require.Equal(t, before, size())
	for name, err := range map[string]error{
		"seal": func() error {
			_, err := unix.FcntlInt(program.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE)
			return err
		}(),
		"write":    func() error { _, err := program.WriteAt([]byte("evil"), 0); return err }(),
		"truncate": program.Truncate(0),
	} {
		require.Error(t, err, name)
	}
	// As root it can be opened for writing where nobody executes it; the seals hold.
	again, err := os.OpenFile(descriptorPath+fmt.Sprint(program.Fd()), os.O_RDWR, 0)
	require.NoError(t, err)
	defer again.Close()
	_, err = again.WriteAt([]byte("evil"), 0)
	require.ErrorIs(t, err, unix.EPERM)
	require.ErrorIs(t, again.Truncate(0), unix.EPERM)
}

// TestProgramThatIsNone is told before anything is started, or as it fails.
func TestProgramThatIsNone(t *testing.T) {
	needAllThreads(t)
	plan, err := Probe(JS)
	require.NoError(t, err)
	text, err := NewProgram("text", strings.NewReader("no program at all"))
	require.NoError(t, err)
	defer text.Close()
	require.ErrorIs(t, plan.TryProgram(text), unix.ENOEXEC)

	broken := errors.New("broken")
	_, err = NewProgram("broken", io.MultiReader(strings.NewReader("x"), errReader{broken}))
	require.ErrorIs(t, err, broken)

	// What may not be executed costs neither the spawner nor a child.
	data, err := os.CreateTemp(t.TempDir(), "data")
	require.NoError(t, err)
	defer data.Close()
	s, _ := runSpawner(t)
	cmd := plan.CommandOf(data, []string{"worker"}, nil)
	require.ErrorIs(t, s.Start(cmd), unix.EACCES)
	cmd = plan.CommandOf(data, []string{"worker"}, nil)
	cmd.Path = descriptorPath + "99"
	require.ErrorIs(t, s.Start(cmd), unix.EBADF)
	for _, path := range []string{"-1", "", "x", "0/../../../bin/true"} {
		cmd = plan.CommandOf(data, []string{"worker"}, nil)
		cmd.Path = descriptorPath + path
		require.Error(t, s.Start(cmd), path)
	}
	require.True(t, s.running())
	said, cmd := spawnVictim(t, s, nil, "say", "on")
	require.NoError(t, cmd.Wait())
	require.Contains(t, said, "on")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
