package confine

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	needRoot(t)
	p, err := Probe(JS)
	require.NoError(t, err)
	require.GreaterOrEqual(t, p.Level(), LevelBasic, "%+v", p.Missing)
	for _, l := range AllLayers {
		if !p.Has(l) {
			require.NotEqual(t, notInPlan, p.why(l).Why)
			t.Logf("%+v", p.why(l))
		}
	}
	_, err = Probe("python")
	require.ErrorContains(t, err, `"python"`)
}

// TestProbeNeedsInit: without Init a probe would start the whole program again.
func TestProbeNeedsInit(t *testing.T) {
	initialized = false
	defer func() { initialized = true }()
	_, err := Probe(JS)
	require.ErrorContains(t, err, "confine.Init")
}

func init() {
	crimes["ready"] = func([]string) error { return nil }
}

// BenchmarkStart is the time from Start to the child's first word under each
// layer alone, under none, and under all.
func BenchmarkStart(b *testing.B) {
	needRoot(b)
	run := func(name string, layers ...Layer) {
		b.Run(name, func(b *testing.B) {
			p := &Plan{Profile: JS, Layers: layers}
			for b.Loop() {
				ready(b, p, (*exec.Cmd).Start)
			}
		})
	}
	run("none")
	for _, l := range AllLayers {
		if l != Cgroup {
			run(string(l), l)
		}
	}
	run("all", AllLayers...)
}

func ready(b *testing.B, p *Plan, start func(*exec.Cmd) error) {
	r, w, err := os.Pipe()
	require.NoError(b, err)
	cmd := p.Command([]string{selfExe, "victim", "ready"}, []*os.File{w})
	require.NoError(b, start(cmd))
	w.Close()
	_, err = r.Read(make([]byte, 1))
	require.NoError(b, err)
	b.StopTimer()
	io.Copy(io.Discard, r)
	r.Close()
	require.NoError(b, cmd.Wait())
	b.StartTimer()
}

// BenchmarkGroup is a group for a worker, limited, filled and removed.
func BenchmarkGroup(b *testing.B) {
	g, err := OpenGroups()
	if err != nil {
		b.Skip(err)
	}
	defer g.Close()
	for b.Loop() {
		w, err := g.New(64 << 20)
		require.NoError(b, err)
		require.NoError(b, w.Close())
	}
}
