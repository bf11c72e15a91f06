package js

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// The engine's own errors in the words of Node.js: scripts hand on what an error
// says, and compare it. What is read for it is the script's text at the place of
// the error, never a value of the script's, which may be a user's.

// A place is where an error of the engine's was made.
type place struct {
	// source is the script's text from its beginning, and rest from the place; both
	// are empty where that is not known.
	source, rest string
	// function is the engine's own function that runs; empty in a script's code.
	function string
	// none is "undefined" or "null", what a value was; empty if that is not known.
	none string
	// argument is the text that function was given, if it was one.
	argument goja.String
}

// maxPlaces is for how many errors of one run the script's text is read: a script
// may throw and catch for ever.
const maxPlaces = 500

// observes returns the classes of errors that are put into words as they are made:
// those that the source may look at. Other errors are when they leave the script.
func observes(source string) (c classes) {
	for _, word := range []string{"catch", "then", "message", "stack", "Settled", ".fail"} {
		if strings.Contains(source, word) {
			c |= classTypeError
		}
	}
	if strings.Contains(source, "JSON") {
		c |= classSyntaxError
	}
	if strings.Contains(source, "codeURI") && c != 0 {
		c |= classURIError
	}
	return c
}

// hooked makes the message of an error while the engine makes the error.
func (r *Realm) hooked(class, message string, state *vmState) string {
	if !engineWords().MatchString(message) && class != "SyntaxError" {
		return message
	}
	var p place
	stack := r.vm.CaptureCallStack(1, nil)
	if state.native() {
		p.function = "native"
		if len(stack) > 0 {
			p.function = stack[0].FuncName()
		}
		if class == "SyntaxError" {
			p.argument = jsonArgument(state.argument())
		}
	} else if len(stack) > 0 {
		pos := stack[0].Position()
		r.locate(&p, frame{file: stack[0].SrcName(), line: pos.Line, column: pos.Column})
	}
	p.none = noneOf(state, message)
	return nodeText(class, message, p)
}

// jsonArgument is the text that JSON.parse was given, nil if it was something that
// only code of the script's can turn into text.
func jsonArgument(v goja.Value) goja.String {
	switch v := v.(type) {
	case goja.String:
		return v
	case nil, *goja.Symbol:
		return nil
	case *goja.Object:
		if v.ClassName() != "Object" {
			return nil
		}
		return goja.StringFromUTF16(utf16.Encode([]rune("[object Object]")))
	default:
		return goja.StringFromUTF16(utf16.Encode([]rune(v.String())))
	}
}

// noneOf says which of undefined and null was used as an object: it is on top of
// the engine's stack, below the key if that was computed.
func noneOf(state *vmState, message string) string {
	if state.native() {
		return ""
	}
	first, second := state.top(1), state.top(2)
	name := func(v goja.Value) string {
		switch {
		case v == nil:
			return ""
		case goja.IsUndefined(v):
			return "undefined"
		case goja.IsNull(v):
			return "null"
		}
		return ""
	}
	if n := name(first); n != "" && (name(second) == "" || !strings.Contains(message, "'"+n+"'")) {
		return n
	}
	return name(second)
}

// worded puts an error into words as it leaves the script: stack is the engine's
// text of it.
func (r *Realm) worded(class, message, stack string) string {
	if !engineWords().MatchString(message) {
		return message
	}
	var p place
	for line := range strings.Lines(stack) {
		text, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "\tat ")
		if !ok {
			continue
		}
		f, ok := parseFrame(text)
		if !ok || f.file == "<native>" || strings.HasSuffix(text, "(native)") {
			p.function, _, _ = strings.Cut(text, " (")
			break
		}
		r.locate(&p, f)
		break
	}
	return nodeText(class, message, p)
}

// locate finds the author's text at the frame.
func (r *Realm) locate(p *place, f frame) {
	prog := r.programOf(f.file)
	if r.places++; prog == nil || r.places > maxPlaces || prog.position == nil || f.line < 1 {
		return
	}
	source := prog.Script.Source
	line, column := prog.position(f.line, f.column)
	at := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(source[at:], '\n')
		if n < 0 {
			return
		}
		at += n + 1
	}
	text, _, _ := strings.Cut(source[at:], "\n")
	if column < 1 || column > len(text) {
		return
	}
	for i := range column {
		if text[i] >= utf8.RuneSelf {
			return // columns count in another way than bytes
		}
	}
	p.source, p.rest = source[:at+column-1], source[at+column-1:]
}

// engineWords finds the messages of the engine that Node.js words differently.
var engineWords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:Cannot read property '|Object has no member '|Value is not an object: |Value is not object coercible|Cannot convert undefined or null to object|object is not iterable|Malformed URI|No initial value|Class constructor cannot be invoked|invalid character |Unexpected end of JSON input \(|unexpected EOF|Unexpected token)`)
})

const intermediate = "(intermediate value)"

// nodeText is the message in Node's words.
func nodeText(class, message string, p place) string {
	switch class {
	case "URIError":
		return strings.Replace(message, "Malformed URI", "URI malformed", 1)
	case "SyntaxError":
		return nodeSyntax(message, p)
	case "TypeError":
		return nodeType(message, p)
	}
	return message
}

func nodeSyntax(message string, p place) string {
	if p.argument != nil && p.function == "parse" {
		if text := jsonMessage(p.argument.String()); text != "" {
			return text
		}
	}
	switch {
	case strings.HasPrefix(message, "Unexpected end of JSON input ("), message == "unexpected EOF":
		return "Unexpected end of JSON input"
	case strings.HasPrefix(message, "invalid character '"):
		if token, _, ok := strings.Cut(strings.TrimPrefix(message, "invalid character "), " looking for"); ok {
			return "Unexpected token " + token + " in JSON"
		}
	}
	return message
}

func nodeType(message string, p place) string {
	none := p.none
	if none == "" {
		none = "undefined or null"
	}
	quoted := func(prefix string) (name string, ok bool) {
		rest, ok := strings.CutPrefix(message, prefix)
		if i := strings.LastIndexByte(rest, '\''); ok && i >= 0 {
			return rest[:i], true
		}
		return "", false
	}
	if name, ok := quoted("Cannot read property '"); ok {
		return "Cannot read properties of " + none + " (reading '" + name + "')"
	}
	if name, ok := quoted("Object has no member '"); ok {
		if callee := p.callee(); callee != "" {
			return callee + " is not a function"
		}
		return intermediate + "." + name + " is not a function"
	}
	if value, ok := strings.CutPrefix(message, "Value is not an object: "); ok {
		return nodeCall(value, p)
	}
	switch {
	case message == "Value is not object coercible" && p.function == "":
		return nodeDestructure(none, p)
	case message == "Cannot convert undefined or null to object" && p.function == "":
		return nodeConvert(message, none, p)
	case message == "object is not iterable":
		return "object is not iterable (cannot read property Symbol(Symbol.iterator))"
	case message == "No initial value":
		return "Reduce of empty array with no initial value"
	case strings.HasPrefix(message, "Class constructor cannot be invoked"):
		if callee := p.callee(); callee != "" {
			return "Class constructor " + callee + " cannot be invoked without 'new'"
		}
	}
	return message
}

// callbacks are functions of the engine that are given one.
var callbacks = map[string]bool{"map": true, "forEach": true, "filter": true, "find": true, "findIndex": true, "findLast": true, "findLastIndex": true,
	"some": true, "every": true, "reduce": true, "reduceRight": true, "flatMap": true, "sort": true, "from": true}

// nodeCall is the message for a value that is no function. The value itself is told
// only where it cannot be a user's.
func nodeCall(value string, p place) string {
	if value != "undefined" && value != "null" {
		value = "a value"
	}
	switch {
	case callbacks[p.function]:
		return value + " is not a function"
	case p.function != "":
		return "Value is not an object: " + value
	case strings.HasPrefix(p.rest, "new"):
		if promised().MatchString(p.rest) {
			return "Promise resolver " + value + " is not a function"
		}
		if m := constructed().FindStringSubmatch(p.rest); m != nil {
			return m[1] + " is not a constructor"
		}
		return intermediate + " is not a constructor"
	}
	if callee := p.callee(); callee != "" && (callee != intermediate || strings.HasSuffix(strings.TrimRight(p.source, " "), ")")) {
		return callee + " is not a function"
	}
	if p.rest == "" && value != "a value" {
		return value + " is not a function"
	}
	return "Value is not an object: " + value // an operand of in or instanceof, too
}

var constructed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^new\s+([A-Za-z_$][\w$]*(?:\s*\??\.\s*[\w$#]+|\[\w+\])*)\s*(?:[(;,)\]}]|$)`)
})

// promised finds a promise that is made: the engine's class runs in no frame of its
// own.
var promised = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^new\s+Promise\b`) })

// nodeDestructure is the message for `const {a} = nothing`.
func nodeDestructure(none string, p place) string {
	what, before := intermediate, ""
	if name := identifier(p.rest); name != "" {
		what, before = chain(p.source + name)
	}
	before = strings.TrimRight(before, " \t\r\n")
	if before, ok := strings.CutSuffix(before, "="); ok {
		if at := opening(strings.TrimRight(before, " \t\r\n"), '{', '}'); at >= 0 {
			if m := firstKey().FindStringSubmatch(before[at:]); m != nil {
				return "Cannot destructure property '" + m[1] + "' of '" + what + "' as it is " + none + "."
			}
		}
	} else if m := firstKey().FindStringSubmatch(strings.TrimLeft(p.rest, "( \t\r\n")); m != nil {
		return "Cannot destructure property '" + m[1] + "' of 'undefined' as it is " + none + "."
	}
	return "Cannot destructure '" + what + "' as it is " + none + "."
}

// firstKey is the first name of a pattern without patterns inside.
var firstKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\{\s*([A-Za-z_$][\w$]*)\s*(?:[,}=]|:\s*[A-Za-z_$][\w$]*)[^{\[]*`)
})

// nodeConvert is the message for a member that is set on nothing, and for nothing
// that is iterated over.
func nodeConvert(message, none string, p place) string {
	name := identifier(p.rest)
	if name == "" {
		return message
	}
	what, before := chain(p.source + name)
	before = strings.TrimRight(before, " \t\r\n")
	switch {
	case strings.HasSuffix(p.source, ".") && assigns().MatchString(p.rest[len(name):]):
		return "Cannot set properties of " + none + " (setting '" + name + "')"
	case strings.HasSuffix(before, "..."), strings.HasSuffix(before, "="), strings.HasSuffix(before, "of"):
		return what + " is not iterable"
	}
	return message
}

var assigns = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)?=(?:[^=]|$)`)
})

// callee is the text of what is called at the place, "" if that is not known.
func (p *place) callee() string {
	if !strings.HasPrefix(p.rest, "(") && !strings.HasPrefix(p.rest, "`") && !strings.HasPrefix(p.rest, "?.(") {
		return ""
	}
	what, _ := chain(p.source)
	return what
}

// identifier is the name that text begins with.
func identifier(text string) string {
	i := 0
	for i < len(text) && isName(text[i]) {
		i++
	}
	return text[:i]
}

func isName(c byte) bool {
	return c == '_' || c == '$' || c == '#' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// maxChain bounds the text that is told of an expression, in bytes, and maxBack how
// far back a bracket is looked for.
const (
	maxChain = 200
	maxBack  = 4 << 10
)

// chain returns the names, indexes and calls that text ends with, as Node.js prints
// them, and what stands before.
func chain(text string) (what, before string) {
	space := " \t\r\n"
	for len(what) < maxChain {
		text = strings.TrimRight(text, space)
		end := len(text)
		switch {
		case end == 0:
			return intermediate + what, ""
		case isName(text[end-1]):
			at := end
			for at > 0 && isName(text[at-1]) {
				at--
			}
			what, text = text[at:]+what, text[:at]
			rest := strings.TrimRight(text, space)
			switch {
			case strings.HasSuffix(rest, "..."):
				return what, text
			case strings.HasSuffix(rest, "?."):
				what, text = "?."+what, rest[:len(rest)-2]
			case strings.HasSuffix(rest, "."):
				what, text = "."+what, rest[:len(rest)-1]
			default:
				return what, text
			}
		case text[end-1] == ')':
			at := opening(text, '(', ')')
			if at < 0 || at == 0 || !isName(text[at-1]) && text[at-1] != ')' && text[at-1] != ']' {
				return intermediate + what, ""
			}
			what, text = "(...)"+what, text[:at]
		case text[end-1] == ']':
			at := opening(text, '[', ']')
			if at <= 0 {
				return intermediate + what, ""
			}
			what, text = index(text[at+1:end-1])+what, text[:at]
		default:
			return intermediate + what, ""
		}
	}
	return intermediate, ""
}

// index is how Node.js prints what stands in brackets.
func index(text string) string {
	text = strings.TrimSpace(text)
	if n := len(text); n > 2 && (text[0] == '\'' || text[0] == '"') && text[n-1] == text[0] && identifier(text[1:n-1]) == text[1:n-1] {
		return "." + text[1:n-1]
	}
	if identifier(text) == text {
		return "[" + text + "]"
	}
	return "[...]"
}

// opening is where the bracket opens that text ends with closing, or -1.
func opening(text string, open, shut byte) int {
	depth := 0
	for i := len(text) - 1; i >= max(0, len(text)-maxBack); i-- {
		switch text[i] {
		case shut:
			depth++
		case open:
			if depth--; depth == 0 {
				return i
			}
		}
		if depth == 0 {
			return -1
		}
	}
	return -1
}
