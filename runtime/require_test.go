package runtime_test

import (
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func operatorPackage(name, version, body string) rulebox.Package {
	return rulebox.Package{Name: name, Version: version, Script: rulebox.NewScript(rulebox.KindPackage, name+"@"+version, body)}
}

// What require() finds, by policy, packages of the operator and declared versions.
func TestRequire(t *testing.T) {
	v := func(name, version string) rulebox.Package {
		return operatorPackage(name, version, `module.exports = path => path ? 'part ' + path : '`+name+" "+version+`';`)
	}
	packages := []rulebox.Package{
		v("left", "2.0.0"), v("left", "1.9.0"), v("left", "1.10.0"), v("@acme/claims", "0.3.1"),
		v("axios", "0.19.2"), v("axios", "2.0.0"), v("qs", "7.0.0"),
		operatorPackage("uses", "1.0.0", `module.exports = () => [require('axios').VERSION, require('axios@0.21.0').VERSION, typeof require('crypto').createHash].join();`),
		operatorPackage("reaches", "1.0.0", `module.exports = () => require('internal/realm');`),
		operatorPackage("broken", "1.0.0", "module.exports = () => { throw new TypeError('no luck'); };\n"),
	}
	for _, tt := range []struct {
		name, expr, want string
		policy           rulebox.ModulePolicy
		dependencies     map[string]string
		code             rulebox.Code
	}{
		{name: "oldest by default", expr: `require('left')`, want: `"left 1.9.0"`},
		{name: "newest of a generation", expr: `require('left@1')`, want: `"left 1.10.0"`},
		{name: "that very version", expr: `require('left@1.9.0')`, want: `"left 1.9.0"`},
		{name: "range", expr: `require('left@^2.0.0')`, want: `"left 2.0.0"`},
		{name: "scope and part", expr: `require('@acme/claims/lib/a')`, want: `"part lib/a"`},
		{name: "scope, version and part", expr: `require('@acme/claims@0.3.0/lib/a')`, want: `"part lib/a"`},
		{name: "part with the version behind it", expr: `require('left/x@2')`, want: `"part x"`},
		{name: "declared version", expr: `require('left')`, dependencies: map[string]string{"left": "2.0.0"}, want: `"left 2.0.0"`},
		{name: "declared latest", expr: `require('left')`, dependencies: map[string]string{"left": "latest"}, want: `"left 2.0.0"`},
		{name: "declared range", expr: `require('left')`, dependencies: map[string]string{"left": ">=1.2 <2"}, want: `"left 1.10.0"`},
		{name: "no such generation", expr: `require('left@3')`, code: rulebox.CodeThrew, want: "Cannot find module 'left@3': of left there is 1.9.0 and 1.10.0 and 2.0.0, added by the operator; ask for one of them, or let the operator run `rulebox modules add left@VERSION`"},
		{name: "the table goes first without a version", expr: `require('axios').VERSION`, want: `"0.27.2"`},
		{name: "declared latest is the table's", expr: `require('axios').VERSION`, dependencies: map[string]string{"axios": "latest"}, want: `"1.7.9"`},
		{name: "declared version in the table", expr: `require('axios').VERSION`, dependencies: map[string]string{"axios": "1.6.0"}, want: `"1.7.9"`},
		{name: "version beside the table", expr: `require('axios@2.0.1')`, want: `"axios 2.0.0"`},
		{name: "table's own version", expr: `require('axios@1.0.0').VERSION`, want: `"1.7.9"`},
		{name: "a package's own modules", expr: `require('uses')`, want: `"1.7.9,0.27.2,function"`},
		{name: "a package's own modules under a policy", expr: `require('uses')`, policy: rulebox.ModulePolicy{Allow: []string{"uses"}}, want: `"1.7.9,0.27.2,function"`},
		{name: "the inside stays closed to packages", expr: `require('reaches')`, code: rulebox.CodeThrew, want: "Cannot find module 'internal/realm' (required by the package reaches@1.0.0)"},
		{name: "a package that throws", expr: `require('broken')`, code: rulebox.CodeThrew, want: "no luck"},
		{name: "another scope", expr: `require('claims')`, code: rulebox.CodeThrew, want: "did you mean '@acme/claims'?"},
		{name: "another case", expr: `require('Axios')`, code: rulebox.CodeThrew, want: "did you mean 'axios'?"},
		{name: "denied", expr: `require('axios@1')`, policy: rulebox.ModulePolicy{Deny: []string{"axios"}}, code: rulebox.CodeForbidden, want: "module 'axios@1' is denied by the settings of tenant acme (rulebox.json: modules.deny)"},
		{name: "denied package", expr: `require('left')`, policy: rulebox.ModulePolicy{Deny: []string{"left"}}, code: rulebox.CodeForbidden, want: "modules.deny"},
		{name: "denied scope", expr: `require('@acme/claims')`, policy: rulebox.ModulePolicy{Deny: []string{"@acme/*"}}, code: rulebox.CodeForbidden, want: "modules.deny"},
		{name: "denied built-in by its other name", expr: `require('node:stream/promises')`, policy: rulebox.ModulePolicy{Deny: []string{"stream"}}, code: rulebox.CodeForbidden, want: "modules.deny"},
		{name: "denied with node:", expr: `require('crypto')`, policy: rulebox.ModulePolicy{Deny: []string{"node:crypto"}}, code: rulebox.CodeForbidden, want: "modules.deny"},
		{name: "only a part is denied", expr: `typeof require('stream')`, policy: rulebox.ModulePolicy{Deny: []string{"stream/promises"}}, want: `"function"`},
		{name: "denied old global", expr: `typeof jwt`, policy: rulebox.ModulePolicy{Deny: []string{"jsonwebtoken"}}, code: rulebox.CodeForbidden, want: "module 'jsonwebtoken' is denied"},
		{name: "not allowed", expr: `require('qs')`, policy: rulebox.ModulePolicy{Allow: []string{"axios", "left"}}, code: rulebox.CodeForbidden, want: "modules.allow has axios, left"},
		{name: "nothing allowed", expr: `require('qs')`, policy: rulebox.ModulePolicy{Allow: []string{}}, code: rulebox.CodeForbidden, want: "modules.allow has no names"},
		{name: "allowed", expr: `require('left')`, policy: rulebox.ModulePolicy{Allow: []string{"left"}}, want: `"left 1.9.0"`},
		{name: "allowed, then denied", expr: `require('left')`, policy: rulebox.ModulePolicy{Allow: []string{"left"}, Deny: []string{"left"}}, code: rulebox.CodeForbidden, want: "modules.deny"},
		{name: "advice names what is allowed only", expr: `require('lefft')`, policy: rulebox.ModulePolicy{Allow: []string{"lefft", "left"}}, code: rulebox.CodeThrew, want: "did you mean 'left'?"},
		{name: "a caught denial looks like a missing module", expr: `(() => { try { require('qs'); } catch (e) { return e.code; } })()`, policy: rulebox.ModulePolicy{Deny: []string{"qs"}}, want: `"MODULE_NOT_FOUND"`},
		{name: "no shared modules", expr: `require('actions:x')`, code: rulebox.CodeThrew, want: "Cannot find module 'actions:x'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunner(t, runtime.Options{Host: directHost{}})
			c := chain(`function (user, context, callback) { context.idToken.v = ` + tt.expr + `; callback(null, user, context); }`)
			c.Tenant, c.Packages, c.Modules = "acme", packages, tt.policy
			c.Bindings = []rulebox.Binding{{Dependencies: tt.dependencies}}
			for range 2 { // fresh, then prepared
				inv := invocation(c)
				inv.Args = args(`{}`, `{"idToken":{}}`)
				res, err := r.Invoke(context.Background(), inv)
				require.Equal(t, tt.code, rulebox.CodeOf(err), "%v", err)
				if err != nil {
					e := err.(*rulebox.Error)
					assert.Contains(t, e.Message+"\n"+e.Hint, tt.want)
				} else {
					var got struct {
						IDToken struct{ V json.RawMessage } `json:"idToken"`
					}
					require.NoError(t, json.Unmarshal(res.Values[1], &got))
					assert.JSONEq(t, tt.want, string(got.IDToken.V))
				}
				r.Prepare(c)
			}
		})
	}
}

// A package's code runs in an invocation that requires it, and in no other place.
func TestPackagesAreNotEvaluatedAhead(t *testing.T) {
	r := newRunner(t, runtime.Options{Host: directHost{}})
	p := operatorPackage("counts", "1.0.0", `const at = Date.now(); module.exports = () => at;`)
	c := chain(`function (user, context, callback) { context.idToken.same = require('counts') === Date.now(); callback(null, user, context); }`)
	c.Packages = []rulebox.Package{p}
	for range 3 {
		inv := invocation(c)
		inv.Args = args(`{}`, `{"idToken":{}}`)
		inv.Now = time.UnixMilli(1_700_000_000_000)
		res, err := r.Invoke(context.Background(), inv)
		require.NoError(t, err)
		assert.JSONEq(t, `{"idToken":{"same":true}}`, string(res.Values[1]), "a body that ran ahead saw another time")
		r.Prepare(c)
	}
}

// A package that is not what its digest says is not run.
func TestPackageOfAnotherDigest(t *testing.T) {
	r := newRunner(t, runtime.Options{Host: directHost{}})
	p := operatorPackage("left", "1.0.0", `module.exports = () => 'good';`)
	forged := *p.Script
	forged.Source = `module.exports = () => 'forged';`
	p.Script = &forged
	c := chain(`function (user, context, callback) { context.idToken.v = require('left'); callback(null, user, context); }`)
	c.Packages = []rulebox.Package{p}
	inv := invocation(c)
	inv.Args = args(`{}`, `{"idToken":{}}`)
	_, err := r.Invoke(context.Background(), inv)
	require.ErrorContains(t, err, "not what its digest says")
}

// Actions declare versions; what they do not declare is the newest. Code that
// they share declares its own.
func TestRequireInActions(t *testing.T) {
	packages := []rulebox.Package{
		operatorPackage("left", "1.0.0", `module.exports = () => 'left 1';`), operatorPackage("left", "2.0.0", `module.exports = () => 'left 2';`),
	}
	source := `exports.onExecutePostLogin = async (event, api) => {
		api.idToken.setCustomClaim('v', [require('axios').VERSION, typeof require('uuid'), require('left'), require('actions:shared')].join());
	};`
	shared := rulebox.NewScript(rulebox.KindModule, "shared", `module.exports = require('axios').VERSION + require('left');`)
	for _, tt := range []struct {
		name, want   string
		dependencies map[string]string
		shared       map[string]string
	}{
		{name: "newest", want: "1.7.9,object,left 2,1.7.9left 2"},
		{name: "declared", dependencies: map[string]string{"axios": "0.27.0", "uuid": "3.1.0", "left": "^1.0.0"}, want: "0.27.2,function,left 1,1.7.9left 2"},
		{name: "declared by what is shared", shared: map[string]string{"axios": "0.21.4", "left": "1.0.0"}, want: "1.7.9,object,left 2,0.27.2left 1"},
		{name: "latest", dependencies: map[string]string{"axios": "latest", "left": "latest"}, want: "1.7.9,object,left 2,1.7.9left 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunner(t, runtime.Options{Host: directHost{}})
			c := chain()
			c.Trigger, c.Packages = rulebox.TriggerPostLogin, packages
			c.Scripts = []*rulebox.Script{rulebox.NewScript(rulebox.KindAction, "act", source)}
			c.Bindings = []rulebox.Binding{{Dependencies: tt.dependencies, Modules: []rulebox.ActionModule{{Name: "shared", Script: shared, Dependencies: tt.shared}}}}
			for range 2 {
				inv := invocation(c)
				inv.Args = []json.RawMessage{json.RawMessage(`{"user":{"user_id":"auth0|1"}}`)}
				res, err := r.Invoke(context.Background(), inv)
				require.NoError(t, err)
				require.Len(t, res.Commands, 1)
				assert.JSONEq(t, `["idToken.setCustomClaim","v","`+tt.want+`"]`, string(res.Commands[0]))
				r.Prepare(c)
			}
		})
	}
}

// What a package keeps, it keeps for one invocation: neither another login nor
// another tenant meets it.
func TestPackageStateIsOfOneInvocation(t *testing.T) {
	r := newRunner(t, runtime.Options{Host: directHost{}})
	p := operatorPackage("counter", "1.0.0", `let n = 0; const seen = []; module.exports = () => ({ next: () => ++n, seen });`)
	for _, tenant := range []string{"acme", "acme", "beta"} {
		c := chain(`function (user, context, callback) {
			const c = require('counter'); c.seen.push(user.email); c.next(); Object.prototype.leak = user.email;
			context.idToken.v = [c.next(), require('counter').seen.length]; callback(null, user, context);
		}`, `function (user, context, callback) { context.idToken.w = require('counter').next(); delete Object.prototype.leak; callback(null, user, context); }`)
		c.Tenant, c.Packages = tenant, []rulebox.Package{p}
		for range 2 {
			res, err := r.Invoke(context.Background(), invocation(c))
			require.NoError(t, err)
			assert.JSONEq(t, `{"idToken":{"v":[2,1],"w":3}}`, string(res.Values[1]))
			r.Prepare(c)
		}
	}
}

// modules.deny is about what scripts require. What an allowed module has of a
// denied one is in reach, and dials like every other: within the egress rules.
func TestDenyIsNoFirewall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r := newRunner(t, runtime.Options{Host: directHost{}})
	c := chain(`async function (user, context, callback) {
		const Socket = Object.getPrototypeOf(require('tls').TLSSocket);
		const dial = (host, port) => new Promise((r) => {
			const s = new Socket();
			s.on('connect', () => { s.destroy(); r('connected'); }).on('error', (e) => r(e.message)).connect(port, host);
		});
		let denied = ''; try { require('net'); } catch (e) { denied = e.message; }
		context.idToken.v = [denied, await dial('127.0.0.1', ` + port + `), await dial('forbidden.example', 80)];
		callback(null, user, context); }`)
	c.Tenant, c.Modules = "acme", rulebox.ModulePolicy{Deny: []string{"net"}}
	inv := invocation(c)
	inv.Args = args(`{}`, `{"idToken":{}}`)
	res, err := r.Invoke(context.Background(), inv)
	require.NoError(t, err)
	var got struct {
		IDToken struct{ V []string } `json:"idToken"`
	}
	require.NoError(t, json.Unmarshal(res.Values[1], &got))
	require.Len(t, got.IDToken.V, 3)
	assert.Contains(t, got.IDToken.V[0], "modules.deny")
	assert.Equal(t, "connected", got.IDToken.V[1], "the host lets that one through")
	assert.Contains(t, got.IDToken.V[2], "forbidden.example:80 is not allowed")
}
