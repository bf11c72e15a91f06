package unsaved

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
	"github.com/rulebox/rulebox/internal/trigger"
)

func TestGuess(t *testing.T) {
	for source, want := range map[string]form{
		"function (user, context, callback) {}":                                            {"rule", "login"},
		"/** a\n * comment */\n'use strict';\n// more\nasync function x(u, c, cb) {}":      {"rule", "login"},
		"(user, context, callback) => {}":                                                  {"rule", "login"},
		"":                                                                                 {"rule", "login"},
		"function login(user, context, callback) {}":                                       {"rule", "login"},
		"function login(email, password, callback) {}":                                     {"dbscript", "login"},
		"// x\nasync function getByEmail(email, callback) {}":                              {"dbscript", "get_user"},
		"function create (user, callback) {}":                                              {"dbscript", "create"},
		"function remove(id, callback) {}":                                                 {"dbscript", "delete"},
		"exports.onExecutePostLogin = async (event, api) => {};":                           {"action", "post-login"},
		"module.exports = { onExecuteCredentialsExchange: async () => {} }":                {"action", "credentials-exchange"},
		"const a = require('x');\nexports.onContinuePostChallenge = async () => {};":       {"action", "password-reset-post-challenge"},
		"exports.onExecuteSomethingElse = () => {};":                                       {"action", ""},
		"module.exports = function (user, context, cb) {};":                                {"hook", ""},
		"module.exports = async function(client, scope, audience, context, cb) {}":         {"hook", "hook.credentials-exchange"},
		"module.exports = (recipient, text, context, cb) => {}":                            {"hook", "hook.send-phone-message"},
		"function f(a, context, b) {\n  // it exports nothing\n  b();\n}":                  {"rule", "login"},
		"function helper(a, b) {}\nexports.onExecutePostLogin = () => {};":                 {"action", "post-login"},
		"function signIn(email, password, callback) {}":                                    {"dbscript", "login"},
		"async function setIt(email, newPassword, callback) {}":                            {"dbscript", "change_password"},
		"import x from 'x';\nexport const onExecutePostLogin = async (event, api) => {};":  {"action", "post-login"},
		"export async function onExecuteCredentialsExchange(event, api) {}":                {"action", "credentials-exchange"},
		"export default function (user, context, callback) {}":                             {"rule", "login"},
		"const a = require('x'); exports.onExecutePostLogin = async () => {};":             {"action", "post-login"},
		"const h = exports.onExecutePostLogin = async () => {};":                           {"action", "post-login"},
		"exports.helper = 1":                                                               {"action", ""},
		"function (user, context, callback) { var onExecutePostLogin; callback(); }":       {"rule", "login"},
		"function (u, c, cb) { if (c.exports.on) c.exports.on = 1; cb(null, u, c); }":      {"rule", "login"},
		"/* exports nothing: a rule */ function (user, context, callback) { callback(); }": {"rule", "login"},
	} {
		assert.Equal(t, want, guess(source), source)
	}
}

// The examples are requests that doors take.
func TestExamples(t *testing.T) {
	names := append(trigger.Actions(), "login")
	for _, p := range trigger.Points {
		names = append(names, rulebox.HookPrefix+p)
	}
	for _, o := range trigger.Operations {
		names = append(names, trigger.Database(Connection, o))
	}
	for _, name := range names {
		tr, err := trigger.Lookup(name)
		require.NoError(t, err)
		input, starts, err := Parts{}.input(tr)
		require.NoError(t, err)
		assert.Empty(t, starts)
		_, _, err = request.Parse(name, input)
		assert.NoError(t, err, name)
	}
}

func TestInvocation(t *testing.T) {
	const action = "exports.onExecutePostLogin = () => {}"
	const rule = "function (user, context, callback) {}"
	for _, c := range []struct {
		name    string
		run     Run
		trigger string
		kinds   []rulebox.Kind
		args    int
	}{
		{"a rule", Run{Scripts: []Script{{Source: rule}}}, "login", []rulebox.Kind{"rule"}, 2},
		{"an action of a login", Run{Scripts: []Script{{Source: action}}}, "login", []rulebox.Kind{"action"}, 2},
		{"an action with an event", Run{Scripts: []Script{{Source: action}}, Input: json.RawMessage(`{"event":{}}`)}, "post-login", []rulebox.Kind{"action"}, 1},
		{"an action with user and event", Run{Trigger: "post-login", Scripts: []Script{{Source: action}}, Input: json.RawMessage(`{"user":{},"context":{},"event":{}}`)}, "login", []rulebox.Kind{"action"}, 3},
		{"parts: an overlay", Run{Scripts: []Script{{Source: action}}, Parts: Parts{Event: json.RawMessage(`{}`), User: json.RawMessage(`{}`)}}, "login", []rulebox.Kind{"action"}, 3},
		{"parts: an event", Run{Scripts: []Script{{Source: action}}, Parts: Parts{Event: json.RawMessage(`{}`)}}, "post-login", []rulebox.Kind{"action"}, 1},
		{"rules first", Run{Scripts: []Script{{Source: action}, {Source: rule}}}, "login", []rulebox.Kind{"rule", "action"}, 2},
		{"a kind by the trigger", Run{Trigger: "hook.post-change-password", Scripts: []Script{{Source: "module.exports = f"}}}, "hook.post-change-password", []rulebox.Kind{"hook"}, 2},
		{"a database script", Run{Scripts: []Script{{Source: "function changeEmail(a, b, v, callback) {}"}}}, "db.unsaved.change_email", []rulebox.Kind{"dbscript"}, 3},
		{"a kind that is said", Run{Trigger: "db.x.verify", Scripts: []Script{{Kind: "dbscript", Source: rule}}}, "db.x.verify", []rulebox.Kind{"dbscript"}, 1},
	} {
		inv, err := c.run.Invocation()
		require.NoError(t, err, c.name)
		assert.Equal(t, c.trigger, inv.Trigger, c.name)
		assert.Equal(t, c.trigger, inv.Chain.Trigger, c.name)
		assert.Len(t, inv.Args, c.args, c.name)
		var got []rulebox.Kind
		for _, s := range inv.Chain.Scripts {
			got = append(got, s.Kind)
		}
		assert.Equal(t, c.kinds, got, c.name)
		assert.Nil(t, inv.Chain.Bindings, "what grants nothing is left out")
	}
	run := Run{Scripts: []Script{{Source: rule}, {Source: action, Binding: rulebox.Binding{Secrets: map[string]string{"K": "v"}}}}}
	inv, err := run.Invocation()
	require.NoError(t, err)
	assert.Equal(t, []rulebox.Binding{{}, {Secrets: map[string]string{"K": "v"}}}, inv.Chain.Bindings)
}

func TestInvocationRefuses(t *testing.T) {
	const rule = "function (user, context, callback) {}"
	for want, run := range map[string]Run{
		`kind is "acton"; did you mean "action"?`: {Scripts: []Script{{Kind: "acton"}}},
		`kind is "spell"; it can be rule, action`: {Scripts: []Script{{Kind: "spell"}}},
		`did you mean "post-login"?`:              {Trigger: "postlogin", Scripts: []Script{{}}},
		"trigger is missing: a hook is run by hook.<point>, such as hook.pre-user-registration; a rule is the function alone": {Scripts: []Script{{Source: "module.exports = function (user, context, cb) {}"}}},
		"trigger is missing: a database script":                                                        {Scripts: []Script{{Kind: "dbscript", Source: rule}}},
		"trigger is missing: the action exports":                                                       {Scripts: []Script{{Kind: "action", Source: rule}}},
		"kind of a is rule, but the trigger post-change":                                               {Trigger: "post-change-password", Scripts: []Script{{Name: "a", Kind: "rule"}}},
		"such as onExecutePostLogin; did you mean onExecutePostLogin where it says onExecutePostLogn?": {Scripts: []Script{{Source: "exports.onExecutePostLogn = () => {}"}}},
		"runs one script, not 2":                                                                       {Trigger: "hook.post-change-password", Scripts: []Script{{}, {}}},
		"the trigger hook.post-change-password takes no event":                                         {Trigger: "hook.post-change-password", Scripts: []Script{{}}, Parts: Parts{Event: json.RawMessage(`{}`)}},
		"the trigger login takes no args":                                                              {Trigger: "login", Scripts: []Script{{}}, Parts: Parts{Args: json.RawMessage(`[]`)}},
		`unknown member "state"`:                                                                       {Trigger: "event-stream", Scripts: []Script{{}}, Parts: Parts{State: "s"}},
		"no member event":                                                                              {Trigger: "event-stream", Scripts: []Script{{}}, Input: json.RawMessage(`{}`)},
		"event.message, at byte 20, is not an object":                                                  {Trigger: "event-stream", Scripts: []Script{{}}, Input: json.RawMessage(`{"event":{"message":1}}`)},
	} {
		_, err := run.Invocation()
		assert.ErrorContains(t, err, want)
	}
}

// An error within a part tells which, and where in it.
func TestPartErrors(t *testing.T) {
	run := Run{Scripts: []Script{{Source: "function (user, context, callback) {}"}}, Parts: Parts{User: json.RawMessage(`{}`), Context: json.RawMessage(`{"stats": [], "x": 1}`)}}
	_, err := run.Invocation()
	var in *PartError
	require.ErrorAs(t, err, &in)
	assert.Equal(t, "context", in.Part)
	assert.Equal(t, 10, in.Offset)
	assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	assert.ErrorContains(t, err, "context.stats, at byte")

	run.Parts.Context, run.Parts.State = nil, "a b"
	_, err = run.Invocation()
	require.Error(t, err)
	assert.False(t, errors.As(err, &in), "it is in none of them")
}
