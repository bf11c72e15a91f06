package lang_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rulebox/rulebox/runtime/js/lang"
	"github.com/rulebox/rulebox/runtime/js/modtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestCases runs the cases of testdata with the polyfills that a scan of each
// case's own text asks for, as a realm has them.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, f := range ar.Files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				src := string(f.Data)
				install := ""
				for _, g := range lang.Polyfills(src) {
					install += "internal('internal/polyfill')." + g + "();"
				}
				modtest.Case(t, f.Name, install+src)
			})
		}
	}
}

func TestPolyfillsOfSources(t *testing.T) {
	for source, want := range map[string][]string{
		"":                                   nil,
		"function (user) { user.x = 1 }":     nil,
		"Object.keys(user).map(f)":           nil,
		"try { a } catch (e) {}":             nil,
		"return m.values().map(f)":           {"iterator"},
		"return m.values();":                 nil,
		"p.toLocaleString = f":               nil,
		"lodash.escape(y)":                   nil,
		"RegExp.escape(y)":                   {"escape"},
		"Promise.try(f)":                     {"promise"},
		"for (const v of m.values()) f(v)":   nil,
		"[...m.keys()]":                      nil,
		"const it = m.entries()\nit.map(f)":  {"iterator"},
		"m.keys().map(f)":                    {"iterator"},
		"function* g() {}":                   {"iterator"},
		"obj['groupBy']":                     {"groupBy"},
		"Object.groupBy; n.toLocaleString()": {"groupBy", "locale"},
		`/\p{L}/u`:                           nil,
		`new RegExp('\\p{L}', 'u')`:          {"regexp"},
		"Error.prepareStackTrace = 1":        {"callsites"},
	} {
		assert.Equal(t, want, lang.Polyfills(source), source)
	}
}
