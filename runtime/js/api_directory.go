package js

import (
	"github.com/dop251/goja"
)

// directoryMethods ask for groups and roles. They answer with promises: what the
// event does not have is asked of the management API.
var directoryMethods = []method{
	{"groups.getUserGroups", onPostLogin, directory("getUserGroups")},
	{"groups.hasGroupMembership", onPostLogin, directory("hasGroupMembership")},
	{"roles.getUserEffectiveRoles", onPostLogin, directory("getUserEffectiveRoles")},
	{"roles.getUserEffectiveRolesByIds", onPostLogin, directory("getUserEffectiveRolesByIds")},
	{"roles.getUserEffectiveRolesByNames", onPostLogin, directory("getUserEffectiveRolesByNames")},
}

// directory calls the function of internal/directory with what the event says.
func directory(name string) func(a *apiCall) goja.Value {
	return func(a *apiCall) goja.Value {
		module, ok := a.r.requireModule("internal/directory").(*goja.Object)
		if !ok {
			return goja.Undefined()
		}
		f, _ := goja.AssertFunction(module.Get(name))
		known := goja.Value(goja.Null())
		if text := a.e.event.get("authorization"); isObject(text) {
			known = a.r.parsed(string(text))
		}
		v, err := f(goja.Undefined(), append([]goja.Value{a.r.vm.ToValue(a.e.known().userID), known}, a.args...)...)
		rethrow(err)
		return v
	}
}
