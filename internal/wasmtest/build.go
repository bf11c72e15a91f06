// Package wasmtest builds WebAssembly for tests: C by clang, and the examples in
// each language. A test is left out where a compiler is missing.
package wasmtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Header declares what C modules of tests import and export. handler makes an
// export; the functions are those of extism:host/env.
const Header = `
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64; typedef int i32; typedef long long i64;
#define handler(name) __attribute__((export_name(#name)))
#define import(module, name) __attribute__((import_module(module), import_name(#name))) extern
#define env(name) import("extism:host/env", name)
#define user(name) import("extism:host/user", name)
env(alloc) u64 alloc(u64); env(free) void release(u64); env(length) u64 length(u64);
env(load_u8) u8 load_u8(u64); env(store_u8) void store_u8(u64, u8); env(store_u64) void store_u64(u64, u64); env(load_u64) u64 load_u64(u64);
env(input_offset) u64 input_offset(void); env(input_length) u64 input_length(void); env(input_load_u8) u8 input_load_u8(u64);
env(output_set) void output_set(u64, u64); env(error_set) void error_set(u64); env(config_get) u64 config_get(u64);
env(var_get) u64 var_get(u64); env(var_set) void var_set(u64, u64); env(http_request) u64 http_request(u64, u64);
env(http_status_code) i32 http_status_code(void); env(log_info) void log_info(u64); env(log_error) void log_error(u64);
user(cache_get) u64 cache_get(u64); user(cache_set) u64 cache_set(u64, u64, u64); user(cache_delete) u64 cache_delete(u64);
static u64 text(const char *s) { u64 n = 0; while (s[n]) n++; u64 at = alloc(n); for (u64 i = 0; i < n; i++) store_u8(at + i, s[i]); return at; }
static void output(const char *s) { u64 at = text(s); output_set(at, length(at)); }
static void fail(const char *s) { error_set(text(s)); }
`

var mu sync.Mutex // guards built: one build of each at a time
var built = map[string][]byte{}

func once(t testing.TB, key string, make func(out string)) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if b, ok := built[key]; ok {
		return string(b)
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	make(out)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	built[key] = b
	return string(b)
}

func need(t testing.TB, tool, advice string) {
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("there is no %s: %s", tool, advice)
	}
}

func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// C compiles a module without a library: what Header declares, and the source.
func C(t testing.TB, source string) string {
	t.Helper()
	need(t, "clang", "make debian")
	return once(t, source, func(out string) { require.NoError(t, BuildC(source, out)) })
}

// BuildC is C into a file.
func BuildC(source, out string) error {
	cmd := exec.Command("clang", "--target=wasm32", "-nostdlib", "-O1", "-fno-builtin", "-Wl,--no-entry", "-Wl,-s", "-mbulk-memory", "-o", out, "-x", "c", "-")
	cmd.Stdin = strings.NewReader(Header + source)
	return run(cmd)
}

// Root is the folder of the project.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Examples are the folders below examples that Example builds.
var Examples = []string{"wasm-c", "wasm-go", "wasm-extism-go", "wasm-assemblyscript"}

// Example builds one, as its source says.
func Example(t testing.TB, name string) string {
	t.Helper()
	switch name {
	case "wasm-c":
		need(t, "clang", "make debian")
	case "wasm-assemblyscript":
		if _, err := os.Stat(compiler(name)); err != nil {
			t.Skip("AssemblyScript is not installed: make test does npm ci in examples/wasm-assemblyscript")
		}
	}
	return once(t, name, func(out string) { require.NoError(t, BuildExample(name, out)) })
}

func compiler(name string) string {
	return filepath.Join(Root(), "examples", name, "node_modules", ".bin", "asc")
}

// BuildExample is Example into a file.
func BuildExample(name, out string) error {
	dir := filepath.Join(Root(), "examples", name)
	switch name {
	case "wasm-c":
		return run(exec.Command("clang", "--target=wasm32-wasi", "-Os", "-s", "-o", out, filepath.Join(dir, "rule.c")))
	case "wasm-go", "wasm-extism-go":
		args := []string{"build", "-ldflags=-s -w", "-o", out}
		if name == "wasm-extism-go" {
			args = append(args, "-buildmode=c-shared")
		}
		cmd := exec.Command("go", append(args, ".")...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		return run(cmd)
	case "wasm-assemblyscript":
		cmd := exec.Command(compiler(name), "rule.ts", "--outFile", out, "--optimizeLevel", "3", "--noAssert", "--use", "abort=rule/abort")
		cmd.Dir = dir
		return run(cmd)
	}
	return fmt.Errorf("there is no example %q", name)
}
