package adapters

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/rulebox/rulebox"
)

// An occasion is a login, or the making of a token: all but who it is about.
type occasion struct {
	protocol                        string // one of Auth0's names
	clientID, clientName, sessionID string
	connection, strategy            string // empty: the setting's
	ip, userAgent, hostname         string
	query, body                     object
	methods                         []method
	organization                    object
	roles                           []string // nil: the server does not tell
	// mfa says that a second factor was used.
	mfa   bool
	scope []string
}

// A method is one proof of who the user is; at is in ISO 8601.
type method struct{ name, at string }

// A verdict is what scripts left of a login that may go on.
type verdict struct {
	user, context object
	changes       *metadata
	logs          []rulebox.Log
}

// connectionOr returns the connection that scripts are to see.
func (c *call) connectionOr(name string) string {
	return first(name, c.setting.Connection, c.name)
}

// queryAndScope is the query of the request, with the scopes where Auth0 has them:
// those that the server tells, whatever the user has put into the query.
func (o *occasion) queryAndScope() object {
	if o.scope == nil {
		return orEmpty(o.query)
	}
	return merged(o.query, object{"scope": strings.Join(o.scope, " ")})
}

// clientOr returns the application that scripts are to see.
func (c *call) clientOr(o *occasion) string { return first(o.clientID, c.setting.ClientID, c.name) }

// login fires the trigger login.
func (c *call) login(p *person, o *occasion) (*verdict, error) {
	connection := c.connectionOr(o.connection)
	methods := []any{}
	for _, m := range o.methods {
		methods = append(methods, object{"name": m.name, "timestamp": m.at})
	}
	context := object{
		"tenant": c.tenant, "protocol": o.protocol, "connection": connection, "connectionStrategy": first(o.strategy, "auth0"),
		"clientID": c.clientOr(o), "clientName": first(o.clientName, c.clientOr(o)), "clientMetadata": object{},
		"idToken": object{}, "accessToken": object{}, "samlConfiguration": object{},
		"request":        object{"query": o.queryAndScope(), "body": orEmpty(o.body), "ip": o.ip, "userAgent": o.userAgent, "hostname": o.hostname, "geoip": object{}},
		"authentication": object{"methods": methods},
	}
	if o.sessionID != "" {
		context["sessionID"] = o.sessionID
	}
	if o.organization != nil {
		context["organization"] = o.organization
	}
	if o.roles != nil {
		context["authorization"] = object{"roles": o.roles}
	}
	res, err := c.fire(rulebox.TriggerLogin, p.rules(connection), context)
	if err != nil && (res == nil || rulebox.DecisionOf(res, err) != rulebox.Allow) {
		return nil, err
	}
	if err := c.lift(append(res.Values[:len(res.Values):len(res.Values)], res.Commands...)); err != nil {
		return nil, err
	}
	v := &verdict{changes: changes(commands(res)), logs: res.Logs}
	switch rulebox.DecisionOf(res, err) {
	case rulebox.Allow:
	case rulebox.Redirect:
		return nil, c.cannot("a script sends the user to another page")
	case rulebox.Suspend:
		return nil, c.cannot("an action asks for a form or a challenge")
	default:
		return nil, rulebox.Errorf(rulebox.CodeInternal, "the login has no decision")
	}
	if len(res.Values) != 2 || !into(res.Values[0], &v.user) || !into(res.Values[1], &v.context) {
		// The tenant's code is switched off: nothing was changed.
		v.user, v.context = p.rules(connection), context
	}
	return v, c.fulfilled(v, o)
}

// fulfilled refuses a login that scripts let pass on a condition which the server
// cannot meet.
func (c *call) fulfilled(v *verdict, o *occasion) error {
	if m, ok := v.context["multifactor"].(object); ok && str(m, "provider") != "none" && !o.mfa {
		return c.cannot("a script asks for a second factor, and none was used")
	}
	if id := str(v.context, "primaryUser"); id != "" && id != str(v.user, "user_id") {
		return c.cannot("a script makes another user the primary one")
	}
	return nil
}

// cannot is a denial because of something that the server's hooks have no way for.
func (c *call) cannot(what string) error {
	c.undone(what + ": hooks of this server cannot do that, so the login is refused")
	return &rulebox.Error{Code: rulebox.CodeDenied, OAuth: "interaction_required", Message: "This sign-in needs a step that is not available here."}
}

// fire fires a trigger. The result is nil only with an error.
func (c *call) fire(trigger string, args ...any) (*rulebox.Result, error) {
	inv := &rulebox.Invocation{Tenant: c.tenant, Trigger: trigger, ID: c.id}
	for _, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, rulebox.Errorf(rulebox.CodeInternal, "the request cannot be written as JSON").WithCause(err)
		}
		inv.Args = append(inv.Args, text)
	}
	res, err := c.Triggers.Invoke(c.r.Context(), inv)
	if res == nil && err == nil {
		err = rulebox.Errorf(rulebox.CodeInternal, "the invocation left neither a result nor an error")
	}
	return res, err
}

// result fires a trigger that is answered one value, and decodes it. It is left as
// it is if nothing answered.
func (c *call) result(v any, trigger string, args ...any) error {
	res, err := c.fire(trigger, args...)
	if err != nil && (res == nil || rulebox.DecisionOf(res, err) != rulebox.Allow) {
		return err
	}
	if d := rulebox.DecisionOf(res, err); d != rulebox.Allow {
		return c.cannot("a script answers " + string(d))
	}
	if len(res.Values) == 1 {
		if err := c.lift(res.Values); err != nil {
			return err
		}
		into(res.Values[0], v)
	}
	return nil
}

// deniedText returns the words for the end user: the script's if it refused, and
// otherwise none that tell how it works inside.
func (c *call) deniedText(e *rulebox.Error) string {
	if e.Code == rulebox.CodeDenied {
		return first(e.Message, "Access denied.")
	}
	return "This could not be completed. Please try again later. (" + c.id + ")"
}

// mayRetry says whether nothing was started.
func mayRetry(err error) bool {
	var e *rulebox.Error
	return errors.As(err, &e) && e.Code == rulebox.CodeUnavailable
}

func listOf(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}
