package sandbox

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// inMemory is this test's binary as a program in memory.
func inMemory(t *testing.T) *os.File {
	exe, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer exe.Close()
	f, err := confine.NewProgram("the-worker", exe)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// TestProgram runs and checks scripts in workers that execute from memory.
func TestProgram(t *testing.T) {
	p := open(t, Options{Program: inMemory(t)})
	c := chainOf("acme", okRule)
	res, err := login(bg(t), p, c)
	require.NoError(t, err)
	require.Contains(t, string(res.Values[1]), `"seen":true`)
	_, err = p.Check(bg(t), rulebox.NewScript(rulebox.KindRule, "a", `function (`))
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	_, err = p.Check(bg(t), c.Scripts[0])
	require.NoError(t, err)

	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(t, p.all)
	for w := range p.all {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", w.cmd.Process.Pid))
		require.NoError(t, err)
		require.Equal(t, "/memfd:the-worker (deleted)", exe)
	}
}
