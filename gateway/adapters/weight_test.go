package adapters

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// The room that is reserved for a body is what it takes once it is decoded: with
// users' metadata of small objects the node would hold fifty times what it counted.
func TestBodiesAreWeighed(t *testing.T) {
	distinct := func() string {
		var b strings.Builder
		for i := 0; b.Len() < 1<<19; i++ {
			fmt.Fprintf(&b, `"%x":0,`, i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	list := func(unit string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(unit+",", (1<<19)/(len(unit)+1)), ",") + "]"
	}
	for name, text := range map[string]string{
		"objects": list(`{"":0}`), "empty": list(`{}`), "arrays": list(`[]`), "nested": list(`[[]]`), "numbers": list(`0`), "texts": list(`""`), "members": distinct(),
		"two": list(`{"a":0,"b":0}`), "deep": list(`{"":{"":0}}`), "mixed": list(`[{"":[0]}]`),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var v any
		require.NoError(t, decode([]byte(text), &v))
		runtime.GC()
		runtime.ReadMemStats(&after)
		assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), weight([]byte(text))+1<<20, name)
		runtime.KeepAlive(v)
	}
	const room = 4 << 20
	held, most := int64(0), int64(0)
	e := newEdge(t, func(o *Options) {
		o.Admit = func(r *http.Request, _ string, n int64) (func(), error) {
			if r.ContentLength >= 0 && r.ContentLength < n {
				n = r.ContentLength
			}
			if held+n > room {
				return nil, rulebox.Errorf(rulebox.CodeUnavailable, "the node is busy")
			}
			held += n
			most = max(most, held)
			return func() { held -= n }, nil
		}
	})
	body := `{"identity":{"id":"i","traits":{"a":` + list(`{"":0}`) + `}}}`
	require.Equal(t, http.StatusServiceUnavailable, e.send("POST", "shop/adapters/kratos/login", body, "X-Api-Key", secret).Code, "half a MiB is 30 of maps")
	require.Zero(t, e.runs.Load())
	require.Zero(t, held)
	require.Equal(t, http.StatusOK, e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i","traits":{"a":[{"":0}]}}}`, "X-Api-Key", secret).Code)
	require.Zero(t, held)
	require.Equal(t, http.StatusRequestEntityTooLarge, e.send("POST", "shop/adapters/kratos/login", `{"identity":{"id":"i","traits":{"a":[`+strings.TrimSuffix(strings.Repeat(`{"":0},`, 149_000), ",")+`]}}}`, "X-Api-Key", secret).Code)
	require.Zero(t, held)
	// Who proves nothing takes the room of what he sends, and no more.
	most = 0
	require.Equal(t, http.StatusUnauthorized, e.send("POST", "shop/adapters/zitadel", body, e.zitadel(e.now, "another key, 16+", body)...).Code)
	require.LessOrEqual(t, most, int64(MaxBody))
}

// Large results are decoded one at a time; ordinary ones wait for none.
func TestHeavyResultsTakeTurns(t *testing.T) {
	e := newEdge(t)
	heavy := json.RawMessage(`{"a":[` + strings.TrimSuffix(strings.Repeat(`{"":0},`, 10_000), ",") + `]}`)
	e.reply = func(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		res := &rulebox.Result{ID: inv.ID, Decision: rulebox.Allow, Values: inv.Args[:2]}
		if strings.Contains(string(inv.Args[0]), "heavy") {
			res.Values = []json.RawMessage{heavy, json.RawMessage(`{}`)}
		}
		return res, nil
	}
	ask := func(ctx context.Context, id string) int {
		r := httptest.NewRequest("POST", "/v1/tenants/shop/adapters/kratos/login", strings.NewReader(`{"identity":{"id":"`+id+`"}}`)).WithContext(ctx)
		r.Header.Set("X-Api-Key", secret)
		w := httptest.NewRecorder()
		e.h.ServeHTTP(w, r)
		return w.Code
	}
	heavyResults <- struct{}{} // somebody's turn
	code := make(chan int, 1)
	go func() { code <- ask(context.Background(), "heavy") }()
	require.Equal(t, http.StatusOK, ask(context.Background(), "light"))
	gone, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.NotEqual(t, http.StatusOK, ask(gone, "heavy"), "who went away waits no more")
	select {
	case <-code:
		t.Fatal("it did not wait for its turn")
	default:
	}
	<-heavyResults
	require.Equal(t, http.StatusOK, <-code)
	require.Equal(t, http.StatusOK, ask(context.Background(), "heavy"))
	require.Empty(t, heavyResults, "the turn is given back")
}
