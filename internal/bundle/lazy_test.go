package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What the lazy files do is among the module cases of internal/conformance.
func TestLazyText(t *testing.T) {
	const eager = "\"use strict\";\nconst a_js_1 = require(\"./a.js\");\nvar b = __importStar(require(\"../b.js\"));\nexports.C = __importStar(require(\"./c.js\"));\n" +
		"__exportStar(require(\"./d.js\"), exports);\n__exportStar(require(\"./e.js\"), exports);\nfunction f() {\n  const g = require(\"./g.js\");\n}\n"
	lazy := lazyText(eager)
	assert.Contains(t, lazy, `const a_js_1 = __lazy(() => require("./a.js"));`)
	assert.Contains(t, lazy, `const b = __lazy(() => require("../b.js"));`)
	assert.Contains(t, lazy, `get: () => require("./c.js") });`)
	assert.Contains(t, lazy, `__stars(exports, () => require("./d.js"), () => require("./e.js"));`)
	assert.Contains(t, lazy, "  const g = require(\"./g.js\");", "what a function does stays")
	assert.NotContains(t, lazy, "__exportStar(require")
	const plain = "\"use strict\";\nexports.x = 1;\n"
	assert.Equal(t, plain, lazyText(plain))
}
