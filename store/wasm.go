package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// maxWASM bounds a script in WebAssembly, in bytes: half of what workers are sent
// in one piece.
const maxWASM = 8 << 20

// magic begins every WebAssembly binary.
const magic = "\x00asm"

func isWASM(s *rulebox.Script) bool { return strings.HasPrefix(s.Source, magic) }

// limitOf is how large the file may be.
func limitOf(file string) int64 {
	if path.Ext(file) == ".wasm" {
		return maxWASM
	}
	return maxFile
}

// sources lists the scripts of a folder, in JavaScript and in WebAssembly, sorted.
func (l *loader) sources(dir string) ([]string, error) {
	all, err := l.list(dir, ".js")
	if err != nil {
		return nil, err
	}
	more, err := l.list(dir, ".wasm")
	if err != nil {
		return nil, err
	}
	all = append(all, more...)
	slices.Sort(all)
	return all, nil
}

// sourceOf is the file of a source that is not named: base.js, or base.wasm if there
// is no such.
func (l *loader) sourceOf(base string) (string, error) {
	js, wasm := base+".js", base+".wasm"
	if _, err := fs.Stat(l.root.FS(), wasm); err != nil {
		return js, nil
	}
	if _, err := fs.Stat(l.root.FS(), js); err == nil {
		return "", fmt.Errorf("there are %s and %s; keep one, or name it", js, wasm)
	}
	return wasm, nil
}

// scriptOf makes the script of a source. In WebAssembly nothing is replaced.
func (l *loader) scriptOf(kind rulebox.Kind, name, file string, text []byte) (*rulebox.Script, error) {
	binary := strings.HasPrefix(string(text[:min(len(text), len(magic))]), magic)
	if binary {
		return rulebox.NewScript(kind, name, string(text)), nil
	}
	if path.Ext(file) == ".wasm" {
		return nil, errors.New("it is no WebAssembly: it does not begin with \\0asm (give the binary, not its text form)")
	}
	whole, err := l.keywords.replace(text)
	if err != nil {
		return nil, err
	}
	return rulebox.NewScript(kind, name, string(whole)), nil
}
