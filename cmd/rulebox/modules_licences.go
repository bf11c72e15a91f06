package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/rulebox/rulebox/modules/npm/licences"
)

// writeLicences prints the licences of the npm packages in this build, or of those
// with the names.
func writeLicences(out io.Writer, names []string) error {
	d, err := licences.Read()
	if err != nil {
		return err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(d.Packages, func(p licences.Package) bool { return p.Name == name })
	}
	for _, name := range names {
		if !has(name) {
			return fmt.Errorf("there is no npm package %s in this build; `rulebox modules --licences` tells of all (what was added with `rulebox modules add` has its licence in its own files)", name)
		}
	}
	w := bufio.NewWriter(out)
	if len(names) == 0 {
		fmt.Fprint(w, "Packages from npm that are part of this program, or of what scripts can require from it,\nwith the licences under which they are given away.\n\n")
	}
	if err := d.Write(w, func(p *licences.Package) bool { return len(names) == 0 || slices.Contains(names, p.Name) }); err != nil {
		return err
	}
	return w.Flush()
}
