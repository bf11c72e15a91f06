package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox/modules/npm/licences"
)

// withTerms is a folder as npm ci leaves it: one package for each place where terms
// may stand.
const withTerms = `
-- node_modules/file/package.json --
{"name": "file", "version": "1.0.0", "license": "MIT"}
-- node_modules/file/LICENSE.md --
The terms of file.
-- node_modules/file/NOTICE --
A notice.
-- node_modules/file/license.js --
no terms
-- node_modules/file/index.js --
/*! Copyright of a part */
/*! no terms */
require('readme'); require('old'); require('states'); module.exports = require('twin');
-- node_modules/readme/package.json --
{"name": "readme", "version": "1.0.0"}
-- node_modules/readme/README.md --
# readme
## License
Terms in the readme.
## More
else
-- node_modules/readme/index.js --
module.exports = 1;
-- node_modules/old/package.json --
{"name": "old", "version": "0.1.0", "licenses": [{"type": "MIT", "url": "x"}, {"type": "GPL"}], "author": {"name": "Ann"}}
-- node_modules/old/index.js --
module.exports = 1;
-- node_modules/states/package.json --
{"name": "states", "version": "1.0.0", "license": "ISC", "author": "Bob"}
-- node_modules/states/index.js --
/**
 * @license
 * Terms of the file.
 */
module.exports = 1;
-- node_modules/twin/package.json --
{"name": "twin", "version": "1.0.0", "license": "MIT"}
-- node_modules/twin/LICENCE --
The terms of file.
-- node_modules/twin/index.js --
module.exports = 1;
-- node_modules/unused/package.json --
{"name": "unused", "version": "1.0.0", "license": "MIT"}
-- node_modules/nothing/package.json --
{"name": "nothing", "version": "1.0.0", "license": "SEE LICENSE IN x"}
-- node_modules/nothing/index.js --
module.exports = 1;
`

func TestLicences(t *testing.T) {
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(withTerms)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	want := &licences.Document{
		Texts: []string{"The terms of file.", "A notice.", "/*! Copyright of a part */", "Terms in the readme.", "/**\n * @license\n * Terms of the file.\n */"},
		Packages: []licences.Package{
			{Name: "file", Version: "1.0.0", Licence: "MIT", Texts: []int{0, 1, 2}},
			{Name: "old", Version: "0.1.0", Licence: "MIT OR GPL", Author: "Ann"},
			{Name: "readme", Version: "1.0.0", Texts: []int{3}},
			{Name: "states", Version: "1.0.0", Licence: "ISC", Texts: []int{4}},
			{Name: "twin", Version: "1.0.0", Licence: "MIT", Texts: []int{0}},
		},
	}
	for _, files := range []bool{false, true} { // as one unit, and by files
		b, err := build(dir, []pkg{{name: "file", files: files}})
		require.NoError(t, err)
		d, err := b.collect()
		require.NoError(t, err)
		assert.Equal(t, want, d)
	}
	b, err := build(dir, []pkg{{name: "nothing"}})
	require.NoError(t, err)
	_, err = b.collect()
	assert.ErrorContains(t, err, "node_modules/nothing has no text of a licence and states none")
}
