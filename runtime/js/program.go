package js

import (
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox"
)

// MaxSource is the longest source, in bytes, that is compiled.
const MaxSource = 1 << 20

// A Program is a compiled script. It is immutable and serves many realms.
type Program struct {
	Script *rulebox.Script
	// Plain means that evaluating the program makes one function and runs
	// nothing of the customer's.
	Plain bool
	// Requires are the names given to require() as literals.
	Requires []string
	// Warnings are for the author.
	Warnings []string

	prg    *goja.Program
	module bool // a CommonJS body, not an expression
	global bool // mentions global or globalThis, so that its cache is kept
}

// Compile compiles the script. The error is a *rulebox.Error with CodeInvalid.
func Compile(s *rulebox.Script) (*Program, error) {
	if len(s.Source) > MaxSource {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "%s %q is %d bytes long; at most %d are allowed", s.Kind, s.Name, len(s.Source), MaxSource)
	}
	switch s.Kind {
	case rulebox.KindRule, rulebox.KindDBScript, rulebox.KindHook:
	case rulebox.KindAction:
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "action %q: actions are not run by this engine", s.Name)
	default:
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "script %q has the unknown kind %q", s.Name, s.Kind)
	}
	p := &Program{Script: s}
	text := blank(s.Source)
	tree, err := parse(s.Name, "("+text+"\n)")
	if err != nil || s.Kind == rulebox.KindHook {
		// Not an expression: a CommonJS file, or a script around a named function.
		p.module = true
		var merr error
		if tree, merr = parse(s.Name, moduleHead+s.Source+"\n})"); merr != nil {
			return nil, invalid(s, merr)
		}
	}
	p.Plain = !p.module && isFunction(tree)
	p.prg, err = goja.CompileAST(tree, false)
	if err != nil {
		return nil, invalid(s, err)
	}
	p.global = strings.Contains(s.Source, "global")
	return p, nil
}

const moduleHead = "(function (exports, require, module) {"

func parse(name, text string) (*ast.Program, error) {
	return goja.Parse(name, text, parser.WithDisableSourceMaps)
}

func invalid(s *rulebox.Script, err error) error {
	msg := strings.TrimPrefix(err.Error(), "SyntaxError: ")
	return rulebox.Errorf(rulebox.CodeInvalid, "%s %q does not compile: %s", s.Kind, s.Name, msg).WithHint("fix the %s at the position given; a rule is one function expression: function (user, context, callback) { … }", s.Kind)
}

// isFunction reports whether the program is one parenthesised function.
func isFunction(tree *ast.Program) bool {
	if len(tree.Body) != 1 {
		return false
	}
	st, ok := tree.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	switch st.Expression.(type) {
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		return true
	}
	return false
}

// blank replaces leading directives ('use latest';) and the trailing semicolons
// by spaces, so that the text is an expression and every position stays.
func blank(src string) string {
	b := []byte(src)
	i := skipSpace(src, 0)
	for i < len(src) && (src[i] == '\'' || src[i] == '"') {
		end := i + 1
		for end < len(src) && src[end] != src[i] && src[end] != '\n' {
			end++
		}
		if end >= len(src) || src[end] != src[i] {
			break
		}
		end++
		next := skipSpace(src, end)
		if next < len(src) && src[next] == ';' {
			end, next = next+1, skipSpace(src, next+1)
		} else if !strings.Contains(src[end:min(next, len(src))], "\n") {
			break
		}
		for j := i; j < end; j++ {
			if b[j] != '\n' {
				b[j] = ' '
			}
		}
		i = next
	}
	end := lastToken(src, i)
	for end > i && (b[end-1] == ';' || b[end-1] == ' ' || b[end-1] == '\t' || b[end-1] == '\n' || b[end-1] == '\r') {
		if b[end-1] == ';' {
			b[end-1] = ' '
		}
		end--
	}
	return string(b)
}

// skipSpace returns the index of the first byte at or after i that is neither
// white space nor a comment.
func skipSpace(s string, i int) int {
	for i < len(s) {
		switch {
		case s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r' || s[i] == '\v' || s[i] == '\f':
			i++
		case strings.HasPrefix(s[i:], "\ufeff"):
			i += len("\ufeff")
		case strings.HasPrefix(s[i:], "//"):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return len(s)
			}
			i += n
		case strings.HasPrefix(s[i:], "/*"):
			n := strings.Index(s[i+2:], "*/")
			if n < 0 {
				return len(s)
			}
			i += n + 4
		default:
			return i
		}
	}
	return i
}

// lastToken returns the end of the last byte that is not in a comment after the
// function's closing brace. It looks at the text after the last brace only.
func lastToken(s string, from int) int {
	brace := strings.LastIndexByte(s[from:], '}')
	if brace < 0 {
		return len(s)
	}
	i := from + brace + 1
	end := i
	for i < len(s) {
		i = skipSpace(s, i)
		if i < len(s) {
			i++
			end = i
		}
	}
	return end
}
