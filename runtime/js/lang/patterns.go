package lang

import (
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/rulebox/rulebox/internal/ucd"
)

// MentionsProperties reports whether the text may hold a pattern with \p{…} or
// \P{…}, as a literal or in a string.
func MentionsProperties(text string) bool {
	return strings.Contains(text, `\p{`) || strings.Contains(text, `\P{`)
}

// RewritePatterns writes out each \p{…} in the regular expressions of the tree,
// which the engine takes for something that never matches.
func RewritePatterns(tree *ast.Program) error {
	s := &scan{names: make(map[string]bool)}
	s.stmts(tree.Body)
	for _, re := range s.regexps {
		if !strings.Contains(re.Flags, "u") || !ucd.Mentions(re.Pattern) {
			continue
		}
		pattern, err := ucd.Rewrite(re.Pattern)
		if err != nil {
			return fmt.Errorf("/%s/: %w", re.Pattern, err)
		}
		re.Pattern = pattern
	}
	return nil
}
