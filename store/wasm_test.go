package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// binary stands in for a module; what looks like a placeholder in it is none.
const binary = magic + "\x01\x00\x00\x00 ##KEY## @@KEY@@"

func TestRulesInWASM(t *testing.T) {
	f, dir := open(t, "")
	put := func(file, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(file))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		require.NoError(t, f.Load(context.Background()))
	}
	put("acme/config.json", `{"AUTH0_KEYWORD_REPLACE_MAPPINGS": {"KEY": "value"}}`)
	put("acme/rules/b.wasm", binary)
	put("acme/rules/a.js", "1")
	assert.Equal(t, []string{"a", "b"}, names(login(f, "acme")))
	assert.Equal(t, binary, login(f, "acme").Scripts[1].Source, "nothing is replaced in it")

	put("acme/rules/b.json", `{"name": "Second", "order": 1}`)
	assert.Equal(t, []string{"Second", "a"}, names(login(f, "acme")))
	put("acme/rules/c.wasm", strings.Repeat("\x00", 10))
	assert.ErrorContains(t, f.Broken()["acme"], `rules/c.wasm: it is no WebAssembly`)
	put("acme/rules/c.wasm", binary+strings.Repeat("x", 2<<20))
	assert.NoError(t, f.Broken()["acme"], "larger than a source may be")
	put("acme/rules/c.wasm", binary+strings.Repeat("x", maxWASM))
	assert.ErrorContains(t, f.Broken()["acme"], "larger than 8192 KiB")
	require.NoError(t, os.Remove(filepath.Join(dir, "acme/rules/c.wasm")))
	put("acme/rules/b.js", "1")
	assert.ErrorContains(t, f.Broken()["acme"], "keep one")
	put("acme/rules/b.json", `{"name": "Second", "order": 1, "script": "./b.wasm"}`)
	assert.Equal(t, []string{"Second", "a", "b"}, names(login(f, "acme")), "a rule of its own, as no JSON names it")

	put("acme/actions/x.json", `{"name": "x"}`)
	assert.ErrorContains(t, f.Broken()["acme"], "code.js")
	put("acme/actions/x/code.wasm", binary)
	require.NoError(t, f.Broken()["acme"])
	put("acme/actions/y/code.wasm", binary)
	assert.ErrorContains(t, f.Broken()["acme"], "actions/y/code.wasm: there is no actions/y.json")
	assert.ErrorContains(t, tooDeep(filepath.Join(dir, "acme")), "looks like one tenant")
}

// The memory of checked scripts does not answer for native code, which may be gone.
func TestWASMIsCheckedAgain(t *testing.T) {
	checks := map[string]int{}
	check, err := Remember(t.TempDir(), "v1", func(_ context.Context, s *rulebox.Script) error { checks[s.Name]++; return nil })
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, check(context.Background(), rulebox.NewScript(rulebox.KindRule, "js", "1")))
		require.NoError(t, check(context.Background(), rulebox.NewScript(rulebox.KindRule, "wasm", binary)))
	}
	assert.Equal(t, map[string]int{"js": 1, "wasm": 2}, checks)
}
