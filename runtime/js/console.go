package js

import (
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox/modules"
)

// A console is what `console` keeps between calls.
type console struct {
	r      *Realm
	props  map[string]goja.Value // methods that were touched, and what scripts put there
	groups int
	counts map[string]int
	timers map[string]time.Time
	format goja.Callable // of module internal/inspect
}

// Bounds on one console line, in UTF-16 units, and on what the console counts.
const (
	maxLine   = 16 << 10
	maxGroups = 32
	maxLabels = 1000
)

// consoleMethods are the methods, in the order in which keys list them. A method
// is made when first touched.
var consoleMethods = []struct {
	name string
	call func(c *console, args []goja.Value)
}{
	{"log", line("log")}, {"info", line("info")}, {"warn", line("warn")}, {"error", line("error")},
	{"debug", line("debug")}, {"dirxml", line("log")},
	{"dir", (*console).dir},
	{"table", func(c *console, args []goja.Value) { c.line("log", args[:min(1, len(args))]) }},
	{"trace", func(c *console, args []goja.Value) {
		c.write("debug", strings.TrimSpace("Trace: "+c.text(args))+"\n"+c.r.frames(c.r.vm.CaptureCallStack(0, nil)))
	}},
	{"assert", func(c *console, args []goja.Value) {
		if len(args) > 0 && args[0].ToBoolean() {
			return
		}
		text := "Assertion failed"
		if len(args) > 1 {
			text += ": " + c.text(args[1:])
		}
		c.write("error", text)
	}},
	{"group", (*console).group}, {"groupCollapsed", (*console).group},
	{"groupEnd", func(c *console, _ []goja.Value) { c.groups = max(0, c.groups-1) }},
	{"count", func(c *console, args []goja.Value) {
		label := c.label(args)
		if c.counts == nil {
			c.counts = make(map[string]int)
		}
		if len(c.counts) < maxLabels || c.counts[label] > 0 {
			c.counts[label]++
		}
		c.write("log", fmt.Sprintf("%s: %d", label, c.counts[label]))
	}},
	{"countReset", func(c *console, args []goja.Value) { delete(c.counts, c.label(args)) }},
	{"time", func(c *console, args []goja.Value) {
		if c.timers == nil {
			c.timers = make(map[string]time.Time)
		}
		if len(c.timers) < maxLabels {
			c.timers[c.label(args)] = time.Now()
		}
	}},
	{"timeLog", func(c *console, args []goja.Value) { c.elapsed(args, false) }},
	{"timeEnd", func(c *console, args []goja.Value) { c.elapsed(args, true) }},
	{"clear", nothing}, {"timeStamp", nothing}, {"profile", nothing}, {"profileEnd", nothing},
}

func nothing(*console, []goja.Value) {}

func line(level string) func(*console, []goja.Value) {
	return func(c *console, args []goja.Value) { c.line(level, args) }
}

func (c *console) line(level string, args []goja.Value) { c.write(level, c.text(args)) }

func (c *console) write(level, text string) {
	if c.groups > 0 {
		pad := strings.Repeat("  ", c.groups)
		text = pad + strings.ReplaceAll(text, "\n", "\n"+pad)
	}
	c.r.log(level, text)
}

// dir shows its first argument as util.inspect does with the options of the second.
func (c *console) dir(args []goja.Value) {
	if len(args) > 1 {
		if o, ok := c.r.requireModule(inspectModule).(*goja.Object); ok {
			if inspect, ok := goja.AssertFunction(o.Get("inspect")); ok {
				v, err := inspect(goja.Undefined(), args[0], args[1])
				if s, ok := v.(goja.String); ok && err == nil {
					c.write("log", clip(s, maxLine))
					return
				}
				if err != nil && !isException(err) {
					panic(err) // an interrupt: it must end the script
				}
			}
		}
	}
	c.line("log", args[:min(1, len(args))])
}

func (c *console) group(args []goja.Value) {
	if len(args) > 0 {
		c.line("log", args)
	}
	c.groups = min(maxGroups, c.groups+1)
}

func (c *console) label(args []goja.Value) string {
	if len(args) == 0 || goja.IsUndefined(args[0]) {
		return "default"
	}
	if s, ok := args[0].ToString().(goja.String); ok {
		return clip(s, 256)
	}
	return "default"
}

func (c *console) elapsed(args []goja.Value, end bool) {
	label := c.label(args)
	start, ok := c.timers[label]
	if !ok {
		c.write("warn", fmt.Sprintf("No such label '%s' for console.time()", label))
		return
	}
	text := fmt.Sprintf("%s: %.3fms", label, float64(time.Since(start).Microseconds())/1000)
	if end {
		delete(c.timers, label)
	} else if len(args) > 1 {
		text += " " + c.text(args[1:])
	}
	c.write("log", text)
}

// The console as a goja.DynamicObject.

func (r *Realm) console() goja.Value {
	return r.vm.NewDynamicObject(&console{r: r, props: make(map[string]goja.Value)})
}

func (c *console) Get(key string) goja.Value {
	if v, ok := c.props[key]; ok {
		return v
	}
	for i := range consoleMethods {
		if m := &consoleMethods[i]; m.name == key {
			v := c.r.function(key, func(call goja.FunctionCall) goja.Value {
				m.call(c, call.Arguments)
				return goja.Undefined()
			})
			c.props[key] = v
			return v
		}
	}
	return nil
}

func (c *console) Set(key string, v goja.Value) bool {
	c.props[key] = v
	return true
}

func (c *console) Has(key string) bool { return c.Get(key) != nil }

// Delete makes a method undefined.
func (c *console) Delete(key string) bool {
	c.props[key] = goja.Undefined()
	return true
}

func (c *console) Keys() []string {
	keys := make([]string, len(consoleMethods))
	for i := range consoleMethods {
		keys[i] = consoleMethods[i].name
	}
	for _, k := range sortedKeys(c.props) {
		if !hasString(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func hasString(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// text renders the arguments as util.format does.
func (c *console) text(args []goja.Value) string {
	if s, ok := c.r.simpleText(args); ok {
		return s
	}
	if c.format == nil {
		if _, ok := modules.Lookup(inspectModule); ok {
			if o, ok := c.r.requireModule(inspectModule).(*goja.Object); ok {
				c.format, _ = goja.AssertFunction(o.Get("format"))
			}
		}
	}
	if c.format != nil {
		v, err := c.format(goja.Undefined(), args...)
		if s, ok := v.(goja.String); ok && err == nil {
			return clip(s, maxLine)
		}
		if err != nil && !isException(err) {
			panic(err) // an interrupt: it must end the script
		}
	}
	// What a module cannot show, because its traps throw, has only a kind.
	parts := make([]string, len(args))
	for i, v := range args {
		parts[i] = c.r.text(v, maxLine)
	}
	return strings.Join(parts, " ")
}

const inspectModule = "internal/inspect"

// simpleText renders primitives, where the first is no format string. It is the
// common case and runs no guest code.
func (r *Realm) simpleText(args []goja.Value) (string, bool) {
	if len(args) == 1 {
		if s, ok := args[0].(goja.String); ok {
			return clip(s, maxLine), true
		}
	}
	var b strings.Builder
	for i, v := range args {
		switch v.(type) {
		case *goja.Object, *goja.Symbol:
			return "", false
		}
		if goja.IsBigInt(v) {
			return "", false
		}
		text := r.text(v, maxLine)
		if i == 0 && goja.IsString(v) && strings.IndexByte(text, '%') >= 0 && len(args) > 1 {
			return "", false
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	return b.String(), true
}
