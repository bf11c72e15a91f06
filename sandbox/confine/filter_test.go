package confine

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
)

// run is the verdict of the rules, assembled for arch 7, on a call.
func run(t *testing.T, rules []rule, arch, nr uint32, args ...uint64) int {
	t.Helper()
	raw, err := assemble(rules, 7)
	require.NoError(t, err)
	prog, ok := bpf.Disassemble(raw)
	require.True(t, ok)
	vm, err := bpf.NewVM(prog)
	require.NoError(t, err)
	// The kernel loads native words; the VM, made for packets, big-endian ones.
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[offNr:], nr)
	binary.BigEndian.PutUint32(data[offArch:], arch)
	for i, a := range args {
		binary.BigEndian.PutUint32(data[offArgs+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[offArgs+8*i+4:], uint32(a>>32))
	}
	got, err := vm.Run(data)
	require.NoError(t, err)
	return got
}

func TestAssemble(t *testing.T) {
	rules := []rule{
		{nr: 10},
		{nr: 11, errno: 38},
		{nr: 12, when: [][]arg{{{index: 0, values: []uint32{1, 2, 3}}}}},
		{nr: 13, when: [][]arg{{{index: 2, mask: ^uint32(3), values: []uint32{0}}, {index: 3, values: []uint32{5, 6}}}}},
		{nr: 14, when: [][]arg{
			{{index: 1, values: []uint32{1}}, {index: 2, values: []uint32{7, 8}}},
			{{index: 1, values: []uint32{6}}, {index: 2, values: []uint32{9}}},
		}},
	}
	for _, c := range []struct {
		arch, nr uint32
		args     []uint64
		want     int
	}{
		{7, 10, nil, retAllow},
		{8, 10, nil, retKill},          // another architecture
		{7, 10 | x32Bit, nil, retKill}, // x32
		{7, 0xffffffff, nil, retKill},
		{7, 9, nil, retKill}, // no rule
		{7, 11, nil, retErrno | 38},
		{7, 12, []uint64{1}, retAllow},
		{7, 12, []uint64{2}, retAllow},
		{7, 12, []uint64{3}, retAllow},
		{7, 12, []uint64{4}, retKill},
		{7, 12, []uint64{1 << 32}, retKill},
		{7, 12, []uint64{1<<32 | 1}, retKill}, // the upper half counts
		{7, 13, []uint64{0, 0, 3, 5}, retAllow},
		{7, 13, []uint64{0, 0, 0, 6}, retAllow},
		{7, 13, []uint64{0, 0, 4, 6}, retKill},
		{7, 13, []uint64{0, 0, 3, 7}, retKill},
		{7, 13, []uint64{0, 0, 3 | 1<<40, 6}, retKill},
		{7, 14, []uint64{0, 1, 7}, retAllow},
		{7, 14, []uint64{0, 1, 8}, retAllow},
		{7, 14, []uint64{0, 1, 9}, retKill},
		{7, 14, []uint64{0, 6, 9}, retAllow}, // the second alternative
		{7, 14, []uint64{0, 6, 8}, retKill},
		{7, 14, []uint64{0, 2, 9}, retKill},
	} {
		require.Equal(t, uint32(c.want), uint32(run(t, rules, c.arch, c.nr, c.args...)), "%+v", c)
	}
}
