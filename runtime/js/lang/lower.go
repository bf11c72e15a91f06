package lang

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/evanw/esbuild/pkg/api"
)

const (
	exportPrefix   = "module.exports = ("
	exportSuffix   = "\n)"
	loweredPrefix  = "(function (module) {\n"
	loweredSuffix  = "\n;return module.exports})({})"
	maxEsbuildErrs = 1
)

// supported names what goja has although the target year has not, or lacks
// although it has. Regular expressions are left alone: this package rewrites
// them itself, and esbuild would hide them in calls of RegExp.
var supported = map[string]bool{
	"async-generator": false, "for-await": false, "dynamic-import": false, "import-meta": false,
	"hashbang": false, "using": false, "decorators": false,
	"regexp-dot-all-flag": true, "regexp-lookbehind-assertions": true, "regexp-match-indices": true,
	"regexp-named-capture-groups": true, "regexp-set-notation": true,
	"regexp-sticky-and-unicode-flags": true, "regexp-unicode-property-escapes": true,
	"bigint": true, "object-rest-spread": true, "optional-chain": true, "nullish-coalescing": true,
	"class-field": true, "class-private-field": true, "class-private-method": true,
	"class-static-field": true, "class-static-blocks": true, "optional-catch-binding": true,
}

// lowered tries esbuild on every form, for a source that goja's parser refuses.
func (p *preparer) lowered() (*Result, *Error) {
	if p.form != Expression {
		code, lines, err := p.esbuild("", p.source, "")
		if err != nil {
			return nil, err
		}
		r, err := p.parse(p.modulePrefix()+"\n", code, moduleSuffix)
		if err != nil {
			return nil, err
		}
		r.Transformed, r.Shape, r.Arity, r.PlainFunction = true, ShapeModule, -1, true
		r.lines, r.prefix = lines, 0
		return r, nil
	}
	r, e1 := p.loweredExpression()
	if e1 == nil {
		return r, nil
	}
	r, e2 := p.loweredFile()
	if e2 == nil {
		return r, nil
	}
	return nil, furthest(e1, e2)
}

func (p *preparer) loweredExpression() (*Result, *Error) {
	text, strict := p.source, ""
	if n, s := directives(text); n > 0 {
		text = blank(text[:n]) + text[n:]
		if s {
			strict = "'use strict';"
		}
	}
	text = strings.TrimRight(text, "; \t\r\n")
	code, lines, err := p.esbuild(strict+exportPrefix, text, exportSuffix)
	if err != nil {
		return nil, err
	}
	r, err := p.parse(loweredPrefix, code, loweredSuffix)
	if err != nil {
		return nil, err
	}
	r.Transformed, r.lines, r.prefix = true, lines, len(strict)+len(exportPrefix)
	value := exported(r.program)
	if value == nil {
		return nil, &Error{Name: p.name, Message: "more than one statement"}
	}
	r.describe(value)
	return r, nil
}

// exported returns what the lowered program assigns to module.exports in its last
// statement, nil if the program does more than that and declaring helpers.
func exported(prog *ast.Program) ast.Expression {
	if len(prog.Body) != 1 {
		return nil
	}
	st, _ := prog.Body[0].(*ast.ExpressionStatement)
	if st == nil {
		return nil
	}
	call, _ := st.Expression.(*ast.CallExpression)
	if call == nil {
		return nil
	}
	f, _ := call.Callee.(*ast.FunctionLiteral)
	if f == nil {
		return nil
	}
	n := len(f.Body.List) - 2 // the last but one: ours is the return
	for i, st := range f.Body.List {
		switch st := st.(type) {
		case *ast.VariableStatement, *ast.EmptyStatement, *ast.ReturnStatement: // esbuild's helpers
		case *ast.ExpressionStatement:
			if a, ok := st.Expression.(*ast.AssignExpression); ok && i == n-emptyBefore(f.Body.List[:n+1]) {
				return a.Right
			}
			if _, directive := st.Expression.(*ast.StringLiteral); !directive {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

// emptyBefore counts the empty statements at the end.
func emptyBefore(list []ast.Statement) int {
	n := 0
	for _, st := range slices.Backward(list) {
		if _, ok := st.(*ast.EmptyStatement); !ok {
			break
		}
		n++
	}
	return n
}

func (p *preparer) loweredFile() (*Result, *Error) {
	code, lines, err := p.esbuild("", p.source, "")
	if err != nil {
		return nil, err
	}
	r, err := p.parse(filePrefix+"\n", code, fmt.Sprintf(fileSuffix, ""))
	if err != nil {
		return nil, err
	}
	if r, err = p.finishFile(r, code); err != nil {
		return nil, err
	}
	r.Transformed, r.lines, r.prefix, r.PlainFunction = true, lines, 0, false
	return r, nil
}

// esbuild lowers prefix+text+suffix to what goja parses, and returns the code
// with the way back to the text's lines.
func (p *preparer) esbuild(prefix, text, suffix string) (string, *lineMap, *Error) {
	res := api.Transform(prefix+text+suffix, api.TransformOptions{
		Loader: api.LoaderJS, Format: api.FormatCommonJS, Target: api.ES2017, Supported: supported,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone, TreeShaking: api.TreeShakingFalse,
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude,
		LogLevel: api.LogLevelSilent, LogLimit: maxEsbuildErrs,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":false}}`,
	})
	if len(res.Errors) > 0 {
		m := res.Errors[0]
		e := &Error{Name: p.name, Message: m.Text}
		if m.Location != nil {
			e.Line, e.Column = m.Location.Line, m.Location.Column+1
			if e.Line == 1 {
				e.Column = max(1, e.Column-len(prefix))
			}
			p.clamp(e)
		}
		return "", nil, e
	}
	var m struct {
		Mappings string `json:"mappings"`
	}
	if err := json.Unmarshal(res.Map, &m); err != nil {
		return "", nil, &Error{Name: p.name, Message: "the source cannot be transformed"}
	}
	return string(res.Code), decodeMappings(m.Mappings, 1), nil
}
