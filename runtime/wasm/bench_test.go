package wasm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/wasmtest"
)

var document = []byte(`{"user":{"user_id":"auth0|1","email":"jane@example.com","app_metadata":{"plan":"gold"}},"context":{"clientID":"c","idToken":{},"accessToken":{},"request":{"ip":"203.0.113.7"}}}`)

// BenchmarkExamples: a fresh instance and a run, loading from the folder of native
// code, and compiling.
func BenchmarkExamples(b *testing.B) {
	ctx := context.Background()
	for _, name := range wasmtest.Examples {
		b.Run(name, func(b *testing.B) {
			source := []byte(wasmtest.Example(b, name))
			dir := b.TempDir()
			open := func(dir string) (*Engine, *Program) {
				e, err := NewEngine(ctx, Options{CacheDir: dir})
				require.NoError(b, err)
				p, err := e.Compile(ctx, source)
				require.NoError(b, err)
				return e, p
			}
			b.Run("compile", func(b *testing.B) {
				for b.Loop() {
					e, _ := open("")
					e.Close(ctx)
				}
			})
			e, _ := open(dir)
			e.Close(ctx)
			b.Run("engine", func(b *testing.B) {
				for b.Loop() {
					e, err := NewEngine(ctx, Options{CacheDir: dir})
					require.NoError(b, err)
					e.Close(ctx)
				}
			})
			b.Run("load", func(b *testing.B) {
				for b.Loop() {
					e, _ := open(dir)
					e.Close(ctx)
				}
			})
			// What preparing instances ahead would take off a run.
			b.Run("instantiate", func(b *testing.B) {
				e, p := open(dir)
				defer e.Close(ctx)
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, p.Instantiate(ctx, 128<<20))
				}
			})
			b.Run("prepared", func(b *testing.B) {
				e, p := open(dir)
				defer e.Close(ctx)
				in := Input{Document: document, Memory: 128 << 20, Output: 1 << 20}
				for b.Loop() {
					b.StopTimer()
					p.Prepare(ctx, in)
					b.StartTimer()
					_, err := p.Run(ctx, in)
					require.NoError(b, err)
				}
			})
			b.Run("run", func(b *testing.B) {
				e, p := open(dir)
				defer e.Close(ctx)
				b.ReportAllocs()
				for b.Loop() {
					out, err := p.Run(ctx, Input{Document: document, Memory: 128 << 20, Output: 1 << 20})
					require.NoError(b, err)
					require.NotEmpty(b, out)
				}
			})
		})
	}
}
