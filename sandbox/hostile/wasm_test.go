package hostile

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/wasmtest"
	"github.com/rulebox/rulebox/sandbox/confine"
)

// Parts of modules in C.
const (
	// rule is the body of a plug-in's function.
	ruleHead, ruleTail = "handler(rule) i32 rule(void) {\n", "\nreturn 0; }"
	// wasi declares what commands import; fd_write tells through standard error.
	wasi = `
#define wasi(name) import("wasi_snapshot_preview1", name) i32
wasi(fd_write) fd_write(i32, const void *, i32, u32 *); wasi(fd_read) fd_read(i32, void *, i32, u32 *);
wasi(path_open) path_open(i32, i32, const char *, u32, i32, u64, u64, i32, i32 *); wasi(fd_prestat_get) fd_prestat_get(i32, void *);
wasi(environ_sizes_get) environ_sizes_get(u32 *, u32 *); wasi(environ_get) environ_get(char **, char *);
wasi(clock_time_get) clock_time_get(i32, u64, u64 *); wasi(random_get) random_get(void *, u32); wasi(poll_oneoff) poll_oneoff(const void *, void *, u32, u32 *);
wasi(sock_accept) sock_accept(i32, i32, i32 *); wasi(sock_send) sock_send(i32, const void *, i32, i32, u32 *);
wasi(fd_close) fd_close(i32); wasi(fd_renumber) fd_renumber(i32, i32); wasi(fd_seek) fd_seek(i32, i64, i32, u64 *);
import("wasi_snapshot_preview1", proc_exit) void proc_exit(i32);
struct vec { const void *at; u32 n; };
static void put(i32 fd, const char *s) { u32 n = 0, w; while (s[n]) n++; struct vec v = {s, n}; fd_write(fd, &v, 1, &w); }
#define escaped(what) do { put(2, "ESCAPED\n"); put(1, "ESCAPED " what); proc_exit(66); } while (0)
`
	mainHead, mainTail = "handler(_start) void _start(void) {\n", "\n}"
)

type wasmCase struct {
	codes  string // as in the text cases
	before string // declarations in C
	rule   string // the body of a plug-in's function
	main   string // the body of a command's
	raw    string // the module itself
}

func (c wasmCase) module(t *testing.T) string {
	switch {
	case c.raw != "":
		return c.raw
	case c.main != "":
		return wasmtest.C(t, wasi+c.before+mainHead+c.main+mainTail)
	}
	return wasmtest.C(t, c.before+ruleHead+c.rule+ruleTail)
}

func nested(op byte, n int) []byte {
	return append(bytes.Repeat([]byte{op, 0x40}, n), bytes.Repeat([]byte{0x0b}, n)...)
}

// wasmCases attack by what modules have. VICTIM is the port of what nobody may reach.
// They are no variable: the workers are this executable, and each would make the
// cases at its start, some 20 MiB that it keeps.
func wasmCases() map[string]wasmCase {
	return map[string]wasmCase{
		// Time.
		"loop":                     {codes: "timeout", rule: `for (volatile u32 i = 0;; i++);`},
		"loop/command":             {codes: "timeout", main: `for (volatile u32 i = 0;; i++);`},
		"loop/start-function":      {codes: "timeout", raw: wasmtest.Raw{Export: "rule", Start: true, Functions: [][]byte{{0x03, 0x40, 0x0c, 0, 0x0b}}}.Bytes()},
		"loop/initialize":          {codes: "timeout", before: `handler(_initialize) void _initialize(void) { for (volatile u32 i = 0;; i++); }`, rule: ` `},
		"recursion-tree":           {codes: "timeout", before: `static volatile u32 n; __attribute__((noinline)) u32 f(u32 k) { n++; return k ? f(k-1) + f(k-1) : n; }`, rule: `return f(60);`},
		"recursion-tree/indirect":  {codes: "timeout", before: `u32 f(u32); u32 (*volatile p)(u32) = f; u32 f(u32 k) { return k ? p(k-1) + p(k-1) : 1; }`, rule: `return p(60);`},
		"loop/memory-fill":         {codes: "timeout", before: `static char b[4 << 20];`, rule: `for (;;) { __builtin_memset(b, 1, sizeof b); __asm__ volatile("" ::: "memory"); }`},
		"loop/memory-copy":         {codes: "timeout", before: `static char b[8 << 20];`, rule: `for (;;) { __builtin_memmove(b, b + 1, sizeof b - 1); __asm__ volatile("" ::: "memory"); }`},
		"loop/refused-growth":      {codes: "timeout", rule: `for (;;) __builtin_wasm_memory_grow(0, 65535);`},
		"loop/host-calls":          {codes: "timeout", rule: `u64 k = text("absent"); for (;;) config_get(k);`},
		"loop/cache":               {codes: "timeout memory", rule: `u64 k = text("k"), v = text("v"); for (;;) cache_set(k, v, 1000);`},
		"loop/clock":               {codes: "timeout", main: `u64 t; for (;;) clock_time_get(0, 0, &t);`},
		"loop/random":              {codes: "timeout", before: `static char b[1 << 20];`, main: `for (;;) random_get(b, sizeof b);`},
		"sleep":                    {codes: "timeout", before: `static u64 s[6] = {1, 0, 1, 3600ull * 1000000000}; static char e[64];`, main: `u32 n; for (;;) poll_oneoff(s, e, 1, &n);`},
		"loop/read-after-the-end":  {codes: "timeout", before: `static char b[100];`, main: `struct vec v = {b, sizeof b}; u32 n; for (;;) fd_read(0, &v, 1, &n);`},
		"loop/swallowed-refusal":   {codes: "timeout threw", rule: `for (;;) { u64 at = text("x"); error_set(at); release(at); }`},
		"loop/write-nothing":       {codes: "timeout", main: `u32 n; for (;;) fd_write(1, 0, 0, &n);`},
		"loop/lines-on-stderr":     {codes: "timeout", main: `for (;;) put(2, "line\n");`},
		"loop/stderr-without-end":  {codes: "timeout", main: `for (;;) put(2, "xxxxxxxxxxxxxxxx");`},
		"loop/after-closed-output": {codes: "timeout", main: `fd_close(1); fd_close(2); for (;;) put(1, "x");`},

		// Memory.
		"memory/grow-and-touch": {codes: "memory timeout", rule: `for (u32 at;;) { u32 old = __builtin_wasm_memory_grow(0, 16); if (old == (u32)-1) __builtin_trap(); for (at = old * 65536; at < (old + 16) * 65536; at += 4096) *(volatile char *)at = 1; }`},
		"memory/at-once":        {codes: "memory", rule: `if (__builtin_wasm_memory_grow(0, 60000) == (u32)-1) __builtin_trap();`},
		"memory/from-the-start": {codes: "memory", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{{}}, Memory: append([]byte{0}, wasmtest.Leb(60000)...)}.Bytes()},
		"memory/blocks":         {codes: "memory", rule: `for (;;) alloc(1 << 20);`},
		"memory/small-blocks":   {codes: "memory timeout", rule: `for (;;) alloc(1);`},
		"memory/freed-blocks":   {codes: "memory timeout", rule: `for (;;) release(alloc(1 << 16));`},
		"memory/largest-block":  {codes: "memory", rule: `alloc(~0ull);`},
		"memory/large-block":    {codes: "memory", rule: `alloc(1ull << 63);`},
		"memory/variables":      {codes: "memory timeout", rule: `u64 v = alloc(1 << 16); for (u64 i = 0;; i++) { u64 k = alloc(8); store_u64(k, i); var_set(k, v); }`},
		"memory/table":          {codes: "memory timeout threw invalid", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{{}}, Tables: slices.Repeat([][]byte{append([]byte{0}, wasmtest.Leb(10_000_000)...)}, 100)}.Bytes()},
		"memory/stack":          {codes: "memory timeout", before: `static volatile u32 n; __attribute__((noinline)) u32 f(u32 k) { n++; return f(k + 1) + n; }`, rule: `return f(0);`},
		"memory/stack/start":    {codes: "memory timeout", raw: wasmtest.Raw{Export: "rule", Start: true, Functions: [][]byte{{0x10, 0}}}.Bytes()},
		"memory/output":         {codes: "memory", rule: `u64 at = alloc(8 << 20); output_set(at, 8 << 20);`},
		"memory/standard-out":   {codes: "memory", before: `static char b[4 << 20];`, main: `struct vec v = {b, sizeof b}; u32 n; fd_write(1, &v, 1, &n); proc_exit(0);`},
		"memory/log":            {codes: "ok", rule: `u64 at = alloc(30 << 20); log_info(at);`},
		"memory/error":          {codes: "threw memory", rule: `u64 at = alloc(30 << 20); error_set(at); return 1;`},
		"memory/random":         {codes: "threw ok", main: `random_get((void *)65536, 0x7fffffff);`},

		// Reaching out of bounds.
		"bounds/store":      {codes: "threw", rule: `store_u8(1ull << 60, 1);`},
		"bounds/load":       {codes: "threw", rule: `return load_u64(~0ull);`},
		"bounds/past":       {codes: "threw", rule: `u64 at = alloc(8); store_u64(at + 1, 1);`},
		"bounds/input":      {codes: "threw", rule: `return input_load_u8(~0ull);`},
		"bounds/freed":      {codes: "threw", rule: `u64 at = alloc(8); release(at); release(at); release(7); store_u8(at, 1);`},
		"bounds/output":     {codes: "threw", rule: `output_set(alloc(8), 9);`},
		"bounds/wrapped":    {codes: "threw", rule: `u64 at = alloc(64); output_set(at + 1, ~0ull);`},
		"bounds/own":        {codes: "threw", rule: `return *(volatile i32 *)0x7ffffff0;`},
		"bounds/pointers":   {codes: "threw ok", main: `fd_write(1, (void *)0xfffffff0, 0x7fffffff, (void *)0xfffffff8); environ_get((void *)0xfffffff0, (void *)0xfffffff0);`},
		"bounds/poll":       {codes: "threw ok", main: `u32 n; poll_oneoff((void *)0, (void *)0, 0x7fffffff, &n);`},
		"trap/unreachable":  {codes: "threw", rule: `__builtin_trap();`},
		"trap/divide":       {codes: "threw", before: `static volatile u32 zero;`, rule: `return 100 / zero;`},
		"trap/null-call":    {codes: "threw", before: `void (*volatile p)(void);`, rule: `p();`},
		"trap/wrong-call":   {codes: "threw", before: `i32 f(i32 a) { return a; } void *volatile p = (void *)f;`, rule: `((void (*)(void))p)();`},
		"exit/large":        {codes: "threw", main: `proc_exit(0x7fffffff);`},
		"exit/quiet":        {codes: "ok", main: `proc_exit(0);`},
		"exit/then-nothing": {codes: "threw", rule: `return 77;`},

		// What the module gives.
		"output/array":          {codes: "threw", rule: `output("[]");`},
		"output/two":            {codes: "threw", rule: `output("{} {}");`},
		"output/deep":           {codes: "threw memory", rule: `u64 at = alloc(900000); const char *h = "{\"user\":{\"a\":"; u64 i = 0; while (h[i]) { store_u8(at + i, h[i]); i++; } for (; i < 900000; i++) store_u8(at + i, '['); output_set(at, i);`},
		"output/deep-commands":  {codes: "threw memory", rule: `u64 at = alloc(900000); const char *h = "{\"commands\":[["; u64 i = 0; while (h[i]) { store_u8(at + i, h[i]); i++; } for (; i < 900000; i++) store_u8(at + i, '['); output_set(at, i);`},
		"output/prototype":      {codes: "ok", rule: `output("{\"user\":{\"__proto__\":{\"polluted\":1},\"constructor\":{\"prototype\":{\"polluted\":1}}}}");`},
		"output/not-utf8":       {codes: "ok threw", rule: `output("{\"user\":{\"a\":\"\xff\xfe\xed\xa0\x80\"}}");`},
		"output/lone-surrogate": {codes: "ok threw", rule: `output("{\"user\":{\"a\":\"\\ud800\"},\"commands\":[[\"idToken.setCustomClaim\",\"\\udfff\",\"\\ud800\"]]}");`},
		"output/big-number":     {codes: "ok threw", rule: `output("{\"user\":{\"a\":1e999999999,\"b\":-0,\"c\":123456789012345678901234567890}}");`},
		"commands/unknown":      {codes: "threw", rule: `output("{\"commands\":[[\"access.grant\"]]}");`},
		"commands/internal":     {codes: "threw", rule: `output("{\"commands\":[[\"cache.get\",\"k\"]]}");`},
		"commands/constructor":  {codes: "threw", rule: `output("{\"commands\":[[\"constructor.constructor\",\"return 1\"]]}");`},
		"commands/reserved":     {codes: "ok", rule: `output("{\"commands\":[[\"idToken.setCustomClaim\",\"sub\",\"admin\"]]}");`},
		"commands/redirect":     {codes: "threw", rule: `output("{\"commands\":[[\"redirect.sendUserTo\",\"https://evil.example/\"]]}");`},
		"commands/many": {codes: "memory threw", rule: `u64 at = alloc(1000000), i = 0; const char *h = "{\"commands\":[", *c = "[\"refreshToken.evictMetadata\"],"; while (h[i]) { store_u8(at + i, h[i]); i++; }
		for (u32 n = 0; n < 20000; n++) for (u32 k = 0; c[k]; k++) store_u8(at + i++, c[k]); i--; store_u8(at + i++, ']'); store_u8(at + i++, '}'); output_set(at, i);`},

		// The outside.
		"network/loopback":   {codes: "forbidden threw", rule: `http_request(text("{\"url\":\"http://127.0.0.1:VICTIM/\"}"), 0); fail("ESCAPED"); return 1;`},
		"network/names":      {codes: "forbidden threw", rule: `http_request(text("{\"url\":\"http://loop.attacker.example:VICTIM/\"}"), 0); fail("ESCAPED"); return 1;`},
		"network/metadata":   {codes: "forbidden threw", rule: `http_request(text("{\"url\":\"http://metadata.attacker.example/latest\"}"), 0); fail("ESCAPED"); return 1;`},
		"network/file":       {codes: "threw", rule: `http_request(text("{\"url\":\"file:///etc/passwd\"}"), 0); fail("ESCAPED"); return 1;`},
		"network/smuggle":    {codes: "forbidden threw", rule: `http_request(text("{\"url\":\"http://127.0.0.1:VICTIM/\",\"headers\":{\"a\":\"b\\r\\nHost: c\"}}"), 0); fail("ESCAPED"); return 1;`},
		"network/method":     {codes: "forbidden threw", rule: `http_request(text("{\"url\":\"http://127.0.0.1:VICTIM/\",\"method\":\"GET / HTTP/1.1\\r\\n\\r\\n\"}"), 0); fail("ESCAPED"); return 1;`},
		"files/open":         {codes: "ok", main: `i32 fd; for (i32 d = 0; d < 16; d++) { if (!path_open(d, 0, "etc/passwd", 10, 0, 2, 2, 0, &fd)) escaped("a file"); if (!path_open(d, 1, "/code", 5, 9, ~0ull, ~0ull, 0, &fd)) escaped("a new file"); }`},
		"files/prestat":      {codes: "ok", before: `static char b[16];`, main: `for (i32 d = 3; d < 600; d++) if (!fd_prestat_get(d, b)) escaped("a folder");`},
		"files/descriptors":  {codes: "ok", before: `static char b[64];`, main: `struct vec v = {"ESCAPED", 7}, r = {b, 64}; u32 n; for (i32 d = 3; d < 600; d++) { if (!fd_write(d, &v, 1, &n) || !fd_read(d, &r, 1, &n) || !sock_send(d, &v, 1, 0, &n)) escaped("a descriptor"); fd_close(d); }`},
		"files/renumber":     {codes: "ok", before: `static char b[64];`, main: `struct vec r = {b, 64}; u32 n; for (i32 d = 3; d < 64; d++) if (!fd_renumber(d, 0)) escaped("a descriptor");`},
		"environment/plan":   {codes: "ok", before: `static char b[65536]; static char *p[1024];`, main: `u32 n, size; environ_sizes_get(&n, &size); if (n) escaped("the environment");`},
		"imports/unknown":    {codes: "invalid", before: `import("extism:host/env", exec) u64 exec(u64);`, rule: `exec(text("sh"));`},
		"imports/wrong-type": {codes: "invalid", before: `import("extism:host/env", get_log_level) u64 get_log_level(u64, u64);`, rule: `return get_log_level(1, 2);`},

		// The compiler.
		"compile/lie":             {codes: "invalid", raw: "\x00asm\x01\x00\x00\x00\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b"},
		"compile/locals":          {codes: "invalid ok timeout unavailable", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{{}}, Locals: 50_000}.Bytes()},
		"compile/nested-blocks":   {codes: "invalid", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{nested(0x02, 100_000)}}.Bytes()},
		"compile/nested-loops":    {codes: "invalid", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{nested(0x03, 20_000)}, Locals: 1000}.Bytes()},
		"compile/many-functions":  {codes: "invalid ok timeout unavailable", raw: wasmtest.Raw{Export: "rule", Functions: slices.Repeat([][]byte{{}}, 100_000)}.Bytes()},
		"compile/branches":        {codes: "invalid ok timeout unavailable", raw: wasmtest.Raw{Export: "rule", Functions: slices.Repeat([][]byte{slices.Concat([]byte{0x41, 0, 0x0e}, wasmtest.Leb(65_000), make([]byte, 65_001))}, 100)}.Bytes()},
		"compile/nothing-but-ops": {codes: "invalid ok timeout unavailable", raw: wasmtest.Raw{Export: "rule", Functions: [][]byte{bytes.Repeat([]byte{0x41, 1, 0x1a}, 300_000)}}.Bytes()},
	}
}

// TestHostileWASM runs the cases as the text cases are run. What is hostile to the
// compiler never comes to run.
func TestHostileWASM(t *testing.T) {
	plan, err := confine.Probe(confine.JS)
	require.NoError(t, err)
	if !plan.Has(confine.MntNS) {
		t.Skip("no WebAssembly here: workers have no file system of their own")
	}
	all := wasmCases()
	require.GreaterOrEqual(t, len(all), 40)
	victim := newVictim(t)
	p := &prison{t: t, pool: start(t, plan)}
	good := rulebox.NewScript(rulebox.KindRule, "quiet", wasmtest.C(t, ruleHead+`output("{}");`+ruleTail))
	require.NoError(t, p.pool.Ready(context.Background(), &rulebox.Chain{Scripts: []*rulebox.Script{good}}))
	ctx, cancel := context.WithCancel(context.Background())
	var around sync.WaitGroup
	around.Go(func() { p.bystander(ctx) })
	around.Go(func() { p.weigh(ctx) })
	t.Run("cases", func(t *testing.T) {
		gate := make(chan struct{}, parallel)
		for name, c := range all {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := c
				c.rule = strings.ReplaceAll(c.rule, "VICTIM", strconv.Itoa(victim.port))
				source := c.module(t)
				gate <- struct{}{}
				defer func() { <-gate }()
				h := hostileCase{name: name, codes: strings.Fields(c.codes), source: source, beside: good, wall: 2 * wall}
				if !p.compiled(t, h) {
					return
				}
				p.run(t, "wasm-"+strings.ReplaceAll(name, "/", "-"), h)
			})
		}
	})
	cancel()
	around.Wait()
	assert.Positive(t, p.served.Load(), "the bystander was served meanwhile")
	assert.Zero(t, victim.reached.Load(), "a module reached what listens on this machine")
	p.weighed(t, parallel*(compiling+oneWorker)+8*oneWorker/2)
	assert.LessOrEqual(t, p.one.Load(), int64(compiling+oneWorker), "one worker: a compile worker's limit")
}

// compiling is the memory that a compile worker may have, in bytes.
const compiling = 512 << 20

// compiled has the script compiled, and reports whether there is one to run.
func (p *prison) compiled(t *testing.T, c hostileCase) bool {
	begin := time.Now()
	err := p.pool.Ready(context.Background(), chain("", "hostile", c.source, wall))
	for range tries {
		if rulebox.CodeOf(err) != rulebox.CodeUnavailable {
			break
		}
		err = p.pool.Ready(context.Background(), chain("", "hostile", c.source, wall))
	}
	assert.Less(t, time.Since(begin), tries*(compileTime+5*time.Second), "compiling ends")
	if err == nil {
		if slices.Equal(c.codes, []string{"invalid"}) {
			t.Error("it compiled")
		}
		return true
	}
	code := string(rulebox.CodeOf(err))
	require.Contains(t, c.codes, code, "%v", err)
	assert.NotEmpty(t, fmt.Sprint(err))
	return false
}

// compileTime is what the pool gives the compiler here.
const compileTime = 3 * time.Second
