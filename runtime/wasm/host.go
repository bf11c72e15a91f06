package wasm

import (
	"context"
	"encoding/json"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A hostFunc is one function that the host offers to modules. It gets the run
// that calls, and the stack with its parameters, on which it leaves its result.
// An error ends the run.
type hostFunc struct {
	params, results int // all of type i64, except those of i32
	i32             string
	do              func(r *run, stack []uint64) error
}

// i32 marks, per function, which positions have type i32: parameters first, then
// results; '4' is i32, '8' is i64.
func (f hostFunc) types() (params, results []api.ValueType) {
	for i := range f.params + f.results {
		t := api.ValueTypeI64
		if i < len(f.i32) && f.i32[i] == '4' {
			t = api.ValueTypeI32
		}
		if i < f.params {
			params = append(params, t)
		} else {
			results = append(results, t)
		}
	}
	return params, results
}

// pluginFuncs are the functions of extism:host/env, as
// https://extism.org/docs/concepts/pdk and the published PDKs have them.
var pluginFuncs = map[string]hostFunc{
	"alloc": {1, 1, "", func(r *run, s []uint64) (err error) { s[0], err = r.mem.alloc(s[0]); return }},
	"free":  {1, 0, "", func(r *run, s []uint64) error { r.mem.free(s[0]); return nil }},
	"length": {1, 1, "", func(r *run, s []uint64) error {
		s[0] = r.mem.length(s[0])
		return nil
	}},
	"length_unsafe": {1, 1, "", func(r *run, s []uint64) error {
		s[0] = r.mem.length(s[0])
		return nil
	}},
	"load_u8":  {1, 1, "84", func(r *run, s []uint64) (err error) { s[0], err = r.mem.load(s[0], 1); return }},
	"load_u64": {1, 1, "", func(r *run, s []uint64) (err error) { s[0], err = r.mem.load(s[0], 8); return }},
	"store_u8": {2, 0, "84", func(r *run, s []uint64) error { return r.mem.store(s[0], 1, s[1]) }},
	"store_u64": {2, 0, "", func(r *run, s []uint64) error {
		return r.mem.store(s[0], 8, s[1])
	}},
	"input_offset": {0, 1, "", func(r *run, s []uint64) error { s[0] = r.inputAt; return nil }},
	"input_length": {0, 1, "", func(r *run, s []uint64) error { s[0] = r.mem.length(r.inputAt); return nil }},
	"input_load_u8": {1, 1, "84", func(r *run, s []uint64) (err error) {
		s[0], err = r.mem.load(r.inputAt+s[0], 1)
		return
	}},
	"input_load_u64": {1, 1, "", func(r *run, s []uint64) (err error) {
		s[0], err = r.mem.load(r.inputAt+s[0], 8)
		return
	}},
	"output_set": {2, 0, "", func(r *run, s []uint64) error {
		b, err := r.mem.bytes(s[0], s[1])
		if err == nil && len(b) > r.in.Output {
			err = errOutput
		}
		r.output = append([]byte(nil), b...)
		return err
	}},
	"error_set": {1, 0, "", func(r *run, s []uint64) error {
		b, err := r.mem.whole(s[0])
		r.failure = string(b)
		return err
	}},
	"error_get":        {0, 1, "", func(r *run, s []uint64) (err error) { s[0], err = r.mem.put([]byte(r.failure)); return }},
	"config_get":       {1, 1, "", (*run).configGet},
	"var_get":          {1, 1, "", (*run).varGet},
	"var_set":          {2, 0, "", (*run).varSet},
	"http_request":     {2, 1, "", (*run).httpRequest},
	"http_status_code": {0, 1, "4", func(r *run, s []uint64) error { s[0] = uint64(uint32(r.status)); return nil }},
	"http_headers":     {0, 1, "", (*run).httpHeaders},
	"get_log_level":    {0, 1, "4", func(_ *run, s []uint64) error { s[0] = 0; return nil }}, // all of them
	"log_trace":        logFunc("debug"),
	"log_debug":        logFunc("debug"),
	"log_info":         logFunc("info"),
	"log_warn":         logFunc("warn"),
	"log_error":        logFunc("error"),
}

// userFuncs are the functions of extism:host/user: what JavaScript has and the
// plug-in interface lacks. Strings are addresses of blocks.
var userFuncs = map[string]hostFunc{
	// cache_get(key) returns the value; 0 if there is none.
	"cache_get": {1, 1, "", (*run).cacheGet},
	// cache_set(key, value, ttl in milliseconds; 0 for the default) returns 0, or
	// the code of what broke, as a block.
	"cache_set": {3, 1, "", (*run).cacheSet},
	// cache_delete(key) returns as cache_set.
	"cache_delete": {1, 1, "", (*run).cacheDelete},
}

func knows(i Import) bool {
	if i.Module == pluginModule {
		return pluginFuncs[i.Name].do != nil
	}
	return userFuncs[i.Name].do != nil
}

func logFunc(level string) hostFunc {
	return hostFunc{1, 0, "", func(r *run, s []uint64) error {
		b, err := r.mem.whole(s[0])
		if err == nil {
			r.log(level, string(b))
			r.mem.free(s[0])
		}
		return err
	}}
}

type runKey struct{}

// register makes the functions importable.
func register(ctx context.Context, rt wazero.Runtime, module string, funcs map[string]hostFunc) error {
	b := rt.NewHostModuleBuilder(module)
	for name, f := range funcs {
		params, results := f.types()
		b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
			r := ctx.Value(runKey{}).(*run)
			if err := f.do(r, stack); err != nil {
				panic(r.end(err))
			}
		}), params, results).Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func (r *run) configGet(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	v, ok := r.in.Config[string(key)]
	if s[0] = 0; ok {
		s[0], err = r.mem.put([]byte(v))
	}
	return err
}

func (r *run) varGet(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	s[0], err = r.mem.put(r.vars[string(key)])
	return err
}

// varSet keeps a variable for the rest of the run: an instance is never used
// again.
func (r *run) varSet(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	value, err := r.mem.whole(s[1])
	if err != nil {
		return err
	}
	if r.vars == nil {
		r.vars = make(map[string][]byte)
	}
	r.mem.held -= len(r.vars[string(key)])
	delete(r.vars, string(key))
	if s[1] == 0 {
		return nil
	}
	if r.mem.held += len(value); r.mem.held > r.mem.max {
		return errBlockFull
	}
	r.vars[string(key)] = append([]byte(nil), value...)
	return nil
}

func (r *run) cacheGet(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	s[0] = 0
	if r.in.Cache == nil {
		return nil
	}
	if v, ok := r.in.Cache.Get(string(key)); ok {
		s[0], err = r.mem.put([]byte(v))
	}
	return err
}

func (r *run) cacheSet(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	value, err := r.mem.whole(s[1])
	if err != nil {
		return err
	}
	code := "FailedToSetCacheRecord"
	if r.in.Cache != nil {
		code = r.in.Cache.Set(string(key), string(value), int64(s[2]))
	}
	s[0], err = r.mem.put([]byte(code))
	return err
}

func (r *run) cacheDelete(s []uint64) error {
	key, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	code := "FailedToDeleteCacheRecord"
	if r.in.Cache != nil {
		code = r.in.Cache.Delete(string(key))
	}
	s[0], err = r.mem.put([]byte(code))
	return err
}

func (r *run) httpHeaders(s []uint64) error {
	s[0] = 0
	if r.headers == nil {
		return nil
	}
	b, err := json.Marshal(r.headers)
	if err != nil {
		return err
	}
	s[0], err = r.mem.put(b)
	return err
}
