package runtime

import (
	"fmt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js"
	"github.com/rulebox/rulebox/runtime/wasm"
)

// check refuses what cannot be run.
func check(inv *rulebox.Invocation) error {
	c := inv.Chain
	if c == nil {
		return rulebox.Errorf(rulebox.CodeInvalid, "the invocation has no chain of scripts")
	}
	for i, s := range c.Scripts {
		if s == nil {
			return rulebox.Errorf(rulebox.CodeInvalid, "script %d of the chain is missing", i+1)
		}
		if err := checkPlace(c, i); err != nil {
			return err
		}
	}
	if len(c.Scripts) > maxScripts {
		return rulebox.Errorf(rulebox.CodeInvalid, "the chain has %d scripts; at most %d are allowed", len(c.Scripts), maxScripts)
	}
	if n := len(c.Bindings); n > 0 && n != len(c.Scripts) {
		return rulebox.Errorf(rulebox.CodeInvalid, "the chain has %d scripts, but %d bindings", len(c.Scripts), n)
	}
	if r := inv.Resume; r != nil && (r.Script < 0 || r.Script >= len(c.Scripts) || c.Scripts[r.Script].Kind != rulebox.KindAction) {
		return rulebox.Errorf(rulebox.CodeInvalid, "the chain cannot go on with script %d: that is no action of it", r.Script+1).
			WithHint("the actions of the trigger were changed after the user was sent away; let the user sign in again")
	}
	return nil
}

// checkPlace says whether script i of the chain may be where it is: rules, and then
// actions; anything else alone.
func checkPlace(c *rulebox.Chain, i int) error {
	s, first := c.Scripts[i], c.Scripts[0]
	switch s.Kind {
	case rulebox.KindModule, rulebox.KindPackage:
		return rulebox.Errorf(rulebox.CodeInvalid, "script %d of the chain is a %s, which is required by others and does not run by itself", i+1, s.Kind)
	case rulebox.KindAction:
		if err := js.CheckTrigger(c.Trigger); err != nil {
			return err
		}
		if first.Kind == rulebox.KindAction || first.Kind == rulebox.KindRule && c.Trigger == rulebox.TriggerLogin {
			return nil
		}
	}
	switch {
	case i > 0 && s.Kind == rulebox.KindRule && c.Scripts[i-1].Kind == rulebox.KindAction:
		return rulebox.Errorf(rulebox.CodeInvalid, "rule %q stands after an action; rules run first", s.Name)
	case s.Kind != first.Kind:
		return rulebox.Errorf(rulebox.CodeInvalid, "the chain mixes a %s and a %s", first.Kind, s.Kind)
	case s.Kind != rulebox.KindRule && len(c.Scripts) > 1:
		return rulebox.Errorf(rulebox.CodeInvalid, "a %s runs alone, but the chain has %d", s.Kind, len(c.Scripts))
	}
	return nil
}

// A part is what runs in one realm: the scripts from first up to end.
type part struct {
	first, end int

	ready   *js.Realm // prepared; nil if none
	touched []string  // globals that the last run used
}

// parts cuts the chain: all leading scripts that are no actions, then each action.
func parts(c *rulebox.Chain) []part {
	n := 0
	for n < len(c.Scripts) && c.Scripts[n].Kind != rulebox.KindAction {
		n++
	}
	var list []part
	if n > 0 || len(c.Scripts) == 0 {
		list = append(list, part{first: 0, end: n})
	}
	for ; n < len(c.Scripts); n++ {
		list = append(list, part{first: n, end: n + 1})
	}
	return list
}

// from is the index of the part that a resumed chain begins with. A challenge has
// no function that continues it: the next action begins.
func (s *chainState) from(r *rulebox.Resume) int {
	if r == nil {
		return 0
	}
	next := r.Script
	if _, kind := rulebox.Suspension(r.Commands); kind == "challenge" {
		next++
	}
	for i := range s.parts {
		if s.parts[i].first >= next {
			return i
		}
	}
	return len(s.parts)
}

const maxScripts = 256

// state returns what is kept for the chain. It is called on the processor:
// compiling is customer work, and may hang. The gate is told of each script, so
// that it is clear which one did.
func (r *Runner) state(c *rulebox.Chain, g *gate) (*chainState, error) {
	if s, ok := r.chains.Get(c); ok {
		return s, nil
	}
	s := &chainState{programs: make([]*js.Program, len(c.Scripts)), parts: parts(c)}
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
	if wasm.Is(s.Source) {
		p, err = r.guest(s)
	} else {
		p, err = js.Compile(s)
	}
	if err != nil {
		if e, ok := err.(*rulebox.Error); ok {
			e.Script = s.Name
		}
		return nil, err
	}
	r.programs.Add(key, p)
	return p, nil
}

// take returns the realm that was prepared for part i, nil if there is none.
func (s *chainState) take(i int) *js.Realm {
	s.mu.Lock()
	defer s.mu.Unlock()
	realm := s.parts[i].ready
	s.parts[i].ready = nil
	return realm
}

func (s *chainState) has(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[i].ready != nil
}

func (s *chainState) put(i int, realm *js.Realm) {
	s.mu.Lock()
	old := s.parts[i].ready
	s.parts[i].ready = realm
	s.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

func (s *chainState) drop() {
	for i := range s.parts {
		if realm := s.take(i); realm != nil {
			realm.Close()
		}
	}
}

func (s *chainState) touch(i int, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[i].touched = names
}

func (s *chainState) lastTouched(i int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[i].touched
}
