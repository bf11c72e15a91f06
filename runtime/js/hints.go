package js

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
)

// maxHint bounds the hint that an error of a module brings along, in UTF-16
// units.
const maxHint = 1024

// hint adds advice for the script's author: what the thrown or given value has as
// its own hint, or what is known of the message.
func (r *Realm) hint(e *rulebox.Error, v goja.Value) {
	if e.Hint != "" {
		return
	}
	e.Hint = r.ownHint(e, v)
	// A database script hands on its driver's errors, who knows no URL but localhost.
	database := r.kind() == string(rulebox.KindDBScript)
	if e.Hint != "" && !database {
		return
	}
	defer func() {
		if text := r.missingKeys(); text != "" && (e.Code == rulebox.CodeThrew || database) {
			e.Hint = strings.TrimPrefix(e.Hint+"; "+text, "; ")
		}
	}()
	if e.Hint != "" {
		return
	}
	if e.Name == "TypeError" || e.Name == "ReferenceError" {
		if e.Hint = r.parameterHint(); e.Hint != "" {
			return
		}
	}
	switch e.Name {
	case "ReferenceError":
		if name, ok := strings.CutSuffix(e.Message, " is not defined"); ok {
			e.Hint = r.undefinedName(name)
		}
	case "TypeError":
		if e.Hint = r.apiHint(e); e.Hint == "" {
			e.Hint = r.packageHint(e.Message)
		}
		if e.Hint == "" {
			e.Hint = typeHint(e.Message)
		}
	case "SyntaxError":
		e.Hint = jsonHint(e.Message)
	}
}

// ownHint returns the `hint` of an error or of one of its causes: modules put
// there what is for the author only. A bare "fetch failed" has its cause told.
func (r *Realm) ownHint(e *rulebox.Error, v goja.Value) (hint string) {
	r.guard(func() {
		for range 4 {
			o, ok := v.(*goja.Object)
			if !ok {
				return
			}
			if s, ok := o.Get("hint").(goja.String); ok && s.Length() > 0 {
				hint = clip(s, maxHint)
				return
			}
			if v = o.Get("cause"); hint == "" && e.Message == "fetch failed" {
				if c, ok := v.(*goja.Object); ok {
					if s, ok := c.Get("message").(goja.String); ok && s.Length() > 0 {
						hint = "the cause: " + clip(s, maxHint)
					}
				}
			}
		}
	})
	return hint
}

// Bounds of what advice costs and says: the longest name, in bytes, the most names
// of a script that a name is compared with, the longest source, in bytes, that is
// read again, and how many configuration keys are told.
const (
	maxName   = 80
	maxNames  = 2000
	maxReread = 64 << 10
	maxKeys   = 20
)

// absent are names that scripts expect and that are not here.
var absent = map[string]string{
	"XMLHttpRequest":   "browsers have XMLHttpRequest; here use fetch",
	"window":           "this is no browser: there is no window; what is kept between logins is on global",
	"document":         "this is no browser: there is no document",
	"localStorage":     "this is no browser: what is kept between logins is on global",
	"ManagementClient": "load it: const { ManagementClient } = require('auth0')",
	"event":            "Actions have event and api; a rule has user, context and callback",
	"api":              "Actions have event and api; a rule has user, context and callback",
	"ValidationError":  "of the error classes of database scripts there is UnauthorizedError; else throw Error",
}

// given are the names that every rule has or is used to.
var given = []string{"user", "context", "callback", "configuration", "auth0", "global", "require", "module", "exports", "console", "undefined"}

// givenActions are those of every action.
var givenActions = []string{"event", "api", "require", "module", "exports", "global", "undefined"}

// hasName says that the name is one that scripts of this kind have, so that the
// advice for those that have not would be wrong.
func (r *Realm) hasName(name string) bool {
	return r.isAction() && (name == "event" || name == "api")
}

// undefinedName is the advice for a name that nothing has declared.
func (r *Realm) undefinedName(name string) string {
	if len(name) > maxName {
		return ""
	}
	if text, ok := absent[name]; ok && !r.hasName(name) {
		return text
	}
	if m, ok := modules.Lookup(name); ok && !m.Internal {
		if m.Retired != "" {
			return fmt.Sprintf("there is no module %s: %s", name, m.Retired)
		}
		return fmt.Sprintf("declare %s; if it is a module, load it: const %s = require('%s')", name, name, name)
	}
	names := slices.Clone(given)
	if r.isAction() {
		names = slices.Clone(givenActions)
	}
	for g := range tables().globals {
		names = append(names, g)
	}
	slices.Sort(names) // maps have no order; hints should
	if r.script >= 0 && r.script < len(r.progs) {
		own := r.progs[r.script].names
		names = append(slices.Clone(own[:min(len(own), maxNames)]), names...)
	}
	if near := closest(name, names); near != "" {
		return fmt.Sprintf("did you mean %s? Else declare %s", near, name)
	}
	return fmt.Sprintf("declare %s, or correct its spelling: it is no parameter of the %s, no variable in reach and no global", name, r.kind())
}

// closest returns the first of the names with the fewest edits, at most two and
// fewer than half of the name, or "".
func closest(name string, names []string) string {
	best, at := "", min(3, (len(name)+1)/2)
	for _, n := range names {
		if n == name || len(n) > len(name)+2 || len(n) < len(name)-2 {
			continue
		}
		if d := distance(name, n); d < at {
			best, at = n, d
		}
	}
	return best
}

// configurationKey finds uses of the global configuration in a source: a member of
// that name, such as event.configuration, is none.
var configurationKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^.\w$])configuration(?:\??\.([A-Za-z_$][\w$]*)|\[\s*(?:'([^'\n]+)'|"([^"\n]+)")\s*\])`)
})

// ownConfiguration finds a variable or parameter that hides the global.
var ownConfiguration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:const|let|var)\s+configuration\b|\b(?:const|let|var)\s*\{[^}]*\bconfiguration\b[^}]*\}\s*=|\(\s*(?:[\w$]+\s*,\s*)*configuration\s*[,)]\s*(?:[\w$,\s]*\)\s*)?(?:=>|\{)`)
})

// missingKeys tells of configuration keys that the script reads and the tenant
// does not have. It is read off the source, so that reading a key costs nothing.
func (r *Realm) missingKeys() string {
	if r.script < 0 || r.script >= len(r.progs) || len(r.progs[r.script].Script.Source) > maxReread || r.isAction() {
		return "" // actions have event.secrets
	}
	has := r.chain.Configuration
	var missing []string
	for _, m := range configurationKey().FindAllStringSubmatch(r.progs[r.script].Script.Source, -1) {
		name := m[1] + m[2] + m[3]
		if _, ok := has[name]; !ok && len(name) <= maxName && name != "hasOwnProperty" && len(missing) < maxKeys && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 || ownConfiguration().MatchString(r.progs[r.script].Script.Source) {
		return ""
	}
	have := "it is empty"
	if len(has) > 0 {
		keys := slices.DeleteFunc(slices.Sorted(maps.Keys(has)), func(k string) bool { return len(k) > maxName })
		have = "it has " + strings.Join(keys[:min(len(keys), maxKeys)], ", ")
	}
	where := "rules-configs"
	if r.kind() == string(rulebox.KindDBScript) {
		where = "options.configuration of the connection's database.json"
	}
	return fmt.Sprintf("the %s reads configuration.%s, which is not there (%s): if that is the cause, add it to %s, or give --config",
		r.kind(), strings.Join(missing, ", configuration."), have, where)
}

// typeHint says what to do about a value that is not what the script takes it for.
func typeHint(message string) string {
	switch {
	case strings.HasPrefix(message, "Cannot read propert"), strings.HasPrefix(message, "Cannot set propert"), strings.HasPrefix(message, "Cannot destructure "),
		strings.HasPrefix(message, "Cannot convert undefined or null to object"):
		return "a value is undefined or null, and a property of it is used at the place that the trace shows: test it before, or write value?.name"
	case strings.HasSuffix(message, " is not a function"), strings.HasSuffix(message, " is not a constructor"):
		return "there is no such function at the place that the trace shows: look for a misspelt name, or test it before"
	case strings.Contains(message, " is not iterable"):
		return "a value at the place that the trace shows is no array, or is undefined: test it before, or write value || []"
	case strings.HasPrefix(message, "Value is not an object: "):
		return "a value is not what is expected at the place that the trace shows: test it before"
	}
	return ""
}

// jsonHint is the advice for JSON.parse.
func jsonHint(message string) string {
	for _, part := range []string{"is not valid JSON", " in JSON", "Unexpected end of JSON", "after JSON at position"} {
		if strings.Contains(message, part) {
			return "the text that was parsed is not JSON; a service that answers with an HTML page or an empty body has failed: look at the response's status first (res.ok)"
		}
	}
	return ""
}

// unplain is the advice for a value that JSON cannot hold: the argument's name and
// the first member that is the reason.
func (r *Realm) unplain(e *rulebox.Error, name string, v goja.Value) {
	if e.Code != rulebox.CodeThrew || e.Name != "TypeError" || e.Hint != "" && !strings.Contains(e.Message, "BigInt") {
		return
	}
	circular := strings.Contains(e.Message, "ircular")
	if !circular && !strings.Contains(e.Message, "BigInt") {
		return
	}
	what := "it holds a BigInt: convert it with String or Number"
	if circular {
		what = "it refers to itself: copy the fields that are needed"
	}
	r.guard(func() {
		o, ok := v.(*goja.Object)
		if !ok {
			return
		}
		for _, key := range o.Keys() {
			if _, err := r.append(o.Get(key), r.limits.Output); err != nil {
				name += "." + key[:min(len(key), 80)]
				return
			}
		}
	})
	e.Hint = fmt.Sprintf("user and context must be plain data, as JSON has it; look at %s: %s", name, what)
}
