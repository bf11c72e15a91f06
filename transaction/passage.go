package transaction

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
)

// A passage is one way of an invocation down to the scripts and back.
type passage struct {
	p      *Pipeline
	tenant *Tenant
	chain  *rulebox.Chain
	inv    *rulebox.Invocation // as it came
	bound  rulebox.Invocation  // as scripts get it
	from   *resumption         // nil if it begins here
}

// settle makes of what engines left what the caller is told: effects are applied,
// chains suspended. It changes res, and returns the error that decides. A denial
// stays one, whatever is wrong beside it.
func (g *passage) settle(ctx context.Context, res *rulebox.Result, err error) error {
	if rulebox.CodeOf(err) == rulebox.CodeUnavailable && g.from != nil {
		// Nothing ran: the caller may send the same state again.
		g.p.report(g.inv, g.from.giveBack(context.WithoutCancel(ctx)))
	}
	if res == nil {
		return err
	}
	commands, bad := g.commands(res, err)
	if rulebox.CodeOf(err) != rulebox.CodeDenied {
		err = cmp.Or(err, bad)
	}
	if err != nil && rulebox.CodeOf(err) != rulebox.CodeDenied || bad != nil {
		return err
	}
	if err == nil {
		err = refusal(g.inv.Trigger, commands)
	}
	if err == nil {
		err = g.redirected(res)
	}
	if err == nil && res.Decision == rulebox.Redirect {
		// Rules sent the user away: all of the chain runs again on the way back, and
		// asks for the same once more.
		return nil
	}
	if len(commands) == 0 && g.inv.Trigger == rulebox.TriggerLogin && res.Suspended == 0 {
		return err
	}
	effects, commands, bad := collect(commands)
	switch {
	case bad != nil && err == nil:
		return bad
	case bad != nil:
		return err
	case err == nil && res.Suspended > 0:
		return g.suspend(ctx, res, commands)
	case err == nil:
		if err = g.apply(effects, res); err != nil {
			return err
		}
	}
	for _, c := range g.saveMetadata(ctx, effects, commands, res) {
		res.Commands = append(res.Commands, c.text)
	}
	return err
}

// commands takes the commands out of res, those of the cache to where they
// belong, and returns the others with those of the chain's earlier parts.
func (g *passage) commands(res *rulebox.Result, err error) ([]command, error) {
	commands, bad := parseCommands(g.inv.Trigger, res.Commands)
	res.Commands = nil
	if bad != nil {
		return nil, bad
	}
	commands = g.takeCache(commands)
	if g.from == nil || err != nil && rulebox.CodeOf(err) != rulebox.CodeDenied {
		return commands, nil
	}
	before, bad := parseCommands(g.inv.Trigger, g.from.Commands)
	if bad != nil {
		return nil, bad
	}
	if n := len(before) + len(commands); n > rulebox.MaxCommands {
		return nil, tooMany(n)
	}
	return append(before, commands...), nil
}

// redirected settles what context.redirect means. The rules of a chain that goes
// on have run before.
func (g *passage) redirected(res *rulebox.Result) error {
	if res.Suspended > 0 {
		res.RedirectURL = "" // an action's; see suspend
	}
	if g.inv.Trigger != rulebox.TriggerLogin || g.from != nil || len(res.Values) < 2 {
		res.RedirectURL = ""
		return nil
	}
	res.Values = res.Values[:2:2]
	return succeeded(g.inv, res)
}

// apply puts the effects where callers look for them.
func (g *passage) apply(e *effects, res *rulebox.Result) error {
	at, err := trigger.Lookup(g.inv.Trigger)
	switch {
	case err != nil || at.Form == trigger.Args || at.Form == trigger.Fields:
		return nil
	case at.Form == trigger.Login:
		if len(res.Values) == 2 && !e.none() {
			res.Values = e.applyLogin(res.Values)
		}
		return nil
	}
	if g.inv.Trigger == rulebox.TriggerTokenExchange && e.answer.get("user") == nil {
		return rulebox.Errorf(rulebox.CodeThrew, "the action named no user").
			WithHint("call api.authentication.setUserById or api.authentication.setUserByConnection, or deny the exchange with api.access.deny")
	}
	var event json.RawMessage
	if len(g.bound.Args) > 0 {
		event = g.bound.Args[0]
	}
	res.Values = []json.RawMessage{e.result(g.inv.Trigger, event)}
	return nil
}

// refusal returns the denial that the first of the commands to refuse asks for,
// nil if none does.
func refusal(at string, commands []command) error {
	for _, c := range commands {
		e := rulebox.Errorf(rulebox.CodeDenied, "access denied")
		message := c.str(0)
		switch c.name {
		case "access.deny":
			switch at {
			case rulebox.TriggerCredentialsExchange, rulebox.TriggerTokenExchange:
				e.OAuth, message = c.str(0), c.str(1)
			case rulebox.TriggerPreRegistration:
				// The first is for the log: the commands have it.
				message = c.str(1)
			}
		case "validation.error":
			e.Name, e.OAuth, message = "ValidationError", c.str(0), c.str(1)
		case "access.rejectInvalidSubjectToken":
			e.OAuth = "invalid_request"
		case "refreshToken.revoke", "session.revoke":
		default:
			continue
		}
		if message != "" {
			e.Message = message
		}
		return e
	}
	return nil
}

// suspend keeps the chain until the user is back.
func (g *passage) suspend(ctx context.Context, res *rulebox.Result, commands []command) error {
	texts := make([]json.RawMessage, len(commands))
	for i, c := range commands {
		texts[i] = c.text
	}
	last, kind := rulebox.Suspension(texts)
	if last == nil || res.Suspended > len(g.chain.Scripts) {
		return rulebox.Errorf(rulebox.CodeInternal, "the login was suspended for nothing").WithHint("please report it")
	}
	if why := g.cannotWait(kind); why != "" {
		return unattended("an action asked for a "+kind, why, "test api.redirect.canRedirect() and event.transaction.prompt first")
	}
	r := &record{Chain: g.identity(), Script: res.Suspended - 1, User: g.user(), Aim: g.aim(), Commands: texts, Context: g.decided(res)}
	token, err := g.p.suspensions().seal(ctx, g.inv.Tenant, g.inv.Trigger, r)
	if err != nil {
		return err
	}
	res.State = token
	if kind != "redirect" {
		res.Decision, res.Commands = rulebox.Suspend, []json.RawMessage{last}
		return nil
	}
	c, _ := parseCommand(triggerSet(g.inv.Trigger), last)
	res.RedirectURL = setQuery(withQuery(c.str(0), c.arg(1)), parameter{"state", token})
	if what := unfit(res.RedirectURL); what != "" {
		return rulebox.Errorf(rulebox.CodeThrew, "api.redirect.sendUserTo: %s", what).
			WithHint("send less in the query; a session token is for a few claims")
	}
	res.Decision = rulebox.Redirect
	return nil
}

// headless are the protocols without a browser that could be sent away.
var headless = []string{"oauth2-refresh-token", "oauth2-resource-owner", "oauth2-resource-owner-jwt-bearer", "oauth2-password",
	"oauth2-access-token", "oauth2-token-exchange", "oauth2-webauthn", "oidc-ciba", "wstrust-usernamemixed"}

// cannotWait says why the user cannot be asked for anything in this transaction.
func (g *passage) cannotWait(kind string) string {
	if len(g.inv.Args) == 0 {
		return ""
	}
	protocol, prompt := at(g.inv.Args[0], "transaction", "protocol"), at(g.inv.Args[0], "request", "query", "prompt")
	if slices.Contains(stringsOf(at(g.inv.Args[0], "transaction", "prompt")), "none") {
		prompt = quote("none")
	}
	if g.inv.Trigger == rulebox.TriggerLogin {
		context := g.inv.Args[len(g.inv.Args)-1]
		if len(g.inv.Args) > 1 {
			context = g.inv.Args[1]
		}
		protocol, prompt = at(context, "protocol"), at(context, "request", "query", "prompt")
	}
	if textOf(prompt) == "none" {
		return "the request has prompt=none"
	}
	if kind != "challenge" && slices.Contains(headless, textOf(protocol)) {
		return "the protocol " + textOf(protocol) + " has no browser"
	}
	return ""
}

// deciders are the members of the context that decide about tokens.
var deciders = []string{"idToken", "accessToken", "samlConfiguration", "multifactor", "primaryUser", "jwtConfiguration"}

// decided returns what rules have made of the deciders, nil if nothing.
func (g *passage) decided(res *rulebox.Result) json.RawMessage {
	var changed object
	if g.from != nil {
		changed, _ = objectOf(g.from.Context)
	}
	if g.inv.Trigger == rulebox.TriggerLogin && len(res.Values) > 1 && len(g.inv.Args) > 1 {
		left, _ := objectOf(res.Values[1])
		sent, _ := objectOf(g.inv.Args[1])
		for _, name := range deciders {
			if v := left.get(name); v != nil && !bytes.Equal(v, sent.get(name)) {
				changed.set(name, v)
			}
		}
	}
	if changed.empty() {
		return nil
	}
	return changed.text()
}

// resume takes the state that the invocation came with, and lets the chain go on.
func (g *passage) resume(ctx context.Context) error {
	from, err := g.p.suspensions().open(ctx, g.inv.Tenant, g.inv.Trigger, g.inv.State)
	if err != nil {
		return err
	}
	switch {
	case from.Chain != g.identity() || from.Script < 0 || from.Script >= len(g.chain.Scripts):
		return stale("the steps of the login have changed meanwhile; begin the login again", "actions or rules of the chain were changed while the login was suspended")
	case from.User != g.user():
		return stale("the login was begun by another user; begin it again", "the user's user_id must be that of the request that was suspended")
	}
	if what := from.Aim.missed(g.aim()); what != "" {
		return stale("the login was begun for another "+what+"; begin it again",
			"application, organization and API must be those of the request that was suspended: what rules and actions decided was about these")
	}
	g.from = from
	g.bound.Resume = &rulebox.Resume{Script: from.Script, Commands: from.Commands, State: g.inv.State}
	decided, _ := objectOf(from.Context)
	if len(g.inv.Args) > 1 && !decided.empty() {
		context, _ := objectOf(g.inv.Args[1])
		for _, m := range decided.members {
			context.set(m.key, m.value)
		}
		g.bound.Args = append([]json.RawMessage(nil), g.inv.Args...)
		g.bound.Args[1] = context.text()
	}
	return nil
}

func (g *passage) identity() string { return identity(g.chain, g.inv.Chain != nil) }

// user returns the id of the user whose transaction this is, empty if there is
// none.
func (g *passage) user() string {
	if len(g.inv.Args) == 0 {
		return ""
	}
	if g.inv.Trigger == rulebox.TriggerLogin {
		return textOf(at(g.inv.Args[0], "user_id"))
	}
	return textOf(at(g.inv.Args[0], "user", "user_id"))
}
