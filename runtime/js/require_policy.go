package js

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// permit throws if the tenant's policy keeps scripts from the package. Request is
// what was asked for.
func (r *Realm) permit(name, request string) {
	p := r.chain.Modules
	list := ""
	switch {
	case listed(p.Deny, name, request):
		list = "modules.deny"
	case p.Allow != nil && !listed(p.Allow, name, request):
		list = "modules.allow"
	default:
		return
	}
	var text, hint string
	if list == "modules.deny" {
		text = fmt.Sprintf("module '%s' is denied by the settings of tenant %s (rulebox.json: modules.deny)", request, r.chain.Tenant)
		hint = fmt.Sprintf("write the script without %s, or ask the operator to take it off modules.deny", name)
	} else {
		text = fmt.Sprintf("module '%s' is not allowed by the settings of tenant %s (rulebox.json: modules.allow)", request, r.chain.Tenant)
		hint = fmt.Sprintf("modules.allow has %s; use one of them, or ask the operator to add %s", listing(p.Allow), name)
	}
	e := r.coded("Error", "MODULE_NOT_FOUND", text)
	e.Set("hint", hint)
	// The code that makes it `forbidden` when nobody catches it.
	cause := r.coded("Error", codeForbidden, text)
	e.Set("cause", cause)
	panic(e)
}

// listed reports whether the list has the package: by its name, by its scope
// (@aws-sdk/*), or by the very path that was asked for.
func listed(list []string, name, request string) bool {
	path, _, _ := strings.Cut(strings.TrimPrefix(request, "node:"), "@")
	if strings.HasPrefix(name, "@") {
		path = name
	}
	return slices.ContainsFunc(list, func(entry string) bool {
		entry = strings.TrimPrefix(entry, "node:")
		if scope, ok := strings.CutSuffix(entry, "/*"); ok && strings.HasPrefix(scope, "@") {
			return strings.HasPrefix(name, scope+"/")
		}
		return entry == name || entry == path
	})
}

// maxListed is how many names of a list an error tells.
const maxListed = 30

func listing(names []string) string {
	if len(names) == 0 {
		return "no names"
	}
	if len(names) > maxListed {
		return strings.Join(names[:maxListed], ", ") + fmt.Sprintf(" and %d more", len(names)-maxListed)
	}
	return strings.Join(names, ", ")
}

// oldGlobals are the packages behind the globals that rules had without
// require(): what a policy keeps from them it keeps from these too.
var oldGlobals = map[string]string{
	"_": "lodash", "request": "request", "jwt": "jsonwebtoken", "uuid": "uuid", "bcrypt": "bcrypt",
	"pbkdf2": "easy-pbkdf2", "Auth0": "auth0", "querystring": "querystring", "xtend": "xtend", "ip": "ip",
	"async": "async", "q": "q", "mysql": "mysql", "mysql_pool": "mysql", "pg": "pg", "postgres": "pg",
	"mongo": "mongodb", "couchbase": "couchbase", "cassandra": "cassandra-driver", "sqlserver": "tedious", "knex": "knex",
	"xmldom": "xmldom", "xml2js": "xml2js", "xpath": "xpath",
}

// permitGlobal throws if the global belongs to a package that the policy keeps
// from scripts.
func (r *Realm) permitGlobal(key string) {
	if name := oldGlobals[key]; name != "" && (r.chain.Modules.Allow != nil || len(r.chain.Modules.Deny) > 0) {
		r.permit(name, name)
	}
}

// packageNames are the operator's packages of the chain, for advice.
func packageNames(list []rulebox.Package) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
