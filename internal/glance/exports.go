// Package glance tells what can be seen in a script's source without parsing it,
// which only jailed processes do: regular expressions of linear time look at the
// text. What is not sure is not told.
package glance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/pattern"
)

var (
	// marker is what TypeScript writes ahead of exports.
	marker = pattern.New(`Object\.defineProperty\(exports, ["']__esModule["'], \{ value: true \}\)`)
	// literal exports, the names of which stand in the text. The second form is
	// for the first member of an object.
	literalExport = pattern.New(`\bexports\s*\.\s*([A-Za-z]\w*)|\bmodule\s*\.\s*exports\s*=\s*\{\s*(?:async\s+)?([A-Za-z]\w*)\s*[,:(}]`)
	// dynamic is what might export a name that does not stand in the text.
	dynamic = pattern.New(`\b(exports|module|this|arguments|eval)\b|\\[ux]`)
	// computed is what might do so in an object.
	computed = pattern.New(`\.\.\.|[{,]\s*\[`)
)

// Misspelled returns an error if the source of an action surely does not export
// the handler: it names exports that begin with "on", none of them is the handler,
// and there is nothing by which one could come about that is not in the text. What
// is not sure is left to the call, which tells the same.
func Misspelled(source, handler, trigger string) error {
	source = withoutComments(source)
	if strings.Contains(source, handler) {
		return nil
	}
	names, object := exports(source)
	if len(names) > maxNames {
		return nil // what there are so many of is no list to be read by somebody
	}
	rest := marker().ReplaceAllString(source, "")
	rest = literalExport().ReplaceAllString(rest, " ")
	rest = strings.ReplaceAll(rest, "module. ", " ") // what is left of module.exports.name
	if len(names) == 0 || dynamic().MatchString(rest) || object && computed().MatchString(rest) {
		return nil
	}
	text := fmt.Sprintf("it exports %s, but not %s, which %s calls", strings.Join(names, ", "), handler, trigger)
	if n := near.Name(handler, names); n != "" {
		text += fmt.Sprintf("; did you mean %s where it says %s?", handler, n)
	}
	return fmt.Errorf("%s", text)
}

// Handlers are the names that begin with "on" and that the source surely exports.
func Handlers(source string) []string {
	names, _ := exports(withoutComments(source))
	return names
}

// maxNames is how many names are looked for: the loader waits for this, and sources
// may hold a hundred thousand.
const maxNames = 100

// exports is Handlers of a source without comments, one beyond maxNames at most;
// object says that there is a literal object of exports.
func exports(source string) (names []string, object bool) {
	for _, m := range literalExport().FindAllStringSubmatch(source, -1) {
		object = object || m[2] != ""
		if name := m[1] + m[2]; len(names) <= maxNames && strings.HasPrefix(name, "on") && len(name) <= 80 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, object
}

// withoutComments returns the source without comments that begin a line. Those
// that look as if they stood in a template stay.
func withoutComments(source string) string {
	var b strings.Builder
	quotes := 0
	for rest := source; rest != ""; {
		text := strings.TrimLeft(rest, " \t\r")
		// The end of a block comment is looked for before the line's: many may stand
		// in one line.
		if quotes%2 == 0 && strings.HasPrefix(text, "/*") {
			end := strings.Index(text[2:], "*/")
			if end < 0 {
				return source // it does not compile, or it is no comment
			}
			rest = text[2+end+2:]
			continue
		}
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		if quotes%2 == 0 && strings.HasPrefix(text, "//") {
			continue
		}
		quotes += strings.Count(line, "`")
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}
