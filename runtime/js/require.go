package js

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
)

// A requirer is the code that calls require(). What it has declared decides which
// version a name without one means.
type requirer struct {
	kind         rulebox.Kind
	dependencies map[string]string
	modules      []rulebox.ActionModule // what actions:NAME finds
	// pkg is the operator's package whose own code it is, as name@version. The
	// tenant's policy is about what scripts require, not about what that needs.
	pkg string
}

// requirer is the script that runs now. Rules share one realm, and so one
// require().
func (r *Realm) requirer() *requirer {
	i := r.script
	if i < 0 { // between scripts, or after the answer
		i = r.first
	}
	if i >= len(r.progs) {
		return &requirer{kind: rulebox.KindRule}
	}
	q := &requirer{kind: r.progs[i].Script.Kind}
	if i < len(r.chain.Bindings) {
		q.dependencies, q.modules = r.chain.Bindings[i].Dependencies, r.chain.Bindings[i].Modules
	}
	return q
}

// newest says that a name without a version means the newest generation: actions
// declare versions, and older code never did.
func (q *requirer) newest() bool {
	return q.kind == rulebox.KindAction || q.kind == rulebox.KindModule || q.pkg != ""
}

func (r *Realm) guestRequire() goja.Value {
	if r.loader.guest == nil {
		r.loader.guest = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.guestModule(r.requirer(), r.moduleName(call.Argument(0)))
		})
	}
	return r.loader.guest
}

// requireFor is a require() of its own for code that declares its own versions:
// a module that actions share, a package.
func (r *Realm) requireFor(q *requirer) goja.Value {
	return r.function("require", func(call goja.FunctionCall) goja.Value {
		return r.guestModule(q, r.moduleName(call.Argument(0)))
	})
}

func (r *Realm) internalRequire() goja.Value {
	if r.loader.internal == nil {
		r.loader.internal = r.function("require", func(call goja.FunctionCall) goja.Value {
			return r.internalModule(r.moduleName(call.Argument(0)))
		})
	}
	return r.loader.internal
}

// requireModule is require for the engine's own use.
func (r *Realm) requireModule(name string) goja.Value { return r.internalModule(name) }

// maxRequest bounds what is given to require(), in UTF-16 units.
const maxRequest = 256

func (r *Realm) moduleName(v goja.Value) string {
	s, ok := v.(goja.String)
	if !ok {
		e := r.vm.NewTypeError("The \"id\" argument must be of type string.")
		e.Set("code", "ERR_INVALID_ARG_TYPE")
		panic(e)
	}
	return clip(s, maxRequest)
}

// internalModule is what modules of the table require: the table, with its
// internal entries, whatever the tenant's policy says.
func (r *Realm) internalModule(name string) goja.Value {
	switch name {
	case "internal/invocation":
		return r.invocation()
	case "internal/realm":
		return r.realmModule()
	}
	if m, ok := modules.LookupUnit(name); ok {
		return r.evaluate(m)
	}
	m, ok := modules.Lookup(name)
	if !ok {
		panic(r.notFound(&requirer{}, name))
	}
	return r.entry(name, m)
}

// guestModule is what scripts require: what their actions share, then, as far as
// the policy goes, the operator's packages and the table.
func (r *Realm) guestModule(q *requirer, name string) goja.Value {
	if shared, ok := strings.CutPrefix(name, actionsPrefix); ok {
		return r.actionModule(q, shared)
	}
	if q.pkg == "" {
		// A script stands where node_modules does.
		name = strings.TrimPrefix(name, "./node_modules/")
	}
	req := parseRequest(name)
	if q.pkg == "" {
		r.permit(req.name, name)
	}
	if q.pkg != "" && strings.HasPrefix(name, standIns) {
		return r.internalModule(name)
	}
	if p := r.findPackage(q, req); p != nil {
		return r.evaluatePackage(p, req)
	}
	m, ok := tableEntry(q, req)
	if !ok || m.Internal {
		panic(r.notFound(q, name))
	}
	if m.Retired == "" {
		r.use(m)
	}
	return r.entry(name, m)
}

// actionsPrefix begins the name of a module that a tenant's actions share.
const actionsPrefix = "actions:"

// standIns begins the names of what packages have in place of Node's own modules
// that scripts cannot have.
const standIns = "internal/npm/"

func (r *Realm) entry(name string, m *modules.Module) goja.Value {
	if m.Retired != "" {
		panic(r.coded("Error", "MODULE_NOT_FOUND", fmt.Sprintf("Cannot find module '%s': %s", name, m.Retired)))
	}
	return r.evaluate(m)
}

// A moduleRequest is what is given to require(): [node:]name[@version][/sub], where the
// version may also stand at the very end.
type moduleRequest struct {
	text string
	// name is the package's, with its scope; of a built-in the part before the
	// first slash.
	name, version, sub string
	node               bool
}

func parseRequest(text string) moduleRequest {
	q := moduleRequest{text: text}
	rest, node := strings.CutPrefix(text, "node:")
	q.node = node
	end := 0
	if strings.HasPrefix(rest, "@") {
		end = strings.IndexByte(rest, '/') + 1 // the scope's
	}
	if i := strings.IndexByte(rest[end:], '/'); i >= 0 {
		rest, q.sub = rest[:end+i], rest[end+i+1:]
	}
	q.name = rest
	if i := strings.LastIndexByte(rest, '@'); i > 0 {
		q.name, q.version = rest[:i], rest[i+1:]
	} else if i := strings.LastIndexByte(q.sub, '@'); i >= 0 {
		q.sub, q.version = q.sub[:i], q.sub[i+1:]
	}
	return q
}

// path is the name with what follows it, without the version.
func (q *moduleRequest) path() string {
	if q.sub == "" {
		return q.name
	}
	return q.name + "/" + q.sub
}

// versionOf returns the version that the requirer means, empty for none in
// particular, and newestVersion.
func (q *requirer) versionOf(req moduleRequest) string {
	if req.version != "" {
		return req.version
	}
	switch version := strings.TrimSpace(q.dependencies[req.name]); {
	case version == "latest" || version == "*" || version == "x", version == "" && q.newest():
		return newestVersion
	default:
		return plainVersion(version)
	}
}

const newestVersion = "latest"

// tableEntry returns the entry of the table. The version may follow the name or
// the path: the table has entries of both kinds.
func tableEntry(q *requirer, req moduleRequest) (*modules.Module, bool) {
	version := q.versionOf(req)
	if version == "" || req.node {
		return modules.Lookup(req.text)
	}
	if version == newestVersion && req.version == "" {
		versions := modules.Versions(req.path())
		if len(versions) == 0 {
			versions = modules.Versions(req.name)
		}
		if len(versions) == 0 {
			return modules.Lookup(req.path())
		}
		version = versions[len(versions)-1]
	}
	if m, ok := modules.Lookup(req.path() + "@" + version); ok || req.sub == "" {
		return m, ok
	}
	return modules.Lookup(req.name + "@" + version + "/" + req.sub)
}

// plainVersion is the first version that a declared range such as >=1.2.0 <2 or
// 1.x names; the range itself if there is none.
func plainVersion(s string) string {
	start := strings.IndexAny(s, "0123456789")
	if start < 0 {
		return s
	}
	end := start
	for end < len(s) && (s[end] == '.' || s[end] >= '0' && s[end] <= '9') {
		end++
	}
	return strings.Trim(s[start:end], ".")
}
