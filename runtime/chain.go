package runtime

import (
	"fmt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js"
)

// check refuses what cannot be run.
func check(inv *rulebox.Invocation) error {
	c := inv.Chain
	if c == nil {
		return rulebox.Errorf(rulebox.CodeInvalid, "the invocation has no chain of scripts")
	}
	for i, s := range c.Scripts {
		switch {
		case s == nil:
			return rulebox.Errorf(rulebox.CodeInvalid, "script %d of the chain is missing", i+1)
		case s.Kind != c.Scripts[0].Kind:
			return rulebox.Errorf(rulebox.CodeInvalid, "the chain mixes a %s and a %s", c.Scripts[0].Kind, s.Kind)
		case s.Kind != rulebox.KindRule && len(c.Scripts) > 1:
			return rulebox.Errorf(rulebox.CodeInvalid, "a %s runs alone, but the chain has %d", s.Kind, len(c.Scripts))
		}
	}
	if len(c.Scripts) > maxScripts {
		return rulebox.Errorf(rulebox.CodeInvalid, "the chain has %d scripts; at most %d are allowed", len(c.Scripts), maxScripts)
	}
	return nil
}

const maxScripts = 256

// state returns what is kept for the chain. It is called on the processor:
// compiling is customer work, and may hang. The gate is told of each script, so
// that it is clear which one did.
func (r *Runner) state(c *rulebox.Chain, g *gate) (*chainState, error) {
	if s, ok := r.chains.Get(c); ok {
		return s, nil
	}
	s := &chainState{programs: make([]*js.Program, len(c.Scripts))}
	for i, script := range c.Scripts {
		g.Script(i)
		p, err := r.program(script)
		if err != nil {
			return nil, err
		}
		s.programs[i] = p
	}
	g.Script(-1)
	r.chains.Add(c, s)
	return s, nil
}

// compiled reports whether state would have nothing to compile.
func (r *Runner) compiled(c *rulebox.Chain) bool {
	if r.chains.Contains(c) {
		return true
	}
	for _, s := range c.Scripts {
		if !r.programs.Contains(keyOf(s)) {
			return false
		}
	}
	return true
}

func keyOf(s *rulebox.Script) programKey {
	if s.Digest == "" {
		return programKey{s.Name, rulebox.DigestOf(s.Kind, s.Source)}
	}
	return programKey{s.Name, s.Digest}
}

// program returns the compiled script.
func (r *Runner) program(s *rulebox.Script) (p *js.Program, err error) {
	key := keyOf(s)
	if p, ok := r.programs.Get(key); ok {
		return p, nil
	}
	defer func() {
		if x := recover(); x != nil {
			err = rulebox.Errorf(rulebox.CodeInvalid, "%s %q cannot be compiled: the engine gave up", s.Kind, s.Name).WithCause(fmt.Errorf("%v", x))
		}
	}()
	if p, err = js.Compile(s); err != nil {
		if e, ok := err.(*rulebox.Error); ok {
			e.Script = s.Name
		}
		return nil, err
	}
	r.programs.Add(key, p)
	return p, nil
}

func (s *chainState) take() *js.Realm {
	s.mu.Lock()
	defer s.mu.Unlock()
	realm := s.ready
	s.ready = nil
	return realm
}

func (s *chainState) has() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready != nil
}

func (s *chainState) put(realm *js.Realm) {
	s.mu.Lock()
	old := s.ready
	s.ready = realm
	s.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

func (s *chainState) drop() {
	if realm := s.take(); realm != nil {
		realm.Close()
	}
}

func (s *chainState) touch(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = names
}

func (s *chainState) lastTouched() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.touched
}
