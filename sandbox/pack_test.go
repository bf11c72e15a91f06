package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestPack(t *testing.T) {
	pool := open(t, Options{Warm: 1})
	in := &PackInput{Packages: []PackPackage{
		{Name: "a", Version: "1.0.0", Needs: map[string]int{"b": 1}, Files: map[string][]byte{
			"package.json": []byte(`{"main": "a"}`), "a.js": []byte(`module.exports = require('b') + require('util').format('%s', '!');`),
		}},
		{Name: "b", Version: "2.0.0", Files: map[string][]byte{"package.json": []byte(`{}`), "index.js": []byte(`module.exports = 'b';`)}},
	}}
	out, err := pool.Pack(bg(t), in)
	require.NoError(t, err)
	assert.Equal(t, 2, out.Files)
	assert.Equal(t, []string{"util"}, out.Requires)

	chain := chainOf("acme", `function (user, context, callback) { context.idToken.v = require('a'); callback(null, user, context); }`)
	chain.Packages = []rulebox.Package{{Name: "a", Version: "1.0.0", Script: rulebox.NewScript(rulebox.KindPackage, "a@1.0.0", out.Source)}}
	res, err := login(bg(t), pool, chain)
	require.NoError(t, err)
	assert.Contains(t, string(res.Values[1]), `"v":"b!"`)

	in.Packages[1].Files["index.js"] = []byte(`require('worker_threads'); require('./gone');`)
	_, err = pool.Pack(bg(t), in)
	var e *PackError
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Problems, 2)
	assert.True(t, e.Problems[0].Builtin)
	assert.Equal(t, "b/index.js", e.Problems[0].File)
	assert.Contains(t, err.Error(), "worker_threads")
}

// What kills the parser kills a worker that is thrown away, and nothing else.
func TestPackBomb(t *testing.T) {
	pool := open(t, Options{Warm: 1})
	bomb := strings.Repeat("[", 3<<20)
	_, err := pool.Pack(bg(t), &PackInput{Packages: []PackPackage{
		{Name: "a", Version: "1.0.0", Files: map[string][]byte{"package.json": []byte(`{}`), "index.js": []byte(bomb)}},
	}})
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err), "%v", err)
	out, err := pool.Pack(bg(t), &PackInput{Packages: []PackPackage{
		{Name: "a", Version: "1.0.0", Files: map[string][]byte{"package.json": []byte(`{}`), "index.js": []byte(`1`)}},
	}})
	require.NoError(t, err)
	assert.NotEmpty(t, out.Source)
}
