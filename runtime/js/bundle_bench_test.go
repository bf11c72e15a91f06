package js

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/modules"
)

// realmOf returns a realm of a chain without scripts.
func realmOf(tb testing.TB) *Realm {
	tb.Helper()
	r := New(&rulebox.Chain{Tenant: "t", Trigger: rulebox.TriggerLogin}, nil, nil)
	r.in = &Input{Ctx: context.Background()}
	tb.Cleanup(r.Close)
	return r
}

func requireIn(tb testing.TB, r *Realm, id string) goja.Value {
	tb.Helper()
	var v goja.Value
	if err := r.guard(func() { v = r.requireModule(id) }); err != nil {
		tb.Fatalf("%s: %v", id, err)
	}
	return v
}

func heapNow() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPackages is what each package from npm costs: a realm that requires
// it (ns/op), the first such in the process (cold-ms), and the heap that its
// programs and one realm keep.
func BenchmarkPackages(b *testing.B) {
	for _, m := range modules.Table() {
		if m.Bundle == nil {
			continue
		}
		b.Run(m.ID(), func(b *testing.B) {
			requireIn(b, realmOf(b), "util") // not its cost
			before := heapNow()
			first := realmOf(b)
			began := time.Now()
			requireIn(b, first, m.ID())
			cold := time.Since(began)
			all := heapNow()
			runtime.KeepAlive(first)
			second := realmOf(b)
			requireIn(b, second, m.ID())
			one := heapNow()
			runtime.KeepAlive(second)
			b.ResetTimer()
			for range b.N {
				r := New(&rulebox.Chain{Tenant: "t", Trigger: rulebox.TriggerLogin}, nil, nil)
				requireIn(b, r, m.ID())
				r.Close()
			}
			b.StopTimer()
			if b.N == 1 { // only the first round is cold
				b.Logf("%-30s cold %8.1f ms  programs %6d KiB  realm %6d KiB", m.ID(),
					float64(cold.Microseconds())/1000, (int64(all)-int64(before)-int64(one)+int64(all))>>10, (int64(one)-int64(all))>>10)
			}
		})
	}
}
