package js

import (
	"fmt"
	"strings"

	"github.com/rulebox/rulebox"
)

// databaseParams are the arguments of database scripts before context and callback.
var databaseParams = map[string]string{
	"login": "email, password", "get_user": "email", "create": "user", "verify": "email",
	"change_password": "email, newPassword", "delete": "id", "change_email": "email, newEmail, verified",
}

// parameterHint is advice for a database script whose function has another number
// of parameters than it gets arguments: its callback is then something else. It is
// empty if that is not known, or not so.
func (r *Realm) parameterHint() string {
	if r.script < 0 || r.script >= len(r.progs) {
		return ""
	}
	p, given := r.progs[r.script], len(r.in.Args)+1
	if p.Script.Kind != rulebox.KindDBScript || p.Guest != nil || !p.Plain || p.arity < 0 || p.arity == given {
		return ""
	}
	operation := r.chain.Trigger[strings.LastIndexByte(r.chain.Trigger, '.')+1:]
	list, ok := databaseParams[operation]
	if !ok {
		return ""
	}
	context := "enable_script_context of the connection is off: there is no context before callback"
	if given > strings.Count(list, ",")+2 {
		list, context = list+", context", "enable_script_context of the connection puts context before callback"
	}
	return fmt.Sprintf("the function has %d parameters and gets %d arguments: (%s, callback); %s", p.arity, given, list, context)
}
