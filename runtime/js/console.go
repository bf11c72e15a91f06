package js

import (
	"strings"

	"github.com/dop251/goja"
)

// consoleObject is `console`: see goja.DynamicObject. A method is made when
// first touched.
type consoleObject struct {
	r     *Realm
	props map[string]goja.Value
	depth int // of groups
}

// levels are the methods that write a line, with the level they write.
var levels = map[string]string{
	"log": "log", "info": "info", "warn": "warn", "error": "error", "debug": "debug",
	"trace": "debug", "dir": "log", "dirxml": "log", "table": "log", "group": "log", "groupCollapsed": "log",
}

var quiet = []string{"groupEnd", "assert", "count", "countReset", "time", "timeEnd", "timeLog", "clear", "timeStamp", "profile", "profileEnd"}

func (r *Realm) console() goja.Value {
	return r.vm.NewDynamicObject(&consoleObject{r: r, props: make(map[string]goja.Value)})
}

func (c *consoleObject) Get(key string) goja.Value {
	if v, ok := c.props[key]; ok {
		return v
	}
	level, ok := levels[key]
	if !ok {
		return nil
	}
	v := c.r.function(key, func(call goja.FunctionCall) goja.Value {
		c.r.log(level, c.r.format(call.Arguments))
		return goja.Undefined()
	})
	c.props[key] = v
	return v
}

func (c *consoleObject) Set(key string, v goja.Value) bool {
	c.props[key] = v
	return true
}

func (c *consoleObject) Has(key string) bool {
	if _, ok := c.props[key]; ok {
		return true
	}
	_, ok := levels[key]
	return ok
}

func (c *consoleObject) Delete(key string) bool {
	delete(c.props, key)
	return true
}

func (c *consoleObject) Keys() []string { return sortedKeys(levels) }

// maxLine bounds one console line, in UTF-16 units.
const maxLine = 16 << 10

// format renders a console call as util.format does.
func (r *Realm) format(args []goja.Value) string {
	if s, ok := r.simpleFormat(args); ok {
		return s
	}
	var b strings.Builder
	for i, v := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if o, ok := v.(*goja.Object); ok {
			text, err := r.codec.Append(nil, o, maxLine*4)
			rethrowException(err)
			if err != nil {
				text = []byte("[object]")
			}
			b.Write(text)
		} else {
			b.WriteString(r.text(v, maxLine))
		}
	}
	return b.String()
}

func rethrowException(err error) {
	if _, ok := err.(*goja.InterruptedError); ok {
		panic(err)
	}
}

// simpleFormat renders primitives without a format string.
func (r *Realm) simpleFormat(args []goja.Value) (string, bool) {
	for i, v := range args {
		switch v := v.(type) {
		case *goja.Object, *goja.Symbol:
			return "", false
		case goja.String:
			if i == 0 && len(args) > 1 && strings.IndexByte(clip(v, maxLine), '%') >= 0 {
				return "", false
			}
		default:
			if goja.IsBigInt(v) {
				return "", false
			}
		}
	}
	if len(args) == 1 {
		return r.text(args[0], maxLine), true
	}
	var b strings.Builder
	for i, v := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.text(v, maxLine))
	}
	return b.String(), true
}
