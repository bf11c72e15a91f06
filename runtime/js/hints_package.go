package js

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

// notFunction finds in the text of a TypeError what was called or made, noMember
// what was read of undefined.
var (
	notFunction = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:([\w$]+)\.)?([\w$]+) is not a (?:function|constructor)$`)
	})
	noMember = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^Cannot (?:read properties|destructure property) .{0,200}?(?:\(reading '([\w$]{1,80})'\)| is undefined\.?)$`)
	})
)

// packageHint is advice for an action that uses what a package had in another
// generation. An action that declares no version has the newest, as it has where
// actions come from; but it may have been written, and deployed, when that was another.
func (r *Realm) packageHint(message string) string {
	if !r.isAction() || r.script < 0 || r.script >= len(r.progs) {
		return ""
	}
	q := r.requirer()
	for _, name := range r.progs[r.script].Requires {
		req := parseRequest(name)
		versions := modules.Versions(req.name)
		if len(versions) < 2 || q.versionOf(req) != newestVersion {
			continue
		}
		if m, ok := tableEntry(q, req); !ok || r.loader.loaded[m] == nil {
			continue
		}
		newest := versions[len(versions)-1]
		says := fmt.Sprintf("the action declares no certain version of %s, so %s runs", req.name, newest)
		if req.name == "auth0" {
			if older, what := r.olderAuth0(message); older != "" {
				return fmt.Sprintf("%s; %s is in auth0 %s: declare that version among the action's dependencies", says, what, older)
			}
		}
		if notFunction().MatchString(message) || noMember().MatchString(message) {
			return fmt.Sprintf("%s; if it is written for an older one (there is %s), declare that among the action's dependencies", says, strings.Join(versions[:len(versions)-1], ", "))
		}
	}
	return ""
}

// olderAuth0 returns the newest of the generations 4, 3 and 2 of auth0 that has
// what the message misses, and its name there.
func (r *Realm) olderAuth0(message string) (version, what string) {
	var path []string
	if m := notFunction().FindStringSubmatch(message); m != nil {
		path = m[1:]
	} else if m := noMember().FindStringSubmatch(message); m != nil && m[1] != "" {
		// The text does not name what is undefined; the source does.
		of := regexp.MustCompile(`([A-Za-z_$][\w$]*)\s*\.\s*` + regexp.QuoteMeta(m[1]) + `\b`)
		if found := of.FindStringSubmatch(r.progs[r.script].Script.Source); found != nil {
			path = []string{found[1], m[1]}
		}
	}
	if path == nil {
		return "", ""
	}
	r.guard(func() {
		for _, v := range []string{"4", "3", "2"} {
			if what = r.auth0Member("auth0@"+v, path[0], path[1]); what != "" {
				version = v
				return
			}
		}
	})
	return version, what
}

// auth0Member returns what the package has of group.name or name: itself, or one of
// its clients. Group may be empty.
func (r *Realm) auth0Member(module, group, name string) string {
	exports, ok := r.requireModule(module).(*goja.Object)
	if !ok {
		return ""
	}
	if isFunction(exports.Get(name)) {
		return name
	}
	options := r.vm.NewObject()
	for k, v := range map[string]string{"domain": "x", "token": "x", "clientId": "x"} {
		options.Set(k, v)
	}
	for _, class := range []string{"ManagementClient", "AuthenticationClient"} {
		client, err := r.vm.New(exports.Get(class), options)
		if err != nil {
			continue
		}
		if members, ok := client.Get(group).(*goja.Object); ok && isFunction(members.Get(name)) {
			return group + "." + name
		}
		if isFunction(client.Get(name)) {
			return name
		}
	}
	return ""
}

func isFunction(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}
