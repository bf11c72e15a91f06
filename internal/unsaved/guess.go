package unsaved

import (
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/internal/trigger"
)

// What a script is can mostly be seen from its first lines. The source is looked
// at by regular expressions of linear time: it is not parsed here.

var (
	preamble = pattern.New(`^(?s:\s+|//[^\n]*|/\*.*?\*/|;|\(|['"]use \w+['"])*`)
	handler  = pattern.New(`\bon(?:Execute|Continue)[A-Z]\w*`)
	exported = pattern.New(`(?m)(?:^|[;})=])\s*(?:module\.)?exports\s*[.=\[]`)
	hooked   = pattern.New(`\bmodule\.exports\s*=\s*(?:async\s+)?(?:function\b[^(]*)?\(([^)]*)\)`)
	module   = pattern.New(`(?m)^\s*export\s+(?:default\b|const\b|let\b|var\b|async\b|function\b|\{)`)
	function = pattern.New(`^(?:async\s+)?function\s*([\w$]*)\s*\(([^)]*)\)`)
)

// operations are the names that templates of database scripts give to their
// functions.
var operations = map[string]string{
	"login": "login", "loginByEmail": "login",
	"getUser": "get_user", "getByEmail": "get_user", "get_user": "get_user",
	"create": "create", "verify": "verify",
	"changePassword": "change_password", "change_password": "change_password",
	"deleteUser": "delete", "delete_user": "delete", "remove": "delete",
	"changeEmail": "change_email", "change_email": "change_email",
}

// form is what the look of a source tells.
type form struct {
	kind rulebox.Kind
	// trigger is empty if it cannot be told.
	trigger string
}

// guess returns what the source looks like: a rule if like nothing else.
func guess(source string) form {
	if strings.HasPrefix(source, "\x00asm") {
		// The names of its exports stand in it as they are.
		if h := handler().FindString(source); h != "" {
			return form{rulebox.KindAction, trigger.OfFunction(strings.TrimPrefix(strings.TrimPrefix(h, "onExecute"), "onContinue"))}
		}
		return form{rulebox.KindRule, rulebox.TriggerLogin}
	}
	body := source[len(preamble().FindString(source)):]
	// An ES module is an action if it has a handler; a rule may be its default.
	if exported().MatchString(body) || module().MatchString(body) && handler().MatchString(body) {
		if h := handler().FindString(body); h != "" {
			name := strings.TrimPrefix(strings.TrimPrefix(h, "onExecute"), "onContinue")
			return form{rulebox.KindAction, trigger.OfFunction(name)}
		}
		if m := hooked().FindStringSubmatch(body); m != nil {
			return form{rulebox.KindHook, hookTrigger(m[1])}
		}
		return form{kind: rulebox.KindAction}
	}
	if m := function().FindStringSubmatch(body); m != nil {
		params := paramsOf(m[2])
		if operation := operations[m[1]]; operation != "" && (len(params) < 2 || params[1] != "context") {
			return form{rulebox.KindDBScript, operation}
		}
		if operation := byPassword(params); operation != "" {
			return form{rulebox.KindDBScript, operation}
		}
	}
	return form{rulebox.KindRule, rulebox.TriggerLogin}
}

// hookTrigger is the trigger that the parameters are those of; registration's two
// have the same.
func hookTrigger(list string) string {
	switch params := paramsOf(list); {
	case len(params) == 5 || len(params) > 1 && params[1] == "scope":
		return rulebox.HookPrefix + "credentials-exchange"
	case len(params) == 4:
		return rulebox.HookPrefix + "send-phone-message"
	}
	return ""
}

// byPassword is the operation of a function that takes a password, whatever its name.
func byPassword(params []string) string {
	if len(params) < 2 {
		return ""
	}
	switch strings.ToLower(params[1]) {
	case "password", "pass", "pwd":
		return "login"
	case "newpassword", "new_password":
		return "change_password"
	}
	return ""
}

func paramsOf(list string) (params []string) {
	for p := range strings.SplitSeq(list, ",") {
		if p = strings.TrimSpace(p); p != "" {
			params = append(params, p)
		}
	}
	return params
}

// operationOf is the operation of a database script, empty if its name says none.
func operationOf(f form) string {
	if f.kind == rulebox.KindDBScript && slices.Contains(trigger.Operations, f.trigger) {
		return f.trigger
	}
	return ""
}
