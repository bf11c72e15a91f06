package glance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// All tenants wait while the loader looks at one's source: the largest takes
// milliseconds, and not seconds or, where the work grew with the square, half a
// minute. The time is generous.
func TestHostileSourcesAreCheap(t *testing.T) {
	const size, most = 1 << 20, 4 * time.Second
	var names strings.Builder
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(&names, "exports.on%d;", i)
	}
	for name, source := range map[string]string{
		"names":    names.String(),
		"comments": strings.Repeat("/**/", size/4),
		"spaces":   strings.Repeat("/**/ ", size/5),
		"lines":    strings.Repeat("//\n", size/3),
	} {
		start := time.Now()
		assert.NoError(t, Misspelled(source, "onExecutePostLogin", "post-login"))
		Handlers(source)
		assert.Less(t, time.Since(start), most, name)
	}
}

// Comments go, as far as they surely are comments.
func TestWithoutComments(t *testing.T) {
	for source, want := range map[string]string{
		"a\n  // b\n c":             "a\n c\n",
		"/* a */ /* b\n */\nc /**/": "\nc /**/\n",
		" /* a */b":                 "b\n",
		"/* a":                      "/* a",
		"`\n// a\n`\n// b\nc":       "`\n// a\n`\nc\n",
		"`\n/* a\n`":                "`\n/* a\n`\n",
		"/**/\n\n/**/x":             "\n\nx\n",
		"  \n//":                    "  \n",
	} {
		assert.Equal(t, want, withoutComments(source), "%q", source)
	}
}
