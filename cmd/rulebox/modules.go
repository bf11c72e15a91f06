package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/store"
)

// moduleCommands are what follows `rulebox modules`; list is meant without one.
var moduleCommands = map[string]func(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int{
	"list": modulesList, "add": modulesAdd, "remove": modulesRemove,
}

func modulesCommand(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	name := "list"
	if len(args) > 0 && moduleCommands[args[0]] != nil {
		name, args = args[0], args[1:]
	} else if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return misused(std, "there is no `rulebox modules %s`, only list, add and remove", args[0])
	}
	usage := map[string]string{
		"list":   "rulebox modules [list] [NAME…]\nwhat scripts can require\n\nalso: rulebox modules add NAME@VERSION, rulebox modules remove NAME[@VERSION]",
		"add":    "rulebox modules add NAME[@VERSION]\nadd an npm package of pure JavaScript, with what it needs; nothing of it runs outside of a jail",
		"remove": "rulebox modules remove NAME[@VERSION]\ntake an added package away",
	}[name]
	flags.Usage = func() { fmt.Fprintf(std.out, "%s\n\n%s", usage, flags.FlagUsages()) }
	return moduleCommands[name](ctx, flags, args, std)
}

func modulesList(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	data := flags.String("data", defaultData, "the server's data `folder`, which has the added packages")
	asJSON := flags.Bool("json", false, "print JSON")
	markdown := flags.Bool("markdown", false, "print doc/modules.md")
	terms := flags.Bool("licences", false, "print the licences of the npm packages in this build, and of what they need; of those NAMEd only, if any is")
	measure := flags.Bool("measure", false, "load each module in a jailed worker and tell what it costs")
	var jail jailFlags
	jail.add(flags)
	if code, done := parse(flags, args, std); done {
		return code
	}
	if *markdown {
		if err := writeModulesMarkdown(std.out); err != nil {
			return fails(std, err)
		}
		return exitOK
	}
	if *terms {
		if err := writeLicences(std.out, flags.Args()); err != nil {
			return fails(std, err)
		}
		return exitOK
	}
	packages := store.OpenPackages(*data)
	loadErr := packages.Load()
	rows := append(tableRows(), addedRows(packages)...)
	slices.SortStableFunc(rows, func(a, b moduleRow) int { return strings.Compare(a.Name, b.Name) })
	if flags.NArg() > 0 {
		rows = slices.DeleteFunc(rows, func(r moduleRow) bool { return !slices.Contains(flags.Args(), r.Name) })
		if len(rows) == 0 {
			return fails(std, fmt.Errorf("there is no module %s; `rulebox modules` lists all", strings.Join(flags.Args(), " or ")))
		}
	}
	if *measure {
		if err := measureRows(ctx, rows, packages, &jail); err != nil {
			return fails(std, err)
		}
	}
	var err error
	if *asJSON {
		e := json.NewEncoder(std.out)
		e.SetIndent("", "  ")
		err = e.Encode(rows)
	} else {
		err = writeModules(std.out, rows)
	}
	if err == nil {
		err = loadErr
	}
	if err != nil {
		return fails(std, err)
	}
	return exitOK
}

// Sources of modules.
const (
	fromNode    = "Node.js" // a built-in, written here
	fromRulebox = "Go"      // an npm package's API, written here over Go
	fromNPM     = "npm"     // the npm package itself
	fromAdded   = "added"   // by the operator
	retired     = "retired"
)

// A moduleRow is one generation of one module.
type moduleRow struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Source  string `json:"source"`
	License string `json:"license,omitempty"`
	// Size is that of its text, in bytes.
	Size int `json:"size,omitempty"`
	// Default says that rules, hooks and database scripts that name no version
	// mean this one; Newest that actions do.
	Default bool `json:"default,omitempty"`
	Newest  bool `json:"newest,omitempty"`
	// Cold and Warm are milliseconds; see store.PackageLock.
	Cold *float64 `json:"cold_ms,omitempty"`
	Warm *float64 `json:"warm_ms,omitempty"`
	// Problem is why it could not be measured.
	Problem string `json:"problem,omitempty"`
	// Advice is what a retired module's require() says.
	Advice string `json:"advice,omitempty"`
	// Note tells what differs from the original.
	Note  string              `json:"note,omitempty"`
	Parts []store.PackagePart `json:"parts,omitempty"`
}

// ID is what a script requires to have this very generation.
func (r *moduleRow) ID() string {
	if r.Version == "" {
		return r.Name
	}
	return r.Name + "@" + r.Version
}

// tableRows are the modules of this build.
func tableRows() []moduleRow {
	var rows []moduleRow
	newest := map[string]int{}
	for _, m := range modules.Table() {
		if m.Internal {
			continue
		}
		r := moduleRow{Name: m.Name, Version: m.Version, Size: len(m.Source), Note: moduleNotes[m.Name]}
		switch {
		case m.Retired != "":
			r.Source, r.Advice = retired, m.Retired
		case m.Bundle != nil:
			r.Source, r.License, r.Size = fromNPM, m.Bundle.Licence, m.Bundle.Size
		case m.Version == "":
			r.Source = fromNode
		default:
			r.Source = fromRulebox
		}
		if standard, ok := modules.Lookup(m.Name); ok && m.Version != "" {
			r.Default = standard.Version == m.Version
			if i, ok := newest[m.Name]; ok {
				rows[i].Newest = false
			}
			versions := modules.Versions(m.Name)
			r.Newest = versions[len(versions)-1] == m.Version
			newest[m.Name] = len(rows)
		}
		rows = append(rows, r)
	}
	return rows
}

// addedRows are the operator's packages.
func addedRows(packages *store.Packages) []moduleRow {
	var rows []moduleRow
	for _, l := range packages.List() {
		rows = append(rows, moduleRow{
			Name: l.Name, Version: l.Version, Source: fromAdded, License: l.License, Size: l.Size,
			Cold: &l.Cold, Warm: &l.Warm, Parts: l.Parts, Note: strings.Join(l.Notes, "; "),
		})
	}
	return rows
}

// writeModules prints the table for a terminal.
func writeModules(out io.Writer, rows []moduleRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	measured := slices.ContainsFunc(rows, func(r moduleRow) bool { return r.Cold != nil || r.Problem != "" })
	head := "NAME\tVERSION\tFROM\tLICENCE\tSIZE"
	if measured {
		head += "\tCOLD\tWARM"
	}
	fmt.Fprintln(w, head+"\tNOTE")
	for _, r := range rows {
		size := ""
		if r.Size > 0 {
			size = fmt.Sprintf("%d KiB", (r.Size+1023)>>10)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s", r.Name, orDash(r.Version), r.Source, orDash(r.License), orDash(size))
		if measured {
			fmt.Fprintf(w, "\t%s\t%s", inMilliseconds(r.Cold), inMilliseconds(r.Warm))
		}
		note := r.Advice
		if r.Problem != "" {
			note = "does not load: " + r.Problem
		} else if r.Default && !r.Newest {
			note = "without a version, in rules"
		} else if r.Newest && !r.Default {
			note = "without a version, in actions"
		}
		fmt.Fprintf(w, "\t%s\n", printable(note))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func inMilliseconds(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f ms", *v)
}

// sameGeneration returns the version of the table that serves what asks for the
// version; empty if there is none.
func sameGeneration(name, version string) string {
	for _, v := range modules.Versions(name) {
		if npm.Generation(v) == npm.Generation(version) {
			return v
		}
	}
	return ""
}
