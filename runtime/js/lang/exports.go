package lang

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
)

// exports is what can be told of a CommonJS file without running it.
type exports struct {
	names []string // of what it exports, in order
	// open says that it may export a function itself: as module.exports, as its
	// default, or in a way that only running it shows.
	open bool
}

// exportsOf reads the statements of a CommonJS file. It takes for granted that
// nothing but statements `exports.x = …` and `module.exports = {…}` exports;
// module and exports anywhere else make the answer open.
func exportsOf(body []ast.Statement) exports {
	var e exports
	rest := &scan{names: make(map[string]bool)}
	for _, st := range body {
		if !e.statement(st, rest) {
			rest.stmt(st)
		}
	}
	e.open = e.open || rest.names["module"] || rest.names["exports"] || slices.Contains(e.names, "default")
	return e
}

// statement takes `exports.x = …` and the like; it visits the value with rest.
func (e *exports) statement(st ast.Statement, rest *scan) bool {
	ex, ok := st.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	a, ok := ex.Expression.(*ast.AssignExpression)
	if !ok {
		return false
	}
	dot, ok := a.Left.(*ast.DotExpression)
	if !ok {
		return false
	}
	switch {
	case isName(dot.Left, "exports"), isModuleExports(dot.Left):
		e.names = append(e.names, dot.Identifier.Name.String())
	case isModuleExports(dot):
		o, ok := a.Right.(*ast.ObjectLiteral)
		if !ok {
			return false
		}
		e.members(o)
	default:
		return false
	}
	rest.expr(a.Right)
	return true
}

func (e *exports) members(o *ast.ObjectLiteral) {
	for _, p := range o.Value {
		switch p := p.(type) {
		case *ast.PropertyShort:
			e.names = append(e.names, p.Name.Name.String())
		case *ast.PropertyKeyed:
			key, ok := p.Key.(*ast.StringLiteral)
			if !ok || p.Computed {
				e.open = true
				return
			}
			e.names = append(e.names, key.Value.String())
		default:
			e.open = true
		}
	}
}

func isName(e ast.Expression, name string) bool {
	id, ok := e.(*ast.Identifier)
	return ok && id.Name.String() == name
}

func isModuleExports(e ast.Expression) bool {
	dot, ok := e.(*ast.DotExpression)
	return ok && isName(dot.Left, "module") && dot.Identifier.Name.String() == "exports"
}

// esmWithoutDefault says that code is what esbuild makes of an ES module whose
// exports are all known, and none is its default.
func esmWithoutDefault(code string) bool {
	return strings.Contains(code, "module.exports = __toCommonJS(") &&
		!strings.Contains(code, "default: () =>") && !strings.Contains(code, "__reExport(")
}

// isAction says that name is one that an Action's function has.
func isAction(name string) bool {
	for _, prefix := range []string{"onExecute", "onContinue"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return true
		}
	}
	return false
}

// noFunction is the error for a file that cannot give the function of a rule or
// database script, nil if it may: names are of its top-level functions and best
// is the one that counts if it exports none.
func (p *preparer) noFunction(body []ast.Statement, code string, module bool, best *candidate, names []string) *Error {
	var e exports
	if module {
		e = exportsOf(body)
	}
	action := slices.IndexFunc(e.names, isAction)
	at := slices.IndexFunc(names, isAction)
	switch {
	case e.open && !esmWithoutDefault(code):
		return nil
	case best != nil && best.score > 0:
		return nil
	case action >= 0:
		return p.looksLikeAction(e.names[action])
	case at >= 0:
		return p.looksLikeAction(names[at])
	case best != nil:
		return nil
	case !module:
		return &Error{Name: p.name, Message: "the source has no function", NoFunction: true,
			Hint: "write `function (user, context, callback) { … }`"}
	}
	return &Error{Name: p.name, Message: "the file exports no function", NoFunction: true,
		Hint: "write `module.exports = function (user, context, callback) { … }`, or the function alone"}
}

func (p *preparer) looksLikeAction(name string) *Error {
	return &Error{Name: p.name, Message: "it has the function of an Action, " + name, NoFunction: true,
		Hint: "this looks like an Action: bind it to a trigger of actions, or write `function (user, context, callback) { … }`"}
}
