// Package lang prepares customer source for goja: it finds the script's form,
// wraps it so that lines keep their numbers, and closes the gaps between the
// language authors write and the one the engine parses.
//
// Ordinary source is parsed once, by goja's parser, and compiled from that very
// tree. Only when that parser refuses a source does esbuild lower it (async
// generators, for-await, HTML comments, `using`, decorators, import and export,
// dynamic import).
//
// Every source is hostile: a few bytes of nesting can exhaust the stack of either
// parser, which no caller in this process can recover from. Callers run in a
// jailed process; the only bound here is on length.
//
// # What the engine gets wrong without saying so
//
// Closed here or by the polyfills this package asks for: `\p{…}` in a regular
// expression never matches; (1.5).toLocaleString("en-US") throws a RangeError;
// Date's toLocale* methods ignore locale and zone; localeCompare ignores its
// options.
//
// Open, and to be known: a regular expression with the i flag folds case by Go's
// simple folding; \w, \b and \d are ASCII with every flag; a catastrophic pattern
// that hits regexp2's match timeout reports "no match"; Function.toString of
// lowered source shows esbuild's output; `arguments` is not mapped to parameters
// in arrow-heavy lowered code; labels `a: function b(){}` are refused; numbers
// given to Date.parse in exotic formats give NaN where V8 guesses. WeakRef holds
// its target strongly and FinalizationRegistry never calls back: a realm ends
// with its invocation.
package lang

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/rulebox/rulebox/internal/ucd"
)

// MaxSource is the longest source, in bytes, that Prepare accepts.
const MaxSource = 1 << 20

// Form says what a source must turn out to be.
type Form uint8

const (
	// Expression is a rule or a database script: text whose value is a function.
	// Running the program gives that function. Beside the canonical expression,
	// Prepare accepts it with directives before and a semicolon after, a script
	// that declares a named function, a CommonJS file and an ES module that
	// exports one.
	Expression Form = iota
	// Module is a CommonJS or ES module: a hook, an action, a bundled module.
	// Running the program gives `function (exports, require, module, __filename,
	// __dirname)`, whose call evaluates the module.
	Module
	// Shared is a module that actions share: a Module whose function has a further
	// parameter, `actions`.
	Shared
)

// Shape is how a source of form Expression gives its function.
type Shape uint8

const (
	// ShapeExpression is `function (…) {…}` in itself.
	ShapeExpression Shape = iota
	// ShapeScript is statements, among them the named function.
	ShapeScript
	// ShapeModule is a module, whose export the function is.
	ShapeModule
)

// A Result is a source made ready. It is not safe for concurrent use until
// Compile has returned; Compile may be called once.
type Result struct {
	// Code is the text that was parsed. The customer's first line starts after
	// a prefix on the same line. Compile, not this text, has the rewritten
	// regular expressions.
	Code string
	// Transformed says that esbuild lowered the source.
	Transformed bool
	Shape       Shape
	// PlainFunction says that running the program cannot run the customer's
	// code: it only makes the function.
	PlainFunction bool
	// FuncName and Arity are the function's, when it is known without running;
	// Arity is -1 when it is not. Async says that it is an async function.
	FuncName string
	Arity    int
	Async    bool
	// Requires are the literal arguments of require(), in order, each once.
	Requires []string
	// Names are the identifiers that the source refers to or declares, in order
	// of appearance, each once. No property names.
	Names []string
	// Polyfills are the groups of module internal/polyfill that the source needs,
	// sorted. NeedsRegExp is whether RegExp is among them.
	Polyfills   []string
	NeedsRegExp bool
	// Warnings are for the author.
	Warnings []string

	name    string
	program *ast.Program
	own     []ast.Statement // the customer's part of program; nil is all of it
	prefix  int             // bytes before the customer's text on line 1
	lines   *lineMap
}

// An Error says where a source does not compile, in the author's own text.
type Error struct {
	Name         string
	Line, Column int // from 1; 0 when unknown
	Message      string
	Hint         string
	// NoFunction says that the source is well formed, but cannot give a function.
	NoFunction bool
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Line, e.Column, e.Message)
}

// Prepare makes the source ready to compile. The name stands for it in errors
// and stack traces. The error is an *Error.
func Prepare(name, source string, form Form) (*Result, error) {
	if len(source) > MaxSource {
		return nil, &Error{Name: name,
			Message: fmt.Sprintf("the source has %d bytes; the limit is %d", len(source), MaxSource),
			Hint:    "move data out of the script, into the configuration or a service"}
	}
	return prepare(name, source, form)
}

func prepare(name, source string, form Form) (*Result, error) {
	source = strings.TrimPrefix(source, "\ufeff")
	if form == Expression && trivia(source, 0) == len(source) {
		return nil, &Error{Name: name, Message: "the source is empty"}
	}
	p := &preparer{name: name, source: source, form: form}
	r, first := p.direct()
	if first != nil {
		var err *Error
		if p.verdict != nil {
			return nil, p.verdict
		}
		if r, err = p.lowered(); err != nil {
			if p.verdict != nil {
				return nil, p.verdict
			}
			err = better(first, err)
			if err.Hint == "" {
				err.Hint = hintFor(err.Message)
			}
			return nil, err
		}
	}
	s := r.scan()
	if !r.Transformed && (s.asyncGenerator || s.nested > 0 && leaks(r.own)) {
		// esbuild hoists functions out of blocks the way browsers do.
		lowered, err := p.lowered()
		if err == nil {
			r, s = lowered, lowered.scan()
		} else if s.asyncGenerator {
			return nil, err
		}
	}
	if err := r.finish(s); err != nil {
		return nil, err
	}
	return r, nil
}

// better chooses between what the two parsers say: esbuild's messages are the
// better ones where it read as far as goja did, or further.
func better(goja, esbuild *Error) *Error {
	if strings.HasPrefix(esbuild.Message, "Top-level await") && esbuild.Line == goja.Line {
		esbuild.Message = "await outside of an async function"
		esbuild.Hint = "the text of a script cannot wait while it is loaded: await inside of its function, async (event, api) => { … }"
		return esbuild
	}
	if esbuild.Line > goja.Line || esbuild.Line == goja.Line && esbuild.Column >= goja.Column {
		return esbuild
	}
	return goja
}

// Compile compiles what Prepare parsed. The error is an *Error.
func (r *Result) Compile() (*goja.Program, error) {
	if r.program == nil {
		return nil, &Error{Name: r.name, Message: "compiled before"}
	}
	prog, err := compile(r.program)
	r.program, r.own = nil, nil
	if err != nil {
		return nil, r.compileError(err)
	}
	return prog, nil
}

// compile turns a panic of the compiler, a bug that a source can provoke, into an
// error.
func compile(tree *ast.Program) (prog *goja.Program, err error) {
	defer func() {
		if recover() != nil {
			prog, err = nil, errors.New("the source cannot be compiled")
		}
	}()
	MendScopes(tree)
	return goja.CompileAST(tree, false)
}

// Position turns a line and column of Code, as stack traces have them, into those
// of the author's text.
func (r *Result) Position(line, column int) (int, int) {
	if r.lines != nil {
		line, column = r.lines.original(line, column)
	}
	if line == 1 {
		column = max(1, column-r.prefix)
	}
	return line, column
}

func (r *Result) compileError(err error) *Error {
	e := &Error{Name: r.name, Message: err.Error()}
	switch err := err.(type) {
	case *goja.CompilerSyntaxError:
		e.Message = err.Message
		e.locate(r, &err.CompilerError)
	case *goja.CompilerReferenceError:
		e.Message = err.Message
		e.locate(r, &err.CompilerError)
	}
	e.Hint = hintFor(e.Message)
	return e
}

func (e *Error) locate(r *Result, c *goja.CompilerError) {
	if c.File != nil {
		pos := c.File.Position(c.Offset)
		e.Line, e.Column = r.Position(pos.Line, pos.Column)
	}
}

func hintFor(message string) string {
	if strings.Contains(message, "Invalid flags supplied to RegExp") {
		return "the regular expression flags v and d are not supported: use u, and exec().index"
	}
	if strings.Contains(message, "JSX syntax") {
		return "there is a < where a value must stand: if this is an HTML page, save the rule's own text in its place; JSX is not JavaScript"
	}
	return ""
}

// parse is goja's parser with its door to the file system closed: a source map
// comment would make it open files.
func parse(name, code string) (*ast.Program, error) {
	return parser.ParseFile(nil, name, code, 0, parser.WithDisableSourceMaps)
}

func (r *Result) scan() *scan {
	s := &scan{names: make(map[string]bool)}
	if r.own == nil {
		r.own = r.program.Body
	}
	s.stmts(r.own)
	return s
}

// finish takes over what the scan found, and rewrites regular expressions in the
// tree.
func (r *Result) finish(s *scan) *Error {
	r.Names, r.Requires = s.order, s.requires
	r.Polyfills = Polyfills(r.Code)
	r.NeedsRegExp = slices.Contains(r.Polyfills, "regexp")
	if r.Transformed {
		r.Warnings = append(r.Warnings, "the source has syntax that the engine does not know, or calls a function outside the block that declares it; it is translated, and err.stack within the script shows lines of the translation")
	}
	if strings.Contains(r.Code, "RegExp.$") {
		r.Warnings = append(r.Warnings, "RegExp.$1 and its like are not set: use the result of exec or match")
	}
	for _, re := range s.regexps {
		if !strings.Contains(re.Flags, "u") || !ucd.Mentions(re.Pattern) {
			continue
		}
		pattern, err := ucd.Rewrite(re.Pattern)
		if err != nil {
			e := &Error{Name: r.name, Message: "Invalid regular expression: /" + re.Pattern + "/: " + err.Error()}
			pos := r.program.File.Position(int(re.Idx) - 1)
			e.Line, e.Column = r.Position(pos.Line, pos.Column)
			return e
		}
		re.Pattern = pattern
	}
	return nil
}
