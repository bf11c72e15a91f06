package request

import (
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/schema"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Append appends the body of a request for the invocation, which is not to have a
// chain. Its arguments are copied as they are. An error has CodeInvalid and says
// what no body can carry.
func Append(dst []byte, inv *rulebox.Invocation) ([]byte, error) {
	t, err := trigger.Lookup(inv.Trigger)
	if err != nil {
		return dst, err
	}
	if err := CheckID(inv.ID); err != nil {
		return dst, told(t, err)
	}
	if err := CheckState(inv.State); err != nil {
		return dst, told(t, err)
	}
	if inv.State != "" && !t.Resumes {
		return dst, invalid(t, "an invocation of %s has no state: its chain cannot be suspended", t.Name)
	}
	for i, arg := range inv.Args {
		if len(arg) == 0 {
			return dst, invalid(t, "argument %d is empty; null is the text null", i+1)
		}
	}
	dst = append(dst, '{')
	dst = member(dst, "id", inv.ID)
	dst = member(dst, "state", inv.State)
	switch n := len(inv.Args); {
	case t.Form == trigger.Login && (n == 2 || n == 3):
		dst = append(append(dst, `"user":`...), inv.Args[0]...)
		dst = append(append(dst, `,"context":`...), inv.Args[1]...)
		if n == 3 {
			dst = append(append(dst, `,"event":`...), inv.Args[2]...)
		}
	case t.Form == trigger.Login:
		return dst, invalid(t, "an invocation of login has two arguments, user and context, and may have a third, event; this one has %d", n)
	case t.Form == trigger.Event && n == 1:
		dst = append(append(dst, `"event":`...), inv.Args[0]...)
	case t.Form == trigger.Event:
		return dst, invalid(t, "an invocation of %s has one argument, event; this one has %d", t.Name, n)
	case t.Form == trigger.Fields:
		params := schema.Of(t).Args
		if n > len(params) {
			return dst, invalid(t, "an invocation of %s takes %s; this one has %d arguments", t.Name, names(params), n)
		}
		for i, arg := range inv.Args {
			if params[i].Optional && string(arg) == "null" {
				continue
			}
			dst = append(append(append(dst, '"'), params[i].Name...), `":`...)
			dst = append(append(dst, arg...), ',')
		}
		if dst[len(dst)-1] == ',' {
			dst = dst[:len(dst)-1]
		}
	default:
		dst = append(dst, `"args":[`...)
		for i, arg := range inv.Args {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, arg...)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
}

// member appends a text of visible ASCII, and a comma: it needs no escapes beyond
// those of quote and backslash.
func member(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(append(append(dst, '"'), name...), `":"`...)
	for i := range len(text) {
		if c := text[i]; c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, text[i])
	}
	return append(dst, `",`...)
}
