package js

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
)

// apiHint is the advice for a member of api that is not there. The message
// need not name the namespace, so that is read off the source.
func (r *Realm) apiHint(e *rulebox.Error) string {
	t := triggerOf(r.chain.Trigger)
	if !r.isAction() || t == nil || len(r.progs[r.first].Script.Source) > maxReread {
		return ""
	}
	member := ""
	if callee, ok := strings.CutSuffix(e.Message, " is not a function"); ok {
		member = callee[strings.LastIndexByte(callee, '.')+1:]
	} else if _, rest, ok := strings.Cut(e.Message, " (reading '"); ok && strings.HasPrefix(e.Message, "Cannot read propert") {
		member, _, _ = strings.Cut(rest, "'")
	}
	if member == "" || len(member) > maxName {
		return ""
	}
	find, err := regexp.Compile(`\b[A-Za-z_$][\w$]*\.([A-Za-z_$][\w$]*)\s*\.\s*` + regexp.QuoteMeta(member) + `\b`)
	if err != nil {
		return ""
	}
	table := apiTableOf(t.bit)
	for _, m := range find.FindAllStringSubmatch(r.progs[r.first].Script.Source, maxKeys) {
		space := m[1]
		switch {
		case table.of[space][member] != nil:
		case table.of[space] != nil:
			return missingMember(t, table, space, member)
		case slices.Contains(allSpaces(), space):
			return fmt.Sprintf("api.%s is not there on the trigger %s; it is on %s", space, t.name, triggersWith(space+"."))
		case strings.HasPrefix(m[0], "api."):
			if near := closest(space, table.spaces); near != "" {
				return fmt.Sprintf("there is no api.%s: did you mean api.%s?", space, near)
			}
			return fmt.Sprintf("there is no api.%s; on the trigger %s api has %s", space, t.name, strings.Join(table.spaces, ", "))
		}
	}
	return ""
}

func missingMember(t *trigger, table *apiTable, space, member string) string {
	name := space + "." + member
	if on := triggersWith(name); on != "" {
		return fmt.Sprintf("api.%s is not there on the trigger %s; it is on %s", name, t.name, on)
	}
	members := sortedKeys(table.of[space])
	if near := closest(member, members); near != "" {
		return fmt.Sprintf("there is no api.%s: did you mean api.%s.%s?", name, space, near)
	}
	for _, other := range table.spaces {
		if table.of[other][member] != nil {
			return fmt.Sprintf("there is no api.%s: did you mean api.%s.%s?", name, other, member)
		}
	}
	return fmt.Sprintf("there is no api.%s; api.%s has %s", name, space, strings.Join(members, ", "))
}

// triggersWith names the triggers that have the method, or any whose name begins so
// if it ends with a dot.
func triggersWith(name string) string {
	var on triggers
	for _, m := range methodTable() {
		if m.name == name || strings.HasSuffix(name, ".") && strings.HasPrefix(m.name, name) {
			on |= m.on
		}
	}
	var names []string
	for _, t := range triggerTable {
		if t.bit&on != 0 {
			names = append(names, t.name)
		}
	}
	return strings.Join(names, ", ")
}

func allSpaces() []string { return apiTableOf(everywhere).spaces }
