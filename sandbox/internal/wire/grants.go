package wire

import (
	"iter"

	"github.com/rulebox/rulebox"
)

// Scripts visits every script that the chain needs: its own, the modules that
// they share, and the packages. One may come several times.
func Scripts(c *rulebox.Chain) iter.Seq[*rulebox.Script] {
	return func(yield func(*rulebox.Script) bool) {
		for _, s := range c.Scripts {
			if !yield(s) {
				return
			}
		}
		for i := range c.Bindings {
			for j := range c.Bindings[i].Modules {
				if !yield(c.Bindings[i].Modules[j].Script) {
					return
				}
			}
		}
		for i := range c.Packages {
			if !yield(c.Packages[i].Script) {
				return
			}
		}
	}
}

// appendGrants appends what the chain's scripts were granted beyond what all
// share. Scripts go by name and digest.
func appendGrants(b []byte, c *rulebox.Chain) []byte {
	b = appendUint(b, uint64(len(c.Bindings)))
	for i := range c.Bindings {
		g := &c.Bindings[i]
		b = appendBytes(b, g.Handler)
		b = appendMap(b, g.Secrets)
		b = appendMap(b, g.Dependencies)
		b = appendUint(b, uint64(len(g.Modules)))
		for j := range g.Modules {
			m := &g.Modules[j]
			b = appendBytes(b, m.Name)
			b = appendRef(b, m.Script)
			b = appendMap(b, m.Secrets)
			b = appendMap(b, m.Dependencies)
		}
	}
	b = appendBool(b, c.Modules.Allow != nil)
	b = appendStrings(b, c.Modules.Allow)
	b = appendStrings(b, c.Modules.Deny)
	b = appendUint(b, uint64(len(c.Packages)))
	for i := range c.Packages {
		p := &c.Packages[i]
		b = appendBytes(b, p.Name)
		b = appendBytes(b, p.Version)
		b = appendRef(b, p.Script)
	}
	for _, n := range []int{c.Cache.Entries, c.Cache.Key, c.Cache.Value, c.Cache.Total} {
		b = appendInt(b, int64(n))
	}
	return b
}

func appendRef(b []byte, s *rulebox.Script) []byte {
	return appendBytes(appendBytes(b, s.Name), s.Digest)
}

func (d *decoder) ref() *rulebox.Script {
	return &rulebox.Script{Name: d.string(), Digest: rulebox.Digest(d.string())}
}

func (d *decoder) grants(c *rulebox.Chain) {
	if n := d.count(4); n > 0 {
		c.Bindings = make([]rulebox.Binding, n)
	}
	for i := range c.Bindings {
		g := &c.Bindings[i]
		g.Handler, g.Secrets, g.Dependencies = d.string(), d.mapping(), d.mapping()
		if n := d.count(5); n > 0 {
			g.Modules = make([]rulebox.ActionModule, n)
		}
		for j := range g.Modules {
			g.Modules[j] = rulebox.ActionModule{Name: d.string(), Script: d.ref(), Secrets: d.mapping(), Dependencies: d.mapping()}
		}
	}
	allow := d.bool()
	c.Modules.Allow, c.Modules.Deny = d.strings(), d.strings()
	if allow && c.Modules.Allow == nil {
		c.Modules.Allow = []string{} // nothing is allowed, not everything
	} else if !allow && c.Modules.Allow != nil {
		d.fail("modules")
	}
	if n := d.count(4); n > 0 {
		c.Packages = make([]rulebox.Package, n)
	}
	for i := range c.Packages {
		c.Packages[i] = rulebox.Package{Name: d.string(), Version: d.string(), Script: d.ref()}
	}
	c.Cache = rulebox.CacheLimits{Entries: int(d.int()), Key: int(d.int()), Value: int(d.int()), Total: int(d.int())}
}
