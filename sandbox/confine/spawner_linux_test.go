package confine

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() {
	crimes["say"] = func(a []string) error { // the parent's pid as the child sees it
		fmt.Fprint(os.NewFile(3, "report"), a[0], " ", unix.Getppid(), " ")
		return nil
	}
	crimes["sleep"] = func([]string) error { time.Sleep(time.Hour); return nil }
}

// runSpawner returns a Spawner whose process is up, and the end of Run.
func runSpawner(t testing.TB) (*Spawner, chan error) {
	t.Helper()
	s := NewSpawner()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	require.Eventually(t, s.running, 30*time.Second, time.Millisecond)
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			t.Error("the spawner does not end")
		}
	})
	return s, ended
}

func (s *Spawner) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sock != nil
}

// spawnVictim is attempt through a Spawner.
func spawnVictim(t testing.TB, s *Spawner, layers []Layer, argv ...string) (said string, cmd *exec.Cmd) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	p := &Plan{Profile: JS, Layers: layers}
	cmd = p.Command(append([]string{selfExe, "victim"}, argv...), []*os.File{w})
	err = s.Start(cmd)
	w.Close()
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b), cmd
}

func TestSpawner(t *testing.T) {
	needAllThreads(t)
	p, err := Probe(JS)
	require.NoError(t, err)
	s, _ := runSpawner(t)

	said, cmd := spawnVictim(t, s, nil, "say", "hello")
	require.NoError(t, cmd.Wait())
	require.Equal(t, fmt.Sprintf("hello %d done", os.Getpid()), said, "the worker must be this process's child")
	require.True(t, cmd.ProcessState.Success())

	_, cmd = spawnVictim(t, s, p.Layers, "socket")
	require.ErrorContains(t, cmd.Wait(), "bad system call")
	_, cmd = spawnVictim(t, s, p.Layers, "nothing")
	require.ErrorContains(t, cmd.Wait(), "exit status 1")

	bad := p.Command([]string{"/nowhere/at/all"}, nil)
	require.ErrorIs(t, s.Start(bad), unix.ENOENT)
	require.True(t, s.running(), "a bad command must not cost the spawner")

	// Kill and wait, as for any child.
	sleeper := (&Plan{Profile: JS, Layers: p.Layers}).Command([]string{selfExe, "victim", "sleep"}, []*os.File{os.Stderr})
	require.NoError(t, s.Start(sleeper))
	require.NoError(t, sleeper.Process.Kill())
	require.ErrorContains(t, sleeper.Wait(), "signal: killed")
}

// TestSpawnerDies goes on without it.
func TestSpawnerDies(t *testing.T) {
	needAllThreads(t)
	s := NewSpawner()
	said, cmd := spawnVictim(t, s, nil, "say", "before")
	require.NoError(t, cmd.Wait())
	require.Contains(t, said, "before")

	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	require.Eventually(t, s.running, 30*time.Second, time.Millisecond)
	require.NoError(t, unix.Shutdown(int(s.sock.Fd()), unix.SHUT_RDWR))
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "spawner died")
	case <-time.After(30 * time.Second):
		t.Fatal("Run does not see that the spawner died")
	}
	said, cmd = spawnVictim(t, s, nil, "say", "after")
	require.NoError(t, cmd.Wait())
	require.Contains(t, said, "after")
}

// BenchmarkBigHeap starts workers from a process with 256 MiB in use.
func BenchmarkBigHeap(b *testing.B) {
	needRoot(b)
	heap := make([]byte, 256<<20)
	for i := 0; i < len(heap); i += 4096 {
		heap[i] = 1
	}
	s, _ := runSpawner(b)
	for _, c := range []struct {
		name  string
		start func(*exec.Cmd) error
	}{{"fork", (*exec.Cmd).Start}, {"spawner", s.Start}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				ready(b, &Plan{Profile: JS, Layers: AllLayers}, c.start)
			}
		})
	}
	runtime.KeepAlive(heap)
}
