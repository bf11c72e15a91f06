package schema

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/jsonscan"
	"github.com/rulebox/rulebox/internal/trigger"
)

var update = flag.Bool("update", false, "write doc/schemas anew")

const folder = "../../doc/schemas"

// doc/schemas is what the types say.
func TestDocuments(t *testing.T) {
	files, err := Documents()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.RemoveAll(folder))
		require.NoError(t, os.MkdirAll(folder, 0o755))
		for name, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), text, 0o644))
		}
	}
	there, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range there {
		names = append(names, e.Name())
	}
	require.Equal(t, slices.Sorted(maps.Keys(files)), names, "go test ./internal/schema -update")
	for name, text := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.Equal(t, string(text), string(got), "%s: go test ./internal/schema -update", name)
	}
}

// Every reference of a document leads somewhere, and every definition is used.
func TestReferences(t *testing.T) {
	files, err := Documents()
	require.NoError(t, err)
	for name, text := range files {
		var d map[string]any
		require.NoError(t, json.Unmarshal(text, &d))
		defs, _ := d["$defs"].(map[string]any)
		used := map[string]bool{}
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if ref, ok := v["$ref"].(string); ok {
					used[filepath.Base(ref)] = true
				}
				for _, m := range v {
					walk(m)
				}
			case []any:
				for _, e := range v {
					walk(e)
				}
			}
		}
		walk(d)
		assert.Equal(t, slices.Sorted(maps.Keys(defs)), slices.Sorted(maps.Keys(used)), name)
	}
}

// Each member of each event refuses what is of another type: a schema that took
// everything would be none.
func TestEveryMemberIsChecked(t *testing.T) {
	names := append(trigger.Actions(), "login")
	checked := 0
	for _, name := range names {
		tr, err := trigger.Lookup(name)
		require.NoError(t, err)
		b := Of(tr)
		for _, s := range []*Schema{b.Event, b.User, b.Context} {
			if s == nil {
				continue
			}
			for member, m := range s.members {
				if m.kinds == 0 {
					continue
				}
				for _, wrong := range []string{`1`, `"x"`, `{}`, `[]`, `true`} {
					text := []byte(`{"` + member + `":` + wrong + `}`)
					var x jsonscan.Index
					require.NoError(t, x.Scan(text))
					err := s.Check(text, &x, 0, "event")
					if m.kinds&bit(x.Values[2].Kind) != 0 {
						assert.NoError(t, err, "%s %s", name, text)
						continue
					}
					assert.ErrorContains(t, err, "event."+member+", at byte", "%s %s", name, text)
					checked++
				}
			}
		}
	}
	assert.Greater(t, checked, 400)
}
