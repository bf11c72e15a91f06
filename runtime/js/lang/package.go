package lang

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja/ast"
)

// MaxPackage is the longest source of a package, in bytes.
const MaxPackage = 8 << 20

// FileMark begins the last lines of a package: the line, from 1, at which a file
// begins, a blank, and the file's name.
const FileMark = "//# "

// A FileLine is where a file begins in a package.
type FileLine struct {
	Line int
	Name string
}

// FileLines returns where the files of a package begin, in order.
func FileLines(source string) []FileLine {
	var list []FileLine
	for source = strings.TrimSuffix(source, "\n"); ; {
		i := strings.LastIndexByte(source, '\n')
		mark, ok := strings.CutPrefix(source[i+1:], FileMark)
		number, name, ok2 := strings.Cut(mark, " ")
		line, err := strconv.Atoi(number)
		if !ok || !ok2 || err != nil || i < 0 {
			slices.Reverse(list)
			return list
		}
		list = append(list, FileLine{line, name})
		source = source[:i]
	}
}

// PreparePackage makes a package, which PreparePart's results were put together
// to, ready to compile. The form is Module. Nothing is lowered any more.
func PreparePackage(name, source string) (*Result, error) {
	if len(source) > MaxPackage {
		return nil, &Error{Name: name, Message: fmt.Sprintf("the source has %d bytes; the limit is %d", len(source), MaxPackage)}
	}
	p := &preparer{name: name, source: source, form: Module}
	r, e := p.direct()
	if e != nil {
		return nil, e
	}
	if e := r.finish(r.scan()); e != nil {
		return nil, e
	}
	return r, nil
}

// A Part is one file of a package, made ready to stand in a larger source.
type Part struct {
	// Code is a function expression: exports, require, module, __filename,
	// __dirname.
	Code string
	// Requires are the literal arguments of require(), in order, each once.
	Requires []PartRequire
}

// A PartRequire is one literal argument of require().
type PartRequire struct {
	Name string
	// Optional says that every such call stands in the block of a try statement:
	// the file goes on without the module.
	Optional bool
}

// PreparePart prepares one file of a package: CommonJS, or an ES module, which is
// lowered. The error is an *Error with the place in the file.
func PreparePart(name, source string) (*Part, error) {
	if len(source) > MaxPackage {
		return nil, &Error{Name: name, Message: fmt.Sprintf("the file has %d bytes; the limit is %d", len(source), MaxPackage)}
	}
	r, err := prepare(name, asyncGeneratorPrototype.ReplaceAllString(source, asyncIteratorObject), Module)
	if err != nil {
		return nil, err
	}
	part := &Part{Code: r.Code}
	calls := requireCalls{}
	calls.visit(reflect.ValueOf(inner(r.own)), false)
	for _, n := range r.Requires {
		if optional, ok := calls[n]; ok {
			part.Requires = append(part.Requires, PartRequire{Name: n, Optional: optional})
		}
	}
	return part, nil
}

// asyncGeneratorPrototype is how code that webidl2js has written asks for the
// language's %AsyncGenerator.prototype%, for the prototype of that. A lowered
// async generator has none; the object in its place has what is used of it.
var asyncGeneratorPrototype = regexp.MustCompile(`Object\.getPrototypeOf\(async function ?\* ?\(\) ?\{\s*\}\)\.prototype`)

const asyncIteratorObject = "({ __proto__: { [Symbol.asyncIterator]() { return this; } } })"

// inner is the module's own text, without the wrapper around a lowered one.
func inner(body []ast.Statement) []ast.Statement {
	if len(body) == 1 {
		if st, ok := body[0].(*ast.ExpressionStatement); ok {
			if f, ok := st.Expression.(*ast.FunctionLiteral); ok && hasRequire(f.ParameterList) {
				return f.Body.List
			}
		}
	}
	return body
}

// requireCalls are the literal arguments of the module's own require(), and
// whether every such call stands in the block of a try statement. A function with
// a parameter of that name has a require of its own: files that a bundler made.
type requireCalls map[string]bool

// visit walks the tree, whatever its types: this is for the few sources that an
// operator adds, not for logins.
func (c requireCalls) visit(v reflect.Value, inTry bool) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			c.visit(v.Elem(), inTry)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		switch n := v.Interface().(type) {
		case *ast.CallExpression:
			c.call(n, inTry)
		case *ast.TryStatement:
			c.visit(reflect.ValueOf(n.Body), true)
			c.visit(reflect.ValueOf(n.Catch), inTry)
			c.visit(reflect.ValueOf(n.Finally), inTry)
			return
		case *ast.FunctionLiteral:
			if hasRequire(n.ParameterList) {
				return
			}
		case *ast.ArrowFunctionLiteral:
			if hasRequire(n.ParameterList) {
				return
			}
		}
		c.visit(v.Elem(), inTry)
	case reflect.Slice:
		for i := range v.Len() {
			c.visit(v.Index(i), inTry)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[ast.Program]().PkgPath() || slices.Contains(leaves, v.Type()) {
			return
		}
		for i := range v.NumField() {
			// The declarations stand elsewhere in the tree too.
			if v.Type().Field(i).Name != "DeclarationList" && v.Type().Field(i).IsExported() {
				c.visit(v.Field(i), inTry)
			}
		}
	}
}

// leaves hold no code.
var leaves = []reflect.Type{reflect.TypeFor[ast.Identifier](), reflect.TypeFor[ast.StringLiteral](), reflect.TypeFor[ast.NumberLiteral](), reflect.TypeFor[ast.RegExpLiteral]()}

func hasRequire(list *ast.ParameterList) bool {
	return list != nil && slices.ContainsFunc(list.List, func(b *ast.Binding) bool {
		id, ok := b.Target.(*ast.Identifier)
		return ok && id.Name == "require"
	})
}

func (c requireCalls) call(n *ast.CallExpression, inTry bool) {
	id, ok := n.Callee.(*ast.Identifier)
	if !ok || id.Name != "require" || len(n.ArgumentList) == 0 {
		return
	}
	if s, ok := n.ArgumentList[0].(*ast.StringLiteral); ok {
		name := s.Value.String()
		optional, seen := c[name]
		c[name] = inTry && (optional || !seen)
	}
}
