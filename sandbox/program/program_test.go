//go:build workerprogram

package program

import (
	"crypto/sha256"
	"debug/elf"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOpen unpacks the program twice: after the first time the compressed text is
// read from the executable's file again.
func TestOpen(t *testing.T) {
	var sums [2][sha256.Size]byte
	for i := range sums {
		f, err := Open()
		require.NoError(t, err)
		defer f.Close()
		text, err := io.ReadAll(f)
		require.NoError(t, err)
		sums[i] = sha256.Sum256(text)
		program, err := elf.NewFile(f)
		require.NoError(t, err)
		require.Equal(t, elf.ET_EXEC, program.Type)
	}
	require.Equal(t, sums[0], sums[1])
}
