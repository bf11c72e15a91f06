package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// mixed is a login of one rule and then actions.
func mixed(rule string, actions ...string) *rulebox.Chain {
	c := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin}
	if rule != "" {
		c.Scripts = append(c.Scripts, rulebox.NewScript(rulebox.KindRule, "rule", rule))
	}
	for i, a := range actions {
		c.Scripts = append(c.Scripts, rulebox.NewScript(rulebox.KindAction, fmt.Sprintf("action-%d", i+1), "exports.onExecutePostLogin = async (event, api) => { "+a+" };"))
	}
	return c
}

func loginOf(c *rulebox.Chain) *rulebox.Invocation {
	return &rulebox.Invocation{Chain: c, ID: "tx", Args: []json.RawMessage{[]byte(`{"user_id":"u"}`), []byte(`{}`)}}
}

// The time limit is one for rules and actions together, and the one who used the
// rest of it is to blame.
func TestWallCoversTheChain(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	c := mixed(`function (user, context, callback) { setTimeout(() => callback(null, user, context), 60); }`, `await new Promise((r) => setTimeout(r, 30000));`)
	c.Limits.Wall = 150 * time.Millisecond
	start := time.Now()
	res, err := r.Invoke(context.Background(), loginOf(c))
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err))
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Equal(t, "action-1", err.(*rulebox.Error).Script)
	assert.Contains(t, err.Error(), "time limit of 150ms", "the limit, not what was left of it when the action began")
	require.Len(t, res.Scripts, 2)
	assert.Equal(t, "timeout", res.Scripts[1].Status)
}

// The bound of the log is one for the whole chain.
func TestLogBoundCoversTheChain(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	loud := `for (let i = 0; i < 40; i++) console.log('x'.repeat(4096));`
	res, err := r.Invoke(context.Background(), loginOf(mixed(`function (user, context, callback) { `+loud+` callback(null, user, context); }`, loud, loud)))
	require.NoError(t, err)
	size := 0
	for _, l := range res.Logs {
		size += len(l.Text)
	}
	assert.LessOrEqual(t, size, rulebox.MaxLogBytes)
	assert.Contains(t, res.Logs[len(res.Logs)-1].Text, "what follows was cut")
}

// What a rule left in flight goes on while the actions run.
func TestWorkOfRulesGoesOnDuringActions(t *testing.T) {
	var mu sync.Mutex
	var late []string
	done := make(chan struct{})
	r := runtime.NewRunner(runtime.Options{OnLate: func(_ uint64, l rulebox.Log) {
		mu.Lock()
		defer mu.Unlock()
		late = append(late, l.Script+": "+l.Text)
		close(done)
	}})
	defer r.Close()
	c := mixed(`function (user, context, callback) { setTimeout(() => console.log('went on'), 10); callback(null, user, context); }`,
		`for (let i = 0; i < 50; i++) await new Promise((r) => setTimeout(r, 2)); api.user.setAppMetadata('a', 1);`)
	res, err := r.Invoke(context.Background(), loginOf(c))
	require.NoError(t, err)
	require.Len(t, res.Commands, 1)
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the rule's timer never fired")
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []string{"rule: went on"}, late)
	for r.Late() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// Invocations of one chain share nothing of an action, prepared or not.
func TestActionsAtOnce(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	c := mixed("", `api.transaction.setMetadata('u', event.user.user_id); await new Promise((r) => setTimeout(r, 3));`, `api.user.setAppMetadata('u', event.transaction.metadata.u);`)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			id := fmt.Sprintf("u%d", i)
			inv := &rulebox.Invocation{Chain: c, ID: id, Args: []json.RawMessage{[]byte(`{"user_id":"` + id + `"}`), []byte(`{}`)}}
			for range 5 {
				res, err := r.Invoke(context.Background(), inv)
				if !assert.NoError(t, err) || !assert.Len(t, res.Commands, 2) {
					return
				}
				assert.Equal(t, `["user.setAppMetadata","u","`+id+`"]`, string(res.Commands[1]))
				r.Prepare(c)
			}
		}()
	}
	wg.Wait()
}

// A shared module's source reaches nobody who was not given it, and its program is
// compiled once for many realms.
func TestSharedModules(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	c := mixed("", `api.user.setAppMetadata('a', require('actions:m').v);`, `try { require('actions:m'); api.user.setAppMetadata('b', 'got it'); } catch (e) { api.user.setAppMetadata('b', e.code); }`)
	m := rulebox.ActionModule{Name: "m", Script: rulebox.NewScript(rulebox.KindModule, "m", "exports.v = 1;")}
	c.Bindings = []rulebox.Binding{{Modules: []rulebox.ActionModule{m}}, {}}
	for range 3 {
		res, err := r.Invoke(context.Background(), loginOf(c))
		require.NoError(t, err)
		require.Len(t, res.Commands, 2)
		assert.Equal(t, `["user.setAppMetadata","a",1]`, string(res.Commands[0]))
		assert.Equal(t, `["user.setAppMetadata","b","MODULE_NOT_FOUND"]`, string(res.Commands[1]))
		r.Prepare(c)
	}
}

// A chain that contradicts itself is refused before anything runs.
func TestChainsThatCannotBe(t *testing.T) {
	r := runtime.NewRunner(runtime.Options{})
	defer r.Close()
	rule := rulebox.NewScript(rulebox.KindRule, "r", "function (user, context, callback) { callback(null, user, context); }")
	action := rulebox.NewScript(rulebox.KindAction, "a", "exports.onExecutePostLogin = async () => {};")
	hook := rulebox.NewScript(rulebox.KindHook, "h", "module.exports = (a, cb) => cb();")
	module := rulebox.NewScript(rulebox.KindModule, "m", "")
	for want, c := range map[string]*rulebox.Chain{
		"is a module":       {Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{module}},
		"but 2 bindings":    {Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rule}, Bindings: make([]rulebox.Binding, 2)},
		"stands after":      {Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rule, action, rule}},
		"mixes a rule":      {Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rule, hook}},
		"a hook runs alone": {Trigger: "hook.x", Scripts: []*rulebox.Script{hook, hook}},
		"no action runs on": {Trigger: "hook.post-login", Scripts: []*rulebox.Script{action}},
	} {
		c.Tenant = "acme"
		_, err := r.Invoke(context.Background(), loginOf(c))
		require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), want)
		assert.True(t, strings.Contains(err.Error(), want), "%s: %v", want, err)
	}
}
