// Command bundle builds the npm packages that scripts can require: it installs
// what modules/npm/package-lock.json names, lowers each package to what the
// engine parses, and writes units, compressed, with an index into
// modules/npm/dist, from where package modules embeds them. See
// modules/bundle.go for the format. The licences of all that is in it go into
// modules/npm/licences.
//
// The same lock, shims and builder give the same bytes; if nothing has changed
// since the last run, it does nothing.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	src := flag.String("src", "modules/npm", "the folder of package.json, package-lock.json and shims")
	work := flag.String("work", ".cache/npm", "the folder to install into")
	out := flag.String("out", "modules/npm/dist", "the folder to write")
	terms := flag.String("licences", "modules/npm/licences/dist", "the folder to write the licences into")
	self := flag.String("self", "internal/bundle", "the folder of this program's source")
	force := flag.Bool("force", false, "build even if nothing has changed")
	flag.Parse()
	if err := run(*src, *work, *out, *terms, *self, *force); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(src, work, out, terms, self string, force bool) error {
	stamp, err := stampOf(filepath.Join(src, "package.json"), filepath.Join(src, "package-lock.json"), filepath.Join(src, "shims"), self, "go.mod")
	if err != nil {
		return err
	}
	stampFile := filepath.Join(out, "stamp")
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp && !force {
		now := time.Now()
		return os.Chtimes(stampFile, now, now) // what make looks at
	}
	os.Remove(stampFile)
	if err := install(src, work); err != nil {
		return err
	}
	began := time.Now()
	b, err := build(work, packages)
	if err != nil {
		return err
	}
	written, err := b.write(out)
	if err != nil {
		return err
	}
	if err := b.writeLicences(terms); err != nil {
		return err
	}
	fmt.Printf("bundle: %d packages, %d units, %d KiB of source, %d KiB packed, %.1f s\n",
		len(b.packages), len(b.units), b.sourceBytes()>>10, written>>10, time.Since(began).Seconds())
	return os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// stampOf is a digest of the files, and of those in the folders.
func stampOf(paths ...string) (string, error) {
	h := sha256.New()
	for _, root := range paths {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(p, "_test.go") {
				return err
			}
			data, err := os.ReadFile(p)
			fmt.Fprintf(h, "%s %d\n", filepath.Base(p), len(data))
			h.Write(data)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// install puts what the lock file names into work/node_modules, and the shims
// beside it, where they find the packages.
func install(src, work string) error {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	changed := false
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		data, err := os.ReadFile(filepath.Join(src, name))
		if err != nil {
			return err
		}
		old, err := os.ReadFile(filepath.Join(work, name))
		if err == nil && string(old) == string(data) {
			continue
		}
		changed = true
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return err
		}
	}
	os.RemoveAll(filepath.Join(work, "shims"))
	if err := os.CopyFS(filepath.Join(work, "shims"), os.DirFS(filepath.Join(src, "shims"))); err != nil {
		return err
	}
	done := filepath.Join(work, "installed")
	if _, err := os.Stat(done); err == nil && !changed {
		return nil
	}
	os.Remove(done)
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci in %s: %w", work, err)
	}
	return os.WriteFile(done, nil, 0o644)
}
