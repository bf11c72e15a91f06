package runtime_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// A script that mentions repeat has a String.prototype.repeat of ours, which gives
// what Node's gives.
func TestRepeat(t *testing.T) {
	r := newRunner(t, runtime.Options{})
	res, err := r.Invoke(context.Background(), invocation(chain(`function (user, context, callback) {
		user = { differ: [], say: [] };
		const lone = String.fromCharCode(0xd800);
		for (const s of ['', 'x', 'ab', lone, 'a' + lone, '\u00e9', '\u{1f600}\u00e9', '\u00ff'.repeat(9000), 'x'.repeat(20000)])
			for (const n of [0, 1, 2, 3, 4095, 4096, 16383, 16384, 16385, 20011, '7', 2.9, -0.5, NaN, undefined]) {
				if (s.length * n > 3e6) continue;
				const times = Math.trunc(Number(n)) || 0, is = s.repeat(n);
				if (is !== Array(times + 1).join(s) || is.length !== s.length * times) user.differ.push([s.slice(0, 9), s.length, n]);
			}
		const big = 'x'.repeat(1e7);
		user.big = [big.length, big[0], big[9999999], /[^x]/.test(big)];
		let converted = 0;
		const say = f => { try { user.say.push(f()); } catch (e) { user.say.push(e.constructor === RangeError ? String(e) : e.name); } };
		say(() => 'x'.repeat(-1.5));
		say(() => ''.repeat(Infinity));
		say(() => ''.repeat(2 ** 60));
		say(() => 'x'.repeat(1n));
		say(() => 'x'.repeat(Symbol()));
		say(() => String.prototype.repeat.call(null, 1));
		say(() => String.prototype.repeat.call(12, 2));
		say(() => 'ab'.repeat({ valueOf() { converted++; return 3; } }) + converted);
		say(() => new String('ab').repeat(2));
		say(() => new ('x'.repeat)(2));
		const d = Object.getOwnPropertyDescriptor(String.prototype, 'repeat');
		say(() => [d.value.name, d.value.length, d.writable, d.enumerable, d.configurable].join());
		callback(null, user, context);
	}`)))
	require.NoError(t, err)
	assert.JSONEq(t, `{"differ": [], "big": [10000000, "x", "x", false], "say": [
		"RangeError: Invalid count value: -1.5",
		"RangeError: Invalid count value: Infinity", "", "TypeError", "TypeError", "TypeError", "1212", "ababab1", "abab", "TypeError",
		"repeat,1,true,false,true"]}`, string(res.Values[0]))
	for _, long := range []string{"'x'.repeat(2 ** 29 - 23)", "'ab'.repeat(2 ** 40)", "'x'.repeat(2 ** 53)"} {
		_, err := r.Invoke(context.Background(), invocation(chain("function (user, context, callback) { "+long+"; callback(null); }")))
		assert.Equal(t, rulebox.CodeMemory, fault(t, err).Code, long)
	}
}
