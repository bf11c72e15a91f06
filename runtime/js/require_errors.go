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
	if near := r.nearest(req.name); near != "" {
		return fmt.Sprintf("; did you mean '%s'?", near)
	}
	return fmt.Sprintf(". If it is an npm package of pure JavaScript, the operator can add it: `rulebox modules add %s`. Available modules: %s",
		req.name, strings.Join(r.available(), ", "))
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

// nearest returns the module that was probably meant: the same name in another
// scope or with other capitals, or one at most two edits away.
func (r *Realm) nearest(name string) string {
	all := r.available()
	bare := func(s string) string {
		s = strings.TrimPrefix(s, "@")
		if i := strings.LastIndexByte(s, '/'); i >= 0 {
			s = s[i+1:]
		}
		return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(s))
	}
	plain := bare(name)
	for _, n := range all {
		if bare(n) == plain || strings.TrimSuffix(bare(n), "js") == strings.TrimSuffix(plain, "js") {
			return n
		}
	}
	best, at := "", 3
	for _, n := range all {
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
