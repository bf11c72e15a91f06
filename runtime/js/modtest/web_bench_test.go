//go:build linux

package modtest

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// evaluating measures what a fresh realm pays for src beyond its own making.
func evaluating(b *testing.B, src string, opts ...Option) {
	b.Helper()
	p, err := compile("bench:"+src, "(async () => {"+src+"\n})()")
	if err != nil {
		b.Fatal(err)
	}
	// The thread's own clock: the machine may be busy with other things.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpu := func() (n int64) {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
			b.Fatal(err)
		}
		return ts.Nano()
	}
	var spent int64
	for range b.N {
		r := New(b, opts...)
		from := cpu()
		if _, err := r.VM.RunProgram(p); err != nil {
			b.Fatal(err)
		}
		if err := r.loop.run(r.Call.Ctx, r.VM); err != nil {
			b.Fatal(err)
		}
		spent += cpu() - from
		r.Call.Realm.Close()
	}
	b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/eval")
}

func BenchmarkEvaluateNothing(b *testing.B) { evaluating(b, `1`) }
func BenchmarkEvaluateFetch(b *testing.B)   { evaluating(b, `fetch`) }
func BenchmarkEvaluateCrypto(b *testing.B)  { evaluating(b, `require('crypto')`) }
func BenchmarkEvaluateProcess(b *testing.B) { evaluating(b, `process`) }
func BenchmarkEvaluateHTTPS(b *testing.B)   { evaluating(b, `require('https')`) }
func BenchmarkEvaluateUUID(b *testing.B)    { evaluating(b, `crypto.randomUUID()`) }
func BenchmarkEvaluateSHA256(b *testing.B) {
	evaluating(b, `require('crypto').createHash('sha256').update('abc').digest('hex')`)
}
func BenchmarkEvaluateSubtle(b *testing.B) { evaluating(b, `crypto.subtle`) }

// BenchmarkEvaluateResponse is all of fetch + json in a fresh realm but for the
// network.
func BenchmarkEvaluateResponse(b *testing.B) {
	evaluating(b, `const fake = internal('internal/response').make(200, null); fetch; fake.ok; fake.status; fake.then`,
		func(r *Realm) { r.VM.Set("internal", r.requirer(true)) })
}

func BenchmarkEvaluateFetchJSON(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"a":1}`)) }))
	defer s.Close()
	h := &dialHost{}
	evaluating(b, `const r = await fetch(BASE); (await r.json()).a`, WithHost(h), func(r *Realm) { r.VM.Set("BASE", s.URL) })
}

// BenchmarkGoFetchJSON is its floor: the same request in Go.
func BenchmarkGoFetchJSON(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"a":1}`)) }))
	defer s.Close()
	for range b.N {
		res, err := http.Get(s.URL)
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 100)
		res.Body.Read(buf)
		res.Body.Close()
	}
}

// BenchmarkHash16MiB compares SHA-256 of a big Buffer with Go's.
func BenchmarkHash16MiB(b *testing.B) {
	r := New(b)
	r.VM.Set("big", r.VM.NewArrayBuffer(make([]byte, 16<<20)))
	b.Run("script", func(b *testing.B) {
		b.SetBytes(16 << 20)
		for range b.N {
			if _, err := r.Run("hash", `return require('crypto').createHash('sha256').update(new Uint8Array(big)).digest('hex')`); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		b.SetBytes(16 << 20)
		buf := make([]byte, 16<<20)
		for range b.N {
			sha256.Sum256(buf)
		}
	})
}

// Connections are reused by the realms of one host.
func TestConnectionsOutliveRealms(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"a":1}`)) }))
	defer s.Close()
	h := &dialHost{}
	for range 20 {
		r := New(t, WithHost(h), func(r *Realm) { r.VM.Set("BASE", s.URL) })
		require.Equal(t, "1", r.Eval(t, `return (await (await fetch(BASE)).json()).a`).String())
		r.Call.Realm.Close()
	}
	require.LessOrEqual(t, h.dials.Load(), int64(2), "twenty realms, one connection")
	r := New(t, WithHost(&dialHost{}), func(r *Realm) { r.VM.Set("BASE", s.URL) })
	r.Eval(t, `return (await (await fetch(BASE)).json()).a`)
}

// A realm that ends in the middle of a request lets its Task end.
func TestRealmEndsInMidRequest(t *testing.T) {
	s := httptest.NewServer(webHandler())
	defer s.Close()
	h := &dialHost{}
	r := New(t, WithHost(h), func(r *Realm) { r.VM.Set("BASE", s.URL) })
	ctx, cancel := context.WithCancel(r.Call.Ctx)
	r.Call.Ctx = ctx
	p, err := compile("mid", `fetch(BASE + '/slow').catch(() => {}); fetch(BASE + '/trickle').then((x) => x.text()).catch(() => {})`)
	require.NoError(t, err)
	_, err = r.VM.RunProgram(p)
	require.NoError(t, err)
	time.AfterFunc(30*time.Millisecond, cancel)
	require.Error(t, r.loop.run(ctx, r.VM))
	r.loop.tasks.Wait() // hangs if a Task does not see the end
}
