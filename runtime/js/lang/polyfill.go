package lang

import (
	"slices"
	"strings"
)

// polyfillWords says which group of module internal/polyfill a source needs that
// mentions the word. Words in comments and strings count too: installing a
// polyfill without need costs microseconds, and obj['groupBy'] needs it. What is
// seen by no scan: names put together at run time.
var polyfillWords = map[string]string{
	"groupBy":       "groupBy",
	"withResolvers": "promise", ".try": "promise",
	"fromAsync":    "fromAsync",
	"isWellFormed": "wellFormed", "toWellFormed": "wellFormed",
	"asyncIterator": "symbols", "dispose": "symbols", "asyncDispose": "symbols",
	"captureStackTrace": "stack", "stackTraceLimit": "stack", "prepareStackTrace": "callsites",
	"__defineGetter__": "accessors", "__defineSetter__": "accessors",
	"__lookupGetter__": "accessors", "__lookupSetter__": "accessors",
	"getYear": "annexB", "setYear": "annexB", "toGMTString": "annexB",
	".escape": "escape",
	// Helpers are called on what these give, under names that arrays have too.
	"Iterator": "iterator", "matchAll": "iterator",
	".values": "iterator", ".keys": "iterator", ".entries": "iterator", "function*": "iterator",
	"toLocaleString": "locale", "toLocaleDateString": "locale", "toLocaleTimeString": "locale",
	"localeCompare": "locale", "toLocaleLowerCase": "locale", "toLocaleUpperCase": "locale",
}

// Polyfills returns the groups of module internal/polyfill that the source may
// need, sorted. Each name is a function that the module exports and that does
// nothing when called again: a group costs a realm 5 to 40 µs once. One pass over the text, no allocation for a source
// that needs none.
func Polyfills(source string) []string {
	var groups []string
	add := func(g string) {
		if g != "" && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	property, constructor := false, false
	for i := 0; i < len(source); {
		if !wordByte(source[i]) {
			if source[i] == '\\' && i+2 < len(source) && (source[i+1] == 'p' || source[i+1] == 'P') && source[i+2] == '{' {
				property = true
			}
			i++
			continue
		}
		start := i
		for i < len(source) && wordByte(source[i]) {
			i++
		}
		word := source[start:i]
		switch len(word) {
		case 3, 4:
			if start > 0 && source[start-1] == '.' && (word == "try" || word == "keys" && helperCall(source[i:], source[:start])) {
				add(polyfillWords[source[start-1:i]])
			}
		case 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18:
			if word == "RegExp" {
				constructor = true
			}
			if strings.HasSuffix(word, "Array") && strings.HasPrefix(source[i:], ".from") {
				add("typedFrom")
			}
			if i < len(source) && word == "function" && source[i] == '*' {
				add("iterator")
			}
			if start > 0 && source[start-1] == '.' &&
				(word == "escape" || (word == "values" || word == "entries") && helperCall(source[i:], source[:start])) {
				word = source[start-1 : i]
			}
			if group := polyfillWords[word]; group != "locale" || i >= len(source) || strings.IndexByte(" :)", source[i]) < 0 {
				add(group) // a definition, `toLocaleString = f` or `toLocaleString: f`, is no use
			}
		}
	}
	if i := slices.Index(groups, "escape"); i >= 0 && !constructor {
		groups = slices.Delete(groups, i, i+1) // somebody else's
	}
	if property && constructor {
		add("regexp")
	}
	if len(groups) == 0 {
		return nil
	}
	slices.Sort(groups)
	return groups
}

// helperCall says whether rest, what follows `.values`, may lead to a helper: a
// call without arguments (Object.values(x) gives an array) whose result is not
// at once consumed, as in `for (const v of m.values())` or `[...m.keys()]`.
// Nor is a return of the whole, before the name in its line: an iterator of the
// script's own.
func helperCall(rest, before string) bool {
	if !strings.HasPrefix(rest, "()") {
		return false
	}
	rest = strings.TrimLeft(rest[2:], " \t\r\n")
	if rest == "" || strings.IndexByte(")]}", rest[0]) >= 0 {
		return false
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return rest[0] == '.' || !strings.Contains(line, "return ")
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= '0' && c <= '9'
}
