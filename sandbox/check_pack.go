package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// packTime bounds the parsing of a package with all that it needs.
const packTime = 2 * time.Minute

// A PackInput is an npm package with what it needs, to be put together as one
// module. The first of Packages is the one that is added.
type PackInput struct {
	Packages []PackPackage
	// Parts are paths within the package that can be required beside its main file.
	Parts []string
	// Missing are built-ins of Node.js that are not here and that files may
	// require all the same: the call fails when it is made.
	Missing []string
	// Browser takes what the packages have for browsers where they differ.
	Browser bool
}

// A PackPackage is an unpacked npm package.
type PackPackage struct {
	Name, Version string
	// Files are by path; the content of those that cannot be code may be nil.
	Files map[string][]byte
	// Needs are by name the packages that its files find, as indexes. Provided
	// are those that the module table has, by name, with their version.
	Needs    map[string]int
	Provided map[string]string
}

// A PackOutput is a package as one module: the source of a KindPackage.
type PackOutput struct {
	Source string
	Files  int
	// Requires is what it requires of the module table.
	Requires []string
	// Notes tell what was left out.
	Notes []string
}

// A PackProblem is why a package cannot be put together.
type PackProblem struct {
	// File is package/path; Request what it requires.
	File, Request, Text string
	// Builtin says that a built-in of Node.js is not here. TablePart says that
	// the table's package has not that file: fetching the package helps.
	Builtin, TablePart bool
}

// A PackError holds what is wrong with a package.
type PackError struct{ Problems []PackProblem }

func (e *PackError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		if lines[i] = p.Text; p.File != "" {
			lines[i] = p.File + ": " + p.Text
		}
	}
	return strings.Join(lines, "\n")
}

// Pack puts a package together in a worker that is thrown away: foreign code is
// parsed there only. The error is a *PackError if the package is to blame, and a
// *rulebox.Error otherwise.
func (p *Pool) Pack(ctx context.Context, in *PackInput) (*PackOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, packTime)
	defer cancel()
	if err := p.awaitRun(ctx); err != nil {
		return nil, err
	}
	w, free, err := p.throwaway(ctx, confine.JS)
	if err != nil {
		return nil, err
	}
	defer free()
	return w.pack(ctx, in)
}

// awaitRun waits until the pool runs: a command line starts one for a package.
func (p *Pool) awaitRun(ctx context.Context) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		state := p.state
		p.mu.Unlock()
		if state != fresh {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return rulebox.Errorf(rulebox.CodeUnavailable, "the pool is not running").WithCause(ctx.Err())
		}
	}
}

func (w *worker) pack(ctx context.Context, in *PackInput) (*PackOutput, error) {
	w.confineTo(checkMemory)
	stop := context.AfterFunc(ctx, func() { w.cmd.Process.Kill() })
	defer stop()
	w.rd.SetMax(wire.MaxFrame)
	m, err := w.sendPack(in)
	if err == nil {
		w.reap()
		return packed(m)
	}
	return nil, w.unanswered(ctx, err, compilation{
		doing: "the package was put together", late: fmt.Sprintf("the package is not put together within %s", packTime), died: "the package cannot be put together",
	})
}

// sendPack sends the files and waits for the answer.
func (w *worker) sendPack(in *PackInput) (*wire.Packed, error) {
	b := (&wire.Lease{Memory: checkMemory, Wall: packTime}).Append(nil)
	if _, err := w.conn.Write(b); err != nil {
		return nil, err
	}
	ask := wire.Pack{Parts: in.Parts, Missing: in.Missing, Browser: in.Browser}
	for i := range in.Packages {
		p := &in.Packages[i]
		ask.Packages = append(ask.Packages, wire.PackPackage{Name: p.Name, Version: p.Version, Needs: p.Needs, Provided: p.Provided})
		for path, text := range p.Files {
			b = (&wire.PackFile{Package: uint64(i), Path: path, Text: text}).Append(b[:0])
			if len(b) > wire.MaxFrame {
				return nil, fmt.Errorf("%s is too large for a frame", path)
			}
			if _, err := w.conn.Write(b); err != nil {
				return nil, err
			}
		}
	}
	if _, err := w.conn.Write(ask.Append(b[:0])); err != nil {
		return nil, err
	}
	kind, body, err := w.rd.Next()
	if err != nil {
		return nil, err
	}
	m := &wire.Packed{}
	if err := m.Decode(body); err != nil || kind != wire.KindPacked {
		return nil, fmt.Errorf("%w: kind %d", wire.ErrFrame, kind)
	}
	return m, nil
}

func packed(m *wire.Packed) (*PackOutput, error) {
	if len(m.Problems) == 0 {
		return &PackOutput{Source: m.Source, Files: int(m.Files), Requires: m.Requires, Notes: m.Notes}, nil
	}
	e := &PackError{}
	for _, p := range m.Problems {
		e.Problems = append(e.Problems, PackProblem{
			File: p.File, Request: p.Request, Text: p.Text, Builtin: p.Kind == wire.PackBuiltin, TablePart: p.Kind == wire.PackPart,
		})
	}
	return nil, e
}
