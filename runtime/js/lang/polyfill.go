package lang

import "slices"

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
	"Iterator": "iterator", "iterator": "iterator", "matchAll": "iterator",
	".values": "iterator", ".keys": "iterator", ".entries": "iterator", "function*": "iterator",
	"toLocaleString": "locale", "toLocaleDateString": "locale", "toLocaleTimeString": "locale",
	"localeCompare": "locale", "toLocaleLowerCase": "locale", "toLocaleUpperCase": "locale",
}

// Polyfills returns the groups of module internal/polyfill that the source may
// need, sorted. Each name is a function that the module exports and that does
// nothing when called again. One pass over the text, no allocation for a source
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
			if start > 0 && source[start-1] == '.' && (word == "try" || word == "keys" && emptyCall(source[i:])) {
				add(polyfillWords[source[start-1:i]])
			}
		case 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18:
			if word == "RegExp" {
				constructor = true
			}
			if i < len(source) && word == "function" && source[i] == '*' {
				add("iterator")
			}
			if start > 0 && source[start-1] == '.' &&
				(word == "escape" || (word == "values" || word == "entries") && emptyCall(source[i:])) {
				word = source[start-1 : i]
			}
			add(polyfillWords[word])
		}
	}
	if property && constructor {
		add("regexp")
	}
	slices.Sort(groups)
	return groups
}

// emptyCall tells map.keys() from Object.keys(map), which gives an array.
func emptyCall(rest string) bool { return len(rest) > 1 && rest[0] == '(' && rest[1] == ')' }

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= '0' && c <= '9'
}
