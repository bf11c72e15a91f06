package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// A CodeStore keeps native code of WebAssembly scripts by digest. What it gives is
// executed, in the jail of the tenant whose script it is: an implementation gives
// back only what a node was given by a compile worker. It is safe for concurrent
// use.
type CodeStore interface {
	// Load returns the code if it is on this machine, nil if it is not.
	Load(digest rulebox.Digest) ([]byte, error)
	// Fetch also asks elsewhere, which takes time.
	Fetch(ctx context.Context, digest rulebox.Digest) ([]byte, error)
	// Save keeps the code, which the caller does not change any more.
	Save(ctx context.Context, digest rulebox.Digest, code []byte) error
}

// magic begins every WebAssembly binary.
const magic = "\x00asm"

func isWASM(s *rulebox.Script) bool { return strings.HasPrefix(s.Source, magic) }

// profileOf is the jail that the chain's scripts need.
func profileOf(c *rulebox.Chain) confine.Profile {
	for _, s := range c.Scripts {
		if isWASM(s) {
			return confine.WASM
		}
	}
	return confine.JS
}

// A supply is the workers of one profile that nobody has yet. Pool.mu guards it.
type supply struct {
	profile  confine.Profile
	warm     int // how many are kept ready
	blanks   []*worker
	starting int
}

// runs refuses profiles that this machine's jail cannot have. The first script that
// is WebAssembly makes the pool keep a worker for such ready. Caller holds mu.
func (p *Pool) runs(profile confine.Profile) *rulebox.Error {
	if profile != confine.WASM {
		return nil
	}
	if p.plan != nil && !p.plan.Has(confine.MntNS) {
		return errNoWASM()
	}
	p.supplies[profile].warm = 1
	return nil
}

func errNoWASM() *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeInvalid, "this node runs no WebAssembly: its workers have no file system of their own, which the engine loads code from").
		WithHint("WebAssembly needs the layer %s, which the isolation level strong has; `rulebox doctor` tells what keeps it away", confine.MntNS)
}

// codes makes native code where it is missing.
type codes struct {
	store CodeStore

	mu     sync.Mutex // guards making; taken before Pool.mu
	making map[rulebox.Digest]chan struct{}
}

// load returns the code of the script. A login does not wait for a compiler: code
// that is missing is got or made beside, and the error is CodeUnavailable.
func (p *Pool) load(s *rulebox.Script) ([]byte, *rulebox.Error) {
	code, err := p.code.store.Load(s.Digest)
	if err == nil && code != nil {
		return code, nil
	}
	p.heal(s)
	return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the native code of %s %q is not on this node; it is being made", s.Kind, s.Name).
		WithHint("try again; code is made when a script is saved or a tenant is loaded, and goes when it is cleared").WithCause(err)
}

// heal gets or makes the code beside, once at a time.
func (p *Pool) heal(s *rulebox.Script) {
	p.code.mu.Lock()
	defer p.code.mu.Unlock()
	if _, busy := p.code.making[s.Digest]; busy {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == closing {
		return
	}
	done := make(chan struct{})
	p.code.making[s.Digest] = done
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		_, err := p.Check(p.life, s)
		if err != nil && p.life.Err() == nil {
			p.log.Error("native code could not be made", zap.String("script", s.Name), zap.String("digest", string(s.Digest)), zap.Error(err))
		}
		p.code.mu.Lock()
		delete(p.code.making, s.Digest)
		p.code.mu.Unlock()
		close(done)
	}()
}

// checkWASM sees to it that the script's native code is there, and compiles it if
// it is not.
func (p *Pool) checkWASM(ctx context.Context, s *rulebox.Script) (*Report, error) {
	p.mu.Lock()
	err := p.runs(confine.WASM)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if code, err := p.code.store.Fetch(ctx, s.Digest); err == nil && code != nil {
		return &Report{}, nil
	} else if err != nil {
		p.log.Warn("native code could not be fetched: it is made here", zap.String("digest", string(s.Digest)), zap.Error(err))
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.CompileTime)
	defer cancel()
	w, free, werr := p.throwaway(ctx, confine.WASM)
	if werr != nil {
		return nil, werr
	}
	defer free()
	start := time.Now()
	rep, werr := w.check(ctx, s, p.opt.CompileTime)
	if werr != nil {
		return nil, werr
	}
	p.log.Info("native code was made", zap.String("script", s.Name), zap.String("digest", string(s.Digest)), zap.Int("bytes", len(rep.code)), zap.Duration("took", time.Since(start)))
	if err := p.code.store.Save(ctx, s.Digest, rep.code); err != nil {
		return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the native code of %s %q could not be kept", s.Kind, s.Name).WithCause(err)
	}
	rep.code = nil
	return rep, nil
}

// Ready sees to it that the chain can be invoked at once: it compiles scripts of it
// that are WebAssembly and that were not checked before. For scripts that nobody
// saved.
func (p *Pool) Ready(ctx context.Context, c *rulebox.Chain) error {
	for _, s := range c.Scripts {
		if s != nil && isWASM(s) {
			if err := p.awaitRun(ctx); err != nil {
				return err
			}
			if _, err := p.Check(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

var errCode = errors.New("code that is not what was announced")

// gather adds a part to code that a compile worker sends.
func gather(code []byte, digest rulebox.Digest, body []byte) ([]byte, error) {
	var m wire.Code
	if err := m.Decode(body); err != nil {
		return nil, err
	}
	if code == nil {
		code = make([]byte, 0, m.Size)
	}
	if m.Digest != digest || m.Size > uint64(cap(code)) || uint64(len(code)+len(m.Part)) > m.Size {
		return nil, fmt.Errorf("%w: %w", wire.ErrFrame, errCode)
	}
	code = append(code, m.Part...)
	if uint64(len(code)) == m.Size && sha256.Sum256(code) != [32]byte(m.Sum) {
		return nil, fmt.Errorf("%w: %w", wire.ErrFrame, errCode)
	}
	return code, nil
}

// memoryCode is a CodeStore in this process.
type memoryCode struct {
	mu   sync.Mutex
	size int
	code map[rulebox.Digest][]byte
}

// maxMemoryCode bounds it, in bytes; beyond, it begins anew.
const maxMemoryCode = 256 << 20

// Load implements CodeStore.
func (m *memoryCode) Load(digest rulebox.Digest) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.code[digest], nil
}

// Fetch implements CodeStore.
func (m *memoryCode) Fetch(_ context.Context, digest rulebox.Digest) ([]byte, error) {
	return m.Load(digest)
}

// Save implements CodeStore.
func (m *memoryCode) Save(_ context.Context, digest rulebox.Digest, code []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size += len(code); m.code == nil || m.size > maxMemoryCode {
		m.code, m.size = map[rulebox.Digest][]byte{}, len(code)
	}
	m.code[digest] = code
	return nil
}
