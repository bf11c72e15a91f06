package lang

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/dop251/goja/ast"
)

// MaxPackage is the longest source of a package, in bytes.
const MaxPackage = 8 << 20

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
	r, err := prepare(name, source, Module)
	if err != nil {
		return nil, err
	}
	part := &Part{Code: r.Code}
	required := map[string]bool{}
	optional := &tryRequires{found: required}
	optional.visit(reflect.ValueOf(r.own), false)
	for _, n := range r.Requires {
		part.Requires = append(part.Requires, PartRequire{Name: n, Optional: !required[n]})
	}
	return part, nil
}

// tryRequires finds the calls of require that are in no try statement's block.
type tryRequires struct {
	found map[string]bool
}

// visit walks the tree, whatever its types: this is for the few sources that an
// operator adds, not for logins.
func (t *tryRequires) visit(v reflect.Value, inTry bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(*ast.CallExpression); ok && v.Kind() == reflect.Pointer {
			t.call(n, inTry)
		}
		if n, ok := v.Interface().(*ast.TryStatement); ok && v.Kind() == reflect.Pointer {
			t.visit(reflect.ValueOf(n.Body), true)
			t.visit(reflect.ValueOf(n.Catch), inTry)
			t.visit(reflect.ValueOf(n.Finally), inTry)
			return
		}
		t.visit(v.Elem(), inTry)
	case reflect.Slice:
		for i := range v.Len() {
			t.visit(v.Index(i), inTry)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[ast.Program]().PkgPath() || slices.Contains(leaves, v.Type()) {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "DeclarationList" && v.Type().Field(i).IsExported() {
				t.visit(v.Field(i), inTry)
			}
		}
	}
}

// leaves hold no code, or code that stands elsewhere in the tree too.
var leaves = []reflect.Type{reflect.TypeFor[ast.Identifier](), reflect.TypeFor[ast.StringLiteral](), reflect.TypeFor[ast.NumberLiteral](), reflect.TypeFor[ast.RegExpLiteral]()}

func (t *tryRequires) call(n *ast.CallExpression, inTry bool) {
	id, ok := n.Callee.(*ast.Identifier)
	if !ok || id.Name != "require" || len(n.ArgumentList) == 0 || inTry {
		return
	}
	if s, ok := n.ArgumentList[0].(*ast.StringLiteral); ok {
		t.found[s.Value.String()] = true
	}
}
