package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/store"
)

func modulesRemove(_ context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	data := flags.String("data", defaultData, "the server's data `folder`")
	tenants := flags.String("tenants", "", "the server's `folder` with one folder a tenant, to see who uses the package")
	force := flags.Bool("force", false, "remove it although scripts use it")
	if code, done := parse(flags, args, std); done {
		return code
	}
	if flags.NArg() != 1 {
		return misused(std, "it is `rulebox modules remove NAME[@VERSION]`")
	}
	spec, err := npm.ParseSpec(flags.Arg(0))
	if err != nil {
		return fails(std, err)
	}
	packages := store.OpenPackages(*data)
	loadErr := packages.Load() // what is broken cannot be named; the rest can be removed
	var found []string
	for _, l := range packages.List() {
		if l.Name == spec.Name && (spec.Range == "" || l.Version == spec.Range) {
			found = append(found, l.ID())
		}
	}
	if len(found) == 0 {
		return fails(std, notAdded(packages, spec, loadErr))
	}
	if *tenants == "" {
		fmt.Fprintln(std.err, "rulebox: note: without --tenants nobody looked whether scripts use it")
	} else {
		users, err := packageUsers(*tenants, spec.Name)
		if err != nil {
			return fails(std, err)
		}
		if len(users) > 0 {
			fmt.Fprintf(std.err, "rulebox: %s is used by\n  %s\n", spec.Name, strings.Join(users, "\n  "))
			if !*force {
				return fails(std, fmt.Errorf("%s was not removed; change those scripts, or remove it with --force", spec))
			}
		}
	}
	if err := packages.Remove(spec.Name, spec.Range); err != nil {
		return fails(std, err)
	}
	fmt.Fprintln(std.out, "removed", strings.Join(found, ", "))
	return exitOK
}

// notAdded says what a name is that cannot be removed.
func notAdded(packages *store.Packages, spec npm.Spec, loadErr error) error {
	var versions []string
	for _, l := range packages.List() {
		if l.Name == spec.Name {
			versions = append(versions, l.Version)
		}
	}
	switch {
	case len(versions) > 0:
		return fmt.Errorf("%s was not added; of %s there is %s", spec, spec.Name, strings.Join(versions, ", "))
	case slices.ContainsFunc(tableRows(), func(r moduleRow) bool { return r.Name == spec.Name }):
		return fmt.Errorf("%s is part of Rulebox and cannot be removed; modules.deny in a tenant's rulebox.json keeps its scripts from it", spec.Name)
	case loadErr != nil:
		return loadErr
	}
	return fmt.Errorf("%s was not added; `rulebox modules` lists what was", spec)
}

// maxScanned bounds a file that is looked at, in bytes: no script is larger.
const maxScanned = 1 << 20

// packageUsers lists the files in the tenants' folders that load or declare the
// package: the text is searched, not parsed.
func packageUsers(dir, name string) ([]string, error) {
	quoted := regexp.QuoteMeta(name)
	load := regexp.MustCompile(`(?:require\s*\(|\bfrom\b|\bimport\b)\s*\(?\s*["'` + "`" + `]` + quoted + `(?:@[^"'` + "`" + `]*)?(?:/[^"'` + "`" + `]*)?["'` + "`" + `]`)
	declared := regexp.MustCompile(`"(?:name|package)"\s*:\s*"` + quoted + `"|"` + quoted + `"\s*:`)
	var users []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ext := filepath.Ext(path)
		if !d.Type().IsRegular() || ext != ".js" && ext != ".json" {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > maxScanned {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if ext == ".js" && load.Match(text) || ext == ".json" && declared.Match(text) {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			users = append(users, rel)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tenants folder: %w", err)
	}
	return users, nil
}
