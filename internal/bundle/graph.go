package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// supported names what the engine has although the target year has not, or
// lacks although it has.
var supported = map[string]bool{
	"async-generator": false, "for-await": false, "dynamic-import": false, "import-meta": false,
	"hashbang": false, "using": false, "decorators": false,
	"regexp-dot-all-flag": true, "regexp-lookbehind-assertions": true, "regexp-match-indices": true,
	"regexp-named-capture-groups": true, "regexp-set-notation": true,
	"regexp-sticky-and-unicode-flags": true, "regexp-unicode-property-escapes": true,
	"bigint": true, "object-rest-spread": true, "optional-chain": true, "nullish-coalescing": true,
	"class-field": true, "class-private-field": true, "class-private-method": true,
	"class-static-field": true, "class-static-blocks": true, "optional-catch-binding": true,
	"logical-assignment": true, "exponent-operator": true, "template-literal": true,
}

// options are what all runs of esbuild have in common. Identifiers keep their
// names: errors and classes are known by them.
func options(work string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir: work, Bundle: true, Write: false, Metafile: true,
		Platform: api.PlatformNode, Format: api.FormatCommonJS, Conditions: []string{"node"},
		Target: api.ES2017, Supported: supported,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true,
		Define: map[string]string{
			"process.env.NODE_ENV": `"production"`, "__dirname": `"/"`, "__filename": `"/index.js"`,
			"import.meta.url": `"file:///index.js"`,
		},
		LogLevel: api.LogLevelSilent, Sourcemap: api.SourceMapNone,
		Loader: map[string]api.Loader{".node": api.LoaderEmpty, ".html": api.LoaderText},
	}
}

// external returns what a built-in is required by at run time.
func external(request string) (string, bool) {
	if request == ownManagement {
		return "internal/npm/" + request, true
	}
	name := strings.TrimPrefix(request, "node:")
	public, ok := builtins[name]
	if !ok {
		return "", false
	}
	if !public {
		name = "internal/npm/" + name
	}
	return name, true
}

// common is the plugin that leaves built-ins out and makes lists lazy.
func common(work string) api.Plugin {
	member := regexp.MustCompile(`(\w+): require\(('[^']+')\)`)
	return api.Plugin{Name: "common", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^(node:)?[a-z0-9_]+(/[a-z]+)?/?$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			request := a.Path
			if strings.HasSuffix(request, "/") { // a package that has a built-in's name
				return api.OnResolveResult{}, nil
			}
			if name, ok := external(request); ok {
				return api.OnResolveResult{Path: name, External: true}, nil
			}
			return api.OnResolveResult{}, nil
		})
		for _, folder := range lazyFolders {
			b.OnLoad(api.OnLoadOptions{Filter: "/" + regexp.QuoteMeta(folder) + `.*\.js$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				data, err := os.ReadFile(a.Path)
				text := lazyText(string(data))
				return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS, ResolveDir: filepath.Dir(a.Path)}, err
			})
		}
		for _, file := range lazyExports {
			b.OnLoad(api.OnLoadOptions{Filter: "/" + regexp.QuoteMeta(file) + "$"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				data, err := os.ReadFile(a.Path)
				text := member.ReplaceAllString(string(data), `get $1() { return require($2); }`)
				return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS, ResolveDir: filepath.Dir(a.Path)}, err
			})
		}
	}}
}

// failure joins esbuild's messages.
func failure(what string, messages []api.Message) error {
	if len(messages) == 0 {
		return nil
	}
	var list []error
	for _, m := range messages[:min(len(messages), 5)] {
		text := m.Text
		if m.Location != nil {
			text = fmt.Sprintf("%s:%d: %s", m.Location.File, m.Location.Line, text)
		}
		list = append(list, errors.New(text))
	}
	return fmt.Errorf("%s: %w", what, errors.Join(list...))
}

// A graph is the files that a run of esbuild has read, by path, with what each
// requires.
type graph struct {
	Inputs map[string]struct {
		Bytes   int `json:"bytes"`
		Imports []struct {
			Path     string `json:"path"`
			Original string `json:"original"`
			Kind     string `json:"kind"`
			External bool   `json:"external"`
		} `json:"imports"`
	} `json:"inputs"`

	resolved map[link]string
}

// A link is a request for a file, by another.
type link struct{ from, request, kind string }

func parseGraph(metafile string) (*graph, error) {
	g := &graph{resolved: map[link]string{}}
	if err := json.Unmarshal([]byte(metafile), g); err != nil {
		return nil, fmt.Errorf("esbuild's metafile: %w", err)
	}
	for from, in := range g.Inputs {
		for _, imp := range in.Imports {
			if !imp.External {
				g.resolved[link{from, imp.Original, imp.Kind}] = imp.Path
			}
		}
	}
	return g, nil
}

// reach lists the files that root needs, root first, in the order in which they
// are met; seen is added to.
func (g *graph) reach(root string, seen map[string]bool, visit func(file string)) {
	if seen[root] {
		return
	}
	seen[root] = true
	visit(root)
	for _, imp := range g.Inputs[root].Imports {
		if !imp.External {
			g.reach(imp.Path, seen, visit)
		}
	}
}

// An owner is the installed package that a file belongs to.
type owner struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	License json.RawMessage `json:"license"`
	// Licenses is the form of old packages.
	Licenses json.RawMessage `json:"licenses"`
	Author   json.RawMessage `json:"author"`
	dir      string
	used     map[string]bool // its files that are part of what is built
}

// unstated stands for the licence of a package that does not name it.
const unstated = "see the package"

func (o *owner) licence() string {
	var s string
	if json.Unmarshal(o.License, &s) == nil && s != "" {
		return s
	}
	return unstated
}

// ownerOf reads the package.json of the package that holds the file.
func (b *builder) ownerOf(file string) (*owner, error) {
	i := strings.LastIndex(file, "node_modules/")
	if i < 0 {
		return &owner{Name: "rulebox", Version: "shim", dir: path.Dir(file)}, nil
	}
	parts := strings.SplitN(file[i+len("node_modules/"):], "/", 3)
	n := 1
	if strings.HasPrefix(parts[0], "@") {
		n = 2
	}
	dir := file[:i+len("node_modules/")] + strings.Join(parts[:n], "/")
	if o := b.owners[dir]; o != nil {
		return o, nil
	}
	data, err := os.ReadFile(filepath.Join(b.work, dir, "package.json"))
	if err != nil {
		return nil, err
	}
	o := &owner{dir: dir}
	if err := json.Unmarshal(data, o); err != nil {
		return nil, fmt.Errorf("%s/package.json: %w", dir, err)
	}
	b.owners[dir] = o
	return o, nil
}

// subPaths lists the sub-paths of the package that its patterns match.
func (p *pkg) subPaths(work string) ([]string, error) {
	root := filepath.Join(work, "node_modules", p.source())
	var subs []string
	without := map[string]bool{"index": true, "package.json": true, "node_modules": true}
	for _, pattern := range p.subs {
		if not, ok := strings.CutPrefix(pattern, "!"); ok {
			without[not] = true
			continue
		}
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 && !strings.ContainsAny(pattern, "*?[") {
			found = []string{filepath.Join(root, pattern)} // the package's exports know it
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: nothing matches %s", p.name, pattern)
		}
		for _, f := range found {
			rel, err := filepath.Rel(root, f)
			if err != nil {
				return nil, err
			}
			if info, err := os.Stat(f); err == nil && info.IsDir() {
				if _, err := os.Stat(filepath.Join(f, "package.json")); err != nil {
					continue
				}
			} else if err == nil && filepath.Ext(f) != ".js" {
				continue
			}
			if rel = strings.TrimSuffix(filepath.ToSlash(rel), ".js"); !without[rel] {
				subs = append(subs, rel)
			}
		}
	}
	slices.Sort(subs)
	return slices.Compact(subs), nil
}

func (p *pkg) source() string {
	if p.from != "" {
		return p.from
	}
	return p.name
}
