package bus

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/event"
	"github.com/rulebox/rulebox/internal/trigger"
)

// Login runs a tenant's rules, then its post-login actions, on the user and the
// context of a login, such as *event.LoginUser and *event.LoginContext. Both are
// anything that encoding/json makes an object of; json.RawMessage and []byte are
// sent as they are.
func (c *Client) Login(ctx context.Context, tenant string, user, context any) (*rulebox.Result, error) {
	return c.Fire(ctx, tenant, rulebox.TriggerLogin, user, context)
}

// LoginWith is Login with an event whose members replace those of the same name
// in the event that actions get, which is otherwise made of user and context.
func (c *Client) LoginWith(ctx context.Context, tenant string, user, context, overlay any) (*rulebox.Result, error) {
	return c.Fire(ctx, tenant, rulebox.TriggerLogin, user, context, overlay)
}

// PostLogin runs a tenant's post-login actions, without rules.
func (c *Client) PostLogin(ctx context.Context, tenant string, e *event.PostLogin) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// CredentialsExchange runs the actions for a machine's access token.
func (c *Client) CredentialsExchange(ctx context.Context, tenant string, e *event.CredentialsExchange) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// PreUserRegistration runs the actions that may refuse a new user.
func (c *Client) PreUserRegistration(ctx context.Context, tenant string, e *event.PreUserRegistration) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// PostUserRegistration runs the actions that are told of a new user.
func (c *Client) PostUserRegistration(ctx context.Context, tenant string, e *event.PostUserRegistration) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// PostChangePassword runs the actions that are told of a changed password.
func (c *Client) PostChangePassword(ctx context.Context, tenant string, e *event.PostChangePassword) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// PostChallenge runs the actions within a password reset.
func (c *Client) PostChallenge(ctx context.Context, tenant string, e *event.PostChallenge) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// SendPhoneMessage has the tenant's action send the message of a second factor.
func (c *Client) SendPhoneMessage(ctx context.Context, tenant string, e *event.SendPhoneMessage) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// SendEmail has the tenant's custom e-mail provider send an e-mail.
func (c *Client) SendEmail(ctx context.Context, tenant string, e *event.CustomEmailProvider) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// SendPhone has the tenant's custom phone provider send a message.
func (c *Client) SendPhone(ctx context.Context, tenant string, e *event.CustomPhoneProvider) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// TokenExchange has the tenant's action decide on a custom token exchange.
func (c *Client) TokenExchange(ctx context.Context, tenant string, e *event.CustomTokenExchange) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// EventStream gives one event of a stream to the tenant's action.
func (c *Client) EventStream(ctx context.Context, tenant string, e *event.EventStream) (*rulebox.Result, error) {
	return c.Event(ctx, tenant, e)
}

// Event fires the event's trigger.
func (c *Client) Event(ctx context.Context, tenant string, e event.Event) (*rulebox.Result, error) {
	return c.Fire(ctx, tenant, e.Trigger(), e)
}

// Hook runs a tenant's hook at the extensibility point, such as
// pre-user-registration, with the arguments before the callback.
func (c *Client) Hook(ctx context.Context, tenant, point string, args ...any) (*rulebox.Result, error) {
	return c.Fire(ctx, tenant, rulebox.HookPrefix+point, args...)
}

// Database asks a tenant's user database, with the arguments of the operation in
// the order of the protocol: Directory with the whole outcome.
func (c *Client) Database(ctx context.Context, tenant, connection, operation string, args ...any) (*rulebox.Result, error) {
	return c.Fire(ctx, tenant, trigger.Database(connection, operation), args...)
}

// Fire fires any trigger. The arguments are those of rulebox.Invocation: anything
// that encoding/json takes; json.RawMessage and []byte are sent as they are.
func (c *Client) Fire(ctx context.Context, tenant, trigger string, args ...any) (*rulebox.Result, error) {
	return c.fire(ctx, tenant, trigger, "", args)
}

// Resume goes on with a chain that was suspended: state is what Result.State was,
// and the arguments are the trigger's, with the request that the browser came
// back with.
func (c *Client) Resume(ctx context.Context, tenant, trigger, state string, args ...any) (*rulebox.Result, error) {
	if state == "" {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "there is no state to resume").
			WithHint("it is State of the result whose decision was redirect or suspend")
	}
	return c.fire(ctx, tenant, trigger, state, args)
}

func (c *Client) fire(ctx context.Context, tenant, name, state string, args []any) (*rulebox.Result, error) {
	inv := &rulebox.Invocation{Tenant: tenant, Trigger: name, State: state, Args: make([]json.RawMessage, len(args))}
	for i, arg := range args {
		raw, err := rawOf(arg)
		if err != nil {
			return nil, rulebox.Errorf(rulebox.CodeInvalid, "%s cannot be written as JSON: %v", argName(name, i), err)
		}
		inv.Args[i] = raw
	}
	return c.Invoke(ctx, inv)
}

func rawOf(v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return v, nil
	case []byte:
		return v, nil
	}
	return json.Marshal(v)
}

// argName is what argument i of the trigger is called.
func argName(name string, i int) string {
	if name == rulebox.TriggerLogin {
		return [...]string{"user", "context", "event"}[min(i, 2)]
	}
	if t, err := trigger.Lookup(name); err == nil && t.Form == trigger.Event {
		return "event"
	}
	return fmt.Sprintf("argument %d", i+1)
}
