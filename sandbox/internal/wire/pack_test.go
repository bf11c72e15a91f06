package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func samplePack() *Pack {
	return &Pack{
		Packages: []PackPackage{
			{Name: "a", Version: "1.0.0", Needs: map[string]int{"b": 1}, Provided: map[string]string{"axios": "1.7.9"}},
			{Name: "b", Version: "2.0.0", Needs: map[string]int{}, Provided: map[string]string{}},
		},
		Parts: []string{"lib/x"}, Missing: []string{"fs"}, Browser: true,
	}
}

func FuzzPack(f *testing.F) {
	f.Add(samplePack().Append(nil)[headerSize+1:])
	f.Add((&PackFile{Package: 1, Path: "x.js", Text: []byte("x")}).Append(nil)[headerSize+1:])
	f.Add((&Packed{Source: "s", Files: 3, Requires: []string{"fs"}, Problems: []PackProblem{{PackPart, "f", "r", "t"}}}).Append(nil)[headerSize+1:])
	f.Fuzz(func(t *testing.T, in []byte) {
		var file, file2 PackFile
		if file.Decode(in) == nil {
			require.NoError(t, file2.Decode(file.Append(nil)[headerSize+1:]))
			require.Equal(t, file, file2)
		}
		var pack Pack
		if pack.Decode(in) == nil {
			for _, p := range pack.Packages {
				for _, i := range p.Needs {
					require.Less(t, i, len(pack.Packages))
				}
			}
			require.NoError(t, new(Pack).Decode(pack.Append(nil)[headerSize+1:]))
		}
		var packed, packed2 Packed
		if packed.Decode(in) == nil {
			require.NoError(t, packed2.Decode(packed.Append(nil)[headerSize+1:]))
			require.Equal(t, packed, packed2)
		}
	})
}

func TestPackFrames(t *testing.T) {
	var m Pack
	require.NoError(t, m.Decode(samplePack().Append(nil)[headerSize+1:]))
	require.Equal(t, *samplePack(), m)
	bad := samplePack()
	bad.Packages[1].Needs["c"] = 2
	require.ErrorIs(t, m.Decode(bad.Append(nil)[headerSize+1:]), ErrFrame, "a package that is not there")
}
