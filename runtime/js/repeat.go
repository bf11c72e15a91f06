package js

import (
	"errors"
	"math"

	"github.com/dop251/goja"
)

const (
	// maxRepeated is how many code units a string may have in Node.
	maxRepeated = 1<<29 - 24
	// repeatUnit is how many code units are copied at a time, about.
	repeatUnit = 16 << 10
)

// errTooLong ends the run, as such a length does where the engine allocates it; in
// Node it would be an error to catch.
var errTooLong = errors.New("js: the string is too large")

// repeatString puts our String.prototype.repeat in place of the engine's, which copies
// short strings one by one: ten million take it as long as thousands of logins.
func (r *Realm) repeatString() {
	if r.repeats {
		return
	}
	r.repeats = true
	class, _ := r.vm.Get("String").(*goja.Object)
	if class == nil {
		return
	}
	proto, _ := class.Get("prototype").(*goja.Object)
	if proto == nil {
		return
	}
	slow, ok := goja.AssertFunction(proto.Get("repeat"))
	if !ok {
		return
	}
	f := r.function("repeat", func(call goja.FunctionCall) goja.Value {
		s, n := r.repetition(call)
		if s == nil || n < 2 || s.Length() > repeatUnit {
			v, err := slow(call.This, call.Arguments...)
			rethrow(err)
			return v
		}
		return repeat(s, n)
	})
	f.DefineDataProperty("length", r.vm.ToValue(1), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	proto.DefineDataProperty("repeat", f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// repetition is what a call of repeat asks for; nil if that is nothing but a short
// answer or an error of the engine's. Values with code of the script's behind them
// are left to the engine, so that the code runs once, and so is what is rare.
func (r *Realm) repetition(call goja.FunctionCall) (s goja.String, n int) {
	s, _ = call.This.(goja.String)
	if s == nil {
		return nil, 0
	}
	switch call.Argument(0).Export().(type) {
	case int64, float64, string:
	default:
		return nil, 0
	}
	count := math.Trunc(call.Argument(0).ToFloat())
	if count < 0 || math.IsInf(count, 0) {
		panic(r.newError("RangeError", "Invalid count value: "+call.Argument(0).String()))
	}
	if !(count >= 1) || s.Length() == 0 {
		return nil, 0
	}
	if float64(s.Length())*count > maxRepeated {
		panic(errTooLong)
	}
	return s, int(count)
}

// repeat is s n times.
func repeat(s goja.String, n int) goja.String {
	length := s.Length()
	times := min(n, max(1, repeatUnit/length))
	var b goja.StringBuilder
	for range times {
		b.WriteString(s)
	}
	unit := b.String()
	if times == n {
		return unit
	}
	var all goja.StringBuilder
	if text, _ := unit.Export().(string); len(text) == unit.Length() { // each is one byte
		all.Grow(n * length)
	} else {
		all.LikelyUnicode(n * length)
	}
	for ; n >= times; n -= times {
		all.WriteString(unit)
	}
	all.WriteSubstring(unit, 0, n*length)
	return all.String()
}
