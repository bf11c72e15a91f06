// Package js runs JavaScript on goja: programs, realms with their event loop,
// the module loader and the binding of native functions.
//
// A Realm is used by one goroutine at a time; only Stop and what the package
// says so of may be called from others. No value of the engine leaves the
// package: what goes in and comes out is JSON text and strings.
//
// Values that a script made are hostile. Reading one may run its getters, its
// toString, its proxies; converting one may allocate without bound or panic. So
// everything that touches them goes through Realm.guard, under the same
// deadline as the script itself, and a realm that panicked or was interrupted
// is thrown away.
package js
