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
	members  = pattern.New(`^\s*(?:([A-Za-z_$][\w$]*)|'(\w+)'|"(\w+)")\s*(?::.*|=.*)?$`)
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
	uses := m.FindAllStringSubmatch(source, maxUses)
	r.Others = len(uses) == maxUses
	for _, use := range uses {
		path := strings.NewReplacer("?", "", " ", "", "\n", "", "\t", "", "\r", "").Replace(use[2])
		if !ours(path) {
			r.Others = r.Others || !free
			continue
		}
		name := use[3] + use[4] + use[5]
		switch {
		case name != "" && use[1] == "":
			r.Names = append(r.Names, name)
		case name == "" && use[1] != "":
			r.take(use[1])
		default:
			r.Others = true
		}
	}
	slices.Sort(r.Names)
	r.Names = slices.Compact(r.Names)
	return r
}

// take adds what an object is taken apart into.
func (r *Reads) take(list string) {
	for part := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		m := members().FindStringSubmatch(part)
		if m == nil {
			r.Others = true
			continue
		}
		r.Names = append(r.Names, m[1]+m[2]+m[3])
	}
}
