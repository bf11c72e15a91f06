package worker

import (
	"bytes"
	"fmt"

	"github.com/rulebox/rulebox/runtime/js/pack"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// packing holds what came of a package before it is put together.
var packing struct {
	files map[uint64]map[string][]byte
	bytes int
}

// maxPack bounds the files of a package with what it needs, in bytes.
const maxPack = 64 << 20

var problemKinds = map[pack.ProblemKind]byte{pack.NoBuiltin: wire.PackBuiltin, pack.NoPart: wire.PackPart}

// pack takes one file in, or puts together what came. The worker does nothing
// else in its life.
func (s *server) pack(kind wire.Kind, body []byte) error {
	if kind == wire.KindPackFile {
		var f wire.PackFile
		if err := f.Decode(body); err != nil {
			return err
		}
		if packing.bytes += len(f.Path) + len(f.Text); packing.bytes > maxPack {
			return fmt.Errorf("%w: a package of more than %d bytes", wire.ErrFrame, maxPack)
		}
		if packing.files == nil {
			packing.files = map[uint64]map[string][]byte{}
		}
		if packing.files[f.Package] == nil {
			packing.files[f.Package] = map[string][]byte{}
		}
		packing.files[f.Package][f.Path] = bytes.Clone(f.Text)
		return nil
	}
	var m wire.Pack
	if err := m.Decode(body); err != nil {
		return err
	}
	in := &pack.Input{Parts: m.Parts, Browser: m.Browser, Missing: m.Missing}
	for i, p := range m.Packages {
		in.Packages = append(in.Packages, pack.Package{
			Name: p.Name, Version: p.Version, Files: packing.files[uint64(i)], Needs: p.Needs, Provided: p.Provided,
		})
	}
	out, problems := pack.Pack(in)
	answer := wire.Packed{}
	for _, p := range problems {
		answer.Problems = append(answer.Problems, wire.PackProblem{Kind: problemKinds[p.Kind], File: p.File, Request: p.Request, Text: p.Text})
	}
	if out != nil {
		answer.Source, answer.Files, answer.Requires, answer.Notes = out.Source, uint64(out.Files), out.Requires, out.Notes
	}
	s.write(answer.Append(nil))
	return nil
}
