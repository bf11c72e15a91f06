// Package pattern makes regular expressions that cost nothing until they are
// used. Every worker is a process of the one binary and initializes all of its
// packages: an expression with a counted repetition takes up to 100 KiB of each.
package pattern

import (
	"regexp"
	"sync"
)

// New returns a function that compiles the expression when it is first called. It
// panics then if the expression is malformed.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
