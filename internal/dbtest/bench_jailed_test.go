package dbtest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

// BenchmarkJailed shows where the time of a script with a database goes, step by
// step, in a jailed worker: run-ns and cpu-ns are medians of what the worker counts
// of an invocation, p50-ns of what the caller waits. The difference between p50 and
// run of `nothing` is the way there and back; what others have more is the worker
// making the next realm ready.
func BenchmarkJailed(b *testing.B) {
	s := testserver.PostgreSQL(b, testserver.Options{})
	for _, step := range []struct{ name, body string }{
		{"nothing", ``},
		{"require", `require('pg@8');`},
		{"client", `const c = new (require('pg@8').Client)(configuration.URL);`},
		{"connect", `const c = new (require('pg@8').Client)(configuration.URL); await c.connect(); await c.end();`},
		{"query", `const c = new (require('pg@8').Client)(configuration.URL); await c.connect(); await c.query('SELECT 1'); await c.end();`},
	} {
		b.Run(step.name, func(b *testing.B) {
			p := jailed(b, 1)
			c := chainOf(s, "postgres", step.name, "async function get(email, callback) {"+step.body+" callback(null, { email }); }")
			inv := &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "1", Args: []json.RawMessage{[]byte(`"m7@acme.example"`)}}
			var wait, run, cpu []time.Duration
			for b.Loop() {
				start := time.Now()
				res, err := p.Invoke(context.Background(), inv)
				if err != nil {
					b.Fatal(err)
				}
				wait, run, cpu = append(wait, time.Since(start)), append(run, res.Usage.Run), append(cpu, res.Usage.CPU)
			}
			for name, list := range map[string][]time.Duration{"p50-ns": wait, "run-ns": run, "cpu-ns": cpu} {
				slices.Sort(list)
				b.ReportMetric(float64(list[len(list)/2]), name)
			}
		})
	}
}
