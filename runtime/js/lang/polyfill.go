package lang

import "slices"

// polyfillWords says which group of module internal/polyfill a source needs that
// mentions the word. Words in comments and strings count too: installing a
// polyfill without need costs microseconds, and obj['groupBy'] needs it.
var polyfillWords = map[string]string{
	"groupBy":       "groupBy",
	"withResolvers": "promise", "try": "",
	"fromAsync":    "fromAsync",
	"isWellFormed": "wellFormed", "toWellFormed": "wellFormed",
	"asyncIterator": "symbols", "dispose": "symbols", "asyncDispose": "symbols",
	"captureStackTrace": "stack", "stackTraceLimit": "stack", "prepareStackTrace": "stack",
	"__defineGetter__": "accessors", "__defineSetter__": "accessors",
	"__lookupGetter__": "accessors", "__lookupSetter__": "accessors",
	"Iterator":       "iterator",
	"toLocaleString": "locale", "toLocaleDateString": "locale", "toLocaleTimeString": "locale",
	"localeCompare": "locale", "toLocaleLowerCase": "locale", "toLocaleUpperCase": "locale",
}

// Polyfills returns the groups of module internal/polyfill that the source may
// need, sorted. Each name is a function that the module exports.
func Polyfills(source string) []string {
	var groups []string
	add := func(g string) {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	for i := 0; i < len(source); {
		if !wordByte(source[i]) {
			if source[i] == '\\' && i+1 < len(source) && (source[i+1] == 'p' || source[i+1] == 'P') {
				add("regexp")
			}
			i++
			continue
		}
		start := i
		for i < len(source) && wordByte(source[i]) {
			i++
		}
		if n := i - start; n < 7 || n > 18 {
			continue
		}
		if g := polyfillWords[source[start:i]]; g != "" {
			add(g)
		}
	}
	slices.Sort(groups)
	return groups
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= '0' && c <= '9'
}
