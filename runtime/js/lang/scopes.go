package lang

import (
	"slices"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
	"github.com/dop251/goja/unistring"
)

// MendScopes changes the tree where goja would run it wrong, of which there are
// two cases. Positions stay as they are.
//
// In a function whose parameters or `arguments` a closure uses, arguments beyond
// the parameters are written over variables that closures use too:
//
//	list.forEach(function (item) { var found; … () => found = item … })
//
// finds the index in `found`. Such a variable is set to undefined first. With let
// this cannot be seen, for its declaration sets it.
//
// An arrow function finds the `arguments` of the function around it only if that
// function has named it before: it is named first.
func MendScopes(tree *ast.Program) {
	s := &scan{scopes: &scopes{}}
	s.stmts(tree.Body)
}

// scopes are the functions around the place that is visited, innermost last.
type scopes struct{ frames []*frame }

type frame struct {
	arrow bool
	// vars are what var declares and nothing sets at the function's start; the
	// value says that a function inside uses it.
	vars map[unistring.String]bool
	// lends says that an arrow function inside uses `arguments` of this one.
	lends bool
}

func (s *scopes) enter(arrow bool, p *ast.ParameterList, declared []*ast.VariableDeclaration, body []ast.Statement) {
	f := &frame{arrow: arrow}
	s.frames = append(s.frames, f)
	if len(declared) == 0 {
		return
	}
	f.vars = make(map[unistring.String]bool)
	for _, d := range declared {
		for _, b := range d.List {
			bound(b.Target, func(n unistring.String) { f.vars[n] = false })
		}
	}
	drop := func(n unistring.String) { delete(f.vars, n) }
	drop("arguments")
	if p != nil {
		for _, b := range p.List {
			bound(b.Target, drop)
		}
		bound(p.Rest, drop)
	}
	for _, st := range body {
		if fn, ok := st.(*ast.FunctionDeclaration); ok && fn.Function.Name != nil {
			drop(fn.Function.Name.Name)
		}
	}
}

// leave returns the body with what it needs at its start.
func (s *scopes) leave(declared []*ast.VariableDeclaration, body []ast.Statement) []ast.Statement {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	var first []ast.Statement
	if f.lends {
		first = append(first, &ast.ExpressionStatement{Expression: &ast.Identifier{Name: "arguments", Idx: body[0].Idx0()}})
	}
	for _, d := range declared {
		for _, b := range d.List {
			bound(b.Target, func(n unistring.String) {
				if f.vars[n] {
					delete(f.vars, n)
					first = append(first, unset(n, body[0].Idx0()))
				}
			})
		}
	}
	if first == nil {
		return body
	}
	at := 0
	for at < len(body) && directive(body[at]) {
		at++
	}
	return slices.Concat(body[:at], first, body[at:])
}

// unset is `name = void 0`.
func unset(name unistring.String, idx file.Idx) ast.Statement {
	return &ast.ExpressionStatement{Expression: &ast.AssignExpression{
		Operator: token.ASSIGN, Left: &ast.Identifier{Name: name, Idx: idx},
		Right: &ast.UnaryExpression{Operator: token.VOID, Idx: idx, Operand: &ast.NumberLiteral{Idx: idx, Literal: "0", Value: int64(0)}},
	}}
}

func directive(st ast.Statement) bool {
	e, ok := st.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	_, ok = e.Expression.(*ast.StringLiteral)
	return ok
}

// use is the use of a name, in the innermost function.
func (s *scopes) use(name unistring.String) {
	last := len(s.frames) - 1
	switch name {
	case "arguments":
		for i := last; i >= 0; i-- {
			if f := s.frames[i]; !f.arrow {
				f.lends = f.lends || i < last
				return
			}
		}
	case "eval":
		for _, f := range s.frames {
			for n := range f.vars {
				f.vars[n] = true
			}
		}
	default:
		for i := last; i >= 0; i-- {
			if used, ok := s.frames[i].vars[name]; ok {
				if i < last && !used {
					s.frames[i].vars[name] = true
				}
				return
			}
		}
	}
}

// bound tells the names that a target of a declaration binds.
func bound(target ast.Expression, tell func(unistring.String)) {
	switch n := target.(type) {
	case *ast.Identifier:
		if n != nil {
			tell(n.Name)
		}
	case *ast.AssignExpression:
		bound(n.Left, tell)
	case *ast.ArrayPattern:
		for _, e := range n.Elements {
			bound(e, tell)
		}
		bound(n.Rest, tell)
	case *ast.ObjectPattern:
		for _, p := range n.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				tell(p.Name.Name)
			case *ast.PropertyKeyed:
				bound(p.Value, tell)
			}
		}
		bound(n.Rest, tell)
	}
}
