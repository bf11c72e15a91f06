package js

import (
	"fmt"
	"sync"

	"github.com/dop251/goja"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/rulebox/rulebox"
)

// A sharedModule is a module of actions in one realm.
type sharedModule struct {
	program *Program
	exports goja.Value // nil while it is evaluated
}

// sharedPrograms are compiled modules, for every realm of the process.
var sharedPrograms = sync.OnceValue(func() *lru.Cache[[2]string, *Program] {
	c, _ := lru.New[[2]string, *Program](maxSharedPrograms)
	return c
})

const maxSharedPrograms = 64

func compileShared(m *rulebox.ActionModule) (p *Program, err error) {
	s := m.Script
	if s == nil {
		return nil, fmt.Errorf("it has no source")
	}
	digest := s.Digest
	if digest == "" {
		digest = rulebox.DigestOf(s.Kind, s.Source)
	}
	key := [2]string{m.Name, string(digest)}
	if p, ok := sharedPrograms().Get(key); ok {
		return p, nil
	}
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("the engine gave up: %v", x)
		}
	}()
	p, err = Compile(&rulebox.Script{Name: m.Name, Kind: rulebox.KindModule, Source: s.Source})
	if err == nil {
		sharedPrograms().Add(key, p)
	}
	return p, err
}

// sharedModule evaluates the module once for the realm: with a require() of its
// own versions and with its own secrets, as actions.secrets.
func (r *Realm) sharedModule(m *rulebox.ActionModule) goja.Value {
	if known := r.loader.shared[m]; known != nil {
		if known.exports == nil {
			panic(r.newError("Error", fmt.Sprintf("module '%s%s' requires itself", actionsPrefix, m.Name)))
		}
		return known.exports
	}
	p, err := compileShared(m)
	if err != nil {
		e := r.newError("SyntaxError", fmt.Sprintf("module '%s%s' cannot be loaded: %s", actionsPrefix, m.Name, messageOf(err)))
		panic(e)
	}
	if r.loader.shared == nil {
		r.loader.shared = make(map[*rulebox.ActionModule]*sharedModule)
	}
	loaded := &sharedModule{program: p}
	r.loader.shared[m] = loaded
	if len(p.polyfills) > 0 {
		r.polyfill(p.polyfills)
	}
	body, err := r.vm.RunProgram(p.prg)
	if err == nil {
		actions := r.vm.NewObject()
		actions.Set("secrets", r.stringsObject(m.Secrets))
		q := &requirer{kind: rulebox.KindModule, dependencies: m.Dependencies}
		loaded.exports, err = r.runModule(body, r.requireFor(q), actions)
	}
	if err != nil {
		delete(r.loader.shared, m)
		panic(err)
	}
	return loaded.exports
}

// messageOf is the message of an error of ours, for a script's author.
func messageOf(err error) string {
	if e, ok := err.(*rulebox.Error); ok {
		return e.Message
	}
	return err.Error()
}
