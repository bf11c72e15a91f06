package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/store"
)

// servedFile holds the absolute path of the tenants folder that the last server on
// the data folder had: commands that name tenants can tell a misspelled one.
const servedFile = "tenants-folder"

// rememberServed writes it if it has changed.
func rememberServed(data, tenants string) error {
	path, err := filepath.Abs(tenants)
	if err != nil {
		return err
	}
	file := filepath.Join(data, servedFile)
	if old, err := os.ReadFile(file); err == nil && string(old) == path+"\n" {
		return nil
	}
	return store.WriteFile(file, []byte(path+"\n"), 0o600)
}

// warnUnknown tells of tenants for which a credential (what it is) was made and that
// the tenants folder does not have. They may come later, so that it is no error.
func warnUnknown(data string, tenants []string, what string, std stdio) {
	text, err := os.ReadFile(filepath.Join(data, servedFile))
	if err != nil {
		return // no server has served from here
	}
	folder := strings.TrimSuffix(string(text), "\n")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // it has moved
	}
	var there []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && info.IsDir() && store.TenantName().MatchString(e.Name()) {
			there = append(there, e.Name())
		}
	}
	for _, t := range tenants {
		if slices.Contains(there, t) || t == bus.AllTenants {
			continue
		}
		hint := "."
		if n := near.Name(t, there); n != "" {
			hint = fmt.Sprintf("; did you mean %q?", n)
		}
		fmt.Fprintf(std.err, "rulebox: note: there is no tenant %q in %s, which the last server with this data folder served%s The %s was made all the same, and is good for nothing until there is one\n",
			t, folder, hint, what)
	}
}

// warnNewData tells that a data folder was made, for a server with another one
// never reads what is put there.
func warnNewData(data string, std stdio) {
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(std.err, "rulebox: note: the data folder %s was not there and is made now; it counts for servers with --data %s only\n", data, data)
	}
}

// tellTenants says what is served, and which tenants are not.
func tellTenants(folder *store.Folder, dir string, out io.Writer) (served int) {
	broken := folder.Broken()
	for _, name := range folder.Names() {
		t := folder.Tenant(name)
		switch {
		case t == nil: // it was removed since
		case t.Broken == nil:
			served++
		default:
			fmt.Fprintf(out, "rulebox: the tenant %s did not load, and its logins fault until it does: %v\n", name, broken[name])
		}
		delete(broken, name)
	}
	ignored := make([]string, 0, len(broken))
	for name, err := range broken {
		ignored = append(ignored, fmt.Sprintf("rulebox: the folder %s is no tenant: %v\n", name, err))
	}
	slices.Sort(ignored)
	fmt.Fprint(out, strings.Join(ignored, ""))
	if served == 0 && len(folder.Names()) == 0 {
		fmt.Fprintf(out, "rulebox: there is no tenant in %s yet: a tenant is a folder there, with rules, actions, …\n", dir)
	}
	return served
}
