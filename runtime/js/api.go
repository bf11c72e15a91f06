package js

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime/js/lazy"
)

// A method is one of api's, on the triggers that have it. What it asks for becomes
// a command of its name; call checks the arguments. Where the same name takes
// other arguments on another trigger, the table has it twice.
type method struct {
	name string // namespace.method
	on   triggers
	call func(a *apiCall) goja.Value // nil means api itself, so that calls chain
}

// An apiCall is one call of a method.
type apiCall struct {
	r    *Realm
	e    *effects
	m    *method
	args []goja.Value
}

// methodTable lists every method. It is set by init: the methods lead to the
// advice on failures, which reads the table.
var methodTable func() []method

func init() {
	methodTable = sync.OnceValue(func() []method {
		return slices.Concat(accessMethods, claimMethods, authenticationMethods, redirectMethods,
			userMethods, sessionMethods, samlMethods(), cacheMethods, providerMethods, directoryMethods)
	})
}

// An apiTable is the methods of one trigger by namespace.
type apiTable struct {
	spaces []string
	of     map[string]map[string]*method
}

var apiTables sync.Map // triggers to *apiTable

func apiTableOf(bit triggers) *apiTable {
	if t, ok := apiTables.Load(bit); ok {
		return t.(*apiTable)
	}
	t := &apiTable{of: make(map[string]map[string]*method)}
	table := methodTable()
	for i := range table {
		m := &table[i]
		if m.on&bit == 0 {
			continue
		}
		space, name, _ := strings.Cut(m.name, ".")
		if t.of[space] == nil {
			t.of[space] = make(map[string]*method)
			t.spaces = append(t.spaces, space)
		}
		t.of[space][name] = m
	}
	got, _ := apiTables.LoadOrStore(bit, t)
	return got.(*apiTable)
}

// newAPI returns api. Its namespaces and their methods are made when they are first
// touched: an action uses few of them.
func (r *Realm) newAPI(t *trigger) *goja.Object {
	table := &apiTable{}
	if t != nil {
		table = apiTableOf(t.bit)
	}
	return r.vm.NewDynamicObject(&apiSpace{keys: table.spaces, make: func(space string) goja.Value {
		methods, ok := table.of[space]
		if !ok {
			return nil
		}
		return r.vm.NewDynamicObject(&apiSpace{keys: sortedKeys(methods), make: func(name string) goja.Value {
			m, ok := methods[name]
			if !ok {
				return nil
			}
			return r.function(name, func(call goja.FunctionCall) goja.Value { return r.callAPI(m, call.Arguments) })
		}})
	}})
}

// apiSpace is api, or one of its namespaces: see goja.DynamicObject.
type apiSpace struct {
	keys []string
	make func(key string) goja.Value
	made map[string]goja.Value
}

func (s *apiSpace) Get(key string) goja.Value {
	if v, ok := s.made[key]; ok {
		return v
	}
	if !slices.Contains(s.keys, key) {
		return nil
	}
	v := s.make(key)
	s.Set(key, v)
	return v
}

func (s *apiSpace) Set(key string, v goja.Value) bool {
	if s.made == nil {
		s.made = make(map[string]goja.Value)
	}
	s.made[key] = v
	return true
}

func (s *apiSpace) Has(key string) bool {
	_, ok := s.made[key]
	return ok || slices.Contains(s.keys, key)
}

func (s *apiSpace) Delete(key string) bool { return false }

func (s *apiSpace) Keys() []string {
	keys := slices.Clone(s.keys)
	for _, k := range sortedKeys(s.made) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (r *Realm) callAPI(m *method, args []goja.Value) goja.Value {
	if r.action == nil || r.action.over || r.effects == nil {
		r.log("warn", fmt.Sprintf("api.%s was called after the action had ended; it has no effect", m.name))
		return r.chainable()
	}
	a := &apiCall{r: r, e: r.effects, m: m, args: args}
	if v := m.call(a); v != nil {
		return v
	}
	return r.chainable()
}

func (r *Realm) chainable() goja.Value {
	if r.action == nil {
		return goja.Undefined()
	}
	return r.action.api
}

// arg is the i-th argument; undefined if there are fewer.
func (a *apiCall) arg(i int) goja.Value {
	if i < len(a.args) && a.args[i] != nil {
		return a.args[i]
	}
	return goja.Undefined()
}

func isNone(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

// bad throws a TypeError that names the method.
func (a *apiCall) bad(format string, args ...any) {
	a.r.throwType("api.%s: %s", a.m.name, fmt.Sprintf(format, args...))
}

// warn tells the author of a call without effect.
func (a *apiCall) warn(format string, args ...any) {
	a.r.log("warn", "api."+a.m.name+": "+fmt.Sprintf(format, args...))
}

// kindOf names what a value is, for errors.
func kindOf(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case goja.String:
		return "a string"
	case *goja.Symbol:
		return "a symbol"
	case *goja.Object:
		if isFunctionValue(v) {
			return "a function"
		}
		if v.ClassName() == "Array" {
			return "an array"
		}
		return "an object"
	}
	switch {
	case goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsBigInt(v):
		return "a BigInt"
	case goja.IsNumber(v):
		return "a number"
	}
	return "a boolean"
}

// str is the i-th argument, which must be a string that is not empty, of at most
// max bytes unless that is 0.
func (a *apiCall) str(i int, what string, max int) string {
	s, ok := a.arg(i).(goja.String)
	if !ok {
		a.bad("%s must be a string; it is %s", what, kindOf(a.arg(i)))
	}
	text := s.String()
	switch {
	case text == "":
		a.bad("%s must not be empty", what)
	case max > 0 && len(text) > max:
		a.bad("%s has %d bytes; at most %d are allowed", what, len(text), max)
	}
	return text
}

// reason is the i-th argument as text. It never throws: a refusal must not fail for
// its words.
func (a *apiCall) reason(i int) string {
	v := a.arg(i)
	switch {
	case isNone(v):
		return ""
	case kindOf(v) == "an object", kindOf(v) == "an array":
		text, err := a.r.append(v, maxMessage)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return a.r.text(v, maxMessage)
}

// bool is the i-th argument, which must be a boolean.
func (a *apiCall) bool(i int, what string) json.RawMessage {
	v := a.arg(i)
	if kindOf(v) != "a boolean" {
		a.bad("%s must be true or false; it is %s", what, kindOf(v))
	}
	return json.RawMessage(v.String())
}

// millis is the i-th argument as milliseconds since 1970: a number or a Date.
func (a *apiCall) millis(i int, what string) int64 {
	v := a.arg(i)
	if o, ok := v.(*goja.Object); ok && o.ClassName() == "Date" {
		v = o.ToNumber()
	}
	if !goja.IsNumber(v) {
		a.bad("%s must be a number of milliseconds since 1970; it is %s", what, kindOf(v))
	}
	f := v.ToFloat()
	if math.IsNaN(f) || f < 0 || f > 8.64e15 {
		a.bad("%s must be a number of milliseconds since 1970", what)
	}
	return int64(f)
}

// json is v as JSON text; ok is false for what JSON leaves out, such as undefined.
func (a *apiCall) json(v goja.Value, what string) (text json.RawMessage, ok bool) {
	switch kindOf(v) {
	case "undefined", "a function", "a symbol":
		return nil, false
	}
	text, err := a.r.codec.Append(nil, v, a.r.limits.Output)
	var ex *goja.Exception
	switch {
	case err == nil:
		return text, len(text) > 0
	case errors.Is(err, lazy.ErrTooLarge):
		a.r.Stop(rulebox.CodeMemory, fmt.Sprintf("api.%s: %s is longer than %d bytes of JSON", a.m.name, what, a.r.limits.Output), "give less, or raise limits.output", nil)
		return nil, false
	case errors.Is(err, lazy.ErrTooDeep):
		a.bad("%s nests deeper than %d levels", what, lazy.MaxDepth)
	case errors.As(err, &ex):
		why := "it throws when it is read"
		if o, ok := ex.Value().(*goja.Object); ok {
			if s, ok := o.Get("message").(goja.String); ok {
				why = clip(s, 256)
			}
		}
		a.bad("%s cannot be written as JSON: %s", what, why)
	}
	panic(err)
}

// object is the i-th argument, an object or nothing.
func (a *apiCall) object(i int, what string) *goja.Object {
	v := a.arg(i)
	if isNone(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok || isFunctionValue(o) || o.ClassName() == "Array" {
		a.bad("%s must be an object; it is %s", what, kindOf(v))
	}
	return o
}

// list is v as the values of an array.
func (a *apiCall) list(v goja.Value, what string, max int) []goja.Value {
	o, ok := v.(*goja.Object)
	if !ok || !isArrayObject(o) {
		a.bad("%s must be an array; it is %s", what, kindOf(v))
	}
	n := o.Get("length").ToInteger()
	if n > int64(max) {
		a.bad("%s has %d elements; at most %d are allowed", what, n, max)
	}
	list := make([]goja.Value, n)
	for i := range list {
		if list[i] = o.Get(fmt.Sprint(i)); list[i] == nil {
			list[i] = goja.Undefined()
		}
	}
	return list
}

func isArrayObject(o *goja.Object) bool {
	if o.ClassName() == "Array" {
		return true
	}
	_, ok := o.Export().([]any) // a proxy of an array
	return ok
}

// emit adds the command.
func (a *apiCall) emit(parts ...any) goja.Value {
	a.r.emit(a.m.name, parts...)
	return nil
}

// deny refuses the transaction, at the end of the action. The last call counts.
func (a *apiCall) deny(oauth, message, hint string) {
	if message == "" {
		message = "Access denied."
	}
	a.e.denied = &rulebox.Error{Code: rulebox.CodeDenied, Message: message, Hint: hint, OAuth: oauth}
}

// url is the i-th argument, an absolute URL of the web, with the query of the
// options that follow it.
func (a *apiCall) url(i int) string {
	text := a.str(i, "the URL", maxRedirect)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		a.bad("the URL must be absolute and begin with https:// or http://; it is %q", text[:min(len(text), 200)])
	}
	options := a.object(i+1, "the second argument")
	if options == nil {
		return text
	}
	query, ok := options.Get("query").(*goja.Object)
	if !ok {
		return text
	}
	var pairs []string
	for _, k := range query.Keys() {
		v := query.Get(k)
		switch kindOf(v) {
		case "a string", "a number", "a boolean":
			pairs = append(pairs, url.QueryEscape(k)+"="+url.QueryEscape(v.String()))
		case "undefined", "null":
		default:
			a.bad("query.%s must be a string; it is %s", k, kindOf(v))
		}
	}
	if len(pairs) == 0 {
		return text
	}
	text, fragment, hashed := strings.Cut(text, "#")
	switch {
	case !strings.Contains(text, "?"):
		text += "?"
	case !strings.HasSuffix(text, "?") && !strings.HasSuffix(text, "&"):
		text += "&"
	}
	text += strings.Join(pairs, "&")
	if hashed {
		text += "#" + fragment
	}
	return text
}

// seconds is a number of seconds as a duration, within a year.
func seconds(f float64) time.Duration {
	return time.Duration(min(f, 366*24*3600) * float64(time.Second))
}
