package lang

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is missing at the end of a text is told there, and not as a piece of what
// stands around it.
func TestEndOfInput(t *testing.T) {
	for source, want := range map[string]string{
		"function (user, context, callback) {\n  callback();\n":        "rule:2:14: Unexpected end of input",
		"function (user, context, callback) {\n  callback();\n\n  \n":  "rule:2:14: Unexpected end of input",
		"function (user, context, callback) {\n  if (user) {":          "rule:2:14: Unexpected end of input",
		"function (user, context, callback) { callback(":               "rule:1:47: Unexpected end of input",
		"function (user, context, callback) { let x = ; callback(); }": "rule:1:46: Unexpected \";\"",
	} {
		_, err := Prepare("rule", source, Expression)
		require.Error(t, err, source)
		assert.Equal(t, want, err.Error(), source)
	}
	_, err := Prepare("rule", "function () {", Expression)
	assert.Equal(t, "the text ends before a brace, bracket, parenthesis or quote in it is closed", err.(*Error).Hint)
}
