package js

import (
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
	"github.com/stretchr/testify/require"
)

// What a package loads of itself when it is used is there ahead the next time.
func TestLatePartsAreLoadedAhead(t *testing.T) {
	if m, ok := modules.Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
	use := func(r *Realm) {
		o, ok := requireIn(t, r, "lodash").(*goja.Object)
		require.True(t, ok)
		require.NoError(t, r.guard(func() { o.Get("find") }))
	}
	first := realmOf(t)
	use(first)
	touched := first.Touched()
	modules := 0
	for _, name := range touched {
		if strings.HasPrefix(name, modulePrefix) {
			modules++
		}
	}
	require.Equal(t, 1, modules, "lodash/find, and not the files that it needs: %v", touched)
	next := realmOf(t)
	require.True(t, next.Preload(touched))
	loaded := len(next.loader.loaded)
	require.Greater(t, loaded, 50)
	use(next)
	require.Equal(t, loaded+1, len(next.loader.loaded), "lodash itself; all else was there")
}

// BenchmarkLodash is what a fresh realm pays for the members that it uses.
func BenchmarkLodash(b *testing.B) {
	for name, code := range map[string]string{
		"none":     ``,
		"get":      `lodash.get({a: 1}, 'a')`,
		"find":     `lodash.find([{a: 1}], {a: 1})`,
		"pick":     `lodash.pick({a: 1}, ['a'])`,
		"all":      `lodash([1]).map(String).value()`,
		"four":     `lodash.get({a: 1}, 'a'); lodash.find([{a: 1}], {a: 1}); lodash.pick({a: 1}, ['a']); lodash.extend({}, {})`,
		"absent":   `lodash.nothing`,
		"momentIs": `moment().format()`,
	} {
		b.Run(name, func(b *testing.B) {
			p, err := goja.Compile("use", "(function (lodash, moment) {"+code+"})", false)
			if err != nil {
				b.Fatal(err)
			}
			for range b.N {
				r := New(&rulebox.Chain{Tenant: "t", Trigger: rulebox.TriggerLogin}, nil, nil)
				l := requireIn(b, r, "lodash")
				m := goja.Undefined()
				if name == "momentIs" {
					m = requireIn(b, r, "moment")
				}
				v, err := r.vm.RunProgram(p)
				if err != nil {
					b.Fatal(err)
				}
				f, _ := goja.AssertFunction(v)
				if err := r.guard(func() {
					if _, err := f(goja.Undefined(), l, m); err != nil {
						panic(err)
					}
				}); err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
