package adapters

import (
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
)

// beforeRegistration fires both triggers of that point, the hook's and then the
// actions', and returns the metadata that the new user is to have. Set is false if
// no script asked for any.
func (c *call) beforeRegistration(p *person, o *occasion) (set bool, err error) {
	connection := c.connectionOr(o.connection)
	var answer struct {
		User struct {
			UserMetadata object `json:"user_metadata"`
			AppMetadata  object `json:"app_metadata"`
		} `json:"user"`
	}
	take := func() {
		if m := answer.User.UserMetadata; m != nil {
			p.userMetadata, set = m, true
		}
		if m := answer.User.AppMetadata; m != nil {
			p.appMetadata, set = m, true
		}
	}
	if err := c.result(&answer, rulebox.HookPrefix+rulebox.TriggerPreRegistration, p.hook(c.tenant), c.hookContext(connection)); err != nil {
		return false, err
	}
	take()
	answer.User.UserMetadata, answer.User.AppMetadata = nil, nil
	if err := c.result(&answer, rulebox.TriggerPreRegistration, event.PreUserRegistration{
		Connection: c.eventConnection(connection, o.strategy), Request: o.request(), Tenant: event.Tenant{ID: c.tenant}, User: p.actions(connection), Client: c.client(o),
	}); err != nil {
		return false, err
	}
	take()
	return set, nil
}

// afterRegistration fires both triggers of that point.
func (c *call) afterRegistration(p *person, o *occasion) error {
	connection := c.connectionOr(o.connection)
	if err := c.result(new(any), rulebox.HookPrefix+rulebox.TriggerPostRegistration, p.hook(c.tenant), c.hookContext(connection)); err != nil {
		return err
	}
	r := o.request()
	return c.result(new(any), rulebox.TriggerPostRegistration, event.PostUserRegistration{
		Connection: c.eventConnection(connection, o.strategy), Request: &r, Tenant: event.Tenant{ID: c.tenant}, User: p.actions(connection),
	})
}

// afterPassword fires both triggers of a changed password.
func (c *call) afterPassword(p *person, o *occasion) error {
	connection := c.connectionOr(o.connection)
	if err := c.result(new(any), rulebox.HookPrefix+rulebox.TriggerPostChangePassword, p.hook(c.tenant), c.hookContext(connection)); err != nil {
		return err
	}
	r := o.request()
	return c.result(new(any), rulebox.TriggerPostChangePassword, event.PostChangePassword{
		Connection: c.eventConnection(connection, o.strategy), Request: &r, Tenant: event.Tenant{ID: c.tenant}, User: p.actions(connection),
	})
}

func (c *call) hookContext(connection string) event.HookContext {
	return event.HookContext{Connection: &event.HookConnection{ID: connection, Name: connection, Tenant: c.tenant}}
}

func (c *call) eventConnection(name, strategy string) event.Connection {
	return event.Connection{ID: name, Name: name, Strategy: first(strategy, "auth0"), Metadata: map[string]any{}}
}

func (o *occasion) request() event.Request {
	return event.Request{IP: o.ip, UserAgent: o.userAgent, Hostname: o.hostname, Query: orEmpty(o.query), Body: orEmpty(o.body), GeoIP: &event.GeoIP{}}
}

func (c *call) client(o *occasion) *event.Client {
	id := c.clientOr(o)
	return &event.Client{ClientID: id, Name: first(o.clientName, id), Metadata: map[string]any{}}
}
