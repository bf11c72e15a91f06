package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// codeDir is the WebAssembly engine's folder in the worker's own root. The engine
// takes native code from files only; what it does not find there it would compile.
const codeDir = "/code"

// A code is what a compile worker made of a script: two texts, each with its length
// before it as a varint, and the engine's file. The texts are the path of the file
// below codeDir, and that of the file for an empty module, which is another one for
// another version of the engine or another processor.

// A shelf is the native code that this worker was given. A file is on it until the
// engine has taken it over.
type shelf struct {
	engine   string // the path of the file for an empty module
	compiles bool   // this is a compile worker
	coming   *coming

	mu      sync.Mutex // guards entries
	entries map[rulebox.Digest]*entry
}

type entry struct {
	path   string
	engine string
	loaded bool
}

// coming is code of which some parts are here.
type coming struct {
	digest rulebox.Digest
	entry  entry
	file   *os.File
	left   uint64
	sum    hash.Hash
}

func (s *shelf) native() *runtime.Native {
	return &runtime.Native{Dir: codeDir, Load: s.load, Loaded: s.loaded}
}

// prepareWASM gets ready to run WebAssembly.
func (s *server) prepareWASM() error {
	if err := s.runner.Warm(context.Background()); err != nil {
		return fmt.Errorf("the WebAssembly engine: %w", err)
	}
	path, err := onlyFile()
	if err != nil {
		return err
	}
	s.shelf.engine = path
	return os.Remove(filepath.Join(codeDir, path))
}

// onlyFile is the path below codeDir of the one file that is there.
func onlyFile() (string, error) {
	dirs, err := os.ReadDir(codeDir)
	if err != nil {
		return "", err
	}
	if len(dirs) != 1 {
		return "", fmt.Errorf("%d folders of native code", len(dirs))
	}
	files, err := os.ReadDir(filepath.Join(codeDir, dirs[0].Name()))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("%d files of native code", len(files))
	}
	return filepath.Join(dirs[0].Name(), files[0].Name()), nil
}

// sendCode sends what the engine made of the script, in a compile worker.
func (s *server) sendCode(sc *rulebox.Script) error {
	path, err := onlyFile()
	if err != nil {
		return rulebox.Errorf(rulebox.CodeInternal, "the native code of script %q is not there", sc.Name).WithCause(err)
	}
	text, err := os.ReadFile(filepath.Join(codeDir, path))
	if err != nil {
		return rulebox.Errorf(rulebox.CodeInternal, "the native code of script %q cannot be read", sc.Name).WithCause(err)
	}
	var code []byte
	for _, s := range []string{path, s.shelf.engine} {
		code = append(binary.AppendUvarint(code, uint64(len(s))), s...)
	}
	code = append(code, text...)
	if len(code) > wire.MaxCode {
		return rulebox.Errorf(rulebox.CodeInvalid, "%s %q is %d bytes of native code; at most %d are allowed", sc.Kind, sc.Name, len(code), wire.MaxCode).
			WithHint("optimize for size, and leave out what the script does not use")
	}
	s.write(wire.AppendCode(nil, sc.Digest, sha256.Sum256(code), code))
	return nil
}

// isCodePath reports whether the path looks like one of the engine's: wazero-…/ and
// 64 hexadecimal digits. It leads nowhere else.
func isCodePath(path string) bool {
	dir, file, ok := strings.Cut(path, "/")
	if !ok || !strings.HasPrefix(dir, "wazero-") || len(file) != 64 {
		return false
	}
	return strings.Trim(file, "0123456789abcdef") == ""
}

// take takes one part in. An error is the node's fault.
func (s *shelf) take(body []byte) error {
	var m wire.Code
	if err := m.Decode(body); err != nil {
		return err
	}
	c := s.coming
	if c == nil {
		c = &coming{digest: m.Digest, left: m.Size, sum: sha256.New()}
		rest, err := c.entry.decode(m.Part)
		if err != nil {
			return err
		}
		c.sum.Write(m.Part[:len(m.Part)-len(rest)])
		c.left -= uint64(len(m.Part) - len(rest))
		m.Part = rest
		path := filepath.Join(codeDir, c.entry.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if c.file, err = os.Create(path); err != nil {
			return err
		}
		s.coming = c
	}
	if m.Digest != c.digest || uint64(len(m.Part)) > c.left {
		return fmt.Errorf("%w: parts of code", wire.ErrFrame)
	}
	c.sum.Write(m.Part)
	if _, err := c.file.Write(m.Part); err != nil {
		return err
	}
	if c.left -= uint64(len(m.Part)); c.left > 0 {
		return nil
	}
	s.coming = nil
	if err := c.file.Close(); err != nil {
		return err
	}
	if !bytes.Equal(c.sum.Sum(nil), m.Sum) {
		return fmt.Errorf("%w: the sum of code", wire.ErrFrame)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = map[rulebox.Digest]*entry{}
	}
	s.entries[c.digest] = &c.entry
	return nil
}

// decode reads the two texts and returns what is after them.
func (e *entry) decode(b []byte) (rest []byte, err error) {
	for _, s := range []*string{&e.path, &e.engine} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, fmt.Errorf("%w: the head of code", wire.ErrFrame)
		}
		*s, b = string(b[size:size+int(n)]), b[size+int(n):]
		if !isCodePath(*s) {
			return nil, fmt.Errorf("%w: the path of code", wire.ErrFrame)
		}
	}
	return b, nil
}

// load tells whether the engine will find the script's code.
func (s *shelf) load(sc *rulebox.Script) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiles {
		return nil
	}
	e := s.entries[sc.Digest]
	var why error
	switch {
	case e == nil:
		why = errors.New("it was not sent")
	case e.engine != s.engine:
		why = errors.New("it is another engine's or another processor's")
	default:
		return nil
	}
	return rulebox.Errorf(rulebox.CodeUnavailable, "the native code of %s %q cannot be used", sc.Kind, sc.Name).
		WithHint("clear the code that this node keeps: rulebox code clear").WithCause(why)
}

// loaded frees the memory of the file, which the engine has taken over. The engine
// keeps the code as long as the worker lives.
func (s *shelf) loaded(sc *rulebox.Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[sc.Digest]; e != nil && !e.loaded {
		e.loaded = true
		_ = os.Remove(filepath.Join(codeDir, e.path)) // it costs memory, and nothing else
	}
}

// drop forgets code that was not used.
func (s *shelf) drop(digest rulebox.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[digest]; e != nil {
		if !e.loaded {
			_ = os.Remove(filepath.Join(codeDir, e.path))
		}
		delete(s.entries, digest)
	}
}
