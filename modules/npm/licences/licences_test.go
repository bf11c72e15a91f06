package licences_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/modules/npm/licences"
)

// Every package from npm that scripts can require has its licence here, by its
// text or at least by name.
func TestEveryPackageHasALicence(t *testing.T) {
	d, err := licences.Read()
	require.NoError(t, err)
	known := map[string]licences.Package{}
	for _, p := range d.Packages {
		id := p.Name + "@" + p.Version
		assert.NotContains(t, known, id, "twice")
		known[id] = p
		assert.True(t, len(p.Texts) > 0 || p.Licence != "", "%s: no text and no name of a licence", id)
		for _, n := range p.Texts {
			require.Less(t, n, len(d.Texts), id)
			assert.NotEmpty(t, d.Texts[n], id)
		}
	}
	bundled := 0
	for _, m := range modules.Table() {
		if m.Bundle != nil && !m.Internal {
			bundled++
			assert.Contains(t, known, m.Name+"@"+m.Version)
		}
	}
	require.NotZero(t, bundled)
	assert.Greater(t, len(known), bundled, "those that they need are there too")
}

// What the lock file has beyond them is not part of the build; what is here is in
// the lock file.
func TestOnlyWhatIsLocked(t *testing.T) {
	d, err := licences.Read()
	require.NoError(t, err)
	text, err := os.ReadFile("../package-lock.json")
	require.NoError(t, err)
	var lock struct {
		Packages map[string]struct{ Name, Version string }
	}
	require.NoError(t, json.Unmarshal(text, &lock))
	locked := map[string]bool{}
	for path, p := range lock.Packages {
		name := p.Name
		if name == "" {
			name = path[strings.LastIndex(path, "node_modules/")+len("node_modules/"):]
		}
		locked[name+"@"+p.Version] = true
	}
	for _, p := range d.Packages {
		assert.True(t, locked[p.Name+"@"+p.Version], "%s@%s", p.Name, p.Version)
	}
}

func TestWrite(t *testing.T) {
	d := &licences.Document{Texts: []string{"MIT text", "a notice"}, Packages: []licences.Package{
		{Name: "a", Version: "1", Licence: "MIT", Texts: []int{0}},
		{Name: "b", Version: "2", Texts: []int{0, 1}},
		{Name: "c", Version: "3", Licence: "ISC", Author: "Ann"},
		{Name: "d", Version: "4", Licence: "MIT", Texts: []int{0}},
	}}
	var b strings.Builder
	require.NoError(t, d.Write(&b, func(p *licences.Package) bool { return p.Name != "z" }))
	line := strings.Repeat("=", 78) + "\n"
	assert.Equal(t, line+"a 1: MIT\nd 4: MIT\n\nMIT text\n\n"+
		line+"b 2: licence as below\n\nMIT text\n\na notice\n\n"+
		line+"c 3: ISC\n\nThe package states its licence and has no text of it. Its author is Ann.\n\n", b.String())
}
