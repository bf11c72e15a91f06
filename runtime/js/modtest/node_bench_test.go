package modtest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// BenchmarkRule is a whole run of a one-line rule that uses one thing; compare
// with "nothing" for what the thing costs a fresh realm.
func BenchmarkRule(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"nothing", ``},
		{"Buffer", `Buffer.from('héllo').toString('base64')`},
		{"BufferMore", `Buffer.alloc(4).writeUInt32BE(1)`},
		{"btoa", `btoa('hello')`},
		{"URL", `new URL('https://example.com/a?b=c').hostname`},
		{"searchParams", `new URL('https://example.com/a?b=c').searchParams.get('b')`},
		{"URLSearchParams", `new URLSearchParams({a: 'b'}).toString()`},
		{"TextEncoder", `new TextEncoder().encode('x')`},
		{"AbortController", `new AbortController().abort()`},
		{"structuredClone", `structuredClone({a: [1, {b: 2}]})`},
		{"consoleString", `console.log('hello %s')`},
		{"consoleObject", `console.log('user', {a: 1, b: [1, 2]})`},
		{"util", `require('util')`},
		{"url", `require('url').parse('http://a/b?c')`},
		{"querystring", `require('querystring').stringify({a: 1})`},
		{"events", `new (require('events'))().on('x', () => 1)`},
		{"stream", `require('stream')`},
		{"assert", `require('assert')(true)`},
		{"path", `require('path').join('a', 'b')`},
		{"zlib", `require('zlib').gzipSync('hello')`},
	} {
		b.Run(c.name, func(b *testing.B) {
			runner := runtime.NewRunner(runtime.Options{Host: closedHost{}})
			defer runner.Close()
			chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{
				rulebox.NewScript(rulebox.KindRule, "r", "function (user, context, callback) {"+c.body+"; callback(null, user, context); }")}}
			inv := &rulebox.Invocation{Chain: chain, ID: "tx", Args: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := runner.Invoke(context.Background(), inv); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
