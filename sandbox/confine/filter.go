package confine

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// A rule says when a system call is answered other than with death.
type rule struct {
	nr uint32
	// when holds alternatives, each a list of conditions on arguments that must
	// all hold. None at all means always; when no alternative holds the process
	// is killed.
	when [][]arg
	// errno, if not 0, is what the call fails with in place of being made.
	errno uint32
	// otherwise, if not 0, is what the call fails with when no alternative holds,
	// in place of death.
	otherwise uint32
}

// arg is a condition: the argument's upper half is zero, and the lower half
// under the mask is one of the values. Mask 0 means all bits.
type arg struct {
	index  uint32
	mask   uint32
	values []uint32
}

// Offsets into struct seccomp_data, little-endian, and its return values.
const (
	offNr   = 0
	offArch = 4
	offArgs = 16

	retKill  = 0x80000000 // SECCOMP_RET_KILL_PROCESS
	retErrno = 0x00050000
	retAllow = 0x7fff0000

	x32Bit = 0x40000000
)

// assemble turns the rules into a program for the kernel: any other
// architecture, any x32 call and any call without a rule kill the process.
func assemble(rules []rule, arch uint32) ([]bpf.RawInstruction, error) {
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		bpf.RetConstant{Val: retKill},
		bpf.LoadAbsolute{Off: offNr, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32Bit, SkipTrue: 1},
		bpf.RetConstant{Val: retKill},
	}
	for _, r := range rules {
		body := r.body()
		if len(body) > 255 {
			return nil, fmt.Errorf("seccomp: the rule for call %d is too long", r.nr)
		}
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpEqual, Val: r.nr, SkipFalse: uint8(len(body))})
		prog = append(prog, body...)
	}
	prog = append(prog, bpf.RetConstant{Val: retKill})
	return bpf.Assemble(prog)
}

// body is what runs once the call's number matched. Every path returns.
func (r *rule) body() []bpf.Instruction {
	then := bpf.RetConstant{Val: retAllow}
	if r.errno != 0 {
		then.Val = retErrno | r.errno
	}
	if len(r.when) == 0 {
		return []bpf.Instruction{then}
	}
	var out []bpf.Instruction
	for _, alternative := range r.when {
		code := []bpf.Instruction{then}
		for i := len(alternative) - 1; i >= 0; i-- {
			code = append(alternative[i].test(len(code)), code...)
		}
		out = append(out, code...)
	}
	if r.otherwise != 0 {
		return append(out, bpf.RetConstant{Val: retErrno | r.otherwise})
	}
	return append(out, bpf.RetConstant{Val: retKill})
}

// test falls through to the next instruction if the condition holds, and else
// skips the rest of its alternative.
func (a arg) test(rest int) []bpf.Instruction {
	low := []bpf.Instruction{bpf.LoadAbsolute{Off: offArgs + 8*a.index, Size: 4}}
	if a.mask != 0 {
		low = append(low, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: a.mask})
	}
	for i, v := range a.values {
		left := len(a.values) - 1 - i
		j := bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(left)}
		if left == 0 {
			j.SkipFalse = uint8(rest)
		}
		low = append(low, j)
	}
	high := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArgs + 8*a.index + 4, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipFalse: uint8(len(low) + rest)},
	}
	return append(high, low...)
}
