// Package request reads and writes the body of a request that fires a trigger,
// the same on every edge.
package request

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
	"github.com/rulebox/rulebox/internal/schema"
	"github.com/rulebox/rulebox/internal/trigger"
)

const (
	// MaxID is the greatest length of a transaction id, in bytes.
	MaxID = 128
	// MaxState is the greatest length of a suspended chain's state, in bytes.
	MaxState = 4096
)

var indexes = sync.Pool{New: func() any { return new(jsonscan.Index) }}

// maxPooled is the longest list of values that is kept for the next body.
const maxPooled = 1 << 14

// Parse returns the invocation of the trigger that a body asks for, without
// tenant. Its arguments share memory with body. A missing id is made. Of a member
// given twice the last counts, as in JavaScript. Errors have CodeInvalid and name
// the trigger or the member; id is returned with them if the body has one, for
// the answer.
func Parse(name string, body []byte) (inv *rulebox.Invocation, id string, err error) {
	x := indexes.Get().(*jsonscan.Index)
	defer func() {
		if cap(x.Values) <= maxPooled {
			indexes.Put(x)
		}
	}()
	t, err := trigger.Lookup(name)
	if err != nil {
		if x.Scan(body) == nil && x.Values[0].Kind == jsonscan.Object {
			id = idOf(body, x)
		}
		return nil, id, err
	}
	if err := x.Scan(body); err != nil {
		return nil, "", invalid(t, "the body is %v", err)
	}
	if x.Values[0].Kind != jsonscan.Object {
		return nil, "", invalid(t, "the body is not a JSON object")
	}
	p := parser{trigger: t, body: body, x: x, schema: schema.Of(t)}
	return p.parse()
}

type parser struct {
	trigger trigger.Trigger
	body    []byte
	x       *jsonscan.Index
	schema  schema.Body

	inv                  rulebox.Invocation
	user, context, event json.RawMessage
	args                 uint32   // the index of args, 0 if there are none
	fields               []uint32 // the indexes of the members that name an argument, 0 for none
}

func (p *parser) parse() (*rulebox.Invocation, string, error) {
	x := p.x
	var first error // the id may follow what is wrong
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		err := p.member(i)
		if err != nil && x.KeyIs(p.body, i, "id") {
			return nil, "", told(p.trigger, err)
		}
		if first == nil {
			first = err
		}
	}
	id := p.inv.ID
	if first == nil {
		first = p.finish()
	}
	if first != nil {
		return nil, id, told(p.trigger, first)
	}
	p.inv.Trigger = p.trigger.Name
	if id == "" {
		id = rulebox.NewID()
		p.inv.ID = id
	}
	inv := p.inv // not p: it holds the index
	return &inv, id, nil
}

// member takes the member whose key is value i.
func (p *parser) member(i uint32) (err error) {
	x, login := p.x, p.trigger.Form == trigger.Login
	v := x.Values[i+1]
	raw := p.body[v.Start:v.End:v.End]
	switch {
	case x.KeyIs(p.body, i, "id"):
		if p.inv.ID, err = p.text("id", i+1); err == nil {
			err = CheckID(p.inv.ID)
		}
	case login && x.KeyIs(p.body, i, "user"):
		p.user, err = raw, p.schema.User.Check(p.body, x, i+1, "user")
	case login && x.KeyIs(p.body, i, "context"):
		p.context, err = raw, p.schema.Context.Check(p.body, x, i+1, "context")
	case p.schema.Event != nil && x.KeyIs(p.body, i, "event"):
		p.event, err = raw, p.schema.Event.Check(p.body, x, i+1, "event")
	case p.schema.Args != nil && x.KeyIs(p.body, i, "args"):
		p.args = i + 1
		if v.Kind != jsonscan.Array {
			err = invalid(p.trigger, "args, at byte %d, is not an array", v.Start)
		}
	case p.trigger.Resumes && x.KeyIs(p.body, i, "state"):
		p.inv.State, err = p.state(i + 1)
	case p.field(i):
	default:
		k := x.Values[i]
		err = invalid(p.trigger, "the body has an unknown member %.80s at byte %d", p.body[k.Start:k.End], k.Start)
	}
	return err
}

// finish sets the arguments.
func (p *parser) finish() error {
	switch p.trigger.Form {
	case trigger.Login:
		if p.user == nil {
			return invalid(p.trigger, "the body has no member user")
		}
		if p.context == nil {
			return invalid(p.trigger, "the body has no member context")
		}
		p.inv.Args = []json.RawMessage{p.user, p.context}
		if p.event != nil {
			p.inv.Args = append(p.inv.Args, p.event)
		}
	case trigger.Event:
		if p.event == nil {
			return invalid(p.trigger, "the body has no member event")
		}
		p.inv.Args = []json.RawMessage{p.event}
	case trigger.Fields:
		if p.args == 0 || p.fields != nil {
			return p.named()
		}
		return p.arguments()
	default:
		if p.args == 0 {
			return invalid(p.trigger, "the body has no member args")
		}
		return p.arguments()
	}
	return nil
}

// field takes the member whose key is value i if it names an argument.
func (p *parser) field(i uint32) bool {
	if p.trigger.Form != trigger.Fields {
		return false
	}
	for n, param := range p.schema.Args {
		if p.x.KeyIs(p.body, i, param.Name) {
			if p.fields == nil {
				p.fields = make([]uint32, len(p.schema.Args))
			}
			p.fields[n] = i + 1
			return true
		}
	}
	return false
}

// named takes the arguments from the members that name them.
func (p *parser) named() error {
	if p.args != 0 {
		return invalid(p.trigger, "args, at byte %d, stands beside members that name the arguments", p.x.Values[p.args].Start)
	}
	for n, param := range p.schema.Args {
		i := uint32(0)
		if p.fields != nil {
			i = p.fields[n]
		}
		switch {
		case i == 0 && !param.Optional:
			return invalid(p.trigger, "the body has no member %s", param.Name)
		case i == 0:
			p.inv.Args = append(p.inv.Args, json.RawMessage("null"))
		default:
			if err := p.argument(param, i, param.Name); err != nil {
				return err
			}
		}
	}
	p.trim()
	return nil
}

// trim leaves out the last arguments that may be left out, and are null.
func (p *parser) trim() {
	for n := len(p.inv.Args); n > 0 && p.schema.Args[n-1].Last && string(p.inv.Args[n-1]) == "null"; n-- {
		p.inv.Args = p.inv.Args[:n-1]
	}
}

// argument takes value i as the next argument.
func (p *parser) argument(param schema.Param, i uint32, path string) error {
	v := p.x.Values[i]
	if v.Kind != jsonscan.Null || !param.Optional {
		if err := param.Schema.Check(p.body, p.x, i, path); err != nil {
			return err
		}
	}
	p.inv.Args = append(p.inv.Args, p.body[v.Start:v.End:v.End])
	return nil
}

// arguments takes the elements of args. Their number matters: the callback comes
// after the last.
func (p *parser) arguments() error {
	x, params := p.x, p.schema.Args
	list := x.Values[p.args]
	most, least := len(params), len(params)
	for least > 0 && params[least-1].Last {
		least--
	}
	if n := int(list.Len); n < least || n > most {
		return invalid(p.trigger, "args, at byte %d, has %d elements; %s takes %s", list.Start, n, p.trigger.Name, names(params))
	}
	n := 0
	for i := p.args + 1; i < list.Next; i, n = x.Values[i].Next, n+1 {
		if err := p.argument(params[n], i, "args["+string(rune('0'+n))+"] ("+params[n].Name+")"); err != nil {
			return err
		}
	}
	p.trim()
	return nil
}

func names(params []schema.Param) string {
	all := make([]string, len(params))
	for i, p := range params {
		all[i] = p.Name
		if p.Last {
			all[i] = "optionally " + p.Name
		}
	}
	return strings.Join(all, ", ")
}

// text returns the string that is value i.
func (p *parser) text(name string, i uint32) (string, error) {
	v := p.x.Values[i]
	if v.Kind != jsonscan.String {
		return "", invalid(p.trigger, "%s, at byte %d, is not a string", name, v.Start)
	}
	s, _ := jsonscan.AppendString(nil, p.body[v.Start+1:v.End-1])
	return string(s), nil
}

func (p *parser) state(i uint32) (string, error) {
	s, err := p.text("state", i)
	if err == nil {
		err = CheckState(s)
	}
	return s, err
}

// idOf returns the id of a scanned body, empty if there is none that can be one.
func idOf(body []byte, x *jsonscan.Index) (id string) {
	p := parser{body: body, x: x}
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		if x.KeyIs(body, i, "id") {
			if s, err := p.text("id", i+1); err == nil && CheckID(s) == nil {
				id = s
			}
		}
	}
	return id
}

// CheckID returns an error with CodeInvalid if id cannot be a transaction's.
func CheckID(id string) error { return visible("id", id, MaxID) }

// CheckState returns an error with CodeInvalid if the text cannot be the state of
// a suspended chain.
func CheckState(state string) error { return visible("state", state, MaxState) }

func visible(what, s string, most int) error {
	if len(s) > most {
		return rulebox.Errorf(rulebox.CodeInvalid, "%s has %d bytes, more than %d", what, len(s), most)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return rulebox.Errorf(rulebox.CodeInvalid, "%s has a character, at its byte %d, that is not visible ASCII", what, i)
		}
	}
	return nil
}

func invalid(t trigger.Trigger, format string, args ...any) error {
	return told(t, rulebox.Errorf(rulebox.CodeInvalid, format, args...))
}

// told adds what a body looks like.
func told(t trigger.Trigger, err error) error {
	e, ok := err.(*rulebox.Error)
	if !ok || e.Hint != "" {
		return err
	}
	form := `"user":{…},"context":{…}`
	switch t.Form {
	case trigger.Event:
		form = `"event":{…}`
	case trigger.Args:
		form = `"args":[` + names(schema.Of(t).Args) + `]`
	case trigger.Fields:
		form = ""
		for i, p := range schema.Of(t).Args {
			if p.Optional {
				continue
			}
			if i > 0 {
				form += ","
			}
			form += `"` + p.Name + `":…`
		}
	}
	return e.WithHint(`the body is a JSON object {"id":"…",%s}; id may be left out`, form)
}
