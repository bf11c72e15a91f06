package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// The wrappers. The customer's first line starts right after a prefix, so that
// every line keeps its number.
const (
	modulePrefix = "(function (exports, require, module, __filename, __dirname) {"
	moduleSuffix = "\n})"

	bodyPrefix   = "(function () {"
	strictPrefix = "(function () {'use strict';"
	bodySuffix   = "\n})()"

	filePrefix = "(function (module) { var fn = (function (exports) {"
	// %s returns the named function that is the best guess, or nothing.
	fileSuffix = "\n;%s}).call(this, module.exports);" +
		" return typeof module.exports === 'function' ? module.exports :" +
		" typeof module.exports?.default === 'function' ? module.exports.default : fn })({exports: {}})"
)

// preparer tries one source in the forms it may have.
type preparer struct {
	name, source string
	form         Form
	verdict      *Error // what is wrong with a source that parses
}

// direct tries goja's parser on every form. The error is the one furthest into
// the text: the form that came closest to being meant.
func (p *preparer) direct() (*Result, *Error) {
	p.source = strings.Replace(p.source, "#!", "//", boolInt(strings.HasPrefix(p.source, "#!")))
	if p.form != Expression {
		return p.parseModule()
	}
	r, e1 := p.parseExpression("(", p.source, "\n)")
	if e1 == nil {
		return r, nil
	}
	text, prefix := p.source, bodyPrefix
	if n, strict := directives(text); n > 0 {
		text = blank(text[:n]) + text[n:]
		if strict {
			prefix = strictPrefix
		}
	}
	r, e2 := p.parseExpression(prefix+"return 0,", text, bodySuffix)
	if e2 == nil {
		return r, nil
	}
	r, e3 := p.parseFile()
	if e3 == nil {
		return r, nil
	}
	return nil, furthest(e1, e2, e3)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func furthest(errs ...*Error) *Error {
	return slices.MaxFunc(errs, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

func (p *preparer) parseModule() (*Result, *Error) {
	r, err := p.parse(p.modulePrefix(), p.source, moduleSuffix)
	if err != nil {
		return nil, err
	}
	var f *ast.FunctionLiteral
	if len(r.program.Body) == 1 {
		if st, ok := r.program.Body[0].(*ast.ExpressionStatement); ok {
			f, _ = st.Expression.(*ast.FunctionLiteral)
		}
	}
	if f == nil {
		return nil, &Error{Name: p.name, Message: "unbalanced braces"}
	}
	r.own = f.Body.List
	r.Shape, r.Arity = ShapeModule, -1
	r.PlainFunction = true // a module's program only makes the wrapper
	return r, nil
}

// parseExpression accepts a single expression between prefix and suffix.
func (p *preparer) parseExpression(prefix, text, suffix string) (*Result, *Error) {
	r, err := p.parse(prefix, text, suffix)
	if err != nil {
		return nil, err
	}
	value := soleExpression(r.program.Body)
	if value == nil {
		return nil, &Error{Name: p.name, Message: "more than one statement"}
	}
	r.own = []ast.Statement{&ast.ExpressionStatement{Expression: value}}
	if !r.describe(value) {
		s := &scan{names: make(map[string]bool)}
		s.expr(value)
		if s.names["module"] || s.names["exports"] {
			return nil, &Error{Name: p.name, Message: "a module"} // parseFile is next
		}
		if isData(value) {
			return nil, &Error{Name: p.name, Message: "not a function"} // parseFile says so
		}
	} else if isAction(r.FuncName) && r.Arity != 3 {
		p.verdict = p.looksLikeAction(r.FuncName)
		return nil, p.verdict
	}
	return r, nil
}

// soleExpression returns the expression that one of the wrappers `( X )` and
// `(function () {return 0, X})()` holds, nil if the text is more than that.
func soleExpression(body []ast.Statement) ast.Expression {
	if len(body) != 1 {
		return nil
	}
	st, ok := body[0].(*ast.ExpressionStatement)
	if !ok {
		return nil
	}
	call, ok := st.Expression.(*ast.CallExpression)
	if !ok || !wrapped(call) {
		return st.Expression
	}
	inner := call.Callee.(*ast.FunctionLiteral).Body.List
	for i, st := range inner {
		switch st := st.(type) {
		case *ast.ReturnStatement:
			seq, ok := st.Argument.(*ast.SequenceExpression)
			if !ok || len(seq.Sequence) != 2 || !onlyEmpty(inner[i+1:]) {
				return nil
			}
			return seq.Sequence[1]
		case *ast.ExpressionStatement: // the wrapper's directive
		default:
			return nil
		}
	}
	return nil
}

// wrapped says whether the call is our own wrapper: it starts at the first byte
// after the parenthesis, which in the other wrapper is the customer's.
func wrapped(call *ast.CallExpression) bool {
	f, ok := call.Callee.(*ast.FunctionLiteral)
	if !ok || f.Idx0() != 2 || f.Body == nil || len(f.Body.List) == 0 {
		return false
	}
	for _, st := range f.Body.List {
		if ret, ok := st.(*ast.ReturnStatement); ok {
			seq, ok := ret.Argument.(*ast.SequenceExpression)
			if !ok {
				return false
			}
			zero, ok := seq.Sequence[0].(*ast.NumberLiteral)
			return ok && int(zero.Idx) <= len(strictPrefix)+len("return ")+1
		}
	}
	return false
}

func onlyEmpty(list []ast.Statement) bool {
	for _, st := range list {
		if _, ok := st.(*ast.EmptyStatement); !ok {
			return false
		}
	}
	return true
}

// describe notes what is known of the value; false if it is no function literal.
func (r *Result) describe(value ast.Expression) bool {
	params, name, async, ok := functionOf(value)
	r.Arity = -1
	if ok {
		r.PlainFunction, r.Async, r.FuncName, r.Arity = true, async, name, arity(params)
	}
	return ok
}

// isData says that the value can be no function that may be called.
func isData(e ast.Expression) bool {
	switch e.(type) {
	case *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral, *ast.RegExpLiteral,
		*ast.TemplateLiteral, *ast.ObjectLiteral, *ast.ArrayLiteral, *ast.ClassLiteral:
		return true
	}
	return false
}

func functionOf(e ast.Expression) (params *ast.ParameterList, name string, async, ok bool) {
	switch f := e.(type) {
	case *ast.FunctionLiteral:
		if f.Name != nil {
			name = f.Name.Name.String()
		}
		return f.ParameterList, name, f.Async, true
	case *ast.ArrowFunctionLiteral:
		return f.ParameterList, "", f.Async, true
	}
	return nil, "", false, false
}

// arity is what the function's length property will be.
func arity(p *ast.ParameterList) int {
	for i, b := range p.List {
		if b.Initializer != nil {
			return i
		}
	}
	return len(p.List)
}

// parseFile accepts statements: a script with a named function, or a CommonJS
// file.
func (p *preparer) parseFile() (*Result, *Error) {
	r, err := p.parse(filePrefix, p.source, fmt.Sprintf(fileSuffix, ""))
	if err != nil {
		return nil, err
	}
	return p.finishFile(r, p.source)
}

// finishFile parses again with the return of the function that was found.
func (p *preparer) finishFile(r *Result, text string) (*Result, *Error) {
	body, ok := fileBody(r.program)
	if !ok {
		return nil, &Error{Name: p.name, Message: "unbalanced braces"}
	}
	s := &scan{names: make(map[string]bool)}
	s.stmts(body)
	module := s.names["module"] || s.names["exports"]
	found, plain, names := namedFunction(body)
	if found != nil && text != p.source && !strings.Contains(p.source, found.name) {
		found = nil // a helper of esbuild's
	}
	if e := p.noFunction(body, text, module, found, names); e != nil {
		p.verdict = e
		return nil, e
	}
	ret := ""
	if found != nil {
		ret = "return " + found.name
	}
	warnings, prefix := r.Warnings, r.Code[:strings.Index(r.Code, text)]
	r, err := p.parse(prefix, text, fmt.Sprintf(fileSuffix, ret))
	if err != nil {
		return nil, err
	}
	r.own, _ = fileBody(r.program)
	r.Warnings, r.Arity, r.Shape = warnings, -1, ShapeScript
	if module {
		r.Shape = ShapeModule
	} else {
		r.FuncName, r.Arity, r.Async, r.PlainFunction = found.name, arity(found.params), found.async, plain
	}
	return r, nil
}

// fileBody returns the customer's statements in the file wrapper.
func fileBody(prog *ast.Program) ([]ast.Statement, bool) {
	if len(prog.Body) != 1 {
		return nil, false
	}
	st, _ := prog.Body[0].(*ast.ExpressionStatement)
	if st == nil {
		return nil, false
	}
	call, _ := st.Expression.(*ast.CallExpression)
	if call == nil {
		return nil, false
	}
	outer, _ := call.Callee.(*ast.FunctionLiteral)
	if outer == nil || len(outer.Body.List) != 2 {
		return nil, false
	}
	decl, _ := outer.Body.List[0].(*ast.VariableStatement)
	if decl == nil || len(decl.List) != 1 {
		return nil, false
	}
	call, _ = decl.List[0].Initializer.(*ast.CallExpression)
	if call == nil {
		return nil, false
	}
	dot, _ := call.Callee.(*ast.DotExpression)
	if dot == nil {
		return nil, false
	}
	inner, _ := dot.Left.(*ast.FunctionLiteral)
	if inner == nil {
		return nil, false
	}
	return inner.Body.List, true
}

// candidate is a top-level function of a file.
type candidate struct {
	name   string
	params *ast.ParameterList
	async  bool
	score  int
}

// namedFunction finds the top-level function that is most like a rule or database
// script; the last of equals. Plain says that the statements only declare
// functions; names are those of all functions.
func namedFunction(body []ast.Statement) (best *candidate, plain bool, names []string) {
	plain = true
	consider := func(name string, e ast.Expression) bool {
		params, _, async, ok := functionOf(e)
		if !ok {
			return false
		}
		names = append(names, name)
		c := &candidate{name: name, params: params, async: async}
		if n := len(params.List); n > 0 {
			if last := paramName(params.List[n-1]); last == "callback" || last == "cb" || last == "done" {
				c.score += 2
			}
			if n > 1 && paramName(params.List[0]) == "user" {
				c.score++
			}
		}
		if best == nil || c.score >= best.score {
			best = c
		}
		return true
	}
	declare := func(list []*ast.Binding) {
		for _, b := range list {
			id, ok := b.Target.(*ast.Identifier)
			if !ok || b.Initializer == nil || !consider(id.Name.String(), b.Initializer) {
				plain = false
			}
		}
	}
	for _, st := range body {
		switch n := st.(type) {
		case *ast.FunctionDeclaration:
			if n.Function.Name != nil {
				consider(n.Function.Name.Name.String(), n.Function)
			}
		case *ast.LexicalDeclaration:
			declare(n.List)
		case *ast.VariableStatement:
			declare(n.List)
		case *ast.EmptyStatement:
		case *ast.ExpressionStatement:
			_, directive := n.Expression.(*ast.StringLiteral)
			plain = plain && directive
		default:
			plain = false
		}
	}
	return best, plain, names
}

func paramName(b *ast.Binding) string {
	if id, ok := b.Target.(*ast.Identifier); ok {
		return id.Name.String()
	}
	return ""
}

// parse runs goja's parser over prefix, text and suffix.
func (p *preparer) parse(prefix, text, suffix string) (r *Result, e *Error) {
	r = &Result{name: p.name, Code: prefix + text + suffix, prefix: len(prefix)}
	defer func() {
		if x := recover(); x != nil { // a parser's own bug is the source's fault
			r, e = nil, &Error{Name: p.name, Message: "the source cannot be parsed"}
		}
	}()
	prog, err := parse(p.name, r.Code)
	if err != nil {
		return nil, p.parseError(r, err)
	}
	r.program = prog
	return r, nil
}

func (p *preparer) parseError(r *Result, err error) *Error {
	list, ok := err.(parser.ErrorList)
	if !ok || len(list) == 0 {
		return &Error{Name: p.name, Message: err.Error()}
	}
	e := &Error{Name: p.name, Message: list[0].Message}
	e.Line, e.Column = r.Position(list[0].Position.Line, list[0].Position.Column)
	p.clamp(e)
	return e
}

// clamp moves an error in the wrapper's end to the end of the author's text.
func (p *preparer) clamp(e *Error) {
	text := strings.TrimRight(p.source, " \t\r\n")
	lines, width := 1+strings.Count(text, "\n"), len(text)-1-strings.LastIndexByte(text, '\n')
	if e.Line > lines || e.Line == lines && e.Column > width {
		e.Line, e.Column = lines, width+1
		e.Message = "Unexpected end of input"
		e.Hint = "the text ends before a brace, bracket, parenthesis or quote in it is closed"
	}
}

// directives returns the length of the comments and directives that text begins
// with, 0 if there is no directive, and whether 'use strict' is among them.
func directives(text string) (n int, strict bool) {
	i := trivia(text, 0)
	for i < len(text) && (text[i] == '"' || text[i] == '\'') {
		end := i + 1
		for end < len(text) && text[end] != text[i] && text[end] != '\n' && text[end] != '\\' {
			end++
		}
		if end >= len(text) || text[end] != text[i] {
			break
		}
		next := trivia(text, end+1)
		if next < len(text) && text[next] == ';' {
			next++
		} else if !strings.Contains(text[end+1:next], "\n") {
			break
		}
		strict = strict || text[i+1:end] == "use strict"
		n = next
		i = trivia(text, next)
	}
	return n, strict
}

// trivia returns the offset of the first token at or after i.
func trivia(text string, i int) int {
	for i < len(text) {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return len(text)
			}
			i += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return len(text)
			}
			i += end + 4
		case strings.IndexByte(" \t\r\n\v\f", rest[0]) >= 0:
			i++
		default:
			return i
		}
	}
	return i
}

// blank returns spaces where s has directives; newlines and comments' lines stay.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return r
		}
		return ' '
	}, s)
}
