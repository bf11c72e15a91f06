package schema

import (
	"reflect"
	"sync"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/trigger"
)

// A Param is one argument of a hook or a database script.
type Param struct {
	Name   string
	Schema *Schema
	// Optional arguments may be null; only the last ones may be left out.
	Optional, Last bool
}

// A Body is what a request for a trigger carries.
type Body struct {
	User, Context *Schema // of the login
	Event         *Schema // of the login and of actions
	Args          []Param // of hooks and database scripts
}

type table struct {
	login  Body
	events map[string]*Schema
	hooks  map[string][]Param
	dbs    map[string][]Param
}

// It is made when it is first needed: worker processes have the same binary.
var tables = sync.OnceValue(func() *table {
	seen := types{}
	t := &table{events: map[string]*Schema{}}
	for _, e := range []event.Event{
		&event.PostLogin{}, &event.CredentialsExchange{}, &event.PreUserRegistration{}, &event.PostUserRegistration{},
		&event.PostChangePassword{}, &event.PostChallenge{}, &event.SendPhoneMessage{}, &event.CustomEmailProvider{},
		&event.CustomPhoneProvider{}, &event.CustomTokenExchange{}, &event.EventStream{},
	} {
		t.events[e.Trigger()] = seen.of(reflect.TypeOf(e).Elem())
	}
	t.login = Body{
		User: seen.of(reflect.TypeFor[event.LoginUser]()), Context: seen.of(reflect.TypeFor[event.LoginContext]()),
		Event: t.events[rulebox.TriggerPostLogin],
	}
	text := seen.of(reflect.TypeFor[string]())
	user, context := seen.of(reflect.TypeFor[event.HookUser]()), seen.of(reflect.TypeFor[event.HookContext]())
	t.hooks = map[string][]Param{
		"credentials-exchange": {
			{Name: "client", Schema: seen.of(reflect.TypeFor[event.HookClient]())},
			{Name: "scope", Schema: seen.of(reflect.TypeFor[[]string]()), Optional: true},
			{Name: "audience", Schema: text},
			{Name: "context", Schema: context},
		},
		"pre-user-registration":  {{Name: "user", Schema: user}, {Name: "context", Schema: context}},
		"post-user-registration": {{Name: "user", Schema: user}, {Name: "context", Schema: context}},
		"post-change-password":   {{Name: "user", Schema: user}, {Name: "context", Schema: context}},
		"send-phone-message": {
			{Name: "recipient", Schema: text}, {Name: "text", Schema: text},
			{Name: "context", Schema: seen.of(reflect.TypeFor[event.HookPhoneContext]())},
		},
	}
	param := func(name string) Param { return Param{Name: name, Schema: text} }
	flag := seen.of(reflect.TypeFor[bool]())
	t.dbs = map[string][]Param{
		"login":           {param("identifier"), param("password")},
		"get_user":        {param("identifier")},
		"create":          {{Name: "user", Schema: seen.of(reflect.TypeFor[event.NewUser]())}},
		"verify":          {param("email")},
		"change_password": {param("identifier"), param("password")},
		"delete":          {param("user_id")},
		"change_email":    {param("email"), param("new_email"), {Name: "verified", Schema: flag}},
	}
	for operation := range t.dbs {
		t.dbs[operation] = append(t.dbs[operation],
			Param{Name: "context", Schema: seen.of(reflect.TypeFor[event.ScriptContext]()), Optional: true, Last: true},
			Param{Name: "known", Schema: flag, Optional: true, Last: true})
	}
	return t
})

// Of returns what a request for the trigger carries.
func Of(t trigger.Trigger) Body {
	all := tables()
	switch {
	case t.Form == trigger.Login:
		return all.login
	case t.Form == trigger.Event:
		return Body{Event: all.events[t.Name]}
	case t.Point != "":
		return Body{Args: all.hooks[t.Point]}
	}
	return Body{Args: all.dbs[t.Operation]}
}
