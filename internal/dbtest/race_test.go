//go:build race

package dbtest

// raceDetector says that this build is with cgo: the jail is not whole then, and
// a process that ends takes a second for it.
const raceDetector = true
