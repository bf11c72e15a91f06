package glance

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const handlerName = "onExecutePostLogin"

// What surely has no handler is refused; what may have one is not.
func TestMisspelledHandlers(t *testing.T) {
	const near = "it exports onExecutePostLogn, but not onExecutePostLogin, which post-login calls; did you mean onExecutePostLogin where it says onExecutePostLogn?"
	for source, want := range map[string]string{
		"exports.onExecutePostLogn = async (event, api) => {};":                                                                                     near,
		"module.exports.onExecutePostLogn = async (event, api) => {};":                                                                              near,
		"module . exports = {\n  onExecutePostLogn: async () => {} };":                                                                              near,
		"module.exports = { async onExecutePostLogn(event, api) {}, other: 1 };":                                                                    near,
		"const onExecutePostLogn = 1;\nmodule.exports = {onExecutePostLogn};":                                                                       near,
		"/**\n * If your onExecutePostLogin function does this.\n */\nexports.onExecutePostLogn = () => `x`;\n// exports.onContinuePostLogin = 1\n": near,
		`Object.defineProperty(exports, "__esModule", { value: true });` + "\nexports.onExecutePostLogn = void 0;\nexports.onExecutePostLogn = f;":  near,
		"exports.onExecutePreUserRegistration = async () => {};":                                                                                    "it exports onExecutePreUserRegistration, but not onExecutePostLogin, which post-login calls",
		"exports.onExecutePostLogn = () => f({...a, [b]: 'with'});":                                                                                 near,
		"exports.onContinuePostLogin = async () => {};":                                                                                             "it exports onContinuePostLogin, but not",

		"exports.onExecutePostLogin = async () => {}; exports.onContinuePostLogn = 1;":         "",
		"module.exports = require('actions:x');":                                               "",
		"exports.onX = 1; module.exports = require('actions:x');":                              "",
		"exports.onX = 1; Object.assign(exports, require('actions:x'));":                       "",
		"exports.onX = 1; exports['on' + 'ExecutePostLogin'] = f;":                             "",
		"const e = exports; e.onX = 1; exports.onX = 1; e[n] = f;":                             "",
		"exports.onX = 1; const m = module; m[k] = {};":                                        "",
		"exports.onX = 1; this[n] = f;":                                                        "",
		"exports.onX = 1; eval(s);":                                                            "",
		"exports.onX = 1; arguments[0][n] = f;":                                                "",
		"exports.onX = 1; exports.__defineGetter__(n, f);":                                     "",
		"exports.onX = 1; exports.onExecute\\u0050ostLogin = f;":                               "",
		"module.exports = { onX, ...require('x') };":                                           "",
		"module.exports = { onX: 1, [name]: f };":                                              "",
		"module.exports = { helper, onX };":                                                    "",
		"exports.helper = 1;":                                                                  "",
		"1":                                                                                    "",
		"const t = `\n/* `; exports.onExecutePostLogin = f; exports.onX = 1; const u = ` */`;": "",
		"/* a */ exports.onExecutePostLogin = f; exports.onX = 1;":                             "",
		"/* a\n*/ exports.onExecutePostLogin = f; exports.onX = 1;":                            "",
		"exports.onX = 1; /* not closed in a string '":                                         "it exports onX",
	} {
		err := Misspelled(source, handlerName, "post-login")
		if want == "" {
			assert.NoError(t, err, source)
		} else {
			assert.ErrorContains(t, err, want, source)
		}
	}
}
