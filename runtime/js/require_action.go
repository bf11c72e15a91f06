package js

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// actionModule returns what a module that actions share exports.
func (r *Realm) actionModule(q *requirer, name string) goja.Value {
	var names []string
	for i := range q.modules {
		if q.modules[i].Name == name {
			return r.sharedModule(&q.modules[i])
		}
		names = append(names, actionsPrefix+q.modules[i].Name)
	}
	msg := fmt.Sprintf("Cannot find module '%s%s': ", actionsPrefix, name)
	if len(names) == 0 {
		msg += "no modules are attached to this script; name it under the action's modules"
	} else {
		msg += "attached to this script are " + strings.Join(names, ", ")
	}
	panic(r.coded("Error", "MODULE_NOT_FOUND", msg))
}
