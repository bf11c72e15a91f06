package pack

import (
	"fmt"
	"path"
	"strings"

	"github.com/rulebox/rulebox/modules"
)

// A target is what a request means.
type target struct {
	file    fileKey
	table   string // a request to the module table
	empty   bool   // the browser map says: nothing
	problem *Problem
}

func failed(format string, args ...any) target {
	return target{problem: &Problem{Text: fmt.Sprintf(format, args...)}}
}

// resolve finds what a file's require(request) means.
func (b *builder) resolve(from fileKey, request string) target {
	m := b.manifest(from.pkg)
	if b.in.Browser {
		if to, ok := m.browser[request]; ok {
			if to == "" {
				return target{empty: true}
			}
			request = to
			if strings.HasPrefix(to, "./") {
				return b.fileTarget(from.pkg, to[2:], request)
			}
		}
	}
	switch {
	case request == "." || request == ".." || strings.HasPrefix(request, "./") || strings.HasPrefix(request, "../"):
		at := path.Join(path.Dir(from.path), request)
		if at == ".." || strings.HasPrefix(at, "../") {
			return failed("it requires '%s', which is outside of the package", request)
		}
		if at == "." {
			at = ""
		}
		return b.fileTarget(from.pkg, at, request)
	case strings.HasPrefix(request, "/"):
		return failed("it requires '%s'; there are no files here", request)
	case strings.HasPrefix(request, "#"):
		to, err := m.imported(request, b.in.Browser)
		if err != nil {
			return failed("%v", err)
		}
		if strings.HasPrefix(to, "./") {
			return b.fileTarget(from.pkg, to[2:], request)
		}
		return b.bare(from.pkg, to)
	}
	return b.bare(from.pkg, request)
}

// bare finds a request that begins with a name.
func (b *builder) bare(pkg int, request string) target {
	if table, problem := b.builtin(request); table != "" {
		return target{table: table, problem: problem}
	}
	if strings.HasPrefix(request, "node:") {
		return target{problem: &Problem{Kind: NoBuiltin, Text: fmt.Sprintf("it requires %s, which is not here", request)}}
	}
	name, sub := splitName(request)
	p := &b.in.Packages[pkg]
	if name == p.Name {
		return b.within(pkg, sub, request)
	}
	if i, ok := p.Needs[name]; ok && i >= 0 && i < len(b.in.Packages) {
		return b.within(i, sub, request)
	}
	if version, ok := p.Provided[name]; ok {
		return provided(name, version, sub)
	}
	return target{problem: &Problem{Kind: Undeclared, Text: fmt.Sprintf("it requires '%s', which its package.json does not name among the dependencies", request)}}
}

func (b *builder) within(pkg int, sub, request string) target {
	key, err := b.resolvePackage(pkg, path.Join(".", sub))
	if err != nil {
		return failed("it requires '%s': %v", request, err)
	}
	return b.mapped(key)
}

// provided is a package of the table.
func provided(name, version, sub string) target {
	forms := []string{name + "@" + version}
	if sub != "" {
		forms = []string{name + "/" + sub + "@" + version, name + "@" + version + "/" + sub}
	}
	for _, request := range forms {
		if m, ok := modules.Lookup(request); ok && !m.Internal && m.Retired == "" {
			return target{table: request}
		}
	}
	return target{problem: &Problem{Kind: NoPart, Text: fmt.Sprintf("it requires '%s/%s', which the %s of the table has not", name, sub, name)}}
}

// splitName parts a request into a package's name and the path in it.
func splitName(request string) (name, sub string) {
	parts := strings.SplitN(request, "/", 3)
	if strings.HasPrefix(request, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1], strings.Join(parts[2:], "/")
	}
	name, sub, _ = strings.Cut(request, "/")
	return name, sub
}

// resolvePackage finds a path of a package as others ask for it: "." is the
// package itself, "./x" a part.
func (b *builder) resolvePackage(pkg int, request string) (fileKey, error) {
	sub := strings.TrimPrefix(path.Clean(request), "./")
	if sub == "." {
		sub = ""
	}
	m := b.manifest(pkg)
	if m.err != nil {
		return fileKey{}, m.err
	}
	id := b.in.Packages[pkg].id()
	if m.exports != nil {
		to, err := m.export(sub, b.in.Browser)
		if err != nil {
			return fileKey{}, fmt.Errorf("%s: %w", id, err)
		}
		if key, ok := b.exact(pkg, to); ok {
			return key, nil
		}
		return fileKey{}, fmt.Errorf("%s has no file %s, which its exports name", id, to)
	}
	if sub != "" {
		if key, ok := b.file(pkg, sub); ok {
			return key, nil
		}
		return fileKey{}, fmt.Errorf("%s has no file %s", id, sub)
	}
	for _, main := range m.mains(b.in.Browser) {
		if key, ok := b.file(pkg, path.Join(".", main)); ok {
			return key, nil
		}
	}
	if key, ok := b.file(pkg, ""); ok {
		return key, nil
	}
	return fileKey{}, fmt.Errorf("%s has no main file", id)
}

func (b *builder) fileTarget(pkg int, at, request string) target {
	key, ok := b.file(pkg, at)
	if !ok {
		return failed("it requires '%s', which is not in the package", request)
	}
	return b.mapped(key)
}

// mapped applies the browser map to a file.
func (b *builder) mapped(key fileKey) target {
	if !b.in.Browser {
		return target{file: key}
	}
	m := b.manifest(key.pkg)
	to, ok := m.browser["./"+key.path]
	switch {
	case !ok:
		return target{file: key}
	case to == "":
		return target{empty: true}
	}
	if other, found := b.file(key.pkg, path.Join(".", to)); found {
		return target{file: other}
	}
	return target{file: key}
}

// file finds a file or folder as require() does.
func (b *builder) file(pkg int, at string) (fileKey, bool) {
	if at != "" && at != "." {
		for _, ext := range []string{"", ".js", ".json", ".cjs", ".mjs", ".node"} {
			if key, ok := b.exact(pkg, at+ext); ok {
				return key, true
			}
		}
		if text, ok := b.in.Packages[pkg].Files[path.Join(at, "package.json")]; ok {
			if m := parseManifest(text); m.err == nil {
				for _, main := range m.mains(b.in.Browser) {
					for _, to := range []string{path.Join(at, main), path.Join(at, main) + ".js", path.Join(at, main, "index.js")} {
						if key, ok := b.exact(pkg, to); ok {
							return key, true
						}
					}
				}
			}
		}
	}
	for _, index := range []string{"index.js", "index.json", "index.cjs", "index.mjs"} {
		if key, ok := b.exact(pkg, path.Join(at, index)); ok {
			return key, true
		}
	}
	return fileKey{}, false
}

func (b *builder) exact(pkg int, at string) (fileKey, bool) {
	at = path.Clean(at)
	_, ok := b.in.Packages[pkg].Files[at]
	return fileKey{pkg, at}, ok
}
