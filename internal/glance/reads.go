package glance

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
)

// Reads are the members that a source reads of an object of values.
type Reads struct {
	// Names stand in the text, sorted.
	Names []string
	// Needed are those of them that the source nowhere tests, as in X || 'default'.
	Needed []string
	// Others says that it may read others too: the object is handed on, or read by
	// a name that is made when it runs.
	Others bool
}

// Has reports whether the source may read the name.
func (r Reads) Has(name string) bool { return r.Others || slices.Contains(r.Names, name) }

// A node looks when a tenant loads, and has others to serve: longer sources, in
// bytes, are not looked at, nor more uses of one.
const (
	maxSource = 64 << 10
	maxUses   = 256
)

var (
	secretsUse       = uses(`secrets`)
	configurationUse = uses(`configuration`)
	// trailing matches a comment that does not begin its line.
	trailing = pattern.New(`(?m)([\s;{}(),])//.*$`)
	// declares matches a source with a variable or a parameter of that name.
	declares = pattern.New(`(?:\b(?:var|let|const)\s+|[(,]\s*)configuration\s*[=,);]`)
	// testedAfter and testedBefore match what stands beside a value that may be absent.
	testedAfter  = pattern.New(`^\s*(?:\?\?|\|\||&&|\?[^.]|\?$|[!=]==?)`)
	testedBefore = pattern.New(`(?:!|\btypeof\s+|\b(?:if|while)\s*\(\s*|&&\s*)$`)

	members = pattern.New(`^\s*(?:([A-Za-z_$][\w$]*)|'(\w+)'|"(\w+)")\s*(?::.*|=.*)?$`)
)

// uses matches the uses of an object with the name: what it is taken apart into, the
// expression that it is a member of, the members read of it.
func uses(name string) func() *regexp.Regexp {
	return pattern.New(`(?:\{([^{}]*)\}\s*=\s*)?((?:[\w$]+\s*\??\.\s*)*)\b` + name + `\b(?:\s*\??\.\s*([A-Za-z_$][\w$]*)|\s*(?:\?\.)?\[\s*(?:'([^'\n]+)'|"([^"\n]+)")\s*\])?`)
}

// Secrets returns what a script of the kind reads of the secrets that are bound to
// it: event.secrets of actions, context.webtask.secrets of hooks, actions.secrets of
// modules. Other kinds have none.
func Secrets(kind rulebox.Kind, source string) Reads {
	base := map[rulebox.Kind]string{rulebox.KindAction: "event.", rulebox.KindHook: "webtask.", rulebox.KindModule: "actions."}[kind]
	if base == "" {
		return Reads{}
	}
	return reads("secrets", secretsUse(), source, func(path string) bool { return strings.HasSuffix(path, base) }, false)
}

// Configuration returns what a rule or a database script reads of `configuration`.
// Other kinds have none.
func Configuration(kind rulebox.Kind, source string) Reads {
	if kind != rulebox.KindRule && kind != rulebox.KindDBScript {
		return Reads{}
	}
	if len(source) > maxSource || declares().MatchString(source) {
		return Reads{Others: true}
	}
	return reads("configuration", configurationUse(), source, func(path string) bool { return path == "" || path == "global." || path == "globalThis." }, true)
}

// reads collects the members of the object. A use under another path is another
// object, if others may be called so too (free), or else may be this one by another
// name.
func reads(word string, m *regexp.Regexp, source string, ours func(path string) bool, free bool) Reads {
	if strings.HasPrefix(source, "\x00asm") || len(source) > maxSource {
		return Reads{Others: true}
	}
	if !strings.Contains(source, word) {
		return Reads{}
	}
	source = trailing().ReplaceAllString(withoutComments(source), "$1")
	var r Reads
	found := m.FindAllStringSubmatchIndex(source, maxUses)
	r.Others = len(found) == maxUses
	var tests []string
	for _, at := range found {
		use := texts(source, at)
		path := strings.NewReplacer("?", "", " ", "", "\n", "", "\t", "", "\r", "").Replace(use[2])
		if !ours(path) {
			r.Others = r.Others || !free
			continue
		}
		name := use[3] + use[4] + use[5]
		switch {
		case name != "" && use[1] == "":
			r.Names = append(r.Names, name)
			if testedAfter().MatchString(head(source[at[1]:])) || testedBefore().MatchString(tail(source[:at[0]])) {
				tests = append(tests, name)
			}
		case name == "" && use[1] != "":
			tests = append(tests, r.take(use[1])...)
		default:
			r.Others = true
		}
	}
	slices.Sort(r.Names)
	r.Names = slices.Compact(r.Names)
	for _, name := range r.Names {
		if !slices.Contains(tests, name) {
			r.Needed = append(r.Needed, name)
		}
	}
	return r
}

// beside is how much of the text beside a use is looked at, in bytes.
const beside = 32

func head(s string) string { return s[:min(len(s), beside)] }
func tail(s string) string { return s[max(0, len(s)-beside):] }

// texts are those of a match and its groups.
func texts(source string, at []int) []string {
	all := make([]string, len(at)/2)
	for i := range all {
		if at[2*i] >= 0 {
			all[i] = source[at[2*i]:at[2*i+1]]
		}
	}
	return all
}

// take adds what an object is taken apart into, and returns what of it has a
// default.
func (r *Reads) take(list string) (defaults []string) {
	for part := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		m := members().FindStringSubmatch(part)
		if m == nil {
			r.Others = true
			continue
		}
		name := m[1] + m[2] + m[3]
		r.Names = append(r.Names, name)
		if strings.Contains(part, "=") {
			defaults = append(defaults, name)
		}
	}
	return defaults
}
