package confine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	p, err := Probe(JS)
	require.NoError(t, err)
	t.Logf("%s %v %+v", p.Level(), p.Layers, p.Missing)
}

func BenchmarkStart(b *testing.B) {
	kinds := []struct {
		name   string
		layers []Layer
	}{{"none", nil}}
	for _, l := range AllLayers {
		if l != Cgroup {
			kinds = append(kinds, struct {
				name   string
				layers []Layer
			}{string(l), []Layer{l}})
		}
	}
	kinds = append(kinds, struct {
		name   string
		layers []Layer
	}{"all", AllLayers})
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			p := &Plan{Profile: JS, Layers: k.layers}
			for range b.N {
				require.NoError(b, try(p))
			}
		})
	}
}
