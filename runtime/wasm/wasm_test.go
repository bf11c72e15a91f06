package wasm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wasmtest"
)

func engine(t testing.TB) *Engine {
	e, err := NewEngine(context.Background(), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { e.Close(context.Background()) })
	return e
}

func TestInspectRefuses(t *testing.T) {
	plain := module{export: "rule", returns: []byte{i32}, body: constI32(0)}.bytes()
	for what, c := range map[string]struct {
		source []byte
		want   string
	}{
		"nothing":        {nil, "not a WebAssembly binary"},
		"JavaScript":     {[]byte("function (user) {}"), "not a WebAssembly binary"},
		"text form":      {[]byte("(module)"), "not its text form"},
		"short":          {[]byte("\x00asm\x01"), "ends after 5 bytes"},
		"version 2":      {[]byte("\x00asm\x02\x00\x00\x00"), "version 2"},
		"component":      {[]byte("\x00asm\x0d\x00\x01\x00"), "component"},
		"cut":            {plain[:len(plain)-3], "claims"},
		"unknown":        {cat(plain, wasmtest.Section(77, nil)), "section 77"},
		"too large":      {make([]byte, MaxSize+1), "at most 16777216"},
		"import lie":     {cat(plain[:8], wasmtest.Section(sectionImport, []byte{0xff, 0xff, 0xff, 0xff, 0x0f})), "imports"},
		"type lie":       {cat(plain[:8], wasmtest.Section(sectionType, wasmtest.Leb(90_000))), "claims 90000 types in 0 bytes"},
		"local lie":      {module{export: "rule", body: nil}.withLocals(4_000_000_000), "locals"},
		"arity":          {cat(plain[:8], wasmtest.Section(sectionType, wasmtest.List(wasmtest.Signature(make([]byte, 1000), nil)))), "1000 parameters"},
		"memory import":  {cat(plain[:8], wasmtest.Section(sectionImport, wasmtest.List(cat(wasmtest.Named("env"), wasmtest.Named("memory"), []byte{2, 0, 1})))), "not a function"},
		"number too big": {cat(plain[:8], []byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), "a number is not"},
	} {
		_, err := Inspect(c.source)
		assert.ErrorContains(t, err, c.want, what)
	}
}

// withLocals is the module with a function that claims n locals in a few bytes.
func (m module) withLocals(n int) []byte {
	m.locals = 0
	b := m.bytes()
	code := cat(wasmtest.List(append(wasmtest.Leb(n), i64)), []byte{opEnd})
	at := strings.LastIndex(string(b), string([]byte{sectionCode}))
	return cat(b[:at], wasmtest.Section(sectionCode, wasmtest.List(wasmtest.Sized(code))))
}

func TestCompileTellsTheABI(t *testing.T) {
	e := engine(t)
	ok := constI32(0)
	for what, c := range map[string]struct {
		m    module
		abi  ABI
		want string
	}{
		"command":       {module{export: "_start"}, Command, ""},
		"plug-in":       {module{export: "rule", returns: []byte{i32}, body: ok}, Plugin, ""},
		"nothing":       {module{body: ok, returns: []byte{i32}}, "", "it exports nothing"},
		"only internal": {module{export: "malloc"}, "", "neither _start"},
		"env":           {module{export: "rule", imports: []imported{{"env", "abort", nil, nil}}}, "", "AssemblyScript needs --use abort="},
		"js":            {module{export: "run", imports: []imported{{"gojs", "runtime.wasmExit", nil, nil}}}, "", "GOOS=wasip1"},
		"absent":        {module{export: "rule", imports: []imported{{pluginModule, "exec", nil, nil}}}, "", `"exec"`},
		"absent wasi":   {module{export: "_start", imports: []imported{{wasiModule, "launch", nil, nil}}}, "", `"launch"`},
		"other types":   {module{export: "_start", imports: []imported{{wasiModule, "proc_exit", []byte{i64}, nil}}}, "", "(i64) -> (), not (i32) -> ()"},
		"body":          {module{export: "rule", returns: []byte{i32}}, "", "does not compile"},
		"memory":        {module{export: "rule", memory: []byte{0, 0x81, 0x80, 0x04}}, "", "does not compile"},
	} {
		p, err := e.Compile(context.Background(), c.m.bytes())
		switch {
		case c.want != "":
			assert.ErrorContains(t, err, c.want, what)
		case c.abi != "":
			if assert.NoError(t, err, what) {
				assert.Equal(t, c.abi, p.ABI, what)
			}
		}
	}
}

func TestRunEnds(t *testing.T) {
	e := engine(t)
	plugin := []imported{impAlloc, impStore, impOutput, {pluginModule, "error_set", []byte{i64}, nil}, {pluginModule, "load_u8", []byte{i64}, []byte{i32}}}
	exit := []imported{{wasiModule, "proc_exit", []byte{i32}, nil}}
	for what, c := range map[string]struct {
		m      module
		output string
		check  func(t *testing.T, err error)
	}{
		"nothing": {m: module{export: "_start"}},
		"exit 0":  {m: module{export: "_start", imports: exit, body: call(0, constI32(0))}},
		"exit 3": {m: module{export: "_start", imports: exit, body: call(0, constI32(3))}, check: func(t *testing.T, err error) {
			var exit *ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, uint32(3), exit.Code)
			assert.EqualError(t, err, "it exited with code 3")
		}},
		"trap": {m: module{export: "_start", body: []byte{opUnreachable}}, check: func(t *testing.T, err error) {
			var trap *TrapError
			require.ErrorAs(t, err, &trap)
			assert.Contains(t, trap.Message, "unreachable")
		}},
		"recursion in the start function": {m: module{export: "rule", start: true, body: call(0)}, check: isMemory},
		"more memory than the limit":      {m: module{export: "_start", memory: []byte{0, 1}, body: []byte{opI32, 0x80, 0x01, 0x40, 0, opDrop, opUnreachable}}, check: isMemory},
		"much memory from the start":      {m: module{export: "_start", memory: []byte{0, 0x80, 0x01}}, check: isMemory},
		"more memory, taken well":         {m: module{export: "_start", memory: []byte{0, 1}, body: []byte{opI32, 0x80, 0x01, 0x40, 0, opDrop}}},
		"output": {output: "{}", m: module{export: "rule", imports: plugin, locals: 1, returns: []byte{i32},
			body: cat(blockOf("{}", 0), call(2, []byte{opGet, 0}, constI64(2)), constI32(0))}},
		"too much output": {m: module{export: "rule", imports: plugin, locals: 1,
			body: cat(call(0, constI64(2000)), []byte{opSet, 0}, call(2, []byte{opGet, 0}, constI64(2000)))}, check: isMemory},
		"too much memory": {m: module{export: "rule", imports: plugin, body: cat(call(0, constI64(5<<20)), []byte{opDrop})}, check: isMemory},
		"past a block": {m: module{export: "rule", imports: plugin, locals: 1,
			body: cat(blockOf("{}", 0), call(2, []byte{opGet, 0}, constI64(3)))}, check: isTrap("reached outside")},
		"no block": {m: module{export: "rule", imports: plugin, body: cat(call(4, constI64(1<<60)), []byte{opDrop})}, check: isTrap("reached outside")},
		"its own error": {m: module{export: "rule", imports: plugin, locals: 1, returns: []byte{i32},
			body: cat(blockOf("no plan", 0), call(3, []byte{opGet, 0}), constI32(1))}, check: func(t *testing.T, err error) {
			var exit *ExitError
			require.ErrorAs(t, err, &exit)
			assert.EqualError(t, err, "no plan")
		}},
		"an error but 0": {m: module{export: "rule", imports: plugin, locals: 1, returns: []byte{i32},
			body: cat(blockOf("x", 0), call(3, []byte{opGet, 0}), constI32(0))}, check: func(t *testing.T, err error) { assert.EqualError(t, err, "x") }},
		"a wrong signature": {m: module{export: "rule", returns: []byte{i32, i32}, body: cat(constI32(0), constI32(0))}, check: func(t *testing.T, err error) {
			assert.ErrorContains(t, err, "must take nothing and return an i32")
		}},
	} {
		t.Run(what, func(t *testing.T) {
			p, err := e.Compile(context.Background(), c.m.bytes())
			require.NoError(t, err)
			out, err := p.Run(context.Background(), Input{Output: 1000, Memory: 4 << 20, Document: []byte(`{}`)})
			if c.check != nil {
				require.Error(t, err)
				c.check(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.output, string(out))
		})
	}
}

func isMemory(t *testing.T, err error) { assert.ErrorIs(t, err, ErrMemory) }

func isTrap(text string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var trap *TrapError
		require.ErrorAs(t, err, &trap)
		assert.Contains(t, trap.Message, text)
	}
}

// An instance that was made ahead is one of its own, with the input of its run.
func TestPrepare(t *testing.T) {
	e := engine(t)
	ctx := context.Background()
	// It gives what it finds in a global of its memory, and leaves a mark there.
	p, err := e.Compile(ctx, []byte(wasmtest.C(t, `static volatile u32 runs; handler(rule) i32 rule(void) {
		u64 v = config_get(text("K")); runs++; if (runs != 1) return 9; u64 at = input_offset(); if (!v) output_set(at, length(at)); else output_set(v, length(v)); return 0; }`)))
	require.NoError(t, err)
	run := func(in Input) string {
		in.Output = 100
		out, err := p.Run(ctx, in)
		require.NoError(t, err)
		return string(out)
	}
	in := Input{Memory: 4 << 20, Config: map[string]string{"K": "v"}, Document: []byte("{}")}
	for range 3 {
		p.Prepare(ctx, in)
		p.Prepare(ctx, in)
		require.NotNil(t, p.ready.Load())
		assert.Equal(t, "v", run(in))
		assert.Nil(t, p.ready.Load())
		assert.Zero(t, e.ahead.Load())
	}
	// For other settings it is not taken.
	p.Prepare(ctx, in)
	assert.Equal(t, "doc", run(Input{Memory: 4 << 20, Document: []byte("doc")}))
	assert.Nil(t, p.ready.Load())
	p.Prepare(ctx, in)
	in.Memory = 8 << 20
	assert.Equal(t, "v", run(in))
	assert.Zero(t, e.ahead.Load())

	// What runs code when it is made, or holds much, is not made ahead.
	for what, m := range map[string]module{
		"a start function": {export: "rule", start: true, body: []byte{opLoop, 0x40, opBr, 0, opEnd}},
		"much memory":      {export: "rule", memory: []byte{0, 32}},
	} {
		p, err := e.Compile(ctx, m.bytes())
		require.NoError(t, err, what)
		p.Prepare(ctx, Input{Memory: 4 << 20})
		assert.Nil(t, p.ready.Load(), what)
	}
	table, err := e.Compile(ctx, []byte(wasmtest.Raw{Export: "rule", Functions: [][]byte{{}}, Tables: [][]byte{append([]byte{0}, wasmtest.Leb(1_000_000)...)}}.Bytes()))
	require.NoError(t, err)
	table.Prepare(ctx, Input{Memory: 4 << 20})
	assert.Nil(t, table.ready.Load())
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHTTPRequest(t *testing.T) {
	e := engine(t)
	imports := []imported{impAlloc, impStore, impOutput,
		{pluginModule, "http_request", []byte{i64, i64}, []byte{i64}},
		{pluginModule, "length", []byte{i64}, []byte{i64}}}
	send := func(request string) ([]byte, error) {
		p, err := e.Compile(context.Background(), module{export: "rule", imports: imports, locals: 2, body: cat(
			blockOf(request, 0),
			call(3, []byte{opGet, 0}, constI64(0)), []byte{opSet, 1},
			call(2, []byte{opGet, 1}, call(4, []byte{opGet, 1})),
		)}.bytes())
		require.NoError(t, err)
		return p.Run(context.Background(), Input{Output: 1000, Memory: 4 << 20, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "refused.example" {
				return nil, errors.New("refused.example is not allowed")
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Key")))}, nil
		})})
	}
	out, err := send(`{"url":"https://api.example/users","headers":{"x-key":"k"}}`)
	require.NoError(t, err)
	assert.Equal(t, "GET /users k", string(out))
	_, err = send(`{"url":"https://refused.example/"}`)
	assert.ErrorContains(t, err, "refused.example is not allowed")
	_, err = send(`{"url":"file:///etc/passwd"}`)
	assert.ErrorContains(t, err, "no absolute http or https URL")
	_, err = send(`[1]`)
	assert.ErrorContains(t, err, "the request is not JSON")
}

func TestParseAnswer(t *testing.T) {
	a, err := ParseAnswer([]byte(` {"user":{"a":1},"context":{},"commands":[["access.deny","no"]]} `))
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(a.User))
	assert.Len(t, a.Commands, 1)
	a, err = ParseAnswer(nil)
	require.NoError(t, err)
	assert.Nil(t, a.User)
	for text, want := range map[string]string{
		`hello`:               "the output is not JSON",
		`hello {}`:            "logs belong on standard error",
		`[]`:                  "the output is an array",
		`null`:                "the output is null",
		`{} {}`:               "goes on after",
		`{"user":1}`:          "user is a number",
		`{"user":null}`:       "user is null",
		`{"context":[]}`:      "context is an array",
		`{"commands":{}}`:     "commands is an object",
		`{"commands":null}`:   "commands is null",
		`{"commands":["x"]}`:  "commands[0]",
		`{"commands":[[]]}`:   "commands[0]",
		`{"commands":[[1]]}`:  "commands[0]",
		`{"usr":{}}`:          `unknown member "usr"`,
		`{"user":{},"a\u0000`: "not JSON",
	} {
		_, err := ParseAnswer([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(module{export: "rule", imports: []imported{impAlloc}, locals: 3, memory: []byte{0, 1}, body: []byte{opUnreachable}}.bytes())
	f.Add([]byte(Magic + "\x01\x00\x00\x00\x0a\x04\x01\x02\x00\x0b"))
	f.Fuzz(func(t *testing.T, source []byte) {
		info, err := Inspect(source)
		if err == nil {
			abiOf(info)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"user":{},"context":{},"commands":[["a",1]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := ParseAnswer(text); err == nil && a.User != nil {
			assert.Equal(t, byte('{'), a.User[0])
		}
	})
}
