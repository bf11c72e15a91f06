package js

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

func (r *Realm) guestRequire() goja.Value {
	if r.loader.guest == nil {
		r.loader.guest = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.require(call.Argument(0), false)
		})
	}
	return r.loader.guest
}

func (r *Realm) internalRequire() goja.Value {
	if r.loader.internal == nil {
		r.loader.internal = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.require(call.Argument(0), true)
		})
	}
	return r.loader.internal
}

func (r *Realm) require(request goja.Value, internal bool) goja.Value {
	s, ok := request.(goja.String)
	if !ok {
		e := r.vm.NewTypeError("The \"id\" argument must be of type string.")
		e.Set("code", "ERR_INVALID_ARG_TYPE")
		panic(e)
	}
	name := clip(s, 256)
	if internal {
		switch name {
		case "internal/invocation":
			return r.invocation()
		case "internal/realm":
			return r.realmModule()
		}
	}
	m, ok := modules.Lookup(name)
	if !ok || m.Internal && !internal {
		panic(r.notFound(name))
	}
	if m.Retired != "" {
		panic(r.coded("Error", "MODULE_NOT_FOUND", fmt.Sprintf("Cannot find module '%s': %s", name, m.Retired)))
	}
	if _, ok := r.loader.loaded[m]; !ok && !internal {
		r.touch(modulePrefix + m.ID())
	}
	return r.evaluate(m)
}

// requireModule is require for the engine's own use.
func (r *Realm) requireModule(name string) goja.Value {
	return r.require(r.vm.ToValue(name), true)
}

// notFound is the error for a module that does not exist.
func (r *Realm) notFound(name string) goja.Value {
	msg := fmt.Sprintf("Cannot find module '%s'", name)
	bare := name
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		bare = name[:i]
	}
	if text, ok := absent[bare]; ok {
		return r.coded("Error", "MODULE_NOT_FOUND", msg+": "+text)
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
		msg += ": there are no files here; a script can require only the modules of the table"
	} else if versions := modules.Versions(name); len(versions) > 0 {
		// The name is known: what follows the @ is no version.
		msg += fmt.Sprintf(": write a version such as %s; there are the generations %s", versions[0], strings.Join(versions, " and "))
		return r.coded("Error", "MODULE_NOT_FOUND", msg)
	} else if near := nearest(name); near != "" {
		return r.coded("Error", "MODULE_NOT_FOUND", msg+fmt.Sprintf("; did you mean '%s'?", near))
	}
	msg += ". Available modules: " + strings.Join(modules.Names(), ", ")
	return r.coded("Error", "MODULE_NOT_FOUND", msg)
}

// nearest returns the module whose name is at most two edits away.
func nearest(name string) string {
	name = strings.TrimPrefix(name, "node:")
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	best, at := "", 3
	for _, n := range modules.Names() {
		if d := distance(name, n); d < at && d < len(n) {
			best, at = n, d
		}
	}
	return best
}

// distance is the number of edits between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(diag+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
