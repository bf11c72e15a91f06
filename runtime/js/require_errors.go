package js

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

// notFound is the error for a module that does not exist.
func (r *Realm) notFound(q *requirer, name string) goja.Value {
	msg := fmt.Sprintf("Cannot find module '%s'", name)
	if q.pkg != "" {
		msg += " (required by the package " + q.pkg + ")"
	}
	return r.coded("Error", "MODULE_NOT_FOUND", msg+r.whyNotFound(name))
}

func (r *Realm) whyNotFound(name string) string {
	req := parseRequest(name)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
		return ": there are no files here; a script can require only the modules of the table"
	}
	if versions := r.packageVersions(req.name); len(versions) > 0 {
		return fmt.Sprintf(": of %s there is %s, added by the operator%s; ask for one of them, or let the operator run `rulebox modules add %s@VERSION`",
			req.name, strings.Join(versions, " and "), inTable(req.name), req.name)
	}
	if versions := modules.Versions(req.name); len(versions) > 0 {
		generations := "there are the generations " + strings.Join(versions, " and ")
		if req.sub != "" {
			return fmt.Sprintf(": %s has no part '%s' here; %s", req.name, req.sub, generations)
		}
		// The name is known: what follows the @ is no version.
		return fmt.Sprintf(": write a version such as %s; %s", versions[0], generations)
	}
	if text, ok := absent[req.name]; ok {
		return ": " + text
	}
	add := fmt.Sprintf("f it is an npm package of pure JavaScript, the operator can add it: `rulebox modules add %s`", req.name)
	if near := r.nearest(req.name); near != "" {
		return fmt.Sprintf("; did you mean '%s'? Else, i%s", near, add)
	}
	return fmt.Sprintf(". I%s; `rulebox modules` lists what is there", add)
}

// inTable tells which generations of the name the table has beside the operator's.
func inTable(name string) string {
	if versions := modules.Versions(name); len(versions) > 0 {
		return ", and " + strings.Join(versions, " and ") + " in the table"
	}
	return ""
}

// available are the names that the scripts of the chain can require, sorted.
func (r *Realm) available() []string {
	names := slices.Concat(modules.Names(), packageNames(r.chain.Packages))
	p := r.chain.Modules
	names = slices.DeleteFunc(names, func(n string) bool {
		root := parseRequest(n).name
		return listed(p.Deny, root, n) || p.Allow != nil && !listed(p.Allow, root, n)
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// nearest returns the module that was probably meant: the same name with other
// capitals or punctuation or without its scope, or one two edits away, one of a
// short name. Packages of one name in two scopes have nothing in common.
func (r *Realm) nearest(name string) string {
	all := r.available()
	bare := func(s string) string {
		s = strings.NewReplacer("-", "", "_", "", ".", "", "/", "", "@", "").Replace(strings.ToLower(s))
		return strings.TrimSuffix(s, "js")
	}
	plain := bare(name)
	own := packageNames(r.chain.Packages)
	for _, n := range all {
		if plain != "" && bare(n) == plain {
			return n
		}
		// A forgotten scope. One word, such as client, says too little of a package
		// that is not the operator's.
		if _, last, ok := strings.Cut(n, "/"); ok && n[0] == '@' && last == name && (strings.Contains(name, "-") || slices.Contains(own, n)) {
			return n
		}
	}
	best, at := "", 3
	if len(name) < longName {
		at = 2
	}
	for _, n := range all {
		if d := distance(name, n); d < at && d < len(n) {
			best, at = n, d
		}
	}
	return best
}

// longName is the length from which two edits are a slip, and not another name.
const longName = 6

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
