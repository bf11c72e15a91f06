package main

import (
	"strconv"
	"strings"
	"unicode"
)

// printable is text that strangers have a say in, such as errors of packages and
// scripts, for a terminal: what is not to be printed is escaped, for it could
// clear what stands there, or write something else. Lines stay lines.
func printable(s string) string {
	fine := func(r rune) bool { return unicode.IsPrint(r) || r == '\n' || r == '\t' }
	if !strings.ContainsFunc(s, func(r rune) bool { return !fine(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if fine(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
