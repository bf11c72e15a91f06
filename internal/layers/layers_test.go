package layers

import (
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/rulebox/rulebox"

// A rule forbids packages to import others. Patterns begin with ./ for packages of
// this module ("." is its root); a trailing /... means it and all below.
type rule struct {
	who    []string
	except []string
	not    []string
	why    string
}

var rules = []rule{
	{who: []string{"./..."}, except: []string{"./bus/...", "./store/...", "./examples/...", "./cmd/...", "./internal/bench/..."},
		not: []string{"github.com/nats-io/..."}, why: "NATS is an edge: only bus and store know it"},
	{who: []string{"./..."}, except: []string{"./runtime/js/..."},
		not: []string{"github.com/dop251/goja/...", "github.com/dlclark/regexp2/..."}, why: "an engine is behind runtime/js"},
	{who: []string{"./..."}, except: []string{"./runtime/wasm/..."},
		not: []string{"github.com/tetratelabs/wazero/..."}, why: "an engine is behind runtime/wasm"},
	{who: []string{"./..."}, except: []string{"./runtime/js/lang/...", "./internal/bundle"},
		not: []string{"github.com/evanw/esbuild/..."}, why: "source is transformed in one place"},
	{who: []string{"./sandbox"}, not: []string{"./runtime/...", "./modules/..."},
		why: "the parent side never parses, compiles or runs customers' code"},
	{who: []string{"./sandbox/program"}, not: []string{"./runtime/...", "./modules/...", "./sandbox/worker"},
		why: "the node embeds the worker's program and does not link it"},
	{who: []string{"./transaction", "./store", "./bus", "./gateway"}, not: []string{"./sandbox/...", "./runtime/...", "./modules/..."},
		why: "these decide, store and carry; they never execute"},
	{who: []string{"./bus"}, not: []string{"./store/...", "./gateway/...", "./transaction/..."}, why: "adapters do not import each other"},
	{who: []string{"./store"}, not: []string{"./bus/...", "./gateway/..."}, why: "adapters do not import each other"},
	{who: []string{"./gateway/adapters"}, not: []string{"./bus/...", "./store/...", "./gateway", "./transaction/...", "./sandbox/...", "./runtime/...", "./modules/..."},
		why: "hooks of identity servers are one more door to an Invoker"},
	{who: []string{"./gateway"}, not: []string{"./bus/...", "./store/...", "./transaction/..."}, why: "adapters do not import each other"},
	{who: []string{"./runtime/...", "./modules/..."},
		not: []string{"os", "os/exec", "golang.org/x/sys/..."}, why: "out only through modules.Host: no files, no processes"},
	{who: []string{"./runtime/...", "./modules/..."}, not: []string{"./sandbox/...", "./bus/...", "./store/...", "./gateway/...", "./transaction/..."},
		why: "what runs in the jail knows nothing of the node"},
	{who: []string{"./..."}, except: []string{"./cmd/...", "./internal/bundle"}, not: []string{"./modules/npm/licences"},
		why: "the texts of licences are for the command that prints them"},
	{who: []string{"./..."}, except: []string{"./cmd/...", "./internal/npm/..."}, not: []string{"./internal/npm/..."},
		why: "packages are fetched by a command, never by the node"},
	{who: []string{"./internal/npm/..."}, not: []string{"./runtime/...", "./modules/...", "./sandbox/..."},
		why: "what reads foreign archives runs nothing"},
	{who: []string{"./event", "./internal/glance", "./internal/jsonterms", "./internal/near", "./internal/request", "./internal/schema", "./internal/trigger", "./internal/unsaved"},
		not: []string{"./bus/...", "./store/...", "./gateway/...", "./transaction/...", "./sandbox/...", "./runtime/...", "./modules/..."},
		why: "words and bodies are below every part: all doors share them"},
	{who: []string{"./event"}, not: []string{"./internal/..."}, why: "callers' programs import it: it holds types only"},
	{who: []string{"./sandbox/confine", "./sandbox/internal/..."}, not: []string{"./runtime/...", "./modules/...", "./sandbox", "./sandbox/worker"},
		why: "the jail does not know what it holds"},
	{who: []string{"./..."}, except: []string{"./cmd/...", "./examples/...", "./internal/bench/...", "./internal/e2e/..."}, not: []string{"./cmd/...", "./examples/..."},
		why: "programs stand above all packages"},
	{who: []string{"./..."}, except: []string{"./internal/testserver", "./internal/bench/..."}, not: []string{"./internal/testserver"}, why: "real servers are started by tests and benchmarks only"},
	{who: []string{"./..."}, except: []string{"./internal/pooltest"}, not: []string{"./internal/pooltest"}, why: "programs start their own pools"},
	{who: []string{"./..."}, except: []string{"./internal/pooltest", "./internal/workertest"}, not: []string{"./internal/workertest"}, why: "it needs the go command"},
	{who: []string{"./..."}, except: []string{"./internal/wiretest"}, not: []string{"./internal/wiretest"}, why: "a server that only pretends is for tests"},
}

func TestLayers(t *testing.T) {
	imports := parse(t)
	require.NotEmpty(t, imports["./sandbox"])
	for pkg, list := range imports {
		if pkg == "." {
			for _, imp := range list {
				assert.NotContains(t, strings.SplitN(imp, "/", 2)[0], ".", "the root package imports the standard library only, not %s", imp) // ours begin with a dot too
			}
		}
		for _, r := range rules {
			if !matchAny(r.who, pkg) || matchAny(r.except, pkg) {
				continue
			}
			for _, imp := range list {
				if matchAny(r.not, imp) && imp != pkg {
					t.Errorf("%s imports %s: %s", pkg, imp, r.why)
				}
			}
		}
	}
}

// A rule about a package that nobody has any more is a rule that cannot fail.
func TestRulesNameWhatExists(t *testing.T) {
	imports := parse(t)
	for _, r := range rules {
		for _, who := range r.who {
			found := false
			for pkg := range imports {
				found = found || match(who, pkg)
			}
			assert.True(t, found, "no package matches %q", who)
		}
	}
}

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, pkg) })
}

func match(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pkg == pattern
}

// parse returns the imports of every package of the module, tests left out. It
// reads the files itself: a test that runs the go tool is cached and goes stale.
func parse(t *testing.T) map[string][]string {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		root = filepath.Join("..", "..") // built with -trimpath
	}
	imports := map[string][]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "data" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				if constraint.IsGoBuild(c.Text) && strings.Contains(c.Text, "ignore") {
					return nil
				}
			}
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		pkg := "."
		if rel != "." {
			pkg = "./" + filepath.ToSlash(rel)
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if imp == module {
				imp = "."
			} else if own, ok := strings.CutPrefix(imp, module+"/"); ok {
				imp = "./" + own
			}
			imports[pkg] = append(imports[pkg], imp)
		}
		return nil
	})
	require.NoError(t, err)
	return imports
}
