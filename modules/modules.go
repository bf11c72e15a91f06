// Package modules is what require() may find, and the globals a script gets
// beside the language: one visible table, each entry a folder or a file here.
//
// A module is JavaScript source over native functions written in Go. The two
// meet in values that are copied: a native takes and returns plain data, never
// an object of the engine, so nothing of the host is reachable from a script.
// This package knows no engine; runtime/js binds it to one.
//
// Modules do not dial and do not open files: out only through Host.
package modules

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"time"
)

// Host is all that a module may ask of the outside. Implementations are safe for
// concurrent use.
type Host interface {
	// Dial connects through the node's dial broker. Network is tcp; address is
	// host:port. A refusal is a *rulebox.Error with CodeForbidden.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Rand is a source of random bytes fit for keys.
	Rand() io.Reader
}

// A Module is one entry of the table: what one name gives.
type Module struct {
	// Name is what require() asks for, without `node:` and version.
	Name string
	// Version is the generation this entry offers, such as 4.17.21; empty for a
	// Node.js built-in.
	Version string
	// Source is the body of a CommonJS module: it sees `module`, `exports`,
	// `require` (of this table, with internal entries) and `native`, an object
	// with one function per entry of Natives. It is evaluated at most once a
	// realm, when first required.
	Source string
	// Natives are the Go functions the source may call.
	Natives map[string]Native
	// Handlers lets the source give functions to natives that return a Task; see
	// Native.
	Handlers bool
	// Internal entries can be required by other modules only, never by scripts.
	Internal bool
	// Retired, if not empty, is the advice that require() fails with.
	Retired string
	// Standard marks the generation that a request without a version means in
	// rules and database scripts. If none of a name is marked it is the oldest.
	Standard bool
	// Bundle is not nil for a package from npm, whose text is packed: Text has it.
	Bundle *Bundle

	unit int // the number of its unit, from 1; 0 if it has Source
	// request is what other units require it by.
	request string
}

// Unit is what LookupUnit finds it by, empty for what is no unit of a bundle.
func (m *Module) Unit() string { return m.request }

// Text returns the source; that of a package from npm is unpacked each time.
func (m *Module) Text() (string, error) {
	if m.unit == 0 {
		return m.Source, nil
	}
	u, err := unitAt(m.unit - 1)
	if err != nil {
		return "", err
	}
	return u.text()
}

// ID is what require() finds this very entry by: the name, with the version if
// there is one.
func (m *Module) ID() string {
	if m.Version == "" {
		return m.Name
	}
	return m.Name + "@" + m.Version
}

// A Native is a Go function behind a module. Args and the result are plain
// values:
//
//	JavaScript                     Go, as argument       Go, as result
//	undefined, null                nil                   nil (undefined), Null
//	boolean                        bool                  bool
//	number                         float64               float64, int, int64
//	string                         string                string
//	Uint8Array, ArrayBuffer, …     []byte (a view)       []byte (a Uint8Array)
//	bigint                         *big.Int              *big.Int
//	array                          []any                 []any, []string
//	plain object                   Object                Object
//	Date                           time.Time             time.Time
//	what JSON.parse gives          like the value        JSON
//	function                       see below             not allowed
//
// A []byte argument is a view of the script's memory: it must not be kept or
// written to after the call, except by natives documented to fill it. A string
// with lone surrogates arrives with U+FFFD in their place. A result of type Task
// becomes a Promise. An error becomes a thrown Error; a *Throw chooses its class
// and properties.
//
// In a Module with Handlers, a function at the end of the argument list is not
// passed on: it is called with the error of the Task that the native returns, and
// one before it with the result. What they return is what the Promise is
// fulfilled with, what they throw is what it is rejected with, as in then(f, g)
// but without a second Promise.
//
// A native runs on the script's own goroutine and must not block: what waits
// goes into a Task.
type Native func(c *Call, args []any) (any, error)

// Task is work that may wait. It runs off the script's goroutine; its result,
// a plain value or an error, settles the Promise that the native returned. It
// must end when ctx does, and must not touch views of script memory.
type Task func(ctx context.Context) (any, error)

// Null is JavaScript's null as a result.
type Null struct{}

// JSON is JSON text as a result: scripts get what JSON.parse makes of it, or its
// SyntaxError.
type JSON string

// Object is a plain object with its keys in order.
type Object []Field

// Field is one property of an Object.
type Field struct {
	Key   string
	Value any
}

// Get returns the value of the key, nil if there is none.
func (o Object) Get(key string) any {
	for i := range o {
		if o[i].Key == key {
			return o[i].Value
		}
	}
	return nil
}

// A Throw is an error with the JavaScript class and properties it has in
// scripts.
type Throw struct {
	// Class is the constructor's name: Error (default), TypeError, RangeError.
	Class   string
	Message string
	// Name, if not empty, replaces the error's name.
	Name string
	// Props are further own properties, such as code.
	Props Object
}

func (t *Throw) Error() string { return t.Message }

// Coded returns an Error with the code property.
func Coded(code, message string) *Throw {
	return &Throw{Message: message, Props: Object{{"code", code}}}
}

// A Call is what a native knows of the run it serves.
type Call struct {
	// Ctx ends with the invocation. It is for Tasks; natives do not wait.
	Ctx  context.Context
	Host Host
	// Realm holds what natives keep between calls of one realm.
	Realm *Realm
}

// rand is the host's source of random bytes; without a host there is no network,
// but there are random bytes.
func (c *Call) rand() io.Reader {
	if c.Host == nil {
		return rand.Reader
	}
	return c.Host.Rand()
}

// Realm is the native side of one realm. It is used by one goroutine at a time,
// except where a method says otherwise.
type Realm struct {
	// Now is the time as scripts see it.
	Now     func() time.Time
	handles []any // what Keep stored, nil where dropped
	free    []int // indexes of handles to use again
}

// Keep stores v, such as an open connection, and returns the handle under which
// scripts' modules know it. If v is an io.Closer it is closed with the realm.
func (r *Realm) Keep(v any) int {
	if n := len(r.free); n > 0 {
		h := r.free[n-1]
		r.free = r.free[:n-1]
		r.handles[h] = v
		return h
	}
	r.handles = append(r.handles, v)
	return len(r.handles) - 1
}

// Handle returns what Keep stored, nil if nothing or dropped.
func (r *Realm) Handle(h any) any {
	f, ok := h.(float64)
	if i := int(f); ok && i >= 0 && i < len(r.handles) {
		return r.handles[i]
	}
	return nil
}

// Drop forgets the handle without closing what it holds.
func (r *Realm) Drop(h any) {
	if f, ok := h.(float64); ok && int(f) >= 0 && int(f) < len(r.handles) && r.handles[int(f)] != nil {
		r.handles[int(f)] = nil
		r.free = append(r.free, int(f))
	}
}

// Close closes everything that is kept.
func (r *Realm) Close() {
	for i, v := range r.handles {
		if c, ok := v.(io.Closer); ok {
			c.Close()
		}
		r.handles[i] = nil
	}
	r.handles, r.free = nil, nil
}
