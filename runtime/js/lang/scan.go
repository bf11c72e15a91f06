package lang

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/unistring"
)

// scan collects from a tree what Result tells. It visits every node once.
type scan struct {
	names    map[string]bool
	order    []string
	requires []string
	regexps  []*ast.RegExpLiteral
	// asyncGenerator says that there is one: goja parses them but refuses to
	// compile them.
	asyncGenerator bool
	// nested counts function declarations inside of blocks.
	nested int
	// When hoist is not nil, it holds for each such name how many of the blocks
	// being visited declare it; hoisted says that a name was used outside.
	hoist   map[string]int
	hoisted bool
	// When scopes is not nil, the scan mends functions, and does nothing else.
	scopes *scopes
}

func (s *scan) name(name unistring.String) {
	if s.scopes != nil {
		s.scopes.use(name)
		return
	}
	n := name.String()
	if s.hoist != nil {
		if in, ok := s.hoist[n]; ok && in == 0 {
			s.hoisted = true
		}
	}
	if !s.names[n] {
		s.names[n] = true
		s.order = append(s.order, n)
	}
}

func (s *scan) require(arg string) {
	for _, r := range s.requires {
		if r == arg {
			return
		}
	}
	s.requires = append(s.requires, arg)
}

func (s *scan) stmts(list []ast.Statement) {
	for _, st := range list {
		s.stmt(st)
	}
}

func (s *scan) exprs(list []ast.Expression) {
	for _, e := range list {
		s.expr(e)
	}
}

func (s *scan) bindings(list []*ast.Binding) {
	for _, b := range list {
		s.binding(b)
	}
}

func (s *scan) binding(b *ast.Binding) {
	if b != nil {
		s.expr(b.Target)
		s.expr(b.Initializer)
	}
}

func (s *scan) block(b *ast.BlockStatement) {
	if b != nil {
		s.nest(b.List)
	}
}

// nest visits statements that are not a function's own.
func (s *scan) nest(list []ast.Statement) {
	s.count(list, 1)
	s.stmts(list)
	s.count(list, -1)
}

func (s *scan) count(list []ast.Statement, d int) {
	for _, st := range list {
		if f, ok := st.(*ast.FunctionDeclaration); ok && f.Function.Name != nil {
			s.nested++
			if s.hoist != nil {
				s.hoist[f.Function.Name.Name.String()] += d
			}
		}
	}
}

// leaks says whether the statements use a function outside of the block that
// declares it. Sloppy code may (Annex B.3.3); goja gives a ReferenceError.
func leaks(list []ast.Statement) bool {
	names := &scan{names: make(map[string]bool), hoist: make(map[string]int)}
	names.stmts(list) // learns the names
	uses := &scan{names: make(map[string]bool), hoist: names.hoist}
	uses.stmts(list)
	return uses.hoisted
}

func (s *scan) stmt(st ast.Statement) {
	switch n := st.(type) {
	case *ast.BlockStatement:
		s.block(n)
	case *ast.ExpressionStatement:
		s.expr(n.Expression)
	case *ast.VariableStatement:
		s.bindings(n.List)
	case *ast.LexicalDeclaration:
		s.bindings(n.List)
	case *ast.FunctionDeclaration:
		s.function(n.Function)
	case *ast.ClassDeclaration:
		s.class(n.Class)
	case *ast.ReturnStatement:
		s.expr(n.Argument)
	case *ast.ThrowStatement:
		s.expr(n.Argument)
	case *ast.LabelledStatement:
		s.stmt(n.Statement)
	case *ast.TryStatement:
		s.block(n.Body)
		if n.Catch != nil {
			s.expr(n.Catch.Parameter)
			s.block(n.Catch.Body)
		}
		s.block(n.Finally)
	default:
		s.control(st)
	}
}

// control visits what branches and loops.
func (s *scan) control(st ast.Statement) {
	switch n := st.(type) {
	case *ast.IfStatement:
		s.expr(n.Test)
		s.nest([]ast.Statement{n.Consequent, n.Alternate})
	case *ast.SwitchStatement:
		s.expr(n.Discriminant)
		for _, c := range n.Body {
			s.expr(c.Test)
			s.nest(c.Consequent)
		}
	case *ast.WhileStatement:
		s.expr(n.Test)
		s.stmt(n.Body)
	case *ast.DoWhileStatement:
		s.expr(n.Test)
		s.stmt(n.Body)
	case *ast.WithStatement:
		s.expr(n.Object)
		s.stmt(n.Body)
	case *ast.ForInStatement:
		s.into(n.Into)
		s.expr(n.Source)
		s.stmt(n.Body)
	case *ast.ForOfStatement:
		s.into(n.Into)
		s.expr(n.Source)
		s.stmt(n.Body)
	case *ast.ForStatement:
		switch i := n.Initializer.(type) {
		case *ast.ForLoopInitializerExpression:
			s.expr(i.Expression)
		case *ast.ForLoopInitializerVarDeclList:
			s.bindings(i.List)
		case *ast.ForLoopInitializerLexicalDecl:
			s.bindings(i.LexicalDeclaration.List)
		}
		s.expr(n.Test)
		s.expr(n.Update)
		s.stmt(n.Body)
	}
}

func (s *scan) into(into ast.ForInto) {
	switch n := into.(type) {
	case *ast.ForIntoVar:
		s.binding(n.Binding)
	case *ast.ForDeclaration:
		s.expr(n.Target)
	case *ast.ForIntoExpression:
		s.expr(n.Expression)
	}
}

func (s *scan) parameters(p *ast.ParameterList) {
	if p != nil {
		s.bindings(p.List)
		s.expr(p.Rest)
	}
}

func (s *scan) function(f *ast.FunctionLiteral) {
	if f != nil {
		s.asyncGenerator = s.asyncGenerator || f.Async && f.Generator
		f.Body.List = s.scope(false, f.ParameterList, f.DeclarationList, f.Body.List)
	}
}

// scope visits a function's parameters and body, and returns the body.
func (s *scan) scope(arrow bool, p *ast.ParameterList, declared []*ast.VariableDeclaration, body []ast.Statement) []ast.Statement {
	if s.scopes != nil {
		s.scopes.enter(arrow, p, declared, body)
	}
	s.parameters(p)
	s.stmts(body)
	if s.scopes != nil {
		body = s.scopes.leave(declared, body)
	}
	return body
}

func (s *scan) class(c *ast.ClassLiteral) {
	if c == nil {
		return
	}
	s.expr(c.SuperClass)
	for _, el := range c.Body {
		switch n := el.(type) {
		case *ast.FieldDefinition:
			if n.Computed {
				s.expr(n.Key)
			}
			s.scope(true, nil, nil, []ast.Statement{&ast.ExpressionStatement{Expression: n.Initializer}})
		case *ast.MethodDefinition:
			if n.Computed {
				s.expr(n.Key)
			}
			s.function(n.Body)
		case *ast.ClassStaticBlock:
			s.staticBlock(n)
		}
	}
}

func (s *scan) staticBlock(n *ast.ClassStaticBlock) {
	if s.scopes == nil {
		s.block(n.Block)
		return
	}
	n.Block.List = s.scope(true, nil, n.DeclarationList, n.Block.List)
}

func (s *scan) expr(e ast.Expression) {
	switch n := e.(type) {
	case nil:
	case *ast.Identifier:
		if n != nil {
			s.name(n.Name)
		}
	case *ast.DotExpression:
		s.expr(n.Left)
	case *ast.CallExpression:
		s.call(n)
	case *ast.FunctionLiteral:
		s.function(n)
	case *ast.ArrowFunctionLiteral:
		switch b := n.Body.(type) {
		case *ast.BlockStatement:
			b.List = s.scope(true, n.ParameterList, n.DeclarationList, b.List)
		case *ast.ExpressionBody:
			s.scope(true, n.ParameterList, nil, []ast.Statement{&ast.ExpressionStatement{Expression: b.Expression}})
		}
	case *ast.AssignExpression:
		s.expr(n.Left)
		s.expr(n.Right)
	case *ast.BinaryExpression:
		s.expr(n.Left)
		s.expr(n.Right)
	case *ast.BracketExpression:
		s.expr(n.Left)
		s.expr(n.Member)
	case *ast.ConditionalExpression:
		s.expr(n.Test)
		s.expr(n.Consequent)
		s.expr(n.Alternate)
	case *ast.UnaryExpression:
		s.expr(n.Operand)
	case *ast.RegExpLiteral:
		s.regexps = append(s.regexps, n)
	default:
		s.compound(e)
	}
}

// compound visits the rarer expressions.
func (s *scan) compound(e ast.Expression) {
	switch n := e.(type) {
	case *ast.ObjectLiteral:
		s.properties(n.Value)
	case *ast.ObjectPattern:
		s.properties(n.Properties)
		s.expr(n.Rest)
	case *ast.ArrayLiteral:
		s.exprs(n.Value)
	case *ast.ArrayPattern:
		s.exprs(n.Elements)
		s.expr(n.Rest)
	case *ast.Binding:
		s.binding(n)
	case *ast.NewExpression:
		s.expr(n.Callee)
		s.exprs(n.ArgumentList)
	case *ast.TemplateLiteral:
		s.expr(n.Tag)
		s.exprs(n.Expressions)
	case *ast.SequenceExpression:
		s.exprs(n.Sequence)
	case *ast.ClassLiteral:
		s.class(n)
	case *ast.AwaitExpression:
		s.expr(n.Argument)
	case *ast.YieldExpression:
		s.expr(n.Argument)
	case *ast.SpreadElement:
		s.expr(n.Expression)
	case *ast.PrivateDotExpression:
		s.expr(n.Left)
	case *ast.OptionalChain:
		s.expr(n.Expression)
	case *ast.Optional:
		s.expr(n.Expression)
	}
}

func (s *scan) properties(list []ast.Property) {
	for _, p := range list {
		switch n := p.(type) {
		case *ast.PropertyShort:
			s.name(n.Name.Name)
			s.expr(n.Initializer)
		case *ast.PropertyKeyed:
			if n.Computed {
				s.expr(n.Key)
			}
			s.expr(n.Value)
		case *ast.SpreadElement:
			s.expr(n.Expression)
		}
	}
}

func (s *scan) call(n *ast.CallExpression) {
	if id, ok := n.Callee.(*ast.Identifier); ok && id.Name == "require" && len(n.ArgumentList) == 1 {
		if arg, ok := literal(n.ArgumentList[0]); ok {
			s.require(arg)
		}
	}
	s.expr(n.Callee)
	s.exprs(n.ArgumentList)
}

// literal returns the value of a string or a template without substitutions.
func literal(e ast.Expression) (string, bool) {
	switch n := e.(type) {
	case *ast.StringLiteral:
		return n.Value.String(), true
	case *ast.TemplateLiteral:
		if n.Tag == nil && len(n.Expressions) == 0 && len(n.Elements) == 1 {
			return n.Elements[0].Parsed.String(), true
		}
	}
	return "", false
}
